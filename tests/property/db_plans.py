#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Explains the plan of every saved query and of every view asked by its key: db_plans.py DATABASE

Fails where a plan scans a big table, materialises a view, or builds an automatic index; without
statistics, with statistics as ANALYZE writes them for a heap of 10 million objects, and as it writes
them for the database at hand.
"""
import re
import shutil
import sqlite3
import sys
import tempfile

BIG = "root object ref referrer child address detail type_object component_object site_object".split()

# Shapes in which people ask the views; every view stands here at least once.
QUERIES = """
SELECT * FROM objects WHERE id = 5
SELECT * FROM objects WHERE id IN (5, 6, 7)
SELECT * FROM objects WHERE id BETWEEN 5 AND 50
SELECT * FROM refs WHERE source_id = 5 ORDER BY position
SELECT * FROM refs WHERE source_id IN (5, 6)
SELECT * FROM refs WHERE source_id = 5 AND position = 1
SELECT * FROM referrers WHERE target_id = 5
SELECT * FROM referrers WHERE target_id = 5 AND source_id = 7
SELECT * FROM referrers WHERE source_id = 5
SELECT * FROM children WHERE dominator_id = 5 ORDER BY id LIMIT 20
SELECT * FROM top_objects WHERE snapshot_id = 1 ORDER BY rank LIMIT 20
SELECT * FROM top_objects ORDER BY snapshot_id, rank LIMIT 20
SELECT * FROM heavy_objects WHERE snapshot_id = 1 ORDER BY rank LIMIT 20
SELECT * FROM type_objects WHERE type_id = 5 ORDER BY rank LIMIT 20
SELECT * FROM type_objects WHERE type_id IN (SELECT id FROM type WHERE name = 'dict') LIMIT 20
SELECT * FROM site_objects WHERE stack_id = 5 ORDER BY rank LIMIT 20
SELECT * FROM site_objects WHERE stack_id = 5 AND snapshot_id = 1 ORDER BY rank LIMIT 20
SELECT * FROM cycle_objects WHERE component_id = 5 ORDER BY rank LIMIT 20
SELECT * FROM shared_buffers WHERE snapshot_id = 1
SELECT * FROM native_sites WHERE snapshot_id = 1
SELECT * FROM blocks WHERE id = 5
SELECT * FROM events WHERE id = 5
SELECT o.* FROM shared_buffer_object m JOIN objects o ON o.id = m.object_id WHERE m.snapshot_id = 1 AND m.address = 5
SELECT * FROM roots WHERE object_id = 5
SELECT r.* FROM root_list x JOIN roots r ON r.id = x.root_id WHERE x.snapshot_id = 1 AND x.kind = 3
SELECT * FROM types WHERE snapshot_id = 1 ORDER BY retained_size DESC
SELECT * FROM sites WHERE snapshot_id = 1
SELECT * FROM stack_frames WHERE stack_id = 5 ORDER BY level
SELECT * FROM packages WHERE depth = 1
SELECT * FROM globals ORDER BY retained_size DESC LIMIT 20
SELECT * FROM cycles ORDER BY retained_size DESC LIMIT 20
SELECT * FROM class_paths WHERE parent_id = 5
SELECT * FROM root_summaries
SELECT * FROM hubs ORDER BY n DESC
SELECT * FROM threads
SELECT * FROM snapshots
SELECT * FROM owners ORDER BY rank
SELECT * FROM path WHERE object_id = 5 ORDER BY step
SELECT * FROM dominators WHERE object_id = 5 ORDER BY level
SELECT p.step, o.* FROM path p JOIN objects o ON o.id = p.id WHERE p.object_id = 5
SELECT o.label, r.* FROM top_object x JOIN objects o ON o.id = x.object_id JOIN refs r ON r.source_id = o.id WHERE x.rank <= 20
SELECT o.label, r.* FROM top_object x JOIN objects o ON o.id = x.object_id JOIN referrers r ON r.target_id = o.id WHERE x.rank <= 20
SELECT g.name, o.label FROM globals g LEFT JOIN objects o ON o.id = g.object_id
SELECT t.name, o.label FROM types t JOIN type_objects o ON o.type_id = t.id WHERE t.name = 'dict' AND o.rank = 1
SELECT f.label, o.* FROM finding x JOIN objects o ON o.id = x.object_id LEFT JOIN refs f ON f.source_id = o.parent_id AND f.position = o.parent_position
SELECT object_id FROM address WHERE snapshot_id = 1 AND address <= 5 ORDER BY address DESC LIMIT 1
"""

STATISTICS = {
    "object": [(None, "10000000")],
    "ref": [("ref", "30000000 4 1")],
    "referrer": [("referrer", "30000000 4 2 1")],
    "child": [("child", "9000000 12 1")],
    "address": [("address", "10000000 5000000 1")],
    "detail": [(None, "6000000")],
    "type_object": [("type_object", "1000000 500 1")],
    "site_object": [("site_object", "1000000 50 50 1")],
    "component_object": [("component_object", "100000 300 1")],
    "top_object": [("top_object", "10000 10000 1")],
    "root_list": [("root_list", "30000 30000 3000 1")],
    "duplicate": [("duplicate", "10000 10000 1")],
    "heavy_object": [("heavy_object", "10000 10000 1")],
    "long_object": [("long_object", "1000 1000 1")],
    "sparse_object": [("sparse_object", "1000 1000 1")],
    "resource_object": [("resource_object", "1000 1000 1")],
    "root": [("root_by_object", "100000 2")],
    "type": [(None, "3000")],
    "string": [(None, "30000")],
    "frame": [(None, "20000")],
    "stack": [(None, "50000")],
    "global": [(None, "50000")],
    "component": [(None, "5000")],
    "snapshot": [(None, "2")],
}


def tables_of(sql):
    """Names in the FROM clauses of a text, and the tables that they stand for."""
    names = {}
    for table, alias in re.findall(r"\b(?:FROM|JOIN)\s+(\w+)(?:\s+(?:AS\s+)?(\w+))?", sql):
        if alias.upper() in ("", "ON", "WHERE", "JOIN", "LEFT", "ORDER", "GROUP", "CROSS", "LIMIT"):
            alias = table
        names.setdefault(alias, table)
    return names


def aliases(sql, views):
    """The query's own names go before those inside the views that it asks."""
    names = tables_of(sql)
    for text in views.values():
        for alias, table in tables_of(text).items():
            names.setdefault(alias, table)
    return names


