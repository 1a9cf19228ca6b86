"""Captures of real processes of every shape, asked for while they run, and what the tools see."""

import json
import os
import signal
import subprocess
import sys
import time
import unittest

import ask_support
import heap_support
from heap_support import HeapCase, tool

LISTEN = "import heapsnap, os, sys, time; heapsnap.listen()\n"
READY = "print('ready', flush=True)\n"
WAIT = "sys.stdin.readline()\n"


class Threads(HeapCase):
    def test_two_hundred_threads(self):
        child = self.start(LISTEN +
                           "import threading\n"
                           "class Held:\n"
                           "    def __init__(self, n): self.n = n\n"
                           "gate = threading.Barrier(201)\n"
                           "def work(n):\n"
                           "    only_here = Held(n)\n"
                           "    gate.wait(); stop.wait()\n"
                           "stop = threading.Event()\n"
                           "for n in range(200):\n"
                           "    threading.Thread(target=work, args=(n,), name='worker-%d' % n,\n"
                           "                     daemon=True).start()\n"
                           "gate.wait()\n" + READY + WAIT + "stop.set()\n")
        for mode in ("inline", "fork"):
            name = mode + ".snap"
            self.assertEqual(self.ask(child.pid, name, "--mode", mode)["mode"], mode)
            heap = self.load(self.path(name))
            self.assertEqual(self.count(heap, "Held"), 200)
            self.assertGreaterEqual(self.one(heap, "SELECT count(*) FROM thread"), 201)
            self.assertEqual(self.one(
                heap, "SELECT count(DISTINCT thread_id) FROM roots WHERE kind = 'local' "
                "AND name = 'only_here' AND type = 'Held' AND function LIKE '%work'"), 200)
        self.finish(child)


class Frozen(HeapCase):
    def test_freeze_before_fork(self):
        child = self.start(LISTEN +
                           "import gc\n"
                           "class Held: pass\n"
                           "held = [Held() for _ in range(1000)]\n"
                           "gc.collect(); gc.freeze()\n"
                           "pid = os.fork()\n"
                           "if pid: print('ready', flush=True); print(pid, flush=True)\n" + WAIT)
        pid = int(child.stdout.readline())
        self.addCleanup(ask_support.kill, pid)
        for who, name in ((child.pid, "parent.snap"), (pid, "child.snap")):
            self.ask(who, name)
            heap = self.load(self.path(name))
            bit = self.one(heap, "SELECT bit FROM object_flag WHERE name = 'frozen'")
            self.assertEqual(self.count(heap, "Held"), 1000)
            self.assertEqual(self.count(heap, "Held", "o.flags & %d" % bit), 1000)


class Multiprocessing(HeapCase):
    def test_pool(self):
        child = self.start(LISTEN +
                           "import multiprocessing as m\n"
                           "class Held: pass\n"
                           "def work(n):\n"
                           "    global held\n"
                           "    held = [Held() for _ in range(n)]\n"
                           "    return os.getpid()\n"
                           "pool = m.get_context('fork').Pool(2, maxtasksperchild=None)\n"
                           "pids = set()\n"
                           "while len(pids) < 2: pids.update(pool.map(work, [500] * 20, 1))\n" +
                           READY + "print(*pids, flush=True)\n" + WAIT +
                           "pool.close(); pool.join()\n")
        for pid in child.stdout.readline().split():
            self.ask(pid, pid + ".snap")
            self.assertEqual(self.count(self.load(self.path(pid + ".snap")), "Held"), 500)
        self.finish(child)


