"""Helpers of the process_*.py tests: captures of real processes, looked at through the tools."""

import json
import os
import sqlite3
import subprocess

import ask_support
from ask_support import AskCase

TOOLS = os.environ.get("SNAP_TOOLS")
INVARIANTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "property",
                          "invariants.sql")


def tool(name, *arguments, expect=0, small_stack=False):
    """Run one of the offline tools; its standard output."""
    command = [os.path.join(TOOLS, name), *arguments]
    if small_stack:
        command = ["sh", "-c", 'ulimit -s 64 && exec "$@"', "sh", *command]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300,
                          universal_newlines=True)
    if done.returncode != expect:
        raise AssertionError("%s: status %d, not %d\n%s" % (" ".join(command), done.returncode,
                                                            expect, done.stderr))
    return done.stdout


class HeapCase(AskCase):
    """A test that loads captures into databases and compares them."""

    def load(self, path, *options, **more):
        """The heap database of a capture, checked against the rules that every one keeps."""
        database = path + ".db"
        tool("snapload", path, "-o", database, "--quiet", *options, **more)
        connection = sqlite3.connect("file:%s?mode=ro" % database, uri=True)
        self.addCleanup(connection.close)
        self.assertEqual(connection.execute("SELECT sum(complete) FROM snapshot").fetchone()[0], 1)
        return connection

    def one(self, connection, sql, *values):
        """The only value of a query's only row."""
        rows = connection.execute(sql, values).fetchall()
        self.assertEqual(len(rows), 1, sql)
        return rows[0][0]

    def count(self, connection, type_name, condition="1"):
        """How many objects of a class there are in the live heap."""
        return self.one(connection,
                        "SELECT count(*) FROM objects o JOIN type t ON t.id = o.type_id "
                        "WHERE t.name = ? AND NOT o.is_garbage AND " + condition, type_name)

    def diff(self, a, b):
        """What snapdiff says, as a dict."""
        return json.loads(tool("snapdiff", "--json", self.path(a), self.path(b)))


def main():
    if not TOOLS:
        print("skipped: the offline tools were not built")
        raise SystemExit(ask_support.SKIPPED)
    only = os.environ.get("HEAPSNAP_ONLY")
    ask_support.main(only.split(",") if only else None)
