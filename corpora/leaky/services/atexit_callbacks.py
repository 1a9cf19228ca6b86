# SPDX-License-Identifier: MIT
"""A clean-up is registered with atexit for each request."""

import atexit


def work(n):
    body = bytearray(300)
    atexit.register(body.clear)

VERDICT = "managed-leak"
OWNER = "<callback atexit>"
FINDING = "growing-owners", "builtin_function_or_method"
