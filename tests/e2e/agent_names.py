"""Which names a capture holds: those that stand in the program, none that was made of data."""

import sys
import unittest

from agent_support import AgentCase

SECRET = "s3cr3t"

#: Everything that a program can name at run time, named after data. `secret(n)` makes the names.
NAMED_AT_RUN_TIME = """
import heapsnap, importlib, json, sys, threading, types
def secret(n): return "".join(chr(c) for c in (115, 51, 99, 114, 51, 116)) + "xyz"[n % 3] * n
class Account:
    def __init__(self): self.known_attribute = ["known"]
held = []
accounts = [Account() for i in range(10)]
for a in accounts: setattr(a, secret(1), [1])
def take(**kwargs): held.append(kwargs)
take(**{secret(2): [2]})
waits = threading.Event()
thread = threading.Thread(target=waits.wait, name=secret(3)); thread.start()
made = type(secret(4), (), {"__slots__": [secret(5)], "__module__": secret(6)})
one = made(); setattr(one, secret(5), [5])
plain = type(secret(7), (object,), {secret(8): [8]})
two = plain(); setattr(two, secret(9), [9])
module = types.ModuleType(secret(10)); module.value = 1
sys.modules[secret(10)] = module
loose = type("Loose", (), {}); held.append(loose())
held[-1].__dict__[secret(11)] = [11]
known = threading.Thread(target=waits.wait, name="known-worker-7"); known.start()
try:
    heapsnap.dump(PATH, names=NAMES)
finally:
    waits.set()
print(json.dumps([id(x) for x in (accounts[0], one, made, module)]))
"""


class Names(AgentCase):
    def look(self, policy):
        """The strings of a capture, and what its rows say of the named objects."""
        return self.capture("NAMES = %r\n%s" % (policy, NAMED_AT_RUN_TIME))

    def edges_with_hash(self, snap, identity):
        return [e for e in snap.out[snap.by_id[identity]["ordinal"]] if "key_hash" in e]

    def test_made_of_data(self):
        for policy in ("code", "none"):
            with self.subTest(policy=policy):
                facts, snap = self.look(policy)
                for table in (snap.strings, snap.metadata, snap.labels, snap.values):
                    self.assertEqual([s for s in table.values() if SECRET in str(s)], [])
                account, one, made, module = facts
                self.assertTrue(self.edges_with_hash(snap, one))
                if sys.version_info >= (3, 11):
                    self.assertTrue(self.edges_with_hash(snap, account))
                for identity in (made, module):
                    self.assertRegex(snap.name(snap.by_id[identity]), r"^\[#[0-9a-f]{6}\]$")
                strings = set(snap.strings.values())
                self.assertEqual("known_attribute" in strings, policy == "code")
                self.assertEqual("known-worker-7" in strings, policy == "code")
                self.assertIn("Account", strings)

    def test_short_ones_when_asked(self):
        _, snap = self.look("keys")
        found = {len(s) - len(SECRET) for s in snap.strings.values() if s.startswith(SECRET)}
        self.assertEqual(found, set(range(1, 12)))

    def test_of_the_program(self):
        """Nothing that stands in source or on the import path is hidden."""
        facts, snap = self.capture("""
            import collections, dataclasses, enum, heapsnap, json, logging.handlers, typing
            import xml.etree.ElementTree, sqlite3, http.server, concurrent.futures, decimal
            class Data:
                first = 1
                __slots__ = ("left", "right")
                class Inner: pass
            class Color(enum.Enum):
                RED = 1
            @dataclasses.dataclass
            class Record:
                number: int = 5
            def factory():
                class Local: pass
                return Local
            Box = typing.TypeVar("Box")
            class Generic(typing.Generic[Box]): pass
            specific = type("Generic[Record]", (Generic,), {})
            Point = collections.namedtuple("Point", "east north")
            Local = factory()
            d = Data(); d.left = d.right = [d]
            kept = [Record(), Point(1, 2), Local(), Data.Inner(), specific(), d]
            heapsnap.dump(PATH)
            print(json.dumps(id(d)))
        """)
        mine = {n for n in (snap.name(o) for o in snap.objects if o.get("flags", 0) & 64) if n}
        self.assertTrue(mine >= {"Data", "Data.Inner", "Color", "Record", "Point", "Generic",
                                 "factory.<locals>.Local", "Generic[Record]"}, mine)
        names = {snap.name(e) for e in snap.out[snap.by_id[facts]["ordinal"]]}
        self.assertTrue(names >= {"left", "right"})
        hidden = {snap.type(o) for o in snap.objects if "[#" in snap.type(o)}
        # C code may make a class by a call, too: decimal's SignalDict is one.
        self.assertLess(len(hidden), 2, hidden)
        classes = [o for o in snap.objects if (snap.name(o) or "").startswith("[#")]
        self.assertLess(len(classes), 20, [snap.type(o) for o in classes])


if __name__ == "__main__":
    unittest.main(verbosity=2)
