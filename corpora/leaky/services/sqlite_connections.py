# SPDX-License-Identifier: MIT
"""Connections are opened for each request, and a registry keeps them open."""

import sqlite3

pool = {}


def work(n):
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (x)")
    pool["request-%d" % n] = connection

VERDICT = "native-leak"
OWNER = "sqlite_connections.pool"
FINDING = "unclosed-resources", "sqlite3.Connection"
