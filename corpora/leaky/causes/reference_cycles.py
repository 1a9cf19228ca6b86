# SPDX-License-Identifier: MIT
"""Children that know their parent: a tree that no count of references ever frees."""

import weakref

EXPECT = "closed by reference_cycles.Node.parent"


class Node:
    def __init__(self, parent):
        self.parent = parent
        self.children = []
        self.text = "text of a node" * 10 + str(id(self))


class WeakNode(Node):
    def __init__(self, parent):
        super().__init__(weakref.ref(parent) if parent else None)


trees = []


def grow(n, kind):
    root = kind(None)
    for _ in range(n):
        root.children.append(kind(root))
    trees.append(root)


def leak(n):
    grow(n, Node)


def fixed(n):
    grow(n, WeakNode)
