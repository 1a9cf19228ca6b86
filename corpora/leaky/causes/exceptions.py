# SPDX-License-Identifier: MIT
"""Exceptions that are kept keep the frames that they passed through, with all local variables."""

EXPECT = "exceptions.Failed"
failures = []


class Failed(Exception):
    pass


def work(number):
    rows = ["row %d of %d" % (i, number) for i in range(20)]
    raise Failed(len(rows))


def leak(n):
    for number in range(n):
        try:
            work(number)
        except Failed as error:
            failures.append(error)


def fixed(n):
    for number in range(n):
        try:
            work(number)
        except Failed as error:
            failures.append(str(error))
