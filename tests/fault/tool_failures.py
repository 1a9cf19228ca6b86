#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every call of a command that can fail, failing in turn: allocations, opening, reading, writing,
synchronising, naming files, and so on; once, and from then on; and the process killed at each.

    tool_failures.py --bin FOLDER... [--full | --sample N | --kill N] [--kind KIND]... [--seed N]
                     [NAME...]

A run ends with exit status 0 and the same answer as without the failure, or with 2 and one line on
standard error (warnings aside). Afterwards nothing is half-published: an output is whole or not there,
one that was to be replaced is whole, old or new; no file is left, except that of a process which was
killed, or which could not remove it; what stands in the cache is whole; and the same command, run again
where it stands, gives the right answer.

Without --full at most N (12) calls of each kind are tried in each of the ways: the first ones, and
others by chance. With --kill processes are killed at random times instead, N of each NAME. NAMEs
are those of `LINES` below, all without any. Exit status: 0 all as expected, 1 not, 77 the calls cannot be made to fail here.
"""
import argparse
import collections
import errno
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

ENOSPC, EIO, EINTR = errno.ENOSPC, errno.EIO, errno.EINTR
# How each kind of call fails: the error, and whether once (0), from then on (1).
WAYS = {
    "memory": [(errno.ENOMEM, 0), (errno.ENOMEM, 1)],
    "open": [(errno.EMFILE, 0), (EIO, 1), (EINTR, 0)],
    "read": [(EIO, 0), (EIO, 1), (EINTR, 0), ("short", 0), ("short", 1)],
    "write": [(ENOSPC, 0), (ENOSPC, 1), (EIO, 0), (EINTR, 0), ("short", 0), ("short", 1),
              ("kill", 0)],
    "sync": [(EIO, 0), (EIO, 1), (EINTR, 0), ("kill", 0)],
    "rename": [(EIO, 0), (ENOSPC, 1), ("kill", 0)],
    "close": [(EIO, 0), (EIO, 1), (EINTR, 0)],
    "resize": [(ENOSPC, 0), (EIO, 1)],
    "unlink": [(EIO, 0), (EIO, 1), ("kill", 0)],
    "stat": [(EIO, 0), (EIO, 1)],
    # To SQLite ENOLCK is another process, which it waits for: a minute, where it comes for ever.
    "lock": [(errno.ENOLCK, 0), (EIO, 0), (EIO, 1)],
    "map": [(errno.ENODEV, 0), (errno.ENODEV, 1)],
}
# What a process leaves that could not remove it.
TEMPORARY = re.compile(r"\.[^/]*\.[0-9a-f]{8}\.tmp(-journal)?$|s\.db-journal$|(^|/)snap-\w{6}$")
JOURNAL = re.compile(r"s\.db-journal$")


class Line:
    """A command line: what there is before (copied anew for each run), and what it makes."""

    def __init__(self, args, inputs=(), makes=None, salvages=False):
        self.args, self.inputs, self.makes = args, inputs, makes
        self.salvages = salvages  # what can be read, and tells what cannot


LINES = {
    "load": Line(["snapload", "-q", "-o", "out.db", "two.snap"], makes="out.db"),
    "load-force": Line(["snapload", "-q", "--force", "-o", "out.db", "two.snap"],
                       ["old.db:out.db"], "out.db"),
    "load-several": Line(["snapload", "-q", "-o", "out.db", "small.snap", "two.snap"],
                         makes="out.db"),
    "load-summary": Line(["snapload", "-q", "--summary", "-o", "out.db", "two.snap"],
                         makes="out.db"),
    "diff-files": Line(["snapdiff", "-q", "small.snap", "two.snap"]),
    "diff-no-cache": Line(["snapdiff", "-q", "--no-cache", "two.snap"]),
    "diff-databases": Line(["snapdiff", "small.db", "two.db"]),
    "diff-json": Line(["snapdiff", "--json", "two.db"]),
    "diff-store": Line(["snapdiff", "-q", "-o", "out.db", "two.db"], makes="out.db"),
    "complete": Line(["snapsql", "-q", "s.db", "SELECT * FROM refs"],
                     ["summary.db:s.db", "two.snap:two.snap"]),
    "query": Line(["snapsql", "-q", "two.snap", "SELECT * FROM objects"]),
    "convert": Line(["snapconvert", "-q", "two.snap", "out.snap"], makes="out.snap"),
    "convert-force": Line(["snapconvert", "-q", "--force", "--redact=names", "--hash-key=k",
                           "two.snap", "out.snap"], ["small.snap:out.snap"], "out.snap"),
    "info": Line(["snapinfo", "two.snap"]),
    "verify": Line(["snapinfo", "--verify", "--types", "--privacy", "--chunks", "two.snap"]),
    "recover": Line(["snapinfo", "--recover", "out.snap", "two.snap"], makes="out.snap",
                    salvages=True),
    # More chunks than one index lists.
    "recover-many": Line(["snapinfo", "--recover", "out.snap", "many.snap"], makes="out.snap",
                         salvages=True),
    "top": Line(["snaptop", "two.db"]),
    "path": Line(["snappath", "--type", "*", "two.db"]),
    "show": Line(["snapshow", "two.db", "#5"]),
    "export-csv": Line(["snapexport", "-q", "-o", "out.csv", "two.db"], makes="out.csv"),
    "export-v8": Line(["snapexport", "-q", "-o", "out.heapsnapshot", "two.db"],
                      makes="out.heapsnapshot"),
    "report": Line(["snapreport", "-q", "-o", "out.html", "two.db", "small.db"], makes="out.html"),
}

Result = collections.namedtuple("Result", "status out err count")


def contents(path):
    """What a file says: the rows of a database, the bytes of anything else; None: not there."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        return None
    if data.startswith(b"\x89SNAP"):  # without the file's own number and the sum over it
        return data[:16] + data[32:40] + data[48:]
    if not data.startswith(b"SQLite format 3\0"):
        return data
    copy = tempfile.mkdtemp(prefix="snap-failures-copy.")
    try:
        for end in "", "-journal":  # from which whoever opens it rolls back
            if os.path.exists(path + end):
                shutil.copy(path + end, os.path.join(copy, "a.db" + end))
        return rows(os.path.join(copy, "a.db"))
    finally:
        shutil.rmtree(copy)


