#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Times snapdiff on two loaded databases of a process with a leak.

    PYTHONPATH=BUILD/python python3 tests/bench/bench_diff.py BUILD/tools FOLDER [REQUESTS]

A process keeps REQUESTS (default 500,000: 5.0 million objects) requests in a registry and is captured
into FOLDER, keeps a tenth more and is captured again; both are loaded. Then snapdiff runs three times
in each way of matching: elapsed and CPU time of the middle run, peak resident memory. The databases
stay in FOLDER and are used again.
"""
import gc
import os
import resource
import subprocess
import sys
import time
import types

SOURCE = """
class Request:
    def __init__(self, n):
        self.path = "/item/%d" % n
        self.headers = {"host": "x%d" % n, "n": n}
        self.items = [n + 1000, (n + 7777777, "a%d" % n)]

REGISTRY = []
CACHE = {}

def handle(n):
    request = Request(n)
    REGISTRY.append(request)
    CACHE[n % 10000] = request.path
"""


def capture(folder, requests):
    import heapsnap
    app = types.ModuleType("app")
    sys.modules["app"] = app
    exec(compile(SOURCE, "app.py", "exec"), app.__dict__)
    gc.disable()
    done = 0
    for name, n in (("a.snap", requests), ("b.snap", requests // 10)):
        for i in range(done, done + n):
            app.handle(i)
        done += n
        heapsnap.dump(os.path.join(folder, name))


def run(command):
    """Elapsed seconds, CPU seconds, peak resident KiB of a command, and its output."""
    before = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    output = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit("%s: status %d" % (" ".join(command), status))
    return (time.monotonic() - before, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, output)


def main():
    tools, folder = sys.argv[1:3]
    requests = int(sys.argv[3]) if len(sys.argv) > 3 else 500000
    os.makedirs(folder, exist_ok=True)
    a, b = os.path.join(folder, "a.db"), os.path.join(folder, "b.db")
    if not os.path.exists(b):
        if os.fork() == 0: # a process of its own: this one's memory is measured, too
            capture(folder, requests)
            os._exit(0)
        os.wait()
        for name in ("a", "b"):
            snap, db = os.path.join(folder, name + ".snap"), os.path.join(folder, name + ".db")
            print("loading %s: %.1f s, %.1f s CPU" % ((name,) + run(
                [os.path.join(tools, "snapload"), "-q", "-f", "-o", db, snap])[:2]))
    for how in ("address", "signature"):
        runs = sorted(run([os.path.join(tools, "snapdiff"), "-q", "--matching=" + how, a, b])
                      for _ in range(3))
        elapsed, cpu, peak, output = runs[1]
        print("by %-9s  %.2f s, %.2f s CPU, %.0f MiB; runs %s" % (
            how, elapsed, cpu, peak / 1024, " ".join("%.2f" % r[0] for r in runs)))
    print(output.split("\n\n")[1])
    print("load average %.1f; own peak %d MiB" % (
        os.getloadavg()[0], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024))


if __name__ == "__main__":
    main()
