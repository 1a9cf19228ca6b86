# SPDX-License-Identifier: MIT
"""How each command is run on one file, for the scenarios that try all commands (all-*.sh)."""
import os
import shutil
import subprocess

# Slow machines: how many times as long as usual anything may take.
PATIENCE = int(os.environ.get("SNAP_TEST_PATIENCE", "1"))

# {} stands for the file. A command may have several lines.
COMMANDS = {
    "snapinfo": [["{}"], ["--verify", "--types", "--privacy", "--chunks", "{}"]],
    "snapload": [["--force", "-o", "out.db", "{}"]],
    "snapconvert": [["--force", "{}", "out.snap"],
                    ["--force", "--redact=names", "--hash-key=k", "{}", "out.snap"]],
    "snapdiff": [["{}", "good.snap"], ["good.snap", "{}"], ["--matching=signature", "{}", "{}"]],
    "snapsql": [["{}", "SELECT * FROM objects LIMIT 50"], ["{}", "SELECT * FROM path LIMIT 50"],
                ["{}", "SELECT * FROM label"]],
    "snaptop": [["{}"], ["--by", "object", "{}"], ["--garbage", "{}"]],
    "snappath": [["{}", "#2"], ["--type", "*", "{}"]],
    "snapshow": [["{}", "#2"], ["{}", "#5"]],
    "snapleak": [["--min", "1", "--all", "{}"], ["--min", "1", "--sql", "{}", "good.snap"],
                 ["good.snap", "{}"]],
    "snapreport": [["-q", "-f", "-o", "out.html", "{}"],
                   ["-q", "-f", "-o", "out.html", "good.snap", "{}"]],
    "snapexport": [["-q", "-f", "-o", "out." + ending, "{}"]
                   for ending in ("csv", "json", "heapsnapshot", "pb.gz", "dot", "prom")],
}


def lines(name):
    """Every command line that there is for a file, of the commands that were built."""
    for command, variants in COMMANDS.items():
        if shutil.which(command):
            for rest in variants:
                yield [command] + [name if x == "{}" else x for x in rest]


def run(args, seconds=None):
    """Exit status and both streams. A command that hangs is a failure; with `seconds`, its exit
    status is None."""
    try:
        done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, timeout=(seconds or 60) * PATIENCE)
    except subprocess.TimeoutExpired as error:
        if seconds is None:
            raise
        return None, error.stdout or b"", error.stderr or b""
    return done.returncode, done.stdout, done.stderr