class Churn(HeapCase):
    """Freed slots are filled again by objects of the same type: nothing new is taken for old."""

    SOURCE = (LISTEN +
              "class Item:\n"
              "    __slots__ = ('payload',)\n"
              "    def __init__(self, n): self.payload = 'item %d' % n\n"
              "class Holder:\n"
              "    def __init__(self): self.items = [None] * 20000\n"
              "first, second = Holder(), Holder()\n"
              "for n in range(20000): first.items[n] = Item(n)\n"
              "before = set(map(id, first.items))\n" + READY + WAIT +
              "for n in range(20000):\n"
              "    first.items[n] = None\n"
              "    second.items[n] = Item(n)\n"
              "again = sum(id(i) in before for i in second.items)\n"
              "print(again, flush=True)\n" + WAIT)

    def test_refilled_slots(self):
        child = self.start(self.SOURCE)
        self.ask(child.pid, "a.snap")
        child.stdin.write("\n")
        child.stdin.flush()
        again = int(child.stdout.readline())
        self.assertGreater(again, 15000, "the test needs addresses that come back")
        self.ask(child.pid, "b.snap")
        document = self.diff("a.snap", "b.snap")
        grown = [o for o in document["owners"] if o["retained_delta"] > 0]
        # One line for what grew, although (nearly) every address was there before.
        self.assertGreaterEqual(grown[0]["count_delta"], 20000, json.dumps(grown[:3], indent=1))
        self.assertIn("second", json.dumps(grown[0]))
        self.assertNotIn("first", json.dumps(grown[0]["path"]))
        self.finish(child)


class Reaper(HeapCase):
    """A server that reaps with waitpid(-1), as the old ones do, never sees the capture's child."""

    SOURCE = (LISTEN +
              "import signal\n"
              "signals = []\n"
              "signal.signal(signal.SIGCHLD, lambda *a: signals.append(a))\n"
              "ballast = [[] for _ in range(300000)]\n"
              "own = os.fork()\n"
              "if own == 0:\n"
              "    heapsnap.stop_listening(); time.sleep(1000)\n" + READY +
              "import select\n"
              "reaped = 0\n"
              "while not select.select([0], [], [], 0)[0]:\n"
              "    pid, status = os.waitpid(-1, os.WNOHANG)\n"
              "    reaped += pid != 0\n"
              "sys.stdin.readline()\n"
              "seen = len(signals)\n"
              "os.kill(own, signal.SIGKILL)\n"
              "pid, status = os.waitpid(-1, 0)\n"
              "print(reaped, seen, pid == own, status, flush=True)\n")

    def test_waitpid_sees_only_its_own(self):
        child = self.start(self.SOURCE)
        for n in range(5):
            self.assertEqual(self.ask(child.pid, "%d.snap" % n, "--mode", "fork")["mode"], "fork")
        self.assertEqual(self.finish(child), "0 0 True 9\n")

    def test_blocking_waitpid(self):
        child = self.start(LISTEN + READY +
                           "try: os.waitpid(-1, 0)\n"
                           "except ChildProcessError: pass\n"
                           "pid = os.fork()\n"
                           "if pid == 0: time.sleep(1.5); os._exit(9)\n"
                           "got = os.waitpid(-1, 0)\n"
                           "assert got == (pid, 9 << 8), got\n"
                           "print('reaped', flush=True)\n" + WAIT)
        ask_support.wait_until(lambda: self.read("/proc/%d/task/%d/children"
                                                 % (child.pid, child.pid)), "its own child")
        self.ask(child.pid, "a.snap", "--mode", "fork")
        self.assertEqual(child.stdout.readline(), "reaped\n")
        self.finish(child)


