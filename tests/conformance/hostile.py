#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Files that are hard on readers, through every command: each ends in time with the exit status that is
due and below a bound of resident memory.

    hostile.py --bin FOLDER... [--full] [SHAPE...]

The bound is 96 MiB and so many bytes for each thing that the file has many of (BOUNDS); the figures are
printed beside it. Without --full the files are a hundredth. Time is that of the processor: a command
that computes for longer than a minute (--full: 500 seconds) is ended by the kernel. Exit status: 0 all
within bounds, 1 not.
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
    "strings": (10000000, 32, 200),
    "text": (256 * MIB, 1, 3),
    "snapshots": (1000000, 100, 500),
    "ids": (10000000, 8, 50),
    "types": (1000000, 100, 800),
    "lost": (1000000, 100, 800),
}
COMMANDS = [
    ["snapinfo", "{}"], ["snapinfo", "--verify", "{}"], ["snapload", "--force", "-o", "out.db", "{}"],
    ["snapconvert", "--force", "{}", "out.snap"],
    ["snaptop", "out.db"], ["snapsql", "out.db", "SELECT count(*) FROM objects"],
    ["snapshow", "out.db", "#2"], ["snappath", "--type", "Thing", "out.db"],
    ["snapleak", "out.db"], ["snapreport", "--force", "-o", "out.html", "out.db"],
    ["snapdiff", "out.db", "out.db"],
]
# Other exit statuses than 0, of the smaller and the full version.
DUE = {
    # What snapinfo --verify is there to find: objects that nobody can tell apart, lost chunks.
    ("ids", "snapinfo --verify"): (2, 2),
    ("lost", "snapinfo --verify"): (2, 2),
    # No type of that name: each has its own.
    ("lost", "snappath"): (2, 2),
    # Two million snapshots are refused in one line.
    ("snapshots", "snapdiff"): (0, 2),
}


def due(shape, words, full):
    """The exit status that a command has to have."""
    for (of, command), statuses in DUE.items():
        if of == shape and " ".join(words).startswith(command):
            return statuses[full]
    return 0


def measure(args, seconds):
    """Exit status, CPU seconds and peak resident bytes of a command."""
    def limit():
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))

    with open("stderr", "wb") as err:
        child = subprocess.Popen(args, stdout=subprocess.DEVNULL, stderr=err, preexec_fn=limit)
        until = time.monotonic() + 20 * seconds  # one that waits for ever
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
                status, seconds, peak = measure(words, 500 if args.full else 60)
                bad = status != due(shape, words, args.full) or peak > bound
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
