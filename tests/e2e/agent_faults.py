"""Captures that cannot be, or at a bad moment: wrong arguments, limits of the system, interruption,
the ends of the process, pipes that nobody empties. Each works, or fails with one sentence."""

import json
import os
import subprocess
import sys
import time
import unittest
import zipfile

from agent_support import AgentCase
from between import whichever_python

SNAPINFO = os.environ.get("SNAPINFO")

#: In the script: what a call raises, as [class, message], or the mode of the capture.
ATTEMPT = """
import heapsnap, json, os, signal, sys, threading, time
def attempt(*args, **kwargs):
    try:
        return heapsnap.dump(*args, **kwargs).mode
    except BaseException as e:
        return [type(e).__name__, str(e)]
def left():
    return sorted(os.listdir(os.path.dirname(PATH)))
data = [{"k": [i]} for i in range(%d)]
"""


class FaultCase(AgentCase):
    def attempts(self, script, size=1000, **environment):
        lines = script.split("\n")
        indent = min(len(l) - len(l.lstrip()) for l in lines if l.strip())
        return self.run_python(ATTEMPT % size + "\n".join(l[indent:] for l in lines),
                               **environment)

    def check_sentence(self, answer, *words):
        kind, text = answer
        self.assertEqual(kind, "HeapsnapError", text)
        self.assertNotIn("\n", text)
        for word in words:
            self.assertIn(word, text)


@whichever_python
class Arguments(FaultCase):
    def test_found_before_anything_is_opened(self):
        answers, files = self.attempts("""
            class Str(str): pass
            big = "x" * 65537
            bad = [dict(labels={"": "v"}), dict(labels={"a\\nb": "v"}),
                   dict(labels={"a\\x85": "v"}), dict(labels={"a\\0b": "v"}),
                   dict(labels={"k": "v\\0w"}), dict(labels={big: "v"}),
                   dict(labels={"k": big}), dict(labels={"k\\udc80": "v"}),
                   dict(labels={"k": "\\ud800"}), dict(labels={"k": 1}), dict(labels={b"k": "v"}),
                   dict(labels={str(i): "" for i in range(257)}), dict(labels=5),
                   dict(reason="why\\0not"), dict(reason=big), dict(reason="\\udcff"),
                   dict(reason=7), dict(mode="no"), dict(mode=None), dict(names="all")]
            answers = [attempt(PATH, **b) for b in bad]
            fine = attempt(PATH, labels={Str("k"): "x" * 65536, "\\u20ac": ""}, reason="a\\nb")
            print(json.dumps([answers + [fine], left()]))
        """)
        fine = answers.pop()
        self.assertIn(fine, ("fork", "inline"))
        for answer in answers:
            self.assertIn(answer[0], ("TypeError", "ValueError"), answer)
        self.assertEqual(files, ["out.snap"])

    def test_a_part_of_another_is_kept(self):
        """What stands under the part's name already is nobody's to remove."""
        answer, files, text = self.attempts("""
            with open(PATH + ".part", "w") as f: f.write("of another")
            answer = attempt(PATH)
            print(json.dumps([answer, left(), open(PATH + ".part").read()]))
        """)
        self.assertEqual(answer[0], "FileExistsError")
        self.assertEqual((files, text), (["out.snap.part"], "of another"))


