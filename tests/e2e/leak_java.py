# SPDX-License-Identifier: MIT
"""Leaks of a real Java program (corpora/leaky/java), found by the rules for Java with the right
owner; the same program without leaks has none that is more than a note.

    leak_java.py TOOLS WORK

Without a JDK the test is skipped, aloud.
"""

import json
import os
import subprocess
import sys
import unittest

import jvm_support

TOOLS, WORK = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOURCES = os.path.join(ROOT, "corpora", "leaky", "java")


def command(name, *arguments):
    done = subprocess.run([os.path.join(TOOLS, name), "--json", "-q", "--no-cache", *arguments],
                          capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


def findings(mode):
    dump = os.path.join(WORK, mode + ".hprof")
    with jvm_support.Program(WORK, "Leaky", mode, os.path.join(WORK, "plugins"),
                             options=("-Xmx200m", "-XX:+UseSerialGC")) as program:
        program.dump(dump)
    return command("snapleak", dump)["findings"]


class Leaks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        os.makedirs(os.path.join(WORK, "plugins"), exist_ok=True)
        for name, folder in (("Leaky", WORK), ("Plugin", os.path.join(WORK, "plugins"))):
            jvm_support.run("javac", "-nowarn", "-d", folder,
                            os.path.join(SOURCES, name + ".java"))
        cls.found = findings("leaks")

    def check(self, rule, words, path="", severity="warning"):
        told = [(f["severity"], f["sentence"], (f["object"] or {}).get("path", ""))
                for f in self.found if f["rule"] == rule]
        self.assertTrue(any(words in sentence and path in at and said == severity
                            for said, sentence, at in told), told)

    def test_class_loaders(self):
        self.check("java-class-loaders", "12 java.net.URLClassLoaders have loaded the same classes"
                                         " (Helper and 1 other) each for itself", "Leaky.plugins")
        rows = command("snaptop", "--by", "loader", "-n", "100", os.path.join(WORK, "leaks.hprof"))
        sizes = [row["retained_size"] for row in rows["lists"][0]["rows"]
                 if row["name"].startswith("java.net.URLClassLoader")]
        self.assertEqual(len(sizes), 12)
        self.assertEqual([f["bytes"] for f in self.found if f["rule"] == "java-class-loaders"],
                         [sum(sizes)])

    def test_finalizers(self):
        self.check("java-finalizers", "objects wait for the finalizer, most of them Leaky$Handle",
                   "java.lang.ref.Finalizer.queue")

    def test_thread_locals(self):
        self.check("java-thread-locals", "8 values, each of a thread, of the thread-local variable"
                                         " Leaky.BUFFER retain")
        self.check("java-thread-locals", "8 values, each of a thread, of thread-local variables"
                                         " that are gone retain")

    def test_duplicate_strings(self):
        self.check("java-duplicate-strings", "byte[]s of Strings hold", severity="note")

    def test_sparse_collections(self):
        self.check("java-sparse-collections", "3,000 java.util.HashMaps have", "Leaky.maps",
                   "note")
        self.check("java-sparse-collections", "3,000 java.util.ArrayLists have", "Leaky.lists",
                   "note")

    def test_words(self):
        """What to do is said in the words of the language."""
        for finding in self.found:
            words = finding["title"] + finding["cause"] + finding["remedy"]
            for alien in "(del,", "None", "context manager", "a module lives", "delete()":
                self.assertNotIn(alien, words, finding["rule"])
        globals_ = [f for f in self.found if f["rule"] == "globals"]
        self.assertEqual({f["title"] for f in globals_}, {"static fields that keep much alive"})

    def test_collections(self):
        """A large table is told as the collection that it belongs to."""
        large = [f for f in self.found if f["rule"] == "lingering-large"]
        self.assertIn("Leaky.texts", [f["object"]["path"] for f in large])
        for finding in large:
            self.assertFalse(finding["sentence"].startswith("java.lang.Object[]"), finding["sentence"])

    def test_clean(self):
        self.assertEqual([(f["rule"], f["sentence"]) for f in findings("clean")
                          if f["severity"] != "note" or f["rule"].startswith("java-")], [])


if __name__ == "__main__":
    os.makedirs(WORK, exist_ok=True)
    if jvm_support.no_jdk():
        print(jvm_support.no_jdk())
        sys.exit(77)
    unittest.main(argv=sys.argv[:1], verbosity=2)
