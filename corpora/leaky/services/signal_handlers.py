# SPDX-License-Identifier: MIT
"""Every job installs a handler of a signal that calls the one before it, and none puts that back."""

import signal


def work(n):
    job = {"number": n, "text": "job %d" % n * 5}
    before = signal.getsignal(signal.SIGUSR1)

    def stop(number, frame):
        job.clear()
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGUSR1, stop)


VERDICT = "managed-leak"
OWNER = "<callback signal handlers>"
FINDING = "growing-owners", "signal_handlers.work.<locals>.stop"
