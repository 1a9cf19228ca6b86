# SPDX-License-Identifier: MIT
"""Runs causes of leaks and captures the process twice:

    python3 run.py leak|fixed A.snap B.snap NAME...

A NAME is a module beside this file. It has `leak(n)` and `fixed(n)`, which do n pieces of work with and
without the mistake, and EXPECT: words of the finding that the rule of the same name (`_` for `-`) must
make of the first, and must not make of the second.
"""

import importlib
import os
import sys

import heapsnap

WORK = 1000


def main(which, a, b, *names):
    modules = [importlib.import_module(name) for name in names]
    for path in a, b:
        for module in modules:
            getattr(module, which)(WORK)
        heapsnap.dump(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
    os._exit(0)  # tasks, threads and sockets are left as they are
