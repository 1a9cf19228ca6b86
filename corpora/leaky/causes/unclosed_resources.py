# SPDX-License-Identifier: MIT
"""Sockets that are opened, kept, and never closed."""

import socket

EXPECT = "open sockets"
connections = []


def leak(n):
    for _ in range(n // 50):
        connections.append(socket.socket())


def fixed(n):
    for _ in range(n // 50):
        with socket.socket() as connection:
            connections.append(connection)
