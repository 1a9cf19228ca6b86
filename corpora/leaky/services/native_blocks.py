# SPDX-License-Identifier: MIT
"""A C library hands out memory that nobody frees."""

import ctypes

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.memset.argtypes = ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t


def work(n):
    libc.memset(libc.malloc(30000), 1, 30000)

VERDICT = "native-leak"
OWNER = None
FINDING = "native-growth", ""
