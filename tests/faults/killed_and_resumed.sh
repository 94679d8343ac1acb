#!/usr/bin/env bash
# kill -9 of the master, of a worker or of mpirun at random instants; then the same command goes on, and products,
# job states and lake are those of the undisturbed run.  killed_and_resumed.sh [KILLS]
set -euo pipefail
. "$(dirname "$0")/common.sh"
kills=${1:-6}

start 3 "$folder/whole" work "$folder/whole.out"
wait_for 240 || fail "the undisturbed run ended with code $?"
(cd "$folder/whole/lake/objects" && find . -type f | sort) >"$folder/whole.list"

# Processes of the running group whose rank is $1.
pid_of_rank() {
  local pid
  for pid in $(pgrep -f "^$program $2 " || true); do
    if tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | grep -q "^OMPI_COMM_WORLD_RANK=$1\$"; then echo "$pid"; fi
  done
}

RANDOM=20260710
for ((kill = 1; kill <= kills; ++kill)); do
  city=$folder/city$kill
  start 3 "$city" work "$folder/killed.out"
  for ((look = 0; look < 600; ++look)); do
    if [ -e "$city/ledger" ]; then break; fi
    sleep 0.05
  done
  sleep "0.$(printf '%03d' $((RANDOM % 700)))"
  case $((kill % 3)) in
    0) victim=$(pid_of_rank 0 "$city") what=master ;;
    1) victim=$(pid_of_rank $((1 + RANDOM % 2)) "$city") what=worker ;;
    2) victim=$group what=mpirun ;;
  esac
  for pid in $victim; do kill -KILL "$pid" 2>/dev/null || true; done
  wait_for 20 || true
  start 3 "$city" work "$folder/resumed.out"
  wait_for 240 || fail "kill $kill ($what): going on ended with code $?"
  cmp -s "$folder/whole.out" "$folder/resumed.out" || fail "kill $kill ($what): products differ"
  (cd "$city/lake/objects" && find . -type f | sort) | cmp -s "$folder/whole.list" - ||
    fail "kill $kill ($what): the lake holds other objects"
  rm -rf "$city"
done
echo "$kills kills, each time the same products and lake"
