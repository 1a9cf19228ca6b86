# SPDX-License-Identifier: MIT
"""A library in C allocates and never frees."""

import ctypes

EXPECT = "allocated, not in the heap"
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
BLOCK = 16000


def leak(n):
    for _ in range(n):
        ctypes.memset(libc.malloc(BLOCK), 1, BLOCK)


def fixed(n):
    for _ in range(n):
        block = libc.malloc(BLOCK)
        ctypes.memset(block, 1, BLOCK)
        libc.free(block)
