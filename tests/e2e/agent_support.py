"""Helpers of the agent_*.py tests: run a program in a fresh Python, read back what it captured.

The tests run under the Python that they test; `heapsnap` is on its path, DUMP_ROWS names the
program that prints a file's rows.
"""

import collections
import gc
import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import unittest

DUMP_ROWS = os.environ["DUMP_ROWS"]

# Numbers of the format's registry.
TRACKED, FROZEN, FINALIZED, IMMORTAL, INTERNED, STATIC, CLASS, SUSPENDED, RUNNING = (
    1 << i for i in range(9))
ATTRIBUTE, ELEMENT, KEY, VALUE, VARIABLE, LOCAL, INTERNAL, TYPE = range(1, 9)
WEAK = 10
#: A type's flag.
NATIVE_UNKNOWN = 1 << 4
ROOT_GLOBAL, ROOT_LOCAL, ROOT_THREAD, ROOT_TYPE = 2, 3, 4, 5
ROOT_INTERNED, ROOT_RUNTIME, ROOT_CALLBACK, ROOT_TASK = 6, 9, 10, 11
#: Root rows that stand for one counted reference each.
COUNTED = (ROOT_LOCAL, ROOT_RUNTIME, ROOT_CALLBACK, ROOT_TASK)


def parse_rows(lines):
    """As one document, and without looking for garbage, in a third of the time."""
    gc.disable()
    try:
        return json.loads((b"[%s]" % b",".join(lines)).decode("utf-8"))
    finally:
        gc.enable()


class Snap:
    """The rows of a file: objects by ordinal and by id, edges by source and by target."""

    def __init__(self, path):
        self.strings, self.types, self.frames, self.stacks = {}, {}, {}, {}
        self.roots, self.threads = [], []
        self.metadata, self.counters, self.labels, self.values = {}, {}, {}, {}
        done = subprocess.run([DUMP_ROWS, path], stdout=subprocess.PIPE)
        self.status = done.returncode
        objects, edges, others = [], [], []
        for line in done.stdout.splitlines():
            (edges if line.startswith(b'{"k":"edge"') else
             objects if line.startswith(b'{"k":"object"') else others).append(line)
        self.objects = parse_rows(objects)
        self.by_id = {o["id"]: o for o in self.objects}
        self._edge_lines, self._edges, self._by_end = edges, None, {}
        self.n_edges = len(edges)
        for row in parse_rows(others):
            self._add(row)

    @property
    def edges(self):
        """Most of the rows, which half of the tests do not look at: read when asked for."""
        if self._edges is None:
            self._edges = parse_rows(self._edge_lines)
            self._edge_lines = None
        return self._edges

    def _edges_by(self, end):
        """The edges by the ordinal at one of their ends; not every test asks."""
        if end not in self._by_end:
            edges = self._by_end[end] = collections.defaultdict(list)
            for edge in self.edges:
                edges[edge[end]].append(edge)
        return self._by_end[end]

    @property
    def out(self):
        return self._edges_by("source")

    @property
    def into(self):
        return self._edges_by("ordinal")

    def _add(self, row):
        kind = row.pop("k")
        if kind in ("root", "thread"):
            getattr(self, kind + "s").append(row)
        elif kind in ("type", "frame", "stack"):
            getattr(self, kind + "s")[row["id"]] = row
        elif kind == "string":
            self.strings[row["id"]] = row["text"]
        elif kind == "finish":
            self.finish = row
        elif kind == "value":
            self.values[row["ordinal"]] = row["text"]
        else:
            table = {"metadata": self.metadata, "counter": self.counters, "label": self.labels}
            table.get(kind, {})[row.get("key")] = row.get("value")

    def name(self, row):
        """The text that a row is named by, or None."""
        return self.strings.get(row.get("name", 0))

    def type(self, row):
        """"module.class" of an object."""
        row = self.types[row["type"]]
        return "%s.%s" % (self.strings.get(row.get("module", 0)), self.strings[row["name"]])

    def follow(self, row, name=None, kind=None, index=None):
        """The object at the end of the one edge of `row` that fits, and the edge."""
        found = [e for e in self.out[row["ordinal"]]
                 if (name is None or self.name(e) == name) and (kind is None or e["kind"] == kind)
                 and (index is None or e["index"] == index)]
        if len(found) != 1:
            raise AssertionError("%d edges %r %r %r from %s" % (len(found), name, kind, index,
                                                                self.type(row)))
        return self.objects[found[0]["ordinal"]]

    def names_from(self, row):
        """The names on an object's edges, with the kinds."""
        return {(self.name(e), e["kind"]) for e in self.out[row["ordinal"]]}

    def unexplained(self):
        """By object: reference count minus owned edges minus counted roots, where not 0."""
        owned = collections.Counter(e["ordinal"] for e in self.edges if e["owns"])
        owned.update(r["ordinal"] for r in self.roots if r["kind"] in COUNTED)
        rest = ((o, o["refcount"] - owned[o["ordinal"]]) for o in self.objects if "refcount" in o)
        return [(o, n) for o, n in rest if n != 0]


class AgentCase(unittest.TestCase):
    maxDiff = 2000

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="agent-")
        self.addCleanup(shutil.rmtree, self.folder)

    def run_python(self, script, *options, **environment):
        """Run a script in a new process; what it prints, as JSON, or None. `PATH` is a file name to
        dump to."""
        path = os.path.join(self.folder, "out.snap")
        script = "PATH = %r\n" % path + textwrap.dedent(script)
        done = subprocess.run([sys.executable, *options, "-c", script], timeout=250,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=dict(os.environ, **environment))
        if done.returncode != 0:
            raise AssertionError("status %d\n%s" % (done.returncode, done.stderr.decode()))
        return json.loads(done.stdout.decode()) if done.stdout.strip() else None

    def capture(self, script, *options, **environment):
        """The same, and the snapshot that the script wrote to PATH."""
        facts = self.run_python(script, *options, **environment)
        snap = Snap(os.path.join(self.folder, "out.snap"))
        self.assertEqual(snap.status, 0)
        self.assertEqual(snap.finish["objects"], len(snap.objects))
        self.assertEqual(snap.finish["edges"], snap.n_edges)
        return facts, snap
