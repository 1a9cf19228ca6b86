# SPDX-License-Identifier: MIT
"""Real heaps of this Python, of Node and of a JVM, exported and read by the tools that the formats are
for. Where one of these is not there, its tests are skipped, aloud.

$SNAP_TOOLS: the folder of the commands. $SNAP_EXPORT_WORK: a folder that is kept. $SNAP_V8_WORK: that
of import_v8.py, where DevTools' worker and memlab are installed.
"""

import collections
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import unittest

TOOLS, WORK = os.environ.get("SNAP_TOOLS"), os.environ.get("SNAP_EXPORT_WORK")
if not TOOLS or not WORK:
    print("skipped: the tools are not there")
    sys.exit(77)
os.makedirs(WORK, exist_ok=True)
ARGUMENTS = sys.argv
sys.argv = [sys.argv[0], TOOLS, os.environ["SNAP_V8_WORK"]]
sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "cli"))
import check_export  # noqa: E402
import import_v8  # noqa: E402
import validate  # noqa: E402

PYTHON_PROGRAM = """
import gc, sys, heapsnap
class Item:
    def __init__(self, i):
        self.i, self.key, self.next = i, "key %d" % i, None
class Ring: pass
REGISTRY = {}
def fill(n):
    last = None
    for i in range(n):
        item = Item(i)
        item.next, last = last, item
        REGISTRY[i] = item
fill(3000)
gc.disable()
for _ in range(300):
    a, b = Ring(), Ring()
    a.other, b.other, a.alive = b, a, REGISTRY
del a, b
heapsnap.dump(sys.argv[1])
"""

JAVA_PROGRAM = """
import java.util.*;
public class Heap {
    static class Item { int n; Item next; String text; Item(int i, Item x) { n = i; next = x; text = "t" + i; } }
    static Map<Integer, Item> registry = new HashMap<>();
    public static void main(String[] a) throws Exception {
        Item last = null;
        for (int i = 0; i < 3000; i++) registry.put(i, last = new Item(i, i % 7 == 0 ? null : last));
        new ProcessBuilder("jcmd", "" + ProcessHandle.current().pid(), "GC.heap_dump", a[0]).start().waitFor();
    }
}
"""


def work(name):
    return os.path.join(WORK, name)


