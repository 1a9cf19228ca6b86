# SPDX-License-Identifier: MIT
"""Every object makes its containers at once, and few ever put something in."""

EXPECT = "empty sets take"
nodes = []


class Node:
    __slots__ = ("tags",)

    def __init__(self, tags):
        self.tags = tags


def leak(n):
    nodes.extend(Node(set()) for _ in range(n * 2))


def fixed(n):
    nodes.extend(Node(None) for _ in range(n * 2))
