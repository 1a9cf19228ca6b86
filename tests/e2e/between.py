"""What one version of Python shows as well as another."""

import os
import unittest

#: Marks tests and their classes: tried with the first Python, the oldest and the newest; with every
#: one by -DSNAP_TEST_PYTHONS=all (pythons.cmake).
whichever_python = unittest.skipIf(os.environ.get("SNAP_TEST_BETWEEN"),
                                   "the oldest and the newest Python show it")
