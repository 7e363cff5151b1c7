#!/usr/bin/env bash
# Runs every test, as CI does: installs the servers that are missing (Debian), builds, tests, and ends with a line
# "N passed, N failed, N skipped". Arguments are passed on to "dotnet test", for example: --filter Name~Planner
set -euo pipefail
cd "$(dirname "$0")/.."

programs=(etcd etcdctl kamailio sipp)
packages=(kamailio kamailio-extra-modules kamailio-json-modules etcd-server etcd-client sip-tester)

# kamailio and others are in /usr/sbin, which is not on every user's path.
export PATH="$PATH:/usr/sbin:/sbin"

install_missing() {
    local program missing=()
    for program in "${programs[@]}"; do
        command -v "$program" >/dev/null || missing+=("$program")
    done
    for package in kamailio-extra-modules kamailio-json-modules; do
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

# Says at the end, where it is found, what failed far above: each test with the first lines of its message.
tell_failures() {
    awk '/^  (Passed|Skipped|Failed) / { shown = 0; failed = /^  Failed / } failed && shown++ < 40' "$results/console.txt"
}

# Adds up the counters of all result files.
count() {
    cat "$results"/*.trx 2>/dev/null | grep -o "<Counters [^>]*" | grep -o " $1=\"[0-9]*\"" | grep -o "[0-9]*" | awk '{ sum += $1 } END { print sum + 0 }'
}

command -v dotnet >/dev/null || { echo "run.sh: the .NET 10 SDK is missing" >&2; exit 1; }
if command -v apt-get >/dev/null; then
    install_missing
fi

# A missing server is a failure here, not a reason to skip.
export CI=true DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

dotnet build KamRpcDispatcher.sln --configuration Release
status=0
for project in tests/*Tests/*.csproj; do
    dotnet test "$project" --configuration Release --no-build --logger "trx" --results-directory "$results" --logger "console;verbosity=normal" "$@" \
        | tee -a "$results/console.txt" || status=$?
done

total=$(count total)
passed=$(count passed)
failed=$(count failed)
if [ "$failed" -ne 0 ]; then
    echo
    echo "What failed:"
    tell_failures
fi
if [ "$total" -eq 0 ]; then
    echo "run.sh: no test ran" >&2
    status=1
fi
echo "$passed passed, $failed failed, $((total - passed - failed)) skipped"
[ "$failed" -eq 0 ] && [ "$status" -eq 0 ]
