# SPDX-License-Identifier: MIT
"""Requests come and go; each builds much and keeps nothing."""

import json


class Request:
    def __init__(self, n):
        self.body = json.dumps({"n": n, "list": list(range(50)), "text": "x" * 100})


def work(n):
    for i in range(10):
        json.loads(Request(n + i).body)

VERDICT = "no-growth"
