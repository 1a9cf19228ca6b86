# SPDX-License-Identifier: MIT
"""A global variable keeps what the requests leave in it."""

EXPECT = "globals.finished"
finished = []


class Request:
    def __init__(self, number):
        self.body = "body of request %d" % number * 20


def leak(n):
    for number in range(n):
        finished.append(Request(number))


def fixed(n):
    here = [Request(number) for number in range(n)]
    assert len(here) == n
