#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fuzz the asking end of the agent's conversation (heapsnap/_ask.py): a process that lies.

    fuzz_agent_answers.py [--rounds N] [--seed N]

Each round makes up a few replies (events with fields of every type, then bytes changed), has them
received by `ask` and by `ps`, and prints what they made of them. Either an AskError comes of it, or
values of the types that the caller counts on; what is printed is UTF-8 without control characters.
The same seed gives the same rounds. Exit status: 0, or 1 after a traceback and the replies.
"""

import argparse
import contextlib
import importlib
import io
import json
import os
import random
import selectors
import socket
import sys
import time
import types

HERE = os.path.dirname(os.path.abspath(__file__))
AGENT = os.path.join(HERE, "../../libsnap/agents/cpython/heapsnap")

# The package without its extension module, which this does not need.
package = types.ModuleType("heapsnap")
package.__path__ = [AGENT]
sys.modules["heapsnap"] = package
_ask = importlib.import_module("heapsnap._ask")
_text = importlib.import_module("heapsnap._text")
command = importlib.import_module("heapsnap.__main__")

VALUES = [None, True, False, 0, 1, -1, 2**31, 2**63, -2**63, 2**64, 10**400, 0.5, -0.0, 1e300, "",
          "inline", "fork", "x" * 300, "\x1b[31m", "\ud800", "\udfff\ud800", "\x9b2J", "\u202e",
          "\x00", "\n", "\U0001f600", [], {}, [[]], {"event": "done"}, "pid", [1, 2]]
# Documents that end a careless parser.
TRICKS = [b"[" * 8192, b'{"a":' * 1300, b'{"event":"done","objects":' + b"9" * 8000 + b"}",
          b'{"event":"error","error":' + b"[" * 4000 + b"]" * 4000 + b"}", b"", b"NaN",
          b'{"event":"done","objects":NaN,"bytes":Infinity}', b"\xef\xbb\xbf{}", b"\xff\xfe{\x00"]


def reply(rnd):
    """One packet."""
    if rnd.random() < 0.05:
        return rnd.choice(TRICKS)
    event = rnd.choice(["status", "plan", "started", "done", "error", "new", 7, None])
    fields = {**_ask._STATUS, **_ask._PLAN, **_ask._DONE, **_ask._SOMETIMES, "error": str}
    document = {"protocol": 1, "event": event}
    honest = rnd.random() < 0.5
    for key, kind in fields.items():
        if honest and rnd.random() < 0.97:
            document[key] = {int: rnd.choice([0, 12345, 2**40, -5]), str: "text",
                             bool: rnd.random() < 0.5}[kind]
        elif rnd.random() < 0.8:
            document[key] = rnd.choice(VALUES)
    packet = bytearray(json.dumps(document, ensure_ascii=rnd.random() < 0.5)
                       .encode("utf-8", "surrogatepass"))
    for _ in range(rnd.choice([0, 0, 0, 1, 4])):
        at = rnd.randrange(len(packet))
        packet[at:at + rnd.randrange(3)] = bytes([rnd.randrange(256)])
    return bytes(packet[:rnd.choice([8192, 8192, len(packet), rnd.randrange(1, 200)])])


def conversation(packets):
    """A Conversation whose other end has said all this, and closed."""
    talk = _ask.Conversation.__new__(_ask.Conversation)
    talk.listener = _ask.parse_name("heapsnap/1/4026531836/77/123/00000000000000ff")
    talk.peer_pid, talk.peer_uid = 77, 0
    talk.socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for packet in packets:
        other.send(packet)
    other.close()
    return talk


def check_types(row, kinds):
    for key, kind in kinds.items():
        value = row[key]
        assert value is None or type(value) is kind, (key, value)
        assert kind is not int or value is None or -2**63 <= value < 2**63, (key, value)


def check_printed(text):
    text.encode("utf-8")
    bad = [c for c in text if not c.isprintable() and c != "\n"]
    assert not bad, bad


def check_json(document):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        _text.print_json(document)
    check_printed(out.getvalue())
    json.loads(out.getvalue())


def ask(packets):
    talk, events = conversation(packets), []
    with talk:
        try:
            done = _ask._await_end(talk, time.monotonic() + 5, events.append, lambda: None)
        except _ask.AskError as error:
            check_printed(_text.harmless(str(error)))
            return
    check_types(done, _ask._DONE)
    check_json(done)
    check_printed(_text.count(done["objects"]) + _text.size(done["bytes"])
                  + _text.duration(done["pause_ns"]))


def ps(packets):
    talk, conversations = conversation(packets), selectors.DefaultSelector()
    row = _ask._empty_row(talk.listener)
    row["problem"] = "no answer"
    conversations.register(talk.socket, selectors.EVENT_READ, (talk, row))
    try:
        _ask._collect(conversations, time.monotonic() + 5)
    finally:
        for key in list(conversations.get_map().values()):
            key.data[0].socket.close()
        conversations.close()
    check_types(row, {k: t for k, t in _ask._STATUS.items() if k != "pid"})
    if row["plan"] is not None:
        check_types(row["plan"], _ask._PLAN)
    cells = [["a"] * 6, command._row_cells(row)]
    for line in _text.table(cells, right={0, 2, 3, 4}):
        check_printed(line)
    check_json({"processes": [row]})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rnd = random.Random(arguments.seed)
    for _ in range(arguments.rounds):
        packets = [reply(rnd) for _ in range(rnd.randrange(1, 4))]
        try:
            ask(packets)
            ps(packets)
        except BaseException:
            print("replies: %r" % [p[:300] for p in packets], file=sys.stderr)
            raise
    print("%d conversations" % (2 * arguments.rounds))


if __name__ == "__main__":
    main()
