# SPDX-License-Identifier: MIT
"""Programs of corpora/leaky/services, captured three times while they work: of those that leak snapdiff's
first line is the leak, the verdict is the right one, and a rule of snapleak names the cause; those that do
not leak are said not to, and nothing is found in them that is more than a note."""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import unittest

TOOLS = os.environ.get("SNAP_TOOLS", "")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SERVICES = os.path.join(ROOT, "corpora", "leaky", "services")
NAMES = sorted(name[:-3] for name in os.listdir(SERVICES)
               if name.endswith(".py") and name != "run.py")
SKIPPED = 77


def ask(command, *args):
    done = subprocess.run([os.path.join(TOOLS, command), "--json", "-q", "--no-cache"] + list(args),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode not in (0, 1):
        raise AssertionError(done.stderr)
    return json.loads(done.stdout.decode("utf-8"))


def expectations(name):
    """What the program says of itself, without running it here."""
    said = {}
    with open(os.path.join(SERVICES, name + ".py")) as file:
        for line in file:
            key = line.split(" = ")[0]
            if key in ("VERDICT", "OWNER", "FINDING", "NEEDS", "LEAKS"):
                exec(line, {}, said)
    return said


class Services(unittest.TestCase):
    def captures(self, folder, name):
        paths = [os.path.join(folder, "%s-%s.snap" % (name, part)) for part in "abc"]
        environment = dict(os.environ, PYTHONWARNINGS="ignore")
        subprocess.run([sys.executable, os.path.join(SERVICES, "run.py"), name] + paths, check=True,
                       env=environment, timeout=120)
        loaded = [path[:-4] + "db" for path in paths] # once, for both commands
        for path, base in zip(paths, loaded):
            subprocess.run([os.path.join(TOOLS, "snapload"), "-q", path, "-o", base], check=True)
            os.remove(path)
        return loaded

    def judge(self, name, expect, paths):
        report = ask("snapdiff", *paths)
        findings = ask("snapleak", paths[2], paths[0])["findings"]
        said = report["verdict"]["sentence"], [owner["name"] for owner in report["owners"][:3]]
        self.assertEqual(report["verdict"]["kind"], expect["VERDICT"], said)
        if "OWNER" not in expect:
            self.assertEqual([f for f in findings if f["severity"] != "note"], [])
            return
        # One leak, one finding: what else is said of it is folded into that.
        serious = [f["sentence"] for f in findings
                   if f["severity"] != "note" and not f["explained_by"]]
        self.assertIn(len(serious) - expect.get("LEAKS", 1), (0, 1), serious)
        if expect["OWNER"]:
            first = report["owners"][0]
            name = first["signature"] if first["kind"] != "owner" else first["name"]
            self.assertTrue(name.startswith(expect["OWNER"]), said)
        rule, words = expect["FINDING"]
        told = [f["sentence"] for f in findings if f["rule"] == rule]
        self.assertTrue(any(words in sentence for sentence in told),
                        [(f["rule"], f["sentence"]) for f in findings])

    def test_services(self):
        clean = 0
        with tempfile.TemporaryDirectory() as folder:
            for name in NAMES:
                expect = expectations(name)
                needs = expect.get("NEEDS")
                if needs and importlib.util.find_spec(needs) is None:
                    print("left out: %s, there is no %s" % (name, needs))
                    continue
                with self.subTest(name):
                    self.judge(name, expect, self.captures(folder, name))
                clean += "OWNER" not in expect
        self.assertGreaterEqual(len(NAMES) - clean, 20)
        self.assertGreaterEqual(clean, 5)


if __name__ == "__main__":
    if not os.path.exists(os.path.join(TOOLS, "snapleak")):
        print("skipped: snapleak is not built")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
