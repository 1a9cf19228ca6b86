# SPDX-License-Identifier: MIT
"""snapconvert with several inputs: captures of one process become one file that says the same as
they do together; files of other processes, or that do not say of which they are, are refused."""

import hashlib
import os
import sqlite3
import subprocess
import sys
import tempfile
import unittest

TOOLS = os.environ.get("SNAP_TOOLS", "")
SKIPPED = 77
PROGRAM = """
import heapsnap, sys
held = [object() for i in range(1000)]
heapsnap.dump(sys.argv[1])
more = [{'a': i} for i in range(5000)]
heapsnap.dump(sys.argv[2])
"""


def run(command, *arguments):
    return subprocess.run([os.path.join(TOOLS, command), "-q", *arguments], capture_output=True,
                          text=True)


def content(path):
    db = sqlite3.connect(path)
    return [db.execute(sql).fetchall() for sql in (
        "SELECT id, runtime, pid, captured_at, complete, n_objects, n_refs, live_size, garbage_size"
        " FROM snapshot ORDER BY id",
        "SELECT snapshot_id, name, module, sum(n), sum(shallow_size), sum(retained_size) FROM type"
        " GROUP BY 1, 2, 3 HAVING sum(n) > 0 ORDER BY 1, 2, 3",
        "SELECT snapshot_id, key, value FROM label ORDER BY 1, 2",
        "SELECT snapshot_id, name, value FROM counter ORDER BY 1, 2",
        "SELECT snapshot_id, module, name, count(*) FROM global GROUP BY 1, 2, 3 ORDER BY 1, 2, 3")]


class Merge(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.at = lambda name: os.path.join(folder.name, name)
        for names in (("a.snap", "b.snap"), ("other.snap", "other2.snap")):
            subprocess.run([sys.executable, "-c", PROGRAM, *map(self.at, names)], check=True)

    def convert(self, *names):
        return run("snapconvert", "-f", *map(self.at, names))

    def load(self, out, *names):
        done = run("snapload", "-f", *map(self.at, names), "-o", self.at(out))
        self.assertEqual(done.returncode, 0, done.stderr)
        return content(self.at(out))

    def test_one_process(self):
        done = self.convert("a.snap", "b.snap", "both.snap")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        checked = run("snapinfo", "--verify", self.at("both.snap"))
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertIn("2 of 2 snapshots complete", checked.stdout)
        self.assertEqual(self.load("both.db", "both.snap"), self.load("two.db", "a.snap", "b.snap"))
        with open(self.at("both.snap"), "rb") as f:
            first = hashlib.sha256(f.read()).hexdigest()
        self.convert("a.snap", "b.snap", "both.snap")
        with open(self.at("both.snap"), "rb") as f:
            self.assertEqual(hashlib.sha256(f.read()).hexdigest(), first)

    def test_redacted(self):
        done = run("snapconvert", "--redact=names", self.at("a.snap"), self.at("b.snap"),
                   self.at("both.snap"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(run("snapinfo", "--verify", self.at("both.snap")).returncode, 0)

    def test_other_process(self):
        done = self.convert("a.snap", "other.snap", "both.snap")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"other\.snap: is of another process than the first file:"
                                      r" process\.(pid|start) is \d+, not \d+")
        self.assertFalse(os.path.exists(self.at("both.snap")))

    def test_other_formats(self):
        with open(self.at("x.heapsnapshot"), "w") as f:
            f.write('{"snapshot":{"meta":{}}}')
        done = self.convert("a.snap", "x.heapsnapshot", "both.snap")
        self.assertEqual(done.returncode, 2)
        self.assertIn("only .snap files are put together", done.stderr)


if __name__ == "__main__":
    if not os.path.exists(os.path.join(TOOLS, "snapconvert")):
        print("skipped: snapconvert is not built")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
