#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Growth between two tracemalloc snapshots: bench_traces.py TOOLS FOLDER [TRACES [FRAMES]]

A process allocates TRACES (3,300,000) blocks from 400 places under FRAMES (1) frames, with
tracemalloc on; writes a snapshot, allocates a tenth more at one place, and writes another. Then:
tracemalloc's own compare_to of the two, loaded from their files, by line; and snapload of each and
snapdiff of the two databases.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import measure

PROGRAM = r"""
import sys, tracemalloc
folder, traces, frames = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
source = "".join(f"def place_{i}(n):\n    return [bytes({40 + i % 64}) for _ in range(n)]\n" for i in range(400))
space = {}
exec(compile(source, "/srv/app/places.py", "exec"), space)

def deep(call, n, depth):
    return deep(call, n, depth - 1) if depth > 1 else call(n)

tracemalloc.start(frames)
kept = [deep(space[f"place_{i}"], traces // 400, frames) for i in range(400)]
tracemalloc.take_snapshot().dump(f"{folder}/a.trace")
kept.append(deep(space["place_7"], traces // 10, frames))
tracemalloc.take_snapshot().dump(f"{folder}/b.trace")
"""

COMPARE = r"""
import sys, time, tracemalloc
a, b = (tracemalloc.Snapshot.load(f"{sys.argv[1]}/{n}.trace") for n in "ab")
began = time.process_time()
print(b.compare_to(a, "lineno")[0])
print(f"compare_to alone: {time.process_time() - began:.2f} s of CPU time")
"""


def main():
    tools, folder = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    traces, frames = (sys.argv[3:] + ["3300000", "1"])[0], (sys.argv[4:] + ["1"])[0]
    os.makedirs(folder, exist_ok=True)
    table = measure.Table()
    made = measure.run([sys.executable, "-c", PROGRAM, folder, traces, frames])
    if made.status:
        sys.exit("the traces could not be made")
    table.section(f"two tracemalloc snapshots of {int(traces):,} traces, {frames} frames")
    load = [measure.run([f"{tools}/snapload", "-q", "-f", f"{folder}/{n}.trace", "-o", f"{folder}/{n}.db"])
            for n in "ab"]
    table.row("snapdiff of the two databases",
              measure.best([f"{tools}/snapdiff", "-q", f"{folder}/a.db", f"{folder}/b.db"]))
    table.row("snapload of the first", load[0])
    table.row("snapload of the second", load[1])
    with open(f"{folder}/compare.txt", "w+") as out:
        table.row("tracemalloc: load both, compare_to", measure.run(
            [sys.executable, "-c", COMPARE, folder], output=out))
        out.seek(0)
        print("    " + out.read().strip().replace("\n", "\n    "))


if __name__ == "__main__":
    main()
