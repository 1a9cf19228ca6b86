#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes a real CPython heap as a plain graph for bench_graph -f.

    python_heap.py OUT [RECORDS]

Fills a process with RECORDS (default 400,000) records of a small application: instances with
attributes, tuples, strings, a cache, a linked list, then walks everything that the garbage collector
knows or that is reached from there, in address order. Takes half a minute and 2 GB for the default.
File: three 64-bit numbers (objects, references, roots), then offsets (64 bits), targets (32), roots
(32), sizes (64), all in the machine's byte order.
"""
import array
import gc
import sys


class Node:
    __slots__ = ("value", "next")

    def __init__(self, value, after):
        self.value = value
        self.next = after


class Record:
    def __init__(self, i):
        self.key = "record-%d" % i
        self.tags = ("a", "b", str(i % 1000))
        self.data = {"n": i, "text": "text %d" % i, "list": [i, i + 1, float(i)]}
        self.owner = None


def build(n):
    records = [Record(i) for i in range(n)]
    cache = {}
    head = None
    for i, r in enumerate(records):
        if i % 3 == 0:
            r.owner = records[i * 7919 % n]
        if i % 10 == 0:
            cache[r.key] = r
        if i % 4 == 0:
            head = Node(i * 1000, head)
    return records, cache, head


def walk(own):
    """All objects, in address order, without what this function itself makes."""
    known = {}
    todo = [o for o in gc.get_objects() if o is not own and o is not known]
    skip = {id(todo), id(known), id(own), id(sys._getframe())}
    todo = list(todo)
    skip.add(id(todo))
    while todo:
        o = todo.pop()
        if id(o) in known or id(o) in skip:
            continue
        known[id(o)] = o
        todo.extend(r for r in gc.get_referents(o) if id(r) not in known)
    return [known[a] for a in sorted(known)]


def main():
    out = sys.argv[1]
    application = build(int(sys.argv[2]) if len(sys.argv) > 2 else 400_000)
    gc.collect()
    gc.disable()
    objects = walk([])
    number = {id(o): i for i, o in enumerate(objects)}
    offsets, targets = array.array("Q", [0]), array.array("I")
    sizes = array.array("Q")
    for o in objects:
        targets.extend(number[id(r)] for r in gc.get_referents(o) if id(r) in number)
        offsets.append(len(targets))
        sizes.append(sys.getsizeof(o, 16))
    held = [sys.modules, application, None, True, False, type, object]
    roots = array.array("I", [number[id(o)] for o in held if id(o) in number])
    with open(out, "wb") as f:
        array.array("Q", [len(objects), len(targets), len(roots)]).tofile(f)
        for column in (offsets, targets, roots, sizes):
            column.tofile(f)
    print("%d objects, %d references" % (len(objects), len(targets)))


if __name__ == "__main__":
    main()
