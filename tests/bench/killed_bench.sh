#!/usr/bin/env bash
# 200 random `kill -9` of master, worker or mpirun while the tiny night runs; each time the same command goes on, and
# products and ledger must equal those of the undisturbed run.   killed_bench.sh BUILD [KILLS]
set -euo pipefail
build=${1:?usage: killed_bench.sh BUILD [KILLS]}
kills=${2:-200}
polis=$build/polis
[ -x "$polis" ] || { echo "$polis is not built"; exit 1; }
command -v mpirun >/dev/null || { echo "mpirun is not installed"; exit 1; }
command -v python3 >/dev/null || { echo "python3 is needed to compare ledgers"; exit 1; }

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive
export OMPI_MCA_btl=self,vader OMPI_MCA_mpi_yield_when_idle=1
folder=$(mktemp -d "${TMPDIR:-/tmp}/polis_killed.XXXXXX")
group=
trap '[ -z "$group" ] || kill -KILL -- "-$group" 2>/dev/null; rm -rf "$folder"' EXIT

start() {  # start CITY: the night, in a process group of its own
  setsid mpirun --oversubscribe --bind-to none -n 3 "$polis" run --city "$1" >>"$folder/out" 2>&1 </dev/null &
  group=$!
}
# Ends what is left of the group after SECONDS. Says the exit code.
finish() {
  local ticks=$(($1 * 20)) code=0
  while kill -0 "$group" 2>/dev/null && [ "$ticks" -gt 0 ]; do
    ticks=$((ticks - 1))
    sleep 0.05
  done
  kill -KILL -- "-$group" 2>/dev/null || true
  wait "$group" 2>/dev/null || code=$?
  group=
  return "$code"
}
objects() { find "$city/lake/objects" -type f | wc -l; }
# Until the lake holds COUNT objects: the moment of a kill is one of the night's progress, not of the machine's speed.
wait_for_objects() {
  while kill -0 "$group" 2>/dev/null && [ "$(objects)" -lt "$1" ]; do sleep 0.02; done
}
pid_of_rank() {
  local pid
  for pid in $(pgrep -f "^$polis run --city $2\$" || true); do
    if tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | grep -q "^OMPI_COMM_WORLD_RANK=$1\$"; then echo "$pid"; fi
  done
}
# What must be equal: jobs, their states and outputs, who asked for them; not times, workers, attempts or sessions.
tell() {
  python3 - "$1/ledger.sqlite" <<'PYTHON'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
for sql in ("SELECT id, hex(key), label, depth, priority, keep, hex(sources), hex(spec) FROM jobs ORDER BY id",
            "SELECT job, state, round, error, reason, hex(output), hex(requests) FROM results ORDER BY job",
            "SELECT * FROM requests ORDER BY job, parent", "SELECT * FROM dropped ORDER BY parent, cause",
            "SELECT round, closed, jobs, asked, admitted, dropped FROM rounds ORDER BY round",
            "SELECT round, number, hex(digest) FROM orders ORDER BY round, number",
            "SELECT round, hex(digest), requests FROM manifests ORDER BY round, id"):
    for row in db.execute(sql):
        print(*row, sep="|")
PYTHON
  (cd "$1/lake/objects" && find . -type f | sort)
}

city=$folder/city
{
  "$polis" simulate --preset tiny --out "$folder/raw" &&
    "$polis" ingest --city "$city" --reference "$folder/raw/reference.h5" "$folder/raw"
} >"$folder/out" 2>&1 || { tail -5 "$folder/out"; exit 1; }
cp -r "$city" "$folder/fresh"
first=$(objects)
start "$city"
began=$SECONDS
finish 3600 || { echo "the undisturbed night ended with code $?"; tail -5 "$folder/out"; exit 1; }
length=$((SECONDS - began > 0 ? SECONDS - began : 1))
last=$(objects)
tell "$city" >"$folder/whole"
echo "the undisturbed night: $length s, $(wc -l <"$folder/whole") facts to compare"

RANDOM=20260710
equal=0
for ((kill = 1; kill <= kills; ++kill)); do
  rm -rf "$city"
  cp -r "$folder/fresh" "$city"
  start "$city"
  wait_for_objects $((first + RANDOM % (last - first)))
  sleep "0.$(printf '%03d' $((RANDOM % 300)))"
  case $((RANDOM % 3)) in
    0) victims=$(pid_of_rank 0 "$city") ;;
    1) victims=$(pid_of_rank $((1 + RANDOM % 2)) "$city") ;;
    2) victims=$group ;;
  esac
  for pid in $victims; do kill -KILL "$pid" 2>/dev/null || true; done
  finish 20 || true
  start "$city"
  finish 3600 || true
  if tell "$city" | cmp -s - "$folder/whole"; then
    equal=$((equal + 1))
  else
    tail -3 "$folder/out"
    tell "$city" | diff - "$folder/whole" | head -5
    echo "kill $kill: not equal to the undisturbed run"
  fi
  [ -t 1 ] && printf '\r%d of %d, %d equal' "$kill" "$kills" "$equal"
done
echo "killed: equal after kill -9 and going on | $equal of $kills | | | all"
