# SPDX-License-Identifier: MIT
"""Runs one of the programs here as a service would run, and captures it three times:

    run.py NAME A.snap B.snap C.snap

after WARM units of work, and after two times UNITS more. A program has `work(n)`, one unit; VERDICT, what
snapdiff must say of the three; and, where it leaks, OWNER, which the name of its first line begins with,
and FINDING, a rule of snapleak with words that a finding of it must have; LEAKS, how many it has, where not one.
"""
import importlib
import os
import sys

import heapsnap

WARM, UNITS = 300, 400


def main(name, *paths):
    service = importlib.import_module(name)
    n = 0
    for path, units in zip(paths, (WARM, UNITS, UNITS)):
        for n in range(n, n + units):
            service.work(n)
        n += 1
        # What a collection would find now is not what the program keeps.
        heapsnap.dump(path, mode="inline", gc_collect=service.VERDICT != "collector-off")
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
