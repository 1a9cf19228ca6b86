# SPDX-License-Identifier: MIT
"""snapconvert: a database of what it writes says what a database of the original says.

    convert.py TOOLS GEN WORK

TOOLS: the folder of the commands. GEN: that of gen_snap. WORK: a folder for what is made. Dumps of
real runtimes are made where node, a JDK, or ruby is there; elsewhere that is skipped, aloud.
"""

import glob
import os
import shutil
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(ROOT, "corpora", "gen"))
sys.dont_write_bytecode = True
import snapc  # noqa: E402
from convert_compare import differences  # noqa: E402

TOOLS, GEN, WORK = (os.path.abspath(x) for x in sys.argv[1:4])

NODE = r"""
const v8 = require('node:v8'), secrets = new Map();
class Item { constructor(i) { this.n = i; this.text = 'hidden-content-' + i; this['hidden-key-' + i] = i; } }
for (let i = 0; i < 5000; i++) secrets.set('hidden-content-x' + i, new Item(i % 50));
v8.writeHeapSnapshot('node.heapsnapshot');
"""

JAVA = """
import java.util.*;
public class Held {
    static Map<String, byte[]> map = new HashMap<>();
    static List<Thread> threads = new ArrayList<>();
    public static void main(String[] args) throws Exception {
        for (int i = 0; i < 5000; i++) map.put("hidden-content-" + i, new byte[i % 100]);
        System.out.println("ready");
        System.in.read();
    }
}
"""


