# SPDX-License-Identifier: MIT
"""weakref.finalize keeps a callback that refers to the object it waits for."""

import weakref


class Session:
    def __init__(self, n):
        self.data = "session %d " % n * 10
        self.log = weakref.finalize(self, self.closed)  # a bound method: holds the session

    def closed(self):
        pass


def work(n):
    Session(n)

VERDICT = "managed-leak"
OWNER = "weakref.finalize._registry"
FINDING = "growing-owners", "finalize"
