# SPDX-License-Identifier: MIT
"""Java heap dumps made by recipe: what no JVM at hand writes. Ids of 4 and 8 bytes, every
sub-record of 1.0.1, 1.0.2 and Android's 1.0.3, records beyond 4 GiB, damage at known offsets,
values, and kinds of references.

    import_hprof_made.py TOOLS WORK
"""

import json
import os
import sqlite3
import struct
import subprocess
import sys
import unittest

TOOLS, WORK = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
TYPES = dict(Z=4, C=5, F=6, D=7, B=8, S=9, I=10, J=11, L=2)
FORMATS = dict(Z="?", C="H", F="f", D="d", B="b", S="h", I="i", J="q")


class Dump:
    """The bytes of a dump. Objects have any ids; classes are made by name."""

    def __init__(self, version=2, id_size=8):
        self.id_format = ">Q" if id_size == 8 else ">I"
        self.bytes = bytearray(b"JAVA PROFILE 1.0.%d\0" % version)
        self.bytes += struct.pack(">IQ", id_size, 1700000000000)
        self.names, self.fields, self.supers, self.body = {}, {}, {}, bytearray()
        self.next_serial = 1

    def id(self, value):
        return struct.pack(self.id_format, value)

    def record(self, tag, body, length=None):
        self.bytes += struct.pack(">BII", tag, 0, len(body) if length is None else length) + body

    def name(self, text):
        if text not in self.names:
            self.names[text] = 0x10000 + len(self.names)
            self.record(1, self.id(self.names[text]) + text.encode())
        return self.names[text]

    def load(self, id, name):
        self.record(2, struct.pack(">I", self.next_serial) + self.id(id) + bytes(4) +
                    self.id(self.name(name)))
        self.next_serial += 1

    def a_class(self, id, name, super=0, fields=(), statics=(), loader=0, size=None):
        """Fields are (name, letter); statics (name, letter, value)."""
        self.load(id, name)
        self.fields[id], self.supers[id] = fields, super
        body = b"\x20" + self.id(id) + bytes(4) + self.id(super) + self.id(loader) + self.id(0) * 4
        total = sum(self.width(letter) for _, letter in fields)
        body += struct.pack(">IHH", size or total, 0, len(statics))
        for field, letter, value in statics:
            body += self.id(self.name(field)) + bytes([TYPES[letter]]) + self.value(letter, value)
        body += struct.pack(">H", len(fields))
        for field, letter in fields:
            body += self.id(self.name(field)) + bytes([TYPES[letter]])
        self.body += body

    def width(self, letter):
        return len(self.id(0)) if letter == "L" else struct.calcsize(FORMATS[letter])

    def value(self, letter, value):
        return self.id(value) if letter == "L" else struct.pack(">" + FORMATS[letter], value)

    def instance(self, id, class_id, *values):
        body, at, values = b"", class_id, list(values)
        while at:
            for _, letter in self.fields[at]:
                body += self.value(letter, values.pop(0))
            at = self.supers[at]
        self.body += (b"\x21" + self.id(id) + bytes(4) + self.id(class_id) +
                      struct.pack(">I", len(body)) + body)

    def objects(self, id, class_id, *elements):
        self.body += (b"\x22" + self.id(id) + struct.pack(">II", 0, len(elements)) +
                      self.id(class_id) + b"".join(map(self.id, elements)))

    def array(self, id, letter, values):
        self.body += (b"\x23" + self.id(id) + struct.pack(">IIB", 0, len(values), TYPES[letter]) +
                      struct.pack(">%d%s" % (len(values), FORMATS[letter]), *values))

    def root(self, tag, id, *numbers, more=b""):
        self.body += bytes([tag]) + self.id(id) + more + struct.pack(">%dI" % len(numbers),
                                                                    *numbers)

    def segment(self, tag=0x1c, length=None):
        self.record(tag, bytes(self.body), length)
        self.body.clear()

    def write(self, name, end=True):
        if self.body:
            self.segment()
        if end:
            self.record(0x2c, b"")
        path = os.path.join(WORK, name)
        with open(path, "wb") as f:
            f.write(self.bytes)
        return path


