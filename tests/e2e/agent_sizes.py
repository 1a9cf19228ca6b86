"""Sizes: what a capture says that objects own, against what malloc says that it gave for them.

With PYTHONMALLOC=malloc every block comes from malloc. For each row of the table many instances are
made between two readings of mallinfo2(), kept in a list, and captured; the sizes of everything new
that the list reaches, plus malloc's header of 8 bytes a block, must be what malloc gave.

A row's instances own one block each object and `hidden` blocks besides. Rows with `unknown` are of
types whose memory cannot be known: the file must say so of the type, and count no more than there
is. `python3 agent_sizes.py --table` prints what was measured.
"""

import json
import sys
import unittest

from agent_support import NATIVE_UNKNOWN, AgentCase

VERSION = sys.version_info[:2]


def since(minor, then, before=0):
    """A number that differs from Python 3.`minor` on."""
    return then if VERSION >= (3, minor) else before


class Row:
    """`make`: an expression of `i`. `setup`: statements run once. `n`: instances. `hidden`: blocks
    an instance owns besides the objects' own. `elsewhere`: bytes of an instance that the list does
    not reach. `slack`: bytes an instance that may differ, where tables that all share grow meanwhile
    or blocks were made smaller, of which malloc keeps a rest."""

    def __init__(self, name, make, setup="", n=500, hidden=0, unknown=False, elsewhere=0, slack=3):
        self.name, self.make, self.setup, self.n = name, make, setup, n
        self.hidden, self.unknown, self.elsewhere, self.slack = hidden, unknown, elsewhere, slack + 64 / n


CLASSES = """
class Empty: pass
class Attrs:
    def __init__(self): self.a = self.b = self.c = None
class Many:
    def __init__(self):
        for k in range(40): setattr(self, "a%d" % k, None)
class Slots: __slots__ = ("a", "b", "__weakref__")
class SubList(list): pass
class SubDict(dict): pass
class SubTuple(tuple): pass
class SubStr(str): pass
class SubBytes(bytes): pass
class SubInt(int): pass
class SubSet(set): pass
class Grown(dict):
    __slots__ = ("extra",)
def touch(one):
    one.__dict__
    return one
"""

