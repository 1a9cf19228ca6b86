#!/usr/bin/env python3
"""What a capture costs, on a heap of records as services keep them.

    PYTHONPATH=build/python python3 tests/bench/bench_agent.py [--records N ...] [--load]

A record is an instance with six attributes, two of them containers: about 9 objects and 16 edges.
Each measurement runs in a process of its own. Printed, per size of heap:

  inline   CPU microseconds an object walked and written; seconds of pause; file bytes an object
  memory   bytes an object that the capture mapped, less the writer's fixed part
  fork     shortest pause of 8 (it is clock time: other processes lengthen it); CPU seconds of the
           child a GB of resident memory
  load     with --load: a loop that changes an attribute of every third record in random order, with
           and without a forked child at work: the longest round, and pages copied meanwhile
"""

import argparse
import json
import os
import subprocess
import sys

RECORDS = '''
class Record:
    def __init__(self, i):
        self.key = "record-%d" % i
        self.number = i + 1000
        self.tags = ["t%d" % (i % 100), "u%d" % i]
        self.props = {"name": "n%d" % i, "size": i * 3.5, "owner": None}
        self.parent = None
        self.done = False

def build(n):
    out, previous = [], None
    for i in range(n):
        record = Record(i)
        record.parent = previous if i % 10 else None
        out.append(record)
        previous = record
    return out

def rss():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * 4096
'''

CAPTURE = RECORDS + '''
import heapsnap, json, os, resource, sys, tempfile
mode, n = sys.argv[1], int(sys.argv[2])
data = build(n)
resident = rss()
folder = tempfile.mkdtemp()
path = os.path.join(folder, "bench.snap")
best, pauses = None, []
for i in range(3 if mode == "inline" else 8):
    whose = resource.RUSAGE_CHILDREN if mode == "fork" else resource.RUSAGE_SELF
    before = resource.getrusage(whose)
    result = heapsnap.dump(path, mode=mode)
    after = resource.getrusage(whose)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    row = dict(result._asdict(), cpu=cpu, rss=resident)
    pauses.append(result.pause)
    if best is None or (row["cpu"], row["pause"]) < (best["cpu"], best["pause"]):
        best = row
best.update(file=path, pause=min(pauses))
print(json.dumps(best))
'''

LOAD = RECORDS + '''
import heapsnap, json, os, random, resource, sys, tempfile, threading, time
n = int(sys.argv[1])
data = build(n)
resident = rss()
order = list(range(0, n, 3))
random.Random(1).shuffle(order)
def round_of_changes():
    started = time.perf_counter()
    for i in order:
        data[i].number += 1
    return time.perf_counter() - started
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for i in range(2):
    round_of_changes()
calm = [round_of_changes() for i in range(5)]
path = os.path.join(tempfile.mkdtemp(), "bench.snap")
result = []
thread = threading.Thread(target=lambda: result.append(heapsnap.dump(path, mode="fork")))
before = faults()
thread.start()
busy = []
while thread.is_alive() or not busy:
    busy.append(round_of_changes())
thread.join()
print(json.dumps({"rss": resident, "calm": max(calm), "busy": max(busy), "rounds": len(busy),
                  "copied": (faults() - before) * 4096, "total": result[0].total,
                  "pause": result[0].pause}))
'''


def run(script, *arguments):
    done = subprocess.run([sys.executable, "-c", script, *map(str, arguments)],
                          stdout=subprocess.PIPE, check=True, universal_newlines=True)
    return json.loads(done.stdout)


def metadata(path, key):
    """A fact of a file, by the tool that prints its rows; None without it."""
    tool = os.environ.get("DUMP_ROWS")
    if not tool:
        return None
    with subprocess.Popen([tool, path], stdout=subprocess.PIPE) as rows:
        for line in rows.stdout:
            if line.startswith(b'{"k":"metadata"') and b'"' + key.encode() + b'"' in line:
                value = int(json.loads(line.decode())["value"])
    return value


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, nargs="*", default=[20000, 100000, 400000])
    parser.add_argument("--load", action="store_true", help="also the slowdown under load")
    options = parser.parse_args()
    print("Python %s, %d CPUs" % (sys.version.split()[0], os.cpu_count()))
    for n in options.records:
        inline = run(CAPTURE, "inline", n)
        objects = inline["objects"]
        gib = inline["rss"] / 2.0 ** 30
        print("%d objects, %d edges, %.0f MiB resident" % (objects, inline["edges"], gib * 1024))
        print("  inline  %.3f us of CPU an object (limit 0.35), pause %.3f s; %.2f B an object in "
              "the file"
              % (inline["cpu"] / objects * 1e6, inline["pause"], inline["bytes"] / objects))
        memory = metadata(inline["file"], "capture.memory")
        if memory is not None:
            print("  memory  %.1f MiB: %.1f B an object + 16 MiB"
                  % (memory / 2.0 ** 20, max(0, memory - (16 << 20)) / objects))
        fork = run(CAPTURE, "fork", n)
        print("  fork    pause %.1f ms (limit %.1f), total %.3f s, child %.2f CPU s a GB"
              % (fork["pause"] * 1e3, 10 + 25 * fork["rss"] / 1e9, fork["total"],
                 fork["cpu"] / (fork["rss"] / 1e9)))
        if options.load:
            load = run(LOAD, n)
            print("  load    longest round %.0f ms -> %.0f ms over %d rounds; %.0f MiB copied "
                  "(%.0f %% of resident), pause %.1f ms"
                  % (load["calm"] * 1e3, load["busy"] * 1e3, load["rounds"],
                     load["copied"] / 2.0 ** 20, 100.0 * load["copied"] / load["rss"],
                     load["pause"] * 1e3))


if __name__ == "__main__":
    main()
