# SPDX-License-Identifier: MIT
"""Dumps of Ruby and of Python's tracemalloc, compared with what the runtime itself says.

    import_foreign.py TOOLS WORK

Runtimes that this machine does not have are skipped, aloud.
"""

import glob
import gzip
import json
import os
import pickle
import pickletools
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import unittest

TOOLS, WORK = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])

RUBY = r"""
require 'objspace'
ObjectSpace.trace_object_allocations_start
class Item
  def initialize(i)
    @n = i
    @text = "secret-content-#{i} that does not fit into a slot of its own, being so long"
  end
end
class Registry
  attr_reader :items, :by_key
  def initialize() @items = []; @by_key = {}; end
end
$registry = Registry.new
1000.times do |i|
  item = Item.new(i)
  $registry.items << item
  $registry.by_key["k#{i}"] = item if i % 3 == 0
end
GC.start
GC.disable
File.open('a.json', 'w') { |f| ObjectSpace.dump_all(output: f) }
puts [ObjectSpace.each_object(Item).count, ObjectSpace.memsize_of_all(Item),
      ObjectSpace.memsize_of($registry.items), ObjectSpace.memsize_of($registry.by_key)].join(' ')
"""

RUBY_LEAK = r"""
require 'objspace'
module Shop
  class Order; def initialize(i) @id = i; end; end
  class Repo; @@all = []; def self.add(o) @@all << o; end; end
  class Idle; end
end
3.times do |turn|
  GC.start
  File.open("leak#{turn}.json", 'w') { |f| ObjectSpace.dump_all(output: f) }
  3000.times { |i| Shop::Repo.add(Shop::Order.new(i)) }
end
"""

TRACEMALLOC = """
import sys, tracemalloc
tracemalloc.start(int(sys.argv[1]))
keep = [{'k%d' % i: [i] * 10} for i in range(3000)]
def deeper(n): return deeper(n - 1) if n else bytearray(100000)
deep = deeper(10)
tracemalloc.take_snapshot().dump(sys.argv[2])
s = tracemalloc.Snapshot.load(sys.argv[2])
print(len(s.traces), sum(t.size for t in s.traces))
for stat in s.statistics('lineno')[:5]:
    print(stat.size, stat.count, stat.traceback[0].lineno, stat.traceback[0].filename)
"""


def run(command, *arguments):
    return subprocess.run([os.path.join(TOOLS, command), *arguments], capture_output=True,
                          text=True, timeout=120)


def load(path, *options):
    db = os.path.join(WORK, "t.db")
    done = run("snapload", "-f", *options, "-o", db, path)
    if done.returncode:
        raise AssertionError(done.stderr)
    return sqlite3.connect(db)


def hostile(test, whole, suffix, turns=40):
    """Cut and changed copies: an answer or one line."""
    chance = random.Random(4711)
    path = os.path.join(WORK, "hostile" + suffix)
    for turn in range(turns):
        data = bytearray(whole)
        if turn % 2:
            del data[chance.randrange(20, len(data)):]
        else:
            for _ in range(chance.randrange(1, 10)):
                data[chance.randrange(20, len(data))] = chance.randrange(256)
        with open(path, "wb") as f:
            f.write(data)
        done = run("snapload", "--summary", "-f", "-o", os.path.join(WORK, "hostile.db"), path)
        test.assertIn(done.returncode, (0, 2), done.stderr)
        if done.returncode == 2:
            test.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)


