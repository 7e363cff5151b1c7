# Sourced by run.sh, after matrix/releases.sh: the image of kamrpc that the tests of category "Container" have, and the Kamailio beside it.
# The bases are kept where the folders of the other categories are; the program is published and the image built at each run.
# shellcheck shell=bash

# What the program is linked against is this machine's, so it is this release that can run it.
# shellcheck source=/dev/null
container_suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
container_base=$folders/$container_suite-base
container_kamailio_suite=trixie

make_container_folders() {
    command -v buildah >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends buildah >/dev/null; }
    make_folder "$container_suite" "$container_base"
    make_folder "$container_kamailio_suite" "$folders/$container_kamailio_suite" kamailio "${modules[@]}"
}

publish_native() { # FOLDER
    # It links with clang unless it is told otherwise; gcc will do.
    local linker=()
    command -v clang >/dev/null || linker=(-p:CppCompilerAndLinker=gcc)
    dotnet publish src/KamRpcDispatcher.Cli --configuration Release --use-current-runtime -p:PublishAot=true "${linker[@]}" --output "$1"
}

build_image() { # FOLDER
    publish_native "$1/program"

    # In a mount namespace of its own, so that nothing stays mounted however it ends.
    unshare --mount tests/container/build.sh "$container_base" "$1/program" "$1" </dev/null >"$1/build.log" 2>&1 \
        || { tail -n 40 "$1/build.log" >&2; echo "run.sh: the image was not built, see above" >&2; exit 1; }
}

test_container() { # ARGUMENT...
    image=$(mktemp -d "$folders/image.XXXXXXXX")
    build_image "$image"
    combine_filter "TestCategory=Container" "$@"
    export KAMRPC_TEST_IMAGE=$image KAMRPC_TEST_KAMAILIO_ROOT=$folders/$container_kamailio_suite
    test_project "image on Debian $container_suite" tests/KamRpcDispatcher.IntegrationTests/KamRpcDispatcher.IntegrationTests.csproj "${arguments[@]}"
}
