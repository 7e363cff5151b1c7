# Sourced by run.sh, after container/image.sh: the Debian package that the tests of category "Package" have, in two versions, and the Debian
# with Kamailio that it is installed in. The packages are built at each run.
# shellcheck shell=bash

# What the program is linked against is this machine's, so it runs on this release of Debian and on later ones.
package_suite=trixie
[ "$container_suite" != sid ] || package_suite=sid

make_package_folders() {
    make_folder "$package_suite" "$folders/$package_suite" kamailio "${modules[@]}"
}

# One program, in packages of two versions.
build_packages() { # FOLDER
    local version
    for version in old:0.1.0~test1 new:0.1.0~test2; do
        KAMRPC_DEB_VERSION=${version#*:} src/KamRpcDispatcher.Cli/Packaging/debian/build.sh "$1/${version%%:*}" "$KAMRPC_TEST_PROGRAM"
    done
}

test_package() { # ARGUMENT...
    image=$(mktemp -d "$folders/packages.XXXXXXXX")
    build_packages "$image"
    combine_filter "TestCategory=Package" "$@"
    export KAMRPC_TEST_PACKAGES=$image KAMRPC_TEST_KAMAILIO_ROOT=$folders/$package_suite
    test_project "package on Debian $package_suite" tests/KamRpcDispatcher.IntegrationTests/KamRpcDispatcher.IntegrationTests.csproj "${arguments[@]}"
}
