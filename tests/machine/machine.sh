#!/bin/bash
# A machine of its own, out of this one: machine.sh NAME REPOSITORY
# It has its own name, processes and network (a cable is put in from outside), and writes to /etc, /opt, /usr/local, /var, /run, /tmp and the
# repository for itself alone: all of that is gone with its last process. Programs are those of this machine, and of what kamrpc and etcd leave
# behind nothing is there. It says "NAME is up", and stays until it is killed. Needs root.
set -euo pipefail
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
if [ "$1" != inside ]; then
    exec unshare --mount --net --uts --pid --fork --kill-child "$0" inside "$@"
fi
name=$2 repository=$3 layers=/run/layers

# What is written to the place goes to memory.
cover() { # PLACE BELOW
    local layer=$layers$1
    mkdir -p "$layer/upper" "$layer/work"
    mount -t overlay -o "lowerdir=$2,upperdir=$layer/upper,workdir=$layer/work" overlay "$1"
}

echo "$name" >/proc/sys/kernel/hostname
mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -m 700 "$layers"
mkdir -m 1777 /run/lock
for place in /etc /opt /usr/local /var; do
    cover "$place" "$place"
done

# The repository may be below /tmp.
mkdir "$layers/repository"
mount --bind "$repository" "$layers/repository"
mount -t tmpfs -o mode=1777 tmpfs /tmp
mkdir -p "$repository" "${TMPDIR:-/tmp}"
cover "$repository" "$layers/repository"

printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$name" >/etc/hosts
rm -rf /etc/kamrpc /etc/systemd/system/kamrpc-* /opt/kamrpc /usr/local/bin/kamrpc /var/lib/kamrpc /var/lib/etcd/* /var/log/*.log
install -m 755 "$repository/tests/machine/systemctl" "$repository/tests/machine/syscalls" /usr/local/sbin
ip link set lo up
echo "$name is up"

# As the first process, bash takes leave of whatever others leave behind.
while :; do
    sleep 1000 &
    wait $! || :
done
