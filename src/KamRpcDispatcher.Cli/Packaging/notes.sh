#!/usr/bin/env bash
# Prints a version's part of the change log: notes.sh VERSION. "Unreleased" is one, too.
set -euo pipefail
changes=$(dirname "$0")/../CHANGELOG.md
[ $# -eq 1 ] || { echo "Usage: notes.sh VERSION" >&2; exit 2; }
notes=$(awk -v version="[$1]" '/^## / { wanted = $2 == version; next } wanted' "$changes")
[ -n "${notes//[[:space:]]/}" ] || { echo "notes.sh: CHANGELOG.md has no '## [$1]': write what is new in it" >&2; exit 1; }
printf '%s\n' "$notes" | sed -e '1{/^$/d}'
