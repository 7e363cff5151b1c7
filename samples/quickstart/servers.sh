# Sourced by run.sh: what the machine needs, processes, ports, the servers, and what their logs say.
# shellcheck shell=bash disable=SC2034

say() { printf '%s\n' "$@"; }
die() { printf 'run.sh: %s\n' "$*" >&2; exit 1; }
now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }

# ----- what the machine needs -----

as_root() { if ((EUID == 0)); then "$@"; else sudo "$@"; fi; }

install_what_is_missing() {
  local program package packages=() missing=() etcd=$'\netcd etcd-server\netcdctl etcd-client'
  [[ ! $NO_ETCD ]] || etcd=''
  while read -r program package; do
    command -v "$program" > /dev/null || { missing+=("$program"); packages+=("$package"); }
  done <<< $'kamailio kamailio\nsipp sip-tester'"$etcd"
  ((${#missing[@]})) || return 0
  command -v apt-get > /dev/null || die "these programs are missing, and there is no apt-get to install them: ${missing[*]}"
  ((EUID == 0)) || command -v sudo > /dev/null || die "these programs are missing, and installing them takes root or sudo: ${missing[*]}"
  say "Installing with apt-get, which can take a minute: ${packages[*]} ..." \
    "  Their services are not started now. On a machine with systemd, 'systemctl disable kamailio etcd' keeps them from starting at boot."
  forbid_services
  { as_root apt-get -qq update && as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "${packages[@]}"; } \
    > "$FOLDER/apt.log" 2>&1 || { tail -n 5 "$FOLDER/apt.log" >&2; die "apt-get failed (above); these programs are missing: ${missing[*]}"; }
  allow_services_again
}

# Debian asks this program whether a package that is being installed may start its service; 101 is no.
forbid_services() {
  [[ ! -e /usr/sbin/policy-rc.d ]] || return 0
  POLICY=/usr/sbin/policy-rc.d
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$POLICY" > /dev/null
  as_root chmod 755 "$POLICY"
}

allow_services_again() { [[ -z $POLICY ]] || as_root rm -f "$POLICY"; POLICY=''; }

build_kamrpc() {
  [[ $'\n'$(dotnet --list-sdks 2> /dev/null) == *$'\n10.'* ]] || die "the .NET 10 SDK is missing (dotnet --list-sdks)"
  say "Building kamrpc ..."
  DOTNET_NOLOGO=1 dotnet publish "$REPO/src/KamRpcDispatcher.Cli" -c Release -o "$FOLDER/kamrpc" -p:RunAnalyzers=false --disable-build-servers > "$FOLDER/build.log" 2>&1 \
    || { tail -n 30 "$FOLDER/build.log" >&2; die "the build failed (above)"; }
}

# ----- processes -----

write_stop_script() {
  {
    printf '#!/usr/bin/env bash\n# Stops what run.sh started, the latest first, and removes its folder.\nfolder=%q\n' "$FOLDER"
    cat << 'STOP'
is_ours() { grep -qzxF "QUICKSTART_FOLDER=$folder" "/proc/$1/environ" 2> /dev/null; }
for pid in $(tac "$folder/pids"); do
  is_ours "$pid" || continue
  kill -TERM -- "-$pid" 2> /dev/null || kill -TERM "$pid" 2> /dev/null
  for ((i = 0; i < 50; i++)); do is_ours "$pid" || break; sleep 0.1; done
  kill -KILL -- "-$pid" 2> /dev/null
done
rm -rf "$folder"
STOP
  } > "$FOLDER/stop.sh"
  chmod +x "$FOLDER/stop.sh"
}

# Each in a session of its own, so that Ctrl-C does not reach it and all can be stopped in order; on loopback no HTTP proxy helps.
start() { # LOG COMMAND...: sets STARTED to its pid
  HOLD=yes
  QUICKSTART_FOLDER=$FOLDER TMPDIR=$FOLDER NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 setsid "${@:2}" > "$FOLDER/$1" 2>&1 < /dev/null &
  STARTED=$!
  echo "$STARTED" >> "$FOLDER/pids"
  disown
  # Only from then on the stop script knows it.
  while is_running "$STARTED" && ! grep -qzxF "QUICKSTART_FOLDER=$FOLDER" "/proc/$STARTED/environ" 2> /dev/null; do sleep 0.01; done
  HOLD=''
  [[ ! $HELD ]] || exit "$HELD"
}

# A signal that comes while something is being started has to wait until that is known.
interrupt() { if [[ $HOLD ]]; then HELD=$1; else exit "$1"; fi; }

is_running() { kill -0 "$1" 2> /dev/null; }

# Looks 20 times a second whether the condition holds, and every 2 s says how it stands.
wait_until() { # SECONDS WHAT CONDITION...
  local end=$(($(now_ms) + $1 * 1000)) said
  said=$(now_ms)
  until "${@:3}"; do
    (($(now_ms) < end)) || { tail -n 3 "$FOLDER"/*.log >&2; die "waited $1 s in vain for $2; above are the last lines of the logs"; }
    (($(now_ms) - said < 2000)) || { said=$(now_ms); say "  ... waiting for $2$(progress)"; }
    sleep 0.05
  done
}

progress() { ((UAC == 0)) || printf ' (%d of %d calls done)' "$(ended_calls)" "$TOTAL"; }

is_bound() { grep -qE "^ *[0-9]+: [0-9A-F]+:$(printf %04X "$1") " /proc/net/{tcp,tcp6,udp,udp6} 2> /dev/null; }

take_port() { # sets TAKEN_PORT to one that nobody has, below the range from which the kernel gives
  until TAKEN_PORT=$((RANDOM % 12000 + 20000)); [[ $TAKEN != *" $TAKEN_PORT "* ]] && ! is_bound "$TAKEN_PORT"; do :; done
  TAKEN+="$TAKEN_PORT "
}

# ----- the servers -----

start_etcd() {
  local peer
  take_port; peer=http://127.0.0.1:$TAKEN_PORT
  take_port; export ETCDCTL_API=3 ETCDCTL_ENDPOINTS=http://127.0.0.1:$TAKEN_PORT
  start etcd.log etcd --data-dir "$FOLDER/etcd" --listen-client-urls "$ETCDCTL_ENDPOINTS" --advertise-client-urls "$ETCDCTL_ENDPOINTS" \
    --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "default=$peer"
  wait_until 20 "etcd" is_etcd_healthy
}

is_etcd_healthy() { etcdctl endpoint health > /dev/null 2>&1; }

start_kamailio() {
  take_port; PROXY=127.0.0.1:$TAKEN_PORT
  start kamailio.log kamailio -DD -E -f "$REPO/kamailio-cfg/kamailio.cfg" -Y "$FOLDER" -A "KAMRPC_LISTEN=udp:$PROXY" \
    -A "KAMRPC_SOCKET=\"$FOLDER/rpc.sock\"" -A "KAMRPC_FIFO=\"$FOLDER/rpc.fifo\"" \
    -A "KAMRPC_LIST_FILE=\"$REPO/kamailio-cfg/kamrpc-dispatcher.list\""
  local source
  if [[ $NO_ETCD ]]; then
    take_port; METRICS=$TAKEN_PORT
    source=(--source "file:$FOLDER/members.json" --metrics "127.0.0.1:$METRICS")
  else
    source=(--etcd "$ETCDCTL_ENDPOINTS")
  fi
  start dispatch.log dotnet "$FOLDER/kamrpc/kamrpc.dll" dispatch "${source[@]}" --cluster quickstart --proxy proxy-1 \
    --kamailio "jsonrpc+unix:$FOLDER/rpc.sock" --reply-dir "$FOLDER/reply" --state-dir "$FOLDER/state" --removal-delay 2s
  wait_until 20 "Kamailio and kamrpc dispatch" logged '\[3000\]' "$FOLDER/dispatch.log"
}

start_member() { # NAME: a SIP server, and its announcer beside it, or its line in the file
  MEMBERS+=("$1") BEFORE[$1]=0 FATE[$1]=stayed
  start_sipp "$1" uas.xml
  UAS[$1]=$STARTED PORT[$1]=$TAKEN_PORT
  wait_until 10 "the SIP server $1" is_bound "${PORT[$1]}"
  if [[ $NO_ETCD ]]; then
    WRITTEN=$(now_ms)
    write_members
    return
  fi
  start "announce-$1.log" dotnet "$FOLDER/kamrpc/kamrpc.dll" announce --etcd "$ETCDCTL_ENDPOINTS" --cluster quickstart --name "$1" \
    --uri "sip:127.0.0.1:${PORT[$1]}" --ttl "${TTL_S}s"
  ANNOUNCER[$1]=$STARTED
}

# The members that neither left nor crashed, whole, and then onto the file of before: nobody reads half of it.
write_members() {
  local name lines=''
  for name in "${MEMBERS[@]}"; do
    [[ ${FATE[$name]} == left || ${FATE[$name]} == crashed ]] || lines+="${lines:+,}"$'\n'"  {\"set\": 1, \"name\": \"$name\", \"uri\": \"sip:127.0.0.1:${PORT[$name]}\"}"
  done
  printf '{"members": [%s\n]}\n' "$lines" > "$FOLDER/members.new"
  mv "$FOLDER/members.new" "$FOLDER/members.json"
}

withdraw() { # NAME
  if [[ $NO_ETCD ]]; then
    [[ ${FATE[$1]} == crashed ]] || FATE[$1]=left
    write_members
  else
    kill -TERM "${ANNOUNCER[$1]}"
  fi
}

start_sipp() { # NAME SCENARIO OPTION...: on port TAKEN_PORT
  local control media
  take_port; control=$TAKEN_PORT
  take_port; media=$TAKEN_PORT
  take_port
  : > "$FOLDER/calls-$1.txt"
  start "sipp-$1.log" sipp -sf "$HERE/$2" -i 127.0.0.1 -p "$TAKEN_PORT" -mi 127.0.0.1 -mp "$media" -ci 127.0.0.1 -cp "$control" -nostdin \
    -trace_logs -log_file "$FOLDER/calls-$1.txt" -trace_err -error_file "$FOLDER/errors-$1.txt" "${@:3}"
}

# ----- what etcd and the logs say -----

logged() { grep -q -- "$1" "$2" 2> /dev/null; }
time_of() { date -d "$(grep -m 1 -- "$1" "$2" | cut -d ' ' -f 1)" +%s%3N; }
report() { if [[ $NO_ETCD ]]; then measured; else etcdctl get --print-value-only /kamrpc/quickstart/proxies/proxy-1; fi; }

# The same of a dispatcher that reports to nobody, by its metrics.
measured() {
  local web
  exec {web}<> "/dev/tcp/127.0.0.1/$METRICS" 2> /dev/null || return 0
  printf 'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' >&"$web"
  awk '/^kamrpc_drift_changes[{]set="1"/ { drift = $NF } /^kamrpc_set_routable_destinations[{]set="1"/ { routable = $NF } /^kamrpc_destinations[{].*set="1"/ { all += $NF }
    END { printf "\"drift\":%d,\"sets\":{\"1\":{\"destinations\":%d,\"routable\":%d,\n", drift, all, routable }' <&"$web"
  exec {web}>&-
}
list_is() { [[ $(report) == *'"drift":0,'*'"sets":{"1":{"destinations":'"$1"',"routable":'"$2"','* ]]; } # DESTINATIONS ROUTABLE
one_gets_calls() { [[ $(report) == *'"routable":1,'* ]]; }

# The destinations that kamrpc dispatch has added and not removed, and those that are announced.
listed() { awk '/\[2000\]/ { on[$7] = 1 } /\[2001\]/ { delete on[$7] } END { for (uri in on) print uri }' "$FOLDER/dispatch.log" | sort; }
announced() { if [[ $NO_ETCD ]]; then cat "$FOLDER/members.json"; else etcdctl get --prefix --print-value-only /kamrpc/quickstart/members/; fi | grep -o 'sip:127[0-9.:]*' | sort; }

# Calls that arrived at a member, from a time in ms on.
calls_at() { awk -v from="${2:-0}" '/^call/ && $4 * 1000 >= from { n++ } END { print n + 0 }' "$FOLDER/calls-$1.txt"; }
first_call_at() { awk '/^call/ { printf "%.0f\n", $4 * 1000; exit }' "$FOLDER/calls-$1.txt"; }
ended_calls() { grep -c '^ended' "$FOLDER/calls-step-$STEP.txt" || true; }
have_ended() { (($(ended_calls) >= $1)); }

# Calls of this step that were up on a member, and that nobody was there to end.
lost_calls_at() {
  awk 'NR == FNR { on[$NF] = 1; next } $1 == "up" { up[$2] = 1 } $1 == "ended" { delete up[$2] }
    END { for (id in up) n += id in on; print n + 0 }' "$FOLDER/calls-$1.txt" "$FOLDER/calls-step-$STEP.txt"
}
