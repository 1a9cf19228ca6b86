# SPDX-License-Identifier: MIT
"""What snapexport costs, by format: CPU seconds, peak resident MiB, bytes written.

    bench_export.py TOOLS DATABASE WORK [FORMAT...]

TOOLS: the folder of the commands. DATABASE: a heap database of snapload's. WORK: a folder for the output,
which is removed again.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import measure

TOOLS, DATABASE, WORK = (os.path.abspath(x) for x in sys.argv[1:4])
FORMATS = sys.argv[4:] or ["heapsnapshot", "csv", "ndjson", "json", "pprof", "speedscope", "folded",
                           "dot", "openmetrics"]


def main():
    os.makedirs(WORK, exist_ok=True)
    out = os.path.join(WORK, "export.out")
    for name in FORMATS:
        r = measure.run([os.path.join(TOOLS, "snapexport"), "-q", "-f", "--format", name, "-o", out,
                         DATABASE])
        if r.status:
            sys.exit("%s: status %d" % (name, r.status))
        print("%-13s %7.2f CPU s  %6.1f MiB  %11d bytes" % (name, r.cpu, r.peak, os.path.getsize(out)),
              flush=True)
        os.unlink(out)


if __name__ == "__main__":
    main()
