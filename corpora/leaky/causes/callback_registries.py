# SPDX-License-Identifier: MIT
"""Who subscribes to an event and does not unsubscribe stays for ever."""

EXPECT = "callback_registries.signal.receivers"


class Signal:
    def __init__(self):
        self.receivers = []

    def connect(self, receiver):
        self.receivers.append(receiver)

    def disconnect(self, receiver):
        self.receivers.remove(receiver)


class Page:
    def __init__(self, number):
        self.text = "page %d" % number * 40

    def on_change(self):
        pass


signal = Signal()


def leak(n):
    for number in range(n):
        signal.connect(Page(number).on_change)


def fixed(n):
    for number in range(n):
        page = Page(number)
        signal.connect(page.on_change)
        signal.disconnect(page.on_change)