class Interruption(FaultCase):
    def test_leaves_nothing(self):
        """Ctrl-C in the middle of a forked capture into a file."""
        answers, files = self.attempts("""
            over = threading.Event()
            def begun():
                try:
                    return os.path.getsize(PATH + ".part") > 0
                except FileNotFoundError:
                    return False
            def interrupt():
                while not begun():
                    if over.wait(0.001): return
                os.kill(os.getpid(), signal.SIGINT)
            for i in range(10):  # on a busy machine it may be over before that is seen
                over.clear()
                thread = threading.Thread(target=interrupt); thread.start()
                try:
                    answer = attempt(PATH, mode="fork")
                    over.set()
                    thread.join()
                except KeyboardInterrupt:  # later still
                    thread.join()
                if answer != "fork": break
                os.unlink(PATH)
            files = left()
            print(json.dumps([[answer, files, attempt(PATH)], left()]))
        """, size=400000)
        self.assertEqual(answers[0][0], "KeyboardInterrupt")
        self.assertEqual(answers[1:] + [files], [[], "fork", ["out.snap"]])

    def test_handler_that_raises(self):
        answers, files = self.attempts("""
            def handler(*args): raise RuntimeError("mine")
            signal.signal(signal.SIGALRM, handler)
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            answer = attempt(PATH, mode="fork")
            print(json.dumps([answer, left()]))
        """, size=400000)
        self.assertEqual(answers, ["RuntimeError", "mine"])
        self.assertEqual(files, [])

    @whichever_python
    def test_inline_into_a_full_pipe(self):
        """Ctrl-C ends the wait for a reader at once; without it the process goes on by itself."""
        answer, seconds = self.attempts("""
            heapsnap.dump(PATH)  # the self-check of the first one must be over in time
            read, write = os.pipe()
            pid = os.getpid()
            child = os.fork()
            if child == 0:
                time.sleep(0.7)
                os.kill(pid, signal.SIGINT)
                os._exit(0)
            started = time.monotonic()
            answer = attempt(write, mode="inline")
            seconds = time.monotonic() - started
            os.waitpid(child, 0)
            print(json.dumps([answer, seconds]))
        """, size=300000)
        self.assertEqual(answer[0], "KeyboardInterrupt")
        self.assertLess(seconds, 8)

    @whichever_python
    def test_inline_gives_up_waiting(self):
        # The second end in a process of its own: both wait at the same time.
        answers, seconds = self.attempts("""
            import socket
            read, write = os.pipe()
            a, b = socket.socketpair()
            told, tell = os.pipe()
            def wait(fd):
                started = time.monotonic()
                return [attempt(fd, mode="inline"), time.monotonic() - started]
            child = os.fork()
            if child == 0:
                os.write(tell, json.dumps(wait(a)).encode())
                os._exit(0)
            here = wait(write)
            os.close(tell)
            with open(told) as f: there = json.load(f)
            os.waitpid(child, 0)
            print(json.dumps(list(zip(here, there))))
        """, size=300000)
        for answer, time_taken in zip(answers, seconds):
            self.check_sentence(answer, "10 seconds")
            self.assertTrue(9 < time_taken < 30, time_taken)


