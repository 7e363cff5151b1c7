#!/usr/bin/env bash
# Runs every test, as CI does: installs the servers that are missing (Debian), builds, publishes the native program, which is what is tested where
# a whole program is, tests, and ends with a line "N passed, N failed, N skipped". Arguments are passed on to "dotnet test", for example:
# --filter Name~Planner
# With --matrix as the first argument, runs the tests of category "Matrix" instead, against several releases of Kamailio; with --asterisk
# those of category "Asterisk", with --container those of category "Container", with --package those of category "Package", with --newcomer
# those of category "Newcomer", with --samples those of category "Samples", and with --page those of the page in a browser, which are left out
# otherwise: Debian stable has no Asterisk to install, an image, a package or a bare Debian takes minutes, and the tools that read the samples,
# and a browser, are large. With --without-servers the servers count as not installed: whatever needs them
# has to be skipped, and nothing may fail.
set -euo pipefail
cd "$(dirname "$0")/.."

programs=(etcd etcdctl faketime gcc groff ip journalctl kamailio keepalived patch promtool python3 sipp systemd-analyze)
modules=(kamailio-extra-modules kamailio-json-modules kamailio-sqlite-modules kamailio-tls-modules kamailio-utils-modules kamailio-websocket-modules)
others=(python3-seccomp python3-yaml)
packages=(kamailio "${modules[@]}" "${others[@]}" etcd-server etcd-client faketime gcc groff-base iproute2 keepalived libc6-dev patch prometheus python3 sip-tester systemd)

# kamailio and others are in /usr/sbin, which is not on every user's path.
export PATH="$PATH:/usr/sbin:/sbin"

install_missing() {
    local program package missing=()
    for program in "${programs[@]}"; do
        command -v "$program" >/dev/null || missing+=("$program")
    done
    for package in "${modules[@]}" "${others[@]}"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    echo "Installing what is missing: ${missing[*]}"
    local root=()
    [ "$(id -u)" -eq 0 ] || root=(sudo)
    # Debian starts a service when it is installed; the tests start their own, on free ports.
    "${root[@]}" apt-get update -qq
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
}

# A test that hangs is ended, named, and a failure: none takes that long, the long forms excepted (tests/README.md).
hang_minutes=15
[ "${KAMRPC_CHAOS:-}" != long ] || hang_minutes=$((30 + ${KAMRPC_CHAOS_MINUTES:-10}))

# Runs the tests of a project; their results and what they say go to the folder NAME below $results.
test_project() { # NAME PROJECT ARGUMENT...
    mkdir -p "$results/$1"
    dotnet test "$2" --configuration Release --no-build --blame-hang-timeout "${hang_minutes}m" --blame-hang-dump-type none \
        --logger "trx" --results-directory "$results/$1" --logger "console;verbosity=normal" "${@:3}" \
        | tee -a "$results/$1/console.txt" || status=$?
}

# Says at the end, where it is found, what failed far above: each test with its message, without the middle of a long one.
tell_failures() { # NAME
    awk '
        function tell(i) {
            for (i = 1; i <= count; i++) {
                if (i <= 20 || i > count - 60) print line[i]
                else if (i == 21) print "  [" count - 80 " lines are left out]"
            }
            count = 0
        }
        /^  (Passed|Skipped|Failed) / { tell(); failed = /^  Failed / }
        /^ +at (NUnit|System)\./ { next }
        failed { line[++count] = $0 }
        END { tell() }' "$results/$1/console.txt"
}

# Adds up a counter of all result files in a folder.
count() { # COUNTER FOLDER
    find "$2" -name "*.trx" -exec sed -n "s/.*<Counters .*\b$1=\"\([0-9]*\)\".*/\1/p" {} + | awk '{ sum += $1 } END { print sum + 0 }'
}

tell_counts() { # FOLDER
    local total passed failed
    total=$(count total "$1") passed=$(count passed "$1") failed=$(count failed "$1")
    echo "$passed passed, $failed failed, $((total - passed - failed)) skipped"
}

