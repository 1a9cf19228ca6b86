#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes small heap databases with known answers, without the loader.

    make_heapdb.py KIND FILE [NUMBER]

Everything that is derived (dominators, retained sizes, distances, cycles) is computed here by the
definition, by taking objects out and looking what is still reachable: slow, and independent of the
tools. Kinds: `service` (a small service with a registry, threads, garbage and hostile names),
`two` (two snapshots of it), `random` (NUMBER is the seed), and two large simple ones without brute
force: `chain` (NUMBER nodes in a list) and `hub` (one object with NUMBER referrers).
"""
import os
import random
import sqlite3
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ATTRIBUTE, ELEMENT, KEY, VALUE, VARIABLE, LOCAL, INTERNAL, TYPE, WEAK = 1, 2, 3, 4, 5, 6, 7, 8, 10
GLOBAL_ROOT, LOCAL_ROOT, THREAD_ROOT, EXTERNAL_ROOT = 2, 3, 4, 8
BLOCK = 32768


def schema():
    with open(os.path.join(ROOT, "format", "schema.sql"), encoding="utf-8") as f:
        return f.read()


class Heap:
    """A graph of objects, as a program would have it. Objects are numbers from 0."""

    def __init__(self):
        self.types, self.objects, self.roots, self.threads = [], [], [], []
        self.frames, self.stacks = [], []

    def type(self, name, module=None, kind=1, flags=0):
        self.types.append((name, module, kind, flags))
        return len(self.types) - 1

    def object(self, type_, shallow, **facts):
        self.objects.append({"type": type_, "shallow": shallow, "refs": [], **facts})
        return len(self.objects) - 1

    def ref(self, source, target, kind=ATTRIBUTE, name=None, key=None):
        self.objects[source]["refs"].append((target, kind, name, key))

    def root(self, object_, kind=GLOBAL_ROOT, name=None, thread=None, frame=None):
        self.roots.append((object_, kind, name, thread, frame))

    def frame(self, function, file, line):
        self.frames.append((function, file, line))
        return len(self.frames)

    def stack(self, frame, parent=None):
        self.stacks.append((parent, frame))
        return len(self.stacks)

    def thread(self, name, stack=None):
        self.threads.append((name, stack))
        return len(self.threads) - 1

    # ---- the definitions ----

    def holds(self, v):
        return [t for t, kind, _, _ in self.objects[v]["refs"] if kind != WEAK]

    def reach(self, starts, without=()):
        """All that is reachable from `starts` around `without`."""
        without, seen = set(without), set()
        todo = [v for v in starts if v not in without]
        seen.update(todo)
        while todo:
            for t in self.holds(todo.pop()):
                if t not in seen and t not in without:
                    seen.add(t)
                    todo.append(t)
        return seen

    def components(self, of):
        """Strongly connected components of two members or more, or with a self-reference."""
        below = {v: self.reach(self.holds(v)) for v in of}
        result, done = [], set()
        for v in of:
            if v in done or v not in below[v]:
                continue
            members = {w for w in of if w in below[v] and v in below[w]} | {v}
            done |= members
            result.append(members)
        return result

    def entries(self, garbage):
        """Members of the components of the garbage that no other garbage refers to."""
        result = []
        for v in sorted(garbage):
            mine = {w for w in garbage if w in self.reach([v]) and v in self.reach([w])}
            outside = [w for w in garbage if w not in mine and set(self.holds(w)) & mine]
            if not outside:
                result.append(v)
        return result

    def retained(self, members, starts, part):
        """What goes when all of `members` go."""
        return part - self.reach(starts, members)


    def shared(self):
        """Native memory that several objects share: address, size, members, those that hold it."""
        buffers = {}
        for v, o in enumerate(self.objects):
            if o.get("native") and o.get("buffer"):
                buffers.setdefault(o["buffer"], []).append(v)
        live = self.reach(r[0] for r in self.roots)
        return [(a, max(self.objects[v]["native"] for v in m), m, set(m) & live or set(m))
                for a, m in sorted(buffers.items()) if len(m) > 1]

    def native(self, objects):
        """Native memory that goes with a set of objects."""
        objects, shared = set(objects), self.shared()
        sharing = {v for _, _, members, _ in shared for v in members}
        return (sum(self.objects[v].get("native", 0) for v in objects - sharing) +
                sum(size for _, size, _, holding in shared if holding <= objects))


class Part:
    """The dominator tree of the live objects, or of the garbage."""

    def __init__(self, heap, objects, starts):
        self.heap, self.objects, self.starts = heap, objects, starts
        self.sets = {v: heap.retained([v], starts, objects) for v in objects}
        dominators = {v: [d for d in objects if d != v and v in self.sets[d]] for v in objects}
        # The nearest dominator is the one with the smallest set.
        self.dominator = {v: min(ds, key=lambda d: len(self.sets[d])) if ds else None
                          for v, ds in dominators.items()}
        self.size = {v: sum(heap.objects[w]["shallow"] for w in self.sets[v]) for v in objects}

    def order(self):
        """Objects in preorder, children by retained size descending, ties by number."""
        children = {}
        for v, d in self.dominator.items():
            children.setdefault(d, []).append(v)
        for siblings in children.values():
            siblings.sort(key=lambda v: (-self.size[v], v))
        result, todo = [], list(reversed(children.get(None, [])))
        while todo:
            v = todo.pop()
            result.append(v)
            todo.extend(reversed(children.get(v, [])))
        return result


class Writer:
    def __init__(self, path):
        if os.path.exists(path):
            os.unlink(path)
        self.db = sqlite3.connect(path)
        self.db.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + schema())
        self.strings, self.next_id, self.next_type, self.next_component = {}, 1, 1, 1
        self.next = {"root": 1, "thread": 1, "global": 1, "package": 1}
        self.snapshots = 0

    def text(self, s):
        if s is None:
            return None
        if s not in self.strings:
            self.strings[s] = len(self.strings) + 1
            self.insert("string", self.strings[s], s)
        return self.strings[s]

    def insert(self, table, *row, columns=None):
        names = "(%s)" % ", ".join(columns) if columns else ""
        self.db.execute("INSERT INTO %s %s VALUES (%s)" % (table, names, ",".join("?" * len(row))), row)

    def counter(self, name):
        self.next[name] += 1
        return self.next[name] - 1

    def close(self):
        self.db.commit()
        self.db.close()

    def snapshot_row(self, **columns):
        self.insert("snapshot", *columns.values(), columns=columns.keys())

    def prefixes(self, first, rows):
        """rows: (type_id, shallow) in the order of ids from `first` on."""
        sums = {}
        for i, (type_id, shallow) in enumerate(rows):
            if type_id:
                n, size = sums.get(type_id, (0, 0))
                sums[type_id] = (n + 1, size + shallow)
            if (first + i) % BLOCK == 0:
                for t, (n, size) in sorted(sums.items()):
                    self.insert("type_prefix", (first + i) // BLOCK, t, n, size)

    def heap(self, h, complete=1, service="shop"):
        """Writes one snapshot. Returns the ids of the heap's objects."""
        self.snapshots += 1
        s, base = self.snapshots, (self.next_id + BLOCK - 2) // BLOCK * BLOCK + 1
        starts = [r[0] for r in h.roots]
        live = h.reach(starts)
        garbage = set(range(len(h.objects))) - live
        entries = h.entries(garbage)
        parts = [Part(h, live, starts), Part(h, garbage, entries)]
        ids, roots = {}, [base, base + 1 + len(live)]
        for part, first in zip(parts, roots):
            for i, v in enumerate(part.order()):
                ids[v] = first + 1 + i
        size = [sum(h.objects[v]["shallow"] for v in p.objects) for p in parts]
        n_refs = sum(len(o["refs"]) for o in h.objects)
        native = {}
        if any("native" in o for o in h.objects):
            sums = [h.native(p.objects) for p in parts]
            native = {"native_size": sum(sums), "live_native": sums[0], "garbage_native": sums[1]}
        self.snapshot_row(id=s, path="shop.snap", file_number=s, runtime="cpython",
                          captured_at=1700000000.0 + 60 * s, host="web-1", pid=4711, service=service,
                          version="1.2", complete=complete, live_root_id=roots[0],
                          garbage_root_id=roots[1], n_objects=len(h.objects), n_refs=n_refs,
                          shallow_size=sum(size), live_size=size[0], garbage_size=size[1],
                          n_live=len(live), n_garbage=len(garbage), n_roots=len(h.roots), has_refs=1,
                          **native)
        types = self.write_types(h, s, parts)
        component = self.write_components(h, s, parts, entries, ids)
        self.write_objects(h, s, parts, roots, ids, types, component)
        self.write_shared(h, s, parts, roots, ids)
        self.write_lists(h, s, ids, types, parts)
        self.write_roots(h, s, parts, ids)
        self.next_id = base + len(h.objects) + 2
        return ids

    def write_shared(self, h, s, parts, roots, ids):
        for address, size, members, holding in h.shared():
            part, root = next((p, r) for p, r in zip(parts, roots) if holding <= set(p.objects))
            above = [v for v in part.objects if holding <= part.sets[v]]
            holder = ids[min(above, key=lambda v: len(part.sets[v]))] if above else root
            self.insert("shared_buffer", s, address, len(members), size, holder, ids[min(holding)])
            for v in members:
                self.insert("shared_buffer_object", s, address, ids[v])

    def native(self, h, part, members):
        """Native memory of what they retain, that of the topmost."""
        if any("native" in o for o in h.objects):
            return sum(h.native(part.sets[v]) for v in self.topmost(part, members))
        return None

    def topmost(self, part, members):
        """Members that hang below no other member."""
        return [v for v in members
                if not any(w != v and v in part.sets[w] for w in members)]

    def write_types(self, h, s, parts):
        for name in ("(live)", "(garbage)"):
            self.insert("type", self.next_type, s, name, 0, 0, 0, 0, 0, 0, 0, columns=(
                "id", "snapshot_id", "name", "kind", "n", "shallow_size", "retained_size",
                "n_garbage", "garbage_size", "flags"))
            self.next_type += 1
        ids = {"live": self.next_type - 2, "garbage": self.next_type - 1}
        sums = {}
        for i, (name, module, kind, flags) in enumerate(h.types):
            mine = [[v for v in p.objects if h.objects[v]["type"] == i] for p in parts]
            self.insert("type", self.next_type, s, name, module, kind, len(mine[0]),
                        sum(h.objects[v]["shallow"] for v in mine[0]),
                        sum(parts[0].size[v] for v in self.topmost(parts[0], mine[0])),
                        len(mine[1]), sum(h.objects[v]["shallow"] for v in mine[1]), flags,
                        self.native(h, parts[0], mine[0]),
                        columns=("id", "snapshot_id", "name", "module", "kind", "n", "shallow_size",
                                 "retained_size", "n_garbage", "garbage_size", "flags", "retained_native"))
            ids[i] = self.next_type
            self.next_type += 1
            for depth in (1, 2, 3):
                key = (depth, ".".join(module.split(".")[:depth]) if module else None)
                sums.setdefault(key, []).extend(mine[0])
        for (depth, name), members in sums.items():
            if members:
                self.insert("package", self.counter("package"), s, depth, name, len(members),
                            sum(h.objects[v]["shallow"] for v in members),
                            sum(parts[0].size[v] for v in self.topmost(parts[0], members)), None,
                            self.native(h, parts[0], members))
        return ids

    def write_components(self, h, s, parts, entries, ids):
        found = []
        for part in parts:
            for members in h.components(part.objects):
                gone = h.retained(members, part.starts, part.objects)
                found.append((-sum(h.objects[v]["shallow"] for v in gone),
                              min(ids[v] for v in members), members, gone))
        found.sort(key=lambda x: x[:2])
        component = {}
        native = any("native" in o for o in h.objects)
        for size, first, members, gone in found:
            for v in members:
                component[v] = self.next_component
            self.insert("component", self.next_component, s, len(members),
                        sum(h.objects[v]["shallow"] for v in members), -size, None,
                        h.native(gone) if native else None, first)
            self.next_component += 1
        return component

    def distances(self, h, ids):
        """Breadth first, roots and references in their order: distance, parent, position."""
        found, todo = {}, []
        for object_, *_ in h.roots:
            if object_ not in found:
                found[object_] = (1, None, None)
                todo.append(object_)
        for v in todo:
            for position, (t, kind, _, _) in enumerate(h.objects[v]["refs"]):
                if kind != WEAK and t not in found:
                    found[t] = (found[v][0] + 1, v, position)
                    todo.append(t)
        return found

    def write_objects(self, h, s, parts, roots, ids, types, component):
        native = any("native" in o for o in h.objects)
        distance = self.distances(h, ids)
        rows = []
        for part, root, name in zip(parts, roots, ("live", "garbage")):
            size = sum(h.objects[v]["shallow"] for v in part.objects)
            rows.append({"id": root, "type_id": types[name], "shallow_size": 0,
                         "retained_size": size, "last_dominated": root + len(part.objects),
                         "dominator_id": None, "distance": 0 if name == "live" else None, "flags": 0,
                         "retained_native": h.native(part.objects) if native else None})
            for v in part.objects:
                o = h.objects[v]
                d, parent, position = distance.get(v, (None, None, None))
                up = part.dominator[v]
                rows.append({
                    "id": ids[v], "address": o.get("address", 0x7f0000000000 + 16 * v), "type_id": types[o["type"]],
                    "shallow_size": o["shallow"], "retained_size": part.size[v],
                    "last_dominated": ids[v] + len(part.sets[v]) - 1,
                    "dominator_id": root if up is None else ids[up], "distance": d,
                    "parent_id": None if d is None else roots[0] if parent is None else ids[parent],
                    "parent_position": position, "component_id": component.get(v),
                    "stack_id": o.get("stack"), "external_refs": o.get("external"),
                    "flags": o.get("flags", 0), "refcount": o.get("refcount"),
                    "generation": o.get("generation"), "native_size": o.get("native"),
                    "retained_native": h.native(part.sets[v]) if native else None})
                if any(k in o for k in ("name", "length", "capacity", "hash", "resource", "buffer",
                                        "value")):
                    self.insert("detail", ids[v], self.text(o.get("name")), o.get("length"),
                                o.get("capacity"), o.get("bound"), o.get("hash"), o.get("resource"),
                                o.get("state"), o.get("buffer"), o.get("value"))
                self.insert("address", s, o.get("address", 0x7f0000000000 + 16 * v), ids[v])
        rows.sort(key=lambda r: r["id"])
        for row in rows:
            self.insert("object", s, *row.values(), columns=("snapshot_id", *row.keys()))
            if row["dominator_id"] is not None:
                self.insert("child", row["dominator_id"], row["id"])
        self.prefixes(rows[0]["id"], [(r["type_id"] if r["dominator_id"] else None,
                                       r["shallow_size"]) for r in rows])
        for v in sorted(ids, key=ids.get):
            for position, (t, kind, name, key) in enumerate(h.objects[v]["refs"]):
                self.insert("ref", ids[v], position, ids[t], kind, self.text(name), key)
                self.insert("referrer", ids[t], ids[v], position)

    def write_lists(self, h, s, ids, types, parts):
        size = {**parts[0].size, **parts[1].size}
        order = sorted(ids, key=lambda v: (-size[v], ids[v]))
        for rank, v in enumerate(order):
            self.insert("top_object", s, rank + 1, ids[v])
        for i in range(len(h.types)):
            mine = [v for v in order if h.objects[v]["type"] == i]
            for rank, v in enumerate(mine):
                self.insert("type_object", types[i], rank + 1, ids[v])
        self.write_notable(s)
        language = 2
        if s == 1:
            for i, (function, file, line) in enumerate(h.frames):
                self.insert("frame", i + 1, function, file, line, None, language, None)
            for i, (parent, frame) in enumerate(h.stacks):
                depth = 1 if parent is None else 2
                self.insert("stack", i + 1, parent, frame, depth)
        for i in range(len(h.stacks)):
            mine = [[v for v in p.objects if h.objects[v].get("stack") == i + 1] for p in parts]
            if mine[0] or mine[1]:
                self.insert("site", s, i + 1, len(mine[0]),
                            sum(h.objects[v]["shallow"] for v in mine[0]),
                            sum(parts[0].size[v] for v in self.topmost(parts[0], mine[0])), None,
                            len(mine[1]), sum(h.objects[v]["shallow"] for v in mine[1]),
                            self.native(h, parts[0], mine[0]))

    def write_notable(self, s):
        """What stands in `detail`, in the tables that spare a scan of it."""
        self.db.execute("""INSERT INTO heavy_object
            SELECT s.id, row_number() OVER (ORDER BY o.retained_size + o.retained_native DESC, o.id), o.id
            FROM object o JOIN snapshot s ON s.id = o.snapshot_id
            WHERE s.id = ? AND s.live_native > 0 AND o.id > s.live_root_id AND o.id < s.garbage_root_id""", (s,))
        detail = """FROM detail d JOIN object o ON o.id = d.object_id JOIN snapshot s ON s.id = o.snapshot_id
                    WHERE s.id = ? AND """
        for table, which, order in (
                ("long_object", "d.length > 1000", "d.length DESC"),
                ("sparse_object", "d.capacity > 2 * d.length + 64", "d.capacity - d.length DESC"),
                ("resource_object", "d.resource IS NOT NULL", "coalesce(d.state, 255), d.resource")):
            self.db.execute(f"INSERT INTO {table} SELECT s.id, row_number() OVER (ORDER BY {order}, o.id), o.id"
                            f" {detail} {which}", (s,))
        self.db.execute(f"""INSERT INTO duplicate
            SELECT s, row_number() OVER (ORDER BY wasted DESC, id), type_id, n, length, size, wasted, id
            FROM (SELECT s.id AS s, o.type_id, count(*) AS n, min(d.length) AS length, sum(o.shallow_size) AS size,
                         sum(o.shallow_size) - max(o.shallow_size) AS wasted, min(o.id) AS id
                  {detail} d.content_hash IS NOT NULL AND o.id < s.garbage_root_id
                  GROUP BY d.content_hash, o.type_id HAVING count(*) > 1)""", (s,))
        self.db.execute("INSERT INTO duplicate_type SELECT snapshot_id, type_id, count(*), sum(n), sum(wasted)"
                        " FROM duplicate WHERE snapshot_id = ? GROUP BY 1, 2", (s,))

    def write_roots(self, h, s, parts, ids):
        first_thread = self.next["thread"]
        for name, stack in h.threads:
            self.insert("thread", self.counter("thread"), s, 1000 + len(name or ""), None, name, stack,
                        None)
        for object_, kind, name, thread, frame in sorted(h.roots, key=lambda r: ids[r[0]]):
            self.insert("root", self.counter("root"), ids[object_], kind, self.text(name),
                        None if thread is None else first_thread + thread, frame, None)
            if kind != GLOBAL_ROOT:
                continue
            dicts = [t for t, k, n, _ in h.objects[object_]["refs"] if n == "__dict__"]
            values = [(n, t) for d in dicts for t, k, n, _ in h.objects[d]["refs"] if n]
            for n, t in values:
                self.insert("global", self.counter("global"), s, name, n, ids[t])
            if not values:
                self.insert("global", self.counter("global"), s, None, name, ids[object_])
        for kind in sorted({r[1] for r in h.roots}):
            objects = {r[0] for r in h.roots if r[1] == kind}
            self.insert("root_summary", s, kind, sum(r[1] == kind for r in h.roots), len(objects),
                        sum(h.objects[v]["shallow"] for v in objects),
                        sum(parts[0].size[v] for v in self.topmost(parts[0], objects)),
                        self.native(h, parts[0], objects))
        self.db.execute("INSERT INTO root_list SELECT o.snapshot_id, r.kind, row_number() OVER (PARTITION BY"
                        " r.kind ORDER BY o.retained_size DESC, r.id), r.id FROM root r JOIN object o"
                        " ON o.id = r.object_id WHERE o.snapshot_id = ?", (s,))


