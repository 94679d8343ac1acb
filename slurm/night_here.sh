#!/usr/bin/env bash
# A small simulated night from sky to light curves on this machine:  slurm/night_here.sh POLIS FOLDER [options of polis run]
set -euo pipefail

if [ $# -lt 2 ]; then
  echo "usage: slurm/night_here.sh POLIS FOLDER [options of 'polis run']" >&2
  exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
polis=$(realpath "$1")
folder=$2
shift 2
ranks=${POLIS_RANKS:-4}
city=$folder/city

echo "== 1 of 4: simulate three sites into $folder/raw"
"$polis" simulate --preset "${POLIS_PRESET:-tiny}" --seed "${POLIS_SEED:-1}" --out "$folder/raw"
echo "== 2 of 4: ingest into $city"
"$polis" ingest --city "$city" --reference "$folder/raw/reference.h5" "$folder/raw"
echo "== 3 of 4: run on $ranks ranks"
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
"$here/mpi_here.sh" "$ranks" "$polis" run --city "$city" "$@"
echo "== 4 of 4: products into $folder/products"
"$polis" export --city "$city" --to "$folder/products"
"$polis" status --city "$city"
echo
echo "Products: $folder/products  (catalogs and light curves as HDF5: open them with astropy, h5py, pandas)"
echo "Look:     $polis requests --city $city      what should be observed next"
echo "Again:    ./make.sh night                    goes on where it was; what is done is not done again"