# Takes what is for "dotnet test" and puts a condition before its filter, in $arguments.
combine_filter() { # CONDITION ARGUMENT...
    local filter=$1 condition=$1
    shift
    arguments=()
    while [ $# -gt 0 ]; do
        case $1 in
            --filter) filter="($condition)&(${2:?--filter needs a value})"; shift ;;
            --filter=*) filter="($condition)&(${1#*=})" ;;
            *) arguments+=("$1") ;;
        esac
        shift
    done
    arguments=(--filter "$filter" "${arguments[@]}")
}

with=''
is_without_servers=''
case ${1:-} in
    --without-servers)
        is_without_servers=1
        shift ;;
    --matrix|--asterisk|--container|--package|--newcomer|--samples|--page)
        with=${1#--}
        # shellcheck source=matrix/releases.sh
        . tests/matrix/releases.sh
        # shellcheck source=container/image.sh
        . tests/container/image.sh
        # shellcheck source=package/packages.sh
        . tests/package/packages.sh
        # shellcheck source=newcomer/debian.sh
        . tests/newcomer/debian.sh
        # shellcheck source=samples/tools.sh
        . tests/samples/tools.sh
        # shellcheck source=page/browser.sh
        . tests/page/browser.sh
        [ "$with" = page ] || require_mounts "$1"
        shift ;;
esac
command -v dotnet >/dev/null || { echo "run.sh: the .NET 10 SDK is missing" >&2; exit 1; }
if [ -z "$is_without_servers" ] && command -v apt-get >/dev/null; then
    install_missing
fi
case $with in
    matrix) make_kamailio_folders ;;
    asterisk) make_asterisk_folder ;;
    container) make_container_folders ;;
    package) make_package_folders ;;
    newcomer) make_newcomer_folder ;;
    samples) make_samples_folder ;;
    page) install_browser ;;
esac

# A missing server is a failure here, not a reason to skip.
export CI=true DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
if [ -n "$is_without_servers" ]; then
    unset CI
    KAMRPC_TEST_WITHOUT=$(IFS=,; echo "${programs[*]}")
    export KAMRPC_TEST_WITHOUT
fi
results=$(mktemp -d)
native=$(mktemp -d)
image=''
trap 'rm -rf "$results" "$native" ${image:+"$image"}' EXIT

dotnet build KamRpcDispatcher.sln --configuration Release
if [ -z "$is_without_servers" ] && [ -z "${KAMRPC_TEST_PROGRAM:-}" ]; then
    # Some tests start it as another user.
    chmod 755 "$native"
    src/KamRpcDispatcher.Cli/Packaging/publish.sh "$native"
    export KAMRPC_TEST_PROGRAM=$native/kamrpc
fi
status=0
case $with in
    matrix) test_releases "$@" ;;
    asterisk) test_asterisk "$@" ;;
    container) test_container "$@" ;;
    package) test_package "$@" ;;
    newcomer) test_newcomer "$@" ;;
    samples) test_samples "$@" ;;
    page) test_page "$@" ;;
    *)
        combine_filter "TestCategory!=Asterisk&TestCategory!=Container&TestCategory!=Package&TestCategory!=Newcomer&TestCategory!=Samples" "$@"
        for project in tests/*Tests/*.csproj; do
            test_project all "$project" "${arguments[@]}"
        done ;;
esac

for folder in "$results"/*; do
    name=$(basename "$folder")
    if [ "$(count failed "$folder")" -ne 0 ]; then
        status=1
        printf '\nWhat failed%s:\n' "${with:+ with $name}"
        tell_failures "$name"
    fi
    if [ "$(count total "$folder")" -eq 0 ]; then
        status=1
        echo "run.sh: no test ran${with:+ with $name}" >&2
    fi
done
[ -z "$with" ] || tell_releases
tell_counts "$results"
if [ -n "$is_without_servers" ] && [ "$(count total "$results")" -eq "$(count passed "$results")" ]; then
    status=1
    echo "run.sh: nothing was skipped without servers" >&2
fi
[ "$status" -eq 0 ]