class Busy(HeapCase):
    """While a forked child walks, the process serves, is listed, and takes no second capture."""

    SOURCE = LISTEN + "ballast = [[n] for n in range(500000)]\n" + READY + WAIT

    def walkers(self, pid):
        """The children of a process that are no children to its waitpid()."""
        found = []
        for task in os.listdir("/proc/%d/task" % pid):
            try:
                found += self.read("/proc/%d/task/%s/children" % (pid, task)).split()
            except OSError:
                pass  # the thread has ended
        return list(map(int, found))

    def begin(self, child):
        """Have a capture begun, and stopped in the middle; who asked, and the child that walks."""
        asker = subprocess.Popen([sys.executable, "-m", "heapsnap", "ask", str(child.pid), "-q",
                                  "--mode", "fork", "-o", self.path("a.snap")])
        deadline = time.monotonic() + ask_support.TIMEOUT
        walkers = []
        while not walkers and time.monotonic() < deadline:
            walkers = self.walkers(child.pid)
        os.kill(walkers[0], signal.SIGSTOP)
        self.addCleanup(ask_support.kill, walkers[0])
        return asker, walkers[0]

    def test_status_meanwhile(self):
        child = self.start(self.SOURCE)
        asker, walker = self.begin(child)
        _, out, _ = self.heapsnap("ps", "--json")
        row = [p for p in self.document(out)["processes"] if p["pid"] == child.pid][0]
        self.assertEqual(row["problem"], "a capture is under way")
        self.assertTrue(row["busy"])
        self.assertIn("a capture is under way", self.ask(child.pid, "b.snap", expect=2))
        os.kill(walker, signal.SIGCONT)
        self.assertEqual(asker.wait(ask_support.TIMEOUT), 0)
        self.check_capture(self.path("a.snap"))
        self.ask(child.pid, "c.snap")

    def test_fork_meanwhile(self):
        # The new process has no part in the capture: nothing of it stays open there, or busy.
        child = self.start(self.SOURCE +
                           "pid = os.fork()\nif pid: print(pid, flush=True)\n" + WAIT,
                           "-W", "ignore::DeprecationWarning")
        asker, walker = self.begin(child)
        child.stdin.write("\n")
        child.stdin.flush()
        pid = int(child.stdout.readline())
        self.addCleanup(ask_support.kill, pid)
        ask_support.listener_of(pid)
        links = [os.readlink("/proc/%d/fd/%s" % (pid, fd))
                 for fd in os.listdir("/proc/%d/fd" % pid)]
        self.assertNotIn(self.path("a.snap.part"), links)
        self.ask(pid, "child.snap")
        os.kill(walker, signal.SIGCONT)
        self.assertEqual(asker.wait(ask_support.TIMEOUT), 0)
        self.check_capture(self.path("a.snap"))

    def test_asker_gives_up(self):
        child = self.start(self.SOURCE)
        asker, walker = self.begin(child)
        asker.kill()
        asker.wait()
        # Who walked is gone soon, though it was stopped; what it wrote stays, as incomplete.
        ask_support.wait_until(lambda: not self.walkers(child.pid), "the walker's end", 10)
        self.assertTrue(os.path.exists(self.path("a.snap.part")))
        self.assertFalse(os.path.exists(self.path("a.snap")))
        self.ask(child.pid, "b.snap")

    def test_walker_is_killed(self):
        child = self.start(self.SOURCE)
        asker, walker = self.begin(child)
        os.kill(walker, signal.SIGKILL)
        self.assertEqual(asker.wait(ask_support.TIMEOUT), 2)
        self.assertFalse(os.path.exists(self.path("a.snap")))
        self.ask(child.pid, "b.snap")
        self.finish(child)

    def test_exit_meanwhile(self):
        # The process waits for a capture under way at its end, then gives it up.
        child = self.start(self.SOURCE)
        asker, walker = self.begin(child)
        began = time.monotonic()
        self.finish(child)
        self.assertLess(time.monotonic() - began, 30)
        self.assertEqual(asker.wait(ask_support.TIMEOUT), 2)
        self.assertFalse(os.path.exists("/proc/%d" % walker))


@unittest.skipUnless(os.environ.get("HEAPSNAP_BIG"), "only under the guaranteed Python")
class Deep(HeapCase):
    def test_list_of_a_million_nodes(self):
        child = self.start(LISTEN +
                           "class Node:\n"
                           "    __slots__ = ('next',)\n"
                           "head = None\n"
                           "for _ in range(1000000):\n"
                           "    node = Node(); node.next = head; head = node\n"
                           "del node\n" + READY + WAIT + "os._exit(0)\n")
        answer = self.ask(child.pid)
        self.finish(child)
        self.assertGreater(answer["objects"], 1000000)
        # Nothing recurses over the heap: 64 KiB of stack are enough.
        heap = self.load(self.path("a.snap"), small_stack=True)
        self.assertEqual(self.count(heap, "Node"), 1000000)
        size = self.one(heap, "SELECT shallow_size FROM type WHERE name = 'Node'")
        rank, retained = heap.execute(
            "SELECT count(*), max(o.retained_size) FROM top_object x "
            "JOIN object o ON o.id = x.object_id JOIN type t ON t.id = o.type_id "
            "WHERE t.name = 'Node'").fetchone()
        self.assertGreater(rank, 9000)
        self.assertEqual(retained, size)
        tool("snapinfo", "--verify", self.path("a.snap"), small_stack=True)


if __name__ == "__main__":
    heap_support.main()
