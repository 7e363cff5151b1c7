#!/bin/sh
# Starts a server of another Debian release, in a folder that make.sh beside this file made: enter.sh FOLDER PROGRAM [ARGUMENT...]
# It has this script's process id, and of the machine it sees what its configuration and its callers name: /tmp, where the tests have
# their folders, /run, where kamrpc run by root is answered, and this repository. What is mounted for that is in a mount namespace of its
# own: nobody else sees it, and it is gone with the last process in there, so the folder can be deleted at any time.
set -eu
PATH="$PATH:/usr/sbin:/sbin"
folder=$1
shift
repository=$(cd "$(dirname "$0")/../.." && pwd)
exec unshare --mount sh -euc '
    folder=$1 repository=$2
    shift 2
    for place in /proc /dev /run /tmp "$repository"; do
        mkdir -p "$folder$place"
        mount --rbind "$place" "$folder$place"
    done
    exec chroot "$folder" "$@"' sh "$folder" "$repository" "$@"
