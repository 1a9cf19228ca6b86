#!/bin/sh
# SPDX-License-Identifier: MIT
#
# All measurements in one run, with the peers that are installed (peers.sh): CPU and elapsed seconds,
# largest resident set, ratios.
#
#     sh tests/bench/run.sh BUILD FOLDER [STEP...]      all steps, in this order, where none is named
#
# rows     writing and reading rows, libsnap alone
# agent    what a capture costs a Python process
# graph    dominators and retained sizes alone, by shape
# diff     snapdiff of two databases of a real Python heap of 5 million objects
# heaps    snapload of 10 million objects, and of every shape
# queries  every saved query and view on a database of 10 million objects
# leak     snapleak of 5 million objects
# traces   growth between two tracemalloc snapshots, beside tracemalloc
# ring     a ring with a hub in a Java heap, beside VisualVM
# hprof    a Java heap dump of 10 million objects, beside hprof-slurp
# v8       a V8 heap snapshot of 2.5 million nodes, beside DevTools and memlab
#
# Nothing is downloaded: all inputs are made in FOLDER (about 15 GB with the databases of one step) and
# used again by the next run. SNAP_BENCH_OBJECTS makes the 10 million smaller. It takes about half an
# hour, and means something only where nothing else runs. Exit status: 0, or 2 for wrong usage; a
# step that fails says so, and the next one runs.
set -u

steps="rows agent graph diff heaps queries leak traces ring hprof v8"
[ $# -ge 2 ] || {
    echo "usage: run.sh BUILD FOLDER [STEP...]; there are: $steps" >&2
    exit 2
}
mkdir -p "$2" || exit 2
build=$(CDPATH= cd -- "$1" && pwd) || exit 2
folder=$(CDPATH= cd -- "$2" && pwd) || exit 2
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
shift 2
[ $# -gt 0 ] || set -- $steps
objects=${SNAP_BENCH_OBJECTS:-10000000}
python=${PYTHON:-python3}
PATH=$folder/bin:$PATH
PYTHONPATH=$build/python
: "${SNAP_VISUALVM:=$folder/jfluid-heap.jar}"
export PATH PYTHONPATH SNAP_VISUALVM

real_database() {
    [ -e "$folder/real-$objects.snap" ] ||
        "$build/corpora/gen/gen_snap" --shape real --objects "$objects" --edges-per 3 1 \
            "$folder/real-$objects.snap" || return
    "$build/tools/snapload" -q -f "$folder/real-$objects.snap" -o "$folder/real.db"
}

step_rows() { "$build/tests/bench_rows" "$objects" 3 1 "$folder/rows.snap"; }
step_agent() { DUMP_ROWS=$build/tests/dump_rows "$python" "$here/bench_agent.py"; }
step_graph() {
    "$build/tests/bench_graph" -n 4000000 list list-hub ring-hub ladder bipartite comb tree star roots \
        parallel unreachable garbage-ring braid &&
        "$build/tests/bench_graph" -n 16000000 list list-hub ring-hub ladder bipartite comb tree star \
            roots parallel unreachable garbage-ring braid && "$build/tests/bench_graph" -n "$objects" hostile real
}
step_diff() { "$python" "$here/bench_diff.py" "$build/tools" "$folder"; }
step_heaps() { "$python" "$here/bench_heaps.py" "$build" "$folder" "$objects"; }
step_queries() {
    real_database && "$python" "$here/bench_queries.py" "$folder/real.db"
    rm -f "$folder/real.db"
}
step_leak() {
    [ -e "$folder/b.db" ] || step_diff >/dev/null || return
    "$python" - "$here" "$build/tools" "$folder" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
import measure
table = measure.Table()
table.section("findings in a database of 5.6 million objects of a Python program")
table.row("snapleak", measure.best([sys.argv[2] + "/snapleak", sys.argv[3] + "/b.db"])._replace(status=0))
END
}
step_traces() { "$python" "$here/bench_traces.py" "$build/tools" "$folder/traces"; }
step_ring() { "$python" "$here/bench_ring.py" "$build/tools" "$folder/java"; }
step_hprof() { "$python" "$here/bench_hprof.py" "$build/tools/snapload" "$folder/java"; }
step_v8() { "$python" "$here/bench_v8.py" "$build/tools" "$folder/v8"; }

for step; do
    case " $steps " in
    *" $step "*) ;;
    *)
        echo "run.sh: no step '$step'; there are: $steps" >&2
        exit 2
        ;;
    esac
done
echo "$(date -u +%Y-%m-%d), $(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)," \
    "load average $(cut -d ' ' -f 1 /proc/loadavg)"
for step; do
    echo "==== $step"
    "step_$step" || echo "==== $step FAILED"
done
