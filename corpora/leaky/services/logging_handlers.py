# SPDX-License-Identifier: MIT
"""A handler is added to a logger at every call."""

import io
import logging

logger = logging.getLogger("app.requests")
logger.propagate = False


def work(n):
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(logging.Formatter("%%(message)s for request %d" % n))
    logger.addHandler(handler)

VERDICT = "managed-leak"
OWNER = "logging_handlers.logger.handlers"
FINDING = "growing-owners", "StreamHandler"
