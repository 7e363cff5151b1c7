#!/usr/bin/env bash
# Writes methods.txt anew, by what running daemons do: record.sh SECONDS PID...
# PID: daemons of a native program that lies beside its symbols (kamrpc.dbg), as publish.sh leaves it; a dispatcher and an announcer at least. Takes perf, and root or kernel.perf_event_paranoid=1.
set -euo pipefail
export LC_ALL=C
folder=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 2 ] || { echo "Usage: record.sh SECONDS PID..." >&2; exit 2; }
seconds=$1
shift
samples=$(mktemp)
trap 'rm -f "$samples" "$samples.old"' EXIT
perf record --quiet --freq 25000 --call-graph fp --pid "$(IFS=,; echo "$*")" --output "$samples" -- sleep "$seconds"

# Of the program's own methods: a managed one has two underscores between its type and its name, and the runtime's begin with them or have none.
perf script --input "$samples" --fields ip,sym,dso --no-inline 2>/dev/null |
  awk 'NF == 3 && $3 ~ /\/kamrpc\)$/ && $2 ~ /^[A-Za-z].*__/ { print $2 }' |
  sort -u > "$folder/methods.txt"
wc -l "$folder/methods.txt"
