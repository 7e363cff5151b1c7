#!/usr/bin/env bash
# Makes a folder with a Debian release and servers of it, which enter.sh beside this file starts: make.sh SUITE FOLDER [PACKAGE...]
# Without a package it is the bare system, as a registry has it for images. The folder gets its name when all is done, so one that is there is
# whole, and is left as it is. Needs root.
set -euo pipefail
export LC_ALL=C DEBIAN_FRONTEND=noninteractive PATH="$PATH:/usr/sbin:/sbin"

suite=$1 folder=$2 packages=("${@:3}")
making=$folder.making log=$folder.log

die() {
    echo "make.sh: $1" >&2
    exit 1
}

# The mirror that this machine installs from: apt knows which of its sources is Debian once it has read their lists.
mirror() {
    apt-get indextargets --format '$(REPO_URI)' "Origin: Debian" "Label: Debian" "Component: main" "Identifier: Packages" \
        | awk '/^https?:/ && !found { found = 1; sub("/$", ""); print }'
}

fill() { # SUITE FOLDER MIRROR PACKAGE...
    # apt in there has to trust the mirror too, should it be one with https.
    local trust=(--include=ca-certificates)
    [ $# -gt 3 ] || [[ $3 == https:* ]] || trust=()
    debootstrap --variant=minbase "${trust[@]}" "$1" "$2" "$3"
    # Debian starts a service when it is installed; the tests start their own. 101 is no.
    printf '#!/bin/sh\nexit 101\n' >"$2/usr/sbin/policy-rc.d"
    chmod 755 "$2/usr/sbin/policy-rc.d"
    mount -t proc proc "$2/proc"
    [ $# -eq 3 ] || chroot "$2" apt-get install -y --no-install-recommends "${@:4}"
    chroot "$2" apt-get clean
}

[ ! -d "$folder" ] || exit 0
rm -rf "$making"
echo "Making $folder: Debian $suite with ${packages[0]:-nothing else}. This takes some minutes, once; see $log"
apt-get update -qq
command -v debootstrap >/dev/null || apt-get install -y -qq --no-install-recommends debootstrap >/dev/null
mirror=$(mirror)
[ -n "$mirror" ] || die "none of apt's sources on this machine is a mirror of Debian"

# In a mount namespace of its own: what is mounted in there nobody else sees, and it is gone when this ends, however it ends. So a
# folder that was left half made can be deleted.
unshare --mount bash -euo pipefail -c "$(declare -f fill); fill \"\$@\"" fill "$suite" "$making" "$mirror" "${packages[@]}" \
    </dev/null >"$log" 2>&1 || { tail -n 20 "$log" >&2; die "Debian $suite could not be made, see above and $log"; }
mv -T "$making" "$folder"
rm -f "$log"
