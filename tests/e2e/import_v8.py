# SPDX-License-Identifier: MIT
"""Heap snapshots written by the installed Node, read by the tools and by the originals.

    import_v8.py TOOLS WORK

TOOLS: the folder of the commands. WORK: a folder that is kept; DevTools' worker and memlab are
installed there from npm, or in $SNAP_TEST_TOOLS. Without node the test is skipped; without npm the
comparisons with the originals are, aloud.
"""

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import unittest

import page_chromium

HERE = os.path.dirname(os.path.abspath(__file__))
TOOLS, WORK = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
#: Where the originals are installed; several builds may share them.
ORIGINALS = os.path.join(os.environ.get("SNAP_TEST_TOOLS", WORK), "v8")
DEVTOOLS = "chrome-devtools-frontend@1.0.1705227"
PACKAGES = [DEVTOOLS, "esbuild@0.28.2", "@memlab/core@2.0.5"]

PROGRAM = r"""
'use strict';
const v8 = require('node:v8'), fs = require('node:fs'), inspector = require('node:inspector');
class Item {
  constructor(i) { this.n = i; this.text = 'secret-content-' + i; this.next = null; }
}
class Holder {
  constructor() { this.items = []; this.map = new Map(); this.weak = new WeakMap(); }
}
globalThis.holder = new Holder();
globalThis.words = ['secret-content-77','sp\u00e4\u00df', '\u2028', '\ud83d\ude00', '"\\'];
globalThis.bytes = Buffer.alloc(100000);
function more(n) {
  let last = null;
  for (let i = 0; i < n; i++) {
    const item = new Item(i);
    item.next = last;
    if (i % 10 === 0) last = item;
    holder.items.push(item);
    if (i % 3 === 0) holder.map.set('k' + i, item);
    if (i % 7 === 0) holder.weak.set(item, {v: i});
    if (i % 5 === 0) item.run = () => item.n + i;
  }
}
more(1000);
v8.writeHeapSnapshot('a.heapsnapshot');
more(3000);
v8.writeHeapSnapshot('b.heapsnapshot');

const session = new inspector.Session(), out = fs.openSync('traced.heapsnapshot', 'w');
session.connect();
session.on('HeapProfiler.addHeapSnapshotChunk', m => fs.writeSync(out, m.params.chunk));
session.post('HeapProfiler.startTrackingHeapObjects', {trackAllocations: true});
function allocate() {
  holder.traced = [];
  for (let i = 0; i < 500; i++) holder.traced.push(new Item(i));
}
allocate();
session.post('HeapProfiler.stopTrackingHeapObjects', {reportProgress: false});
"""


def run(command, *arguments, **options):
    done = subprocess.run([os.path.join(TOOLS, command), *arguments], capture_output=True,
                          text=True, **options)
    return done


def load(name, *options):
    """The snapshot in a database."""
    db = os.path.join(WORK, os.path.basename(name) + ".db")
    done = run("snapload", "-f", *options, "-o", db, os.path.join(WORK, name))
    if done.returncode:
        raise AssertionError(done.stderr)
    return sqlite3.connect(db)


