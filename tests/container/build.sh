#!/usr/bin/env bash
# Builds the image of kamrpc with buildah, from the project's Dockerfile, on a base of this machine's own: build.sh BASE PROGRAM FOLDER
# BASE is a folder with a Debian system, PROGRAM one with the published program: the build context. FOLDER gets "rootfs", the files of the
# image, "image.json", how it says that it is run, and "base.txt", what was in the base. No registry is asked, and no container runtime is needed. Needs root.
set -euo pipefail
base=$1 program=$2 folder=$3
dockerfile=$(dirname "$0")/../../src/KamRpcDispatcher.Cli/Packaging/container/Dockerfile
storage=$folder/storage

# Numbers that are neither anybody's here nor the Dockerfile's own: what the tests expect is what was said here.
uid=10017 gid=10018

tool() { buildah --root "$storage/root" --runroot "$storage/run" --storage-driver vfs "$@"; }

mkdir -p "$storage"
trap 'rm -rf "$storage"' EXIT
export BUILDAH_ISOLATION=chroot

(cd "$base" && find . -xdev ! -type d) | sort >"$folder/base.txt"

# The base as an image, as a registry has it. Copied below buildah, which would make every file root's.
container=$(tool from scratch)
cp -a "$base/." "$(tool mount "$container")"
tool commit --quiet --rm "$container" localhost/kamrpc-test-base

version=$("$program/kamrpc" --version | cut -d ' ' -f 1)
tool build --pull-never --format docker --file "$dockerfile" --tag localhost/kamrpc \
    --build-arg BASE=localhost/kamrpc-test-base --build-arg "KAMRPC_UID=$uid" --build-arg "KAMRPC_GID=$gid" \
    --build-arg "KAMRPC_VERSION=${version%+*}" --build-arg "KAMRPC_REVISION=${version#*+}" "$program"
tool inspect --type image localhost/kamrpc >"$folder/image.json"
container=$(tool from --pull-never localhost/kamrpc)
cp -a "$(tool mount "$container")" "$folder/rootfs"
