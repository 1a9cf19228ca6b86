#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Fuzz one target after another, one process at a time, at the lowest priority.
#
#   sh tests/fuzz/campaign.sh [--afl] MINUTES [TARGET...]
#
# MINUTES   for each target
# TARGET    fuzz_json, ... (the table in README.md); all of them where none is named
# --afl     AFL++ (afl-clang-fast, afl-fuzz), without sanitizers; else libFuzzer (clang) with the address
#           and undefined-behaviour sanitizers
#
# Builds what it runs in build/fuzz or build/fuzz-afl of the checkout. Everything else lies in
# build/campaign ($SNAP_CAMPAIGN): of each target its inputs, from which a later run, by either engine,
# goes on; its log; what was found; and `figures`, one line a run: target, engine, executions, edges
# covered, edges in the program, findings, seconds. The last lines printed are the sums of that file.
# Exit status: 0 nothing was found, 1 something was, 2 it could not be tried.
set -u

root=$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd) || exit 2
folder=${SNAP_CAMPAIGN:-$root/build/campaign}

fail()
{
    echo "campaign.sh: $1" >&2
    exit 2
}

engine=libfuzzer build=$root/build/fuzz cc=clang
if [ "${1:-}" = --afl ]; then
    engine=afl build=$root/build/fuzz-afl cc=afl-clang-fast
    shift
fi
case ${1:-} in
'' | 0 | *[!0-9]*) fail "usage: campaign.sh [--afl] MINUTES [TARGET...]" ;;
esac
seconds=$(($1 * 60))
shift
command -v "$cc" >/dev/null || fail "$cc is not installed (Debian: clang libclang-rt-14-dev, afl++)"

sanitize=address,undefined
[ "$engine" = afl ] && sanitize=
nice -n 19 cmake -S "$root" -B "$build" "-DCMAKE_C_COMPILER=$cc" -DSNAP_TESTS=ON -DSNAP_FUZZ=ON \
    -DSNAP_CPYTHON=OFF "-DSNAP_SANITIZE=$sanitize" >/dev/null || fail "$build cannot be configured"
all=$(cmake --build "$build" --target help | grep -o 'fuzz_[a-z0-9_]*_engine' | sort -u)
[ $# -gt 0 ] || set -- $(echo "$all" | sed 's/_engine$//')
for target; do
    echo "$all" | grep -qx "${target}_engine" || fail "there is no target $target"
    nice -n 19 cmake --build "$build" --target "$target" "${target}_engine" >/dev/null ||
        fail "$target does not build"
done

# Each sets runs, edges, total from what the engine says; findings are left in $found.
run_libfuzzer()
{
    nice -n 19 "$program" "-max_total_time=$seconds" -max_len=4096 -timeout=25 -rss_limit_mb=2048 \
        -print_final_stats=1 ${dictionary:+"-dict=$dictionary"} "-artifact_prefix=$found/" "$inputs" \
        >"$log" 2>&1
    ended=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)
    edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
    total=$(sed -n 's/.*PC tables (\([0-9]*\) PCs).*/\1/p' "$log" | head -n 1)
}

run_afl()
{
    out=$folder/$target/afl
    rm -rf "$out"
    AFL_SKIP_CPUFREQ=1 AFL_NO_UI=1 AFL_NO_AFFINITY=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 \
        nice -n 19 afl-fuzz -V "$seconds" -G 4096 ${dictionary:+-x "$dictionary"} -i "$inputs" \
        -o "$out" -- "$program" >"$log" 2>&1
    ended=$?
    stats=$out/default/fuzzer_stats
    runs=$(sed -n 's/^execs_done *: //p' "$stats")
    edges=$(sed -n 's/^edges_found *: //p' "$stats")
    total=$(sed -n 's/^total_edges *: //p' "$stats")
    for kind in crashes hangs; do
        for file in "$out/default/$kind"/id*; do
            [ -f "$file" ] && cp "$file" "$found/afl-$kind-$(sha1sum <"$file" | cut -c 1-16)"
        done
    done
    for file in "$out"/default/queue/id*; do
        sum=$(sha1sum <"$file" | cut -d ' ' -f 1)
        [ -e "$inputs/$sum" ] || cp "$file" "$inputs/$sum"
    done
}

status=0
for target; do
    inputs=$folder/$target/inputs found=$folder/$target/found log=$folder/$target/$engine.log
    program=$build/tests/${target}_engine
    dictionary=$root/tests/fuzz/$target.dict
    [ -f "$dictionary" ] || dictionary=
    mkdir -p "$inputs" "$found" || fail "$folder cannot be written"
    "$build/tests/$target" --seeds "$inputs" >/dev/null || fail "no seeds of $target"
    "run_$engine"
    count=$(find "$found" -type f | wc -l)
    echo "$target $engine ${runs:-0} ${edges:-0} ${total:-0} $count $seconds" >>"$folder/figures"
    echo "$target: ${runs:-0} executions, ${edges:-0} of ${total:-0} edges, $count found"
    if [ "$ended" -ne 0 ] || [ "$count" -ne 0 ]; then
        echo "$target: ended with status $ended, see $log and $found" >&2
        status=1
    fi
done
echo "==== all runs in $folder/figures"
awk '{ n[$1] += $3; all += $3; if ($4 > e[$1 " " $2]) e[$1 " " $2] = $4; t[$1 " " $2] = $5 }
     END { for (k in e) {
               split(k, w)
               print w[1] ": " n[w[1]] " executions, " w[2] " " e[k] " of " t[k] " edges"
           }
           print all " executions" }' "$folder/figures" | sort
exit $status