# ---- heaps ------------------------------------------------------------------------------------------

def service(extra=0):
    h = Heap()
    module = h.type("module", "builtins", 2)
    dict_ = h.type("dict", "builtins", 2)
    list_ = h.type("list", "builtins", 2)
    str_ = h.type("str", "builtins", 5)
    bytes_ = h.type("bytes", "builtins", 5)
    request = h.type("Request", "app.web")
    session = h.type("Session", "app.web.session")
    node = h.type("Node", "app.tree")
    hostile = h.type("Evil\x1b[31m\n</script>\u202e", "app\x07")
    handle = h.frame("handle", "/srv/app/web.py", 42)
    serve = h.frame("serve", "/srv/app/web.py", 7)
    site = h.stack(handle, h.stack(serve))

    app = h.object(module, 80, name="app", refcount=3, external=1, generation=2, flags=1)
    app_dict = h.object(dict_, 400, length=3, capacity=8)
    h.root(app, name="app")
    h.ref(app, app_dict, name="__dict__")
    registry = h.object(dict_, 200, length=2, capacity=8, refcount=1, external=0, flags=1)
    h.ref(app_dict, registry, VALUE, "REGISTRY")
    done = h.object(list_, 120, length=12 + extra, capacity=16 + extra)
    h.ref(registry, done, VALUE, "done")
    cache = h.object(dict_, 300, length=3)
    h.ref(app_dict, cache, VALUE, "cache")
    shared = h.object(str_, 50, length=1, hash=77)
    for i in range(12 + extra):
        r = h.object(request, 56, stack=site, generation=2, flags=1)
        h.ref(done, r, ELEMENT)
        body = h.object(bytes_, 1000 + i, length=967 + i, hash=5 if i < 2 else 100 + i)
        h.ref(r, body, name="body")
        h.ref(r, shared, name="method")
        if i < 3:
            h.ref(cache, r, VALUE, None, 0x5E1C90 + i)
    for i in range(2):
        s = h.object(session, 64, stack=site)
        h.ref(cache, s, VALUE, "session%d" % i)
        h.ref(s, h.object(str_, 49 + i, hash=77), name="user")
    evil = h.object(hostile, 32, name="na\x1bme")
    h.ref(app_dict, evil, VALUE, "evil\n\x1b[2Jkey")

    first = h.object(node, 40)
    h.ref(app_dict, first, VALUE, "HEAD")
    for _ in range(6):
        after = h.object(node, 40)
        h.ref(first, after, name="next")
        h.ref(after, first, WEAK, "previous")
        first = after

    worker = h.thread("worker-1", site)
    main = h.thread("MainThread")
    buffer = h.object(bytes_, 5000, length=4967)
    batch = h.object(list_, 88, length=2)
    h.ref(batch, buffer, ELEMENT)
    h.ref(batch, done, ELEMENT)
    h.root(batch, LOCAL_ROOT, "batch", worker, handle)
    both = h.object(str_, 70)
    h.root(both, LOCAL_ROOT, "token", worker, handle)
    h.root(both, LOCAL_ROOT, "token", main, serve)
    h.root(done, LOCAL_ROOT, "finished", main, serve)
    held = h.object(session, 64, refcount=2, external=2)
    h.root(held, EXTERNAL_ROOT)

    ring = [h.object(node, 40, generation=2) for _ in range(3)]
    for a, b in zip(ring, ring[1:] + ring[:1]):
        h.ref(a, b, name="next")
    tail = h.object(list_, 56)
    h.ref(ring[1], tail, name="children")
    h.ref(tail, h.object(str_, 60, value="left over"), ELEMENT)
    h.ref(tail, shared, ELEMENT)
    lonely = h.object(dict_, 64)
    h.ref(lonely, h.object(str_, 52), VALUE, "x")
    return h