def rows(path):
    db = sqlite3.connect(path)
    try:
        if db.execute("PRAGMA quick_check").fetchall() != [("ok",)]:
            return "damaged"
        return [(name, db.execute("SELECT * FROM \"%s\"" % name).fetchall()) for name, in
                db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
    except sqlite3.DatabaseError as error:
        return "damaged: %s" % error
    finally:
        db.close()


class Loop:
    def __init__(self, bins, options):
        self.options, self.problems, self.runs = options, 0, 0
        self.random = random.Random(options.seed)
        path = os.pathsep.join(bins + [os.environ["PATH"]])
        self.preload = shutil.which("failing.so", os.F_OK, path)
        sanitizers = os.environ.get("ASAN_OPTIONS", "")
        self.env = dict(os.environ, PATH=path, LC_ALL="C", TZ="UTC", TERM="dumb",
                        ASAN_OPTIONS=sanitizers + ":verify_asan_link_order=0")
        os.environ["PATH"] = path
        self.folder, self.salvages = None, False

    def problem(self, name, text):
        self.problems += 1
        print("%s: %s" % (name, text[:600]), flush=True)

    # ---- one run ----

    def fresh(self, line, name="run"):
        """An empty folder with what the command needs, and an empty cache beside it."""
        self.folder = os.path.join(self.scratch, name)
        shutil.rmtree(self.folder, ignore_errors=True)
        for part in "work", "cache", "tmp":
            os.makedirs(os.path.join(self.folder, part))
        for word in line.args:
            given = os.path.join(self.scratch, "given", word)
            if os.path.exists(given):
                os.symlink(given, os.path.join(self.folder, "work", word))
        for pair in line.inputs:
            source, target = pair.split(":")
            shutil.copy(os.path.join(self.scratch, "given", source),
                        os.path.join(self.folder, "work", target))

    def run(self, line, kind=None, at=0, error=EIO, on=0):
        self.runs += 1
        count = os.path.join(self.scratch, "count")
        env = dict(self.env, XDG_CACHE_HOME=os.path.join(self.folder, "cache"),
                   TMPDIR=os.path.join(self.folder, "tmp"))
        if kind:
            env.update(LD_PRELOAD=self.preload, FAIL_KIND=kind, FAIL_AT=str(at), FAIL_COUNT=count,
                       FAIL_ERROR=str(error), FAIL_ON=str(on))
        done = subprocess.run(line.args, env=env, cwd=os.path.join(self.folder, "work"),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=300)
        try:
            with open(count) as file:
                n = int(file.read() or 0)
            os.unlink(count)
        except FileNotFoundError:
            n = 0
        out = done.stdout.replace(self.folder.encode(), b"")
        return Result(done.returncode, out, done.stderr.decode("utf-8", "replace"), n)

    def files(self):
        """The files in the folder, without links to what was given."""
        found = set()
        for folder, _, names in os.walk(self.folder):
            found |= {os.path.relpath(os.path.join(folder, x), self.folder) for x in names
                      if not os.path.islink(os.path.join(folder, x))}
        return found

    def outcome(self, line):
        """What the command made, or changed."""
        made = [line.makes] if line.makes else [pair.split(":")[1] for pair in line.inputs]
        return [contents(os.path.join(self.folder, "work", x)) for x in made]

    # ---- what has to hold ----

    def is_part(self, result):
        """Whether it is said that a part only could be saved."""
        return self.salvages and b"\nLost: " in result.out

    def check_status(self, what, result, right, killed):
        if killed and result.status == -signal.SIGKILL:
            return
        lines = [x for x in result.err.splitlines() if not re.search(": (warning|note): ", x)]
        if result.status == 0:
            if result.out != right.out and not self.is_part(result):
                self.problem(what, "another answer: %r" % result.out[:200])
            if lines:
                self.problem(what, "exit status 0, but: %s" % result.err)
        elif result.status != 2 or not lines or len(lines) != len({x.split(": ")[1] for x in lines}):
            # One line, or one each of files that are read side by side.
            self.problem(what, "exit status %d: %s" % (result.status, result.err))

    def check_files(self, what, line, result, may_leave):
        """may_leave: names of files that may be left, or None."""
        now, wanted = self.outcome(line), self.after
        if result.status == 0 and now != wanted and not self.is_part(result):
            self.problem(what, "exit status 0, but not the right output")
        if result.status != 0 and now not in (wanted, self.before):
            self.problem(what, "an output that is neither old nor new (exit status %d)"
                         % result.status)
        for name in self.files() - self.known:
            path = os.path.join(self.folder, name)
            if name.startswith("cache/") and name.endswith(".db"):
                text = contents(path)
                if not isinstance(text, list) or not dict(text).get("snapshot"):
                    self.problem(what, "%s in the cache is not whole" % name)
            elif not (may_leave and may_leave.search(name)):
                self.problem(what, "%s is left (exit status %d)" % (name, result.status))

    def check_again(self, what, line, right):
        """The next run, in what the failed one has left."""
        if line.makes and not line.inputs and self.outcome(line) != self.before:
            os.unlink(os.path.join(self.folder, "work", line.makes))
        again = self.run(line)
        if again.status != 0 or again.out != right.out or self.outcome(line) != self.after:
            self.problem(what, "the next run: exit status %d: %s" % (again.status, again.err))

    def one(self, name, line, kind, at, n, error, on, right):
        what = "%s: %s %d of %d: %s%s" % (name, kind, at, n, error, " from then on" if on else "")
        self.fresh(line)
        try:
            result = self.run(line, kind, at, error, on)
        except subprocess.TimeoutExpired:
            return self.problem(what, "hangs")
        killed = error == "kill"
        self.salvages = line.salvages and kind == "read"
        self.check_status(what, result, right, killed)
        # What cannot be rolled back now is by the next who opens it.
        self.check_files(what, line, result, TEMPORARY if killed or kind == "unlink" else
                         JOURNAL if on else None)
        self.check_again(what, line, right)

    # ---- all ----

    def numbers(self, n):
        if self.options.full:
            return range(1, n + 1)
        few = self.options.sample
        if n <= few:
            return range(1, n + 1)
        first = set(range(1, few // 3 + 1))
        return sorted(first | set(self.random.sample(range(1, n + 1), few - len(first))))

    def line(self, name):
        line, began = LINES[name], os.times()
        self.fresh(line)
        self.before = self.outcome(line)
        right = self.run(line)
        if right.status != 0:
            return self.problem(name, "fails by itself: %s" % right.err)
        self.after, self.known = self.outcome(line), self.files()
        runs = self.runs
        counts = {}
        for kind in self.options.kind or WAYS:
            self.fresh(line)
            counted = self.run(line, kind)
            if counted.out != right.out or counted.status != 0:
                return self.problem(name, "fails when watched: %s" % counted.err)
            counts[kind] = counted.count
            for error, on in WAYS[kind]:
                for at in self.numbers(counted.count):
                    self.one(name, line, kind, at, counted.count, error, on, right)
        now = os.times()
        print("%-14s %5d runs, %5.1f CPU s;  %s" % (
            name, self.runs - runs,
            sum(now[:4]) - sum(began[:4]),
            " ".join("%s %d" % x for x in counts.items() if x[1])), flush=True)

    def kill_at_random(self, name, times):
        """SIGKILL after a random time, within that of a whole run, until so many were killed."""
        line, spans = LINES[name], []
        for _ in range(3):
            self.fresh(line)
            self.before = self.outcome(line)
            start = time.monotonic()
            right = self.run(line)
            spans.append(time.monotonic() - start)
            if right.status != 0:
                return self.problem(name, "fails by itself: %s" % right.err)
        self.after, self.known = self.outcome(line), self.files()
        killed = n = published = 0
        while killed < times and n < 10 * times + 10:
            n += 1
            self.fresh(line)
            env = dict(self.env, XDG_CACHE_HOME=os.path.join(self.folder, "cache"),
                       TMPDIR=os.path.join(self.folder, "tmp"))
            child = subprocess.Popen(line.args, env=env, cwd=os.path.join(self.folder, "work"),
                                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL)
            time.sleep(self.random.uniform(0, min(spans)))
            child.kill()
            status = child.wait()
            if status == -signal.SIGKILL:
                killed += 1
                published += self.outcome(line) == self.after != self.before
            what = "%s: kill %d" % (name, n)
            self.check_files(what, line, Result(status, b"", "", 0), TEMPORARY)
            self.check_again(what, line, right)
        print("%-14s %5d of %d runs killed, %d of them after publishing" %
              (name, killed, n, published), flush=True)
        if killed < times:
            self.problem(name, "too few runs could be killed in time")

    def give(self):
        """The files that commands work on."""
        os.makedirs(os.path.join(self.scratch, "given"))
        for args in (["make_snap", "small", "small.snap"], ["make_snap", "two", "two.snap"],
                     ["gen_snap", "--chunk-rows", "1", "3", "1600", "many.snap"],
                     ["snapload", "-q", "-o", "small.db", "small.snap"],
                     ["snapload", "-q", "-o", "two.db", "two.snap"],
                     ["snapload", "-q", "-o", "old.db", "small.snap"],
                     ["snapload", "-q", "--summary", "-o", "summary.db", "two.snap"]):
            subprocess.run(args, env=self.env, cwd=os.path.join(self.scratch, "given"), check=True)

    def all(self, names):
        with tempfile.TemporaryDirectory(prefix="snap-failures.") as self.scratch:
            self.give()
            for name in names or LINES:
                if self.options.kill:
                    self.kill_at_random(name, self.options.kill)
                else:
                    self.line(name)
        print("%d runs, %d problems" % (self.runs, self.problems))
        return 1 if self.problems else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", action="append", default=[])
    parser.add_argument("--full", action="store_true", help="every call")
    parser.add_argument("--sample", type=int, default=12, help="so many calls of each kind")
    parser.add_argument("--kill", type=int, default=0, metavar="N",
                        help="SIGKILL at N random times instead")
    parser.add_argument("--kind", action="append", choices=list(WAYS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    loop = Loop([os.path.abspath(x) for x in options.bin], options)
    if not loop.preload:
        print("skipped: failing.so is not built")
        return 77
    return loop.all(options.names)


if __name__ == "__main__":
    sys.exit(main())
