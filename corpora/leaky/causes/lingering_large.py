# SPDX-License-Identifier: MIT
"""What was read for one answer is still there, since a name that stays refers to it."""

EXPECT = "lingering_large.report.rows"


class Report:
    def __init__(self, n):
        self.rows = [("row %d" % i, {"number": i}) for i in range(n * 3)]

    def total(self):
        return len(self.rows)


report = None


def leak(n):
    global report
    report = Report(n)
    return report.total()


def fixed(n):
    return Report(n).total()
