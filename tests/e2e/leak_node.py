# SPDX-License-Identifier: MIT
"""A real Node service (corpora/leaky/node): its leaks are named with their owners and told in words of
JavaScript; the same service without leaks gives few notes, and no more than that.

    leak_node.py TOOLS WORK

Without node the test is skipped, aloud.
"""

import json
import os
import shutil
import subprocess
import sys
import unittest

TOOLS, WORK = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SERVICE = os.path.join(ROOT, "corpora", "leaky", "node", "service.js")


def command(name, *arguments):
    done = subprocess.run([os.path.join(TOOLS, name), "--json", "-q", "--no-cache", *arguments],
                          cwd=WORK, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


def service(kind):
    """The service's two snapshots, the later first."""
    subprocess.run(["node", "--expose-gc", SERVICE, kind, kind], cwd=WORK, check=True, timeout=120)
    return kind + "-b.heapsnapshot", kind + "-a.heapsnapshot"


class Service(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.leaks, cls.clean = service("leaks"), service("clean")
        cls.told = command("snapleak", *cls.leaks)

    def test_leaks(self):
        grown = [(f["severity"], f["object"]["path"]) for f in self.told["findings"]
                 if f["rule"] == "growing-owners" and f["object"] and not f["explained_by"]]
        self.assertEqual({path for severity, path in grown if severity == "warning"},
                         {"service.js:sessions", "service.js:bus._events.logout"}, grown)
        closures = [f for f in self.told["findings"] if f["rule"] == "js-closures"]
        self.assertEqual(len([f for f in closures if not f["explained_by"]]), 0, closures)
        self.assertTrue(any("service.js:visit is kept by closures, 1,200 times" in f["sentence"]
                            for f in closures), closures)

    def test_words(self):
        """What to do is said in the words of the language."""
        rules = {f["rule"]: f for f in self.told["findings"]}
        for name, rule in rules.items():
            words = " ".join((rule["title"], rule["cause"], rule["remedy"]))
            for alien in ("(del,", "None", "context manager", "a module lives", "try-with-resources"):
                self.assertNotIn(alien, words, name)
        self.assertIn("removeEventListener()", rules["growing-owners"]["remedy"])

    def test_clean(self):
        """Not the runtime's own tables and scripts, and no variable of a script as a closure's."""
        for files in self.clean[:1], self.clean:
            found = [(f["severity"], f["rule"], f["sentence"])
                     for f in command("snapleak", *files)["findings"]]
            self.assertEqual([f for f in found if f[0] != "note"], [])
            self.assertLessEqual(len(found), 2, found)

    def test_globals(self):
        """Variables of scripts are globals; the program's name of an object goes before the runtime's."""
        rows = command("snaptop", "--by", "global", "-n", "100000", self.leaks[0])["lists"][0]["rows"]
        names = [row["name"] for row in rows]
        self.assertIn("service.js:sessions", names[:3])
        for name in ("service.js:bus", "service.js:COUNTRIES", "service.js:http", "global.console"):
            self.assertIn(name, names)
        self.assertNotIn("service.js:session", names)  # a variable of a closure is none
        large = [f for f in command("snapleak", self.leaks[0])["findings"] if f["rule"] == "globals"]
        self.assertTrue(any("service.js:sessions (Map) retains" in f["sentence"] for f in large))


if __name__ == "__main__":
    if not shutil.which("node"):
        print("skipped: no node")
        sys.exit(77)
    os.makedirs(WORK, exist_ok=True)
    unittest.main(argv=sys.argv[:1], verbosity=2)