def run(command, *arguments):
    done = subprocess.run([os.path.join(TOOLS, command), *arguments], cwd=WORK,
                          capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def must(command, *arguments):
    status, out, err = run(command, *arguments)
    if status:
        raise AssertionError("%s %s: %s" % (command, " ".join(arguments), err))
    return out


def compile_recipe(recipe, path):
    with open(recipe, encoding="utf-8") as source, open(path, "wb") as out:
        out.write(snapc.build(source.read()).data)


class Convert(unittest.TestCase):
    def compare(self, path, *options):
        """Loads the original and what becomes of it, twice."""
        must("snapload", "-q", "-f", *options, "-o", "a.db", path)
        must("snapconvert", "-q", "-f", *options, path, "b.snap")
        must("snapconvert", "-q", "-f", "--level=1", "b.snap", "c.snap")
        if not path.endswith(".snap") or run("snapinfo", "-q", "--verify", path)[0] == 0:
            must("snapinfo", "-q", "--verify", "b.snap")
        # The second is made of nothing but the first: what that has lost, this has not.
        must("snapload", "-q", "-f", "-o", "b.db", "c.snap")
        self.assertEqual(differences(os.path.join(WORK, "a.db"), os.path.join(WORK, "b.db")), [],
                         path)

    def test_good_corpus(self):
        for recipe in sorted(glob.glob(os.path.join(ROOT, "corpora", "good", "*.txt"))):
            with self.subTest(os.path.basename(recipe)):
                path = os.path.join(WORK, "good.snap")
                compile_recipe(recipe, path)
                if run("snapload", "-q", "-f", "-o", "a.db", path)[0]:
                    self.assertEqual(run("snapconvert", path, "b.snap")[0], 2)
                else:
                    self.compare(path)

    def test_bad_corpus(self):
        """What still gives an answer gives a valid file; what does not leaves none."""
        for recipe in sorted(glob.glob(os.path.join(ROOT, "corpora", "bad", "*.txt"))):
            with self.subTest(os.path.basename(recipe)):
                path, out = os.path.join(WORK, "bad.snap"), os.path.join(WORK, "out.snap")
                compile_recipe(recipe, path)
                if os.path.exists(out):
                    os.unlink(out)
                status, _, err = run("snapconvert", path, out)
                self.assertIn(status, (0, 2), err)
                self.assertEqual(os.path.exists(out), status == 0)
                if status == 0:
                    must("snapload", "-q", "-f", "-o", "b.db", out)

    def test_foreign_corpus(self):
        for name in "page.heapsnapshot", "items.ruby.json", "app.tracemalloc":
            for options in (), ("--values",):
                self.compare(os.path.join(ROOT, "corpora", "foreign", name), *options)

    def test_random(self):
        """Any valid rows, edges to nowhere and ids that stand twice among them."""
        for seed in range(6):
            path = os.path.join(WORK, "random.snap")
            options = (["--dangling"] if seed % 3 == 1 else []) + \
                      (["--duplicates"] if seed % 3 == 2 else [])
            subprocess.run([os.path.join(GEN, "gen_snap"), *options, str(seed), "3000", path],
                           check=True)
            self.compare(path)

    @unittest.skipUnless(shutil.which("node"), "no node")
    def test_node(self):
        subprocess.run(["node", "-e", NODE], cwd=WORK, check=True)
        self.compare("node.heapsnapshot")
        self.compare("node.heapsnapshot", "--values")

    @unittest.skipUnless(shutil.which("node"), "no node")
    def test_redacted(self):
        """Nothing of what is hidden stands in the file; the heap is the same."""
        subprocess.run(["node", "-e", NODE], cwd=WORK, check=True)
        must("snapload", "-q", "-f", "-o", "a.db", "node.heapsnapshot")
        with open(os.path.join(WORK, "node.heapsnapshot"), "rb") as f:
            self.assertIn(b"hidden-key-7", f.read())
        for what in "keys", "names":
            must("snapconvert", "-q", "-f", "--redact=" + what, "node.heapsnapshot", "b.snap")
            must("snapload", "-q", "-f", "-o", "b.db", "b.snap")
            with open(os.path.join(WORK, "b.db"), "rb") as f:
                self.assertNotIn(b"hidden-", f.read())
            named = {"metadata", "ref", "root", "detail", "global", "owner", "finding", "string",
                     "class_path"}
            self.assertEqual(differences(os.path.join(WORK, "a.db"), os.path.join(WORK, "b.db"),
                                         named), [])

    @unittest.skipUnless(all(map(shutil.which, ("javac", "java", "jcmd"))), "no JDK")
    def test_jvm(self):
        with open(os.path.join(WORK, "Held.java"), "w") as f:
            f.write(JAVA)
        subprocess.run(["javac", "Held.java"], cwd=WORK, check=True)
        process = subprocess.Popen(["java", "-Xmx128m", "-cp", WORK, "Held"], cwd=WORK, text=True,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            process.stdout.readline()
            for i in 1, 2:
                subprocess.run(["jcmd", str(process.pid), "GC.heap_dump", "-overwrite",
                                os.path.join(WORK, "held%d.hprof" % i)], check=True,
                               stdout=subprocess.DEVNULL)
                time.sleep(0.2)
        finally:
            process.kill()
            process.communicate()
        self.compare("held1.hprof")
        self.compare("held1.hprof", "--values")
        # Ids are addresses, and the collector moves: two dumps are matched by signature.
        out = must("snapdiff", "-q", "held1.hprof", "held2.hprof")
        self.assertIn("matched by signature", out)
        status, _, err = run("snapdiff", "-q", "--matching=id", "held1.hprof", "held2.hprof")
        self.assertEqual(status, 2)
        self.assertIn("cannot be matched by id", err)

    @unittest.skipUnless(shutil.which("ruby"), "no ruby")
    def test_ruby(self):
        subprocess.run(["ruby", "-robjspace", "-e",
                        "ObjectSpace.dump_all(output: File.open('ruby.json', 'w'))"], cwd=WORK,
                       check=True)
        self.compare("ruby.json")


if __name__ == "__main__":
    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(WORK)
    os.environ["XDG_CACHE_HOME"] = os.path.join(WORK, "cache")
    unittest.main(argv=sys.argv[:1], verbosity=2)
