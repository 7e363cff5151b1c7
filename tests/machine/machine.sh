#!/bin/bash
# A machine of its own: machine.sh NAME REPOSITORY [DEBIAN]
# It has its own name, processes and network (a cable is put in from outside), and what is written there is gone with its last process. Without
# DEBIAN it is made out of this one: programs are those of this machine, and of what kamrpc and etcd leave behind nothing is there; written to
# are /etc, /opt, /usr/local, /var, /run, /tmp and the repository. DEBIAN is a folder with a system of its own (matrix/make.sh), which gets
# of this machine's the repository, .NET, where DOTNET_ROOT says that it is, and what NuGet has fetched.
# It says "NAME is up", and stays until it is killed. Needs root.
set -euo pipefail
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
if [ "$1" != inside ]; then
    exec unshare --mount --net --uts --pid --fork --kill-child "$0" inside "$@"
fi
name=$2 repository=$3 debian=${4:-}

# What is written to the place goes to memory.
cover() { # LAYERS PLACE BELOW
    mkdir -p "$1/upper" "$1/work" "$2"
    mount -t overlay -o "lowerdir=$3,upperdir=$1/upper,workdir=$1/work" overlay "$2"
}

# Places of this machine, each covered for itself.
use_this_machine() {
    local layers=/run/layers place
    mount -t proc -o nosuid,nodev,noexec proc /proc
    mount -t tmpfs -o mode=755 tmpfs /run
    mkdir -m 700 "$layers"
    for place in /etc /opt /usr/local /var; do
        cover "$layers$place" "$place" "$place"
    done

    # The repository may be below /tmp.
    mkdir "$layers/repository"
    mount --bind "$repository" "$layers/repository"
    mount -t tmpfs -o mode=1777 tmpfs /tmp
    cover "$layers/written" "$repository" "$layers/repository"
    rm -rf /etc/kamrpc /etc/systemd/system/kamrpc-* /opt/kamrpc /usr/local/bin/kamrpc /var/lib/kamrpc /var/lib/etcd/* /var/log/*.log
}

# The other system takes this one's place.
use_debian() {
    local layers=/mnt root=/mnt/root place
    mount -t tmpfs tmpfs "$layers"
    cover "$layers/system" "$root" "$debian"
    mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs -o mode=755 tmpfs "$root/run"
    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
    mkdir -p "$root$DOTNET_ROOT"
    mount --bind -o ro "$DOTNET_ROOT" "$root$DOTNET_ROOT"
    for place in "$repository" ~/.nuget; do
        [ ! -d "$place" ] || cover "$layers/$(basename "$place")" "$root$place" "$place"
    done

    # There is no network: what was fetched is where packages come from.
    mkdir -p "$root$HOME/.nuget/NuGet"
    printf '<configuration><packageSources><clear/><add key="fetched" value="%s"/></packageSources></configuration>\n' ~/.nuget/packages >"$root$HOME/.nuget/NuGet/NuGet.Config"
    cd "$root"
    mkdir before
    pivot_root . before
    umount --lazy /before
    rmdir /before
}

echo "$name" >/proc/sys/kernel/hostname
if [ -n "$debian" ]; then
    use_debian
else
    use_this_machine
fi
mkdir -p -m 1777 /run/lock
mkdir -p "${TMPDIR:-/tmp}"
printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$name" >/etc/hosts
install -m 755 "$repository/tests/machine/systemctl" "$repository/tests/machine/syscalls" /usr/local/sbin
ip link set lo up
echo "$name is up"

# As the first process, bash takes leave of whatever others leave behind.
while :; do
    sleep 1000 &
    wait $! || :
done
