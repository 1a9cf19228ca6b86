#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Loading heap databases and asking them: CPU time, memory, size; milliseconds of what people ask.

    bench_load.py BUILD FOLDER [FILE.snap | OBJECTS]...

For a number of objects a heap of real shape with 3 references an object is generated first. Files are
made in FOLDER. Times of a load are CPU seconds of the process by phase, as snapload --json tells them;
memory is its largest resident set. Queries are run in this process through the views, twice: the second
time is printed (warm); then SQLite has read the pages before.
"""
import json
import os
import resource
import sqlite3
import subprocess
import sys
import time

QUERIES = [
    ("top 20 by retained size", "SELECT * FROM top_objects WHERE snapshot_id = 1 AND rank <= 20"),
    ("types by retained size", "SELECT * FROM types ORDER BY retained_size DESC LIMIT 20"),
    ("top 20 of the type with most objects", "SELECT * FROM type_objects WHERE type_id = :type AND rank <= 20"),
    ("an object by address", "SELECT object_id FROM address WHERE snapshot_id = 1 AND address = :address"),
    ("references of the largest object", "SELECT * FROM refs WHERE source_id = :top LIMIT 200"),
    ("100 referrers of the largest hub", "SELECT * FROM referrers WHERE target_id = :hub LIMIT 100"),
    ("20 children of the largest object", "SELECT * FROM children WHERE dominator_id = :top ORDER BY id LIMIT 20"),
    ("path to the deepest object", "SELECT count(*) FROM path WHERE object_id = :deep"),
    ("dominators of the deepest object", "SELECT count(*) FROM dominators WHERE object_id = :deep"),
    ("globals by retained size", "SELECT * FROM globals ORDER BY retained_size DESC LIMIT 20"),
    ("types of everything live, through type_prefix",
     "SELECT type_id, sum(n) FROM (SELECT type_id, n FROM type_prefix WHERE block = :b"
     " UNION ALL SELECT type_id, count(*) FROM object WHERE id BETWEEN :b * 32768 + 1 AND :last"
     " GROUP BY 1) GROUP BY 1"),
    ("1,000 random objects with their names",
     "SELECT o.* FROM json_each(:ids) j JOIN objects o ON o.id = j.value"),
]


def load(build, snap, database, *options):
    """What snapload says, with the largest resident set of all loads so far."""
    done = subprocess.run([f"{build}/tools/snapload", "-q", "--force", "--json", snap, "-o", database,
                           *options], stdout=subprocess.PIPE, check=True)
    said = json.loads(done.stdout)
    said["peak"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return said


def show(what, said, snap):
    cpu = said["cpu_seconds"]
    mib = 1 << 20
    print(f"{what}: {said['objects']:,} objects, {said['refs']:,} references,"
          f" file {os.path.getsize(snap) / mib:.1f} MiB, database {said['database_size'] / mib:.1f} MiB,"
          f" CPU {sum(cpu.values()):.1f} s (" + ", ".join(f"{k} {v:.2f}" for k, v in cpu.items())
          + f"), wall {said['seconds']:.1f} s, peak {said['peak'] / mib:.0f} MiB", flush=True)


def parameters(db):
    def one(sql):
        row = db.execute(sql).fetchone()
        return row[0] if row else None

    last = one("SELECT garbage_root_id - 1 FROM snapshot WHERE id = 1")
    return {
        "type": one("SELECT id FROM type ORDER BY n DESC LIMIT 1"),
        "top": one("SELECT object_id FROM top_object WHERE snapshot_id = 1 AND rank = 1"),
        "address": one("SELECT address FROM object WHERE id = (SELECT garbage_root_id / 2 FROM snapshot)"),
        "hub": one("SELECT object_id FROM hub ORDER BY n DESC LIMIT 1"),
        "deep": one("SELECT id FROM object ORDER BY distance DESC LIMIT 1"),
        "last": last,
        "b": last // 32768,
        "ids": json.dumps([2 + i * 7919 % (last - 2) for i in range(1000)]),
    }


def ask(database):
    db = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    db.execute("PRAGMA cache_size = -65536")
    values = parameters(db)
    for what, sql in QUERIES:
        times = []
        for _ in range(2):
            start = time.perf_counter()
            rows = len(db.execute(sql, values).fetchall())
            times.append((time.perf_counter() - start) * 1000)
        print(f"    {what}: {times[1]:.2f} ms (first {times[0]:.2f}), {rows} rows", flush=True)
    db.close()


def main():
    build, folder = sys.argv[1:3]
    for what in sys.argv[3:]:
        snap = what
        if what.isdigit():
            snap = os.path.join(folder, f"{what}.snap")
            subprocess.run([f"{build}/corpora/gen/gen_snap", "--shape", "real", "--objects", what,
                            "--edges-per", "3", "1", snap], check=True)
        database = os.path.join(folder, "bench.db")
        show(f"{what} --summary", load(build, snap, database, "--summary"), snap)
        show(what, load(build, snap, database), snap)
        ask(database)
        os.unlink(database)


if __name__ == "__main__":
    main()
