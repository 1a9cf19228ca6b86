# SPDX-License-Identifier: MIT
"""Retained sizes of every object of a real JVM's dump, compared with VisualVM's heap library.

    import_visualvm.py TOOLS WORK

The library is one jar of the Debian package `visualvm` and needs only a JDK; where the package is
not installed, SNAP_VISUALVM names the jar (tests/run.sh downloads it):

    apt-get download visualvm && dpkg -x visualvm_*.deb visualvm
    SNAP_VISUALVM=$(find visualvm -name '*-lib-jfluid-heap.jar') ctest -R e2e_import_visualvm

Where the two differ, by rule (nothing else may):

  1. VisualVM gives sizes to no class, and none of the fields that the JVM adds to some classes and
     shows in no dump: both sides are counted with VisualVM's sizes of objects here.
  2. What only soft references (or nothing) keep alive retains 0 in VisualVM.
  3. In VisualVM a referent of a soft, weak, phantom or finalizer's reference keeps nothing alive,
     but shares its ownership: what a strong and a weak reference lead to belongs to neither.

So all objects are equal once these rules are applied to the graph that snapload made; and
without them, all that no such reference reaches are.
"""

import os
import shutil
import subprocess
import sys
import unittest
from collections import defaultdict

import jvm_support

TOOLS, WORK = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
HERE = os.path.dirname(os.path.abspath(__file__))
JAR = os.environ.get("SNAP_VISUALVM", "/usr/share/visualvm/visualvm/modules/"
                                      "org-graalvm-visualvm-lib-jfluid-heap.jar")
SPECIAL = ("soft", "weak", "phantom", "finalizer")
# Classes with fields that no dump shows, and beginnings of names of their subclasses here.
HIDDEN = ("java.lang.ref.Reference$ReferenceHandler", "java.lang.ref.Finalizer$FinalizerThread",
          "jdk.internal.misc.InnocuousThread", "jdk.internal.loader.ClassLoaders$", "Prog$Worker",
          "java.lang.Class", "java.lang.Module", "java.lang.invoke.MemberName",
          "java.lang.invoke.ResolvedMethodName", "java.lang.Thread", "java.lang.ClassLoader",
          "java.lang.invoke.MethodHandleNatives$CallSiteContext", "java.lang.StackFrameInfo")


def visit(successors):
    """What the root 0 reaches, each after all that it leads to (depth first)."""
    order, seen, stack = [], {0}, [(0, iter(successors[0]))]
    while stack:
        node, rest = stack[-1]
        for child in rest:
            if child not in seen:
                seen.add(child)
                stack.append((child, iter(successors[child])))
                break
        else:
            stack.pop()
            order.append(node)
    return order


def retained(successors, size):
    """Retained sizes by iterating on dominators until nothing changes (Cooper, Harvey, Kennedy)."""
    order = visit(successors)
    number = {node: i for i, node in enumerate(order)}
    predecessors = defaultdict(list)
    for node in order:
        for child in successors[node]:
            predecessors[child].append(node)
    dominator, changed = {0: 0}, True
    while changed:
        changed = False
        for node in reversed(order[:-1]):
            new = None
            for other in predecessors[node]:
                if other not in dominator:
                    continue
                if new is None:
                    new = other
                while new != other:
                    if number[new] < number[other]:
                        new = dominator[new]
                    else:
                        other = dominator[other]
            changed |= dominator.get(node) != new
            dominator[node] = new
    total = {node: size.get(node, 0) for node in order}
    for node in order[:-1]:
        total[dominator[node]] += total[node]
    return total


class VisualVm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        dump, text = os.path.join(WORK, "visualvm.hprof"), os.path.join(WORK, "visualvm.txt")
        jvm_support.compile_java(WORK, "Prog", jvm_support.PROGRAM)
        with jvm_support.Program(WORK, "Prog", options=["-XX:+UseSerialGC"]) as program:
            program.dump(dump)
        shutil.rmtree(dump + ".hwcache", ignore_errors=True)
        subprocess.run(["java", "-cp", JAR, os.path.join(HERE, "VisualVm.java"), dump, text],
                       check=True)
        shutil.rmtree(dump + ".hwcache", ignore_errors=True)
        cls.theirs = {}
        with open(text) as f:
            for line in f:
                address, shallow, size, name = line.split()
                cls.theirs[int(address)] = int(shallow), int(size), name
        cls.db = jvm_support.load(TOOLS, WORK, dump)
        cls.ours = {row[0]: row[1:] for row in cls.db.execute(
            "SELECT o.id, o.address, o.shallow_size, o.last_dominated, t.name"
            " FROM object o JOIN type t ON t.id = o.type_id WHERE o.address IS NOT NULL")}
        cls.edges = cls.db.execute(
            "SELECT source_id, target_id, kind FROM refs WHERE source_id IN"
            " (SELECT id FROM object WHERE address IS NOT NULL)").fetchall()
        cls.roots = sorted({target for target, in cls.db.execute(
            "SELECT object_id FROM roots WHERE kind <> 'unreachable'")})
        strong = defaultdict(list, {0: cls.roots})
        for source, target, kind in cls.edges:
            if kind not in SPECIAL:
                strong[source].append(target)
        cls.reached = set(visit(strong))

    def test_objects(self):
        """The same objects; sizes differ only where a dump does not show all fields."""
        objects = {address: (shallow, name) for address, shallow, _, name in self.ours.values()}
        self.assertEqual(set(self.theirs) - set(objects), set())
        self.assertEqual({name for address, (_, name) in objects.items()
                          if address not in self.theirs}, {"java.lang.Class"})
        differing = {name for address, (shallow, _, name) in self.theirs.items()
                     if objects[address][0] != shallow}
        self.assertEqual([name for name in differing if not name.startswith(HIDDEN)], [])

    def test_every_object_under_their_rules(self):
        graph = defaultdict(list, {0: list(self.roots)})
        for source, target, _ in self.edges:
            if target in self.reached:
                graph[source if source in self.reached else 0].append(target)
        size = {node: self.theirs[row[0]][0] for node, row in self.ours.items()
                if row[0] in self.theirs}
        got = retained(graph, size)
        wrong = [(self.theirs[row[0]], got.get(node, 0)) for node, row in self.ours.items()
                 if row[0] in self.theirs and self.theirs[row[0]][1] != got.get(node, 0)]
        self.assertEqual(wrong, [])
        self.assertGreater(len(got), 10000)

    def test_program_as_it_is(self):
        """Sums over our dominator tree itself: equal for all objects of the program, and for all
        but the few that soft and weak references of the JDK lead to."""
        sums, before = [0], {}
        for node in sorted(self.ours):
            before[node] = len(sums) - 1
            sums.append(sums[-1] + self.theirs.get(self.ours[node][0], (0,))[0])
        nodes = sorted(self.ours)
        last = {node: i for i, node in enumerate(nodes)}
        equal = 0
        for node, (address, _, end, name) in self.ours.items():
            if address not in self.theirs:
                continue
            same = sums[last[end] + 1] - sums[before[node]] == self.theirs[address][1]
            equal += same
            if name.startswith("Prog") and node in self.reached:
                self.assertTrue(same, (name, self.theirs[address]))
        self.assertGreater(equal, 0.95 * len(self.theirs))


if __name__ == "__main__":
    os.makedirs(WORK, exist_ok=True)
    missing = jvm_support.no_jdk() or (
        None if os.path.exists(JAR) else "SKIP: no VisualVM here: " + JAR + " (SNAP_VISUALVM)")
    if missing:
        print(missing)
        sys.exit(77)
    unittest.main(argv=sys.argv[:1], verbosity=2)
