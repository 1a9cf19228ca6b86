#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""snapdiff's words on real processes: every line names something that stands in the source of the
program; holders that share are named together; an idle service has not grown."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

TOOLS = os.environ.get("SNAP_TOOLS")
SKIPPED = 77
GROWN = 1200

APP = '''
import asyncio, atexit, collections, functools, logging, sys, threading, types

class Row:
    def __init__(self, n):
        self.n, self.data = n, "row %d" % n * 40

class Store:
    def __init__(self):
        self.rows, self.index = [], {}
    def add(self, n):
        row = Row(n)
        self.rows.append(row)
        self.index["key %d" % n] = row

store = Store()

@functools.lru_cache(maxsize=None)
def lookup(n):
    return "value %d" % n * 20

@functools.lru_cache(maxsize=5000)
def bounded(n):
    return "value %d" % n * 20

local = threading.local()

def in_thread(n):
    local.__dict__.setdefault("items", []).append("item %d" % n * 20)

def counter():
    seen = []
    def count(n):
        seen.append("seen %d" % n * 20)
    return count

count = counter()
callbacks, partials, methods, generators, tasks = [], [], [], [], []

def subscribe(n):
    payload = "payload %d" % n * 20
    def on_event():
        return payload
    callbacks.append(on_event)

def send(text):
    pass

def later(n):
    partials.append(functools.partial(send, "text %d" % n * 20))

class Listener:
    def on_message(self):
        pass

def listen(n):
    methods.append(Listener().on_message)

def stream(n):
    block = "block %d" % n * 40
    while True:
        yield block

def start(n):
    generators.append(stream(n))
    next(generators[-1])

async def wait(n):
    buffer = "buffer %d" % n * 40
    await asyncio.get_running_loop().create_future()

def spawn(n):
    tasks.append(asyncio.get_running_loop().create_task(wait(n)))

async def parked(future):
    await future

waiting = []

def park(n):
    waiting.append(asyncio.get_running_loop().create_future())
    asyncio.get_running_loop().create_task(parked(waiting[-1]))

kept = []

def keep(n):
    kept.append({"n": n, "text": "text %d" % n * 20})

def define(n):
    class Local:
        number = n
    kept.append(Local)

def at_exit(n):
    atexit.register(Listener().on_message, "text %d" % n * 20)

history, head, scope, page = [], None, collections.ChainMap(), ""

def rebind(n):
    global history
    history = history + ["entry %d" % n]

class Link:
    def __init__(self, n, tail):
        self.text, self.tail = "text %d" % n * 10, tail

def push(n):
    global head
    head = Link(n, head)

def nest(n):
    global scope
    if n % 10 == 0:
        scope = scope.new_child({"depth": n, "text": "text %d" % n * 200})

def write(n):
    global page
    page += "line %d" % n * 20

def load(n):
    module = types.ModuleType("tenant_%d" % n)
    module.rules = ["rule %d of %d" % (k, n) for k in range(20)]
    sys.modules[module.__name__] = module

def log(n):
    logging.getLogger("log%d" % n).addHandler(logging.NullHandler())
'''

PROGRAM = '''
import sys, types
app = types.ModuleType("app")
sys.modules["app"] = app
exec(compile(%r, "/srv/shop/app.py", "exec"), app.__dict__)
import asyncio, heapsnap

async def main(do, names, grown):
    n = 0
    for k, name in enumerate(names):
        for _ in range(100 if k == 0 else grown):
            do(n)
            n += 1
        await asyncio.sleep(0)
        heapsnap.dump(name)

asyncio.run(main(getattr(app, sys.argv[1]) if sys.argv[1] != "add" else app.store.add,
                 sys.argv[2].split(","), int(sys.argv[3])))
''' % APP

