#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks a small .heapsnapshot that snapexport wrote, without any of its readers.

    check_heapsnapshot.py FILE DATABASE

What readers demand: the order of the members, ids, edges, names that exist, nothing unreachable. And
that every object is there with its size and retains what the database says, by the rules of DevTools
(weak edges, shortcuts, what a page owns), taken from their definition: what is not reached any more
without the object. Prints what it counted; problems one a line.
"""
import json
import re
import sqlite3
import sys

ORDER = ["snapshot", "nodes", "edges", "trace_function_infos", "trace_tree", "samples", "locations",
         "strings"]
LARGEST = 2 ** 32 - 1
problems = 0


def problem(text, *values):
    global problems
    problems += 1
    print(text % values)


class Heap:
    def __init__(self, path):
        with open(path, encoding="ascii") as f:
            text = f.read()
        self.document = json.loads(text)
        if list(self.document) != ORDER:
            problem("members %s", list(self.document))
        if re.search(r'"(nodes|edges|strings)"(?!:\[)', text):
            problem("a space where memlab takes none")
        meta = self.document["snapshot"]["meta"]
        self.strings = self.document["strings"]
        self.node_types, self.edge_types = meta["node_types"][0], meta["edge_types"][0]
        width, flat, edges = len(meta["node_fields"]), self.document["nodes"], self.document["edges"]
        self.nodes, self.edges, at = [], [], 0
        for i in range(0, len(flat), width):
            row = dict(zip(meta["node_fields"], flat[i:i + width]))
            self.nodes.append(row)
            mine = []
            for k in range(at, at + 3 * row["edge_count"], 3):
                kind, name, to = self.edge_types[edges[k]], edges[k + 1], edges[k + 2]
                if to % width or to // width * width >= len(flat):
                    problem("edge to %d", to)
                mine.append((kind, name if kind in ("element", "hidden") else self.strings[name],
                             to // width))
            self.edges.append(mine)
            at += 3 * row["edge_count"]
        if at != len(edges):
            problem("%d edges are counted, %d are there", at // 3, len(edges) // 3)
        counts = self.document["snapshot"]
        if (counts["node_count"], counts["edge_count"]) != (len(self.nodes), len(edges) // 3):
            problem("counts of the header")

    def check_fields(self):
        ids = [row["id"] for row in self.nodes]
        if len(set(ids)) != len(ids) or max(ids) > LARGEST or any(i % 2 == 0 for i in ids):
            problem("ids %s", ids)
        for row in self.nodes:
            if not (0 <= row["self_size"] <= LARGEST and row["type"] < len(self.node_types)
                    and row["name"] < len(self.strings)):
                problem("node %s", row)
        if any(len(s.encode("utf-8", "surrogatepass")) > 1024 for s in self.strings):
            problem("a name of more than 1024 bytes")
        traces, todo = {0}, [self.document["trace_tree"]]
        while todo:
            rows = todo.pop()
            traces.update(rows[0::5])
            todo.extend(rows[4::5])
        if any(row["trace_node_id"] not in traces for row in self.nodes):
            problem("an allocation stack that is not there")

    # ---- the rules of DevTools ----

    def owned(self):
        todo = [to for kind, _, to in self.edges[0] if kind == "shortcut"]
        seen = set(todo)
        while todo:
            for kind, _, to in self.edges[todo.pop()]:
                if kind != "weak" and to not in seen:
                    seen.add(to)
                    todo.append(to)
        return seen

    def holds(self, owned):
        result = []
        for at, edges in enumerate(self.edges):
            result.append([to for kind, _, to in edges if kind != "weak" and to != at and
                           (at == 0 or (kind != "shortcut" and not (to in owned and at not in owned)))])
        return result

    def retained(self):
        """By node; and whether all are reached."""
        holds = self.holds(self.owned())

        def reach(without):
            seen, todo = {0}, [0]
            while todo:
                for to in holds[todo.pop()]:
                    if to not in seen and to != without:
                        seen.add(to)
                        todo.append(to)
            return seen

        everything = reach(None)
        if len(everything) != len(self.nodes):
            problem("%d nodes are not reached", len(self.nodes) - len(everything))
        sizes = [row["self_size"] for row in self.nodes]
        return [sum(sizes)] + [sum(sizes[v] for v in everything - reach(at))
                               for at in range(1, len(self.nodes))]


def main(path, database):
    heap = Heap(path)
    heap.check_fields()
    retained = heap.retained()
    db = sqlite3.connect(database)
    snapshot, live, garbage, size = db.execute(
        "SELECT id, live_root_id, garbage_root_id, shallow_size FROM snapshot ORDER BY id DESC LIMIT 1"
    ).fetchone()
    objects = db.execute("SELECT id, shallow_size, retained_size FROM object WHERE snapshot_id = ?"
                         " AND id > ? ORDER BY id", (snapshot, live)).fetchall()
    if objects and objects[-1][0] == garbage:
        del objects[-1]
    own = len(heap.nodes) - len(objects)
    for at, (id_, shallow, kept) in enumerate(objects, own):
        got = heap.nodes[at]["self_size"], retained[at]
        if got != (shallow, kept):
            problem("#%d: %s, not %s", id_, got, (shallow, kept))
    if retained[0] != size:
        problem("the root retains %d of %d", retained[0], size)
    kinds = {}
    for edges in heap.edges:
        for kind, _, _ in edges:
            kinds[kind] = kinds.get(kind, 0) + 1
    print(len(objects), "objects,", own, "nodes before them,",
          ", ".join("%d %s" % (kinds[k], k) for k in sorted(kinds)))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