def npm():
    """Installs the originals once; the reason why they are not there, or None."""
    if not shutil.which("npm"):
        return "no npm"
    os.makedirs(ORIGINALS, exist_ok=True)
    stamp = os.path.join(ORIGINALS, "npm.stamp")
    with open(os.path.join(HERE, "import_v8_devtools.mjs")) as f:
        bundled = f.read()
    if not os.path.exists(os.path.join(ORIGINALS, "node_modules", ".bin", "esbuild")):
        with open(os.path.join(ORIGINALS, "package.json"), "w") as f:
            f.write('{"name":"originals","private":true}')
        try:
            done = subprocess.run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund",
                                   *PACKAGES], cwd=ORIGINALS, capture_output=True, text=True,
                                  timeout=240)
        except subprocess.TimeoutExpired:
            return "npm install takes too long"
        if done.returncode:
            return "npm install fails"
        frontend = os.path.join(ORIGINALS, "node_modules", "chrome-devtools-frontend", "front_end")
        # The published package lacks one generated file.
        with open(os.path.join(frontend, "core", "i18n", "locales.js"), "w") as f:
            f.write('export const LOCALES = ["en-US"], BUNDLED_LOCALES = ["en-US"],\n'
                    '  DEFAULT_LOCALE = "en-US", REMOTE_FETCH_PATTERN = "",\n'
                    '  LOCAL_FETCH_PATTERN = "";\n')
    stamped = ""
    if os.path.exists(stamp):
        with open(stamp) as f:
            stamped = f.read()
    if stamped != bundled:
        shutil.copy(os.path.join(HERE, "import_v8_devtools.mjs"), os.path.join(ORIGINALS, "in.mjs"))
        done = subprocess.run([os.path.join(ORIGINALS, "node_modules", ".bin", "esbuild"), "in.mjs",
                               "--bundle", "--platform=node", "--format=esm",
                               "--outfile=devtools.mjs", "--log-level=error"], cwd=ORIGINALS,
                              capture_output=True, text=True)
        if done.returncode:
            return "the originals cannot be built: " + done.stderr[-300:]
        with open(stamp, "w") as f:
            f.write(bundled)
    return None


def table(text):
    """{id: (self size, retained size)} of an original's lines."""
    rows = (line.split() for line in text.splitlines())
    return {int(r[0]): (int(r[1]), int(r[2])) for r in rows if len(r) >= 3}


def ours(db):
    """{id: (kind of node, self size, retained size)}."""
    return {row[0]: row[1:] for row in
            db.execute("SELECT address, (SELECT name FROM type WHERE id = type_id), shallow_size,"
                       " retained_size FROM object WHERE address IS NOT NULL")}


def devtools(test, mode, name):
    """What DevTools' worker says of every node."""
    done = subprocess.run(["node", "--max-old-space-size=4000", "devtools.mjs", mode,
                           os.path.join(WORK, name)], cwd=ORIGINALS, capture_output=True, text=True)
    test.assertEqual(done.returncode, 0, done.stderr)
    return table(done.stdout)


class Document:
    """The file as a whole, for what must be equal."""

    def __init__(self, name):
        with open(os.path.join(WORK, name)) as f:
            self.json = json.load(f)
        meta = self.json["snapshot"]["meta"]
        self.width = len(meta["node_fields"])
        self.field = {name: i for i, name in enumerate(meta["node_fields"])}
        self.nodes = len(self.json["nodes"]) // self.width
        self.edges = len(self.json["edges"]) // 3
        self.size = sum(self.json["nodes"][self.field["self_size"]::self.width])


PAGE = """<!DOCTYPE html><title>p</title><body><script>
class Row { constructor(i) { this.i = i; } }
window.rows = [];
window.fill = function fill() { for (let i = 0; i < 50; i++) rows.push(new Row(i)); };
fill();
window.kept = document.createElement('section');
document.body.append(kept); kept.append(document.createElement('b')); kept.remove();
/*%s*/ window.last = function last() { return rows; };
</script>""" % ("x" * 300)


class Tab(page_chromium.Browser):
    """A browser that writes heap snapshots of its page."""

    def event(self, message):
        if message.get("method") == "HeapProfiler.addHeapSnapshotChunk":
            self.out.write(message["params"]["chunk"])
        super().event(message)

    def snapshot(self, path):
        with open(path, "w") as self.out:
            self.send("HeapProfiler.takeHeapSnapshot", reportProgress=False)


