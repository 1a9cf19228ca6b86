# SPDX-License-Identifier: MIT
"""Collections of one Java process that grow, found by snapdiff: each is one owner, under the name of the
variable that holds it, with all that came.

    diff_java.py TOOLS WORK

Without a JDK the test is skipped, aloud.
"""

import json
import os
import shutil
import subprocess
import sys
import unittest

import jvm_support

TOOLS, WORK = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])

PROGRAM = """
import java.util.*;
import java.util.concurrent.*;

public class Growing {
    static class Item { final int n; final Object own = new int[10]; Item(int n) { this.n = n; } }
    static final Map<Integer, Item> hash = new HashMap<>(), tree = new TreeMap<>();
    static final Map<Integer, Item> concurrent = new ConcurrentHashMap<>();
    static final List<Item> array = new ArrayList<>(), linked = new LinkedList<>();
    static final Deque<Item> deque = new ArrayDeque<>();
    static final Item[] own = new Item[100000];
    static final Map<Integer, Map<Integer, Item>> nested = new TreeMap<>();
    static final Set<Item> skips = new ConcurrentSkipListSet<>((a, b) -> a.n - b.n);
    static final Map<Integer, Item> synced = Collections.synchronizedMap(new LinkedHashMap<>());
    static class Later { final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(2); }
    static final Later later = new Later();

    static void grow(int from, int to) {
        for (int i = from; i < to; i++) {
            Integer key = 1000 + i;
            hash.put(key, new Item(i));
            tree.put(key, new Item(i));
            concurrent.put(key, new Item(i));
            array.add(new Item(i));
            linked.add(new Item(i));
            deque.add(new Item(i));
            own[i] = new Item(i);
            nested.computeIfAbsent(i % 40, k -> new TreeMap<>()).put(key, new Item(i));
            skips.add(new Item(i));
            synced.put(key, new Item(i));
            final Item item = new Item(i);
            later.timer.schedule(() -> item.n, 1, TimeUnit.DAYS);
        }
    }

    public static void main(String[] a) throws Exception {
        int[] sizes = { 1500, 4500, 7500 };
        int from = 0;
        System.out.println("ready");
        for (int to : sizes) {
            grow(from, to);
            from = to;
            System.out.println("grown");
            System.out.flush();
            System.in.read();
        }
    }
}
"""

OWNERS = ("hash", "tree", "concurrent", "array", "linked", "deque", "own", "nested[*]", "skips", "synced",
          "later.timer.workQueue")


def dumps():
    """The program's dumps, one each time that its collections have grown."""
    jvm_support.compile_java(WORK, "Growing", PROGRAM)
    paths = [os.path.join(WORK, f"growing-{n}.hprof") for n in "abc"]
    with jvm_support.Program(WORK, "Growing", options=("-Xmx200m", "-XX:+UseSerialGC")) as program:
        for path in paths:
            if program.process.stdout.readline() != "grown\n":
                raise AssertionError("the program does not grow")
            program.dump(path)
            program.process.stdin.write("\n")
            program.process.stdin.flush()
    return paths


class Growing(unittest.TestCase):
    def test_owners(self):
        done = subprocess.run([os.path.join(TOOLS, "snapdiff"), "--json", "--all", "-q", "--no-cache", *dumps()],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = json.loads(done.stdout)
        self.assertEqual(found["verdict"]["kind"], "managed-leak")
        owners = {owner["name"]: owner for owner in found["owners"]}
        for name in OWNERS:
            with self.subTest(name):
                owner = owners["Growing." + name]
                # an Item and its int[], 24 and 56 bytes, beside what the collection makes for itself
                self.assertGreaterEqual(owner["count_delta"], 2 * 6000)
                self.assertGreaterEqual(owner["retained_delta"], 6000 * (24 + 56))
                self.assertEqual(owner["intervals_grown"], 2)
        # A node of a collection says what it holds.
        words = {"hash": "one with key java.lang.Integer and value Growing$Item",
                 "tree": "one with key java.lang.Integer and value Growing$Item",
                 "concurrent": "one with key java.lang.Integer and value Growing$Item",
                 "linked": "one with item Growing$Item", "array": None}
        for name, about in words.items():
            self.assertEqual(owners["Growing." + name]["holds"][0]["about"], about, name)
        # All that came hangs in them, and in nothing that is a part of them.
        inside = [name for name in owners if name.startswith("Growing.")]
        self.assertEqual(sorted(inside), sorted("Growing." + name for name in OWNERS))
        items = next(t for t in found["types"] if t["type"] == "Growing$Item")
        self.assertEqual(items["count_b"] - items["count_a"], 6000 * len(OWNERS), items)


if __name__ == "__main__":
    missing = jvm_support.no_jdk()
    if missing:
        print(missing)
        sys.exit(77)
    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(WORK)
    unittest.main(argv=sys.argv[:1], verbosity=2)