def random_heap(seed):
    r = random.Random(seed)
    h = Heap()
    names = ["A", "B", "C", "A", "D"]
    modules = ["p", "p.q", "p.q.r", "p", None]
    types = [h.type(n, m) for n, m in zip(names, modules)]
    stacks = [h.stack(h.frame("f%d" % i, "f.py", i + 1)) for i in range(3)]
    threads = [h.thread("t%d" % i) for i in range(3)]
    n = r.randint(1, 45)
    for _ in range(n):
        native = {"native": r.randint(1, 900)} if seed % 2 and r.random() < 0.3 else {}
        if native and r.random() < 0.6:
            native["buffer"] = r.randint(1, 5)
        h.object(r.choice(types), r.choice((0, 16, 16, r.randint(1, 500))),
                 stack=r.choice([None] + stacks), **native)
    for _ in range(int(n * r.choice((0.7, 1.2, 2, 3)))):
        a, b = r.randrange(n), r.randrange(n)
        if r.random() < 0.4:
            a, b = min(a, b), min(max(a, b), a + 4, n - 1)
        kind = r.choice((ATTRIBUTE, ELEMENT, VALUE, VALUE, WEAK))
        name = r.choice("xyz") if kind == ATTRIBUTE or kind == VALUE and r.random() < 0.5 else None
        h.ref(a, b, kind, name, r.randrange(1 << 24) if kind == VALUE and not name else None)
    for _ in range(r.randint(0, 5)):
        kind = r.choice((GLOBAL_ROOT, LOCAL_ROOT, LOCAL_ROOT, EXTERNAL_ROOT))
        local = kind == LOCAL_ROOT
        h.root(r.randrange(n), kind, None if kind == EXTERNAL_ROOT else r.choice("gh"),
               r.choice(threads) if local else None)
    return h


