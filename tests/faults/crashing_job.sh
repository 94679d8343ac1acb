#!/usr/bin/env bash
# A job that ends its process ends the run; started again, the run goes on, and after three attempts the job is held.
set -euo pipefail
. "$(dirname "$0")/common.sh"

for attempt in 1 2 3; do
  start 3 "$folder/city" crash "$folder/crash$attempt.out"
  if wait_for 60; then fail "attempt $attempt ended well although its job does not"; fi
done
start 3 "$folder/city" crash "$folder/last.out"
wait_for 240 || fail "the last run ended with code $?"
[ "$(grep -c ' held ' "$folder/last.out")" -eq 1 ] || fail "the job is not held"
[ "$(grep -c ' done ' "$folder/last.out")" -eq 10 ] || fail "not all other jobs are done"
echo "held after three attempts, everything else is done"