@whichever_python
class Limits(FaultCase):
    def test_file_size(self):
        answers, files = self.attempts("""
            import resource
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, -1))
            answers = [attempt(PATH, mode="fork"), attempt(PATH + "2", mode="inline")]
            resource.setrlimit(resource.RLIMIT_FSIZE, (65536 * 4, -1))
            answers += [attempt(PATH + "3", mode="fork")]
            print(json.dumps([answers, left()]))
        """, size=300000)
        for answer in answers:
            self.check_sentence(answer, "errno 27")
        self.assertIn("out.snap3.part", answers[2][1])
        self.assertIn("out.snap3.part", files)

    def test_no_process_can_be_made(self):
        """A limit of processes, which does not hold for root."""
        if os.geteuid() == 0 and not os.path.exists("/proc/self/setgroups"):
            self.skipTest("no other user")
        os.chmod(self.folder, 0o777)
        answers = self.attempts("""
            import resource
            if os.geteuid() == 0: os.setresuid(65534, 65534, 65534)
            resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
            print(json.dumps([attempt(PATH, mode="fork"), attempt(PATH + "2", mode="auto")]))
        """)
        self.check_sentence(answers[0], "no child could be made")
        self.assertEqual(answers[1], "inline")

    @unittest.skipUnless(os.uname().machine in ("x86_64", "aarch64"), "unknown system call numbers")
    def test_clone_is_forbidden(self):
        answers = self.attempts("""
            import ctypes
            class Filter(ctypes.Structure):
                _fields_ = [("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte),
                            ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint)]
            class Program(ctypes.Structure):
                _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.POINTER(Filter))]
            clone = 56 if os.uname().machine == "x86_64" else 220
            lines = (Filter * 4)(Filter(0x20, 0, 0, 0), Filter(0x15, 0, 1, clone),
                                 Filter(0x06, 0, 0, 0x50001), Filter(0x06, 0, 0, 0x7fff0000))
            libc = ctypes.CDLL(None, use_errno=True)
            program = Program(4, lines)
            long = ctypes.c_ulong
            failed = libc.prctl(38, long(1), long(0), long(0), long(0)) or \\
                libc.prctl(22, long(2), ctypes.byref(program), long(0), long(0))
            print(json.dumps([failed, attempt(PATH, mode="fork"), attempt(PATH, mode="auto")]))
        """)
        if answers[0]:
            self.skipTest("no seccomp filters here")
        self.check_sentence(answers[1], "no child could be made")
        self.assertEqual(answers[2], "inline")

    def test_import_from_a_zip(self):
        import heapsnap
        archive = os.path.join(self.folder, "all.zip")
        source = os.path.dirname(heapsnap.__file__)
        with zipfile.ZipFile(archive, "w") as packed:
            for name in os.listdir(source):
                if name.endswith((".py", ".so")):
                    packed.write(os.path.join(source, name), "heapsnap/" + name)
        done = subprocess.run([sys.executable, "-c", "import heapsnap"], stderr=subprocess.PIPE,
                              env=dict(os.environ, PYTHONPATH=archive))
        last = done.stderr.decode().strip().split("\n")[-1]
        self.assertEqual(done.returncode, 1)
        self.assertRegex(last, "ImportError: .*zip archive")


