# Sourced by run.sh, after matrix/releases.sh: the Debian in which the tests of category "Newcomer" install by the README, without a network.
# shellcheck shell=bash

newcomer_suite=trixie newcomer_folder=$folders/trixie-newcomer

# What is there before: SIPp in place of Asterisk, what .NET's own page says that its SDK needs, and what machine/systemctl needs.
newcomer_has=(ca-certificates iproute2 "^libicu[0-9]+\$" python3-seccomp sip-tester systemd)

# What the README has its reader install: fetched here, and installed there by the README's own lines.
newcomer_fetches=(etcd-client etcd-server kamailio patch)

make_newcomer_folder() {
    make_folder "$newcomer_suite" "$newcomer_folder" "${newcomer_has[@]}"
    [ ! -e "$newcomer_folder/fetched" ] || return 0
    # Whoever types "apt install" says yes to it, and has seen how it gets on.
    printf '%s\n' 'APT::Get::Assume-Yes "true";' 'Dpkg::Use-Pty "0";' 'quiet "2";' >"$newcomer_folder/etc/apt/apt.conf.d/newcomer"
    chroot "$newcomer_folder" apt-get install --download-only -qq "${newcomer_fetches[@]}" </dev/null >/dev/null
    touch "$newcomer_folder/fetched"
}

test_newcomer() { # ARGUMENT...
    combine_filter "TestCategory=Newcomer" "$@"
    export KAMRPC_TEST_NEWCOMER_ROOT=$newcomer_folder
    test_project "the README on Debian $newcomer_suite" tests/KamRpcDispatcher.IntegrationTests/KamRpcDispatcher.IntegrationTests.csproj "${arguments[@]}"
}
