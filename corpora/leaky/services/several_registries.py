# SPDX-License-Identifier: MIT
"""Four leaks of one size: none of them is most of what the process grows by."""

seen_users, seen_hosts, seen_pages, seen_agents = [], [], [], []


def work(n):
    for number, seen in enumerate((seen_users, seen_hosts, seen_pages, seen_agents)):
        seen.append("%d: something that the request %d said" % (number, n))


LEAKS = 4
VERDICT = "managed-leak"
OWNER = "several_registries.seen_"
FINDING = "growing-owners", "several_registries.seen_"
