# SPDX-License-Identifier: MIT
"""Cycles, with the collector switched off to save time."""

import gc

gc.disable()


class Node:
    def __init__(self, n):
        self.data = "node %d" % n * 20
        self.self = self


def work(n):
    Node(n)

VERDICT = "collector-off"
OWNER = "(garbage)"
FINDING = "garbage-pending", ""
