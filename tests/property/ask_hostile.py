#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""snaptop, snappath and snapshow on heap databases whose numbers lie.

    ask_hostile.py --bin DIR [--rounds N] [--first SEED]

A small valid database gets some of its rows changed to contradict each other: loops of parents and
dominators, ranges that do not nest, numbers beyond every bound, missing rows. Every question must end
soon, with an answer or with one line and exit status 2, and never otherwise. Run it with a build that
has sanitizers. Exit status: 0 all ended well, 1 not, 77 a tool is missing.
"""
import argparse
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "cli"))
import make_heapdb  # noqa: E402

ODD = [None, 0, 1, -1, 2, 3, 7, 2**31, 2**32 - 1, 2**32, 2**48, 2**62, 2**63 - 1, -2**63]
TABLES = ["object", "ref", "referrer", "child", "root", "type", "snapshot", "detail", "component",
          "type_object", "site", "package", "stack", "frame", "thread", "string", "type_prefix",
          "global", "root_summary", "hub", "hub_type", "heavy_object"]
QUESTIONS = [
    ["snaptop"], ["snaptop", "--garbage"], ["snaptop", "--by", "thread"],
    ["snaptop", "--by", "type", "--exact"], ["snaptop", "--by", "package", "--exact", "--garbage"],
    ["snaptop", "--by", "object", "--all"], ["snaptop", "--by", "site", "--exact"],
    ["snaptop", "--type", "*", "--exact"], ["snaptop", "--set", "SELECT id FROM objects"],
    ["snaptop", "--set", "SELECT id FROM objects WHERE id % 3 = 0", "--json"],
    ["snappath", "--type", "*", "--all"], ["snappath", "--type", "*", "--json"],
    ["snappath", "2", "3", "--all"], ["snappath", "-k", "4", "5", "9"], ["snappath", "-k", "9", "12"],
    ["snappath", "50", "51", "53"], ["snapshow", "2", "5", "9", "50"],
    ["snapshow", "--json", "3", "12", "51"],
]


def spoil(path, r):
    """Changes some rows; what the database itself refuses is left."""
    db = sqlite3.connect(path)
    done = []
    for _ in range(r.randint(1, 6)):
        table = r.choice(TABLES[:5] if r.random() < 0.6 else TABLES)
        columns = [c[1] for c in db.execute("PRAGMA table_info(%s)" % table)]
        rows = db.execute("SELECT * FROM %s" % table).fetchall()
        if not rows:
            continue
        row = r.choice(rows)
        where = " AND ".join("%s IS ?" % c for c in columns)
        try:
            if r.random() < 0.15:
                done.append("DELETE FROM %s %r" % (table, row))
                db.execute("DELETE FROM %s WHERE %s" % (table, where), row)
            else:
                i = r.randrange(len(columns))
                value = r.choice(ODD) if r.random() < 0.5 else r.choice(rows)[i]
                done.append("%s %r: %s = %r" % (table, row, columns[i], value))
                db.execute("UPDATE %s SET %s = ? WHERE %s" % (table, columns[i], where),
                           (value, *row))
        except (sqlite3.Error, OverflowError):
            done.pop()
    db.commit()
    db.close()
    return done


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--rounds", type=int,
                        default=40 // int(os.environ.get("SNAP_TEST_SHARE", "1")))
    parser.add_argument("--first", type=int, default=1)
    options = parser.parse_args()
    for tool in ("snaptop", "snappath", "snapshow"):
        if not os.path.exists(os.path.join(options.bin, tool)):
            print("skipped: %s is not built" % tool)
            return 77
    failed, answered, refused = 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        good, bad = os.path.join(folder, "good.db"), os.path.join(folder, "bad.db")
        writer = make_heapdb.Writer(good)
        writer.heap(make_heapdb.service())
        writer.close()
        for seed in range(options.first, options.first + options.rounds):
            r = random.Random(seed)
            shutil.copy(good, bad)
            changes = spoil(bad, r)
            for question in r.sample(QUESTIONS, 9):
                command = [os.path.join(options.bin, question[0])]
                command += ([bad] + question[1:]) if question[0] != "snaptop" else question[1:] + [bad]
                try:
                    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                         timeout=30, check=False)
                    code, text = run.returncode, run.stderr.decode(errors="replace")
                except subprocess.TimeoutExpired:
                    code, text = "timeout", ""
                if code == 0:
                    answered += 1
                elif code == 2 and "Sanitizer" not in text and text.startswith(question[0] + ": "):
                    refused += 1
                else:
                    failed += 1
                    print("seed %d: %s: %s\n  %s\n%s" % (seed, " ".join(question), code,
                                                         "\n  ".join(changes), text[:3000]))
    print("%d answered, %d refused, %d failed" % (answered, refused, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
