# SPDX-License-Identifier: MIT
"""A cache that is full before the first capture, and stays full."""

import collections

cache = collections.OrderedDict()


def work(n):
    for i in range(5):
        cache["key %d" % (n * 5 + i)] = "value %d" % n * 10
        if len(cache) > 500:
            cache.popitem(last=False)

VERDICT = "no-growth"
