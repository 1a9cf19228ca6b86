"""The listener on real processes: idle, forking, ending, and under clients that mean harm."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
import unittest.mock

import ask_support
from ask_support import AskCase, connect, listener_of, listeners_of, replies, send, wait_until
from between import whichever_python

LISTEN = "import heapsnap, os, sys, time; heapsnap.listen(); print('ready', flush=True)\n"
WAIT = "sys.stdin.readline()\n"


class Idle(AskCase):
    """A process that sits in C, in every way, still answers."""

    def check(self, source):
        child = self.start(LISTEN + source)
        self.assertGreaterEqual(self.ask(child.pid)["objects"], 1)
        return child

    def test_sleep(self):
        self.check("time.sleep(1000)")

    def test_select(self):
        self.check("import select; select.select([], [], [])")

    def test_lock(self):
        self.check("import threading; l = threading.Lock(); l.acquire(); l.acquire()")

    def test_reading(self):
        self.finish(self.check(WAIT))

    def test_busy_python(self):
        self.check("while True: pass")

    def test_no_writable_directory(self):
        child = self.start(LISTEN + WAIT, cwd="/proc")
        self.ask(child.pid)


@whichever_python
class Names(AskCase):
    def test_name_tells_whose_it_is(self):
        child = self.start(LISTEN + "print(heapsnap.listening(), flush=True)\n" + WAIT)
        name = child.stdout.readline().strip()
        listener = listener_of(child.pid)
        self.assertEqual(listener.name, name)
        with open("/proc/%d/stat" % child.pid) as file:
            self.assertEqual(listener.start, int(file.read().rpartition(")")[2].split()[19]))
        self.assertEqual(listener.namespace, os.stat("/proc/%d/ns/pid" % child.pid).st_ino)

    def test_again_and_stop(self):
        child = self.start(
            "import heapsnap, sys\n"
            "a = heapsnap.listen(); assert heapsnap.listen() == a == heapsnap.listening()\n"
            "heapsnap.stop_listening(); assert heapsnap.listening() is None\n"
            "heapsnap.stop_listening()\n"
            "b = heapsnap.listen(role='second'); assert a != b\n"
            "print('ready', flush=True)\n" + WAIT)
        self.assertEqual(len(listeners_of(child.pid)), 1)
        self.ask(child.pid)
        self.finish(child)

    def test_ask_by_socket_name(self):
        child = self.start(LISTEN + WAIT)
        self.ask(listener_of(child.pid).name)

    def test_off_by_default(self):
        child = self.start("import heapsnap, sys; print('ready', flush=True)\n" + WAIT)
        self.assertEqual(listeners_of(child.pid), [])
        self.assertIn("does not listen", self.ask(child.pid, expect=2))
        with open("/proc/%d/status" % child.pid) as file:
            self.assertIn("Threads:\t1\n", file.read())


class Fork(AskCase):
    """A child closes what it inherited at once, and listens anew under its own name."""

    def check_both(self, source):
        child = self.start(LISTEN + source)
        pid = int(child.stdout.readline())
        self.addCleanup(ask_support.kill, pid)
        mine, own = listener_of(child.pid), listener_of(pid)
        self.assertNotEqual(mine.name, own.name)
        sockets = "ls -l /proc/%d/fd | grep -c socket:" % pid
        # Listening, and a pair to wake it; one more while anybody's `ps` asks.
        wait_until(lambda: subprocess.getoutput(sockets) == "3", "three sockets")
        self.ask(child.pid, "parent.snap")
        self.ask(pid, "child.snap")
        return child, pid

    def test_os_fork(self):
        child, pid = self.check_both("pid = os.fork()\nif pid: print(pid, flush=True)\n" + WAIT)
        status, out, _ = self.heapsnap("ps", "--json")
        rows = {row["pid"]: row for row in self.document(out)["processes"]}
        self.assertEqual(rows[pid]["forked_from"], child.pid)
        self.assertEqual(rows[child.pid]["forked_from"], 0)

    def test_multiprocessing(self):
        self.check_both("import multiprocessing as m\n"
                        "p = m.get_context('fork').Process(target=time.sleep, args=(1000,))\n"
                        "p.daemon = True; p.start(); print(p.pid, flush=True)\n" + WAIT)

    def test_fork_adds_no_thread(self):
        # From 3.12 on, Python warns of os.fork() in a process with several threads.
        child = self.start("import heapsnap, os, sys, warnings\n"
                           "warnings.simplefilter('error')\n"
                           "heapsnap.listen(); print('ready', flush=True)\n"
                           "for i in range(200):\n"
                           "    pid = os.fork()\n"
                           "    if pid == 0: os._exit(0)\n"
                           "    os.waitpid(pid, 0)\n"
                           "print(heapsnap.listening() is not None)\n" + WAIT,
                           stderr=subprocess.PIPE)
        self.assertEqual(child.stdout.readline(), "True\n")
        self.ask(child.pid)
        output, errors = child.communicate("\n", timeout=ask_support.TIMEOUT)
        self.assertEqual((child.returncode, errors), (0, ""))

    def test_fork_from_threads(self):
        child = self.start(LISTEN +
                           "import threading\n"
                           "def work():\n"
                           "    for i in range(25):\n"
                           "        pid = os.fork()\n"
                           "        if pid == 0: os._exit(0 if heapsnap.listening() else 3)\n"
                           "        assert os.waitpid(pid, 0)[1] == 0\n"
                           "ts = [threading.Thread(target=work) for i in range(8)]\n"
                           "[t.start() for t in ts]; [t.join() for t in ts]\n"
                           "print('forked', flush=True)\n" + WAIT)
        while not child.poll() and not self.readable(child.stdout):
            self.heapsnap("ps")
        self.assertEqual(child.stdout.readline(), "forked\n")
        self.ask(child.pid)
        self.finish(child)

    @staticmethod
    def readable(file):
        import select
        return bool(select.select([file], [], [], 0)[0])

    def test_fork_in_c(self):
        # Python does not learn of this one: the child closes, and does not listen.
        child = self.start(LISTEN +
                           "import ctypes\n"
                           "pid = ctypes.PyDLL(None).fork()\n"
                           "if pid == 0:\n"
                           "    last = sorted(os.listdir('/proc/self/fd'))[-1]\n"
                           "    print(heapsnap.listening(), last, flush=True)\n"
                           "    os._exit(0)\n"
                           "os.waitpid(pid, 0)\n" + WAIT)
        name, last = child.stdout.readline().split()
        self.assertEqual(name, "None")
        self.assertLess(int(last), 500)
        self.ask(child.pid)

    def test_exec_inherits_nothing(self):
        child = self.start(LISTEN + "import subprocess\n"
                           "print(max(map(int, subprocess.check_output(['ls', '/proc/self/fd'],\n"
                           "      close_fds=False).split())), flush=True)\n" + WAIT)
        self.assertLess(int(child.stdout.readline()), 500)


class Daemon(AskCase):
    def test_all_descriptors_closed(self):
        # What daemons do. The numbers then come back as files of the program's own.
        child = self.start(LISTEN +
                           "os.closerange(3, 4096)\n"
                           "a, b = os.pipe()\n"
                           "for fd in range(500, 503): os.dup2(b, fd, inheritable=False)\n"
                           "sys.stdin.readline()\n"
                           "heapsnap.stop_listening()\n"
                           "os.write(502, b'mine'); print(os.read(a, 99), flush=True)\n")

        def answers():
            status, _, _ = self.heapsnap("ask", str(child.pid), "-o", self.path("a.snap"))
            return status == 0
        wait_until(answers, "an answer after all descriptors were closed", 30)
        self.ask(child.pid, "b.snap")
        self.assertEqual(self.finish(child), "b'mine'\n")


@whichever_python
class Hostile(AskCase):
    """Whatever a client does, the next one is answered."""

    def setUp(self):
        super().setUp()
        self.child = self.start(LISTEN + WAIT)
        self.listener = listener_of(self.child.pid)

    def tearDown(self):
        self.ask(self.child.pid, "last.snap")
        n = int(subprocess.getoutput("ls /proc/%d/fd | wc -l" % self.child.pid))
        self.finish(self.child)
        self.assertLessEqual(n, 12, "descriptors were left open")

    def error(self, packet, fds=()):
        """The error that a packet is answered with."""
        with connect(self.listener) as client:
            send(client, packet, fds)
            events = replies(client)
        self.assertEqual([event["event"] for event in events], ["error"])
        return events[0]["error"]

    def test_garbage(self):
        for seed in range(300):
            with connect(self.listener) as client:
                send(client, os.urandom(1 + seed * 50))
                for event in replies(client):
                    self.assertEqual(event["event"], "error")

    def test_too_long(self):
        self.assertIn("too long", self.error(b"x" * 100000))
        self.assertIn("too long", self.error(b"heapsnap/1 status\n" + b"y" * 16384))

    def test_unknown(self):
        self.assertIn("version", self.error(b"heapsnap/9 dump\n"))
        self.assertIn("verb", self.error(b"heapsnap/1 shell\n"))
        self.assertIn("option", self.error(b"heapsnap/1 dump\npath /etc/passwd\n"))

    def test_no_descriptor(self):
        self.assertIn("no descriptor", self.error(b"heapsnap/1 dump\n"))

    def test_bad_descriptors(self):
        with open(self.path("file"), "w") as file:
            pass
        request = b"heapsnap/1 dump\n"
        readable = os.open(self.path("file"), os.O_RDONLY)
        by_path = os.open(self.path("file"), os.O_PATH)
        folder = os.open(self.directory, os.O_RDONLY)
        pipe = os.pipe()
        device = os.open("/dev/null", os.O_WRONLY)
        fds = [readable, by_path, folder, pipe[1], device]
        try:
            self.assertIn("not open for writing", self.error(request, [readable]))
            self.assertIn("descriptor", self.error(request, [by_path]))
            for fd in (folder, pipe[1], device):
                self.assertIn("not a regular file", self.error(request, [fd]))
            self.assertIn("more than one", self.error(request, [device, device]))
            self.assertIn("more than one", self.error(b"heapsnap/1 status\n", [device] * 100))
        finally:
            for fd in fds + [pipe[0]]:
                os.close(fd)

    def test_status_with_descriptor(self):
        with connect(self.listener) as client, open(os.devnull) as file:
            send(client, b"heapsnap/1 status\n", [file.fileno()])
            self.assertEqual([e["event"] for e in replies(client)], ["status", "plan"])

    def test_wrong_kind_of_socket(self):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with self.assertRaises(OSError):
                connect(self.listener, kind)

    def test_thousand_silent_connections(self):
        import resource
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 2048)), hard))
        clients = [connect(self.listener) for _ in range(1000)]
        began = time.monotonic()
        self.ask(self.child.pid)
        self.assertLess(time.monotonic() - began, 30 * ask_support.PATIENCE)  # not two seconds each
        for client in clients:
            client.close()

    def test_silent_connection_is_dropped(self):
        with connect(self.listener) as client:
            began = time.monotonic()
            self.assertEqual(replies(client), [])
            self.assertLess(time.monotonic() - began, 30 * ask_support.PATIENCE)

    def test_gone_before_the_answer(self):
        for _ in range(200):
            with connect(self.listener) as client:
                send(client, b"heapsnap/1 status\n")

    def test_killed_while_asking(self):
        for i in range(10):
            asker = subprocess.Popen([sys.executable, "-m", "heapsnap", "ask", "-q",
                                      str(self.child.pid), "-o", self.path("%d.snap" % i)],
                                     stderr=subprocess.DEVNULL)
            time.sleep(0.02 * i)
            asker.kill()
            asker.wait()

    def test_full_disk(self):
        import resource

        def small_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
        child = self.start(LISTEN + WAIT, preexec_fn=small_files)
        message = self.ask(child.pid, "full.snap", expect=2)
        self.assertRegex(message, "(?i)could not be written|too large")
        self.assertFalse(os.path.exists(self.path("full.snap")))

    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
    def test_another_user(self):
        script = ("import os, sys, socket; os.setgid(65534); os.setuid(65534)\n"
                  "s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
                  "s.connect('\\0' + sys.argv[1])\n"
                  "try:\n"
                  "    s.send(b'heapsnap/1 status\\n'); got = s.recv(99)\n"
                  "except OSError: got = b''\n"
                  "print(got)\n")
        out = subprocess.check_output([sys.executable, "-c", script, self.listener.name])
        self.assertEqual(out.decode().strip(), "b''")

    def test_many_at_once(self):
        def work(i):
            results.append(self.heapsnap("ask", str(self.child.pid), "-q", "-o",
                                         self.path("many%d.snap" % i))[0])
        results = []
        threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # One at a time; who came during a forked capture was told so.
        self.assertIn(0, results)
        self.assertTrue(set(results) <= {0, 2}, results)


@whichever_python
@unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
class Users(AskCase):
    """Who may ask: the same user and root; nobody else gets a word."""

    def test_root_asks_another_user(self):
        child = self.start("import heapsnap, os, sys\nos.setgid(65534); os.setuid(65534)\n"
                           "heapsnap.listen(); print('ready', flush=True)\n" + WAIT)
        self.ask(child.pid)
        self.assertEqual(os.stat(self.path("a.snap")).st_uid, 0)
        self.finish(child)

    def test_privileges_dropped_after_listening(self):
        # The socket was made by root; the process that answers is the user by now.
        child = self.start(LISTEN + "os.setgid(65534); os.setuid(65534)\n"
                           "print('dropped', flush=True)\n" + WAIT)
        child.stdout.readline()
        self.ask(child.pid)
        self.assertEqual(self.as_nobody(child.pid), "done")

    def test_effective_user_counts(self):
        # Whoever acts for another user for a while belongs to that user meanwhile.
        child = self.start(LISTEN + "os.setegid(65534); os.seteuid(65534)\n"
                           "print('changed', flush=True)\n" + WAIT)
        child.stdout.readline()
        self.assertEqual(self.as_nobody(child.pid), "done")

    def test_nothing_is_sent_to_a_third_user(self):
        # Whoever listens gets the descriptor with the request: it must not leave before the look.
        child = self.start("import heapsnap, os, sys\nos.setgid(65533); os.setuid(65533)\n"
                           "heapsnap.listen(); print('ready', flush=True)\n" + WAIT)
        sent = unittest.mock.patch.object(ask_support._ask.Conversation, "send",
                                          side_effect=AssertionError("a request was sent"))
        with sent:
            self.assertEqual(self.as_nobody(child.pid),
                             "it belongs to user 65533: ask as that user or as root")
        self.finish(child)

    def as_nobody(self, pid):
        """What becomes of a request of user 65534."""
        os.chmod(self.directory, 0o777)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.setgid(65534)
                os.setuid(65534)
                fd = os.open(self.path("nobody.snap"), os.O_WRONLY | os.O_CREAT, 0o600)
                ask_support._ask.ask(pid, fd)
                os.write(write, b"done")
            except BaseException as error:
                os.write(write, str(error).encode())
            os._exit(0)
        os.close(write)
        os.waitpid(child, 0)
        with os.fdopen(read) as file:
            return file.read()

    def test_another_user_asks_root(self):
        child = self.start(LISTEN + WAIT)
        self.assertIn("belongs to user 0", self.as_nobody(child.pid))
        self.assertEqual(os.path.getsize(self.path("nobody.snap")), 0)
        self.ask(child.pid)


UNSHARE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]


def namespaces_can_be_made():
    return (os.geteuid() == 0 and shutil.which("unshare") is not None
            and subprocess.run(UNSHARE + ["true"], stderr=subprocess.DEVNULL).returncode == 0)


@whichever_python
@unittest.skipUnless(namespaces_can_be_made(), "no namespaces can be made here")
class Namespaces(AskCase):
    """Containers of one pod share the names of sockets, but not the numbers of processes."""

    def test_ask_into_another_namespace(self):
        child = subprocess.Popen(UNSHARE + [sys.executable, "-c", LISTEN + WAIT],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 universal_newlines=True)
        self.addCleanup(self.end, child)
        self.assertEqual(child.stdout.readline().strip(), "ready")
        pid = int(self.read("/proc/%d/task/%d/children" % (child.pid, child.pid)))
        _, out, _ = self.heapsnap("ps", "--json")
        row = [p for p in self.document(out)["processes"] if p["pid"] == pid][0]
        self.assertEqual(row["pid_in_namespace"], 1)
        self.assertNotEqual(row["namespace"], os.stat("/proc/self/ns/pid").st_ino)
        self.ask(pid, "by-pid.snap")
        self.ask(row["socket"], "by-name.snap")

    def test_ask_out_of_a_namespace(self):
        child = self.start(LISTEN + WAIT)
        path = self.path("a.snap")
        done = subprocess.run(UNSHARE + [sys.executable, "-m", "heapsnap", "ask", "-o", path,
                                         listener_of(child.pid).name])
        self.assertEqual(done.returncode, 0)
        self.check_capture(path)


@whichever_python
class Impostor(AskCase):
    def test_name_of_another_process(self):
        # A socket under the name of a process that did not make it: nothing is handed over.
        other = subprocess.Popen(["sleep", "1000"], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE)
        self.addCleanup(self.end, other)
        name = "heapsnap/1/%d/%d/1/%s" % (os.stat("/proc/self/ns/pid").st_ino, other.pid, "0" * 16)
        server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        server.bind("\0" + name)
        server.listen(4)
        with server:
            message = self.ask(other.pid, expect=2)
        self.assertIn("belongs to process %d" % os.getpid(), message)
        self.assertEqual(os.listdir(self.directory), [])

    def test_nonsense_answers(self):
        answers = [b"[]", b"{}", b"\xff", b'{"event":1}', b'{"event":"done"}' * 1000, b"{" * 8000]
        pid = os.fork()
        if pid == 0:
            with open("/proc/self/stat") as file:
                start = file.read().rpartition(")")[2].split()[19]
            name = "heapsnap/1/%d/%d/%s/%s" % (os.stat("/proc/self/ns/pid").st_ino, os.getpid(),
                                               start, "0" * 16)
            server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            server.bind("\0" + name)
            server.listen(4)
            for i in range(1000):
                client, _ = server.accept()
                client.recv(100000)
                client.send(answers[i % len(answers)])
                client.close()
            os._exit(0)
        self.addCleanup(os.waitpid, pid, 0)
        self.addCleanup(ask_support.kill, pid)
        listener_of(pid)
        for _ in answers:
            self.ask(pid, expect=2)
            status, out, _ = self.heapsnap("ps", "--json")
            self.assertEqual(status, 0)
            self.assertTrue([p for p in self.document(out)["processes"] if p["pid"] == pid])


class End(AskCase):
    """The process ends as it would have without a listener."""

    def test_exit_status_and_speed(self):
        for body, expect in (("", 0), ("raise SystemExit(7)", 7), ("1/0", 1),
                             ("os._exit(5)", 5), ("os.abort()", -signal.SIGABRT)):
            child = self.start(LISTEN + body, stderr=subprocess.DEVNULL)
            began = time.monotonic()
            self.assertEqual(child.wait(ask_support.TIMEOUT), expect)
            self.assertLess(time.monotonic() - began, 9)  # the listener is waited for for 10

    def test_exit_while_asked(self):
        for i in range(15):
            child = self.start(LISTEN + "l = [[] for i in range(200000)]\n" + WAIT)
            asker = subprocess.Popen([sys.executable, "-m", "heapsnap", "ask", str(child.pid), "-q",
                                      "-o", self.path("%d.snap" % i)], stderr=subprocess.PIPE)
            time.sleep(0.03 * i)
            self.finish(child)
            asker.communicate(timeout=ask_support.TIMEOUT)
            self.assertIn(asker.returncode, (0, 2))
            if asker.returncode == 0:
                self.check_capture(self.path("%d.snap" % i))
            else:
                self.assertFalse(os.path.exists(self.path("%d.snap" % i)))

    def test_exit_with_daemon_threads(self):
        self.finish(self.start(LISTEN + "import threading\n"
                               "def work():\n"
                               "    while True: time.sleep(0)\n"
                               "for i in range(20):\n"
                               "    threading.Thread(target=work, daemon=True).start()\n" + WAIT))

    def test_waiting_for_threads_still_answers(self):
        # The main thread is over; the interpreter waits for a thread that does not end.
        child = self.start("import heapsnap, threading, time; heapsnap.listen()\n"
                           "threading.Timer(1000, print).start(); print('ready', flush=True)")
        self.ask(child.pid)

    def test_fork_then_exit(self):
        child = self.start(LISTEN + "pid = os.fork()\n"
                           "if pid: sys.exit(os.waitpid(pid, 0)[1])\n")
        self.assertEqual(child.wait(ask_support.TIMEOUT), 0)


class Signals(AskCase):
    def test_capture_by_signal(self):
        child = self.start("import heapsnap, sys, time\n"
                           "heapsnap.listen(signal='USR2', directory=%r)\n"
                           "print('ready', flush=True); time.sleep(1000)" % self.directory,
                           stderr=subprocess.PIPE)
        for n in (1, 2):
            os.kill(child.pid, signal.SIGUSR2)
            path = self.path("heapsnap-%d-%d.snap" % (child.pid, n))
            wait_until(lambda: os.path.exists(path), "the capture")
            self.check_capture(path)
            self.assertIn(path, child.stderr.readline())
        child.stderr.close()

    def test_name_taken_during_a_capture(self):
        """A file that appears at the capture's name stays; the capture takes the next number."""
        child = self.start("import heapsnap, sys, time\n"
                           "kept = [[i] for i in range(1000000)]\n"
                           "heapsnap.listen(signal='USR2', directory=%r)\n"
                           "print('ready', flush=True); time.sleep(1000)" % self.directory,
                           stderr=subprocess.PIPE)
        first, second = (self.path("heapsnap-%d-%d.snap" % (child.pid, n)) for n in (1, 2))
        os.kill(child.pid, signal.SIGUSR2)
        wait_until(lambda: os.path.exists(first + ".part"), "the capture's beginning")
        with open(first, "x") as file:
            file.write("mine")
        self.assertIn(second, child.stderr.readline())
        with open(first) as file:
            self.assertEqual(file.read(), "mine")
        self.check_capture(second)
        self.assertFalse(os.path.exists(first + ".part"))
        child.stderr.close()

    def test_no_signal_by_default(self):
        child = self.start(LISTEN + WAIT)
        with open("/proc/%d/status" % child.pid) as file:
            caught = int(re.search(r"SigCgt:\s*(\w+)", file.read()).group(1), 16)
        for number in [signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP]:
            self.assertFalse(caught >> (number - 1) & 1)

    def test_handled_signal_is_refused(self):
        child = self.start("import heapsnap, signal, sys, faulthandler\n"
                           "def refused(s):\n"
                           "    try: heapsnap.listen(signal=s)\n"
                           "    except ValueError as e: print(e)\n"
                           "    assert heapsnap.listening() is None\n"
                           "signal.signal(signal.SIGUSR1, lambda *a: None)\n"
                           "faulthandler.register(signal.SIGUSR2)\n"
                           "signal.signal(signal.SIGRTMIN, signal.SIG_IGN)\n"
                           "print('ready', flush=True)\n" + WAIT +
                           "for s in ('USR1', signal.SIGUSR2, 'SIGRTMIN'): refused(s)\n"
                           "for s in ('TERM', 'SEGV', 'CHLD', 'NONE', 9): refused(s)\n")
        lines = self.finish(child).splitlines()
        self.assertEqual(len(lines), 8)
        self.assertTrue(all("handled already" in line for line in lines[:3]), lines)
        self.assertFalse(any("handled already" in line for line in lines[3:]), lines)

    def test_signal_is_given_back(self):
        child = self.start("import heapsnap, os, signal\n"
                           "heapsnap.listen(signal='USR1'); heapsnap.stop_listening()\n"
                           "print('ready', flush=True); os.kill(os.getpid(), signal.SIGUSR1)\n")
        self.assertEqual(child.wait(ask_support.TIMEOUT), -signal.SIGUSR1)


if __name__ == "__main__":
    ask_support.main()
