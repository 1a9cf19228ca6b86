# SPDX-License-Identifier: MIT
"""Leaks of one Node process, found by snapdiff: which process, and which variable.

    diff_node.py TOOLS WORK

TOOLS: the folder of the commands. WORK: a folder for what is written. Without node: skipped, aloud.
"""

import json
import os
import shutil
import subprocess
import sys
import unittest

TOOLS, WORK = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])

PROGRAM = r"""
'use strict';
const v8 = require('node:v8'), { EventEmitter } = require('node:events');
const [kind, prefix] = process.argv.slice(2);
class Payload { constructor(i) { this.i = i; this.text = 'x'.repeat(40) + i; } }
const sessions = new Map(), visited = new Set();
class Registry { static items = []; }
const emitter = new EventEmitter();
emitter.setMaxListeners(0);
function makeCounter() { const seen = []; return i => seen.push(new Payload(i)); }
const leaks = {
  map: i => sessions.set('s' + i, new Payload(i)),
  set: i => visited.add(new Payload(i)),
  closure: makeCounter(),
  static: i => Registry.items.push(new Payload(i)),
  listener: i => { const p = new Payload(i); emitter.on('tick', () => p.i); },
  global: i => globalThis.cache.push(new Payload(i)),
  timer: i => { const p = new Payload(i); setTimeout(() => p.i, 1e8); },
  groups: i => { const user = 'user ' + i % 100; (groups[user] ??= []).push(new Payload(i)); },
  nested: i => { const k = i % 100; nested.has(k) || nested.set(k, new Set()); nested.get(k).add(new Payload(i)); },
  hot: i => hot[i % 400](i) + hot[(i + 7) % 400](i),
  none: i => new Payload(i),
};
globalThis.cache = [];
const groups = {}, nested = new Map(), hot = [];
for (let i = 0; kind === 'hot' && i < 400; i++)
  hot.push(eval(`(function hot${i}(a) { let sum = 0; for (let j = 0; j < 300; j++) sum += a * j + ${i}; return sum; })`));
const names = ['a', 'b', 'c'];
let n = 0;
setInterval(() => {
  for (const end = n + (n ? 3000 : 500); n < end; n++) leaks[kind](n);
  v8.writeHeapSnapshot(`${prefix}-${names.shift()}.heapsnapshot`);
  if (!names.length) process.exit(0);
}, 5);
"""

#: Each kind of leak: the owner that has to be named.
OWNERS = {
    "map": "leak.js:sessions",
    "set": "leak.js:visited",
    "closure": "leak.js:seen",
    "static": "leak.js:Registry.items",
    "listener": "leak.js:emitter._events.tick",
    "global": "global.cache",
    "timer": "node:timers:timerListMap[*]",
    "groups": "leak.js:groups[*]",
    "nested": "leak.js:nested[*]",
}


def leak(kind, prefix=None):
    """Runs the program; the names of its three snapshots."""
    prefix = prefix or kind
    subprocess.run(["node", "leak.js", kind, prefix], cwd=WORK, check=True)
    return ["%s-%s.heapsnapshot" % (prefix, x) for x in "abc"]


def diff(*arguments):
    """The JSON answer, and what was said beside it."""
    done = subprocess.run([os.path.join(TOOLS, "snapdiff"), "--json", *arguments], cwd=WORK,
                          capture_output=True, text=True,
                          env=dict(os.environ, XDG_CACHE_HOME=os.path.join(WORK, "cache")))
    if done.returncode:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout), done.stderr


class OneProcess(unittest.TestCase):
    def test_leaks(self):
        """Every leak is found by ids, in the variable that the program has it in."""
        for kind, owner in OWNERS.items():
            with self.subTest(kind):
                a, b, c = leak(kind)
                for files in (a, b), (a, b, c):
                    found, _ = diff(*files)
                    self.assertEqual(found["matching"], "id", found["matching_reason"])
                    self.assertIn("as in one process", found["matching_reason"])
                    self.assertEqual(found["owners"][0]["name"], owner)
                    self.assertIn(owner, found["verdict"]["sentence"])
                    self.assertGreater(found["owners"][0]["retained_delta"], 100000)
                self.assertEqual(found["owners"][0]["intervals_grown"], 2)
                if kind in ("map", "set", "static"):
                    # Tables were made anew, what they hold was not.
                    payload = next(t for t in found["types"] if t["type"] == "Payload")
                    self.assertEqual((payload["count_new"], payload["count_gone"]), (6000, 0))
                self.assertEqual(found["verdict"]["kind"], "managed-leak")

    def test_code(self):
        """What V8 makes of functions is one line, whatever functions it hangs in."""
        a, b, _ = leak("hot")
        found, _ = diff("--all", a, b)
        code = [o for o in found["owners"] if o["name"] == "<compiled code of V8>"]
        self.assertEqual([(o["kind"], o["about"][:13]) for o in code], [("live", "what V8 makes")])
        self.assertGreater(code[0]["retained_delta"], 4096)
        self.assertEqual([o["name"] for o in found["owners"] if o["name"].startswith("leak.js:hot")], [])

    def test_names(self):
        """Names that are printed are understood."""
        path = leak("map", "named")[2]
        for name, status in (("leak.js:sessions", 0), ("leak.js:nothing", 2), (":sessions", 2)):
            done = subprocess.run([os.path.join(TOOLS, "snappath"), "-q", "--no-cache", path, name], cwd=WORK,
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, status, done.stderr)
            self.assertEqual("leak.js:sessions\n" in done.stdout, status == 0, done.stdout)

    def test_nothing(self):
        """A program that keeps nothing has no leak."""
        found, _ = diff(*leak("none"))
        self.assertEqual(found["matching"], "id", found["matching_reason"])
        self.assertNotEqual(found["verdict"]["kind"], "managed-leak")


class TwoProcesses(unittest.TestCase):
    def test_two_runs(self):
        """Two runs of one program are not taken for one process, and the owner has its name."""
        first, second = leak("map", "first"), leak("map", "second")
        for a, b in ((first[0], second[0]), (first[0], second[1]), (second[1], first[2])):
            found, _ = diff(a, b)
            self.assertEqual(found["matching"], "signature", found["matching_reason"])
        self.assertIn("leak.js:sessions", found["owners"][0]["name"])
        found, _ = diff(first[0], first[1], second[2])
        self.assertEqual(found["matching"], "signature", found["matching_reason"])

    def test_smallest(self):
        """Not even runs of a program that does nothing else."""
        for name in "x", "y":
            subprocess.run(["node", "-e", "require('v8').writeHeapSnapshot('%s.heapsnapshot')" %
                            name], cwd=WORK, check=True)
        found, _ = diff("x.heapsnapshot", "y.heapsnapshot")
        self.assertEqual(found["matching"], "signature", found["matching_reason"])
        found, said = diff("--matching=id", "x.heapsnapshot", "y.heapsnapshot")
        self.assertIn("do not seem to be of one process", said)


if __name__ == "__main__":
    if not shutil.which("node"):
        print("skipped: no node")
        sys.exit(77)
    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(WORK)
    with open(os.path.join(WORK, "leak.js"), "w") as script:
        script.write(PROGRAM)
    unittest.main(argv=sys.argv[:1], verbosity=2)