class Moments(FaultCase):
    @whichever_python
    def test_threads_at_once(self):
        """One captures, the others are told; nobody's file is spoilt."""
        answers, files = self.attempts("""
            answers = []
            barrier = threading.Barrier(6)
            def work(i):
                barrier.wait()
                answers.append(attempt(PATH + str(i), mode="fork"))
            threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
            for t in threads: t.start()
            for t in threads: t.join()
            print(json.dumps([answers, left()]))
        """, size=200000)
        refused = [a for a in answers if a != "fork"]
        self.assertLess(len(refused), 6)
        for answer in refused:
            self.check_sentence(answer, "another capture")
        self.assertEqual(len(files), 6 - len(refused))
        self.assertFalse([f for f in files if f.endswith(".part")])

    def check_written(self, path):
        with open(path, "rb") as file:
            self.assertTrue(file.read().endswith(b"\x1a\x0a\x0dPANS\x89"))

    def test_at_the_end_of_the_process(self):
        """atexit, a finalizer while modules are torn down, a finalizer of a dropped object."""
        for when in ("atexit.register(lambda: attempt(PATH, mode=MODE))",
                     "dies = Dies()",
                     "dies = Dies(); sys.modules['keeps'] = dies",
                     "dies = Dies(); del dies"):
            for mode in ("fork", "inline"):
                with self.subTest(when=when, mode=mode):
                    path = os.path.join(self.folder, "out.snap")
                    for name in os.listdir(self.folder):
                        os.unlink(os.path.join(self.folder, name))
                    script = ("PATH, MODE = %r, %r\n" % (path, mode) + ATTEMPT % 1000 + "\n"
                              "import atexit\n"
                              "class Dies:\n"
                              "    def __del__(self, attempt=attempt, path=PATH, mode=MODE):\n"
                              "        answer = attempt(path, mode=mode)\n"
                              "        os_write(2, repr(answer).encode() + b'\\n')\n"
                              "os_write = os.write\n" + when + "\n")
                    done = subprocess.run([sys.executable, "-c", script], timeout=100,
                                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                    self.assertEqual(done.returncode, 0, done.stderr.decode())
                    self.assertNotIn(b"Fatal", done.stderr)
                    if os.path.exists(path):
                        self.check_written(path)
                    else:
                        # Names of the teardown are gone, or the interpreter refuses.
                        self.assertTrue(done.stderr.strip(), when)
                        self.assertEqual(os.listdir(self.folder), [], done.stderr)

    def test_in_a_signal_handler(self):
        answers, files = self.attempts("""
            answers = []
            def handler(*args): answers.append(attempt(PATH + "2"))
            signal.signal(signal.SIGUSR1, handler)
            os.kill(os.getpid(), signal.SIGUSR1)
            while not answers: time.sleep(0.01)
            # And while another capture is under way.
            threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1)).start()
            answers.append(attempt(PATH, mode="fork"))
            while len(answers) < 3: time.sleep(0.01)
            print(json.dumps([answers, left()]))
        """, size=300000)
        self.assertEqual(answers[0], "fork")
        self.assertIn("fork", answers[1:])
        for answer in answers:
            if answer != "fork":
                self.check_sentence(answer, "another capture")
        self.assertFalse([f for f in files if f.endswith(".part")])

    @whichever_python
    def test_children_that_exec(self):
        """What the program starts inherits neither the output nor the listener."""
        fds = self.attempts("""
            import subprocess
            heapsnap.listen()
            def start(held):
                while not os.path.exists(PATH + ".part"): time.sleep(0.001)
                held.append(subprocess.run(["ls", "-l", "/proc/self/fd"], close_fds=False,
                                           stdout=subprocess.PIPE).stdout.decode())
            held = []
            thread = threading.Thread(target=start, args=(held,)); thread.start()
            mode = heapsnap.dump(PATH, mode="fork").mode
            thread.join()
            print(json.dumps(held[0]))
        """, size=300000)
        self.assertNotIn("out.snap", fds)
        self.assertNotIn("socket:", fds)


class Stacks(FaultCase):
    SCRIPT = """
        import logging, tracemalloc
        lines = []
        class Keep(logging.Handler):
            def emit(self, record): lines.append(record.getMessage())
        logging.getLogger("heapsnap").addHandler(Keep())
        before = heapsnap.plan("inline")
        results = [heapsnap.dump(PATH, mode="fork").sites]
        tracemalloc.start()
        data = [{"k": [i]} for i in range(100000)]
        traced = heapsnap.plan("inline")
        real = heapsnap.dump(PATH, mode="inline")
        fork = heapsnap.dump(PATH, mode="fork")
        results += [real.sites, fork.sites]
        print(json.dumps([results, fork.why, lines, before.pause / before.objects,
                          traced.pause / traced.objects, traced.pause, real.pause]))
    """

    def test_what_is_left_out_is_told(self):
        results, why, lines, before, traced, expected, real = self.attempts(self.SCRIPT)
        silent = sys.version_info >= (3, 12)
        self.assertEqual(results, [None, True, silent])
        self.assertEqual("left out" in why, not silent)
        warned = [l for l in lines if "stacks" in l]
        self.assertEqual(len(warned), 0 if silent else 1)
        # Looking up stacks takes most of such a capture: the plan knows.
        self.assertGreater(traced, 1.5 * before)
        self.assertLess(expected / real, 20)


@whichever_python
class Verified(AgentCase):
    @unittest.skipUnless(SNAPINFO, "snapinfo is not built")
    def test_without_a_note(self):
        """Instances of subclasses of containers among them, which hold more than their items."""
        self.run_python("""
            import collections, heapsnap
            class Items(list): pass
            class Fixed(tuple): pass
            class Words(dict): pass
            Pair = collections.namedtuple("Pair", "a b")
            items, fixed, words = Items([[], {}] * 2000), Fixed([1, 2, 3]), Words(a=1)
            items.more = fixed.more = words.more = [Pair([], {}) for i in range(5000)]
            holes = [None] * 100000
            heapsnap.dump(PATH, mode="inline")
        """)
        path = os.path.join(self.folder, "out.snap")
        done = subprocess.run([SNAPINFO, "--verify", "--json", path], stdout=subprocess.PIPE)
        self.assertEqual(done.returncode, 0)
        text = done.stdout.decode()
        self.assertNotIn('"note"', text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
