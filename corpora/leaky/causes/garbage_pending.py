# SPDX-License-Identifier: MIT
"""The cyclic collector was switched off, and cycles wait for ever."""

import gc

EXPECT = "the collector is off"


class Node:
    pass


def pairs(n):
    for _ in range(n):
        one, other = Node(), Node()
        one.other, other.other = other, one


def leak(n):
    gc.disable()
    pairs(n)


def fixed(n):
    pairs(n)
    gc.collect()
