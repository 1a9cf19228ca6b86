# SPDX-License-Identifier: MIT
"""Generators are begun and never finished."""

cursors = []


def pages(n):
    buffer = ["line %d" % i for i in range(n % 7 + 20)]
    for line in buffer:
        yield line


def work(n):
    cursor = pages(n)
    next(cursor)
    cursors.append(cursor)

VERDICT = "managed-leak"
OWNER = "suspended_generators.cursors"
FINDING = "growing-owners", "generator"
