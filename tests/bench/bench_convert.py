# SPDX-License-Identifier: MIT
"""The size of a V8 heap snapshot as a .snap file, by level; beside gzip and zstd of the JSON.

    bench_convert.py TOOLS WORK [SESSIONS]

TOOLS: the folder of the commands. WORK: a folder for the files. Node writes the snapshot of a heap like
a service's: sessions with users and carts, an index by name, listeners, a cache of texts. Prints bytes
and CPU seconds; needs node.
"""

import os
import subprocess
import sys

TOOLS, WORK = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
SESSIONS = int(sys.argv[3]) if len(sys.argv) > 3 else 15000

PROGRAM = """
'use strict';
const v8 = require('node:v8'), { EventEmitter } = require('node:events');
class User {
  constructor(i) { this.id = i; this.name = 'user ' + i; this.roles = ['read', i % 7 ? 'write' : 'admin']; }
}
class Line { constructor(i) { this.sku = 'sku-' + i % 997; this.count = i % 5 + 0.5; } }
class Session {
  constructor(i) {
    this.user = new User(i);
    this.cart = [new Line(i), new Line(i + 1)];
    this.started = new Date(1e12 + i);
  }
}
const sessions = new Map(), byName = {}, bus = new EventEmitter(), cache = [];
bus.setMaxListeners(0);
for (let i = 0; i < Number(process.argv[2]); i++) {
  const s = new Session(i);
  sessions.set('session-' + i, s);
  byName[s.user.name] = s.user;
  if (i % 4 === 0) bus.on('tick', () => s.user.id);
  if (i % 3 === 0) cache.push({ key: i, text: 'x'.repeat(i % 50) + i, parent: cache[cache.length - 1] });
}
globalThis.keep = [sessions, byName, bus, cache];
v8.writeHeapSnapshot('service.heapsnapshot');
"""


def cpu(command, **options):
    before = os.times()
    subprocess.run(command, cwd=WORK, check=True, **options)
    after = os.times()
    return sum(after[2:4]) - sum(before[2:4])


def main():
    os.makedirs(WORK, exist_ok=True)
    path = os.path.join(WORK, "service.heapsnapshot")
    with open(os.path.join(WORK, "service.js"), "w") as f:
        f.write(PROGRAM)
    subprocess.run(["node", "service.js", str(SESSIONS)], cwd=WORK, check=True)
    with open(path, "rb") as f:
        head = f.read(4096).decode()
    nodes, edges = (int(head.split('"%s":' % key)[1].split(",")[0])
                    for key in ("node_count", "edge_count"))
    print("%d bytes, %d nodes, %d edges" % (os.path.getsize(path), nodes, edges))

    def tell(name, made, seconds):
        size = os.path.getsize(os.path.join(WORK, made))
        print("%-22s %9d bytes %6.2f a node %7.2f s CPU" % (name, size, size / nodes, seconds))
        os.unlink(os.path.join(WORK, made))

    convert = os.path.join(TOOLS, "snapconvert")
    for option in "", "--level=3", "--level=19", "--values":
        tell("snapconvert " + (option or "(default)"), "out.snap",
             cpu([convert, "-q", "-f", *option.split(), path, "out.snap"]))
    for name, command in (("gzip -6", ["gzip", "-6", "-c"]), ("zstd -3", ["zstd", "-q", "-3", "-c"]),
                          ("zstd -19", ["zstd", "-q", "-19", "-c"])):
        with open(os.path.join(WORK, "out"), "wb") as out:
            seconds = cpu(command + [path], stdout=out)
        tell(name, "out", seconds)


if __name__ == "__main__":
    main()
