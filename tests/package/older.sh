#!/usr/bin/env bash
# Publishes an older kamrpc, with which the newer one has to get along: older.sh FOLDER
# Of the last release; before there is one, of the first commit whose announcer can be reloaded on any Debian.
# KAMRPC_TEST_OLDER is another commit. FOLDER gets a folder named after the commit, with the native program and its Debian package: made once, since
# nothing in it changes. The last line says which folder that is. What is missing of Debian's own tools is installed, as by debian/build.sh.
set -euo pipefail
repository=$(cd "$(dirname "$0")/../.." && pwd)

die() {
    echo "older.sh: $1" >&2
    exit 1
}

commit_of() {
    if [ -n "${KAMRPC_TEST_OLDER:-}" ]; then
        git rev-parse --verify --quiet "$KAMRPC_TEST_OLDER^{commit}" || die "there is no commit $KAMRPC_TEST_OLDER, which KAMRPC_TEST_OLDER names"
        return
    fi
    [ "$(git rev-parse --is-shallow-repository)" = false ] || die "the history is cut short, so there is no older version here: git fetch --unshallow --tags"
    git rev-parse --verify --quiet "$(git describe --tags --abbrev=0 --match 'v[0-9]*' HEAD^ 2>/dev/null || git log -S'kill -USR2 ${MAINPID}' --format=%H -- samples/systemd/kamrpc-announce.service | tail -n 1)^{commit}" \
        || die "the history has no older version: KAMRPC_TEST_OLDER names a commit"
}

cd "$repository"
commit=$(commit_of)
[ "$commit" != "$(git rev-parse HEAD)" ] || die "the older version, $commit, is the newer one too: KAMRPC_TEST_OLDER names another commit"
folder=$1/kamrpc-$commit
mkdir -p "$1"
exec 9>"$folder.lock"
flock 9
if [ ! -d "$folder" ]; then
    echo "Publishing kamrpc of $(git log -1 --format='%h (%cs)' "$commit"). This takes some minutes, once"
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    git clone --quiet --shared --no-checkout . "$work/source"
    git -C "$work/source" checkout --quiet "$commit"
    # It is published as the newer one is, also by a commit that had no script for that.
    cp src/KamRpcDispatcher.Cli/Packaging/publish.sh "$work/source/src/KamRpcDispatcher.Cli/Packaging/"
    packaging=$work/source/src/KamRpcDispatcher.Cli/Packaging
    {
        "$packaging/publish.sh" "$work/program" && KAMRPC_DEB_VERSION=0.0.1~older "$packaging/debian/build.sh" "$work/made" "$work/program/kamrpc"
    } >"$folder.log" 2>&1 9>&- || { tail -n 20 "$folder.log" >&2; die "it could not be made, see above and $folder.log"; }
    cp "$work/program/kamrpc" "$work/made"
    mv -T "$work/made" "$folder"
    rm -f "$folder.log"
fi
echo "$folder"
