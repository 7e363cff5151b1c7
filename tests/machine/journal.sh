#!/bin/bash
# Runs a program as systemd would, with systemd's own journal: journal.sh ENTRIES PROGRAM ARGUMENT...
# The journal is one of its own, and so is /run. When it has an entry of the program's, the program is killed, and ENTRIES has all that the journal holds
# of it, as "journalctl -o json" prints it. Needs root.
set -euo pipefail
if [ "$1" != inside ]; then
    exec unshare --mount --pid --fork --kill-child --mount-proc "$0" inside "$@"
fi
entries=$2
shift 2

mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/systemd/journal /run/log/journal
if [ ! -s /etc/machine-id ]; then
    echo 0123456789abcdef0123456789abcdef >/run/machine-id
    [ -e /etc/machine-id ] || : >/etc/machine-id
    mount --bind /run/machine-id /etc/machine-id
fi
# What the machine itself has of journals is not written to.
[ ! -d /var/log/journal ] || mount -t tmpfs tmpfs /var/log/journal

/lib/systemd/systemd-journald 2>/dev/null &
journal=$!
for _ in $(seq 100); do
    [ ! -S /run/systemd/journal/stdout ] || break
    sleep 0.1
done

# As a unit's standard error: a stream to the journal, and the variable that says which.
# shellcheck disable=SC2016
systemd-cat --identifier kamrpc sh -c 'JOURNAL_STREAM=$(stat -Lc %d:%i /proc/self/fd/2) exec "$@"' sh "$@" &
program=$!
entries() {
    journalctl --directory "/run/log/journal/$(cat /etc/machine-id)" --output json --no-pager "$@"
}
for _ in $(seq 300); do
    [ -z "$(entries _TRANSPORT=journal)" ] || break
    sleep 0.1
done
kill -s KILL $program
kill $journal
wait $journal || true
entries _TRANSPORT=journal + _TRANSPORT=stdout >"$entries"
