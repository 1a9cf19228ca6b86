# Databases from strangers, through every command: names that stand for something else, and rows
# that lie. Every command ends in time, with exit status 0 or 2; what is laid out otherwise is
# refused in one line.
# needs: make_snap snapload snaptop snappath snapshow snapdiff snapsql
make_snap two good.snap
snapload -q -o good.db good.snap
snapdiff -q good.snap good.snap > diff.txt # fills the cache
PYTHONPATH=$TESTS_CLI "$PYTHON" - <<'END_OF_PYTHON'
import os
import shutil
import sqlite3
import time

import commands

ENDLESS = ("WITH RECURSIVE e (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM e)"
           " SELECT %s FROM e")
SECONDS = 20
SHARE = int(os.environ.get("SNAP_TEST_SHARE", "1"))
problems = 0


def problem(name, args, text):
    global problems
    problems += 1
    print("%s: %s: %s" % (name, " ".join(args), text))


def columns(db, table):
    return [row[1] for row in db.execute("PRAGMA table_info(%s)" % table)]


def raw_schema(db, sql, *values):
    """A change of the schema that SQLite would not make."""
    db.execute("PRAGMA writable_schema = ON")
    db.execute(sql, values)
    db.execute("PRAGMA writable_schema = RESET")


def endless(kind, name):
    """A table or view becomes a view with the same columns and no end."""
    def change(db):
        names = columns(db, name)
        db.execute("DROP %s %s" % (kind, name))
        db.execute("CREATE VIEW %s (%s) AS %s"
                   % (name, ", ".join(names), ENDLESS % ", ".join(["n"] * len(names))))
    return change


def disguised(db):
    """The row of the schema says table, its text makes a view."""
    names = columns(db, "object")
    raw_schema(db, "UPDATE sqlite_schema SET rootpage = 0, sql = ? WHERE name = 'object'",
               "CREATE VIEW object (%s) AS %s" % (", ".join(names),
                                                  ENDLESS % ", ".join(["n"] * len(names))))


def virtual(db):
    db.execute("DROP TABLE root_summary")
    db.execute("CREATE VIRTUAL TABLE root_summary USING rtree(snapshot_id, kind, n)")


def generated(db):
    db.execute("ALTER TABLE snapshot ADD COLUMN x INTEGER AS (length(hex(zeroblob(50000000))))")


def deep_views(db):
    """Views that take for ever to compile, which nobody has to."""
    db.execute("CREATE VIEW v0 AS SELECT 1 AS a")
    for i in range(1, 60):
        db.execute("CREATE VIEW v%d AS SELECT (SELECT a FROM v%d) + (SELECT a FROM v%d) AS a"
                   % (i, i - 1, i - 1))


def triggers(db):
    for table in "object", "ref", "referrer", "snapshot", "hub":
        db.execute("CREATE TRIGGER t_%s AFTER INSERT ON %s BEGIN DELETE FROM object; END"
                   % (table, table))
    db.execute("CREATE TRIGGER t_u AFTER UPDATE ON snapshot BEGIN DELETE FROM object; END")
    db.execute("DELETE FROM ref")
    db.execute("DELETE FROM referrer")
    db.execute("UPDATE snapshot SET has_refs = 0")


def loose(table, change):
    """Rows that the table's own rules forbid: they are put aside and come back."""
    def apply(db):
        text, = db.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
        free = text.replace("STRICT", "").replace(" NOT NULL", "")
        free = free.rstrip().rstrip(",").replace("WITHOUT ROWID,", "WITHOUT ROWID")
        raw_schema(db, "UPDATE sqlite_schema SET sql = ? WHERE name = ?", free, table)
        db.execute(change)
        raw_schema(db, "UPDATE sqlite_schema SET sql = ? WHERE name = ?", text, table)
    return apply


def plain(table):
    """Any value fits into any column."""
    def apply(db):
        raw_schema(db, "UPDATE sqlite_schema SET sql = replace(sql, 'STRICT', '') WHERE name = ?",
                   table)
    return apply


def rows(*statements):
    def change(db):
        db.execute("PRAGMA foreign_keys = OFF")
        for sql in statements:
            db.execute(sql)
    return change