@unittest.skipUnless(shutil.which("ruby"), "no ruby")
class Ruby(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(os.path.join(WORK, "program.rb"), "w") as f:
            f.write(RUBY)
        done = subprocess.run(["ruby", "program.rb"], cwd=WORK, capture_output=True, text=True,
                              check=True)
        cls.items, cls.item_size, cls.array_size, cls.hash_size = map(int, done.stdout.split())
        cls.path = os.path.join(WORK, "a.json")

    def test_totals(self):
        """As many objects and bytes as the lines of the file, and as the runtime says."""
        import json
        n = size = 0
        with open(self.path, encoding="utf-8", errors="replace") as f:
            for line in f:
                row = json.loads(line)
                if row["type"] != "ROOT":
                    n += 1
                    size += row.get("memsize", 0)
        db = load(self.path)
        self.assertEqual(db.execute("SELECT n_objects, shallow_size, complete, runtime"
                                    " FROM snapshot").fetchone(), (n, size, 1, "ruby"))
        self.assertEqual(db.execute("SELECT n, shallow_size FROM type WHERE name = 'Item'")
                         .fetchone(), (self.items, self.item_size))

    def test_classes(self):
        """What a class holds is called by the class, which has no instance, and not by the
        singleton class that is first on the way."""
        with open(os.path.join(WORK, "leak.rb"), "w") as f:
            f.write(RUBY_LEAK)
        subprocess.run(["ruby", "leak.rb"], cwd=WORK, check=True)
        paths = [os.path.join(WORK, "leak%d.json" % turn) for turn in (1, 2)]
        done = run("snapdiff", "-q", "--no-cache", *paths)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"of which Shop::Repo<internal> holds (9\d|100)%")
        top = run("snaptop", "-q", "--no-cache", "-n", "5", "--by", "object", paths[1]).stdout
        self.assertRegex(top, r"Class +Shop::Repo\n")
        self.assertRegex(top, r"Array +Shop::Repo<internal>\n")
        db = load(paths[1])
        self.assertEqual(db.execute("SELECT count(*) FROM type AS t JOIN detail AS d ON d.object_id"
                                    " = t.object_id JOIN string AS s ON s.id = d.name_id"
                                    " WHERE s.text <> t.name").fetchone()[0], 0)
        self.assertEqual(db.execute("SELECT count(*) FROM type AS t JOIN object AS o ON o.id ="
                                    " t.object_id WHERE t.name = 'Class' AND o.id NOT IN"
                                    " (SELECT object_id FROM detail WHERE name_id NOT NULL)")
                         .fetchone()[0], 0)

    def test_graph(self):
        """The registry alone holds its items; array and hash have the runtime's sizes."""
        db = load(self.path)
        held = db.execute("SELECT count(*) FROM object AS o, object AS r WHERE o.id BETWEEN r.id"
                          " AND r.last_dominated AND o.type_id = (SELECT id FROM type WHERE name ="
                          " 'Item') AND r.type_id = (SELECT id FROM type WHERE name = 'Registry')")
        self.assertEqual(held.fetchone()[0], self.items)
        sizes = {row[0] for row in
                 db.execute("SELECT t.shallow_size FROM object AS r JOIN ref AS e ON"
                            " e.source_id = r.id JOIN object AS t ON t.id = e.target_id WHERE"
                            " r.type_id = (SELECT id FROM type WHERE name = 'Registry')")}
        self.assertTrue({self.array_size, self.hash_size} <= sizes)

    def test_sites(self):
        n = load(self.path).execute(
            "SELECT count(*) FROM object AS o JOIN stack AS s ON s.id = o.stack_id JOIN frame AS f"
            " ON f.id = s.frame_id WHERE f.function = 'initialize' AND f.file = 'program.rb'"
            " AND f.line = 7").fetchone()[0]
        self.assertGreaterEqual(n, 1000)

    def test_contents(self):
        for options, there in ((), False), (("--values",), True):
            load(self.path, *options).close()
            with open(os.path.join(WORK, "t.db"), "rb") as f:
                self.assertEqual(b"secret-content-77" in f.read(), there)

    def test_hostile(self):
        with open(self.path, "rb") as f:
            hostile(self, f.read(200000), ".json")


