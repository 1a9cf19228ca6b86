#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes heap databases of a small program at two times or more, for snapdiff: what changed is known.

    make_diff.py CASE FOLDER [NUMBER]

writes FOLDER/a.db, b.db (and c.db), one snapshot each. The program is a world of objects with
addresses that live on from one snapshot to the next; dominators and all else that is derived come from
make_heapdb.py, by the definition. `CASES` below says what each case is; `random` evolves a random
world (NUMBER is the seed).
"""
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from make_heapdb import (ATTRIBUTE, ELEMENT, EXTERNAL_ROOT, GLOBAL_ROOT, INTERNAL, KEY,  # noqa: E402
                         LOCAL_ROOT, VALUE, VARIABLE, WEAK, Heap, Writer)

FIXED, BUILTIN, CLASS, STRING = 1, 2, 1, 5
TYPES = {  # name: (module, kind, flags)
    "module": ("builtins", BUILTIN, 0), "dict": ("builtins", BUILTIN, 0),
    "list": ("builtins", BUILTIN, 0), "str": ("builtins", STRING, FIXED),
    "bytes": ("builtins", STRING, FIXED), "Request": ("app", CLASS, FIXED),
    "Session": ("app", CLASS, FIXED), "Node": ("app", CLASS, FIXED),
}


class World:
    def __init__(self):
        self.objects, self.roots, self.next = {}, [], 0x7f0000001000
        self.types = dict(TYPES)
        self.frames, self.stacks = [], []

    def new(self, type_, size, at=None, **facts):
        if at is None:
            at, self.next = self.next, self.next + 16 * (1 + size // 16)
        self.objects[at] = {"type": type_, "size": size, "refs": [], "facts": facts}
        return at

    def ref(self, source, target, kind=ATTRIBUTE, name=None, key=None):
        self.objects[source]["refs"].append((target, kind, name, key))

    def unref(self, source, target):
        self.objects[source]["refs"] = [r for r in self.objects[source]["refs"] if r[0] != target]

    def free(self, *addresses):
        """Objects, with every reference to them."""
        for a in addresses:
            del self.objects[a]
        for o in self.objects.values():
            o["refs"] = [r for r in o["refs"] if r[0] in self.objects]
        self.roots = [r for r in self.roots if r[0] in self.objects]

    def root(self, at, kind=GLOBAL_ROOT, name=None, frame=None):
        self.roots.append((at, kind, name, frame))

    def heap(self):
        h = Heap()
        h.frames, h.stacks = list(self.frames), list(self.stacks)
        types = {n: h.type(n, *facts) for n, facts in self.types.items()}
        number = {a: h.object(types[o["type"]], o["size"], address=a, **o["facts"])
                  for a, o in self.objects.items()}
        for a, o in self.objects.items():
            for t, kind, name, key in o["refs"]:
                h.ref(number[a], number[t], kind, name, key)
        for a, kind, name, frame in self.roots:
            h.root(number[a], kind, name, None, frame)
        return h


class DiffWriter(Writer):
    """One snapshot of a process that has a name, at a time."""

    def __init__(self, path, when, **facts):
        super().__init__(path)
        self.when, self.facts = when, facts

    def snapshot_row(self, **columns):
        columns.update(captured_at=1700000000.0 + self.when, path=None, stable_ids=1,
                       runtime_version="3.11.2", process_start="12345", boot_id="b00t",
                       monotonic_ns=int(self.when * 1e9))
        columns.update(self.facts)
        super().snapshot_row(**columns)


def write(folder, name, world, when, parts=(), counters=(), metadata=(), complete=1, **facts):
    w = DiffWriter(os.path.join(folder, name + ".db"), when, **facts)
    w.heap(world.heap(), complete=complete)
    for position, (part, size, exact) in enumerate(parts):
        w.insert("memory_map", 1, part, size, exact, position + 1)
    for name, value in counters:
        w.insert("counter", 1, name, value)
    for key, value in metadata:
        w.insert("metadata", 1, key, value)
    w.close()


def program():
    """A module `app` with a registry: app -> __dict__ -> REGISTRY (a list)."""
    w = World()
    w.app = w.new("module", 80)
    w.dict = w.new("dict", 400)
    w.root(w.app, name="app")
    w.ref(w.app, w.dict, INTERNAL, "__dict__")
    w.registry = w.variable("REGISTRY", "list", 120)
    return w


def variable(w, name, type_, size):
    at = w.new(type_, size)
    w.ref(w.dict, at, VALUE, name)
    return at


def request(w, *holders, body=70000, at=None, stack=None):
    r = w.new("Request", 48, at, stack=stack)
    w.ref(r, w.new("bytes", body), name="body")
    for holder in holders:
        w.ref(holder, r, ELEMENT)
    return r


def drop(w, *requests):
    """Frees requests with their bodies."""
    for r in requests:
        w.free(r, *(t for t, *_ in w.objects[r]["refs"]))


World.variable, World.request, World.drop = variable, request, drop


# ---- cases ------------------------------------------------------------------------------------------

def leak(folder, _):
    """REGISTRY keeps 2, then 5 requests, and its own list grows by 24 bytes."""
    w = program()
    for _ in range(2):
        w.request(w.registry)
    write(folder, "a", w, 0)
    for _ in range(3):
        w.request(w.registry)
    w.objects[w.registry]["size"] = 144
    write(folder, "b", w, 600)


def three(folder, _):
    """A leak in each of two intervals, and a cache that fills in the first and empties again."""
    w = program()
    cache = w.variable("CACHE", "dict", 64)
    write(folder, "a", w, 0)
    w.request(w.registry)
    keep = [w.request(cache) for _ in range(2)]
    write(folder, "b", w, 600)
    w.request(w.registry)
    w.drop(*keep)
    write(folder, "c", w, 1200)


def lazy(folder, _):
    """A registry of lists that are made when they are first needed, in another list each day: the first
    snapshot has none of them, and all growth is below them."""
    w = program()
    write(folder, "a", w, 0)
    week = w.new("list", 56)
    w.ref(w.registry, week, ELEMENT)
    for i, name in enumerate("bcd"):
        if i != 1:
            day = w.new("list", 56)
            w.ref(week, day, ELEMENT)
        w.request(day)
        w.objects[day]["size"] += 8
        write(folder, name, w, 600 * (i + 1))


def litter(folder, _):
    """A leak while garbage of the start is collected, as much of it as the leak brings."""
    w = program()
    heaps = [w.request(body=70000) for _ in range(3)]
    write(folder, "a", w, 0)
    for i, name in enumerate("bc"):
        w.drop(heaps[i])
        w.request(w.registry)
        write(folder, name, w, 600 * (i + 1))
    for _ in range(3):
        w.request(body=70000)
    w.request(w.registry, body=100)
    write(folder, "d", w, 1800)


def hourly(folder, _):
    """A leak over six hours: 100 KB an hour in the heap, 10 MiB resident and a jump in one interval."""
    w = program()
    mib = 1 << 20
    for hour, name in enumerate("abcdef"):
        if hour:
            w.request(w.registry, body=100000)
        resident = (100 + 10 * hour + (7 if hour == 3 else 0)) * mib
        write(folder, name, w, 3600 * hour, counters=[("rss", resident)])


def full(folder, _):
    """A cache of at most 40 requests fills, and is full in the second interval: while 30 requests take
    the place of others, its table is made anew, larger; 10 have a key that nobody else holds."""
    w = program()
    cache = w.variable("CACHE", "dict", 64)
    held = [w.request(cache, body=5000) for _ in range(20)]
    w.objects[cache]["facts"]["length"] = 20
    write(folder, "a", w, 0)
    held += [w.request(cache, body=5000) for _ in range(20)]
    w.objects[cache]["facts"]["length"] = 40
    write(folder, "b", w, 600)
    w.drop(*held[:30])
    for _ in range(30):
        w.request(cache, body=5000)
    for _ in range(10):
        w.ref(cache, w.new("str", 60), KEY)
    w.objects[cache]["size"] = 4000
    write(folder, "c", w, 1200)


def exchange(folder, _):
    """A cache that becomes full within the second interval: most of what comes then replaces what goes."""
    w = program()
    cache = w.variable("CACHE", "dict", 64)
    write(folder, "a", w, 0)
    held = [w.request(cache, body=5000) for _ in range(40)]
    write(folder, "b", w, 600)
    w.drop(*held[:30])
    for _ in range(38):
        w.request(cache, body=5000)
    write(folder, "c", w, 1200)


def crumbs(folder, _):
    """Forty owners, each with a little of the growth."""
    w = program()
    owners = [w.variable(f"LIST{i}", "list", 56) for i in range(40)]
    for i, name in enumerate("abc"):
        for at in owners if i else ():
            w.request(at, body=2000)
        write(folder, name, w, 600 * i)


def slowing(folder, _):
    """A cache that fills with what is asked for at random; in the second series beside a registry that
    grows by as much every time."""
    for series, leak in ("", 0), ("leak-", 700):
        w = program()
        cache = w.variable("CACHE", "dict", 64)
        for i, name in enumerate("abcde"):
            for _ in range(0 if i == 0 else 160 >> i):
                w.request(cache, body=5000)
            if i and leak:
                for _ in range(8):
                    w.request(w.registry, body=leak * 4)
            write(folder, series + name, w, 600 * i)


def nested(folder, _):
    """A list for each tenant, in a dict under keys that are data; three of four grow."""
    w = program()
    tenants = w.variable("TENANTS", "dict", 300)
    lists = []
    for i in range(4):
        lists.append(w.new("list", 56))
        w.ref(tenants, lists[-1], VALUE, None, 0x5e1c90 + i)
        w.request(lists[-1])
    write(folder, "a", w, 0)
    for at in lists[:3]:
        w.request(at)
    write(folder, "b", w, 600)


def closures(folder, _):
    """Lists that functions have captured, under a recorded name and without one."""
    w = program()
    w.types.update((t, ("builtins", BUILTIN, 0)) for t in ("function", "tuple", "cell"))
    captured = []
    for name, kind, variable_name in (("COUNT", VARIABLE, "seen"), ("SUM", ELEMENT, None)):
        function = w.variable(name, "function", 160)
        w.objects[function]["facts"]["name"] = "make.<locals>." + name.lower()
        w.ref(function, w.dict, ATTRIBUTE, "__globals__")
        cells, cell, held = w.new("tuple", 48), w.new("cell", 48), w.new("list", 56)
        w.ref(function, cells, ATTRIBUTE, "__closure__")
        w.ref(cells, cell, kind, variable_name)
        w.ref(cell, held, ATTRIBUTE, "cell_contents")
        w.request(held)
        captured.append(held)
    write(folder, "a", w, 0)
    for at in captured[0], captured[0], captured[1]:
        w.request(at)
    write(folder, "b", w, 600)


def shared(folder, _):
    """Two registries hold the same new requests."""
    w = program()
    other = w.variable("OTHER", "list", 120)
    write(folder, "a", w, 0)
    for _ in range(3):
        w.request(w.registry, other)
    write(folder, "b", w, 600)


def caches(folder, _):
    """One cache shrinks, another grows by more."""
    w = program()
    shrinks, grows = w.variable("OLD", "dict", 64), w.variable("NEW", "dict", 64)
    old = [w.request(shrinks, body=100000) for _ in range(2)]
    write(folder, "a", w, 0)
    w.drop(*old)
    for _ in range(5):
        w.request(grows, body=100000)
    write(folder, "b", w, 600)


def reuse(folder, _):
    """A session dies, and a new one of the same type and size takes its slot, somewhere else."""
    w = program()
    sessions = w.variable("SESSIONS", "list", 56)
    slot = w.new("Session", 96)
    w.ref(sessions, slot, ELEMENT)
    write(folder, "a", w, 0)
    w.free(slot)
    w.new("Session", 96, slot)
    w.ref(w.registry, slot, ELEMENT)
    write(folder, "b", w, 600)


def root_reuse(folder, _):
    """As `reuse`, but each session is held by two lists, so both hang below the virtual root."""
    w = program()
    other = w.new("module", 80)
    w.root(other, name="other")
    lists = [w.new("list", 56) for _ in range(2)]
    for at, name in zip(lists, ("left", "right")):
        w.ref(other, at, name=name)
    slot = w.new("Session", 96)
    w.ref(w.registry, slot, ELEMENT)
    w.ref(lists[0], slot, ELEMENT)
    write(folder, "a", w, 0)
    w.free(slot)
    again = w.variable("AGAIN", "list", 56)
    w.new("Session", 96, slot)
    w.ref(again, slot, ELEMENT)
    w.ref(lists[1], slot, ELEMENT)
    write(folder, "b", w, 600)


def hands(folder, _):
    """While B is taken, a thread uses REGISTRY: it hangs below the virtual root, and is the same."""
    w = program()
    w.frames.append(("serve", "app.py", 7))
    for _ in range(4):
        w.request(w.registry)
    write(folder, "a", w, 0)
    w.root(w.registry, LOCAL_ROOT, "batch", 1)
    for _ in range(3):
        w.request(w.registry)
    write(folder, "b", w, 600)


def garbage(folder, _):
    """Cycles that nobody holds any more, with the collector switched off."""
    w = program()
    write(folder, "a", w, 0, counters=[("gc.enabled", 0)])
    for _ in range(3):
        a, b = w.new("Node", 48), w.new("Node", 48)
        w.ref(a, b, name="next")
        w.ref(b, a, name="next")
        w.ref(a, w.new("bytes", 100000), name="data")
    write(folder, "b", w, 600, counters=[("gc.enabled", 0)])


def outside(folder, _):
    """The resident memory grows by 10 MiB outside the heap: `native` and `free` say where."""
    w = program()
    mib = 1 << 20
    for name, when, native, free in (("a", 0, 2, 1), ("b", 600, 12, 1), ("c", 1200, 12, 11)):
        write(folder, name, w, when, [("live heap", 600, 1),
              ("allocated, not in the heap", native * mib, 0),
              ("malloc, free but held", free * mib, 1)],
              counters=[("rss", (20 + native + free) * mib)])


def hostile(folder, _):
    """Names with control bytes, quotes and brackets, long and empty ones."""
    w = program()
    w.types["Evil\x1b[31m\n</script>\u202e"] = ("app\x07", CLASS, FIXED)
    at = w.variable("x\x1b[2J\n'q'", "dict", 64)
    write(folder, "a", w, 0)
    evil = w.new("Evil\x1b[31m\n</script>\u202e", 70000)
    w.ref(at, evil, VALUE, "key ']<>\x00")
    inner = w.new("list", 80000)
    w.ref(evil, inner, ATTRIBUTE, "n" * 5000)
    w.ref(inner, w.new("str", 60), ATTRIBUTE, "")
    write(folder, "b", w, 600, service="web\x1b]0;title\x07")


def incomplete(folder, _):
    """B is a capture that lost its end."""
    w = program()
    write(folder, "a", w, 0)
    w.request(w.registry)
    write(folder, "b", w, 600, complete=0)


def runtimes(folder, _):
    """A is of another runtime than B."""
    w = program()
    write(folder, "a", w, 0, runtime="jvm", process_start="1")
    w.request(w.registry)
    write(folder, "b", w, 600)


def services(folder, _):
    """A is of another service than B, on an older version of its runtime."""
    w = program()
    write(folder, "a", w, 0, service="shop", runtime_version="3.10.1", process_start="1")
    w.request(w.registry)
    write(folder, "b", w, 600, service="web", runtime_version="3.11.2")


def moving(folder, _):
    """One process whose runtime moves objects: ids are no addresses to go by."""
    for name, when, shift, n in (("a", 0, 0, 2), ("b", 600, 0x100000, 4)):
        w = program()
        for _ in range(n):
            w.request(w.registry)
        w.objects = {a + shift: {**o, "refs": [(t + shift, *r) for t, *r in o["refs"]]}
                     for a, o in w.objects.items()}
        w.roots = [(a + shift, *r) for a, *r in w.roots]
        write(folder, name, w, when, runtime="jvm", stable_ids=0)


def restart(folder, _):
    """Two runs of one program: other addresses, another pid; B served more."""
    for name, when, shift, n in (("a", 0, 0, 2), ("b", 600, 0x1230, 5)):
        w = program()
        cache = w.variable("CACHE", "dict", 64)
        for i in range(2):
            text = w.new("str", 60 + i)
            w.ref(cache, text, VALUE, "k%d" % i)
        for _ in range(n):
            w.request(w.registry)
        w.objects = {a + shift: {**o, "refs": [(t + shift, *r) for t, *r in o["refs"]]}
                     for a, o in reversed(w.objects.items())}
        w.roots = [(a + shift, *r) for a, *r in w.roots]
        write(folder, name, w, when, pid=4711 + n, process_start=str(n))


def restart_hands(folder, _):
    """As `restart`, and while B is taken a thread uses REGISTRY."""
    for name, when, shift, n in (("a", 0, 0, 4), ("b", 600, 0x1230, 7)):
        w = program()
        w.frames.append(("serve", "app.py", 7))
        for _ in range(n):
            w.request(w.registry)
        w.objects = {a + shift: {**o, "refs": [(t + shift, *r) for t, *r in o["refs"]]}
                     for a, o in w.objects.items()}
        w.roots = [(a + shift, *r) for a, *r in w.roots]
        if n == 7:
            w.root(w.registry + shift, LOCAL_ROOT, "batch", 1)
        write(folder, name, w, when, pid=4711 + n, process_start=str(n))


def sites(folder, _):
    """Requests with the stack of their allocation; two places."""
    w = program()
    w.frames += [("main", "app.py", 3), ("handle", "app.py", 42), ("retry", "app.py", 50)]
    w.stacks += [(None, 1), (1, 2), (1, 3)]
    w.request(w.registry, stack=2)
    write(folder, "a", w, 0)
    for i in range(3):
        w.request(w.registry, stack=2 if i else 3)
    write(folder, "b", w, 600)


def several(folder, _):
    """Four registries, none of which holds half of the growth, grow in each of two intervals of an hour;
    a fifth in the first only."""
    w = program()
    names = "JOBS", "USERS", "TAGS", "PAGES", "ONCE"
    registries = [w.variable(name, "list", 120) for name in names]
    for hour, name in enumerate("abc"):
        for i, registry in enumerate(registries):
            if hour and (hour == 1 or i < 4):
                w.request(registry, body=90000 - 10000 * i)
        write(folder, name, w, 3600 * hour, counters=[("rss", (50 + hour) << 20)])


def local_only(folder, _):
    """Growth in a list that only a running function holds, and in one that only C holds."""
    w = program()
    w.frames.append(("handle", "app.py", 7))
    mine, theirs = w.new("list", 56), w.new("list", 56)
    w.root(mine, LOCAL_ROOT, "batch", 1)
    w.root(theirs, EXTERNAL_ROOT)
    write(folder, "a", w, 0)
    w.request(mine)
    w.request(theirs, body=80000)
    write(folder, "b", w, 600)


def chain(folder, number):
    """A linked list of NUMBER nodes that gets one more at its end, and one at its head."""
    w = program()
    last = first = w.variable("HEAD", "Node", 48)
    for _ in range(number or 30):
        after = w.new("Node", 48)
        w.ref(last, after, name="next")
        last = after
    write(folder, "a", w, 0)
    after = w.new("Node", 70000)
    w.ref(last, after, name="next")
    write(folder, "b", w, 600)
    w.unref(w.dict, first)
    head = w.variable("HEAD", "Node", 48)
    w.ref(head, first, name="next")
    write(folder, "c", w, 1200)


def names_keys(folder, _):
    """names=keys: a list for each tenant, under keys that were written out."""
    w = program()
    tenants = w.variable("TENANTS", "dict", 300)
    lists = []
    for name in ("acme", "initech", "hooli"):
        lists.append(w.new("list", 56))
        w.ref(tenants, lists[-1], VALUE, name)
    keys = [("names", "keys")]
    write(folder, "a", w, 0, metadata=keys)
    for at in lists:
        w.request(at)
    write(folder, "b", w, 600, metadata=keys)


def random_traces(folder, seed):
    """Random records of allocations: blocks that roots hold and nothing refers to, of few types, sizes and
    places, under one frame or several, some of no known place (in every fifth world all). In every fourth
    one block refers to another, so that it is a heap like others."""
    r = random.Random(seed)
    w = World()
    places = r.randint(1, 6)
    w.frames += [("f%d" % i, "app.py", 10 + i) for i in range(places)]
    w.stacks += [(None, i + 1) for i in range(places)]
    for _ in range(r.choice((0, 5))):
        w.stacks.append((r.randint(1, len(w.stacks)), r.randint(1, places)))
    stacks = [None] + list(range(1, len(w.stacks) + 1)) if seed % 5 else [None]

    def allocate(n):
        for _ in range(n):
            at = w.new(r.choice(("bytes", "list")), r.choice((16, 32, 100, 5000)), stack=r.choice(stacks))
            w.root(at, EXTERNAL_ROOT)

    allocate(r.randint(2, 40))
    if seed % 4 == 3:
        w.ref(*list(w.objects)[:2], ELEMENT)
    write(folder, "a", w, 0)
    w.free(*[at for at in list(w.objects)[2:] if r.random() < 0.3])
    allocate(r.randint(0, 20))
    write(folder, "b", w, 600)


def random_world(folder, seed):
    """A random world, and what became of it: objects come and go, slots are used again."""
    r = random.Random(seed)
    w = World()
    types = ["Request", "Session", "Node", "dict", "list"]
    for _ in range(r.randint(1, 25)):
        w.new(r.choice(types), r.choice((16, 16, 48, r.randint(1, 500))))

    def link(n):
        for _ in range(n):
            a, b = r.choice(list(w.objects)), r.choice(list(w.objects))
            kind = r.choice((ATTRIBUTE, ELEMENT, ELEMENT, VALUE, KEY, WEAK))
            w.ref(a, b, kind, r.choice("xyz") if kind in (ATTRIBUTE, VALUE) else None)

    def roots(n):
        for _ in range(n):
            kind = r.choice((GLOBAL_ROOT, GLOBAL_ROOT, LOCAL_ROOT, EXTERNAL_ROOT))
            w.root(r.choice(list(w.objects)), kind, None if kind == EXTERNAL_ROOT else r.choice("gh"))

    link(r.randint(0, 60))
    roots(r.randint(0, 4))
    serial = [("id.kind", "serial")] if r.random() < 0.2 else []
    process = r.choice(("1", "1", "1", "2"))
    write(folder, "a", w, 0, metadata=serial)
    old = list(w.objects)
    for at in old:
        if r.random() < 0.2 and len(w.objects) > 1:
            w.free(at)
            if not serial and r.random() < 0.5:
                w.new(r.choice(types), r.choice((16, 48)), at)
    for _ in range(r.randint(0, 12)):
        w.new(r.choice(types), r.choice((16, 16, 48, r.randint(1, 500))))
    for o in w.objects.values():
        if r.random() < 0.1:
            o["size"] += r.randint(-8, 64)
        o["refs"] = [x for x in o["refs"] if r.random() < 0.95]
    link(r.randint(0, 30))
    roots(r.randint(0, 2))
    write(folder, "b", w, 600, metadata=serial, process_start="12345" if process == "1" else "2")


CASES = {f.__name__.replace("_", "-"): f for f in (
    leak, three, lazy, litter, hourly, full, exchange, crumbs, slowing, nested, closures, shared, caches, reuse, root_reuse, hands,
    garbage, outside, hostile, incomplete, runtimes, services, moving, restart, restart_hands, sites,
    several, local_only, chain, names_keys)}
CASES["random"], CASES["traces"] = random_world, random_traces


def main():
    case, folder = sys.argv[1:3]
    os.makedirs(folder, exist_ok=True)
    CASES[case](folder, int(sys.argv[3]) if len(sys.argv) > 3 else 0)


if __name__ == "__main__":
    main()
