# SPDX-License-Identifier: MIT
"""Files and databases, opened and closed."""

import os
import sqlite3
import tempfile

folder = tempfile.TemporaryDirectory()


def work(n):
    path = os.path.join(folder.name, "file")
    with open(path, "w") as file:
        file.write("line %d\n" % n * 100)
    with open(path) as file:
        file.read()
    database = sqlite3.connect(":memory:")
    database.execute("SELECT ?", (n,)).fetchall()
    database.close()

VERDICT = "no-growth"
