# SPDX-License-Identifier: MIT
"""functools.lru_cache with a bound."""

import functools


@functools.lru_cache(maxsize=200)
def look_up(n):
    return ["value %d" % n] * 20


def work(n):
    look_up(n)

VERDICT = "no-growth"
