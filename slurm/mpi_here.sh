#!/usr/bin/env bash
# Runs a program on several MPI ranks of this machine:  slurm/mpi_here.sh RANKS PROGRAM [ARGUMENTS]
#
# What a cluster's launcher does by itself and a plain mpirun does not: allows root (containers), more ranks than
# cores, threads inside ranks; and ends an mpirun that waits for ever although all its ranks are gone, as Open MPI
# 4.1 sometimes does when a rank was killed at the wrong instant. Exit code: that of mpirun; 137 where it had to be ended.
set -uo pipefail

if [ $# -lt 2 ] || ! [[ $1 =~ ^[1-9][0-9]*$ ]]; then
  echo "usage: slurm/mpi_here.sh RANKS PROGRAM [ARGUMENTS]" >&2
  exit 2
fi
ranks=$1
shift
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_base_warn_component_unused=0

mpirun --oversubscribe --bind-to none -n "$ranks" "$@" </dev/null &
launcher=$!
trap 'kill -TERM "$launcher" 2>/dev/null' TERM INT
idle=0
while kill -0 "$launcher" 2>/dev/null; do
  sleep 0.2
  if pgrep -P "$launcher" >/dev/null 2>&1; then
    idle=0
  elif [ $((idle += 1)) -gt 100 ]; then
    echo "mpi_here: mpirun has had no rank for 20 s (one was killed) ending it; run the same command again" >&2
    kill -KILL "$launcher" 2>/dev/null
    wait "$launcher" 2>/dev/null
    exit 137
  fi
done
wait "$launcher"
