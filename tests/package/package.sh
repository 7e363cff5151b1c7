#!/bin/bash
# Installs the Debian package in a bare Debian with Kamailio, beside etcd and two SIP servers, upgrades and downgrades it under calls, removes
# and purges it: package.sh FOLDER OLD NEW
# FOLDER has the Debian (matrix/make.sh), OLD and NEW are packages of two versions. What is written is gone in the end, with all processes.
# There is no systemd: machine/systemctl does what the unit files and the package's scripts ask for. etcd, SIPp and patch are this machine's.
# Says what it does, and ends with "OK", or with 1 and what is wrong. Needs root.
set -euo pipefail
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
if [ "$1" != inside ]; then
    exec unshare --mount --net --uts --pid --fork --kill-child --mount-proc "$0" inside "$@"
fi
folder=$2 old=$3 new=$4
repository=$(cd "$(dirname "$0")/../.." && pwd)
layers=/mnt root=/mnt/root
etcd=http://127.0.0.1:2379 key=/kamrpc/default/members/1

die() {
    echo "package.sh: $1" >&2
    for log in "$root"/var/log/kamrpc-*.log "$root/var/log/systemctl.log" "$layers/dpkg.log"; do
        [ ! -e "$log" ] || { echo "$log:" >&2; tail -n 15 "$log" >&2; }
    done
    exit 1
}

within() { chroot "$root" env -i "PATH=$PATH" DEBIAN_FRONTEND=noninteractive "$@"; }

await() { # SECONDS WHAT COMMAND...
    local rounds=$(($1 * 10))
    while ! "${@:3}"; do
        ((rounds-- > 0)) || die "$2 does not come"
        sleep 0.1
    done
}

make_machine() {
    echo package-test >/proc/sys/kernel/hostname
    ip link set lo up
    mount -t tmpfs tmpfs "$layers"
    mkdir "$layers/upper" "$layers/work" "$root"
    mount -t overlay -o "lowerdir=$folder,upperdir=$layers/upper,workdir=$layers/work" overlay "$root"
    mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs -o mode=755 tmpfs "$root/run"
    mkdir -p -m 1777 "$root/run/lock"
    mkdir -p "$root/run/systemd/system" "$root/usr/local/sbin"
    # Here services are started.
    rm -f "$root/usr/sbin/policy-rc.d"
    install -m 755 "$repository/tests/machine/systemctl" "$repository/tests/machine/syscalls" "$root/usr/local/sbin"
    printf '127.0.0.1 localhost package-test\n' >"$root/etc/hosts"
}

start_others() {
    etcd --data-dir "$layers/etcd" --listen-client-urls "$etcd" --advertise-client-urls "$etcd" >"$layers/etcd.log" 2>&1 &
    local port
    for port in 5071 5072; do
        sipp -sf "$repository/tests/KamRpcDispatcher.Testing/Sip/uas.xml" -i 127.0.0.1 -mi 127.0.0.1 -p "$port" -nostdin >/dev/null 2>&1 &
    done
    await 20 etcd etcdctl --endpoints "$etcd" --command-timeout 1s get any >/dev/null 2>&1
    # Each event has a line that is PUT or DELETE, one with the key, and one with the value.
    etcdctl --endpoints "$etcd" watch --prefix "$key/" >"$layers/events" 2>&1 &
}

# As somebody who keeps his own files of variables, when dpkg asks since the package's have other options.
put_package() { # FILE
    cp "$1" "$root/package.deb"
    within dpkg --force-confold --install /package.deb >"$layers/dpkg.log" 2>&1 || die "dpkg --install: $(cat "$layers/dpkg.log")"
    rm "$root/package.deb"
}

pid_of() { cat "$root/run/units/$1.pid"; }

# Of every member the lease, and the revision that brought it.
members() {
    etcdctl --endpoints "$etcd" get --prefix "$key/" -w json | grep -o '"key":"[^"]*"\|"create_revision":[0-9]*\|"lease":[0-9]*' | paste -sd ' '
}

configure() {
    printf 'KAMRPC_ETCD=%s\n' "$etcd" >>"$root/etc/kamrpc/dispatch.env"
    printf '%s\n' "KAMRPC_ETCD=$etcd" KAMRPC_URI=a=sip:127.0.0.1:5071,b=sip:127.0.0.1:5072 KAMRPC_ACK_TIMEOUT=10s >>"$root/etc/kamrpc/announce.env"
    # No Asterisk, and so no secret of its manager interface; each version goes by its own unit.
    mkdir "$root/etc/systemd/system/kamrpc-announce.service.d"
    printf '[Service]\nLoadCredential=\nEnvironment=\n' >"$root/etc/systemd/system/kamrpc-announce.service.d/override.conf"
    within kamrpc cfg --write /etc/kamailio >/dev/null
    within kamrpc cfg --stock | patch --quiet "$root/etc/kamailio/kamailio.cfg"
    echo SHM_MEMORY=256 >>"$root/etc/default/kamailio"
}

