# SPDX-License-Identifier: MIT
"""Growth lands in the part of the memory map that it belongs to: three programs.

heapsnap is on PYTHONPATH, the tools are in SNAP_TOOLS.
"""
import os
import sqlite3
import subprocess
import sys
import tempfile

MIB = 1 << 20
HEAD = """
import ctypes, gc, sys, heapsnap
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
keep = []
def shot(name):
    gc.collect()
    heapsnap.dump(name, mode="inline")
"""

# What each does between the snapshots, the part that is to grow, by about how much, and from which
# size on malloc takes blocks from the system, to which it gives them back.
PROGRAMS = {
    # Small objects of which every other one is freed: their arenas cannot be given back.
    "interleaved frees": ("""
small = [object() for _ in range(2500000)]
shot("a.snap")
more = [object() for _ in range(2500000)]
del small
del more[::2]
small = None
shot("b.snap")
""", "pymalloc, free but held", (15 * MIB, 80 * MIB), 65536),
    # Big bytearrays that were freed, each under a block that stays: malloc keeps them.
    "bytearrays freed": ("""
shot("a.snap")
big = []
for _ in range(600):
    big.append(bytearray(100000))
    keep.append(bytearray(2000))
del big
shot("b.snap")
""", "malloc, free but held", (45 * MIB, 75 * MIB), 1 << 30),
    # Memory of C that nobody frees, and that no object knows.
    "malloc without free": ("""
shot("a.snap")
for _ in range(400):
    ctypes.memset(libc.malloc(100000), 1, 100000)
shot("b.snap")
""", "allocated, not in the heap", (36 * MIB, 42 * MIB), 65536),
}
NOISE = 6 * MIB


def parts(name, folder):
    """The memory map of a snapshot, its resident set, and whether every part is explained."""
    base = os.path.join(folder, name)
    snapload = os.path.join(os.environ["SNAP_TOOLS"], "snapload")
    subprocess.check_call([snapload, "-q", "-o", base + ".db", base + ".snap"])
    db = sqlite3.connect(base + ".db")
    rows = dict(db.execute("SELECT part, bytes FROM memory_map"))
    rss, = db.execute("SELECT value FROM counter WHERE name = 'rss'").fetchone()
    bare = db.execute("SELECT part FROM memory_map WHERE 'part: ' || part NOT IN (SELECT column"
                      " FROM doc WHERE name = 'memory_map' AND column IS NOT NULL)").fetchall()
    db.close()
    return rows, rss, bare


def check(name, script, part, span, threshold):
    """Prints what is wrong; True where nothing is."""
    good = True
    with tempfile.TemporaryDirectory() as folder:
        env = dict(os.environ, MALLOC_MMAP_THRESHOLD_=str(threshold))
        subprocess.check_call([sys.executable, "-c", HEAD + script], cwd=folder, env=env)
        maps = [parts(x, folder) for x in ("a", "b")]
    for rows, rss, bare in maps:
        if sum(rows.values()) != rss or bare or min(rows.values()) < 0:
            print("%s: %r does not add up to %d, or is not explained: %r" % (name, rows, rss, bare))
            good = False
    a, b = maps[0][0], maps[1][0]
    growth = {x: b.get(x, 0) - a.get(x, 0) for x in set(a) | set(b)}
    others = [x for x in growth if x not in (part, "rest", "live heap") and growth[x] > NOISE]
    if not span[0] <= growth[part] <= span[1] or others:
        print("%s: wanted %s between %d and %d; growth is %r" % (name, part, *span, growth))
        good = False
    return good


def main():
    results = [check(name, *program) for name, program in PROGRAMS.items()]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
