#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""CPU time, wall time and peak memory of questions to heap databases.

    bench_ask.py --bin BUILD/tools DB [DB...]

Asks each database what snaptop, snappath and snapshow answer at once, and what needs the reference
graph. Types and objects are chosen from the database itself: its largest type, its largest hub (or the
last object), the object with the longest path. Prints one line a question.
"""
import argparse
import os
import sqlite3
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import measure


def questions(path):
    db = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
    live = "(SELECT garbage_root_id FROM snapshot ORDER BY id DESC LIMIT 1)"
    type_ = db.execute("SELECT name FROM type ORDER BY n DESC LIMIT 1").fetchone()[0]
    hub = db.execute("SELECT object_id FROM hub WHERE object_id < %s ORDER BY n DESC LIMIT 1"
                     % live).fetchone()
    hub = hub or db.execute("SELECT max(id) FROM object WHERE id < %s" % live).fetchone()
    far = db.execute("SELECT id FROM object ORDER BY distance DESC LIMIT 1").fetchone()[0]
    n, refs = db.execute("SELECT n_objects, n_refs FROM snapshot ORDER BY id DESC LIMIT 1").fetchone()
    db.close()
    print("%s: %s objects, %s references; type %s, hub #%d, farthest #%d" %
          (os.path.basename(path), format(n, ","), format(refs, ","), type_, hub[0], far))
    hub, far = "#%d" % hub[0], "#%d" % far
    return [
        ("overview", ["snaptop", path]),
        ("objects by shallow size", ["snaptop", "--by", "object", "--sort", "shallow", path]),
        ("set of two objects", ["snaptop", "--set", "VALUES (2), (%s)" % far[1:], path]),
        ("a type, exact", ["snaptop", "--type", type_, "--exact", path]),
        ("5 types, exact", ["snaptop", "--by", "type", "--exact", "-n", "5", path]),
        ("what each thread holds", ["snaptop", "--by", "thread", path]),
        ("hub: everything", ["snapshow", path, hub]),
        ("hub: path", ["snappath", path, hub]),
        ("hub: 3 paths", ["snappath", "-k", "3", path, hub]),
        ("farthest: everything", ["snapshow", path, far]),
        ("farthest: path", ["snappath", path, far]),
        ("type: merged paths", ["snappath", "--type", type_, path]),
    ]



def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("db", nargs="+")
    options = parser.parse_args()
    for path in options.db:
        for what, command in questions(path):
            command[0] = os.path.join(options.bin, command[0])
            best = measure.best(command)
            print("  %-26s %8.3f s CPU %8.3f s wall %8.1f MiB%s" %
                  (what, best.cpu, best.wall, best.peak, "" if best.status == 0 else "  FAILED"))
            sys.stdout.flush()


if __name__ == "__main__":
    main()
