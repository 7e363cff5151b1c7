#!/usr/bin/env bash
# Publishes the native program: publish.sh FOLDER
# It is linked by clang, or by gcc where that is missing.
set -euo pipefail
project=$(cd "$(dirname "$0")/.." && pwd)
[ $# -eq 1 ] || { echo "Usage: publish.sh FOLDER" >&2; exit 2; }
linker=()
command -v clang >/dev/null || linker=(-p:CppCompilerAndLinker=gcc)
dotnet publish "$project" --configuration Release --use-current-runtime -p:PublishAot=true "${linker[@]}" --output "$1"
