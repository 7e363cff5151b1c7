#!/usr/bin/env bash
# What of the package is made from the program itself: man pages, the completion of two shells, files of variables, and units with the
# program's place in them. generate.sh TREE PROGRAM
set -euo pipefail
tree=$1 program=$2
here=$(dirname "$0")
# Nothing of whoever builds stands in the help.
help() { env -i PATH="$PATH" NO_COLOR=1 "$program" "$@" --help; }
version=$("$program" --version)

mkdir -p "$tree/man" "$tree/completion"
"$program" completion bash >"$tree/completion/kamrpc"
"$program" completion zsh >"$tree/completion/_kamrpc"

commands=$(help | awk '/^  [a-z]/ { print $1 }')
help | awk -v version="${version%%+*}" -v commands="$(echo $commands)" -f "$here/man.awk" >"$tree/man/kamrpc.1"
for command in $commands; do
    help "$command" | awk -v version="${version%%+*}" -v command="$command" -f "$here/man.awk" >"$tree/man/kamrpc-$command.1"
done

for command in announce dispatch; do
    help "$command" | awk -v command="$command" -f "$here/env.awk" >"$tree/$command.env"
    # The first lines say how to install the sample by hand.
    sed -e '1,/^$/d' -e "s|/opt/kamrpc/kamrpc|/usr/bin/kamrpc|" "$tree/kamrpc-$command.service" >"$tree/debian/kamrpc.kamrpc-$command.service"
    rm "$tree/kamrpc-$command.service"
done

# A second Kamailio of the host, by its name; upstream keeps its sockets below /run/kamailio-NAME.
sed -e "s|^Description=.*|Description=Keeps Kamailio's dispatcher in step with etcd (%i)|" \
    -e 's|^After=kamailio.service|After=kamailio@%i.service|' \
    -e 's|^EnvironmentFile=.*|Environment=KAMRPC_KAMAILIO=/run/kamailio-%i/kamailio_rpc.sock\nEnvironmentFile=-/etc/kamrpc/dispatch-%i.env|' \
    -e 's|^StateDirectory=kamrpc$|StateDirectory=kamrpc-%i|' \
    "$tree/debian/kamrpc.kamrpc-dispatch.service" >"$tree/debian/kamrpc.kamrpc-dispatch@.service"
