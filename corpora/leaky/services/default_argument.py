# SPDX-License-Identifier: MIT
"""A mutable default argument collects results."""

def collect(item, into=[]):
    into.append(item)
    return into


def work(n):
    collect({"request": n, "text": "value %d" % n})

VERDICT = "managed-leak"
OWNER = "default_argument.collect"
FINDING = "growing-owners", "collect"
