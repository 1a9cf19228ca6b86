#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""snaptop, snappath and snapshow against brute force on small random heaps.

    ask_random.py --bin DIR [--seeds N] [--first SEED]

The databases come from tests/cli/make_heapdb.py, which computes everything by the definition; so do
the expected answers here. Exit status: 0 all as expected, 1 a difference, 77 a tool is missing.
"""
import argparse
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "cli"))
import make_heapdb  # noqa: E402

CHECKS = 0


class Difference(Exception):
    pass


def same(what, got, want):
    global CHECKS
    CHECKS += 1
    if got != want:
        raise Difference("%s: want %r, got %r" % (what, want, got))


class Case:
    def __init__(self, bins, folder, seed):
        self.bins, self.seed, self.random = bins, seed, random.Random(seed * 7 + 1)
        self.heap = h = make_heapdb.random_heap(seed)
        self.path = os.path.join(folder, "r.db")
        writer = make_heapdb.Writer(self.path)
        self.ids = writer.heap(h)
        writer.close()
        self.object = {i: v for v, i in self.ids.items()}
        self.loaders = self.give_loaders()
        self.starts = [r[0] for r in h.roots]
        self.live = h.reach(self.starts)
        self.garbage = set(range(len(h.objects))) - self.live
        self.entries = h.entries(self.garbage)
        self.part = {False: make_heapdb.Part(h, self.live, self.starts),
                     True: make_heapdb.Part(h, self.garbage, self.entries)}

    def give_loaders(self):
        """By type: the object that is its class loader, or None."""
        db = sqlite3.connect(self.path)
        loaders = [self.random.choice(list(self.ids) + [None]) for _ in self.heap.types]
        for v in self.ids:
            kind = self.heap.objects[v]["type"]
            if loaders[kind] is not None:
                db.execute("UPDATE type SET loader_id = ? WHERE id = (SELECT type_id FROM object"
                           " WHERE id = ?)", (self.ids[loaders[kind]], self.ids[v]))
        db.commit()
        db.close()
        return loaders

    def loader_name(self, v):
        loader = self.loaders[self.heap.objects[v]["type"]]
        if loader is None:
            return "(no class loader)"
        return "%s #%d" % (self.type_name(loader), self.ids[loader])

    def ask(self, tool, *args):
        """The JSON document, or None where the tool refuses."""
        run = subprocess.run([os.path.join(self.bins, tool), "--json", *args, self.path]
                             if tool == "snaptop" else
                             [os.path.join(self.bins, tool), "--json", self.path, *args],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if run.returncode == 2 and run.stderr.startswith(tool.encode() + b": "):
            return None
        if run.returncode:
            raise Difference("%s %s: exit %d: %s" % (tool, args, run.returncode,
                                                     run.stderr.decode()[-2000:]))
        return json.loads(run.stdout)

    def rows(self, *args):
        return self.ask("snaptop", "--all", *args)["lists"][0]["rows"]

    def size(self, objects):
        return sum(self.heap.objects[v]["shallow"] for v in objects)

    def gone(self, members):
        """What goes with a set, live and garbage apart."""
        members = set(members)
        return (self.heap.retained(members & self.live, self.starts, self.live) |
                self.heap.retained(members & self.garbage, self.entries, self.garbage))

    # ---- snaptop ----

    def heavy(self, part, v):
        """What goes with an object, native memory included."""
        return part.size[v] + self.heap.native(part.sets[v])

    def check_objects(self):
        for garbage, part in self.part.items():
            flag = ["--garbage"] if garbage else []
            want = sorted(part.objects, key=lambda v: (-self.heavy(part, v), self.ids[v]))
            # All of them are asked of the objects, few of a list that is stored.
            for n in ["--all"], ["-n", "10000"], ["-n", "3"]:
                lists = self.ask("snaptop", "--by", "object", *n, *flag)["lists"][0]
                rows = lists["rows"]
                shown = want[:3] if n[-1] == "3" else want
                same("objects", [int(r["id"]) for r in rows], [self.ids[v] for v in shown])
                same("sizes", [r["retained_size"] for r in rows], [part.size[v] for v in shown])
                same("native", [r.get("retained_native", 0) for r in rows],
                     [self.heap.native(part.sets[v]) for v in shown])
                same("whole", (lists["whole_size"], lists.get("whole_native", 0)),
                     (self.size(part.objects), self.heap.native(part.objects)))
            for sort, key in (("shallow", lambda v: self.heap.objects[v]["shallow"]),
                              ("count", lambda v: len(part.sets[v]))):
                rows = self.rows("--by", "object", "--sort", sort, *flag)
                want = sorted(part.objects, key=lambda v: (-key(v), self.ids[v]))
                same(sort, [int(r["id"]) for r in rows], [self.ids[v] for v in want])

    def groups(self, objects, name):
        result = {}
        for v in objects:
            if name(v) is not None:
                result.setdefault(name(v), []).append(v)
        return result

    def type_name(self, v):
        name, module, _, _ = self.heap.types[self.heap.objects[v]["type"]]
        return module + "." + name if module else name

    def package_name(self, v, depth):
        module = self.heap.types[self.heap.objects[v]["type"]][1]
        return ".".join(module.split(".")[:depth]) if module else "(none)"

    def check_groups(self):
        writer = make_heapdb.Writer
        kinds = [("type", [], self.type_name), ("site", [], self.site_name),
                 ("loader", [], self.loader_name)]
        kinds += [("package", ["--depth", str(d)], lambda v, d=d: self.package_name(v, d))
                  for d in (1, 2, 3)]
        for garbage, part in self.part.items():
            for by, more, name in kinds:
                args = ["--by", by, "--exact", *more] + (["--garbage"] if garbage else [])
                listed = self.rows(*args)
                order = [r["retained_size"] + r.get("retained_native", 0) for r in listed]
                same("order", order, sorted(order, reverse=True))
                rows = {r["name"]: r for r in listed}
                groups = self.groups(part.objects, name)
                same("%s of %s" % (by, garbage), sorted(rows), sorted(groups))
                for key, members in groups.items():
                    row, top = rows[key], writer.topmost(None, part, members)
                    same("n", row["count"], len(members))
                    same("shallow", row["shallow_size"], self.size(members))
                    same("retained of %s %s" % (by, key), row["retained_size"],
                         sum(part.size[v] for v in top))
                    same("native of %s %s" % (by, key), row.get("retained_native", 0),
                         sum(self.heap.native(part.sets[v]) for v in top))
                    same("exact", row["exact_retained_size"], self.size(self.gone(members)))
                    same("exact native", row.get("exact_retained_native", 0),
                         self.heap.native(self.gone(members)))
                    same("exact n", row["exact_retained_count"], len(self.gone(members)))

    def site_name(self, v):
        stack = self.heap.objects[v].get("stack")
        return None if stack is None else self.heap.frames[self.heap.stacks[stack - 1][1] - 1][0]

    def cut_lists(self):
        """As in a large heap, whose stored lists end before the objects do."""
        db = sqlite3.connect(self.path)
        db.execute("DELETE FROM type_object WHERE rank > 1")
        db.execute("DELETE FROM heavy_object WHERE rank > 2")
        db.commit()
        db.close()

    def check_sets(self):
        for _ in range(4):
            members = self.random.sample(range(len(self.ids)),
                                         self.random.randint(0, min(6, len(self.ids))))
            values = ",".join("(%d)" % self.ids[v] for v in members + members[:1])
            sql = "VALUES " + values if members else "SELECT id FROM object WHERE 0"
            got, gone = self.ask("snaptop", "--set", sql, "--all")["set"], self.gone(members)
            same("set n", got["count"], len(members))
            same("set size", got["retained_size"], self.size(gone))
            same("set count", got["retained_count"], len(gone))
            same("set native", got["retained_native"],
                 self.heap.native(gone))
            want = self.groups(gone, self.type_name)
            held = {}
            for row in got["types"]:
                n, size = held.get(row["type"], (0, 0))
                held[row["type"]] = (n + row["count"], size + row["shallow_size"])
            same("set types", held, {k: (len(x), self.size(x)) for k, x in want.items()})

    def check_type_list(self):
        for n in (["--all"], ["-n", "10000"], ["-n", "1"]):
            self.check_type_rows(*n)

    def check_type_rows(self, *n):
        doc = self.ask("snaptop", "--type", "A*", "--exact", *n)
        members = [v for v in self.live if self.type_name(v).split(".")[-1].startswith("A")]
        if doc is None:
            return
        part = self.part[False]
        want = sorted(members, key=lambda v: (-self.heavy(part, v), self.ids[v]))
        same("type list", [int(r["id"]) for r in doc["lists"][0]["rows"]],
             [self.ids[v] for v in (want[:1] if n[-1] == "1" else want)])
        same("type set", doc["set"]["retained_size"], self.size(self.gone(members)))

    def check_threads(self):
        rows = {r["name"]: r for r in self.rows("--by", "thread")}
        h, several = self.heap, set()
        mine = {t: h.reach([r[0] for r in h.roots if r[3] == t]) for t in range(3)}
        other = h.reach([r[0] for r in h.roots if r[3] is None])
        for t in range(3):
            elsewhere = other.union(*[mine[u] for u in range(3) if u != t])
            alone = mine[t] - elsewhere
            same("thread", (rows["t%d" % t]["retained_count"], rows["t%d" % t]["retained_size"]),
                 (len(alone), self.size(alone)))
            several |= mine[t] & elsewhere - other
            same("native of a thread", rows["t%d" % t].get("retained_native", 0),
                 self.heap.native(alone) if self.heap.native(self.live) else 0)
        row = rows.get("(several threads)")
        same("several", row["retained_size"] if row else 0, self.size(several))

    # ---- snappath ----

    def edge(self, source, step):
        return self.heap.objects[source]["refs"][step["position"]]

    def check_chain(self, steps, rooted):
        """Every step is a reference that holds; returns the objects."""
        chain = [self.object[int(s["id"])] for s in steps]
        if rooted:
            same("root", chain[0] in self.starts, True)
        for before, step, after in zip(chain, steps[1:], chain[1:]):
            target, kind, _, _ = self.edge(before, step)
            same("reference", (target, kind != make_heapdb.WEAK), (after, True))
        return chain

    def check_paths(self):
        for v in self.random.sample(range(len(self.ids)), min(4, len(self.ids))):
            doc = self.ask("snappath", "-k", "4", str(self.ids[v]))["targets"][0]
            if v in self.garbage:
                same("no path", doc["paths"], [])
                self.check_garbage(v, doc["held_by"])
                continue
            part = self.part[False]
            above = {d for d in self.live if d != v and v in part.sets[d]}
            stretches, lengths, chains = {}, [], set()
            same("paths", len(doc["paths"]) > 0, True)
            for path in doc["paths"]:
                chain = self.check_chain(path["steps"], True)
                same("target", chain[-1], v)
                lengths.append(len(chain))
                chains.add(tuple((s["id"], s.get("position")) for s in path["steps"]))
                # What lies between one object that all paths lead through and the next.
                between, last = [], None
                for w in chain:
                    if w in above or w == v:
                        stretches.setdefault((last, w), set()).add(tuple(between))
                        between, last = [], w
                    else:
                        between.append(w)
            same("order", lengths, sorted(lengths))
            same("different", len(chains), len(doc["paths"]))
            same("shortest", lengths[0], self.distance(v))
            for ways in stretches.values():
                same("disjoint", len(set().union(*map(set, ways))), sum(map(len, ways)))
            one = self.ask("snappath", str(self.ids[v]))["targets"][0]["paths"][0]
            self.check_chain(one["steps"], True)
            same("shortest", one["length"], self.distance(v))

    def distance(self, v):
        near, n = set(self.starts), 1
        while v not in near:
            near |= {t for w in near for t in self.heap.holds(w)}
            n += 1
        return n

    def check_garbage(self, v, held):
        same("holder", held["found"], True)
        if "path" in held:
            chain = self.check_chain(held["path"]["steps"], False)
            same("end", chain[-1], v)
            v = chain[0]
        if held["cycle_id"]:
            chain = self.check_chain(held["cycle"]["steps"], False)
            same("cycle", (chain[0], chain[-1]), (v, v))
        else:
            referrers = [w for w in self.garbage if v in self.heap.holds(w)]
            same("no referrer", referrers, [])

    def check_merged(self):
        doc = self.ask("snappath", "--type", "*", "--all")
        if doc is None:
            return
        tree, lines = doc["type_paths"], doc["type_paths"]["lines"]
        same("merged", tree["count"], len(self.live))
        same("own", sum(x["own_count"] for x in lines), len(self.live))
        same("bytes", tree["shallow_size"], self.size(self.live))
        same("all lines", len(lines), tree["lines_total"])
        below = {}
        for x in lines:
            for key in ("count", "shallow_size", "retained_size"):
                below.setdefault((x["parent"], key), []).append(x[key])
        same("top", sum(below.get((None, "count"), [])), len(self.live))
        for x in lines:
            same("sum", x["count"], x["own_count"] + sum(below.get((x["line"], "count"), [])))

    # ---- snapshow ----

    def check_show(self):
        for v in self.random.sample(range(len(self.ids)), min(3, len(self.ids))):
            doc = self.ask("snapshow", "-n", "1000", str(self.ids[v]))["objects"][0]
            part = self.part[v in self.garbage]
            refs = self.heap.objects[v]["refs"]
            same("fields", [int(r["id"]) for r in doc["references"]["rows"]],
                 [self.ids[t] for t, *_ in refs])
            same("only here", [r["held_only_here"] for r in doc["references"]["rows"]],
                 [t in part.dominator and part.dominator[t] == v for t, *_ in refs])
            want = sorted((self.ids[w], p) for w in range(len(self.ids))
                          for p, r in enumerate(self.heap.objects[w]["refs"]) if r[0] == v)
            same("referrers", [(int(r["id"]), r["position"]) for r in doc["referrers"]["rows"]], want)
            chain, up = [], part.dominator[v]
            while up is not None:
                chain.append(self.ids[up])
                up = part.dominator[up]
            got = [int(d["id"]) for d in doc["dominators"]]
            same("dominators", [d for d in chain if d in got], got)
            same("first and last", got[:8] + got[-1:], chain[:8] + chain[-1:])
            types = self.groups(part.sets[v], lambda w: self.type_name(w).split(".")[-1])
            if len(part.sets[v]) > 1:
                same("retained types", sum(t["count"] for t in doc["retained_types"]),
                     sum(map(len, types.values())))

    def check(self):
        self.check_objects()
        self.check_groups()
        self.check_sets()
        self.check_type_list()
        if self.starts or self.heap.threads:
            self.check_threads()
        self.check_paths()
        self.check_merged()
        self.check_show()
        self.cut_lists()
        self.check_objects()
        self.check_groups()
        self.check_type_list()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--seeds", type=int,
                        default=24 // int(os.environ.get("SNAP_TEST_SHARE", "1")))
    parser.add_argument("--first", type=int, default=1)
    options = parser.parse_args()
    for tool in ("snaptop", "snappath", "snapshow"):
        if not os.path.exists(os.path.join(options.bin, tool)):
            print("skipped: %s is not built" % tool)
            return 77
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(options.first, options.first + options.seeds):
            try:
                Case(options.bin, folder, seed).check()
            except Difference as difference:
                print("seed %d: %s" % (seed, difference))
                failed += 1
    print("%d heaps, %d checks, %d failed" % (options.seeds, CHECKS, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
