#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Both loaders make the same database: snapload --loader=direct, which writes pages, and
--loader=api, which lets SQLite do it, are equal table by table, and SQLite finds both sound. One
thread makes the same file as two.

    db_loaders.py SNAPLOAD GEN_SNAP GOOD_FOLDER [SEED...]

On random snapshots, on several files in one database, on the files of corpora/good."""

import glob
import os
import sqlite3
import subprocess
import sys
import tempfile

SNAPLOAD, GEN_SNAP, GOOD = sys.argv[1:4]
SEEDS = [int(seed) for seed in sys.argv[4:]] or list(range(1, 9))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "corpora", "gen"))
sys.dont_write_bytecode = True
import snapc  # noqa: E402


def load(loader, paths, rest, out):
    done = subprocess.run([SNAPLOAD, "-q", "-f", "--loader", loader, "-o", out] + rest + paths,
                          stderr=subprocess.PIPE)
    return done.returncode, done.stderr.replace(os.path.basename(out).encode(), b"")


def tables(db, schema):
    return sorted(name for name, in db.execute(
        "SELECT name FROM %s.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%%'"
        % schema))


def different(paths):
    """What differs between two databases; '' if nothing does."""
    db = sqlite3.connect(paths[0])
    db.text_factory = bytes
    db.execute("ATTACH ? AS other", (paths[1],))
    problems = []
    for schema in "main", "other":
        found = [text for text, in db.execute("PRAGMA %s.integrity_check(5)" % schema)]
        if found != [b"ok"]:
            problems.append("%s: %r" % (schema, found))
    if tables(db, "main") != tables(db, "other"):
        problems.append("tables")
    for name in tables(db, "main"):
        name = name.decode()
        rows = [db.execute("SELECT * FROM %s.%s" % (schema, name)) for schema in ("main", "other")]
        number = 0
        while True:
            one, other = rows[0].fetchone(), rows[1].fetchone()
            number += 1
            if one != other:
                problems.append("%s, row %d: %r, %r" % (name, number, one, other))
                break
            if one is None:
                break
    db.close()
    return "; ".join(problems)


def same_bytes(paths):
    texts = []
    for path in paths:
        with open(path, "rb") as file:
            texts.append(file.read())
    return texts[0] == texts[1]


def check(folder, what, paths, *rest):
    made = [os.path.join(folder, "%s.db" % loader) for loader in ("direct", "api", "one")]
    results = [load("api" if "api" in out else "direct", paths,
                    ["--threads", "1" if "one" in out else "2"] + list(rest), out)
               for out in made]
    problem = ""
    if results[0][0] != results[1][0]:
        problem = "exit status %d, %d: %r" % (results[0][0], results[1][0], results)
    elif results[0][0] == 0:
        problem = different(made[:2]) or ("" if same_bytes(made[::2]) else "threads")
    print("%s %s: %s" % (what, " ".join(rest), problem or "equal"))
    return bool(problem)


def generate(folder, *args):
    path = os.path.join(folder, "made.%d.snap" % len(os.listdir(folder)))
    subprocess.run([GEN_SNAP] + list(args) + [path], check=True, stdout=subprocess.DEVNULL)
    return path


def recipe(folder, text):
    """A file of the corpora, made from its recipe."""
    path = os.path.join(folder, os.path.basename(text)[:-4] + ".snap")
    with open(text, encoding="utf-8") as source, open(path, "wb") as out:
        out.write(snapc.build(source.read()).data)
    return path


def main():
    failed = checked = 0
    with tempfile.TemporaryDirectory() as folder:
        todo = [("random %d" % seed, [generate(folder, "--chunk-rows", str(seed * 7 % 64 + 2),
                                               *(["--dangling"] if seed % 2 else []),
                                               *(["--duplicates"] if seed % 3 else []),
                                               str(seed), str(seed * 331 % 4000 + 20))])
                for seed in SEEDS]
        todo += [("real", [generate(folder, "--shape", "real", "--objects", "60000", "7")]),
                 ("three files", [generate(folder, str(seed), "900") for seed in (31, 32, 33)]),
                 ("texts", [generate(folder, "--long", "9", "300")])]
        todo += [(os.path.basename(text), [recipe(folder, text)])
                 for text in sorted(glob.glob(os.path.join(GOOD, "*.txt")))]
        several = int(os.environ.get("SNAP_TEST_SHARE", "1")) > 1
        for turn, (what, paths) in enumerate(todo):
            for i, rest in enumerate(([], ["--summary"])):
                if several and (turn + i) % 2:
                    continue  # with a share only, every other one
                failed += check(folder, what, paths, *rest)
                checked += 1
    print("%d checked, %d failed" % (checked, failed))
    return 1 if failed or checked <= len(SEEDS) else 0


if __name__ == "__main__":
    sys.exit(main())
