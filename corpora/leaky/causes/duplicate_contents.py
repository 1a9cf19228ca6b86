# SPDX-License-Identifier: MIT
"""A parser makes a new string for every value, and most values are equal."""

import sys

EXPECT = "duplicate_contents.rows["
rows = []


def values(n):
    for number in range(n * 20):
        yield "country of number %d" % (number % 10)


def leak(n):
    rows.extend(values(n))


def fixed(n):
    rows.extend(sys.intern(value) for value in values(n))
