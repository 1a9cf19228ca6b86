#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""snapdiff on real processes: the leak is named, by address and by signature, whoever happens to use
the leaking container while the snapshot is taken; and its lines add up."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

TOOLS = os.environ.get("SNAP_TOOLS")
SKIPPED = 77

APP = '''
class Request:
    def __init__(self, n):
        self.path = "/item/%d" % n
        self.headers = {"host": "x%d" % n, "n": n}

class Store:
    items = []

REGISTRY = []
TENANTS = {}
CACHE = {}

def handle(n):
    request = Request(n)
    REGISTRY.append(request)
    Store.items.append(request)
    TENANTS.setdefault("tenant %d" % (n % 50), []).append("order %d of today" % n)
    CACHE[n % 100] = request.path

def use(registry, then):
    then()
'''

PROGRAM = '''
import sys, threading, types
app = types.ModuleType("app")
sys.modules["app"] = app
exec(compile(%r, "app.py", "exec"), app.__dict__)
import heapsnap

def dump(name):
    heapsnap.dump(name)

def serve(first, last):
    for n in range(first, last):
        app.handle(n)

first, grown, names, busy = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:5], sys.argv[5:]
serve(0, first)
dump(names[0])
serve(first, first + grown)
if busy: # a thread that runs a function of the module holds the module's names while it runs
    thread = threading.Thread(target=app.use, args=(app.REGISTRY, lambda: dump(names[1])))
    thread.start()
    thread.join()
else:
    dump(names[1])
''' % APP


class Pairs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        environment = dict(os.environ, XDG_CACHE_HOME=os.path.join(self.folder, "cache"))
        self.environment = environment

    def run_program(self, *arguments):
        subprocess.run([sys.executable, "-c", PROGRAM, *arguments], check=True, cwd=self.folder,
                       env=self.environment, timeout=200)

    def diff(self, a, b, *options):
        """The document, after the checks that hold for every pair."""
        command = [os.path.join(TOOLS, "snapdiff"), "-q", "--json", "--all", *options, a, b]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder,
                              env=self.environment, timeout=200, universal_newlines=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        document = json.loads(done.stdout)
        owners, totals = document["owners"], document["totals"]
        self.assertEqual(len(owners), document["owners_total"])
        self.assertEqual(sum(o["shallow_delta"] for o in owners),
                         totals["live_delta"] + totals["garbage_delta"])
        self.assertEqual(sum(o["count_delta"] for o in owners),
                         document["b"]["n_objects"] - document["a"]["n_objects"])
        growth = [o["retained_delta"] + o["native_delta"] for o in owners]
        self.assertEqual(growth, sorted(growth, reverse=True))
        return document

    def check_leak(self, document, grown):
        first = document["owners"][0]
        self.assertEqual(first["name"], "app.REGISTRY", json.dumps(document["owners"][:3], indent=1))
        self.assertEqual(document["verdict"]["owner"], first["signature"])
        requests = [h for h in first["holds"] if h["type"] == "app.Request"]
        self.assertEqual([h["direct_delta"] for h in requests], [grown])
        tenants = [o for o in document["owners"] if o["name"] == "app.TENANTS[*]"]
        self.assertEqual([h["direct_delta"] for o in tenants for h in o["holds"]
                          if h["type"] == "str"], [grown])
        types = {t["type"]: t for t in document["types"]}
        self.assertEqual(types["app.Request"]["count_delta"], grown)

    def test_one_process(self):
        self.run_program("2000", "3000", "a.snap", "b.snap")
        document = self.diff("a.snap", "b.snap")
        self.assertEqual(document["matching"], "address")
        self.check_leak(document, 3000)
        types = {t["type"]: t for t in document["types"]}
        self.assertEqual(types["app.Request"]["count_new"], 3000)
        same = self.diff("a.snap", "a.snap")
        self.assertEqual((same["owners"], same["types"]), ([], []))

    def test_busy(self):
        self.run_program("2000", "3000", "a.snap", "b.snap", "busy")
        document = self.diff("a.snap", "b.snap")
        self.check_leak(document, 3000)
        types = {t["type"]: t for t in document["types"]}
        self.assertEqual(types["app.Request"]["count_new"], 3000)
        self.check_leak(self.diff("a.snap", "b.snap", "--matching=signature"), 3000)

    def test_two_processes(self):
        self.run_program("2000", "0", "a.snap", "unused.snap")
        self.run_program("2000", "3000", "other.snap", "b.snap", "busy")
        document = self.diff("a.snap", "b.snap")
        self.assertEqual(document["matching"], "signature")
        self.check_leak(document, 3000)

    def test_large_beside_small(self):
        """After a restart small old siblings meet small ones: what is new and large is no old one grown."""
        source = "\n".join([
            "import sys, types", "app = types.ModuleType('app')", "sys.modules['app'] = app",
            "app.SESSIONS = {}", "import heapsnap",
            "for n in range(200):", "    app.SESSIONS['old %d' % n] = ['x%d' % i for i in range(n % 40)]",
            "for n in range(int(sys.argv[1])):",
            "    app.SESSIONS['new %d' % n] = ['y%d' % i for i in range(300)]",
            "heapsnap.dump(sys.argv[2])"])
        for name, n in ("small.snap", 0), ("large.snap", 100):
            subprocess.run([sys.executable, "-c", source, str(n), name], check=True, cwd=self.folder,
                           env=self.environment, timeout=200)
        owners = self.diff("small.snap", "large.snap", "--matching=signature")["owners"]
        growth = {o["name"]: o["retained_delta"] for o in owners}
        self.assertEqual(owners[0]["name"], "app.SESSIONS")
        self.assertLess(abs(growth.get("app.SESSIONS[*]", 0)), owners[0]["retained_delta"] / 100)


if __name__ == "__main__":
    if not TOOLS or not os.path.exists(os.path.join(TOOLS, "snapdiff")):
        print("skipped: the offline tools were not built")
        raise SystemExit(SKIPPED)
    unittest.main(verbosity=2)