def run(command, *arguments):
    done = subprocess.run([os.path.join(TOOLS, command), *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, universal_newlines=True)
    if done.returncode:
        raise AssertionError("%s %s: %s" % (command, arguments, done.stderr))
    return done


def heaps():
    """{name: file} of the heaps that can be made here; the others are named aloud."""
    made = {}
    subprocess.run([sys.executable, "-X", "tracemalloc=5", "-c", PYTHON_PROGRAM, work("python.snap")],
                   check=True)
    made["python"] = work("python.snap")
    if shutil.which("node"):
        with open(work("program.js"), "w") as f:
            f.write(import_v8.PROGRAM)
        subprocess.run(["node", "program.js"], cwd=WORK, check=True, stdout=subprocess.DEVNULL)
        made["node"] = work("traced.heapsnapshot")
    else:
        print("no node: no heap of it, and no reader of heap snapshots")
    if shutil.which("java") and shutil.which("jcmd"):
        with open(work("Heap.java"), "w") as f:
            f.write(JAVA_PROGRAM)
        if os.path.exists(work("java.hprof")):
            os.unlink(work("java.hprof"))
        subprocess.run(["java", work("Heap.java"), work("java.hprof")], check=True)
        made["java"] = work("java.hprof")
    else:
        print("no JDK: no heap of it")
    return made


def breaches(document, root):
    """What is against a schema of others, which keeps its parts under a key of its own."""
    checker = validate.Validator(root)
    checker.check(document, {k: v for k, v in root.items() if k != "definitions"}, "")
    return checker.breaches


HEAPS = {}


def setUpModule():
    for name, path in heaps().items():
        HEAPS[name] = work(name + ".db")
        run("snapload", "-q", "-f", "-o", HEAPS[name], path)


def export(name, ending, *options):
    out = work(name + ending)
    run("snapexport", "-q", "-f", "-o", out, *options, HEAPS[name])
    return out


class HeapSnapshot(unittest.TestCase):
    """Every object retains in DevTools and memlab what the database says."""

    @classmethod
    def setUpClass(cls):
        why = "no node" if not shutil.which("node") else import_v8.npm()
        if why:
            raise unittest.SkipTest("comparison with DevTools and memlab: " + why)

    def rows(self, mode, path):
        """(id, size, retained size) of each node, by the original."""
        if mode == "memlab":
            command = ["node", os.path.join(import_v8.HERE, "import_v8_memlab.cjs"), path,
                       work("memlab.txt")]
        else:
            command = ["node", "devtools.mjs", mode, path]
        done = subprocess.run(command, cwd=import_v8.ORIGINALS, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, universal_newlines=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        text = done.stdout
        if mode != "memlab":
            self.assertEqual(done.stderr, "")
        else:
            with open(work("memlab.txt")) as f:
                text = f.read()
        return [tuple(map(int, line.split()[:3])) for line in text.splitlines()
                if line[0].isdigit()]

    def compare(self, name, mode):
        path = export(name, ".heapsnapshot")
        db = sqlite3.connect(HEAPS[name])
        live, garbage, n_garbage, size = db.execute(
            "SELECT live_root_id, garbage_root_id, n_garbage, shallow_size FROM snapshot").fetchone()
        rows = self.rows(mode, path)
        self.assertEqual(rows[0][2], size)
        self.assertEqual(sum(row[1] for row in rows), size)
        self.assertEqual(len({row[0] for row in rows}), len(rows))
        mine = db.execute("SELECT shallow_size, retained_size, address FROM object WHERE id > ?"
                          " AND (id < ? OR ?) ORDER BY id", (live, garbage, n_garbage)).fetchall()
        if name == "node":
            mine = {a: (s, r) for s, r, a in mine}
            theirs = {i: (s, r) for i, s, r in rows}
            del mine[rows[0][0]]
            self.assertEqual([(i, mine[i], theirs.get(i)) for i in mine if mine[i] != theirs.get(i)], [])
        else:
            theirs = rows[len(rows) - len(mine):]
            self.assertEqual([x for x in zip(mine, theirs) if x[0][:2] != x[1][1:]], [])
            self.assertGreater(len(mine), 9000)

    def test_python(self):
        self.assertGreater(sqlite3.connect(HEAPS["python"]).execute(
            "SELECT n_garbage FROM snapshot").fetchone()[0], 500)
        for mode in "plain", "folded", "memlab":
            self.compare("python", mode)

    def test_java(self):
        if "java" not in HEAPS:
            self.skipTest("no JDK")
        for mode in "folded", "memlab":
            self.compare("java", mode)

    def test_node(self):
        for mode in "plain", "memlab":
            self.compare("node", mode)

    def test_node_as_the_original(self):
        """A round trip changes nothing that DevTools says, but where its own kinds are lost."""
        path = export("node", ".heapsnapshot")
        for mode in "plain", "folded":
            a, b = self.rows(mode, work("traced.heapsnapshot")), self.rows(mode, path)
            a, b = {i: (s, r) for i, s, r in a}, {i: (s, r) for i, s, r in b}
            different = [i for i in a if a[i] != b.get(i)]
            self.assertLess(len(different), 1 if mode == "plain" else len(a) / 100)
            self.assertEqual(sum(x[0] for x in a.values()), sum(x[0] for x in b.values()))

    def test_locations(self):
        """Functions stand where they stood: of V8 after a round trip, of Python by their stacks."""
        def places(path):
            file = import_v8.Document(path)
            nodes, strings, found = file.json["nodes"], file.json["strings"], {}
            kinds = file.json["snapshot"]["meta"]["node_types"][0]
            closure = kinds.index("closure")
            at = file.json["locations"]
            for i in range(0, len(at), 4):
                if nodes[at[i]] == closure:
                    found[nodes[at[i] + 2]] = strings[nodes[at[i] + 1]], at[i + 2]
            return found, file.json
        run("snapload", "-q", "-f", "-o", work("plain.db"), work("a.heapsnapshot"))
        run("snapexport", "-q", "-f", "-o", work("plain.heapsnapshot"), work("plain.db"))
        a, b = places(work("a.heapsnapshot"))[0], places(work("plain.heapsnapshot"))
        self.assertEqual({i: (a[i], b[0].get(i)) for i in a if a[i] != b[0].get(i)}, {})
        self.assertGreater(len(a), 1000)
        self.assertEqual(b[1]["trace_tree"], [])
        python = places(export("python", ".heapsnapshot"))[0]
        line = PYTHON_PROGRAM.split("\n").index("def fill(n):")
        self.assertIn(("fill", line), python.values())

    def test_classes(self):
        """Class objects and modules have their names, which no instance has."""
        for name, a_class, a_module in (("python", "Item", "gc"), ("java", "Heap$Item", None)):
            if name not in HEAPS:
                continue
            file = import_v8.Document(export(name, ".heapsnapshot"))
            nodes, strings = file.json["nodes"], file.json["strings"]
            kinds = file.json["snapshot"]["meta"]["node_types"][0]
            named = collections.Counter(
                (kinds[nodes[i]], strings[nodes[i + 1]]) for i in range(0, len(nodes), file.width))
            self.assertIn(("closure", a_class), named)
            if a_module:
                self.assertEqual(named["code", a_module], 1)
            own = sqlite3.connect(HEAPS[name]).execute(
                "SELECT count(*) FROM object o JOIN type t ON t.id = o.type_id JOIN detail d ON"
                " d.object_id = o.id WHERE d.name_id IS NOT NULL AND (t.kind IN (3, 6) OR"
                " t.name = 'module')").fetchone()[0]
            self.assertEqual(sum(n for (kind, _), n in named.items() if kind in ("closure", "code")),
                             own)

    def test_allocations(self):
        """The table of allocations of DevTools: functions, with lines and live objects."""
        for name, function in ("python", "fill"), ("node", "allocate"):
            done = subprocess.run(["node", "devtools.mjs", "traces", export(name, ".heapsnapshot")],
                                  cwd=import_v8.ORIGINALS, stdout=subprocess.PIPE, check=True)
            tops = json.loads(done.stdout)
            found = [row for row in tops if row["name"] == function]
            self.assertTrue(found, tops[:20])
            self.assertGreater(sum(row["liveCount"] for row in found), 400)
            self.assertGreater(found[0]["line"], 0)

    def test_again(self):
        """The tools read it back: as many objects and bytes, and what each type retains."""
        for name in HEAPS:
            path = export(name, ".heapsnapshot")
            run("snapload", "-q", "-f", "-o", work("again.db"), path)
            ask = "SELECT shallow_size FROM snapshot"
            types = ("SELECT coalesce(module || '.', '') || name, sum(n) FROM types WHERE name LIKE"
                     " '%Item' GROUP BY 1")
            a, b = sqlite3.connect(HEAPS[name]), sqlite3.connect(work("again.db"))
            self.assertEqual(a.execute(ask).fetchone(), b.execute(ask).fetchone())
            self.assertEqual(a.execute(types).fetchall(), b.execute(types).fetchall())
            self.assertGreaterEqual(a.execute(types).fetchone()[1], 1000)


class Profiles(unittest.TestCase):
    """Stacks, metrics and drawings by the readers that there are, and by the rules everywhere."""

    def totals(self, name, title):
        """Objects and bytes that stacks of this kind add up to."""
        columns = "n_live, live_size" if title.startswith("live objects by") else "n_objects, shallow_size"
        return sqlite3.connect(HEAPS[name]).execute("SELECT %s FROM snapshot" % columns).fetchone()

    def test_pprof(self):
        """What `go tool pprof` adds up is what the database says."""
        for name in HEAPS:
            path = export(name, ".pb.gz")
            profile = check_export.read(path)
            stacks, live = profile["stacks"], self.totals(name, profile["comments"][0])
            self.assertEqual(sum(v[0] for _, v in stacks), live[0], name)
            self.assertEqual(sum(v[1] for _, v in stacks), live[1], name)
            if shutil.which("go"):
                env = dict(os.environ, GOFLAGS="-mod=mod", GOTOOLCHAIN="local", PPROF_TMPDIR=WORK)
                done = subprocess.run(["go", "tool", "pprof", "-top", "-unit=B", "-nodecount=100000",
                                       "-nodefraction=0", path], stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, env=env, cwd=WORK,
                                      universal_newlines=True)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("100%% of %dB total" % live[1], done.stdout)
                if name == "python":
                    self.assertRegex(done.stdout, r"\bfill\b")
        if not shutil.which("go"):
            print("no go: not read by go tool pprof")

    def test_speedscope(self):
        for name in HEAPS:
            for stacks in "auto", "type":
                path = export(name, ".speedscope.json", "--stacks", stacks)
                profiles = check_export.read(path)
                with open(path) as f:
                    title = json.load(f)["profiles"][0]["name"]
                lines = check_export.read(export(name, ".folded", "--stacks", stacks))
                self.assertEqual([w for _, w in profiles[0]], [w for _, w in lines])
                n, size = self.totals(name, title)
                self.assertEqual(sum(w for _, w in lines), size, (name, stacks))
                self.assertEqual(sum(w for _, w in profiles[1]), n, (name, stacks))

    def test_speedscope_schema(self):
        """The schema that speedscope publishes for its files."""
        if not shutil.which("npm"):
            self.skipTest("no npm: the schema of speedscope cannot be had")
        schema = work("package/dist/release/file-format-schema.json")
        if not os.path.exists(schema):
            done = subprocess.run("npm pack --silent speedscope@1.25.0 && tar xzf speedscope-1.25.0.tgz",
                                  shell=True, cwd=WORK, stdout=subprocess.DEVNULL, timeout=240)
            if done.returncode:
                self.skipTest("npm pack fails: the schema of speedscope cannot be had")
        with open(schema) as f:
            root = json.load(f)
        for name in HEAPS:
            with open(export(name, ".speedscope.json")) as f:
                document = json.load(f)
            self.assertEqual(breaches(document, root), [], name)
            del document["profiles"][1]["weights"]
            self.assertNotEqual(breaches(document, root), [], name)

    def test_openmetrics(self):
        for name in HEAPS:
            path = export(name, ".prom", "--top", "1000000")
            samples = check_export.read(path)
            live, = sqlite3.connect(HEAPS[name]).execute("SELECT live_size FROM snapshot").fetchone()
            self.assertEqual(samples['snap_heap_bytes{state="live"}'], live)
            self.assertEqual(sum(v for k, v in samples.items() if k.startswith("snap_type_bytes")), live)
            try:
                from prometheus_client.openmetrics import parser
            except ImportError:
                print("no prometheus_client: not read by it")
                continue
            with open(path) as f:
                read = {s.name + str(s.labels): s.value for family in
                        parser.text_fd_to_metric_families(f) for s in family.samples}
            self.assertEqual(len(read), len(samples))
            self.assertEqual(read["snap_heap_bytes{'state': 'live'}"], live)

    def test_dot(self):
        for name in HEAPS:
            path = export(name, ".dot")
            drawn = check_export.read(path)
            self.assertGreater(drawn["nodes"], 50)
            self.assertLessEqual(len(drawn["roots"]), 2)
            if shutil.which("dot"):
                subprocess.run(["dot", "-Tsvg", "-o", work("drawn.svg"), path], check=True)
        if not shutil.which("dot"):
            print("no Graphviz: not drawn")


if __name__ == "__main__":
    unittest.main(argv=ARGUMENTS, verbosity=2)
