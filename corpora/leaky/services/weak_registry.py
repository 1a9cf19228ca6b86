# SPDX-License-Identifier: MIT
"""Small objects are kept in a set, beside a larger table that finds them by number and holds them weakly."""
import weakref


class Point:
    __slots__ = ("x", "__weakref__")


by_number = weakref.WeakValueDictionary()
kept = set()


def work(n):
    for number in range(4 * n, 4 * n + 4):
        point = Point()
        point.x = number
        by_number[number] = point
        kept.add(point)


VERDICT = "managed-leak"
OWNER = "weak_registry.kept"
FINDING = "growing-owners", "weak_registry.kept"