ROWS = [
    # What programs are made of.
    Row("object", "object()"),
    Row("int", "i + 10**6"),
    Row("int, long", "(i + 7) << 600"),
    Row("float", "i + 0.5"),
    Row("complex", "complex(i, 1)"),
    Row("bytes", "bytes(i)"),
    Row("bytearray", "bytearray(100 + i)", hidden=1),
    Row("bytearray, grown", "grown(i)", "def grown(i):\n b = bytearray()\n for k in range(i):"
        " b.append(1)\n b.append(2)\n return b", hidden=1),
    Row("str, ASCII", "'x%d' % i * 20"),
    Row("str, Latin", "'\\xe9%d' % i * 20"),
    Row("str, wide", "'\\u20ac%d' % i * 20"),
    Row("str, astral", "'\\U0001f40d%d' % i * 20"),
    Row("str with UTF-8", "utf8('\\xe9%d' % i * 20)", "import ctypes\nask = ctypes.pythonapi.PyUnicode_AsUTF8\n"
        "ask.argtypes = [ctypes.py_object]\nask.restype = ctypes.c_void_p\n"
        "def utf8(s):\n ask(s)\n return s", hidden=1),
    Row("tuple", "(i, None, None)"),
    Row("list", "[None] * (i + 1)", hidden=1),
    Row("list, grown", "[k for k in range(i % 100 + 1)]", hidden=1),
    Row("list, empty", "[]"),
    Row("dict", "{'a': None, 'b': None}", hidden=1),
    Row("dict, large", "{k: None for k in range(i)}", hidden=0.998, slack=20),
    Row("dict, empty", "{}"),
    Row("dict, emptied", "emptied()", "def emptied():\n d = {k: 1 for k in range(20)}\n"
        " d.clear()\n return d"),
    Row("set", "{i}"),
    Row("set, large", "set(range(100))", hidden=1),
    Row("frozenset", "frozenset(range(50))", hidden=1),
    Row("range", "range(i, 10**20)"),
    Row("slice", "slice(i, None)"),
    Row("memoryview", "memoryview(data)", "data = b'abc'"),
    Row("memoryview, shaped", "memoryview(data).cast('B', (2, 3))", "data = b'abcdef'"),
    Row("property", "property(len)"),
    Row("function", "(lambda: i)"),
    Row("closure", "(lambda x: lambda: x)(i)", slack=9),
    Row("partial", "functools.partial(len, i, a=1)", "import functools", hidden=1),
    Row("bound method", "[].append"),
    Row("method", "Attrs.__init__.__get__(i + 1000)", CLASSES),
    Row("staticmethod", "staticmethod(len)", hidden=since(10, 1)),
    Row("exception", "ValueError(i, 'x')"),
    Row("exception with attributes", "filled(i)", "def filled(i):\n e = ValueError(i)\n e.note = 1\n"
        " return e", hidden=1),
    Row("traceback", "caught()", "def caught():\n try: raise ValueError\n except ValueError as e:"
        " return e", slack=4),
    Row("module", "types.ModuleType('m%d' % i)", "import types", hidden=1, slack=16),
    Row("cell", "types.CellType(i)", "import types"),
    Row("namespace", "types.SimpleNamespace(a=i)", "import types", hidden=1),
    Row("weakref", "weakref.ref(held, print)", "import weakref\nclass C: pass\nheld = C()"),
    # Instances.
    Row("instance, no attributes", "Empty()", CLASSES, hidden=since(11, 1) - since(13, 1)),
    Row("instance", "Attrs()", CLASSES, hidden=since(13, 0, 1)),
    Row("instance with __dict__", "touch(Attrs())", CLASSES, hidden=since(13, 0, 1)),
    Row("instance, 40 attributes", "Many()", CLASSES, hidden=1, slack=12),
    Row("instance with slots", "Slots()", CLASSES),
    Row("list subclass", "SubList([i])", CLASSES, hidden=1),
    Row("dict subclass", "SubDict(a=i)", CLASSES, hidden=1),
    Row("dict subclass with slots", "Grown(a=i)", CLASSES, hidden=1),
    Row("tuple subclass", "SubTuple((i, i))", CLASSES),
    Row("str subclass", "SubStr('x%d' % i)", CLASSES, hidden=1, slack=9),
    Row("bytes subclass", "SubBytes(b'x%d' % i)", CLASSES),
    Row("int subclass", "SubInt(i)", CLASSES),
    Row("set subclass", "SubSet([i])", CLASSES),
    Row("named tuple", "Pair(i, i)", "import collections\nPair = collections.namedtuple('Pair', 'a b')"),
    Row("struct sequence", "time.localtime(i * 10**6)", "import time"),
    # Code that waits.
    Row("generator", "started(gen(i))", "def gen(i):\n a = b = c = i\n yield a\ndef started(g):\n"
        " next(g)\n return g"),
    Row("generator, not started", "gen(i)", "def gen(i):\n a = b = c = i\n yield a"),
    Row("coroutine", "begun(co(i))", "import types\n@types.coroutine\ndef wait():\n yield\n"
        "async def co(i):\n x = i\n await wait()\ndef begun(c):\n c.send(None)\n return c"),
    Row("async generator", "agen(i)", "async def agen(i):\n yield i"),
    # Classes and code.
    Row("classes", "family()", "def family():\n class B: pass\n"
        " return B, [type('K', (B,), {'x': 1}) for k in range(50)]", n=10, hidden=since(11, 155, 104),
        elsewhere=144, slack=700),
    Row("classes with slots and doc", "family()", "def family():\n class B: pass\n return B, [type("
        "'K', (B,), {'__slots__': ('a', 'b'), '__doc__': 'text'}) for k in range(50)]", n=10,
        hidden=since(11, 205, 155), elsewhere=144, slack=700),
    Row("class, used", "used()", "def used():\n class K:\n  def __init__(self): self.a = 1\n  def"
        " f(self): pass\n K().f()\n return K", n=100, hidden=2, elsewhere=144, slack=120),
    Row("code", "compile(src, 's%d' % i, 'exec')", "src = 'def f(a, b=1):\\n  x = a + b\\n"
        "  return [k for k in x]\\n'", n=100, slack=120),
    Row("function, executed", "executed(i)", "def executed(i):\n space = {}\n exec('def f(a):\\n'"
        " + '  a = a + 1\\n' * 20 + '  return a\\n', space)\n f = space['f']\n"
        " for k in range(1200): f(k)\n f.__code__.co_code\n return f", n=40, slack=120, hidden=1),
    # Containers of the standard library.
    Row("deque", "collections.deque(range(i))", "import collections", n=200, hidden=2, slack=60),
    Row("deque, one", "collections.deque([i])", "import collections", hidden=1),
    Row("deque, drained", "drained()", "import collections\ndef drained():\n d = collections.deque("
        "range(640))\n while len(d) > 1: d.popleft()\n return d", n=100, hidden=since(11, 11, 1), slack=since(11, 10, 60)),
    Row("defaultdict", "collections.defaultdict(list, a=i)", "import collections", hidden=1),
    Row("OrderedDict", "collections.OrderedDict((k, i) for k in range(10))", "import collections",
        hidden=12, slack=16),
    Row("OrderedDict, grown", "ordered(i)", "import collections\ndef ordered(i):\n"
        " d = collections.OrderedDict()\n for k in range(100): d[k] = None\n"
        " for k in range(90): del d[k]\n return d", n=100, hidden=12, slack=20),
    Row("Counter", "collections.Counter('abc')", "import collections", hidden=1, slack=8),
    Row("array", "array.array('d', [1.0] * (i + 1))", "import array", hidden=1),
    Row("itertools.product", "itertools.product((1, 2), (3, 4))", "import itertools", hidden=1),
    Row("itertools.permutations", "itertools.permutations((1, 2, 3))", "import itertools", hidden=2),
    Row("itertools.combinations", "itertools.combinations((1, 2, 3), 2)", "import itertools",
        hidden=1),
    Row("itertools.combinations_with_replacement",
        "itertools.combinations_with_replacement((1, 2, 3), 2)", "import itertools", hidden=1),
    Row("itertools.tee", "ahead(itertools.tee(iter(range(60))))", "import itertools\ndef ahead(t):\n"
        " for k in t[0]: pass\n return t"),
    Row("lru_cache", "filled(functools.lru_cache(maxsize=50)(lambda x: [x]))", "import functools\n"
        "def filled(f):\n for k in range(50): f(k)\n return f", n=50, hidden=52, slack=60),
    Row("lru_cache, unbounded", "filled(functools.lru_cache(maxsize=None)(lambda x: None))",
        "import functools\ndef filled(f):\n for k in range(50): f(k)\n return f", n=50, hidden=2, slack=40),
    Row("SimpleQueue", "filled(queue.SimpleQueue())", "import queue\ndef filled(q):\n"
        " for k in range(20): q.put(k)\n return q", hidden=since(13, 1, 2)),
    # Locks and threads.
    Row("lock", "_thread.allocate_lock()", "import _thread", hidden=1),
    Row("RLock", "_thread.RLock()", "import _thread", hidden=1),
    Row("Condition", "threading.Condition()", "import threading", hidden=3, slack=30),
    Row("threading.local", "local()", "import threading\ndef local():\n l = threading.local()\n"
        " l.a = 1\n return l", elsewhere=since(13, 0, 80), slack=30),
    Row("context", "context(i)", "import contextvars\nv = contextvars.ContextVar('v')\n"
        "def context(i):\n c = contextvars.Context()\n c.run(v.set, i)\n return c"),
    # Input and output.
    Row("BytesIO", "io.BytesIO(bytes(100 + i))", "import io", hidden=0),
    Row("BytesIO, written", "written(i)", "import io\ndef written(i):\n f = io.BytesIO()\n"
        " for k in range(i): f.write(b'x' * 50)\n return f", n=200),
    Row("StringIO", "io.StringIO('x' * i)", "import io", hidden=1),
    Row("StringIO, written", "written(i)", "import io\ndef written(i):\n f = io.StringIO()\n"
        " for k in range(i): f.write('x' * 50)\n return f", n=200, hidden=since(12, 1, 2)),
    Row("StringIO, read", "written(i)", "import io\ndef written(i):\n f = io.StringIO()\n"
        " for k in range(i): f.write('x' * 50)\n f.seek(0)\n f.read(1)\n return f", n=200, hidden=1),
    Row("BufferedReader", "io.BufferedReader(io.BytesIO(b'x'))", "import io", n=100, hidden=2),
    Row("BufferedRWPair", "io.BufferedRWPair(io.BytesIO(), io.BytesIO())", "import io", n=100,
        hidden=4),
    Row("TextIOWrapper", "read(io.TextIOWrapper(io.BytesIO(b'x\\ny\\n' * 100), 'utf-8'))",
        "import io\ndef read(f):\n f.readline()\n return f", n=50, hidden=2, slack=200),
    Row("TextIOWrapper, written", "write(io.TextIOWrapper(io.BytesIO(), 'utf-8'))",
        "import io\ndef write(f):\n for k in range(10): f.write('abc')\n return f", n=50, slack=180, hidden=0),
    Row("open file", "open('/dev/null', 'rb')", n=100, hidden=3, slack=4),
    Row("open file, unbuffered", "open('/dev/null', 'rb', 0)", n=100, hidden=1),
    Row("scandir", "os.scandir('/')", "import os", n=50, hidden=1, unknown=False),
    Row("os.DirEntry", "next(entry)", "import os\ndef entries():\n while True:\n"
        "  for e in os.scandir('/'): yield e\nentry = entries()", slack=200),
    Row("socket", "socket.socket()", "import socket", n=100),
    Row("epoll", "select.epoll()", "import select", n=100),
    Row("poll", "polled(select.poll())", "import select\ndef polled(p):\n for k in range(10):"
        " p.register(k + 100)\n p.poll(0)\n return p", hidden=2, slack=16, n=100),
    Row("mmap", "mmap.mmap(-1, 8192)", "import mmap", n=100),
    # Text and data.
    Row("csv.reader", "read(csv.reader(['abc,def' * 200]))", "import csv\ndef read(r):\n next(r)\n"
        " return r", hidden=2, slack=12),
    Row("csv.writer", "write(csv.writer(sink))", "import csv\nclass Sink:\n def write(self, s): pass\n"
        "sink = Sink()\ndef write(w):\n w.writerow(['abc'] * 20)\n return w", hidden=1),
    Row("re.Pattern", "compiler.compile('a%d(b*)c' % i)", "import re\ncompiler = re._compiler if hasattr(re, '_compiler') else re.sre_compile", n=50, slack=130),
    Row("re.Match", "pattern.match('abc%d' % i)", "import re\npattern = re.compile('(a)(b)c')", slack=4),
    Row("re.Scanner", "pattern.scanner('abc%d' % i)", "import re\npattern = re.compile('(a)(b)c')",
        hidden=1),
    Row("struct.Struct", "struct.Struct('<%dsiih' % (i + 1))", "import struct", hidden=1, slack=6),
    Row("Decimal", "decimal.Decimal(i)", "import decimal"),
    Row("Decimal, long", "decimal.Decimal('1' * (100 + i))", "import decimal", hidden=1),
    Row("decimal.Context", "decimal.Context()", "import decimal"),
    Row("Random", "random.Random(i)", "import random", n=50, hidden=1, slack=6),
    Row("datetime", "datetime.datetime(2000, 1, 1, microsecond=i)", "import datetime"),
    Row("timezone", "datetime.timezone(datetime.timedelta(seconds=i))", "import datetime"),
    Row("Fraction", "fractions.Fraction(i, 7919)", "import fractions"),
    Row("Element", "element(i)", "import xml.etree.ElementTree as e\ndef element(i):\n"
        " x = e.Element('a', b=str(i))\n for k in range(3): e.SubElement(x, 'c')\n return x",
        hidden=2),
    Row("Element, many children", "element(i)", "import xml.etree.ElementTree as e\ndef element(i):\n"
        " x = e.Element('a')\n for k in range(i): e.SubElement(x, 'c')\n return x", n=100,
        hidden=1.94),
    Row("TreeBuilder", "xml.TreeBuilder()", "import xml.etree.ElementTree as xml", hidden=1),
    Row("Pickler", "saved(pickle.Pickler(io.BytesIO()))", "import io, pickle\n"
        "held = [[] for k in range(100)]\ndef saved(p):\n p.dump(held)\n return p", n=50, hidden=2,
        slack=120),
    Row("Unpickler", "loaded(pickle.Unpickler(io.BytesIO(text)))", "import io, pickle\n"
        "text = pickle.dumps([[] for k in range(100)])\ndef loaded(p):\n return p, p.load()",
        n=50, hidden=6, slack=360),
    Row("json.Scanner", "json.JSONDecoder()", "import json", hidden=2, slack=200),
    # Compression: libraries' own memory.
    Row("zlib.compressobj", "zlib.compressobj()", "import zlib", n=10, hidden=6, slack=10),
    Row("zlib.compressobj, small", "zlib.compressobj(9, zlib.DEFLATED, -9, 1)", "import zlib", n=20,
        hidden=6, slack=10),
    Row("zlib.compressobj, used", "used(zlib.compressobj())", "import zlib\ndef used(c):\n"
        " c.compress(b'abc' * 100000)\n return c", n=10, hidden=6, slack=10),
    Row("zlib.decompressobj", "zlib.decompressobj()", "import zlib", n=50, hidden=2, slack=6),
    Row("zlib.decompressobj, used", "used(zlib.decompressobj())", "import zlib\n"
        "text = zlib.compress(bytes(range(256)) * 1000)\ndef used(c):\n c.decompress(text[:300])\n"
        " return c", n=20, hidden=3, slack=6),
    Row("bz2.BZ2Compressor", "bz2.BZ2Compressor()", "import bz2", n=5, hidden=5, slack=16),
    Row("bz2.BZ2Decompressor", "bz2.BZ2Decompressor()", "import bz2", n=20, hidden=2, slack=6),
    Row("bz2.BZ2Decompressor, used", "used(bz2.BZ2Decompressor())", "import bz2\n"
        "text = bz2.compress(bytes(range(256)) * 1000)\ndef used(c):\n c.decompress(text[:100])\n"
        " return c", n=5, hidden=3, slack=6),
    Row("lzma.LZMACompressor", "lzma.LZMACompressor(preset=0)", "import lzma", n=5, unknown=True),
    Row("lzma.LZMADecompressor", "lzma.LZMADecompressor()", "import lzma", n=20, unknown=True),
    Row("lzma.LZMADecompressor, used", "used(lzma.LZMADecompressor())", "import lzma\n"
        "text = lzma.compress(bytes(range(256)) * 1000)\ndef used(c):\n c.decompress(text[:60])\n"
        " return c", n=5, unknown=True),
    # Cryptography.
    Row("hashlib, OpenSSL", "hashlib.sha256(b'x')", "import hashlib", hidden=2),
    Row("hashlib, blake2", "hashlib.blake2b(b'x')", "import hashlib"),
    Row("hashlib, long input", "hashlib.blake2b(b'x' * 5000)", "import hashlib"),
    Row("hashlib, sha3", "hashlib.sha3_256(b'x')", "import hashlib", hidden=since(9, 2)),
    Row("hashlib, built in", "module.%s(b'x')" % since(12, "sha256", "sha256"),
        "import _%s as module" % since(12, "sha2", "sha256"), hidden=since(12, 3)),
    Row("hmac", "hmac.new(b'k', b'x', 'sha256')", "import hmac", n=100, hidden=since(10, 7, since(9, 4, 5)), slack=10),
    Row("ssl.SSLContext", "ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)", "import ssl", n=20, unknown=True),
    Row("ssl.MemoryBIO", "ssl.MemoryBIO()", "import ssl", n=100, unknown=True),
    # Databases, parsers, foreign functions.
    Row("sqlite3.Connection", "sqlite3.connect(':memory:')", "import sqlite3", n=10, unknown=True),
    Row("sqlite3.Cursor", "held.execute('select %d' % i)", "import sqlite3\n"
        "held = sqlite3.connect(':memory:')", n=50, unknown=True),
    Row("pyexpat parser", "pyexpat.ParserCreate()", "import pyexpat", n=20, unknown=True),
    Row("XMLParser", "e.XMLParser()", "import xml.etree.ElementTree as e", n=20, unknown=True),
    Row("ctypes, small", "ctypes.c_int(i)", "import ctypes"),
    Row("ctypes, array", "(ctypes.c_char * 1000)()", "import ctypes", hidden=1, slack=10),
    Row("ctypes, structure", "S()", "import ctypes\nclass S(ctypes.Structure):\n"
        " _fields_ = [('a', ctypes.c_int * 50)]", hidden=1),
    Row("ctypes, pointer", "ctypes.pointer(held)", "import ctypes\nheld = ctypes.c_int(1)", hidden=1),
    Row("ctypes, callback", "K(len)", "import ctypes\nK = ctypes.CFUNCTYPE(ctypes.c_int)", n=100,
        unknown=True, slack=16),
    Row("ZoneInfo", "zoneinfo.ZoneInfo.no_cache('Europe/Berlin')", "import zoneinfo", n=20, unknown=True),
]

