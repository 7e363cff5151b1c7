# Sourced by run.sh, after container/image.sh: the Debian package that the tests of category "Package" have, an older one (older.sh beside this
# file), and the Debian with Kamailio that both are installed in. The newer package is built at each run.
# shellcheck shell=bash

# What the program is linked against is this machine's, so it runs on this release of Debian and on later ones.
package_suite=trixie
[ "$container_suite" != sid ] || package_suite=sid

package_folder=$folders/$package_suite-package

# machine/systemctl lets units have the system calls only that they name: python3-seccomp and systemd-analyze.
make_package_folders() {
    make_folder "$package_suite" "$package_folder" kamailio "${modules[@]}" python3-seccomp systemd
}

# Debian's own judge of packages finds nothing.
check_package() { # FOLDER
    command -v lintian >/dev/null || DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends lintian >/dev/null
    lintian --allow-root --fail-on error,warning "$1"/*.deb || { echo "run.sh: lintian finds fault with the package, see above" >&2; exit 1; }
}

test_package() { # ARGUMENT...
    local older
    image=$(mktemp -d "$folders/packages.XXXXXXXX")
    src/KamRpcDispatcher.Cli/Packaging/debian/build.sh "$image/new" "$KAMRPC_TEST_PROGRAM"
    check_package "$image/new"
    older=$(tests/package/older.sh "$folders" | tee /dev/stderr | tail -n 1)
    ln -s "$older" "$image/old"
    combine_filter "TestCategory=Package" "$@"
    export KAMRPC_TEST_PACKAGES=$image KAMRPC_TEST_OLDER_PROGRAM=$older/kamrpc KAMRPC_TEST_KAMAILIO_ROOT=$package_folder
    test_project "package on Debian $package_suite" tests/KamRpcDispatcher.IntegrationTests/KamRpcDispatcher.IntegrationTests.csproj "${arguments[@]}"
}
