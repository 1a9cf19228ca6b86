# SPDX-License-Identifier: MIT
"""Whether two heap databases say the same, table by table; for dumps and what was converted of them."""

import sqlite3

#: What tells the files apart, not their heaps.
OF_THE_FILE = {"path", "file_uuid", "parent_uuid", "parent"}
#: Facts about the writing of a file.
FACTS = ("library", "parent.uuid", "convert.format", "convert.redacted")


def tables(db):
    return [name for name, in db.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]


def query(db, table, numbers):
    """All rows of a table in an order of their own, texts in place of their numbers."""
    columns, key = [], []
    for _, name, _, _, _, part in db.execute("PRAGMA table_info(%s)" % table):
        if table == "snapshot" and name in OF_THE_FILE:
            continue
        if part:
            key.append(name)
        text = name in numbers.get(table, ())
        columns.append("(SELECT text FROM string WHERE id = t.%s)" % name if text else name)
    where = " WHERE key NOT IN %s" % (FACTS,) if table == "metadata" else ""
    order = " ORDER BY %s" % ", ".join(key or ["rowid"])
    return "SELECT %s FROM %s t%s%s" % (", ".join(columns), table, where, order)


def texts(db):
    """Columns that hold numbers of strings, by table."""
    found = {}
    for table in tables(db):
        found[table] = {row[3] for row in db.execute("PRAGMA foreign_key_list(%s)" % table)
                        if row[2] == "string"}
    return found


def differences(one, other, without=()):
    """A sentence for each table that differs; tables in `without` are not looked at."""
    a, b = sqlite3.connect(one), sqlite3.connect(other)
    found = []
    if tables(a) != tables(b):
        return ["other tables"]
    numbers = texts(a)
    for table in tables(a):
        if table in without or table == "string":
            continue
        sql = query(a, table, numbers)
        for n, (x, y) in enumerate(zip(list(a.execute(sql)) + [None],
                                       list(b.execute(sql)) + [None])):
            if x != y:
                found.append("%s, row %d: %.300r, %.300r" % (table, n, x, y))
                break
    used = "SELECT text FROM string ORDER BY text"
    if "string" not in without and set(a.execute(used)) != set(b.execute(used)):
        found.append("string: other texts: %.300r" % sorted(
            set(a.execute(used)) ^ set(b.execute(used)))[:8])
    a.close()
    b.close()
    return found


if __name__ == "__main__":
    import sys
    print("\n".join(differences(sys.argv[1], sys.argv[2])) or "the same")
