# SPDX-License-Identifier: MIT
"""Many instances of a class without __slots__."""

EXPECT = "instance_dicts.Point objects"
points = []


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y


class Slotted:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x = x
        self.y = y


def leak(n):
    points.extend(Point(i, i) for i in range(n * 10))


def fixed(n):
    points.extend(Slotted(i, i) for i in range(n * 10))