# The announcer has gone on as the process that it was, in a new program.
went_on() { [ "$(readlink "/proc/$1/exe")" = "$2" ] && [ "$(grep -c 'Goes on with' "$root/var/log/kamrpc-announce.log")" -eq "$3" ]; }

is_again() { [ -e "$root/run/units/kamrpc-dispatch.ready" ] && [ "$(pid_of kamrpc-dispatch)" != "$1" ]; }

replace() { # FILE COUNT
    local announcer dispatcher before
    announcer=$(pid_of kamrpc-announce) dispatcher=$(pid_of kamrpc-dispatch) before=$(members)
    put_package "$1"
    within kamrpc --version
    await 20 "the announcer's new program" went_on "$announcer" "$root/usr/bin/kamrpc" "$2"
    await 20 "the dispatcher's new program" is_again "$dispatcher"
    [ "$(pid_of kamrpc-announce)" = "$announcer" ] || die "the announcer is another process"
    [ "$(members)" = "$before" ] || die "the members are others: $(members) for $before"
    ! grep -q "DELETE\|down\|draining" "$layers/events" || die "a member has left: $(cat "$layers/events")"
    grep 'Goes on with' "$root/var/log/kamrpc-announce.log" | tail -n 1 | sed 's/^.*Goes on/  Goes on/'
}

make_machine
start_others

echo "Installs"
put_package "$old"
[ -z "$(ls "$root/run/units" 2>/dev/null)" ] || die "something was started: $(ls "$root/run/units")"
within kamrpc --version
within kamrpc --help >/dev/null
configure
within systemctl start kamailio
within systemctl start kamrpc-dispatch
within systemctl start kamrpc-announce
await 20 "a member on Kamailio's list" grep -q "127.0.0.1:5072) gets calls" "$root/var/log/kamrpc-dispatch.log"

echo "Upgrades and downgrades under calls"
sipp -sf "$repository/tests/KamRpcDispatcher.Testing/Sip/uac.xml" -i 127.0.0.1 -mi 127.0.0.1 -p 5070 -nostdin -s +4930123456 -key contact_host 127.0.0.1 \
    -m 600 -r 25 -d 1000 -timeout 90s 127.0.0.1:5060 >"$layers/calls" 2>&1 &
calls=$!
sleep 1
replace "$new" 1
replace "$old" 2
kill -0 "$calls" 2>/dev/null || die "the calls were over before the changes were: $(tail -n 30 "$layers/calls")"
wait "$calls" || die "calls failed: $(tail -n 40 "$layers/calls")"
grep -o "Successful call  *|.*\|Failed call  *|.*" "$layers/calls" | tail -n 2

echo "Removes"
put=$(within md5sum /etc/kamrpc/announce.env)
announcer=$(pid_of kamrpc-announce)
within dpkg --remove kamrpc >"$layers/dpkg.log" 2>&1 || die "dpkg --remove: $(cat "$layers/dpkg.log")"
! kill -0 "$announcer" 2>/dev/null || die "the announcer runs on"
grep -q "Every live proxy (1) has stopped sending calls" "$root/var/log/kamrpc-announce.log" || die "the announcer has not drained its servers"
[ -z "$(members)" ] || die "members are left: $(members)"
[ -z "$(ls "$root"/run/units/kamrpc-*.pid 2>/dev/null)" ] || die "a daemon runs on"
[ "$(within md5sum /etc/kamrpc/announce.env)" = "$put" ] || die "announce.env is not as it was"
[ ! -e "$root/usr/bin/kamrpc" ] || die "the program is left"

echo "Purges"
# The operator's own, and the logs that are the journal's elsewhere.
rm -rf "$root/etc/systemd/system/kamrpc-announce.service.d" "$root"/var/log/kamrpc-*.log
within dpkg --purge kamrpc >"$layers/dpkg.log" 2>&1 || die "dpkg --purge: $(cat "$layers/dpkg.log")"
left=$(find "$root" -xdev -iname '*kamrpc*' ! -path "$root/etc/kamailio/*" ! -path "$root/run/units/*")
[ -z "$left" ] || die "this is left: $left"
echo OK
