"""SIGKILL of the process that writes, at many points: the file says that it is incomplete, and
every chunk that was whole is recovered."""

import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
import unittest

import ask_support
import heap_support
from heap_support import HeapCase, tool

HEADER_SIZE, CHUNK_HEADER_SIZE = 48, 64
TRAILER_END = b"\x1a\x0a\x0dPANS\x89"
WRITER = ("import heapsnap, sys\n"
          "class Node:\n"
          "    def __init__(self, n): self.number, self.name = n, 'node %d' % n\n"
          "nodes = [Node(n) for n in range(200000)]\n"
          "print('ready', flush=True)\n"
          "sys.stdin.readline()\n"
          "heapsnap.dump(sys.argv[1], mode=sys.argv[2])\n"
          "print('written', flush=True)\n")


def whole_chunks(path):
    """The chunks that lie whole in a file, counted by their headers alone."""
    size, at, n = os.path.getsize(path), HEADER_SIZE, 0
    with open(path, "rb") as file:
        while at + CHUNK_HEADER_SIZE <= size:
            file.seek(at)
            header = file.read(CHUNK_HEADER_SIZE)
            if header[:4] != b"\xC5chk":
                break
            at += CHUNK_HEADER_SIZE + struct.unpack_from("<I", header, 8)[0]
            n += at <= size
    return n


def has_trailer(path):
    """Whether the last byte was written: what is left to do then is the renaming."""
    with open(path, "rb") as file:
        return file.read().endswith(TRAILER_END)


class Kill(HeapCase):
    def check_incomplete(self, part):
        """A file that was cut off anywhere: told as such, and recovered as far as it goes."""
        n = whole_chunks(part)
        if os.path.getsize(part) < HEADER_SIZE:
            return 0
        facts = json.loads(tool("snapinfo", "--json", "--chunks", part))
        facts = facts["files"][0] if "files" in facts else facts
        self.assertFalse(facts["complete"])
        tool("snapinfo", "--verify", part, expect=2)
        if n == 0:
            return 0
        recovered = part + ".recovered"
        tool("snapinfo", "--recover", recovered, part)
        tool("snapinfo", "--verify", recovered)
        # A new index and new totals take the place of what was cut off.
        self.assertGreaterEqual(whole_chunks(recovered), n)
        os.unlink(recovered)
        return n

    def run_killed(self, name, mode, limit):
        """Kill the writer when the file has grown to `limit` bytes; whether it was in time."""
        path = self.path(name)
        child = subprocess.Popen([sys.executable, "-c", WRITER, path, mode],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 start_new_session=True)
        self.addCleanup(self.end, child)
        child.stdout.readline()
        child.stdin.write(b"\n")
        child.stdin.flush()
        while child.poll() is None:
            try:
                if os.stat(path + ".part").st_size >= limit:
                    break
            except FileNotFoundError:
                if os.path.exists(path):
                    break
        os.killpg(child.pid, signal.SIGKILL)  # with the forked child that writes
        child.wait()
        return not os.path.exists(path) and not has_trailer(path + ".part")

    def test_at_many_points(self):
        whole = self.path("whole.snap")
        child = subprocess.Popen([sys.executable, "-c", WRITER, whole, "inline"],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(self.end, child)
        child.communicate(b"\n", timeout=ask_support.TIMEOUT)
        size, killed, with_chunks = os.path.getsize(whole), 0, 0
        for n in range(16):
            name, mode = "%d.snap" % n, ("inline", "fork")[n % 2]
            if self.run_killed(name, mode, size * n // 18):
                killed += 1
                with_chunks += self.check_incomplete(self.path(name + ".part")) > 0
        self.assertGreater(killed, 8)
        self.assertGreater(with_chunks, 6)

    def test_cut_at_every_chunk(self):
        # What a kill at each write leaves, and a kill in the middle of each.
        whole = self.path("whole.snap")
        subprocess.run([sys.executable, "-c", "import heapsnap, sys; heapsnap.dump(sys.argv[1])",
                        whole], check=True)
        size, at = os.path.getsize(whole), HEADER_SIZE
        chunks = []
        with open(whole, "rb") as file:
            data = file.read()
        while data[at:at + 4] == b"\xC5chk":
            chunks.append(at)
            at += CHUNK_HEADER_SIZE + struct.unpack_from("<I", data, at + 8)[0]
        self.assertGreater(len(chunks), 5)
        for n, start in enumerate(chunks[1:], 1):
            end = chunks[n + 1] if n + 1 < len(chunks) else size
            for cut in {start, (start + end) // 2}:
                part = self.path("cut.snap.part")
                with open(part, "wb") as file:
                    file.write(data[:cut])
                self.assertEqual(self.check_incomplete(part), n)

    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    def test_at_every_write(self):
        path, points = self.path("a.snap"), 0
        source = ("import heapsnap, sys\n"
                  "held = [[n] for n in range(30000)]\n"
                  "heapsnap.dump(sys.argv[1], mode='inline')\n")
        for when in range(1, 200):
            for name in (path, path + ".part"):
                if os.path.exists(name):
                    os.unlink(name)
            done = subprocess.run(
                ["strace", "-qq", "-o", os.devnull, "-P", path + ".part", "-e",
                 "trace=write,writev,pwrite64", "-e",
                 "inject=write,writev,pwrite64:signal=KILL:when=%d" % when,
                 sys.executable, "-c", source, path], stderr=subprocess.PIPE)
            if b"ptrace" in done.stderr or b"PTRACE" in done.stderr:
                self.skipTest("strace may not trace here")
            if os.path.exists(path):
                break
            self.check_incomplete(path + ".part")
            points += 1
        self.assertGreater(points, 3)
        self.check_capture(path)


if __name__ == "__main__":
    heap_support.main()
