#!/usr/bin/env bash
# Shows kamrpc at work with real servers on this machine: see README.md beside this file, or run.sh --help.
set -Eeuo pipefail
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
REPO=$(cd "$HERE/../.." && pwd)
RATE=50 HOLD_MS=200 TTL_S=5
KEEP='' NO_ETCD='' FOLDER='' POLICY='' COMPLETE='' HOLD='' HELD=''
WRITTEN='' STEP=0 UAC=0 TOTAL=0 SENT=0 FAILED=0 LOST=0
MEMBERS=() PROBLEMS=() TAKEN=' '
declare -A PORT UAS ANNOUNCER FATE BEFORE CALLS

# shellcheck source=servers.sh
. "$HERE/servers.sh"

usage() {
  say "Usage: run.sh [--keep] [--no-etcd] [--help]" \
    "Starts etcd, Kamailio, kamrpc and SIP servers on free ports of 127.0.0.1, sends $RATE calls a second while servers leave, crash and" \
    "join, and shows who got how many. Installs what is missing with apt. Stops all it started, and removes its folder below /tmp." \
    "  --keep     leave everything running at the end, and say how to look at it and how to stop it" \
    "  --no-etcd  members come from a file: no etcd, and no kamrpc announce beside the servers"
}

read_options() {
  local option
  for option; do
    case $option in
      --keep) KEEP=yes ;;
      --no-etcd) NO_ETCD=yes ;;
      -h | --help) usage; exit 0 ;;
      *) printf "run.sh: unknown option '%s'\n" "$option" >&2; usage >&2; exit 2 ;;
    esac
  done
}

finish() {
  local status=$?
  trap '' INT TERM HUP
  trap - EXIT ERR
  allow_services_again || true
  if [[ $KEEP && $COMPLETE ]]; then
    tell_how_to_look
  elif [[ -e $FOLDER/stop.sh ]]; then
    "$FOLDER/stop.sh" || true
  fi
  exit "$status"
}

tell_how_to_look() {
  local kamrpc="dotnet $FOLDER/kamrpc/kamrpc.dll" at leave="kill ${ANNOUNCER[alpha]:-}" store
  if [[ $NO_ETCD ]]; then
    at="--reply-dir $FOLDER/reply --cluster quickstart"
    leave="take it out of $FOLDER/members.json"
    store="  Members          $FOLDER/members.json"
  else
    at="--etcd $ETCDCTL_ENDPOINTS --cluster quickstart"
    store="  etcd             etcdctl --endpoints $ETCDCTL_ENDPOINTS get --prefix /kamrpc"
  fi
  say "" "Everything is left running." \
    "  Who gets calls   $kamrpc status $at --watch" \
    "  Why one does     $kamrpc explain alpha $at" \
    "  Kamailio's list  $kamrpc list --kamailio $FOLDER/rpc.sock --cluster quickstart" \
    "  Let alpha leave  $leave" \
    "  Logs             $FOLDER/*.log" \
    "$store" \
    "  SIP              Kamailio sip:$PROXY, alpha sip:127.0.0.1:${PORT[alpha]}, delta sip:127.0.0.1:${PORT[delta]}" \
    "  Stop             $FOLDER/stop.sh"
}

# ----- calls -----

start_calls() { # HOW MANY
  ((++STEP))
  TOTAL=$1
  start_sipp "step-$STEP" uac.xml -m "$1" -l "$1" -r "$RATE" -d "$HOLD_MS" -timeout 60s "$PROXY"
  UAC=$STARTED
}

wait_for_calls() { wait_until 90 "the calls to end" calls_are_over; UAC=0; }
calls_are_over() { ! is_running "$UAC"; }

# Who got how many calls of this step. A call that was up on the server that crashed is lost with it; no other may fail.
show_calls() { # [MEMBER THAT CRASHED]
  local member failed lost=0 sum=0
  [[ ! ${1:-} ]] || lost=$(lost_calls_at "$1")
  failed=$((TOTAL - $(ended_calls) - lost))
  for member in "${MEMBERS[@]}"; do
    CALLS[$STEP$member]=$(($(calls_at "$member") - BEFORE[$member]))
    BEFORE[$member]=$(calls_at "$member")
    sum=$((sum + CALLS[$STEP$member]))
  done
  printf '  %-8s %8s %8s\n' member calls share
  for member in "${MEMBERS[@]}"; do
    awk -v name="$member" -v n="${CALLS[$STEP$member]}" -v sum="$sum" 'BEGIN { printf "  %-8s %8d %6.1f %%\n", name, n, sum ? 100 * n / sum : 0 }'
  done
  say "  $TOTAL calls, $failed failed"
  SENT=$((SENT + TOTAL)) FAILED=$((FAILED + failed)) LOST=$((LOST + lost))
  ((failed == 0)) || PROBLEMS+=("$failed calls of step $STEP failed")
}

# ----- the four steps -----

step_three_members() {
  say "" "1. Calls over three members. Each $([[ $NO_ETCD ]] && echo 'stands in a file' || echo 'is announced in etcd'), so Kamailio has it on its list, and they take turns."
  start_calls 300
  wait_for_calls
  show_calls
}

