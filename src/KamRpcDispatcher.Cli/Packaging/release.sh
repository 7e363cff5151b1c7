#!/usr/bin/env bash
# Makes what a release has: release.sh FOLDER
# FOLDER gets the Debian package, the native program as kamrpc-VERSION-RUNTIME.tar.gz, the NuGet packages (KamailioRpc, KamRpcDispatcher, and kamrpc as a
# .NET tool) with their symbols, and SHA256SUMS of them all. The image is made of the Debian folder that it is to run in: container/README.md.
set -euo pipefail
packaging=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$packaging/../../.." && pwd)
[ $# -eq 1 ] || { echo "Usage: release.sh FOLDER" >&2; exit 2; }
mkdir -p "$1"
output=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$packaging/publish.sh" "$work/program"
"$packaging/debian/build.sh" "$output" "$work/program/kamrpc"

# "0.1.0+COMMIT (native, linux-x64, ...)"
told=$("$work/program/kamrpc" --version)
version=${told%%[+ ]*}
runtime=$(cut -d, -f2 <<<"$told" | tr -d ' ')
epoch=${SOURCE_DATE_EPOCH:-$(git -C "$repository" log -1 --format=%ct 2>/dev/null || stat -c %Y "$repository/README.md")}
cp "$repository/LICENSE" "$work/program"
tar --create --gzip --file "$output/kamrpc-$version-$runtime.tar.gz" --directory "$work/program" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$epoch" kamrpc LICENSE

"$packaging/pack.sh" "$output"
(cd "$output" && sha256sum -- *.deb *.tar.gz *.nupkg *.snupkg >SHA256SUMS)
