# SPDX-License-Identifier: MIT
"""A cache without a bound keeps every argument and every result."""

import functools

EXPECT = "the cache of "


def render(number):
    return "page %d" % number * 50


unbounded = functools.lru_cache(maxsize=None)(render)
bounded = functools.lru_cache(maxsize=100)(render)
seen = 0


def work(n, cache):
    global seen
    for number in range(seen, seen + n):
        cache(number)
    seen += n


def leak(n):
    work(n, unbounded)


def fixed(n):
    work(n, bounded)
