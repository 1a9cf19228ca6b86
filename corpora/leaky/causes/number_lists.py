# SPDX-License-Identifier: MIT
"""A list of numbers: each is an object of its own."""

import array

EXPECT = "as an array"
series = []


def leak(n):
    series.append([1000 + number for number in range(n * 20)])


def fixed(n):
    series.append(array.array("q", (1000 + number for number in range(n * 20))))
