# SPDX-License-Identifier: MIT
"""What a process takes: CPU time, elapsed time, largest resident set; and tables of it."""
import collections
import os
import subprocess
import time

Run = collections.namedtuple("Run", "cpu wall peak status")


def run(command, cwd=None, env=None, output=subprocess.DEVNULL):
    """A command's own figures: CPU and elapsed seconds, MiB (below some 14 MiB this process shows through,
    from which it was made). Its output goes nowhere."""
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=output,
                               stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = status
    return Run(used.ru_utime + used.ru_stime, time.monotonic() - began, used.ru_maxrss / 1024, status)


def best(command, times=3, **options):
    """The run with least CPU time of several."""
    return min((run(command, **options) for _ in range(times)), key=lambda r: r.cpu)


class Table:
    """Rows as they come; the ratio is to the first row of a section."""

    def __init__(self):
        self.first = None

    def section(self, title):
        self.first = None
        print(f"\n{title}\n{'':46} {'CPU s':>8} {'wall s':>8} {'MiB':>8} {'ratio':>7}", flush=True)

    def row(self, name, r, note=""):
        if r.status:
            note = f"status {r.status} {note}"
        if self.first is None:
            self.first = r.cpu
        print(f"  {name:44} {r.cpu:8.2f} {r.wall:8.2f} {r.peak:8.0f} {r.cpu / max(self.first, 1e-9):7.2f}"
              f"  {note}".rstrip(), flush=True)
        return r

    def lacks(self, name, why):
        print(f"  {name:44} not measured: {why}", flush=True)
