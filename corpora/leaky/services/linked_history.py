# SPDX-License-Identifier: MIT
"""Each version of a document refers to the one before."""

class Version:
    def __init__(self, before, text):
        self.before, self.text = before, text


class Document:
    head = None


document = Document()


def work(n):
    document.head = Version(document.head, "text of version %d " % n * 10)

VERDICT = "managed-leak"
OWNER = "linked_history"
FINDING = "growing-owners", ""
