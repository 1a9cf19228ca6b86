#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks what snapdiff says about random pairs of snapshots against the databases themselves.

    check_diff.py FIRST LAST        (seeds; snapdiff is found on the path)

For each pair, forwards and backwards, in each way of matching that applies:
  - over all owner lines, shallow_delta is the difference of live and garbage bytes, and count_delta of
    objects; the lines of the garbage alone make the difference of the garbage;
  - added - removed + resized is shallow_delta in each line, and equals retained_delta;
  - what a line holds by type adds up to what was added and removed;
  - lines are ordered; signatures are different; counts by type agree with the tables;
  - of each type, came - went is the difference in number; came over all types is what the lines added
    live, and what was replaced in its place;
  - backwards, what came has gone: the number of matched objects is the same (by address);
  - by address no object of B is taken for one of A that has another type, or another address.

And of random records of allocations: by signature a block is new where there are more of its type, size
and innermost frame than before; counts and sizes by place agree with the objects.
"""
import collections
import json
import os
import sqlite3
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import make_diff  # noqa: E402


class Wrong(Exception):
    pass


def want(condition, what):
    if not condition:
        raise Wrong(what)


def diff(a, b, *options):
    got = subprocess.run(["snapdiff", "-q", "--json", "--all", *options, a, b],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    want(got.returncode == 0, "exit %d: %s" % (got.returncode, got.stderr.decode()))
    return json.loads(got.stdout)


def totals(path):
    with sqlite3.connect("file:%s?mode=ro" % path, uri=True) as db:
        size, garbage, n = db.execute("SELECT live_size, garbage_size, n_objects FROM snapshot").fetchone()
        types = db.execute("SELECT CASE WHEN module IS NULL OR module = 'builtins' THEN name"
                           " ELSE module || '.' || name END, sum(n), sum(shallow_size), sum(retained_size)"
                           " FROM type WHERE n > 0 GROUP BY 1").fetchall()
    return size, garbage, n, {t[0]: t[1:] for t in types}


def check(a, b, *options):
    d = diff(a, b, *options)
    live_a, garbage_a, n_a, types_a = totals(a)
    live_b, garbage_b, n_b, types_b = totals(b)
    owners = d["owners"]
    want(len(owners) == d["owners_total"], "--all shows all")
    want(sum(o["shallow_delta"] for o in owners) == live_b + garbage_b - live_a - garbage_a, "bytes")
    want(sum(o["count_delta"] for o in owners) == n_b - n_a, "objects")
    want(sum(o["shallow_delta"] for o in owners if o["signature"].startswith("(garbage)")) ==
         garbage_b - garbage_a, "garbage")
    want(d["totals"]["live_delta"] == live_b - live_a, "live_delta")
    for o in owners:
        added, removed = o["added"], o["removed"]
        want(added["shallow_size"] - removed["shallow_size"] + o["resized"] == o["shallow_delta"] ==
             o["retained_delta"], "delta of " + o["signature"])
        want(added["count"] - removed["count"] == o["count_delta"], "count of " + o["signature"])
        want(o["moved"]["count"] <= added["count"] >= o["shared"]["count"], "parts of " + o["signature"])
        want(o["holds_total"] > 10 or
             sum(h["retained_delta"] for h in o["holds"]) + o["resized"] == o["retained_delta"] and
             sum(h["count_delta"] for h in o["holds"]) == o["count_delta"], "holds of " + o["signature"])
    growth = [o["retained_delta"] + o["native_delta"] for o in owners]
    want(growth == sorted(growth, reverse=True), "order")
    want(len({o["signature"] for o in owners}) == len(owners), "signatures")
    for t in d["types"]:
        n1, s1, r1 = types_a.get(t["type"], (0, 0, 0))
        n2, s2, r2 = types_b.get(t["type"], (0, 0, 0))
        want((t["count_a"], t["shallow_a"], t["count_b"], t["shallow_b"]) == (n1, s1, n2, s2),
             "type " + t["type"])
        want((t["retained_a"], t["retained_b"]) == (r1, r2), "retained of type " + t["type"])
        want(t["count_new"] - t["count_gone"] == n2 - n1, "came and went of " + t["type"])
    replaced = d["totals"]["replaced_count"]
    live = [o for o in owners if not o["signature"].startswith("(garbage)")]
    want(sum(t["count_new"] for t in d["types"]) == sum(o["added"]["count"] for o in live) + replaced,
         "came")
    want(sum(t["count_gone"] for t in d["types"]) == sum(o["removed"]["count"] for o in live) + replaced,
         "went")
    want(sum(o["n_replaced"] for o in owners) <= replaced, "replaced")
    return d


def seed(number, folder):
    make_diff.CASES["random"](folder, number)
    a, b = os.path.join(folder, "a.db"), os.path.join(folder, "b.db")
    first = check(a, b)
    check(b, a)
    check(a, b, "--matching=signature")
    if first["matching"] == "address":
        same = check(a, a)
        want(same["owners_total"] == 0 and not same["types"], "a snapshot and itself")


def blocks(path):
    """How many blocks there are by type, size and innermost frame; numbers and bytes by stack; references."""
    with sqlite3.connect("file:%s?mode=ro" % path, uri=True) as db:
        alike = collections.Counter(db.execute(
            "SELECT t.name, o.shallow_size, k.frame_id FROM object o JOIN type t ON t.id = o.type_id"
            " LEFT JOIN stack k ON k.id = o.stack_id WHERE o.dominator_id IS NOT NULL"))
        sites = sorted(db.execute("SELECT count(*), sum(shallow_size) FROM object"
                                  " WHERE stack_id IS NOT NULL GROUP BY stack_id"))
        refs, = db.execute("SELECT n_refs FROM snapshot").fetchone()
    return alike, sites, refs


def traces(number, folder):
    make_diff.CASES["traces"](folder, number)
    a, b = os.path.join(folder, "a.db"), os.path.join(folder, "b.db")
    check(a, b)
    want(check(a, a)["owners_total"] == 0, "a snapshot and itself")
    for a, b in (a, b), (b, a):
        d = check(a, b, "--matching=signature")
        alike_a, sites_a, refs = blocks(a)
        alike_b, sites_b, _ = blocks(b)
        if refs or not (sites_a and sites_b):
            continue
        for t in d["types"]:
            new = sum(n for (name, *_), n in (alike_b - alike_a).items() if name == t["type"])
            want(t["count_new"] == new, "new of " + t["type"])
        for key, column in (("count_delta", 0), ("shallow_delta", 1)):
            want(sum(s[key] for s in d["sites"]) ==
                 sum(s[column] for s in sites_b) - sum(s[column] for s in sites_a), key + " by place")


def main():
    failed = 0
    for number in range(int(sys.argv[1]), int(sys.argv[2]) + 1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                seed(number, folder)
                if number % 3 == 0:
                    traces(number // 3, folder)
            except Wrong as wrong:
                failed += 1
                print("seed %d: %s" % (number, wrong))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
