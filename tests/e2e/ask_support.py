"""Helpers of the ask_*.py tests: child processes that listen, and a client that misbehaves.

The tests run under the Python that they test; `heapsnap` is on its path. Every child is killed at
the end of its test, so that nothing outlives a failure.
"""

import array
import errno
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from heapsnap import _ask

#: Slow machines: how many times as long as usual anything may take.
PATIENCE = int(os.environ.get("SNAP_TEST_PATIENCE", "1"))
TIMEOUT = 60 * PATIENCE
#: Exit status by which CTest knows that a test was skipped.
SKIPPED = 77
#: The tool that checks a capture from the first byte to the last, where it was built.
SNAPINFO = os.environ.get("SNAPINFO")
#: With a stand-in for the walker, files are not captures.
IS_STAND_IN = bool(os.environ.get("HEAPSNAP_STAND_IN"))


VALIDATE = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "cli", "validate.py")


def wait_until(condition, what, timeout=TIMEOUT):
    """Poll until `condition()` is true; its value."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("waited in vain for " + what)
        time.sleep(0.01)


class AskCase(unittest.TestCase):
    """A test with a scratch directory and children that end with it."""

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="heapsnap-ask-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        return path

    def read(self, name):
        with open(self.path(name)) as file:
            return file.read()

    def start(self, source, *flags, **options):
        """A child that runs `source` and has printed "ready"; more of its output by its stdout."""
        child = subprocess.Popen([sys.executable, *flags, "-c", source], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, universal_newlines=True, **options)
        self.addCleanup(self.end, child)
        self.assertEqual(child.stdout.readline().strip(), "ready")
        return child

    @staticmethod
    def end(child):
        if child.poll() is None:
            child.kill()
        child.wait()
        child.stdin.close()
        child.stdout.close()

    def finish(self, child, expect=0):
        """Let a child that waits for a line on stdin go on, and end; the rest of its output."""
        output, _ = child.communicate("\n", timeout=TIMEOUT)
        self.assertEqual(child.returncode, expect, output)
        return output

    def heapsnap(self, *arguments, **options):
        """Run the command; (exit status, stdout, stderr)."""
        done = subprocess.run([sys.executable, "-m", "heapsnap", *arguments], timeout=TIMEOUT,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              universal_newlines=True, **options)
        return done.returncode, done.stdout, done.stderr

    def document(self, text):
        """A JSON document that keeps to format/feed.schema.json."""
        done = subprocess.run([sys.executable, VALIDATE], input=text, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, universal_newlines=True)
        self.assertEqual(done.returncode, 0, done.stdout + text)
        return json.loads(text)

    def ask(self, pid, name="a.snap", *more, expect=0):
        """Ask, expect the exit status, check the file; the JSON answer or the error message."""
        path = self.path(name)
        status, out, err = self.heapsnap("ask", str(pid), "-o", path, "--json", *more)
        self.assertEqual(status, expect, err)
        if status != 0:
            return err
        self.assertFalse(os.path.exists(path + ".part"))
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        self.check_capture(path)
        return self.document(out)

    def check_capture(self, path):
        with open(path, "rb") as file:
            self.assertEqual(file.read(5), b"\x89SNAP")
        if IS_STAND_IN:
            return
        with open(path, "rb") as file:
            file.seek(-8, os.SEEK_END)
            self.assertEqual(file.read(), b"\x89SNAP\r\n\x1a"[::-1])
        if SNAPINFO:
            done = subprocess.run([SNAPINFO, "--verify", path], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, universal_newlines=True)
            self.assertEqual(done.returncode, 0, done.stdout)


def listeners_of(pid):
    return [l for l in _ask.find_listeners() if l.pid == pid]


def listener_of(pid):
    """The one listener of a process, waited for."""
    return wait_until(lambda: listeners_of(pid), "a listener of process %d" % pid)[0]


def connect(listener, kind=socket.SOCK_SEQPACKET):
    """A bare connection, without the manners of the real client."""
    client = socket.socket(socket.AF_UNIX, kind | socket.SOCK_CLOEXEC)
    client.settimeout(TIMEOUT)
    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            client.connect("\0" + listener.name)
            return client
        except OSError as error:
            # A full queue of connections makes a socket with a time limit say "again".
            if error.errno != errno.EAGAIN or time.monotonic() > deadline:
                client.close()
                raise
        time.sleep(0.001)


def send(client, packet, fds=()):
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    client.sendmsg([packet], rights)


def replies(client):
    """All packets until the other side closes."""
    packets = []
    while True:
        try:
            packet = client.recv(65536)
        except ConnectionResetError:
            return packets
        if not packet:
            return packets
        packets.append(json.loads(packet.decode("utf-8")))


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


class Result(unittest.TextTestResult):
    """Counts what passed: some versions count a skipped test as run."""
    passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1


def main(only=None):
    """Run the tests; the status says "skipped" when none of them ran."""
    runner = unittest.TextTestRunner(verbosity=2, resultclass=Result)
    result = unittest.main(testRunner=runner, exit=False, defaultTest=only).result
    if not result.wasSuccessful():
        raise SystemExit(1)
    if not result.passed:
        raise SystemExit(SKIPPED)
