# SPDX-License-Identifier: MIT
"""Objects that listen to a signal of Django are kept in a list of a class. The signal knows them weakly:
its receivers take ten times the memory, and go with them."""

import django
from django.conf import settings

settings.configure(SECRET_KEY="x", LOGGING_CONFIG=None)
django.setup()

from django.dispatch import Signal  # noqa: E402

saved = Signal()


class Listener:
    __slots__ = ("n", "__weakref__")

    def __init__(self, n):
        self.n = n
        saved.connect(self.on_saved)

    def on_saved(self, **arguments):
        pass


class Page:
    listeners = []


def work(n):
    Page.listeners.append(Listener(n))


VERDICT = "managed-leak"
OWNER = "django_receivers.Page.listeners"
FINDING = "growing-owners", "django_receivers.Page.listeners"
NEEDS = "django"
