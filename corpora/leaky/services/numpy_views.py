# SPDX-License-Identifier: MIT
"""A small view of each large array is kept, and with it the array."""

import numpy

samples = []


def work(n):
    image = numpy.arange(4000.0) + n
    samples.append(image[:4])

VERDICT = "managed-leak"
OWNER = "numpy_views.samples"
FINDING = "growing-owners", "samples"
NEEDS = "numpy"
