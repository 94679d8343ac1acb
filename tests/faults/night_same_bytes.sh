#!/usr/bin/env bash
# The tiny night gives the same products for one process, 2, 4 and 8 ranks, and for 1, 2 and 4 threads; so do two nights
# that are subtracted from each other.
#     night_same_bytes.sh POLIS
set -euo pipefail
polis=$(realpath "$1")
source=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d /tmp/polis-same-bytes.XXXXXX)
trap 'rm -rf "$work"' EXIT

OMP_NUM_THREADS=2 "$polis" simulate --preset tiny --seed 3 --out "$work/raw" --no-truth >"$work/simulate.log" 2>&1 || { cat "$work/simulate.log"; exit 1; }

raw=$work/raw
# night NAME RANKS THREADS
night() {
  local city=$work/$1
  "$polis" ingest --city "$city" --reference "$raw/reference.h5" "$raw" >"$work/$1.log"
  if [ "$2" -eq 1 ]; then
    OMP_NUM_THREADS=$3 "$polis" run --city "$city" >>"$work/$1.log" 2>&1 || { cat "$work/$1.log"; exit 1; }
  else
    OMP_NUM_THREADS=$3 "$source/slurm/mpi_here.sh" "$2" "$polis" run --city "$city" >>"$work/$1.log" 2>&1 || { cat "$work/$1.log"; exit 1; }
  fi
  "$polis" status --city "$city" --outputs >"$work/$1.txt"
}

night alone 1 1
[ "$(grep -c ' done ' "$work/alone.txt")" -gt 200 ] || { echo "the night made too few jobs"; cat "$work/alone.log"; exit 1; }
for task in forced_photometry build_light_curves describe_light_curves; do
  grep -q " $task done " "$work/alone.txt" || { echo "no $task job was done"; exit 1; }
done
for variant in "two_threads 1 2" "four_threads 1 4" "two_ranks 2 1" "four_ranks 4 1" "eight_ranks 8 1"; do
  # shellcheck disable=SC2086
  night $variant
  diff "$work/alone.txt" "$work/${variant%% *}.txt" >"$work/diff" || { echo "products differ: $variant"; head "$work/diff"; exit 1; }
done
# Two nights of one site: references, differences, candidates, alerts.
raw=$work/later
"$polis" simulate --preset transients --seed 5 --out "$raw" --no-truth --scene sites=karoo --scene filters=r \
  --scene science_frames=3 >"$work/simulate.log" 2>&1 || { cat "$work/simulate.log"; exit 1; }
night later 1 1
for task in build_reference subtract_reference find_candidates raise_alerts; do
  grep -q " $task done " "$work/later.txt" || { echo "no $task job was done"; cat "$work/later.log"; exit 1; }
done
for variant in "later_four_threads 1 4" "later_three_ranks 3 1"; do
  # shellcheck disable=SC2086
  night $variant
  diff "$work/later.txt" "$work/${variant%% *}.txt" >"$work/diff" || { echo "products differ: $variant"; head "$work/diff"; exit 1; }
done
raw=$work/raw
# Simulated on ranks, the frames are the same as well.
OMP_NUM_THREADS=1 "$source/slurm/mpi_here.sh" 3 "$polis" simulate --preset tiny --seed 3 --out "$work/raw3" --no-truth >"$work/simulate3.log" 2>&1 || { cat "$work/simulate3.log"; exit 1; }
rm -rf "$work/raw/.simulation" "$work/raw3/.simulation"
diff -r "$work/raw" "$work/raw3" || { echo "simulated frames differ on three ranks"; exit 1; }
echo "$(wc -l <"$work/alone.txt") jobs: the same products for 1, 2, 4, 8 ranks and 1, 2, 4 threads"