step_one_leaves() {
  local asked disabled line
  if [[ $NO_ETCD ]]; then
    say "" "2. bravo leaves while calls run: it is taken out of the file. Calls that are up on it end there as usual."
  else
    say "" "2. bravo leaves while calls run: its announcer gets SIGTERM and withdraws it. Calls that are up on it end there as usual."
  fi
  start_calls 250
  wait_until 15 "75 calls" have_ended 75
  asked=$(now_ms)
  withdraw bravo
  FATE[bravo]=left
  line="\[2003\].* disabled sip:127.0.0.1:${PORT[bravo]}$"
  wait_until 10 "bravo to be disabled" logged "$line" "$FOLDER/dispatch.log"
  disabled=$(time_of "$line" "$FOLDER/dispatch.log")
  wait_for_calls
  say "  Disabled $((disabled - asked)) ms after $([[ $NO_ETCD ]] && echo that || echo SIGTERM); calls it got after that: $(calls_at bravo "$disabled")."
  # A call may have been on its way at that moment.
  (($(calls_at bravo $((disabled + 100))) == 0)) || PROBLEMS+=("bravo got calls after it was disabled")
  show_calls
}

step_one_crashes() {
  local crashed silent disabled line passed_on
  if [[ $NO_ETCD ]]; then
    say "" "3. charlie crashes while calls run: its SIP server gets SIGKILL. A call that meets it goes on to the next member" \
      "   after 2 s. Kamailio's pings miss it; then it is taken out of the file, and kamrpc takes it off the list."
  else
    say "" "3. charlie crashes while calls run: its announcer and its SIP server get SIGKILL. A call that meets it goes on to the next member" \
      "   after 2 s. Kamailio's pings miss it; then its lease of $TTL_S s ends in etcd, and kamrpc takes it off the list."
  fi
  start_calls 500
  wait_until 15 "75 calls" have_ended 75
  crashed=$(now_ms)
  kill -KILL ${ANNOUNCER[charlie]:+"${ANNOUNCER[charlie]}"} "${UAS[charlie]}"
  FATE[charlie]=crashed
  wait_until 15 "Kamailio to give it no more calls" one_gets_calls
  silent=$(now_ms)
  [[ ! $NO_ETCD ]] || withdraw charlie
  line="\[2003\].* disabled sip:127.0.0.1:${PORT[charlie]}$"
  wait_until 15 "charlie to be disabled" logged "$line" "$FOLDER/dispatch.log"
  disabled=$(time_of "$line" "$FOLDER/dispatch.log")
  wait_until 10 "the list to hold one member" list_is 1 1
  wait_for_calls
  passed_on=$(grep -c "kamrpc: 408 from sip:127.0.0.1:${PORT[charlie]}: INVITE" "$FOLDER/kamailio.log" || true)
  say "  Seen to get no more new calls after $((silent - crashed)) ms; off the list after $((disabled - crashed)) ms." \
    "  $passed_on calls met the dead server and went on to the next; $(lost_calls_at charlie) that were up on it are lost with it."
  show_calls charlie
}

step_one_joins() {
  local started added line
  say "" "4. delta joins while calls run."
  start_calls 250
  wait_until 15 "75 calls" have_ended 75
  start_member delta
  started=${WRITTEN:-$(now_ms)}
  FATE[delta]=joined
  line="\[2000\].* added sip:127.0.0.1:${PORT[delta]} "
  wait_until 15 "delta to be added" logged "$line" "$FOLDER/dispatch.log"
  added=$(time_of "$line" "$FOLDER/dispatch.log")
  wait_until 10 "the list to hold two members" list_is 2 2
  wait_for_calls
  say "  Listed $((added - started)) ms after $([[ $NO_ETCD ]] && echo 'the file was written' || echo 'its announcer was started, the start of the program included');" \
    "  its first call came $(($(first_call_at delta) - added)) ms later." \
    "  Calls from then on: alpha $(calls_at alpha "$added"), delta $(calls_at delta "$added")."
  show_calls
}

# ----- the end -----

show_result() {
  local member step
  say "" "Who got how many calls:"
  printf '  %-8s %8s %8s %8s %8s %8s\n' member 'step 1' 'step 2' 'step 3' 'step 4' all
  for member in "${MEMBERS[@]}"; do
    printf '  %-8s' "$member"
    for step in 1 2 3 4; do printf ' %8s' "${CALLS[$step$member]:--}"; done
    printf ' %8s  %s\n' "${BEFORE[$member]}" "${FATE[$member]}"
  done
  say "  $SENT calls in all, $FAILED failed, $LOST lost with the server that crashed."
  [[ $(listed) == "$(announced)" ]] || PROBLEMS+=("Kamailio's list is not what is announced")
  list_is 2 2 || PROBLEMS+=("kamrpc dispatch reports $(report)")
  if ((${#PROBLEMS[@]})); then
    say "NOT OK: $(printf '%s; ' "${PROBLEMS[@]}")run.sh --keep leaves the logs to look at."
    exit 1
  fi
  say "OK: no call failed that should not have, and Kamailio's list equals the members announced."
}

read_options "$@"
# The caller's own settings for etcd and kamrpc are not meant for these.
for name in "${!ETCD@}" "${!KAMRPC_@}"; do unset "$name"; done
trap finish EXIT
trap 'interrupt 130' INT
trap 'interrupt 143' TERM HUP
trap 'echo "run.sh: unexpected failure of: $BASH_COMMAND" >&2' ERR
# Not below TMPDIR: the path of a Unix socket has to be short.
FOLDER=$(mktemp -d /tmp/kamrpc-quickstart.XXXXXX)
: > "$FOLDER/pids"
write_stop_script
install_what_is_missing
build_kamrpc
if [[ $NO_ETCD ]]; then
  say "Starting Kamailio with kamrpc dispatch, and three SIP servers, in $FOLDER ..."
  write_members
else
  say "Starting etcd, Kamailio with kamrpc dispatch, and three SIP servers with kamrpc announce, in $FOLDER ..."
  start_etcd
fi
start_kamailio
for name in alpha bravo charlie; do start_member "$name"; done
wait_until 20 "the list to hold three members" list_is 3 3
step_three_members
step_one_leaves
step_one_crashes
step_one_joins
COMPLETE=yes
show_result
