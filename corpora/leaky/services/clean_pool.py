# SPDX-License-Identifier: MIT
"""A pool of connections, borrowed and given back."""

import collections


class Connection:
    def __init__(self):
        self.buffer = bytearray(1000)


pool = collections.deque(Connection() for _ in range(20))


def work(n):
    connection = pool.popleft()
    connection.buffer[:] = b"%1000d" % n
    pool.append(connection)

VERDICT = "no-growth"
