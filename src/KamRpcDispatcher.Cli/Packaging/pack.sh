#!/usr/bin/env bash
# Makes the NuGet packages: pack.sh FOLDER [OPTION...]
# FOLDER gets KamailioRpc, KamRpcDispatcher and kamrpc (a .NET tool) with their symbols; OPTION is one of "dotnet pack", such as --no-build.
# The same commit makes the same files, wherever it lies.
set -euo pipefail
repository=$(cd "$(dirname "$0")/../../.." && pwd)
[ $# -ge 1 ] || { echo "Usage: pack.sh FOLDER [OPTION...]" >&2; exit 2; }
for project in KamailioRpc KamRpcDispatcher KamRpcDispatcher.Cli; do
    dotnet pack "$repository/src/$project" --configuration Release --output "$1" -p:ContinuousIntegrationBuild=true "${@:2}"
done
