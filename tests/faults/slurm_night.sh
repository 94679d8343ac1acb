#!/usr/bin/env bash
# The tiny night under a real Slurm of four virtual nodes, through slurm/night.sbatch, gives the products of one process.
#     slurm_night.sh POLIS
set -euo pipefail
polis=$(realpath "$1")
source=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d /tmp/polis-slurm-night.XXXXXX)
trap 'rm -rf "$work"' EXIT
export OMP_NUM_THREADS=1

"$polis" simulate --preset tiny --seed 5 --out "$work/raw" >/dev/null
for city in alone slurm; do
  "$polis" ingest --city "$work/$city" --reference "$work/raw/reference.h5" "$work/raw" >/dev/null
done
"$polis" run --city "$work/alone" >"$work/alone.log" 2>&1 || { cat "$work/alone.log"; exit 1; }

set +e
"$source/tests/faults/slurm_here.sh" sbatch --wait --nodes=4 --ntasks=4 --cpus-per-task=1 --output="$work/slurm.log" \
  --export="ALL,CITY=$work/slurm,POLIS=$polis,OMPI_ALLOW_RUN_AS_ROOT=1,OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1" "$source/slurm/night.sbatch"
status=$?
set -e
[ "$status" -eq 77 ] && exit 77
if [ "$status" -ne 0 ]; then
  tail -n 40 "$work/slurm.log"
  exit 1
fi
"$polis" status --city "$work/alone" --outputs >"$work/alone.txt"
"$polis" status --city "$work/slurm" --outputs >"$work/slurm.txt"
diff "$work/alone.txt" "$work/slurm.txt" || { echo "products differ between one process and Slurm"; exit 1; }
echo "$(wc -l <"$work/alone.txt") jobs: one process and four Slurm nodes agree"
