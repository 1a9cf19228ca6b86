# SPDX-License-Identifier: MIT
"""An extension that takes a reference and never gives it back."""

import ctypes

EXPECT = "held_from_c.Frame object"


class Frame:
    def __init__(self, number):
        self.pixels = bytes(200) + b"%d" % number


def leak(n):
    for number in range(n):
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(Frame(number)))


def fixed(n):
    for number in range(n):
        frame = ctypes.py_object(Frame(number))
        ctypes.pythonapi.Py_IncRef(frame)
        ctypes.pythonapi.Py_DecRef(frame)