def pythons():
    """One interpreter a minor version: this one, and those that are installed beside it."""
    found = {}
    for path in [sys.executable, *sorted(glob.glob(os.path.expanduser(
            "~/.pyenv/versions/3.*/bin/python3"))), *glob.glob("/usr/local/bin/python3.?"),
            *glob.glob("/usr/local/bin/python3.??")]:
        done = subprocess.run([path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
                              capture_output=True, text=True)
        if done.returncode == 0:
            found.setdefault(done.stdout.strip(), path)
    return found


GROWING = """
import sys, tracemalloc
tracemalloc.start(int(sys.argv[1]))
def idle(n): return [bytearray(100) for _ in range(n)]
def leak(n): return [bytearray(200 + i % 7) for i in range(n)]
def shrink(n): return [bytearray(300) for _ in range(n)]
kept, other, less = leak(2000), idle(3000), shrink(1000)
tracemalloc.take_snapshot().dump(sys.argv[2])
kept += leak(500)
del less[:100]
churn = idle(3000)
other = churn
tracemalloc.take_snapshot().dump(sys.argv[3])
a, b = (tracemalloc.Snapshot.load(p) for p in sys.argv[2:4])
for d in b.compare_to(a, 'lineno'):
    frame = d.traceback[0]
    print(d.size_diff, d.count_diff, frame.lineno, frame.filename)
"""


class Tracemalloc(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.script = os.path.join(WORK, "traced.py")
        with open(cls.script, "w") as f:
            f.write(TRACEMALLOC)
        cls.path = os.path.join(WORK, "t.tracemalloc")

    def dump(self, python, frames):
        done = subprocess.run([python, self.script, str(frames), self.path], capture_output=True,
                              text=True, check=True)
        return [line.split() for line in done.stdout.splitlines()]

    def test_versions(self):
        """Totals and the largest sites are what tracemalloc itself says."""
        found = pythons()
        print("tracemalloc of", " ".join(sorted(found)), end=" ... ")
        for version, python in found.items():
            for frames in 1, 25:
                lines = self.dump(python, frames)
                db = load(self.path)
                n, size = map(int, lines[0])
                self.assertEqual(db.execute("SELECT n_objects, shallow_size, garbage_size, complete"
                                            " FROM snapshot").fetchone(), (n, size, 0, 1), version)
                sites = {(row[0], row[1], row[2]) for row in db.execute(
                    "SELECT sum(o.shallow_size), count(*), f.line FROM object AS o JOIN stack AS s"
                    " ON s.id = o.stack_id JOIN frame AS f ON f.id = s.frame_id"
                    " GROUP BY f.file, f.line")}
                for size, count, line, _ in lines[1:]:
                    self.assertIn((int(size), int(count), int(line)), sites, version)

    def test_growth(self):
        """snapdiff names the places that compare_to names, with the same numbers."""
        for frames in ("1", "5"):
            paths = [os.path.join(WORK, f"grow-{frames}-{n}.tracemalloc") for n in "ab"]
            script = os.path.join(WORK, "growing.py")
            with open(script, "w") as f:
                f.write(GROWING)
            said = subprocess.run([sys.executable, script, frames, *paths], capture_output=True, text=True,
                                  check=True).stdout.splitlines()
            wanted = {}
            for line in said:
                size, count, lineno, file = line.split(" ", 3)
                if os.path.basename(file) == "growing.py" and (size, count) != ("0", "0"):
                    wanted[int(lineno)] = int(size), int(count)
            out = subprocess.run([os.path.join(TOOLS, "snapdiff"), "-q", "--json", "--all", "--no-cache",
                                  *paths], capture_output=True, text=True, check=True).stdout
            diff = json.loads(out)
            got = {}
            for owner in diff["owners"]:
                place = re.search(r"growing\.py:(\d+)", owner["signature"])
                if place:
                    size, count = got.get(int(place[1]), (0, 0))
                    got[int(place[1])] = (size + owner["retained_delta"], count + owner["count_delta"])
            got = {line: sums for line, sums in got.items() if sums != (0, 0)}
            self.assertEqual(got, wanted)
            leak = max(wanted, key=wanted.get)
            self.assertIn(f"growing.py:{leak}", diff["owners"][0]["signature"])
            self.assertIn(f"growing.py:{leak}", diff["verdict"]["sentence"])

    def test_wrapped(self):
        self.dump(sys.executable, 3)
        n = load(self.path).execute("SELECT n_objects FROM snapshot").fetchone()
        with open(self.path, "rb") as f, gzip.open(self.path + ".gz", "wb") as out:
            out.write(f.read())
        self.assertEqual(load(self.path + ".gz").execute("SELECT n_objects FROM snapshot")
                         .fetchone(), n)

    def test_runs_nothing(self):
        """A pickle that would run a command is refused at the place where it names it."""
        mark = os.path.join(WORK, "ran")

        class Bomb:
            def __reduce__(self):
                return os.system, ("touch " + mark,)

        self.dump(sys.executable, 1)
        with open(self.path, "rb") as f:
            good = f.read()
        for protocol in 2, 3, 4, 5:
            # The marks of a snapshot come first, so that the file is taken for one.
            data = pickle.dumps(["tracemalloc", "Snapshot", Bomb()], protocol)
            path = os.path.join(WORK, "bomb.pickle")
            with open(path, "wb") as f:
                f.write(data)
            done = run("snapload", "-f", "-o", os.path.join(WORK, "bomb.db"), path)
            self.assertEqual(done.returncode, 2)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
            self.assertIn("does not belong here", done.stderr)
            self.assertIn("offset", done.stderr)
        self.assertFalse(os.path.exists(mark))
        # Every opcode that Python knows, in the middle of a good file: no other outcome.
        for op in pickletools.opcodes:
            at = len(good) // 2
            with open(path, "wb") as f:
                f.write(good[:at] + op.code.encode("latin-1") + good[at:])
            done = run("snapload", "--summary", "-f", "-o", os.path.join(WORK, "bomb.db"), path)
            self.assertIn(done.returncode, (0, 2), (op.name, done.stderr))

    def test_hostile(self):
        self.dump(sys.executable, 5)
        with open(self.path, "rb") as f:
            hostile(self, f.read(), ".pickle")


if __name__ == "__main__":
    os.makedirs(WORK, exist_ok=True)
    unittest.main(argv=sys.argv[:1], verbosity=2)
