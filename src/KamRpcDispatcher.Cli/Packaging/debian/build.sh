#!/usr/bin/env bash
# Builds the Debian package of kamrpc: build.sh FOLDER [PROGRAM]
# FOLDER gets kamrpc_VERSION_ARCHITECTURE.deb. PROGRAM is a native kamrpc that was published already; else it is published here, which takes
# the .NET SDK and clang or gcc. KAMRPC_DEB_VERSION is another version than the project's. What else is missing of Debian's own tools is
# installed, as root or by sudo.
set -euo pipefail
packaging=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$packaging/../../../.." && pwd)
[ $# -ge 1 ] || { echo "Usage: build.sh FOLDER [PROGRAM]" >&2; exit 2; }
mkdir -p "$1"
output=$(cd "$1" && pwd)
program=${2:+$(realpath "$2")}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

missing=()
for tool in dpkg-buildpackage:dpkg-dev dh:debhelper; do
    command -v "${tool%%:*}" >/dev/null || missing+=("${tool##*:}")
done
if [ ${#missing[@]} -gt 0 ]; then
    root=()
    [ "$(id -u)" -eq 0 ] || root=(sudo)
    "${root[@]}" apt-get update -qq
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

if [ -z "$program" ]; then
    "$packaging/../publish.sh" "$work/program"
    program=$work/program/kamrpc
fi

# "0.1.0+COMMIT (native, linux-x64, ...)", as the program itself says; Debian's version has no more of the commit than tells one from another.
told=$("$program" --version)
version=${KAMRPC_DEB_VERSION:-${told%%[+ ]*}}
tree=$work/kamrpc-$version
mkdir "$tree"
cp -a "$packaging" "$tree/debian"
rm "$tree/debian/build.sh" "$tree/debian/README.md"
chmod +x "$tree/debian/rules"
cp "$program" "$tree/kamrpc"
cp "$repository/kamailio-cfg/kamrpc-dispatcher.cfg" "$repository/kamailio-cfg/debian-stock.diff" "$repository/kamailio-cfg/kamrpc-dispatcher.list" "$tree"
cp "$repository/LICENSE" "$tree"
cp -a "$repository/samples/asterisk" "$tree/asterisk"
cp -a "$repository/samples/monitoring" "$repository/samples/keepalived" "$tree"
cp "$repository/samples/systemd"/*.service "$tree"

# Both say when they were made, so that the same source makes the same package.
epoch=${SOURCE_DATE_EPOCH:-$(git -C "$repository" log -1 --format=%ct 2>/dev/null || stat -c %Y "$repository/README.md")}
export SOURCE_DATE_EPOCH=$epoch
cat >"$tree/debian/changelog" <<CHANGELOG
kamrpc ($version) unstable; urgency=medium

  * kamrpc ${told%% *}.

 -- The KamRpcDispatcher authors <noreply@example.org>  $(LC_ALL=C date -u -R -d "@$epoch")
CHANGELOG

"$tree/debian/generate.sh" "$tree" "$tree/kamrpc"
(cd "$tree" && dpkg-buildpackage --build=binary --unsigned-changes --unsigned-source --no-check-builddeps) >"$work/build.log" 2>&1 \
    || { tail -n 40 "$work/build.log" >&2; echo "build.sh: the package was not built, see above" >&2; exit 1; }
cp "$work"/kamrpc_*.deb "$output"
basename "$work"/kamrpc_*.deb
