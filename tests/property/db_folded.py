#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the loader finds by going through arrays, found again from the rows of the same database:
the tree folded by type, hubs, and the types of those who refer to them.

    db_folded.py SNAPLOAD GEN_SNAP GEN_SHAPE
"""
import collections
import os
import sqlite3
import subprocess
import sys
import tempfile

PART_MIN, ROWS_MAX = 10000, 20000
HUB_MIN, HUBS_MAX, HUB_TYPES_MAX = 1000, 1000, 50
WRAP = 65536  # references are counted in two bytes


class Path:
    def __init__(self, parent, depth, type_id):
        self.parent, self.depth, self.type_id = parent, depth, type_id
        self.n = self.shallow = self.retained_n = self.retained = 0
        self.largest, self.largest_size = None, -1


def fold(db):
    """Paths in the order in which they are met, an object's sums in all of those above it."""
    paths, number, path_of = [], {}, {}
    for row, type_id, size, retained, dominator in db.execute(
            "SELECT id, type_id, shallow_size, retained_size, dominator_id FROM object"
            " ORDER BY id"):
        above = path_of.get(dominator)
        if above is not None and paths[above].type_id == type_id:
            k = above
        else:
            k = number.setdefault((above, type_id), len(paths))
            if k == len(paths):
                paths.append(Path(above, 0 if above is None else paths[above].depth + 1, type_id))
        path_of[row] = k
        p = paths[k]
        if dominator is None:
            p.largest = row
            continue
        p.n += 1
        p.shallow += size
        if retained > p.largest_size:
            p.largest, p.largest_size = row, retained
        while k is not None:
            paths[k].retained_n += 1
            paths[k].retained += size
            k = paths[k].parent
    return paths


def class_paths(db):
    paths = fold(db)
    size, = db.execute("SELECT live_size + garbage_size FROM snapshot").fetchone()
    limit = size // PART_MIN
    large = sorted((p.retained for p in paths if p.retained > limit), reverse=True)
    if len(large) > ROWS_MAX:
        limit = large[ROWS_MAX]
    ids, rows = {}, []
    for k, p in enumerate(paths):
        if p.retained > limit or p.parent is None:
            ids[k] = len(ids) + 1
            rows.append((ids[k], ids.get(p.parent), p.type_id, p.depth, p.n, p.shallow,
                         p.retained_n, p.retained, p.largest))
    return rows


def hubs(db):
    rows = db.execute("SELECT target_id, count(*) FROM ref GROUP BY 1 HAVING count(*) >= ?"
                      " ORDER BY 2 DESC, 1 LIMIT ?", (HUB_MIN, HUBS_MAX)).fetchall()
    return sorted(rows)


def hub_types(db, of):
    types = collections.defaultdict(collections.Counter)
    for target, type_id in db.execute("SELECT r.target_id, o.type_id FROM ref r"
                                      " JOIN object o ON o.id = r.source_id"):
        types[target][type_id] += 1
    rows = []
    for hub, _ in of:
        first = sorted(types[hub].items(), key=lambda t: (-t[1], t[0]))[:HUB_TYPES_MAX]
        rows += [(hub, i + 1, type_id, n) for i, (type_id, n) in enumerate(first)]
    return rows


def compare(path, what):
    """Says where they differ, and returns the largest number of references to one object."""
    db = sqlite3.connect(path)
    of = hubs(db)
    for table, columns, want in (
            ("class_path", "id, parent_id, type_id, depth, n, shallow_size, retained_n,"
             " retained_size, object_id", class_paths(db)),
            ("hub", "*", of), ("hub_type", "*", hub_types(db, of))):
        got = db.execute(f"SELECT {columns} FROM {table} ORDER BY 1, 2").fetchall()
        if got != want:
            differ = [x for x in zip(got, want) if x[0] != x[1]][:1]
            sys.exit(f"{what}: {table}: {len(got)} rows, wanted {len(want)}: {differ}")
    db.close()
    return max((n for _, n in of), default=0)


def main(load, gen_snap, gen_shape):
    usage = subprocess.run([gen_shape], stderr=subprocess.PIPE, text=True).stderr
    shapes = usage.split("one of: ")[1].split()
    heaps = [(gen_shape, name, "2500", "7") for name in shapes]
    heaps += [(gen_shape, "list-hub", str(WRAP + n), "1") for n in range(-2, 4)]
    heaps += [(gen_shape, "real", "70000", "3"),
              (gen_snap, "--shape", "real", "--objects", "70000", "4")]
    most = set()
    with tempfile.TemporaryDirectory() as work:
        snap, out = os.path.join(work, "a.snap"), os.path.join(work, "a.db")
        for heap in heaps:
            subprocess.run([*heap, snap], check=True)
            for threads in ("1", "2"):
                subprocess.run([load, "-q", "--force", f"--threads={threads}", snap, "-o", out],
                               check=True)
                most.add(compare(out, " ".join(heap[1:])))
    if not {WRAP - 1, WRAP, WRAP + 1} <= most:
        sys.exit(f"no hub of {WRAP} references: {sorted(most)}")


main(*sys.argv[1:])
