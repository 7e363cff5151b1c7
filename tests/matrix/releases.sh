# Sourced by run.sh: the Kamailio releases that the tests of category "Matrix" run against, one after another. The first is the installed
# one; each other is that of a Debian release in a folder of its own. A folder is made once: to have Debian's newest, delete it.
# shellcheck shell=bash

suites=(trixie sid)
folders=$(realpath -m "${KAMRPC_MATRIX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kamrpc-matrix}")

require_mounts() {
    command -v apt-get >/dev/null || { echo "run.sh: --matrix needs Debian: it makes folders with other Debian releases" >&2; exit 1; }
    [ "$(id -u)" -eq 0 ] || { echo "run.sh: --matrix needs root: it makes folders with other Debian releases and starts Kamailio in them" >&2; exit 1; }
    unshare --mount true || { echo "run.sh: --matrix has to mount, and that is not allowed here" >&2; exit 1; }
}

make_folders() {
    local suite
    mkdir -p "$folders"
    for suite in "${suites[@]}"; do
        # Two runs that begin at the same time do not make the same folder.
        flock "$folders/$suite.lock" tests/matrix/make.sh "$suite" "$folders/$suite"
    done
}

# Takes what is for "dotnet test" and puts the category before its filter, in $arguments.
combine_filter() {
    local filter="TestCategory=Matrix"
    arguments=()
    while [ $# -gt 0 ]; do
        case $1 in
            --filter) filter="(TestCategory=Matrix)&(${2:?--filter needs a value})"; shift ;;
            --filter=*) filter="(TestCategory=Matrix)&(${1#*=})" ;;
            *) arguments+=("$1") ;;
        esac
        shift
    done
    arguments=(--filter "$filter" "${arguments[@]}")
}

# "Kamailio 6.0.1", of "version: kamailio 6.0.1 (x86_64/linux)", which is the first line that it says.
release() { # COMMAND...
    "$@" -v | awk 'NR == 1 { print "Kamailio", $3 }'
}

test_releases() { # ARGUMENT...
    local suite project=tests/KamRpcDispatcher.IntegrationTests/KamRpcDispatcher.IntegrationTests.csproj
    combine_filter "$@"
    unset KAMRPC_TEST_KAMAILIO_ROOT
    test_project "$(release kamailio) (installed)" "$project" "${arguments[@]}"
    for suite in "${suites[@]}"; do
        export KAMRPC_TEST_KAMAILIO_ROOT=$folders/$suite
        test_project "$(release chroot "$KAMRPC_TEST_KAMAILIO_ROOT" kamailio) ($suite)" "$project" "${arguments[@]}"
    done
}

tell_releases() {
    local folder
    for folder in "$results"/*; do
        echo "$(basename "$folder"): $(tell_counts "$folder")"
    done
}