PROGRAM = """
import ctypes, gc, heapsnap, json, sys
rows = json.loads(%r)

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks",
        "fordblks", "keepcost")]
malloc = ctypes.CDLL(None).malloc
malloc.argtypes, malloc.restype = [ctypes.c_size_t], None
try:
    mallinfo2 = ctypes.CDLL(None).mallinfo2
except AttributeError:
    mallinfo2 = None
else:
    mallinfo2.restype = Info

def in_use():
    info = mallinfo2()
    return info.uordblks + info.hblkhd

def fill(kept, make):
    for i in range(len(kept)):
        kept[i] = make(i)

def plug():
    # Take up every hole that malloc could fill from: a hole hands out more than was asked for
    # where its rest is too small, and an address that was another object's before.
    gc.collect()
    for size in [1 << k for k in range(16, 10, -1)] + list(range(1008, 16, -16)):
        top = mallinfo2().keepcost
        while mallinfo2().keepcost == top:
            malloc(size + 8)

facts, lists = [None] * len(rows), [None] * len(rows)
makers = []
gc.disable()
for name, make, setup, n in rows:
    space = {}
    try:
        exec(setup, space)
        maker = eval("lambda i: " + make, space)
        fill([None] * 3, maker)
    except (ImportError, AttributeError) as e:
        maker = None
    makers.append(maker)
if mallinfo2 is not None:
    for at, (maker, row) in enumerate(zip(makers, rows)):
        if maker is not None: lists[at] = [None] * row[3]
    plug()
    heapsnap.dump(PATH + ".before", mode="inline")
    for at, maker in enumerate(makers):
        if maker is None: continue
        plug()
        before = in_use()
        fill(lists[at], maker)
        facts[at] = in_use() - before
    heapsnap.dump(PATH, mode="inline")
print(json.dumps([None if f is None else (f, id(k)) for f, k in zip(facts, lists)]))
"""


