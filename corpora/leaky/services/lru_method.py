# SPDX-License-Identifier: MIT
"""functools.lru_cache on a method keeps every instance for ever."""

import functools


class Report:
    def __init__(self, n):
        self.rows = ["row %d of %d" % (i, n) for i in range(10)]

    @functools.lru_cache(maxsize=None)
    def total(self):
        return len(self.rows)


def work(n):
    Report(n).total()

VERDICT = "managed-leak"
OWNER = "lru_method.Report.total"
FINDING = "unbounded-caches", "total"
