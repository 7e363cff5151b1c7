# Sourced by run.sh: the Kamailio releases that the tests of category "Matrix" run against, one after another, and the Asterisk that those
# of category "Asterisk" have. The first Kamailio is the installed one; each other server is that of a Debian release in a folder of its
# own. A folder is made once: to have Debian's newest, delete it.
# shellcheck shell=bash

suites=(trixie sid)
folders=$(realpath -m "${KAMRPC_MATRIX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kamrpc-matrix}")

# Neither Debian 12 nor 13 has an Asterisk.
asterisk_suite=sid asterisk_folder=$folders/sid-asterisk

require_mounts() { # OPTION
    command -v apt-get >/dev/null || { echo "run.sh: $1 needs Debian: it makes folders with other Debian releases" >&2; exit 1; }
    [ "$(id -u)" -eq 0 ] || { echo "run.sh: $1 needs root: it makes folders with other Debian releases and starts servers in them" >&2; exit 1; }
    unshare --mount true || { echo "run.sh: $1 has to mount, and that is not allowed here" >&2; exit 1; }
}

# Two runs that begin at the same time do not make the same folder.
make_folder() { # SUITE FOLDER PACKAGE...
    mkdir -p "$folders"
    flock "$2.lock" tests/matrix/make.sh "$@"
}

make_kamailio_folders() {
    local suite
    for suite in "${suites[@]}"; do
        make_folder "$suite" "$folders/$suite" kamailio "${modules[@]}"
    done
}

make_asterisk_folder() {
    make_folder "$asterisk_suite" "$asterisk_folder" asterisk
}

# "Kamailio 6.0.1", of "version: kamailio 6.0.1 (x86_64/linux)", which is the first line that it says.
release() { # COMMAND...
    "$@" -v | awk 'NR == 1 { print "Kamailio", $3 }'
}

test_releases() { # ARGUMENT...
    local suite project=tests/KamRpcDispatcher.IntegrationTests/KamRpcDispatcher.IntegrationTests.csproj
    combine_filter "TestCategory=Matrix" "$@"
    unset KAMRPC_TEST_KAMAILIO_ROOT
    test_project "$(release kamailio) (installed)" "$project" "${arguments[@]}"
    for suite in "${suites[@]}"; do
        export KAMRPC_TEST_KAMAILIO_ROOT=$folders/$suite
        test_project "$(release chroot "$KAMRPC_TEST_KAMAILIO_ROOT" kamailio) ($suite)" "$project" "${arguments[@]}"
    done
}

test_asterisk() { # ARGUMENT...
    combine_filter "TestCategory=Asterisk" "$@"
    export KAMRPC_TEST_ASTERISK_ROOT=$asterisk_folder
    test_project "$(chroot "$asterisk_folder" asterisk -V | cut -d + -f 1)" \
        tests/KamRpcDispatcher.IntegrationTests/KamRpcDispatcher.IntegrationTests.csproj "${arguments[@]}"
}

tell_releases() {
    local folder
    for folder in "$results"/*; do
        echo "$(basename "$folder"): $(tell_counts "$folder")"
    done
}
