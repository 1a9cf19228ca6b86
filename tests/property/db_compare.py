#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds a heap database against the rows of the snapshot files it was made from.

    db_compare.py DUMP_ROWS DATABASE SNAP...

Everything is computed here a second time, from the rows that DUMP_ROWS prints and by the definitions:
duplicates and dangling references, what is held from outside, what is live; and for small snapshots
the retained set of every object and cycle, by taking it out and looking what is still reachable.
Prints the first differences and ends with 1, or prints nothing.
"""
import collections
import json
import sqlite3
import subprocess
import sys

BRUTE_MAX = 1200  # objects beyond which retained sets are not computed by the definition
WEAK = {10, 12, 15, 17}
OWNING_ROOTS = {3, 9, 10, 11}
IMMORTAL, EXTERNAL, UNREACHABLE = 7, 8, 19
IMMORTAL_FLAG = 8


class Difference(Exception):
    pass


def check(condition, *what):
    if not condition:
        raise Difference(" ".join(str(w) for w in what))


def signed(value):
    return value - (1 << 64) if value >= 1 << 63 else value


class Snapshot:
    def __init__(self):
        self.objects, self.edges, self.roots, self.finish = [], [], [], None


def read_rows(dump_rows, path):
    """The snapshots of a file, and its strings, types and frames."""
    out = subprocess.run([dump_rows, path], stdout=subprocess.PIPE, check=False).stdout
    strings, types, snapshots = {}, {}, [Snapshot()]
    for line in out.split(b"\n"):
        if not line:
            continue
        row = json.loads(line.decode("utf-8", "replace"))
        kind = row["k"]
        now = snapshots[-1]
        if kind == "string":
            strings.setdefault(row["id"], row["text"].replace("\0", "\ufffd"))
        elif kind == "type":
            types.setdefault(row["id"], row)
        elif kind == "object":
            now.objects.append(row)
        elif kind == "edge":
            now.edges.append(row)
        elif kind == "root":
            now.roots.append(row)
        elif kind == "finish":
            now.finish = row
            snapshots.append(Snapshot())
    if not snapshots[-1].objects and not snapshots[-1].edges:
        snapshots.pop()
    return strings, types, snapshots


class Expected:
    """The graph of a snapshot by the definitions. Objects are named by their ids."""

    def __init__(self, s, strings):
        self.complete = bool(s.finish and s.finish["flags"] & 1
                             and s.finish["objects"] == len(s.objects)
                             and s.finish["edges"] == len(s.edges)
                             and s.finish["roots"] == len(s.roots))
        self.objects, by_ordinal, kept = {}, {}, set()
        for o in s.objects:
            by_ordinal[o["ordinal"]] = o["id"]
            if o["id"] not in self.objects:
                self.objects[o["id"]] = o
                kept.add(o["ordinal"])
        sources = collections.defaultdict(list)
        self.owned = collections.Counter()
        for e in s.edges:
            target = by_ordinal.get(e["ordinal"]) if "ordinal" in e else e["target"]
            if e["source"] not in kept or target not in self.objects:
                continue
            sources[by_ordinal[e["source"]]].append((target, e))
            self.owned[target] += e["owns"]
        self.refs = sources
        self.roots = []
        for r in s.roots:
            target = by_ordinal.get(r["ordinal"]) if "ordinal" in r else r["object"]
            if target in self.objects:
                self.roots.append((target, r["kind"] if 1 <= r["kind"] <= 19 else 1,
                                   strings.get(r.get("name"))))
        self.external = {}
        if self.complete:
            self.find_external()

    def find_external(self):
        holders = collections.Counter(t for t, kind, _ in self.roots if kind in OWNING_ROOTS)
        for o in self.objects.values():
            count, owned = o.get("refcount"), self.owned[o["id"]]
            known = count is not None and count < 0xffffffff and count >= owned
            if o.get("flags", 0) & IMMORTAL_FLAG:
                self.roots.append((o["id"], IMMORTAL, None))
            elif known:
                self.external[o["id"]] = max(0, count - owned - holders[o["id"]])
                if self.external[o["id"]] > 0:
                    self.roots.append((o["id"], EXTERNAL, None))

    def holding(self):
        return {s: [t for t, e in refs if e["kind"] not in WEAK] for s, refs in self.refs.items()}


def reach(graph, starts, without=frozenset()):
    seen = {s for s in starts if s not in without}
    todo = list(seen)
    while todo:
        for t in graph.get(todo.pop(), ()):
            if t not in seen and t not in without:
                seen.add(t)
                todo.append(t)
    return seen


def compare_rows(db, snapshot, want, strings, types):
    """Objects, references and roots as the file has them."""
    rows = db.execute("SELECT o.*, t.name AS type_name FROM object o JOIN type t ON t.id = o.type_id"
                      " WHERE o.snapshot_id = ? AND o.dominator_id IS NOT NULL",
                      (snapshot["id"],)).fetchall()
    address = {r["id"]: r["address"] for r in rows}
    by_address = {r["address"]: r for r in rows}
    check(len(rows) == len(want.objects), "objects", len(rows), len(want.objects))
    clipped = db.execute("SELECT count(*) FROM warning WHERE snapshot_id = ? AND message LIKE"
                         " '%impossible sizes%'", (snapshot["id"],)).fetchone()[0]
    for o in want.objects.values():
        row = by_address.get(signed(o["id"]))
        check(row is not None, "object is missing", hex(o["id"]))
        if not clipped:
            check(row["shallow_size"] == o["size"], "size of", hex(o["id"]))
            check((row["native_size"] or 0) == o.get("native", 0), "native size of", hex(o["id"]))
        check(row["flags"] == o.get("flags", 0) & 0xffff, "flags of", hex(o["id"]))
        check(row["generation"] == o.get("generation"), "generation of", hex(o["id"]))
        check(row["external_refs"] == want.external.get(o["id"]), "external_refs of", hex(o["id"]),
              row["external_refs"], want.external.get(o["id"]))
        if o["type"] in types and types[o["type"]]["name"] in strings:
            name = strings[types[o["type"]]["name"]]
            if "\ufffd" not in name:
                check(row["type_name"] == name, "type of", hex(o["id"]), row["type_name"], name)
    refs = collections.defaultdict(list)
    query = ("SELECT r.source_id, r.position, r.target_id, r.kind, s.text AS name, r.key FROM ref r"
             " LEFT JOIN string s ON s.id = r.name_id ORDER BY r.source_id, r.position")
    for r in db.execute(query):
        if r["source_id"] in address:
            refs[address[r["source_id"]]].append(r)
    if snapshot["has_refs"]:
        compare_refs(want, strings, refs, address)
    got = collections.Counter()
    for r in db.execute("SELECT r.object_id, r.kind, s.text FROM root r"
                        " LEFT JOIN string s ON s.id = r.name_id"):
        if r[0] in address and r[1] != UNREACHABLE:
            got[address[r[0]], r[1], None if r[2] and "\ufffd" in r[2] else r[2]] += 1
    expected = collections.Counter((signed(t), k, None if n and "\ufffd" in n else n)
                                   for t, k, n in want.roots if k != UNREACHABLE)
    check(got == expected, "roots", (got - expected) or (expected - got))
    return by_address


def compare_refs(want, strings, refs, address):
    for source in want.objects:
        expected = want.refs.get(source, [])
        got = refs.get(signed(source), [])
        check(len(got) == len(expected), "references of", hex(source), len(got), len(expected))
        for g, (target, e) in zip(got, expected):
            check(address[g["target_id"]] == signed(target), "target of", hex(source), g["position"])
            kind = e["kind"] if e["kind"] <= 16 else 0
            check(g["kind"] == kind, "kind of", hex(source), g["position"])
            name = strings.get(e.get("name"))
            if name is None:
                check(g["name"] is None, "name of", hex(source), g["position"])
            elif "\ufffd" not in name:
                check(g["name"] == name, "name of", hex(source), g["position"])
            if kind == 2:
                index = g["position"] if g["key"] is None else g["key"]
                check(index == e["index"], "index of", hex(source), g["position"], index, e["index"])
            elif name is None:
                check(g["key"] == e.get("key_hash"), "key of", hex(source), g["position"])


def native_of(want, live):
    """Native memory that goes with a set of objects: what several share goes with all those that
    hold it, the live ones where there are any."""
    buffers = collections.defaultdict(set)
    for a, o in want.objects.items():
        if o.get("native") and o.get("buffer"):
            buffers[o["buffer"]].add(a)
    shared = [m for m in buffers.values() if len(m) > 1]
    sharing = set().union(*shared)
    size = {a: o.get("native", 0) for a, o in want.objects.items()}
    blocks = [(max(size[a] for a in m), m & live or m) for m in shared]

    def native(objects):
        return (sum(size[a] for a in objects - sharing) +
                sum(n for n, holding in blocks if holding <= objects))
    return native


def compare_tree(db, snapshot, want, by_address, brute):
    """Live and garbage, distances, and for small snapshots every retained set."""
    graph = want.holding()
    roots = {t for t, _, _ in want.roots}
    live = reach(graph, roots)
    check(snapshot["complete"] == want.complete, "complete")
    by_id = {r["id"]: r for r in by_address.values()}
    is_live = {a for a in want.objects if by_address[signed(a)]["id"] < snapshot["garbage_root_id"]}
    if not want.complete or not any(True for _ in want.roots):
        check(len(is_live) == len(want.objects), "an incomplete capture has garbage")
        return
    check(is_live == live, "live objects", len(is_live), len(live))
    garbage = set(want.objects) - live
    inner = {s: [t for t in ts if t in garbage] for s, ts in graph.items() if s in garbage}
    entries = garbage if not brute else garbage_entries(inner, garbage)
    level, todo = {t: 1 for t in roots}, collections.deque(roots)
    while todo:
        s = todo.popleft()
        for t in graph.get(s, ()):
            if t not in level:
                level[t] = level[s] + 1
                todo.append(t)
    for a in want.objects:
        check(by_address[signed(a)]["distance"] == level.get(a), "distance of", hex(a))
    clipped = db.execute("SELECT count(*) FROM warning WHERE snapshot_id = ? AND message LIKE"
                         " '%impossible sizes%'", (snapshot["id"],)).fetchone()[0]
    native = native_of(want, live)
    if snapshot["native_size"] is not None and not clipped:
        check(snapshot["live_native"] == native(live), "live_native", native(live))
        check(snapshot["garbage_native"] == native(garbage), "garbage_native", native(garbage))
    if brute:
        for side, starts, g in ((live, roots, graph), (garbage, entries, inner)):
            everything = reach(g, starts)
            check(everything == side, "sides")
            for a in side:
                row = by_address[signed(a)]
                kept = reach(g, starts, {a})
                want_set = {signed(x) for x in side - kept}
                got = {by_id[i]["address"] for i in range(row["id"], row["last_dominated"] + 1)}
                check(got == want_set, "retained set of", hex(a), len(got), len(want_set))
                if row["retained_native"] is not None and not clipped:
                    check(row["retained_native"] == native(side - kept), "native memory that",
                          hex(a), "retains", row["retained_native"], native(side - kept))
            compare_cycles(db, side, starts, g, by_address)


def garbage_entries(inner, garbage):
    """Members of the components of the garbage that no other garbage refers to."""
    reached = {a: reach(inner, [a]) for a in garbage}
    return {a for a in garbage
            if all(b in reached[a] for b in garbage if a in reached[b])}


def compare_cycles(db, side, starts, graph, by_address):
    reached = {a: reach(graph, graph.get(a, ())) for a in side}
    members = collections.defaultdict(set)
    for a in side:
        mine = frozenset(b for b in reached[a] if a in reached[b])
        component = by_address[signed(a)]["component_id"]
        check((component is not None) == (a in reached[a]), "cycle of", hex(a))
        if component is not None:
            members[component].add(a)
            check({signed(b) for b in mine} == {r["address"] for r in by_address.values()
                                               if r["component_id"] == component},
                  "members of the cycle of", hex(a))
    for component, them in members.items():
        kept = reach(graph, starts, them)
        size = sum(by_address[signed(x)]["shallow_size"] for x in side - kept)
        got = db.execute("SELECT retained_size FROM component WHERE id = ?", (component,)).fetchone()[0]
        check(got == size, "retained size of cycle", component, got, size)


def compare_types(db, snapshot):
    """Retained by topmost objects: those without a dominator of the same type."""
    rows = db.execute("SELECT id, type_id, last_dominated, retained_size FROM object"
                      " WHERE id > ? AND id < ? ORDER BY id",
                      (snapshot["live_root_id"], snapshot["garbage_root_id"])).fetchall()
    until, total = {}, collections.Counter()
    for r in rows:
        if r["id"] > until.get(r["type_id"], 0):
            total[r["type_id"]] += r["retained_size"]
            until[r["type_id"]] = r["last_dominated"]
    for t in db.execute("SELECT id, retained_size FROM type WHERE snapshot_id = ?", (snapshot["id"],)):
        check(total[t["id"]] == t["retained_size"], "retained size of type", t["id"])


def compare(dump_rows, database, paths):
    db = sqlite3.connect(database)
    db.row_factory = sqlite3.Row
    snapshots = db.execute("SELECT * FROM snapshot ORDER BY id").fetchall()
    at = 0
    for path in paths:
        strings, types, found = read_rows(dump_rows, path)
        for s in found:
            check(at < len(snapshots), "a snapshot is missing")
            want = Expected(s, strings)
            by_address = compare_rows(db, snapshots[at], want, strings, types)
            compare_tree(db, snapshots[at], want, by_address, len(want.objects) <= BRUTE_MAX)
            compare_types(db, snapshots[at])
            at += 1
    check(at == len(snapshots), "snapshots", at, len(snapshots))


def main():
    try:
        compare(sys.argv[1], sys.argv[2], sys.argv[3:])
    except Difference as d:
        print(f"{sys.argv[2]}: {d}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