OBJECT, CLASS, STRING = 0x100, 0x108, 0x110


def basic(version=2, id_size=8):
    d = Dump(version, id_size)
    d.a_class(OBJECT, "java/lang/Object")
    d.a_class(CLASS, "java/lang/Class", OBJECT)
    return d


# Bytes of a reference, of the header, and of an array's.
JVM_LAYOUTS = ((4, 12, 16), (8, 16, 24), (8, 12, 16), (4, 8, 12), (8, 8, 12), (4, 16, 24),
               (4, 16, 20), (8, 16, 20))


def packed(alignment, ref, header, array):
    """Objects side by side as a JVM of that layout has them after a collection, and the bytes
    of each type. Most are arrays that leave 8 bytes or more unused where the alignment is above 8:
    a layout with longer headers would fill them. A module has a pointer that no field shows."""
    def up(n, to):
        return -(-n // to) * to
    d, at, want = Dump(), 0x100000, {}
    d.a_class(0x1000, "java/lang/Object")
    d.a_class(0x1100, "app/Small", 0x1000, [("x", "B")])
    d.a_class(0x1200, "app/Mixed", 0x1000, [("a", "L"), ("n", "I"), ("j", "J")])
    d.a_class(0x1300, "[Ljava/lang/Object;", 0x1000)
    longs = 1 if header == 8 else 2
    d.a_class(0x1400, "java/lang/Module", 0x1000, [("ab"[i], "J") for i in range(longs)])
    mixed, short = up(header + 12, ref) + ref, 2 if up(array + 8, 8) % 16 else 4
    for n in range(300):
        for _ in range(16):
            d.array(at, "I", [0] * short)
            at += up(array + 4 * short, alignment)
        for name, size, add in (
                ("app.Small", header + 1, lambda: d.instance(at, 0x1100, 1)),
                ("byte[]", array + n, lambda: d.array(at, "B", [0] * n)),
                ("java.lang.Module", up(header, 8) + 8 * longs + 8,
                 lambda: d.instance(at, 0x1400, *[1] * longs)),
                ("app.Mixed", mixed, lambda: d.instance(at, 0x1200, 0, 1, 2)),
                ("java.lang.Object[]", up(array, ref) + n % 70 * ref,
                 lambda: d.objects(at, 0x1300, *[0] * (n % 70))),
                ("long[]", up(array, 8) + n % 9 * 8, lambda: d.array(at, "J", [0] * (n % 9)))):
            add()
            at += up(size, alignment)
            want[name] = want.get(name, 0) + up(size, alignment)
    want["int[]"] = 16 * 300 * up(array + 4 * short, alignment)
    return d, want


def run(command, *arguments):
    return subprocess.run([os.path.join(TOOLS, command), *arguments], capture_output=True,
                          text=True, timeout=300)


def load(path, *options):
    out = path + ".db"
    done = run("snapload", "-q", "-f", *options, path, "-o", out)
    if done.returncode:
        raise AssertionError(done.stderr)
    return sqlite3.connect(out)


def one(db, sql):
    return db.execute(sql).fetchone()


def warnings(db):
    """Those about the file; others follow from them."""
    return db.execute("SELECT offset, message FROM warning WHERE offset IS NOT NULL"
                      " ORDER BY 1").fetchall()


class Made(unittest.TestCase):
    def test_id_sizes(self):
        for id_size in (4, 8):
            for version in (1, 2):
                d = basic(version, id_size)
                d.a_class(0x120, "app/Pair", OBJECT, [("a", "L"), ("n", "I"), ("b", "L")])
                d.root(0xff, 0x1000)
                d.instance(0x1000, 0x120, 0x1020, 7, 0x1040)
                d.objects(0x1020, 0x120, 0, 0x1040)
                d.array(0x1040, "J", [1, 2, 3])
                d.segment(0x0c if version == 1 else 0x1c)
                db = load(d.write("ids.hprof"))
                self.assertEqual(
                    db.execute("SELECT address, type, label FROM objects WHERE address >= 0x1000"
                               " ORDER BY 1").fetchall()[0][:2], (0x1000, "app.Pair"))
                self.assertEqual(
                    [row for row in db.execute("SELECT label FROM refs WHERE source_type NOT LIKE"
                                               " 'java%' AND kind <> 'type' ORDER BY 1")],
                    [(".a",), (".b",), ("[1]",)])
                self.assertEqual(one(db, "SELECT value FROM label WHERE 0"), None)
                sizes = dict(db.execute("SELECT key, value FROM metadata"))
                self.assertEqual(sizes["size.header"], "8" if id_size == 4 else "12")
                self.assertEqual(warnings(db), [])

    def test_layouts(self):
        """Every layout at every alignment, of a heap without a gap: each object has the size that
        its neighbour's address shows."""
        for alignment in (8, 16, 32, 64, 128, 256):
            for ref, header, array in JVM_LAYOUTS:
                with self.subTest((alignment, ref, header, array)):
                    d, want = packed(alignment, ref, header, array)
                    done = run("snapinfo", "--json", "--types", d.write("layout.hprof"))
                    entry, = json.loads(done.stdout)["files"]
                    got = {row["type"]: row["shallow_size"] for row in entry["types"]["rows"]}
                    self.assertEqual({name: got.get(name) for name in want}, want)
        db = load(packed(16, 4, 8, 12)[0].write("layout.hprof"))
        facts = dict(db.execute("SELECT key, value FROM metadata WHERE key LIKE 'size.%'"))
        self.assertEqual(facts, {"size.model": "jvm-layout", "size.reference": "4",
                                 "size.header": "8", "size.alignment": "16",
                                 "size.inferred": "distances of objects"})

    def test_doubtful_layout(self):
        """Where addresses leave a choice, or tell nothing, a warning and the metadata say so."""
        for apart, step, inferred, warned in (
                (40, 16, "distances of objects", []),
                (64, 16, "distances of objects: several layouts fit", ["several layouts fit"]),
                (64, -80, "nothing: the usual ones", ["of a usual JVM"])):
            d = basic()
            d.a_class(0x120, "app/Small", OBJECT, [("x", "B")])
            d.a_class(0x128, "app/Holder", OBJECT, [(name, "L") for name in "abc"])
            at = 0x100000
            for n in range(100):
                d.instance(at, 0x120, n)
                at += step
            for n in range(10):
                d.instance(at, 0x128, 0, 0, 0)
                at += apart if step > 0 else step
            path = d.write("doubt.hprof")
            for command in (("snapload", "-f", path, "-o", path + ".db"),
                            ("snapinfo", "--types", path),
                            ("snapconvert", "-f", path, path + ".snap")):
                done = run(*command)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual("sizes of its objects" in done.stderr, warned != [], done.stderr)
            db = sqlite3.connect(path + ".db")
            said = db.execute("SELECT message FROM warning WHERE message LIKE 'sizes of %'")
            said = [message for message, in said]
            self.assertEqual(len(said), len(warned), said)
            self.assertIn("".join(warned), "".join(said))
            self.assertEqual(one(db, "SELECT value FROM metadata WHERE key = 'size.inferred'"),
                             (inferred,))
            self.assertEqual(one(db, "SELECT complete FROM snapshot"), (1,))

    def test_android(self):
        """Every sub-record that Android adds; sizes are as the dump states them."""
        d = basic(3, 4)
        d.a_class(0x120, "app/View", OBJECT, [("next", "L")], size=20)
        d.body += b"\xfe" + struct.pack(">I", 80) + d.id(d.name("app"))
        kinds = {0x89: "interned", 0x8a: "finalizing", 0x8b: "debugger", 0x8c: "runtime",
                 0x8d: "runtime", 0x90: "unreachable", 0x07: "monitor", 0x05: "type",
                 0x01: "native_global", 0xff: "unknown", 0x8e: "monitor", 0x04: "native_stack",
                 0x06: "thread_block", 0x08: "thread", 0x02: "native_local", 0x03: "local"}
        more = {0x01: d.id(9)}
        numbers = {0x8e: (1, 0), 0x04: (1,), 0x06: (1,), 0x08: (1, 0), 0x02: (1, 0), 0x03: (1, 0)}
        for i, tag in enumerate(kinds):
            d.root(tag, 0x1000 + 32 * i, *numbers.get(tag, ()), more=more.get(tag, b""))
        for i in range(len(kinds)):
            d.instance(0x1000 + 32 * i, 0x120, 0)
        d.body += b"\xc3" + d.id(0x4000) + struct.pack(">IIB", 0, 100, TYPES["B"])
        d.root(0x8d, 0x4000)
        db = load(d.write("android.hprof"))
        self.assertEqual(warnings(db), [])
        got = dict(db.execute("SELECT o.address, r.kind FROM roots r JOIN object o ON o.id ="
                              " r.object_id"))
        for i, (tag, kind) in enumerate(kinds.items()):
            self.assertEqual(got[0x1000 + 32 * i], kind, hex(tag))
        self.assertEqual(one(db, "SELECT count(*), min(shallow_size), max(shallow_size)"
                                 " FROM objects WHERE type = 'app.View'"), (len(kinds), 24, 24))
        self.assertEqual(one(db, "SELECT o.type, d.length FROM objects o JOIN detail d ON"
                                 " d.object_id = o.id WHERE o.address = 0x4000"), ("byte[]", 100))
        facts = dict(db.execute("SELECT key, value FROM metadata"))
        self.assertEqual(facts["size.model"], "reported")
        done = run("snapinfo", "--json", "--types", os.path.join(WORK, "android.hprof"))
        entry, = json.loads(done.stdout)["files"]
        self.assertEqual((entry["taken_as"], entry["complete"]), ("a Java heap dump (HPROF)", True))
        self.assertEqual({row["type"]: (row["objects"], row["shallow_size"])
                          for row in entry["types"]["rows"]},
                         {name: (n, size) for name, n, size in db.execute(
                             "SELECT name, n + n_garbage, shallow_size + garbage_size FROM type"
                             " WHERE n + n_garbage > 0 AND object_id IS NOT NULL"
                             " OR name = 'byte[]'")})

    def test_several_roots(self):
        d = basic()
        for tag in (0xff, 0x05, 0x07):
            d.root(tag, CLASS)
        db = load(d.write("roots.hprof"))
        self.assertEqual(db.execute("SELECT r.kind FROM roots r JOIN object o ON o.id = r.object_id"
                                    " WHERE o.address = ? ORDER BY 1", (CLASS,)).fetchall(),
                         [("monitor",), ("type",), ("unknown",)])

    def test_references(self):
        d = basic()
        d.a_class(0x120, "java/lang/ref/Reference", OBJECT, [("referent", "L"), ("next", "L")])
        kinds = dict(Soft="soft", Weak="weak", Phantom="phantom", Final="weak")
        for i, name in enumerate(kinds):
            d.a_class(0x130 + 16 * i, "java/lang/ref/%sReference" % name, 0x120)
            d.a_class(0x230 + 16 * i, "app/%s" % name, 0x130 + 16 * i, [("more", "I")])
            d.instance(0x1000 + 64 * i, 0x230 + 16 * i, 5, 0x2000 + 64 * i, 0)
            d.instance(0x2000 + 64 * i, OBJECT)
            d.root(0xff, 0x1000 + 64 * i)
        d.instance(0x1800, 0x260, 5, 0x2800, 0x1800)  # waits for its finalizer to run
        d.instance(0x2800, OBJECT)
        d.root(0xff, 0x1800)
        db = load(d.write("references.hprof"))
        got = {address: kind for address, kind in db.execute(
            "SELECT o.address, r.kind FROM refs r JOIN object o ON o.id = r.source_id"
            " WHERE r.name = 'referent'")}
        want = {0x1000 + 64 * i: kind for i, kind in enumerate(kinds.values())}
        want[0x1800] = "finalizer"
        self.assertEqual(got, want)
        live = one(db, "SELECT live_root_id, garbage_root_id FROM snapshot")
        alive = {address for address, in db.execute(
            "SELECT address FROM object WHERE id > ? AND id < ?", live)}
        self.assertEqual([address in alive for address in (0x2000, 0x2040, 0x2080, 0x2800)],
                         [True, False, False, True])

    def values(self, name, *options):
        d = basic()
        d.a_class(STRING, "java/lang/String", OBJECT, [("value", "L"), ("coder", "B")])
        d.a_class(0x120, "app/Base", OBJECT, [("flag", "Z"), ("ref", "L"), ("ratio", "D")])
        d.a_class(0x130, "app/Item", 0x120, [("n", "I"), ("big", "J"), ("f", "F"), ("c", "C")])
        d.a_class(0x140, "java/util/ArrayList", OBJECT, [("elementData", "L"), ("size", "I")])
        d.instance(0x1000, 0x130, -5, 1 << 40, 0.5, 65, True, 0x1000, 1.25)
        d.instance(0x1100, STRING, 0x1140, 0)
        d.array(0x1140, "B", list(b"top secret"))
        wide = "w\u00efde \u4e2d \U0001f600".encode("utf-16-le")
        d.array(0x1180, "B", [b - 256 if b > 127 else b for b in wide])
        d.instance(0x11c0, STRING, 0x1180, 1)
        d.array(0x1200, "B", [0, 1, -1])
        d.array(0x1240, "C", [0x68, 0x69, 0xd83d, 0xde00, 0xd800])
        d.array(0x1280, "I", list(range(1000)))
        d.instance(0x1300, 0x140, 0, 12)
        d.array(0x1340, "B", list(b"top secret"))
        for at in range(0x1000, 0x1380, 0x40):
            d.root(0xff, at)
        return load(d.write(name), *options)

    def test_values(self):
        db = self.values("values.hprof", "--values")
        value = dict(db.execute("SELECT o.address, d.value FROM detail d JOIN object o ON"
                                " o.id = d.object_id"))
        self.assertEqual(value[0x1000], "n=-5, big=1099511627776, f=0.5, c=65, flag=true,"
                                        " ratio=1.25")
        self.assertEqual(value[0x1140], "top secret")
        self.assertEqual(value[0x1180], "w\u00efde \u4e2d \U0001f600")
        self.assertEqual(value[0x1200], "0x0001ff")
        self.assertEqual(value[0x1240], "hi\U0001f600\ufffd")
        self.assertTrue(value[0x1280].startswith("0, 1, 2, 3") and value[0x1280].endswith("..."))
        self.assertLess(len(value[0x1280]), 1040)

    def test_no_values(self):
        """Only what a collection counts, and hashes that tell no content, unless asked for."""
        db = self.values("novalues.hprof")
        self.assertEqual(one(db, "SELECT count(value) FROM detail"), (0,))
        self.assertEqual(one(db, "SELECT value FROM metadata WHERE key = 'values'"), ("no",))
        detail = {address: rest for address, *rest in db.execute(
            "SELECT o.address, d.length, d.content_hash FROM detail d JOIN object o ON"
            " o.id = d.object_id")}
        self.assertEqual(detail[0x1300], [12, None])
        self.assertEqual(detail[0x1140], detail[0x1340])
        self.assertNotEqual(detail[0x1140][1], detail[0x1200][1])
        self.assertNotIn(0x1000, detail)
        with open(os.path.join(WORK, "novalues.hprof.db"), "rb") as f:
            self.assertFalse(b"top secret" in f.read())

    def test_thread_names(self):
        """The text of the object's field, whichever comes first in the file: of a String with bytes
        or chars, one that several threads share, or an array of chars; none where there is none."""
        wide = "\u0431\u0435\U0001f680"
        for id_size, order in (4, 1), (4, -1), (8, 1), (8, -1):
            d = basic(id_size=id_size)
            d.a_class(STRING, "java/lang/String", OBJECT, [("value", "L"), ("coder", "B")])
            d.a_class(0x200, "java/lang/Thread", OBJECT, [("tid", "J"), ("name", "L")])
            d.a_class(0x208, "app/Worker", 0x200, [("name", "L"), ("n", "I")])
            d.segment()
            things = [lambda i=i, name=name: d.instance(0x1000 + 8 * i, 0x200, i, name)
                      for i, name in enumerate((0x2000, 0x2008, 0x3010, 0, 0x2010, 0x2018))]
            things.append(lambda: d.instance(0x1030, 0x208, 0x2008, 5, 2, 0x2000))
            things += [lambda i=i, coder=coder: d.instance(0x2000 + 8 * i, STRING,
                                                           (0x3000, 0x3008, 0x9999, 0x3018)[i], coder)
                       for i, coder in enumerate((0, 1, 0, 0))]
            things += [lambda: d.array(0x3000, "B", [112, 111, 111, 108, 45, -4]),
                       lambda: d.array(0x3008, "B", [b - 256 * (b > 127)
                                                     for b in wide.encode("utf-16-le")]),
                       lambda: d.array(0x3010, "C", [111, 108, 100]),
                       lambda: d.array(0x3018, "B", [120] * 5000)]
            for i in range(7):
                d.root(0x08, 0x1000 + 8 * i, i + 1, 0xffffffff)
            for thing in things[::order]:
                thing()
            db = load(d.write("threads.hprof"))
            got = db.execute("SELECT runtime_id, name FROM threads ORDER BY 1").fetchall()
            self.assertEqual(got, [(1, "pool-\xfc"), (2, wide), (3, "old"), (4, None), (5, None),
                                   (6, "x" * 256), (7, "pool-\xfc")])
            self.assertEqual(warnings(db), [])

    def test_cut(self):
        """The warning tells the offset, and how much of the record is there."""
        d = basic()
        d.a_class(0x120, "app/Pair", OBJECT, [("a", "L")])
        for i in range(100):
            d.root(0xff, 0x1000 + 32 * i)
            d.instance(0x1000 + 32 * i, 0x120, 0)
        path = d.write("cut.hprof", end=False)
        size = os.path.getsize(path)
        os.truncate(path, size - 1000)
        db = load(path)
        (offset, message), = warnings(db)
        self.assertEqual(offset, size - 1000)
        self.assertRegex(message, r"^the file ends early: of its last record, (\d+) of (\d+) bytes")
        self.assertEqual(one(db, "SELECT complete FROM snapshot"), (0,))
        self.assertIn(one(db, "SELECT count(*) FROM objects WHERE type = 'app.Pair'")[0],
                      range(70, 95))

    def test_cut_between_records(self):
        """Nothing of a record is missing, but the heap, or what closes it, is."""
        d = basic()
        d.instance(0x1000, OBJECT)
        path = d.write("whole.hprof")
        self.assertEqual(one(load(path), "SELECT complete FROM snapshot"), (1,))
        with open(path, "rb") as f:
            data = f.read()
        starts, at = [], data.index(0) + 13
        while at < len(data):
            starts.append(at)
            at += 9 + struct.unpack(">I", data[at + 5:at + 9])[0]
        for i, at in enumerate(starts):
            with open(os.path.join(WORK, "between.hprof"), "wb") as f:
                f.write(data[:at])
            db = load(f.name)
            self.assertEqual(one(db, "SELECT complete FROM snapshot"), (0,))
            (offset, message), = warnings(db)
            self.assertEqual(offset, at)
            self.assertEqual(message, "the file ends early: " + (
                "the record that closes the heap is not there" if i == len(starts) - 1 else
                "there is no heap in it"))
        one_record = basic()
        one_record.instance(0x1000, OBJECT)
        one_record.segment(tag=0x0c)
        db = load(one_record.write("old.hprof", end=False))
        self.assertEqual(one(db, "SELECT complete FROM snapshot"), (1,))

    def test_garbage_is_no_growth(self):
        """The serial and parallel collectors fill gaps with arrays that nothing refers to."""
        def dump(name, live, garbage):
            d = basic()
            d.root(0xff, 0x1000)
            d.array(0x1000, "B", [0] * live)
            for i in range(garbage):
                d.array(0x800000 + i * 0x100000, "I", [0] * 50000)
            return d.write(name)

        def verdict(*paths):
            done = run("snapdiff", "-q", "--json", *paths)
            self.assertEqual(done.returncode, 0, done.stderr)
            document = json.loads(done.stdout)
            return document["verdict"], document["owners"]

        still, filled = dump("still.hprof", 100, 0), dump("filled.hprof", 100, 20)
        self.assertEqual(verdict(still, filled)[0]["kind"], "no-growth")
        said, owners = verdict(still, dump("both.hprof", 300000, 20))
        self.assertEqual(said["kind"], "managed-growth")
        self.assertNotIn("garbage", said["sentence"])
        self.assertEqual([row["kind"] for row in owners][-1], "garbage")
        self.assertGreater(owners[-1]["retained_delta"], owners[0]["retained_delta"])

    def test_damage(self):
        """A sub-record without sense costs its segment, not the next one."""
        d = basic()
        d.segment()
        d.root(0xff, 0x1000)
        d.instance(0x1000, OBJECT)
        at = len(d.bytes) + 9 + len(d.body)
        d.body += b"\x77" + bytes(50)
        d.segment()
        d.instance(0x1040, OBJECT)
        d.root(0xff, 0x1040)
        db = load(d.write("damage.hprof"))
        (offset, message), = warnings(db)
        self.assertEqual(offset, at)
        self.assertIn("51 of the segment's", message)
        self.assertEqual(one(db, "SELECT count(*) FROM object WHERE address IN (0x1000, 0x1040)"),
                         (2,))

    def test_unfinished_segment(self):
        d = basic()
        d.root(0xff, 0x1000)
        d.instance(0x1000, OBJECT)
        d.segment(length=0)
        db = load(d.write("unfinished.hprof", end=False))
        self.assertEqual(one(db, "SELECT count(*) FROM object WHERE address = 0x1000"), (1,))
        self.assertEqual(len(warnings(db)), 1)

    def test_beyond_4_gib(self):
        """Records whose length does not fit: a file with holes."""
        d = basic(1)
        d.root(0xff, 0x1000)
        many = (1 << 32) // 8 + 4096
        d.body += b"\x23" + d.id(0x1000) + struct.pack(">IIB", 0, many, TYPES["J"])
        tail = basic(1)
        tail.names, tail.body = dict(d.names), bytearray()
        tail.root(0xff, 0x40000000000)
        tail.instance(0x40000000000, OBJECT)
        length = len(d.body) + 8 * many + len(tail.body)
        head = bytes(d.body)
        d.record(0x0c, head, length & 0xffffffff)
        path = os.path.join(WORK, "huge.hprof")
        with open(path, "wb") as f:
            f.write(d.bytes)
            f.seek(8 * many, os.SEEK_CUR)
            f.write(tail.body)
        try:
            db = load(path, "--summary")
            self.assertEqual(warnings(db), [])
            self.assertEqual(one(db, "SELECT shallow_size FROM object WHERE address = 0x1000"),
                             (8 * many + 16,))
            self.assertEqual(one(db, "SELECT count(*) FROM object WHERE address = 0x40000000000"),
                             (1,))
        finally:
            os.unlink(path)


if __name__ == "__main__":
    os.makedirs(WORK, exist_ok=True)
    unittest.main(argv=sys.argv[:1], verbosity=2)