def check(db, name, sql, views):
    bad = []
    names = aliases(sql, {v: s for v, s in views.items() if re.search(rf"\b{v}\b", sql)})
    parameters = {p: None for p in re.findall(r":(\w+)", sql)}
    for row in db.execute("EXPLAIN QUERY PLAN " + sql, parameters):
        detail = row[3]
        scan = re.match(r"SCAN (\w+)", detail)
        table = names.get(scan.group(1), scan.group(1)) if scan else None
        if table in BIG:
            bad.append(detail)
        if "AUTOMATIC" in detail or re.match(r"MATERIALIZE (\w+)", detail):
            bad.append(detail)
    if bad:
        print(f"{name}: {'; '.join(bad)}\n    {' '.join(sql.split())[:200]}")
    return not bad


def check_all(db, what):
    views = dict(db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'view'"))
    ok = True
    for sql in QUERIES.strip().splitlines():
        ok &= check(db, what, sql, views)
    for name, sql in db.execute("SELECT name, sql FROM saved_query").fetchall():
        ok &= check(db, f"{what}: {name}", sql, views)
    for view in views:
        if not re.search(rf"\b{view}\b", QUERIES):
            print(f"no query for the view {view}")
            ok = False
    return ok


def main():
    ok = True
    with tempfile.TemporaryDirectory() as directory:
        for what in ("no statistics", "statistics of 10 million objects", "ANALYZE"):
            copy = f"{directory}/copy.db"
            shutil.copy(sys.argv[1], copy)
            db = sqlite3.connect(copy)
            if what != "no statistics":
                db.execute("ANALYZE")
                if what != "ANALYZE":
                    db.execute("DELETE FROM sqlite_stat1")
                    for table, rows in STATISTICS.items():
                        for index, stat in rows:
                            db.execute("INSERT INTO sqlite_stat1 VALUES (?, ?, ?)", (table, index, stat))
                db.commit()
                db.close()
                db = sqlite3.connect(copy)
            ok &= check_all(db, what)
            db.close()
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
