#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Fuzz one target after another with libFuzzer, one process at a time, at the lowest priority.
#
#   sh tests/fuzz/campaign.sh BUILD FOLDER RUNS [TARGET...]
#
# BUILD   a build by clang with -DSNAP_TESTS=ON -DSNAP_FUZZ=ON -DSNAP_SANITIZE=address,undefined
# FOLDER  keeps the inputs of each target, its log and its findings; a later run goes on from there
# RUNS    executions of each target
# TARGET  fuzz_snap_batch, fuzz_snap_reader, fuzz_import: all three where none is named
#
# A line for each target says executions, covered edges and findings.
# Exit status: 0 nothing was found, 1 something was, 2 it could not be tried.
set -u

fail()
{
    echo "campaign.sh: $1" >&2
    exit 2
}

[ $# -ge 3 ] || fail "usage: campaign.sh BUILD FOLDER RUNS [TARGET...]"
case $3 in
'' | 0 | *[!0-9]*) fail "RUNS is a number above 0, not '$3'" ;;
esac
build=$1 folder=$2 runs=$3
shift 3
[ $# -gt 0 ] || set -- fuzz_snap_batch fuzz_snap_reader fuzz_import
for target; do
    for file in "$target" "${target}_engine"; do
        [ -x "$build/tests/$file" ] || fail "$build/tests/$file is not built"
    done
done

status=0
for target; do
    inputs=$folder/$target/inputs
    found=$folder/$target/found
    log=$folder/$target/log
    mkdir -p "$inputs" "$found" || fail "$folder cannot be written"
    "$build/tests/$target" --seeds "$inputs" >/dev/null || fail "no seeds of $target"
    nice -n 19 "$build/tests/${target}_engine" -runs="$runs" -max_len=4096 -timeout=25 \
        -print_final_stats=1 -artifact_prefix="$found/" "$inputs" >"$log" 2>&1
    ended=$?
    done_runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)
    edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
    all=$(sed -n 's/.*PC tables (\([0-9]*\) PCs).*/\1/p' "$log" | head -n 1)
    count=$(find "$found" -type f | wc -l)
    echo "$target: ${done_runs:-unknown} executions, ${edges:-0} of ${all:-0} edges, $count found"
    if [ "$ended" -ne 0 ] || [ "$count" -ne 0 ]; then
        echo "$target: ended with status $ended, see $log" >&2
        status=1
    fi
done
exit $status
