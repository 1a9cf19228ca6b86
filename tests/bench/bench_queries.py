#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How long a heap database takes to answer: bench_queries.py DATABASE [MILLISECONDS]

Every saved query, and every view by its key column, at most 1,000 rows of each: of the objects with most
references to them, from them and below them, of the one farthest from the roots, of the largest types,
sites and cycles. Each is asked twice; the second time is what counts (SQLite has read the pages before).
Prints the slowest key of each question, in ms, and ends with 1 where one takes longer than MILLISECONDS
(100).
"""
import os
import re
import sqlite3
import sys
import time

# View: its key column, and the list of values to try.
VIEWS = {
    "objects": ("id", "object"), "refs": ("source_id", "object"), "referrers": ("target_id", "object"),
    "children": ("dominator_id", "object"), "top_objects": ("snapshot_id", "snapshot"),
    "type_objects": ("type_id", "type"), "site_objects": ("stack_id", "stack"),
    "shared_buffers": ("snapshot_id", "snapshot"), "cycle_objects": ("component_id", "cycle"),
    "roots": ("object_id", "object"), "types": ("snapshot_id", "snapshot"),
    "sites": ("snapshot_id", "snapshot"), "native_sites": ("snapshot_id", "snapshot"),
    "blocks": ("id", "snapshot"), "events": ("id", "snapshot"), "stack_frames": ("stack_id", "stack"),
    "packages": ("snapshot_id", "snapshot"), "globals": ("snapshot_id", "snapshot"),
    "cycles": ("snapshot_id", "snapshot"), "class_paths": ("snapshot_id", "snapshot"),
    "root_summaries": ("snapshot_id", "snapshot"), "hubs": ("snapshot_id", "snapshot"),
    "threads": ("snapshot_id", "snapshot"), "snapshots": ("id", "snapshot"), "owners": ("rank", "snapshot"),
    "path": ("object_id", "object"), "dominators": ("object_id", "object"),
}
LIMIT = 1000


def values(db):
    """The keys that are hardest, by what they are keys of."""
    def column(sql):
        return [row[0] for row in db.execute(sql) if row[0] is not None]

    def most(table, key):
        """The key with most rows: looked for among 200,000 of them, by jumps in the table's order."""
        return column(f"SELECT {key} FROM (SELECT {key} FROM {table} LIMIT 200000) GROUP BY 1"
                      " ORDER BY count(*) DESC LIMIT 3")

    found = {
        "object": column("SELECT object_id FROM hub ORDER BY n DESC LIMIT 3")
                  + column("SELECT object_id FROM top_object WHERE rank IN (1, 2, 100, 10000)")
                  + most("ref", "source_id") + most("child", "dominator_id")
                  + column("SELECT id FROM object ORDER BY distance DESC LIMIT 2"),
        "type": column("SELECT id FROM type ORDER BY n DESC LIMIT 3"),
        "stack": column("SELECT stack_id FROM site ORDER BY n DESC LIMIT 3") or [1],
        "cycle": column("SELECT id FROM component ORDER BY n DESC LIMIT 3") or [1],
        "snapshot": column("SELECT id FROM snapshot"),
        "type name": column("SELECT name FROM type ORDER BY n DESC LIMIT 3"),
    }
    return found


PARAMETERS = {"object": "object", "type": "type name", "cycle": "cycle", "snapshot": "snapshot",
              "a": "snapshot", "b": "snapshot"}


def ask(db, sql, parameters):
    """Rows, and milliseconds of the second time."""
    for _ in range(2):
        began = time.perf_counter()
        rows = len(db.execute(sql, parameters).fetchmany(LIMIT))
        spent = time.perf_counter() - began
    return rows, 1000 * spent


def questions(db, keys):
    """Name, SQL and parameters of all, a key each."""
    for name, sql in db.execute("SELECT name, sql FROM saved_query ORDER BY name").fetchall():
        wanted = set(re.findall(r":(\w+)", sql))
        own = next((w for w in sorted(wanted) if w not in ("snapshot", "a", "b")), None)
        for key in keys[PARAMETERS[own]] if own else [None]:
            parameters = {w: key if w == own else keys[PARAMETERS[w]][-1] for w in wanted}
            yield f"saved query {name}", sql, parameters
    for name, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name").fetchall():
        column, of = VIEWS[name]
        for key in keys[of]:
            yield f"view {name}", f"SELECT * FROM {name} WHERE {column} = :key LIMIT {LIMIT}", {"key": key}


def main():
    limit = float(sys.argv[2]) if len(sys.argv) > 2 else 100.0
    db = sqlite3.connect(f"file:{os.path.abspath(sys.argv[1])}?mode=ro", uri=True)
    objects, refs = db.execute("SELECT sum(n_objects), sum(n_refs) FROM snapshot").fetchone()
    print(f"{sys.argv[1]}: {objects:,} objects, {refs:,} references")
    slowest = {}
    for name, sql, parameters in questions(db, values(db)):
        rows, ms = ask(db, sql, parameters)
        if ms >= slowest.get(name, (0,))[0]:
            slowest[name] = ms, rows, parameters
    for name, (ms, rows, parameters) in sorted(slowest.items(), key=lambda item: -item[1][0]):
        print(f"{ms:10.2f} ms {rows:6,} rows  {name}  {parameters if parameters else ''}")
    late = [name for name, (ms, _, _) in slowest.items() if ms > limit]
    print(f"{len(slowest)} questions, {len(late)} slower than {limit:g} ms")
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
