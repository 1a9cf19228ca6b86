#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Captures three different CPython heaps of a million objects each, for bench_edges.

    PYTHONPATH=BUILD/python python3 python_snaps.py FOLDER

Writes FOLDER/{ast,json,service}.snap, each captured in a process of its own by the heapsnap agent:
syntax trees of the standard library, decoded JSON, and sessions with the requests they have seen.
"""
import ast
import glob
import json
import os
import random
import subprocess
import sys
import time


def syntax_trees():
    """Deep, irregular, with many shared constants and names."""
    trees = []
    for path in sorted(glob.glob(os.path.join(os.path.dirname(os.__file__), "*.py")))[:160]:
        try:
            with open(path, encoding="utf-8") as source:
                trees.append(ast.parse(source.read()))
        except (OSError, SyntaxError, UnicodeDecodeError):
            continue
    return trees


def decoded_json():
    """Flat and regular: records with the same keys."""
    rng = random.Random(1)
    return json.loads(json.dumps([
        {"id": i, "name": "user%d" % i, "tags": ["a", "b", str(i % 97)],
         "address": {"city": "c%d" % (i % 1000), "zip": 10000 + i % 5000},
         "score": rng.random(), "time": 1.7e9 + i}
        for i in range(120000)]))


class Request:
    def __init__(self, i, session):
        self.id = i
        self.path = "/p/%d" % i
        self.headers = {"host": "x", "agent": "curl/%d" % (i % 5)}
        self.body = b"x" * (i * 7919 % 200)
        self.session = session


class Session:
    __slots__ = ("user", "requests", "time")

    def __init__(self, user):
        self.user = user
        self.requests = []
        self.time = time.time()


def service():
    """Instances with and without __dict__, lists that grow, references back."""
    rng = random.Random(2)
    sessions = [Session("u%d" % i) for i in range(5000)]
    for i in range(150000):
        session = rng.choice(sessions)
        session.requests.append(Request(i, session))
    return sessions


HEAPS = {"ast": syntax_trees, "json": decoded_json, "service": service}


def capture(name, folder):
    import heapsnap
    heap = HEAPS[name]()
    path = os.path.join(folder, name + ".snap")
    if os.path.exists(path):
        os.unlink(path)
    print(name, heapsnap.dump(path, mode="inline"), len(heap))


def main():
    if len(sys.argv) == 3:
        capture(sys.argv[2], sys.argv[1])
        return 0
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    for name in HEAPS:
        subprocess.run([sys.executable, __file__, sys.argv[1], name], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
