# SPDX-License-Identifier: MIT
"""A registry by tenant and by user, of which nothing is removed."""

import collections

tenants = collections.defaultdict(lambda: collections.defaultdict(list))


def work(n):
    tenants["tenant %d" % (n % 3)]["user %d" % (n % 17)].append({"n": n, "at": float(n)})

VERDICT = "managed-leak"
OWNER = "nested_tenants.tenants"
FINDING = "growing-owners", "tenants"
