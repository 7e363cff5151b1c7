# Sourced by run.sh: the page in Debian's Chromium, for the tests of KamRpcDispatcher.Browser.
# shellcheck shell=bash

install_browser() {
    command -v chromium >/dev/null && return
    local root=()
    [ "$(id -u)" -eq 0 ] || root=(sudo)
    "${root[@]}" apt-get update -qq
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
}

test_page() { # ARGUMENT...
    local project=tests/KamRpcDispatcher.Browser/KamRpcDispatcher.Browser.csproj
    dotnet build "$project" --configuration Release
    test_project page "$project" "$@"
}
