# SPDX-License-Identifier: MIT
"""What is added when a session begins is not taken out when it ends."""

EXPECT = "growing_owners.service.sessions"


class Session:
    def __init__(self, number):
        self.number = number
        self.basket = ["thing %d of %d" % (k, number) for k in range(5)]


class Service:
    def __init__(self):
        self.sessions = {}
        self.count = 0

    def visit(self):
        self.count += 1
        self.sessions[self.count] = Session(self.count)
        return self.count


service = Service()


def leak(n):
    for _ in range(n):
        service.visit()


def fixed(n):
    for _ in range(n):
        del service.sessions[service.visit()]
