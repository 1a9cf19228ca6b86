# SPDX-License-Identifier: MIT
"""Memory outside the heap ranks with what is in it: a small object that holds most of the process's
memory comes first in snaptop, in the findings of snapleak and on the page of snapreport. With
zlib's compressors, and where there is numpy with its arrays."""

import importlib.util
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import unittest

TOOLS = os.environ.get("SNAP_TOOLS", "")

# 40 times some 260 KiB in a list that is small; a dictionary that is the largest in the heap.
ZLIB = """
import sys, zlib, heapsnap
class Holder:
    pass
HELD = Holder()
HELD.pool = [zlib.compressobj() for _ in range(40)]
CONFIG = {"k%d" % i: "v" * 2000 for i in range(1000)}
heapsnap.dump(sys.argv[1])
"""
NUMPY = """
import sys, numpy as np, heapsnap
class Holder:
    pass
HELD = Holder()
HELD.array = np.ones(5_000_000)
HELD.views = [HELD.array[i:] for i in range(1000)]     # of the same memory: it counts once
CONFIG = {"k%d" % i: "v" * 2000 for i in range(1000)}
heapsnap.dump(sys.argv[1])
"""


def tool(name, *arguments):
    done = subprocess.run([os.path.join(TOOLS, name)] + list(arguments), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    if done.returncode not in (0, 1):
        raise AssertionError(done.stderr.decode())
    return done.stdout.decode("utf-8")


def both(row):
    return row["retained_size"] + row["retained_native"]


@unittest.skipUnless(os.path.exists(os.path.join(TOOLS, "snaptop")), "snaptop is not built")
class Ranks(unittest.TestCase):
    script, native, kind = ZLIB, 40 * 200000, "zlib.Compress"

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        snap = os.path.join(cls.scratch.name, "a.snap")
        cls.base = os.path.join(cls.scratch.name, "a.db")
        subprocess.run([sys.executable, "-c", cls.script, snap], check=True)
        tool("snapload", "-q", "-f", snap, "-o", cls.base)
        cls.db = sqlite3.connect(cls.base)

    @classmethod
    def tearDownClass(cls):
        cls.db.close()
        cls.scratch.cleanup()

    def lists(self, *arguments):
        document = json.loads(tool("snaptop", "--json", *(arguments + (self.base,))))
        for one in document["lists"]:
            sizes = [both(row) for row in one["rows"]]
            self.assertEqual(sizes, sorted(sizes, reverse=True), one["by"])
            whole = one["whole_size"] + one["whole_native"]
            self.assertTrue(all(size <= whole for size in sizes), one["by"])
        return document

    def test_top(self):
        document = self.lists()
        self.assertGreater(document["snapshot"]["live_native"], self.native - 1)
        self.assertLess(document["snapshot"]["live_native"], 2 * self.native)
        rows = {one["by"]: one["rows"] for one in document["lists"]}
        first = rows["global"][0]
        self.assertEqual(first["name"], "__main__.HELD")
        self.assertGreaterEqual(first["retained_native"], self.native)
        self.assertLess(first["retained_size"], 200000)
        self.assertTrue(any(row["detail"] and row["detail"].startswith("__main__.HELD.")
                            and row["retained_native"] >= self.native
                            for row in rows["object"][:5]), rows["object"])
        self.assertIn(self.kind, [row["name"] for row in rows["type"][:5]])
        self.assertIn(self.kind.split(".")[0], [row["name"] for row in rows["package"][:3]])
        held, = [row for row in rows["type"] if row["name"] == self.kind]
        self.assertGreaterEqual(held["retained_native"], self.native)
        for by in "root", "thread", "cycle", "site":
            self.lists("--by", by)
        of_type = self.lists("--type", self.kind)["lists"][0]["rows"]
        self.assertGreater(of_type[0]["retained_native"], self.native // 41)

    def test_of_type(self):
        """What is asked for by its type is the one that snaptop has first."""
        for kind, name in (("dict", None), (self.kind, None), ("*", None)):
            rows = json.loads(tool("snaptop", "--json", "--type", kind, self.base))["lists"][0]["rows"]
            for command, where in (("snapshow", "objects"), ("snappath", "targets")):
                document = json.loads(tool(command, "--json", self.base, kind))
                told = document[where][0]
                self.assertEqual(both(told), both(rows[0]), (command, kind))

    def test_metrics(self):
        target = os.path.join(self.scratch.name, "a.prom")
        tool("snapexport", "-q", "-f", self.base, "-o", target)
        with open(target, encoding="utf-8") as file:
            text = file.read()
        live = int(re.search(r'snap_native_bytes{state="live"} (\d+)', text).group(1))
        self.assertGreaterEqual(live, self.native)
        of_type = re.search(r'snap_type_retained_native_bytes{type="%s"} (\d+)' % self.kind, text)
        self.assertGreaterEqual(int(of_type.group(1)), self.native)

    def test_words(self):
        text = tool("snaptop", "--by", "global", self.base)
        self.assertRegex(text, r"\nlive .* objects and [0-9.]+ MiB outside the heap")
        self.assertIn("memory outside the heap included", text)
        self.assertRegex(text, r"retained +outside heap +share")
        self.assertRegex(text, r"\n *[0-9.]+ (B|KiB) +[0-9.]+ MiB +[6-9][0-9][.][0-9]% .*__main__.HELD")

    def test_findings(self):
        document = json.loads(tool("snapleak", "--json", "--all", self.base))
        for finding in document["findings"]:
            self.assertLessEqual(finding["bytes"] or 0, sum(document["snapshot"][name] for name in (
                "live_size", "garbage_size", "live_native", "garbage_native")))
        for rule in "globals", "lingering-large":
            found = json.loads(tool("snapleak", "--json", "--rule", rule, self.base))["findings"]
            first = found[0]
            self.assertTrue(first["object"]["path"].startswith("__main__.HELD"), found)
            self.assertRegex(first["sentence"], r" and [0-9.]+ MiB outside the heap, [6-9][0-9][.][0-9]% "
                                                "of the live heap and the memory outside it")
            self.assertGreaterEqual(first["bytes"], self.native)
            # What is to show it shows it.
            rows = self.db.execute(first["evidence"]).fetchall()
            self.assertGreater(max(row[3] or 0 for row in rows), self.native // 41)

    def test_page(self):
        page = os.path.join(self.scratch.name, "a.html")
        tool("snapreport", "-q", "-f", self.base, "-o", page)
        with open(page, encoding="utf-8") as file:
            text = file.read()
        said = re.search(r"The largest object is .*?</p>", text).group()
        self.assertRegex(said, r" and [0-9.]+ MiB outside the heap, [6-9][0-9][.][0-9]% of the live heap "
                               "and the memory outside it[.]")
        for table in "object", "global", "type":
            part = re.search(r'<table id="%s-table">.*?</table>' % table, text, re.S).group()
            head, body = part.split("</thead>")
            self.assertRegex(head, "retained</th><th[^>]*>outside heap</th>")
            width = head.count("<th ")
            for row in re.findall("<tr.*?</tr>", body, re.S):
                self.assertEqual(row.count("<td"), width, row)

    def test_list(self):
        """What is stored is what a scan finds."""
        wanted = self.db.execute(
            "SELECT o.id FROM object o JOIN snapshot s ON s.id = o.snapshot_id"
            " WHERE o.id > s.live_root_id AND o.id < s.garbage_root_id"
            " ORDER BY o.retained_size + o.retained_native DESC, o.id LIMIT 10000").fetchall()
        self.assertEqual(wanted, self.db.execute(
            "SELECT object_id FROM heavy_object ORDER BY rank").fetchall())
        self.assertEqual(len(wanted), 10000)


@unittest.skipUnless(importlib.util.find_spec("numpy"), "numpy is not installed")
class Arrays(Ranks):
    script, native, kind = NUMPY, 40000000, "numpy.ndarray"


if __name__ == "__main__":
    if not importlib.util.find_spec("numpy"):
        print("without numpy: zlib only")
    unittest.main()
