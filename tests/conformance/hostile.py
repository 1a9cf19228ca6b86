#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Valid files that are hard on readers, through every command: each ends in time with the exit status 0
and below a bound of resident memory.

    hostile.py --bin FOLDER... [--full] [SHAPE...]

The bound is 96 MiB and so many bytes for each thing that the file has many of (BOUNDS); the figures are
printed beside it. Without --full the files are a hundredth. Exit status: 0 all within bounds, 1 not.
"""
import argparse
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

MIB = 1 << 20
BASE = 96 * MIB
# How many in the full version; bytes a thing for snapinfo, and for commands that hold a heap.
BOUNDS = {
    "rows": (200000, 64, 400),
    "strings": (10000000, 32, 300),
    "text": (100 * MIB, 3, 5),
    "snapshots": (1000000, 100, 2000),
    "ids": (10000000, 64, 200),
    "types": (1000000, 600, 1000),
}
COMMANDS = [
    ["snapinfo", "{}"], ["snapinfo", "--verify", "{}"], ["snapload", "--force", "-o", "out.db", "{}"],
    ["snaptop", "out.db"], ["snapsql", "out.db", "SELECT count(*) FROM objects"],
    ["snappath", "--type", "Thing", "out.db"], ["snapdiff", "out.db", "out.db"],
]


def measure(args, seconds):
    """Exit status, CPU seconds and peak resident bytes of a command."""
    with open("stderr", "wb") as err:
        child = subprocess.Popen(args, stdout=subprocess.DEVNULL, stderr=err)
        until = time.monotonic() + seconds
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > until:
                child.send_signal(signal.SIGKILL)
            time.sleep(0.005)
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", action="append", default=[])
    parser.add_argument("--full", action="store_true")
    parser.add_argument("shapes", nargs="*", default=[])
    args = parser.parse_args()
    path = os.pathsep.join([os.path.abspath(x) for x in args.bin] + [os.environ["PATH"]])
    scratch = tempfile.mkdtemp(prefix="snap-hostile.")
    os.environ.update(PATH=path, XDG_CACHE_HOME=scratch, LC_ALL="C")
    os.chdir(scratch)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    problems = 0
    try:
        for shape in args.shapes or BOUNDS:
            n, light, heavy = BOUNDS[shape]
            n = n if args.full else n // 100
            subprocess.run(["gen_hostile", shape, str(n), "a.snap"], check=True)
            print("%s: %d, %.1f MiB" % (shape, n, os.path.getsize("a.snap") / MIB), flush=True)
            for words in COMMANDS:
                words = ["a.snap" if x == "{}" else x for x in words]
                bound = BASE + n * (light if words[0] == "snapinfo" else heavy)
                status, seconds, peak = measure(words, 3000 if args.full else 60)
                # All ids equal, snapinfo --verify calls what it is: objects that nobody can tell apart.
                wanted = 2 if shape == "ids" and "--verify" in words else 0
                bad = status != wanted or peak > bound
                problems += bad
                print("  %-60s exit %d %8.2f s %8.1f MiB of %8.1f%s" % (
                    " ".join(words), status, seconds, peak / MIB, bound / MIB,
                    "  FAILED" if bad else ""), flush=True)
                if bad:
                    with open("stderr", encoding="utf-8", errors="replace") as err:
                        print("    " + err.read(300))
    finally:
        os.chdir("/")
        shutil.rmtree(scratch, ignore_errors=True)
    print("%d problems" % problems)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
