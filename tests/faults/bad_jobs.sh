#!/usr/bin/env bash
# Jobs that throw, return nonsense, take all memory or all time, with and without looking up, are failed jobs
# with reasons, on three ranks; everything else is done and the run ends by itself.
set -euo pipefail
. "$(dirname "$0")/common.sh"

start 3 "$folder/city" bad "$folder/bad.out"
wait_for 240 || fail "the run ended with code $?"
held=$(grep -c ' held ' "$folder/bad.out" || true)
finished=$(grep -c ' done ' "$folder/bad.out" || true)
[ "$held" -eq 9 ] || fail "$held jobs are held, not 9"
[ "$finished" -eq 27 ] || fail "$finished jobs are done, not 27"
grep -q 'huge: limit' "$folder/bad.out.err" || fail "the job that took all memory is not told as such"
[ "$(grep -c 'slow: limit' "$folder/bad.out.err")" -eq 2 ] || fail "the jobs that took all time are not told as such"
echo "9 bad jobs held with their reasons, 27 done"
