#!/bin/sh
# Runs a program in a container, out of a folder with its files, as "docker run --read-only --network host" does out of an image:
#   enter.sh FOLDER UID:GID BESIDE [SOURCE:PLACE | PLACE]... -- [NAME=VALUE]... PROGRAM [ARGUMENT...]
# It has a mount namespace with a read-only root, a small /dev and a /proc of its own, and a PID namespace: one of its own where BESIDE is
# "-", this machine's where it is "host" (--pid host), else that of the container which enter.sh has as process BESIDE (--pid container:NAME). It sees volumes, SOURCE at PLACE (-v), and at
# a PLACE alone an empty file system (--tmpfs). It has no right but those of its user (--cap-drop ALL, no-new-privileges), none of this
# process's variables, and this machine's network. Needs root; what is mounted nobody else sees, and it is gone with the last process in there.
set -eu
PATH="$PATH:/usr/sbin:/sbin"

# Into another PID namespace goes a child only: there the program is one, and not what was started here.
if [ "$1" != inside ]; then
    case $3 in
        host) exec unshare --mount "$0" inside "$@" ;;
        -) exec unshare --pid --fork --mount "$0" inside "$@" ;;
        *) exec nsenter "--pid=/proc/$3/ns/pid_for_children" unshare --mount "$0" inside "$@" ;;
    esac
fi

folder=$2 user=$3
shift 4
mount --bind "$folder" "$folder"
while [ "$1" != -- ]; do
    place=$folder${1#*:}
    mkdir -p "$place"
    case $1 in
        *:*) mount --bind "${1%%:*}" "$place" ;;
        *) mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$place" ;;
    esac
    shift
done
shift
mount -t proc -o nosuid,nodev,noexec proc "$folder/proc"
mount -t tmpfs -o mode=755,nosuid,size=64k tmpfs "$folder/dev"
for device in null zero full random urandom; do
    : >"$folder/dev/$device"
    mount --bind "/dev/$device" "$folder/dev/$device"
done
mount -o remount,bind,ro "$folder"
exec chroot "$folder" setpriv --reuid "${user%:*}" --regid "${user#*:}" --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all \
    env -i "$@"