LOOK_UP = '''
import heapsnap

class Record:
    pass

def look_up(first, last):
    names = ["field_%d" % n for n in range(first, last)]
    for name in names:
        getattr(Record(), name, None)

look_up(0, 100)
heapsnap.dump("a.snap")
look_up(100, 1300)
heapsnap.dump("b.snap")
'''

SUSPENDED = '''
import asyncio, heapsnap

class Rpc:
    def __init__(self):
        self.inbox = []

async def capture(asked, answered):
    for _ in range(2):
        heapsnap.dump(await asked.get())
        answered.put_nowait(True)

async def main():
    rpc, asked, answered = Rpc(), asyncio.Queue(), asyncio.Queue()
    task = asyncio.get_running_loop().create_task(capture(asked, answered))
    for name in "a.snap", "b.snap":
        rpc.inbox.extend("message %d" % n * 20 for n in range(1000))
        asked.put_nowait(name)
        await answered.get()

asyncio.run(main())
'''

COMPRESSORS = '''
import heapsnap, lzma
kept = []
heapsnap.dump("a.snap")
for n in range(12):
    kept.append(lzma.LZMACompressor(preset=1))
    kept[-1].compress(bytes(100000))
heapsnap.dump("b.snap")
'''

SERVICE = '''
import sys, threading, urllib.request, http.server, heapsnap

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")
    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()

def ask(times):
    for _ in range(times):
        urllib.request.urlopen("http://127.0.0.1:%d/" % server.server_address[1]).read()

ask(50)
for name in sys.argv[2:]:
    heapsnap.dump(name, mode=sys.argv[1])
    ask(20)
'''


