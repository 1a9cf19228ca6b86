# SPDX-License-Identifier: MIT
"""A dict that was once full keeps its room when it has been emptied."""

EXPECT = "more room than a copy would need"
queues = []


def emptied(n):
    queue = {number: None for number in range(n * 20)}
    for number in range(n * 20 - 3):
        del queue[number]
    return queue


def leak(n):
    queues.append(emptied(n))


def fixed(n):
    queues.append(dict(emptied(n)))
