# SPDX-License-Identifier: MIT
"""A large V8 heap snapshot: this project's tools and the originals, in one run.

    bench_v8.py TOOLS WORK [NODES]

TOOLS: the folder of the commands. WORK: a folder for the snapshot (about 80 bytes a node) and for the
originals: a folder that tests/e2e/import_v8.py was run with has them. Prints CPU seconds and peak
resident memory of each program; needs node.
"""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import measure
TOOLS, WORK = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
NODES = int(sys.argv[3]) if len(sys.argv) > 3 else 3_000_000

PROGRAM = """
'use strict';
class Entry { constructor(i, last) { this.id = i; this.label = 'entry number ' + i; this.last = last;
                                     this.tags = [i, last]; } }
const all = []; globalThis.all = all;
for (let i = 0; i < %d; i++) all.push(new Entry(i, i %% 16 ? all[i >> 1] : null));
require('node:v8').writeHeapSnapshot('big.heapsnapshot');
"""


def show(title, command):
    r = measure.run(command, cwd=WORK)
    print(f"{title:34} {r.cpu:7.2f} s CPU {r.wall:7.2f} s {r.peak:8.0f} MiB"
          + (f"  status {r.status}" if r.status else ""), flush=True)


def main():
    os.makedirs(WORK, exist_ok=True)
    path = os.path.join(WORK, "big.heapsnapshot")
    if not os.path.exists(path):
        with open(os.path.join(WORK, "big.js"), "w") as f:
            f.write(PROGRAM % (NODES // 6))
        subprocess.run(["node", "--max-old-space-size=8000", "big.js"], cwd=WORK, check=True)
    with open(path, "rb") as f:
        head = f.read(4096).decode()
    counts = [head.split(f'"{key}":')[1].split(",")[0] for key in ("node_count", "edge_count")]
    print(f"{os.path.getsize(path)} bytes, {counts[0]} nodes, {counts[1]} edges")
    db = os.path.join(WORK, "big.db")
    show("snapload --summary", [os.path.join(TOOLS, "snapload"), "-q", "-f", "--summary", "-o",
                                   db, path])
    show("snapload", [os.path.join(TOOLS, "snapload"), "-q", "-f", "-o", db, path])
    if os.path.exists(os.path.join(WORK, "npm.stamp")):
        node = ["node", "--max-old-space-size=12000"]
        show("DevTools' worker", node + ["devtools.mjs", "folded", path, "quiet"])
        show("memlab", node + [os.path.join(HERE, "..", "e2e", "import_v8_memlab.cjs"), path,
                                  os.path.join(WORK, "memlab.txt")])
    os.remove(db)


if __name__ == "__main__":
    main()
