#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""snapdiff on structures that programs make of their own nodes: what comes to a tree, a trie, a chain
or a list linked both ways is one line, with the name of the structure, in every interval; one of many
nodes that grows alone keeps its own name."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

TOOLS = os.environ.get("SNAP_TOOLS")
SKIPPED = 77
GROWN = 1500  # in each interval

APP = '''
import random, sys
import heapsnap

class Cell:
    __slots__ = ("before", "after", "value")

class Queue:
    def __init__(self):
        self.head = self.tail = None
    def add(self, value):
        cell = Cell()
        cell.value, cell.after, cell.before = value, None, self.tail
        if self.tail is None:
            self.head = cell
        else:
            self.tail.after = cell
        self.tail = cell

class Node:
    def __init__(self, key):
        self.key, self.left, self.right = key, None, None

class Tree:
    root = None
    def __init__(self):
        self.root = Node(random.random())
    def add(self, key):
        at = self.root
        while True:
            side = "left" if key < at.key else "right"
            if getattr(at, side) is None:
                return setattr(at, side, Node(key))
            at = getattr(at, side)

class Link:
    def __init__(self, after):
        self.after, self.text = after, "text %d" % id(self)

class Trie:
    def __init__(self):
        self.below = {}

class Widget:
    def __init__(self):
        self.parts = []

random.seed(5)
queue, tree, trie, newest = Queue(), Tree(), Trie(), None
oldest = last = Link(None)
window, pairs = Widget(), None
window.parts = [Widget() for _ in range(5)]
for widget in window.parts:
    widget.parts = [Widget() for _ in range(5)]

def both_ways(i):
    queue.add("value %d" % i)

def grow_tree(i):
    tree.add(random.random())

def in_front(i):
    global newest
    newest = Link(newest)

def behind(i):
    global last
    last.after = last = Link(None)

def add_word(i):
    at = trie
    for letter in "%x" % random.getrandbits(48):
        at = at.below.setdefault(letter, Trie())

def one_widget(i):
    window.parts[2].parts[3].parts.append(Widget())

def nest(i):
    global pairs
    pairs = [pairs, "value %d" % i]

for path in "abc":
    for i in range(int(sys.argv[2])):
        globals()[sys.argv[1]](i)
    heapsnap.dump(path + ".snap")
'''


class Structures(unittest.TestCase):
    def grow(self, function):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, "-c", APP, function, str(GROWN)], check=True, cwd=folder,
                           env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1"))
            done = subprocess.run([os.path.join(TOOLS, "snapdiff"), "-q", "--json", "a.snap", "b.snap",
                                   "c.snap"], check=True, stdout=subprocess.PIPE, cwd=folder)
        return json.loads(done.stdout.decode("utf-8"))

    def check(self, function, name, held=None, n=2 * GROWN):
        document = self.grow(function)
        first, verdict = document["owners"][0], document["verdict"]
        said = json.dumps([verdict, document["owners"][:2]], indent=1)
        # Instances of Python before 3.11 have a dictionary.
        self.assertIn(first["name"], (name, name + ".__dict__"), said)
        self.assertEqual(first["intervals_grown"], 2, said)
        self.assertEqual(verdict["kind"], "managed-leak", said)
        self.assertEqual(verdict["owner"], first["signature"], said)
        self.assertGreaterEqual(verdict["share_percent"], 98, said)
        self.assertEqual(first["shared"]["count"], 0, said)
        steps = [step["growth"] for step in first["by_interval"]]
        if steps and not first["n_replaced"]:
            growth = first["retained_delta"] + first["native_delta"]
            self.assertAlmostEqual(sum(steps), growth, delta=growth / 100, msg=said)
        if held:
            self.assertEqual(first["holds"][0]["type"], held, said)
            # One of them may be counted as the successor of one that was there.
            self.assertAlmostEqual(first["holds"][0]["type_delta"], n, delta=1, msg=said)

    def test_both_ways(self):
        self.check("both_ways", "__main__.queue", "__main__.Cell")

    def test_tree(self):
        self.check("grow_tree", "__main__.tree.root", "__main__.Node")

    def test_trie(self):
        self.check("add_word", "__main__.trie")

    def test_chains(self):
        self.check("in_front", "__main__.newest", "__main__.Link")
        self.check("behind", "__main__.oldest", "__main__.Link")
        self.check("nest", "__main__.pairs", "list")

    def test_one_of_many(self):
        self.check("one_widget", "__main__.window.parts[*].parts[*].parts", "__main__.Widget")


if __name__ == "__main__":
    if not TOOLS or not os.path.exists(os.path.join(TOOLS, "snapdiff")):
        print("skipped: the offline tools were not built")
        raise SystemExit(SKIPPED)
    unittest.main(verbosity=2)
