#!/usr/bin/env bash
# Products and job states are the same for one process without MPI and for 1, 2, 4 and 8 ranks.
set -euo pipefail
. "$(dirname "$0")/common.sh"

"$program" "$folder/alone" work >"$folder/alone.out" 2>"$folder/alone.out.err" || fail "the run in one process failed"
for ranks in 1 2 4 8; do
  start "$ranks" "$folder/ranks$ranks" work "$folder/ranks$ranks.out"
  wait_for 240 || fail "the run on $ranks ranks ended with code $?"
  cmp -s "$folder/alone.out" "$folder/ranks$ranks.out" || fail "$ranks ranks gave other products than one process"
done
(cd "$folder/alone/lake/objects" && find . -type f | sort) >"$folder/alone.list"
for ranks in 2 8; do
  (cd "$folder/ranks$ranks/lake/objects" && find . -type f | sort) | cmp -s "$folder/alone.list" - ||
    fail "$ranks ranks left other objects in the lake"
done
echo "same products for one process and 1, 2, 4, 8 ranks: $(wc -l <"$folder/alone.out") jobs"