OTHER_LAYOUT = {
    **{"%s without end" % name: endless("TABLE", name)
       for name in ("object", "ref", "snapshot", "type", "warning", "string")},
    **{"%s without end" % name: endless("VIEW", name) for name in ("objects", "types")},
    "disguised view": disguised, "virtual table": virtual, "generated column": generated,
    "table gone": rows("DROP TABLE detail"), "view gone": rows("DROP VIEW globals"),
    "index gone": rows("DROP INDEX root_by_object"),
    "column of another name": rows("ALTER TABLE type RENAME COLUMN flags TO flag"),
    "table without its rules": plain("object"),
}
LIES = {
    "views beside ours": deep_views, "triggers": triggers,
    "dominator cycle": rows("UPDATE object SET dominator_id = id WHERE dominator_id IS NOT NULL"),
    "dominators swapped": rows("UPDATE object SET dominator_id = last_dominated"
                               " WHERE dominator_id IS NOT NULL"),
    "parent cycle": rows("UPDATE object SET parent_id = id, distance = 2"),
    "parents in a ring": rows("UPDATE object SET parent_id = id % 5 + 1, distance = 9"),
    "children of themselves": rows("DELETE FROM child",
                                   "INSERT INTO child SELECT id, id FROM object"),
    "no dominators": rows("UPDATE object SET dominator_id = NULL"),
    "ranges over all": rows("UPDATE object SET last_dominated = 9223372036854775807"),
    "ranges backwards": rows("UPDATE object SET last_dominated = -5"),
    "largest sizes": rows("UPDATE object SET shallow_size = 9223372036854775807,"
                          " retained_size = 9223372036854775807, native_size = 9223372036854775807",
                          "UPDATE type SET shallow_size = 9223372036854775807,"
                          " n = 9223372036854775807, retained_size = 9223372036854775807"),
    "smallest sizes": rows("UPDATE object SET shallow_size = -9223372036854775808,"
                           " retained_size = -9223372036854775808, distance = -9223372036854775808",
                           "UPDATE type SET shallow_size = -9223372036854775808, n = -1"),
    "snapshot sizes": rows("UPDATE snapshot SET live_size = 9223372036854775807,"
                           " garbage_size = 9223372036854775807, shallow_size = -1,"
                           " n_roots = -7, n_refs = 9223372036854775807, captured_at = 1e308"),
    "stacks in a ring": rows("UPDATE stack SET parent_id = id"),
    "classes in a ring": rows("UPDATE class_path SET parent_id = id"),
    "types in a ring": rows("UPDATE type SET base_id = id, object_id = -1, name = ''"),
    "references to nowhere": rows("UPDATE ref SET target_id = 9223372036854775807, kind = -3,"
                                  " name_id = 0"),
    "positions": rows("UPDATE ref SET position = -9223372036854775808 + position"),
    "ids far away": rows("UPDATE object SET id = id + 4611686018427387904"),
    "type ids far away": rows("UPDATE type SET id = id - 4611686018427387904"),
    "no rows": rows("DELETE FROM object", "DELETE FROM type", "DELETE FROM ref",
                    "DELETE FROM string"),
    "huge names": rows("UPDATE string SET text = hex(zeroblob(200000))",
                       "UPDATE type SET name = hex(zeroblob(200000))"),
    "many warnings": rows("INSERT INTO warning (offset, message) WITH RECURSIVE e (n) AS (SELECT 1"
                          " UNION ALL SELECT n + 1 FROM e WHERE n < 100000) SELECT -n, 'w' FROM e"),
    "memory map": rows("UPDATE memory_map SET bytes = -9223372036854775808"),
    "nulls": loose("object", "UPDATE object SET type_id = NULL, last_dominated = NULL,"
                             " retained_size = NULL, flags = NULL, snapshot_id = NULL"),
    "texts for numbers": loose("object", "UPDATE object SET type_id = 'x', last_dominated = 'y',"
                                         " shallow_size = x'00ff', distance = 1e300,"
                                         " retained_size = 'NaN', dominator_id = 'z'"),
    "numbers for texts": loose("type", "UPDATE type SET name = NULL, n = 'many', kind = 2.5"),
    "snapshot nulls": loose("snapshot", "UPDATE snapshot SET complete = NULL, n_objects = NULL,"
                                        " n_refs = 'x', captured_at = 'soon', has_refs = NULL"),
    "blobs in references": loose("ref", "UPDATE ref SET target_id = x'00', kind = 'k'"),
    "not a number": loose("counter", "UPDATE counter SET value = 9e999"),
}

for turn, (name, change, refused) in enumerate([(n, c, True) for n, c in OTHER_LAYOUT.items()] +
                                               [(n, c, False) for n, c in LIES.items()]):
    shutil.copy("good.db", "bad.db")
    db = sqlite3.connect("bad.db", isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")
    change(db)
    db.close()
    last = None
    for i, args in enumerate(commands.lines("bad.db")):
        if args[0] == "snapload" or (refused and args[0] == last) or (i + turn) % SHARE:
            continue  # snapload takes no database; one line shows a refusal
        last = args[0]
        start = time.monotonic()
        status, out, err = commands.run(args, SECONDS)
        if status is None:
            problem(name, args, "does not end")
            continue
        own = all(x.startswith(args[0].encode() + b": ") for x in err.splitlines())
        if status not in (0, 2) or not own:
            problem(name, args, "exit status %d: %s" % (status, err[:1500]))
        if refused:
            if status != 2 or err.count(b"\n") != 1:
                problem(name, args, "exit status %d, not refused: %s" % (status, err[:300]))
            if time.monotonic() - start > SECONDS / 2:
                problem(name, args, "refused after %d s" % (time.monotonic() - start))
print("%d databases, %d problems" % (len(OTHER_LAYOUT) + len(LIES), problems))
END_OF_PYTHON
