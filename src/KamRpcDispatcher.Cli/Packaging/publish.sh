#!/usr/bin/env bash
# Publishes the native program: publish.sh FOLDER
# It is linked by clang, or by gcc where that is missing. What it is made of lies apart from the other builds, which would be made anew after it otherwise; what
# analyzers have to say, these say.
set -euo pipefail
project=$(cd "$(dirname "$0")/.." && pwd)
[ $# -eq 1 ] || { echo "Usage: publish.sh FOLDER" >&2; exit 2; }
linker=()
command -v clang >/dev/null || linker=(-p:CppCompilerAndLinker=gcc)
dotnet publish "$project" --configuration Release --use-current-runtime -p:PublishAot=true -p:RunAnalyzers=false \
    -p:BaseIntermediateOutputPath=obj/native/ "${linker[@]}" --output "$1"
