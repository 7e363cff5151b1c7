# Sourced by run.sh, after matrix/releases.sh: what reads the samples of platforms, for the tests of category "Samples".
# shellcheck shell=bash

# Debian 12's podman is too old for Quadlets.
samples_suite=trixie samples_folder=$folders/trixie-podman

make_samples_folder() {
    local missing=()
    command -v ansible-playbook >/dev/null || missing+=(ansible-core)
    command -v docker-compose >/dev/null || missing+=(docker-compose)
    command -v kubectl >/dev/null || missing+=(kubernetes-client)
    [ ${#missing[@]} -eq 0 ] || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; }
    make_folder "$samples_suite" "$samples_folder" podman
}

test_samples() { # ARGUMENT...
    combine_filter "TestCategory=Samples" "$@"
    export KAMRPC_TEST_PODMAN_ROOT=$samples_folder
    test_project samples tests/KamRpcDispatcher.Tests/KamRpcDispatcher.Tests.csproj "${arguments[@]}"
}
