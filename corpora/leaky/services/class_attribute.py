# SPDX-License-Identifier: MIT
"""A mutable default of a class is shared by all instances."""

class Handler:
    seen = []

    def __init__(self, n):
        self.seen.append("request %d" % n * 10)


def work(n):
    Handler(n)

VERDICT = "managed-leak"
OWNER = "class_attribute.Handler.seen"
FINDING = "growing-owners", "Handler.seen"
