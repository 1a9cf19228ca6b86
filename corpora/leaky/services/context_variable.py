# SPDX-License-Identifier: MIT
"""A context is kept for each request, and the variables that were set in it."""

import contextvars

request = contextvars.ContextVar("request")
contexts = {}


def work(n):
    context = contextvars.copy_context()
    context.run(request.set, {"id": n, "body": "x" * 200})
    contexts[n] = context

VERDICT = "managed-leak"
OWNER = "context_variable.contexts"
FINDING = "growing-owners", "Context"