# ---- large ones, whose derived numbers are plain ------------------------------------------------------

def large(path, n, chain):
    """chain: n nodes in a list that a global holds; otherwise n objects that all refer to one."""
    w = Writer(path)
    live, garbage = 1, n + 3
    w.snapshot_row(id=1, complete=1, live_root_id=live, garbage_root_id=garbage, n_objects=n + 1,
                   n_refs=n if chain else 2 * n, shallow_size=16 * (n + 1),
                   live_size=16 * (n + 1), garbage_size=0, n_live=n + 1, n_garbage=0, n_roots=1,
                   has_refs=1)
    columns = ("id", "snapshot_id", "name", "kind", "n", "shallow_size", "retained_size",
               "n_garbage", "garbage_size", "flags")
    w.insert("type", 1, 1, "(live)", 0, 0, 0, 0, 0, 0, 0, columns=columns)
    w.insert("type", 2, 1, "(garbage)", 0, 0, 0, 0, 0, 0, 0, columns=columns)
    w.insert("type", 3, 1, "Holder", 1, 1, 16, 16 * (n + 1), 0, 0, 0, columns=columns)
    w.insert("type", 4, 1, "Node", 1, n, 16 * n, 16 * n, 0, 0, 0, columns=columns)
    w.insert("string", 1, "next")
    w.insert("string", 2, "HEAD")
    insert = ("INSERT INTO object (id, snapshot_id, address, type_id, shallow_size, retained_size,"
              " last_dominated, dominator_id, distance, parent_id, parent_position, flags)"
              " VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)")

    def rows():
        last = n + 2
        yield live, None, 1, 0, 16 * (n + 1), last, None, 0, None, None
        yield 2, 4096, 3, 16, 16 * (n + 1), last, live, 1, live, None
        for i in range(3, n + 3):
            # In the chain each dominates the rest; in the hub the last of them is what all refer to.
            up = i - 1 if chain else 2
            yield (i, 4096 + 16 * i, 4, 16, 16 * (n + 3 - i) if chain else 16,
                   last if chain else i, up, i - 1 if chain else 2, up, 0 if chain else i - 3)
        yield garbage, None, 2, 0, 0, garbage, None, None, None, None
    w.db.executemany(insert, rows())
    w.db.executemany("INSERT INTO child VALUES (?, ?)", ((r[6], r[0]) for r in rows() if r[6]))
    if chain:
        w.db.executemany("INSERT INTO ref VALUES (?, 0, ?, 1, 1, NULL)",
                         ((i, i + 1) for i in range(2, n + 2)))
        w.db.executemany("INSERT INTO referrer VALUES (?, ?, 0)", ((i + 1, i) for i in range(2, n + 2)))
    else:
        hub = n + 2
        w.db.executemany("INSERT INTO ref VALUES (2, ?, ?, 2, NULL, NULL)",
                         ((i - 3, i) for i in range(3, n + 3)))
        w.db.executemany("INSERT INTO ref VALUES (?, 0, ?, 1, 1, NULL)",
                         ((i, hub) for i in range(3, n + 3)))
        w.db.executemany("INSERT INTO referrer VALUES (?, ?, ?)",
                         sorted([(i, 2, i - 3) for i in range(3, n + 3)] +
                                [(hub, i, 0) for i in range(3, n + 3)]))
        w.insert("hub", hub, n + 1)
        w.insert("hub_type", hub, 1, 4, n)
        w.insert("hub_type", hub, 2, 3, 1)
    w.insert("type_object", 3, 1, 2)
    w.db.executemany("INSERT INTO type_object VALUES (4, ?, ?)",
                     ((i - 2, i) for i in range(3, min(n, 10000) + 3)))
    w.insert("root", 1, 2, GLOBAL_ROOT, 2, None, None, None)
    w.prefixes(1, [(r[2] if r[6] else None, r[3]) for r in rows()])
    w.close()


def main():
    kind, path = sys.argv[1:3]
    number = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    if kind in ("chain", "hub"):
        large(path, number, kind == "chain")
        return
    w = Writer(path)
    if kind == "service":
        w.heap(service(number))
    elif kind == "two":
        w.heap(service())
        w.heap(service(3))
    elif kind == "random":
        w.heap(random_heap(number))
    else:
        sys.exit("unknown kind " + kind)
    w.close()


if __name__ == "__main__":
    main()
