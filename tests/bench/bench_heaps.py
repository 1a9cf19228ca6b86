#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""From files to databases, by shape: bench_heaps.py BUILD FOLDER [OBJECTS]

A generated heap of real shape of OBJECTS (10,000,000) objects, complete and --summary; three snapshots
of it in one database; one with scattered addresses and few leaves; shapes that defeat heap analysers,
of a tenth of it. Where FOLDER has the two snapshots of a real Python heap that bench_diff.py makes,
both in one database. Files are made in FOLDER and kept, databases are not.
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import measure

SHAPES = ["list", "list-hub", "ring-hub", "ladder", "bipartite", "comb", "tree", "star", "roots", "parallel",
          "unreachable", "garbage-ring", "braid"]


def made(command, path):
    if not os.path.exists(path):
        subprocess.run([*command, path], check=True)
    return path


def main():
    build, folder = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    objects = int(sys.argv[3]) if len(sys.argv) > 3 else 10_000_000
    os.makedirs(folder, exist_ok=True)
    table, database = measure.Table(), os.path.join(folder, "heaps.db")

    def load(name, *arguments):
        """The row; bytes of the database behind it."""
        run = measure.run([f"{build}/tools/snapload", "-q", "-f", "-o", database, *arguments])
        size = os.path.getsize(database) if os.path.exists(database) else 0
        table.row(name, run, f"database {size / (1 << 20):,.0f} MiB")

    def shape(name, n):
        return made([f"{build}/corpora/gen/gen_shape", name, str(n), "1"],
                    os.path.join(folder, f"{name}-{n}.snap"))

    real = made([f"{build}/corpora/gen/gen_snap", "--shape", "real", "--objects", str(objects),
                 "--edges-per", "3", "1"], os.path.join(folder, f"real-{objects}.snap"))
    table.section(f"{objects:,} objects, snapload")
    load("real shape", real)
    load("real shape, --summary", "--summary", real)
    load("real shape, three snapshots in one database", real, real, real)
    load("scattered addresses, few leaves", shape("hostile", objects))
    python = [os.path.join(folder, n) for n in ("a.snap", "b.snap")]
    if all(map(os.path.exists, python)):
        table.section("a real Python heap, twice, 5.1 and 5.6 million objects, snapload")
        load("both in one database", *python)
        load("the first alone", python[0])
    table.section(f"{objects // 10:,} objects of a shape, snapload")
    for name in SHAPES:
        load(name, shape(name, objects // 10))
    os.unlink(database)


if __name__ == "__main__":
    main()
