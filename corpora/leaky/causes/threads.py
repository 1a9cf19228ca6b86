# SPDX-License-Identifier: MIT
"""A worker that waits for work still has the last piece of it in its variables."""

import queue
import threading

EXPECT = "thread worker keeps"
work, done = queue.Queue(), queue.Queue()


def answer(size):
    rows = ["row %d" % number for number in range(size * 20)]
    return len(rows), rows


def keep():
    while True:
        size = work.get()
        length, rows = answer(size)
        done.put(length)


def drop():
    while True:
        size = work.get()
        done.put(answer(size)[0])


def begin(target, n):
    if threading.active_count() == 1:
        threading.Thread(target=target, name="worker", daemon=True).start()
    work.put(n)
    done.get()


def leak(n):
    begin(keep, n)


def fixed(n):
    begin(drop, n)
