# SPDX-License-Identifier: MIT
"""Bound methods are subscribed to an event and never taken out."""

class Bus:
    def __init__(self):
        self.handlers = []

    def subscribe(self, handler):
        self.handlers.append(handler)


bus = Bus()


class View:
    def __init__(self, n):
        self.model = ["cell %d" % i for i in range(20)]
        bus.subscribe(self.refresh)

    def refresh(self):
        return len(self.model)


def work(n):
    View(n)

VERDICT = "managed-leak"
OWNER = "listeners.bus.handlers"
FINDING = "callback-registries", "1,100 callbacks"
