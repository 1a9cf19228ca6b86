# SPDX-License-Identifier: MIT
"""Exceptions are kept for a report; each keeps the frames that it passed, with their variables."""

errors = []


def parse(payload):
    text = payload.decode() * 3
    raise ValueError("bad payload of %d" % len(text))


def work(n):
    try:
        parse(b"payload %d " % n * 30)
    except ValueError as error:
        errors.append(error)

VERDICT = "managed-leak"
OWNER = "stored_exceptions.errors"
FINDING = "exceptions", "ValueError"
