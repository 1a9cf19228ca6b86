# SPDX-License-Identifier: MIT
"""A logger for each request: the manager of all loggers keeps them, which other modules' loggers refer to."""
import concurrent.futures
import logging

concurrent.futures.ThreadPoolExecutor  # imported late: its module has a logger of its own


def work(n):
    logging.getLogger("request.%d" % n).setLevel(logging.INFO)


VERDICT = "managed-leak"
OWNER = "logging.Logger.manager.loggerDict"
FINDING = "growing-owners", "logging.Logger.manager"