class Measured:
    """One row: bytes that malloc gave and that the file counts, objects, and types met."""

    def __init__(self, row, snap, known, given, identity):
        self.row, self.given = row, given
        self.counted = self.objects = 0
        self.types = set()
        queue, seen = [snap.by_id[identity]["ordinal"]], set()
        while queue:
            for edge in snap.out[queue.pop()]:
                target = snap.objects[edge["ordinal"]]
                if edge["ordinal"] in seen or target["id"] in known or edge["kind"] == 10:
                    continue
                seen.add(edge["ordinal"])
                queue.append(edge["ordinal"])
                if target["size"] > 0: self.objects += 1
                self.counted += target["size"] + native(target)
                self.types.add(target["type"])
        self.missing = (given - self.counted - 8 * self.objects) / row.n - row.elsewhere
        self.unknown = any(snap.types[t].get("flags", 0) & NATIVE_UNKNOWN for t in self.types)

    def __str__(self):
        return "%-42s %9.0f given %9.0f counted %6.2f objects: %8.1f missing, %s blocks%s" % (
            self.row.name, self.given / self.row.n, self.counted / self.row.n,
            self.objects / self.row.n, self.missing, self.row.hidden,
            " (unknown)" if self.unknown else "")


def native(row):
    """Bytes that malloc gave: mappings are the kernel's."""
    return 0 if row.get("resource") == 7 else row.get("native", 0)


