# Every command, each of its allocations failing in turn, once and from then on: exit status 0 or 2,
# one line where it is 2, no crash, nothing left behind.
# needs: make_snap failmalloc.so
make_snap two good.snap
snapload -q -o good.db good.snap || exit 77
PYTHONPATH=$TESTS_CLI "$PYTHON" - <<'END'
import os
import random
import shutil
import subprocess
import sys

import commands

preload = next(p for p in (os.path.join(d, "failmalloc.so") for d in os.environ["PATH"].split(":"))
               if os.path.exists(p))
LINES = [
    ["snapinfo", "good.snap"],
    ["snapinfo", "--verify", "--types", "--privacy", "--chunks", "good.snap"],
    ["snapinfo", "--force", "--recover", "new.snap", "good.snap"],
    ["snapload", "--force", "-o", "out.db", "good.snap"],
    ["snapconvert", "--force", "--redact=names", "--hash-key=k", "good.snap", "out.snap"],
    ["snapdiff", "good.db"],
    ["snapsql", "good.db", "SELECT * FROM objects"],
    ["snaptop", "good.db"],
    ["snappath", "--type", "*", "good.db"],
    ["snapshow", "good.db", "#5"],
    ["snapleak", "--min", "1", "good.db", "good.db"],
    ["snapreport", "--force", "-o", "out.html", "good.db", "good.db"],
    *[["snapexport", "--force", "-o", "out." + ending, "good.db"]
      for ending in ("csv", "heapsnapshot", "pb.gz", "dot")],
]
problems = 0
random.seed(1)


def run(args, at, on):
    """Exit status, standard error, and how many allocations there were."""
    env = dict(os.environ, LD_PRELOAD=preload, FAIL_AT=str(at), FAIL_ON=str(on), FAIL_COUNT="count")
    done = subprocess.run(args, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, timeout=60 * commands.PATIENCE)
    try:
        with open("count") as f:
            count = int(f.read() or 0)
    except FileNotFoundError:
        count = 0
    return done.returncode, done.stderr.decode("utf-8", "replace"), count


for args in LINES:
    if not shutil.which(args[0]):
        continue
    status, err, n = run(args, 0, 0)
    if status != 0:
        sys.exit(77)  # a sanitizer that must come first; it has its own way to fail allocations
    before = set(os.listdir(".")) | {"new.snap", "count"}
    # The first ones are the same in every command; tool_failures.py --full has all of them.
    numbers = set(range(1, min(n, 20) + 1)) | set(random.sample(range(1, n + 1), min(n, 40)))
    for at in sorted(numbers):
        for on in 0, 1:
            status, err, _ = run(args, at, on)
            lines = [x for x in err.splitlines() if ": warning: " not in x]
            if status not in (0, 2) or (status == 2 and len(lines) != 1):
                problems += 1
                print("%s: allocation %d of %d%s: exit status %d: %s"
                      % (" ".join(args), at, n, " on" if on else "", status, err[:300]))
    left = {x for x in os.listdir(".") if not x.startswith("out.")} - before
    if left:
        problems += 1
        print("%s left %s" % (" ".join(args), ", ".join(sorted(left))))
print("%d problems" % problems)
END
