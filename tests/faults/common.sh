# Sourced by the scripts of this folder: a folder of their own, an MPI that accepts root and few cores, and no
# process left behind. Needs POLIS_BUILD.

skip() {
  echo "skipped: $1"
  exit 77
}

command -v mpirun >/dev/null || skip "mpirun is not installed"
program=${POLIS_BUILD:?}/tests/engine_program
[ -x "$program" ] || skip "engine_program is not built"

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive
export OMPI_MCA_btl_base_warn_component_unused=0 OMPI_MCA_mpi_yield_when_idle=1
# Ranks of one machine talk through shared memory; this also keeps the network out of the test.
export OMPI_MCA_btl=self,vader

folder=$(mktemp -d "${TMPDIR:-/tmp}/polis_faults.XXXXXX")
group=
clean_up() {
  if [ -n "$group" ]; then kill -KILL -- "-$group" 2>/dev/null || true; fi
  rm -rf "$folder"
}
trap clean_up EXIT

# start RANKS FOLDER SCENARIO OUTPUT: in the background, as a process group of its own; its number is in $group.
start() {
  # Only the leader of a session may be given a group of its own: setsid makes it one.
  setsid mpirun --oversubscribe --bind-to none -n "$1" "$program" "$2" "$3" >"$4" 2>"$4.err" </dev/null &
  group=$!
}

# wait_for SECONDS: waits for $group. Its exit code, or 124 after killing all of it: Open MPI 4.1's mpirun now and
# then does not notice that its ranks are gone.
wait_for() {
  local ticks=$(($1 * 20)) code=0
  while kill -0 "$group" 2>/dev/null; do
    if [ "$ticks" -le 0 ]; then
      kill -KILL -- "-$group" 2>/dev/null || true
      wait "$group" 2>/dev/null || true
      group=
      return 124
    fi
    ticks=$((ticks - 1))
    sleep 0.05
  done
  wait "$group" || code=$?
  # What mpirun leaves when it is itself killed.
  kill -KILL -- "-$group" 2>/dev/null || true
  group=
  return "$code"
}

fail() {
  echo "FAILED: $1"
  for file in "$folder"/*.err; do
    echo "--- $file"
    tail -n 20 "$file"
  done
  exit 1
}