class Sizes(AgentCase):
    def measure(self):
        """A Measured for each row that this Python has."""
        from agent_support import Snap
        import os
        rows = [(r.name, r.make, r.setup, r.n) for r in ROWS]
        facts, snap = self.capture(PROGRAM % json.dumps(rows), PYTHONMALLOC="malloc", PYTHONHASHSEED="0",
                                   GLIBC_TUNABLES="glibc.malloc.tcache_count=0")
        known = Snap(os.path.join(self.folder, "out.snap.before")).by_id
        return [Measured(row, snap, known, *fact) for row, fact in zip(ROWS, facts) if fact]

    def wrong(self):
        """What is wrong with the rows, by name, or None where nothing can be measured."""
        measured = self.measure()
        found = {}
        for one in measured:
            row, missing = one.row, one.missing - 8 * one.row.hidden
            if one.unknown != row.unknown or missing < -row.slack or (
                    missing > row.slack and not row.unknown):
                found[row.name] = str(one)
        return found if measured else None

    def test_every_byte(self):
        # Rests of holes are noise that does not strike the same row three times.
        wrong = self.wrong()
        if wrong is None:
            self.skipTest("this C library has no mallinfo2")
        for _ in range(2):
            if wrong:
                again = self.wrong()
                wrong = {name: again[name] for name in wrong if name in again}
        self.assertEqual(wrong, {}, "\n" + "\n".join(wrong.values()))


if __name__ == "__main__":
    if sys.argv[1:] == ["--table"]:
        case = Sizes()
        case.setUp()
        print("\n".join(map(str, case.measure())))
        case.doCleanups()
    else:
        unittest.main()