@unittest.skipUnless(page_chromium.program(), "no Chromium")
class Chromium(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        page = os.path.join(WORK, "page.html")
        with open(page, "w") as f:
            f.write(PAGE)
        with Tab() as tab:
            tab.open("file://" + page)
            tab.snapshot(os.path.join(WORK, "chromium.heapsnapshot"))
        cls.db = load("chromium.heapsnapshot")

    def test_totals(self):
        file = Document("chromium.heapsnapshot")
        row = self.db.execute("SELECT n_objects, n_refs, shallow_size, garbage_size, complete"
                              " FROM snapshot").fetchone()
        self.assertEqual(row, (file.nodes, file.edges, file.size, 0, 1))
        self.assertEqual(self.db.execute("SELECT n FROM type WHERE name = 'Row'").fetchall(),
                         [(50,)])

    def test_places(self):
        """Of functions of the page; a line that is long is told by its column, too."""
        rows = self.db.execute("SELECT f.function, f.file, f.line FROM frame f JOIN stack k ON"
                               " k.frame_id = f.id WHERE f.file LIKE '%page.html'").fetchall()
        places = {(function.split("@")[0], line): function for function, _, line in rows}
        self.assertIn(("fill", 4), places)
        self.assertRegex(places["last", 8], "^last@3[0-9]+$")
        self.assertEqual({file for _, file, _ in rows},
                         {"file://" + os.path.join(WORK, "page.html")})

    def test_devtools(self):
        why = npm()
        if why:
            self.skipTest("comparison with the originals: " + why)
        mine, theirs = ours(self.db), devtools(self, "plain", "chromium.heapsnapshot")
        self.assertEqual(set(mine), set(theirs))
        self.assertEqual([(i, mine[i], theirs[i]) for i in mine
                          if mine[i][1:] != theirs[i] and mine[i][0] != "(root)"], [])


class V8(unittest.TestCase):
    def test_totals(self):
        for name in "a.heapsnapshot", "b.heapsnapshot", "traced.heapsnapshot":
            file = Document(name)
            row = load(name).execute("SELECT n_objects, n_refs, shallow_size, garbage_size,"
                                     " complete, runtime FROM snapshot").fetchone()
            self.assertEqual(row, (file.nodes, file.edges, file.size, 0, 1, "v8"), name)

    def test_names(self):
        db = load("a.heapsnapshot")
        count = dict(db.execute("SELECT name, n FROM type WHERE name IN ('Item', 'Holder')"))
        self.assertEqual(count, {"Item": 1000, "Holder": 1})
        path = run("snappath", "--no-cache", os.path.join(WORK, "a.heapsnapshot"), "Holder")
        self.assertIn("global.holder", path.stdout)

    def test_contents(self):
        """Contents of strings are in the database on request only."""
        secret = b"secret-content-77"
        for options, there in ((), False), (("--values",), True):
            load("a.heapsnapshot", *options).close()
            with open(os.path.join(WORK, "a.heapsnapshot.db"), "rb") as f:
                self.assertEqual(secret in f.read(), there, options)

    def test_weak_map(self):
        """A value of a weak map belongs to its key."""
        db = load("a.heapsnapshot")
        n = db.execute("SELECT count(*) FROM ref AS r JOIN object AS v ON v.id = r.target_id"
                       " WHERE r.kind = 14 AND v.dominator_id = r.source_id AND r.source_id IN"
                       " (SELECT id FROM object WHERE type_id ="
                       " (SELECT id FROM type WHERE name = 'Item'))").fetchone()[0]
        self.assertEqual(n, len(range(0, 1000, 7)))

    def test_stacks(self):
        db = load("traced.heapsnapshot")
        made = db.execute("SELECT count(*) FROM object AS o JOIN stack AS s ON s.id = o.stack_id"
                          " JOIN frame AS f ON f.id = s.frame_id WHERE f.function = 'allocate'"
                          " AND o.type_id = (SELECT id FROM type WHERE name = 'Item')").fetchone()
        self.assertGreaterEqual(made[0], 500)

    def test_places(self):
        """A closure is where its function stands in the program, as the file itself says."""
        file = Document("a.heapsnapshot")
        nodes, strings = file.json["nodes"], file.json["strings"]
        kinds = file.json["snapshot"]["meta"]["node_types"][0]
        rows = [file.json["locations"][i:i + 4] for i in range(0, len(file.json["locations"]), 4)]
        program = {row[1] for row in rows if strings[nodes[row[0] + 1]] == "more"}
        want = sorted((nodes[at + file.field["id"]], line + 1) for at, script, line, _ in rows
                      if kinds[nodes[at]] == "closure" and script in program)
        self.assertEqual(len(program), 1)
        self.assertGreater(len(want), 200)
        db = load("a.heapsnapshot")
        got = db.execute("SELECT o.address, f.line FROM object o JOIN stack k ON k.id = o.stack_id"
                         " JOIN frame f ON f.id = k.frame_id WHERE f.file = ? ORDER BY 1",
                         (os.path.join(os.path.realpath(WORK), "program.js"),)).fetchall()
        self.assertEqual(got, want)
        # Every script has its name: one a number in the file.
        self.assertEqual(db.execute("SELECT count(*) FROM frame WHERE file IS NULL").fetchone()[0],
                         0)
        functions = self.count_closures(rows, nodes, kinds)
        self.assertEqual(db.execute("SELECT count(*) FROM object WHERE stack_id IS NOT NULL")
                         .fetchone()[0], functions)
        top = run("snaptop", "--no-cache", "--by", "site", "--all",
                  os.path.join(WORK, "a.heapsnapshot"))
        line = 1 + PROGRAM[:PROGRAM.index("item.run = ()")].count("\n")
        self.assertRegex(top.stdout, rf" 200  (\(anonymous\)|item\.run) .*program\.js:{line}\n")

    def count_closures(self, rows, nodes, kinds):
        return len({row[0] for row in rows if kinds[nodes[row[0]]] == "closure"})

    def test_diff(self):
        done = run("snapdiff", "--no-cache", os.path.join(WORK, "a.heapsnapshot"),
                   os.path.join(WORK, "b.heapsnapshot"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("global.holder.items", done.stdout)
        self.assertIn("Item x 3,000", done.stdout)

    def test_hostile(self):
        """Cut and changed files: an answer or one line, never anything else."""
        with open(os.path.join(WORK, "a.heapsnapshot"), "rb") as f:
            whole = f.read()
        chance = random.Random(4711)
        path = os.path.join(WORK, "hostile.heapsnapshot")
        codes = {0: 0, 2: 0}
        for turn in range(60):
            data = bytearray(whole)
            if turn % 2:
                del data[chance.randrange(1, len(data)):]
            else:
                for _ in range(chance.randrange(1, 20)):
                    data[chance.randrange(len(data))] = chance.choice(b'0123456789,[]{}":\n\\\0x')
            with open(path, "wb") as f:
                f.write(data)
            done = run("snapload", "--summary", "-f", "-o",
                       os.path.join(WORK, "hostile.db"), path, timeout=60)
            self.assertIn(done.returncode, codes, done.stderr)
            codes[done.returncode] += 1
            if done.returncode == 2:
                self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                self.assertIn("offset", done.stderr)
            elif turn % 2:
                self.assertIn("ends early", done.stderr)
        self.assertGreater(codes[0], 10)
        self.assertGreater(codes[2], 3)


class Originals(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        why = npm()
        if why:
            raise unittest.SkipTest("comparison with the originals: " + why)

    def test_devtools(self):
        """Every node but the root, which is one root among others here, retains the same."""
        for name in "a.heapsnapshot", "b.heapsnapshot", "traced.heapsnapshot":
            mine, theirs = ours(load(name)), devtools(self, "plain", name)
            self.assertEqual(set(mine), set(theirs))
            different = [(i, mine[i], theirs[i]) for i in mine
                         if mine[i][1:] != theirs[i] and mine[i][0] != "(root)"]
            self.assertEqual(different, [])
            self.assertEqual(theirs[1][1], sum(m[1] for m in mine.values()))

    def test_other_runtimes(self):
        """Other versions of Node, by their paths in SNAP_NODES (a:b:c)."""
        others = [n for n in os.environ.get("SNAP_NODES", "").split(":") if n]
        if not others:
            self.skipTest("SNAP_NODES names no other versions of node")
        program = PROGRAM[:PROGRAM.index("more(3000)")]
        program = program.replace("require('node:", "require('")
        for i, node in enumerate(others):
            name = f"other{i}.heapsnapshot"
            with open(os.path.join(WORK, "other.js"), "w") as f:
                f.write(program.replace("a.heapsnapshot", name))
            subprocess.run([node, "other.js"], cwd=WORK, check=True, stdout=subprocess.DEVNULL)
            mine, theirs = ours(load(name)), devtools(self, "plain", name)
            different = [i for i in mine if mine[i][1:] != theirs[i] and mine[i][0] != "(root)"]
            self.assertEqual(different, [], node)

    def test_devtools_folded(self):
        """DevTools moves sizes of internal nodes with one owner to the owner: totals stay, and
        only where it does is anything different."""
        mine, theirs = ours(load("a.heapsnapshot")), devtools(self, "folded", "a.heapsnapshot")
        self.assertEqual(sum(m[1] for m in mine.values()), sum(t[0] for t in theirs.values()))
        moved = {i for i in mine if mine[i][1] != theirs[i][0]}
        different = {i for i in mine if mine[i][2] != theirs[i][1] and mine[i][0] != "(root)"}
        owners = {i for i in moved if theirs[i][0] > mine[i][1]}
        print(f"folded: {len(moved)} of {len(mine)} sizes moved, {len(different)} retained sizes"
              f" differ, {len(different & owners)} of them of owners")
        self.assertTrue(moved)
        # What lost its size, or lies between it and its owner; owners retain what they did.
        self.assertLess(len(different & owners), len(owners) / 100)

    def test_memlab(self):
        """memlab's rules are the same, but for two: it lets the table of a weak map hold the
        values, too; and it takes for the page's what the root's other references reach, not what
        its shortcuts do. With both in the file, both find the same."""
        document = Document("a.heapsnapshot").json
        strings = document["strings"]
        for i, s in enumerate(strings):
            if s.endswith(")") and " pair in WeakMap (table @" in s:
                strings[i] = "plain"
        kinds = document["snapshot"]["meta"]["edge_types"][0]
        swap = {kinds.index("element"): kinds.index("shortcut"),
                kinds.index("shortcut"): kinds.index("element")}
        self.assertEqual(document["nodes"][0], 9)
        for i in range(document["nodes"][4]):
            edge = document["edges"][3 * i]
            document["edges"][3 * i] = swap.get(edge, edge)
        with open(os.path.join(WORK, "plain.heapsnapshot"), "w") as f:
            json.dump(document, f, separators=(",", ":"))
        mine = ours(load("plain.heapsnapshot"))
        out = os.path.join(WORK, "memlab.txt")
        done = subprocess.run(["node", os.path.join(HERE, "import_v8_memlab.cjs"),
                               os.path.join(WORK, "a.heapsnapshot"), out], cwd=ORIGINALS,
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(out) as f:
            theirs = table(f.read())
        different = [(i, mine[i], theirs[i]) for i in mine
                     if mine[i][1:] != theirs[i] and mine[i][0] != "(root)"]
        self.assertEqual(different, [])


if __name__ == "__main__":
    if not shutil.which("node"):
        print("skipped: no node")
        sys.exit(77)
    os.makedirs(WORK, exist_ok=True)
    with open(os.path.join(WORK, "program.js"), "w") as script:
        script.write(PROGRAM)
    subprocess.run(["node", "program.js"], cwd=WORK, check=True, stdout=subprocess.DEVNULL)
    unittest.main(argv=sys.argv[:1], verbosity=2)
