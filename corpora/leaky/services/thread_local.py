# SPDX-License-Identifier: MIT
"""A list in threading.local grows in a worker that lives as long as the service."""

import queue
import threading

jobs, done = queue.Queue(), queue.Queue()
context = threading.local()


def worker():
    context.trail = []
    while True:
        n = jobs.get()
        context.trail.append("handled request %d" % n)
        done.put(n)


threading.Thread(target=worker, daemon=True).start()


def work(n):
    jobs.put(n)
    done.get()

VERDICT = "managed-leak"
OWNER = "thread_local.context"
FINDING = "growing-owners", "trail"
