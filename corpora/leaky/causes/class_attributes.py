# SPDX-License-Identifier: MIT
"""A dict in the body of a class is shared by all of its instances, and lives as long as the class."""

EXPECT = "class_attributes.Handler.seen"


class Handler:
    seen = {}

    def handle(self, number):
        self.seen[number, id(self)] = "answer %d" % number * 20


class Fixed:
    def __init__(self):
        self.seen = {}

    handle = Handler.handle


handlers = []


def leak(n):
    handler = Handler()
    handlers.append(handler)
    for number in range(n):
        handler.handle(number)


def fixed(n):
    handler = Fixed()
    for number in range(n):
        handler.handle(number)
