# SPDX-License-Identifier: MIT
"""A page in a real Chromium that keeps removed elements and large variables of closures: the rules
for JavaScript name them with their owner; the same page without leaks has nothing of the kind.

    leak_page.py TOOLS WORK

Without a Chromium the test is skipped, aloud.
"""

import json
import os
import sqlite3
import subprocess
import sys
import unittest

import page_chromium

TOOLS, WORK = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])

PAGE = """<!doctype html><title>t</title><body><script>
'use strict';
const kept = [], handlers = [], leak = location.hash === '#leaks';
class Widget { constructor(element) { this.element = element; } }
function build(n) {
  const list = document.createElement('ul');
  for (let i = 0; i < n; i++) {
    const item = document.createElement('li');
    item.textContent = 'item ' + i;
    list.appendChild(item);
  }
  return list;
}
for (let i = 0; i < 20; i++) {
  const element = build(100);
  document.body.appendChild(element);
  if (leak) kept.push(new Widget(element));
  element.remove();
}
function subscribe(i) {
  const big = new Array(20000).fill(i);
  handlers.push(() => big.length + i);
}
for (let i = 0; leak && i < 10; i++) subscribe(i);
globalThis.get = () => [kept, handlers];
</script>"""


def command(name, *arguments):
    done = subprocess.run([os.path.join(TOOLS, name), "-q", *arguments], capture_output=True,
                          text=True)
    if done.returncode not in (0, 1):
        raise AssertionError(done.stderr)
    return done.stdout


def snapshot(mode):
    path = os.path.join(WORK, mode + ".heapsnapshot")
    with page_chromium.Browser() as browser, open(path, "w") as out:
        browser.open("file://%s/page.html#%s" % (WORK, mode))
        other = browser.event

        def event(message):
            if message.get("method") == "HeapProfiler.addHeapSnapshotChunk":
                out.write(message["params"]["chunk"])
            else:
                other(message)

        browser.event = event
        browser.send("HeapProfiler.enable")
        browser.send("HeapProfiler.collectGarbage")
        browser.send("HeapProfiler.takeHeapSnapshot", reportProgress=False)
    return path


def findings(path):
    return json.loads(command("snapleak", "--json", "--no-cache", path))["findings"]


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(os.path.join(WORK, "page.html"), "w") as f:
            f.write(PAGE)
        cls.leaks, cls.clean = snapshot("leaks"), snapshot("clean")
        cls.found = [(f["rule"], f["severity"], f["sentence"], (f["object"] or {}).get("path"))
                     for f in findings(cls.leaks)]

    def test_detached(self):
        self.assertTrue(any(rule == "js-detached-nodes" and severity == "warning" and
                            sentence.startswith("20 detached <ul>s retain") and
                            path.startswith("page.html:kept[") and path.endswith("].element")
                            for rule, severity, sentence, path in self.found), self.found)

    def test_closures(self):
        self.assertTrue(any(rule == "js-closures" and severity == "warning" and
                            "page.html:big is kept by closures, 10 times" in sentence
                            for rule, severity, sentence, _ in self.found), self.found)

    def test_clean(self):
        self.assertEqual([f["sentence"] for f in findings(self.clean)
                          if f["severity"] != "note" or f["rule"].startswith("js-")], [])

    def test_names_of_parts(self):
        """What newer versions of V8 name after its owner has one type; the owner is its name."""
        path = os.path.join(WORK, "leaks.db")
        command("snapload", "-f", "-o", path, self.leaks)
        db = sqlite3.connect(path)
        self.assertEqual(db.execute("SELECT name FROM type WHERE name LIKE 'system / % / %'"
                                    " AND name NOT LIKE '% / file://%'").fetchall(), [])
        self.assertLess(db.execute("SELECT count(*) FROM type").fetchone()[0], 2000)
        self.assertEqual(db.execute("SELECT count(*) > 0 FROM objects WHERE label = 'system /"
                                    " SharedFunctionInfo Widget'").fetchone(), (1,))


if __name__ == "__main__":
    os.makedirs(WORK, exist_ok=True)
    if not page_chromium.program():
        print("SKIP: no Chromium here:", ", ".join(page_chromium.PROGRAMS))
        sys.exit(77)
    unittest.main(argv=sys.argv[:1], verbosity=2)