class Words(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.environment = dict(os.environ, XDG_CACHE_HOME=os.path.join(self.folder, "cache"))

    def run_python(self, program, *arguments, **environment):
        subprocess.run([sys.executable, "-c", program, *arguments], check=True, cwd=self.folder,
                       env=dict(self.environment, **environment), timeout=200,
                       stderr=subprocess.PIPE)

    def tell(self, *arguments):
        done = subprocess.run([os.path.join(TOOLS, "snapdiff"), "-q", *arguments], cwd=self.folder,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=200,
                              env=self.environment, universal_newlines=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def grow(self, function):
        """The text and the document of a program in which `function` was called GROWN times."""
        self.run_python(PROGRAM, function, "a.snap,b.snap", str(GROWN))
        return self.tell("a.snap", "b.snap"), json.loads(self.tell("--json", "a.snap", "b.snap"))

    def check(self, function, held, words):
        """What hangs in the first owner is told as `words`."""
        text, document = self.grow(function)
        first = document["owners"][0]
        self.assertEqual([h["about"] for h in first["holds"] if h["type"] == held], [words], text)
        self.assertIn("%s x 1,200, such as %s\n" % (held, words), text)

    def check_owner(self, function, words, bound=None):
        """The owner itself is told as `words`, in its line and in the verdict."""
        text, document = self.grow(function)
        first = document["owners"][0]
        self.assertEqual((first["about"], first["bound"]), (words, bound), text)
        self.assertIn(" That is %s.\n" % words, text)
        return text, document

    def test_functions(self):
        self.check("subscribe", "function", "app.subscribe.<locals>.on_event")
        self.check("later", "functools.partial", "one of app.send")
        self.check("listen", "method", "app.Listener.on_message")
        self.check("define", "type", "define.<locals>.Local")

    def test_suspended(self):
        self.check("start", "generator",
                   "one of app.stream" if sys.version_info >= (3, 11) else "one of stream")
        self.check("spawn", "_asyncio.Task",
                   "one of app.wait" if sys.version_info >= (3, 11) else "one of wait")
        self.check("park", "_asyncio.Future",
                   "one of app.parked" if sys.version_info >= (3, 11) else "one of parked")

    def test_suspended_variable(self):
        """A variable of a suspended coroutine is told with its function."""
        self.run_python(SUSPENDED)
        text = self.tell("a.snap", "b.snap")
        first = json.loads(self.tell("--json", "a.snap", "b.snap"))["owners"][0]
        function = "main." if sys.version_info >= (3, 11) else "" # else the frame has it
        self.assertRegex(first["name"], r"<local %srpc>\.inbox$" % function, text)

    def test_native_unknown(self):
        """Of growth that native code holds, the objects that may own it are named."""
        try:
            import lzma # noqa: F401
        except ImportError:
            self.skipTest("this Python has no lzma")
        self.run_python(COMPRESSORS)
        verdict = json.loads(self.tell("--json", "a.snap", "b.snap"))["verdict"]
        self.assertEqual(verdict["kind"], "native-leak", verdict)
        self.assertIn(" Objects whose native memory is not known grew in number: "
                      "_lzma.LZMACompressor +12", verdict["sentence"])

    def test_caches(self):
        text, _ = self.check_owner("lookup",
                                   "the cache of app.lookup (functools.lru_cache without a bound)")
        self.assertIn("\nTwo snapshots cannot tell a leak from a cache that fills", text)
        text, document = self.check_owner(
            "bounded",
            "the cache of app.bounded (functools.lru_cache, bounded: at most 5,000 results)", 5000)
        self.assertIn("\nIt is bounded", text)
        self.assertIn("it holds 1,300 now\n", text)
        self.assertEqual(document["owners"][0]["length"], 1300)

    def test_bounded_is_no_leak(self):
        for function, kind in (("bounded", "cache-filling"), ("lookup", "managed-leak")):
            self.run_python(PROGRAM, function, "a.snap,b.snap,c.snap", str(GROWN))
            document = json.loads(self.tell("--json", "a.snap", "b.snap", "c.snap"))
            self.assertEqual(document["verdict"]["kind"], kind, document["verdict"])

    def test_variables(self):
        text, document = self.grow("count")
        self.assertEqual(document["owners"][0]["about"],
                         "the variable seen, captured by app.counter.<locals>.count", text)
        self.check_owner("in_thread", "data of a thread in app.local (threading.local)")

    def test_roots(self):
        """New roots are told by the name under which most of them are held, not by what the call
        of dump() holds for a moment; of paths alike the module's is told, not a callback's."""
        text, document = self.grow("at_exit")
        first = document["owners"][0]
        if sys.version_info < (3, 10):
            self.assertEqual(first["name"], "atexit", text)
        else:
            self.assertEqual((first["kind"], first["name"]), ("live", "<callback atexit>"), text)
            self.assertIn(" of which <callback atexit> holds ", text)
            held = [h for h in first["holds"] if h["type"] == "method"]
            self.assertEqual([(h["edge"], h["about"]) for h in held],
                             [("", "app.Listener.on_message")], text)
        text, document = self.grow("log")
        self.assertIn("logging._handlerList", [o["name"] for o in document["owners"]], text)
        text, document = self.grow("load")
        self.assertEqual(document["owners"][0]["name"], "sys.modules", text)
        self.assertEqual(document["verdict"]["owner"], document["owners"][0]["signature"], text)
        held = [h["direct_delta"] for h in document["owners"][0]["holds"] if h["type"] == "module"]
        self.assertEqual(held, [GROWN], text)

    @unittest.skipIf(sys.version_info < (3, 10), "the cache holds no references")
    def test_attribute_cache(self):
        """Names that only the interpreter's cache holds are not told as roots of the program."""
        self.run_python(LOOK_UP)
        text = self.tell("a.snap", "b.snap")
        document = json.loads(self.tell("--json", "a.snap", "b.snap"))
        cache, = [o for o in document["owners"] if o["name"] == "<runtime attribute cache>"]
        self.assertEqual((cache["kind"], cache["bound"]), ("live", 4096), text)
        self.assertGreater(cache["count_delta"], 200, text) # of 1,200 look-ups
        for line in document["owners"]:
            if line["name"] == "(live)":
                self.assertLess(line["count_delta"], 20, text)

    def test_rebound(self):
        """What hangs at a name is what hung there before, though another object."""
        for function, name, kind in (("rebind", "app.history", "list"),
                                     ("push", "app.head", "app.Link"),
                                     ("nest", "app.scope.maps", "list"),
                                     ("write", "app.page", "str")):
            self.run_python(PROGRAM, function, "a.snap,b.snap,c.snap", str(GROWN))
            text = self.tell("a.snap", "b.snap", "c.snap")
            document = json.loads(self.tell("--json", "a.snap", "b.snap", "c.snap"))
            first = document["owners"][0]
            if first["name"] == name + ".__dict__": # instances of Python before 3.11 have one
                name, kind = first["name"], "dict"
            self.assertEqual((first["name"], first["type"], first["intervals_grown"]),
                             (name, kind, 2), text)
            self.assertEqual(document["verdict"]["owner"], first["signature"], text)
            if first["n_replaced"]: # not where its address was used again
                self.assertEqual(first["n_replaced"], 1)
                self.assertIn("%s -> %s, replaced\n" % (name, kind), text)
        self.run_python(PROGRAM, "rebind", "a.snap,b.snap", str(GROWN))
        first = json.loads(self.tell("--json", "a.snap", "b.snap"))["owners"][0]
        self.assertEqual(first["count_delta"], GROWN)
        self.assertEqual([h["direct_delta"] for h in first["holds"]], [GROWN])

    def test_shared(self):
        text, document = self.grow("add")
        first, second = "app.store.rows", "app.store.index"
        self.assertEqual([o["name"] for o in document["owners"][:2]], [first, second], text)
        self.assertRegex(text, r"of which %s holds \d+%%, together with %s \(freed only when all" %
                         (first, second))
        self.assertIn("is held by %s as well: freed only when all of them let go" % second, text)

    def test_places(self):
        self.run_python(PROGRAM, "keep", "a.snap,b.snap", str(GROWN), PYTHONTRACEMALLOC="5")
        text = self.tell("a.snap", "b.snap")
        self.assertRegex(text, r"allocated at (keep \()?shop/app\.py:\d+")
        self.assertNotIn("heapsnap/__init__.py", text)
        self.assertNotIn("/srv/shop", text)
        whole = self.tell("--all", "a.snap", "b.snap")
        self.assertIn("/srv/shop/app.py:", whole)
        for site in json.loads(self.tell("--json", "--all", "a.snap", "b.snap"))["sites"]:
            self.assertEqual(site["capture"], "heapsnap/__init__.py:" in site["stack"], site)

    def warnings(self, a, b):
        return json.loads(self.tell("--json", a, b))["warnings"]

    def test_two_programs(self):
        self.run_python(PROGRAM, "keep", "a.snap", "0")
        self.run_python(PROGRAM, "listen", "b.snap,c.snap", str(GROWN))
        self.assertEqual(self.warnings("a.snap", "c.snap"), [])
        self.run_python(SERVICE, "fork", "other.snap")
        self.assertRegex("".join(self.warnings("a.snap", "other.snap")),
                         r"^only \d+% of the smaller heap has a partner in the other: are these")

    def test_idle(self):
        for mode in "fork", "inline":
            self.run_python(SERVICE, mode, "a.snap", "b.snap", "c.snap")
            for pair in ("a.snap", "b.snap"), ("b.snap", "c.snap"), ("a.snap", "c.snap"):
                verdict = json.loads(self.tell("--json", *pair))["verdict"]
                self.assertEqual(verdict["kind"], "no-growth", (mode, pair, verdict))


if __name__ == "__main__":
    if not TOOLS or not os.path.exists(os.path.join(TOOLS, "snapdiff")):
        print("skipped: the offline tools were not built")
        raise SystemExit(SKIPPED)
    unittest.main(verbosity=2)
