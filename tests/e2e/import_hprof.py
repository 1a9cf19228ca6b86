# SPDX-License-Identifier: MIT
"""Dumps of a real JVM, compared with what the JVM itself says.

    import_hprof.py TOOLS WORK

TOOLS: the folder of the commands. WORK: a folder for what is made. Without a JDK (javac, java,
jcmd, jmap) the test is skipped, aloud. The program waits while it is dumped, and a class histogram
of the JVM is taken before and after: what both histograms agree on must be in the dump, count and bytes.
"""

import gzip
import json
import os
import re
import shutil
import sys
import unittest
import zipfile

import jvm_support
from jvm_support import run

TOOLS, WORK = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])

BUFFERS = """
import java.lang.management.*;
import java.nio.*;
import java.nio.channels.FileChannel;
import java.nio.file.*;
import java.util.*;

public class Buffers {
    static final List<ByteBuffer> own = new ArrayList<>(), shown = new ArrayList<>();
    static ByteBuffer mapped;

    public static void main(String[] args) throws Exception {
        for (int i = 0; i < 20; i++) own.add(ByteBuffer.allocateDirect(100_000 + i));
        ByteBuffer part = ByteBuffer.allocateDirect(70_000);
        for (int i = 0; i < 5; i++) { shown.add(part.slice()); shown.add(part.asReadOnlyBuffer()); }
        Path file = Files.createTempFile("buffers", ".tmp");
        try (FileChannel c = FileChannel.open(file, StandardOpenOption.READ,
                                              StandardOpenOption.WRITE)) {
            mapped = c.map(FileChannel.MapMode.READ_WRITE, 0, 50_000);
        }
        Files.delete(file);
        System.out.println("ready");
        for (BufferPoolMXBean pool : ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class))
            if (pool.getName().equals("direct"))
                System.out.println(pool.getCount() + " " + pool.getTotalCapacity());
        System.out.flush();
        System.in.read();
    }
}
"""

PRIMITIVES = dict(B="byte", C="char", D="double", F="float", I="int", J="long", S="short",
                  Z="boolean")


def readable(name):
    depth = len(name) - len(name.lstrip("["))
    word = name[depth:]
    if depth:
        word = PRIMITIVES[word] if word in PRIMITIVES else word[1:-1]
    return word + "[]" * depth


def histogram(pid):
    rows = re.findall(r"^\s*\d+:\s+(\d+)\s+(\d+)\s+(\S+)", run("jmap", "-histo:live", str(pid)),
                      re.M)
    return {readable(name): (int(n), int(size)) for n, size, name in rows}


def load(path, *options):
    return jvm_support.load(TOOLS, WORK, path, *options)


def counted(path):
    """What a single pass without a database finds."""
    answer = run(os.path.join(TOOLS, "snapinfo"), "-q", "--json", "--types", path)
    return {row["type"]: (row["objects"], row["shallow_size"])
            for row in json.loads(answer)["files"][0]["types"]["rows"]}


def totals(db):
    return db.execute("SELECT n_objects, n_refs, n_roots, live_size, garbage_size, complete"
                      " FROM snapshot").fetchone()


class Dumps:
    """The program under one set of options, dumped plain and with gzip between two histograms."""

    def __init__(self, name, *options):
        self.plain = os.path.join(WORK, name + ".hprof")
        self.packed = os.path.join(WORK, name + ".hprof.gz")
        with jvm_support.Program(WORK, "Prog", options=options) as program:
            histogram(program.pid)  # what the attaching itself allocates is there from now on
            self.before = histogram(program.pid)
            program.dump(self.plain)
            self.after = histogram(program.pid)
            program.dump(self.packed, "-gz=1")
        self.db = load(self.plain)

    def types(self):
        return {name: (n, size) for name, n, size in self.db.execute(
            "SELECT name, sum(n + n_garbage), sum(shallow_size + garbage_size) FROM type"
            " GROUP BY name")}


class Java(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        jvm_support.compile_java(WORK, "Prog", jvm_support.PROGRAM)
        cls.dumps = Dumps("serial", "-XX:+UseSerialGC")

    def check_histogram(self, dumps):
        types, differing = dumps.types(), []
        self.assertEqual(counted(dumps.plain), {k: v for k, v in types.items() if v[0]})
        same = {k: v for k, v in dumps.before.items() if dumps.after.get(k) == v}
        for name, want in same.items():
            got = types.get(name)
            # The JVM names hidden classes otherwise; sizes of classes are not all in a dump.
            if "Lambda" in name or name == "java.lang.Class" or got == want:
                continue
            differing.append((name, want, got))
            self.assertFalse(name.startswith("Prog") and not name.startswith("Prog$Worker"),
                             differing[-1])
            self.assertFalse(name.endswith("[]"), differing[-1])
        self.assertGreater(len(same), 150)
        # Threads with fields of their own (behind padding), and what reflection made meanwhile.
        self.assertLessEqual(len(differing), 12, differing)

    def test_histogram(self):
        self.check_histogram(self.dumps)

    def test_other_layouts(self):
        for name, *options in (("plain-refs", "-XX:-UseCompressedOops", "-XX:+UseSerialGC"),
                               ("plain-classes", "-XX:-UseCompressedClassPointers",
                                "-XX:+UseSerialGC"),
                               ("parallel", "-XX:+UseParallelGC"),
                               ("aligned", "-XX:ObjectAlignmentInBytes=16", "-XX:+UseSerialGC")):
            with self.subTest(name):
                self.check_histogram(Dumps(name, *options))

    def test_wrappers(self):
        self.assertEqual(load(self.dumps.packed).execute(
            "SELECT sum(n) FROM type WHERE name LIKE 'Prog$%'").fetchone(),
            self.dumps.db.execute(
            "SELECT sum(n) FROM type WHERE name LIKE 'Prog$%'").fetchone())
        want = totals(self.dumps.db)
        zipped = os.path.join(WORK, "dump.zip")
        with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as z:
            z.write(self.dumps.plain, "dump.hprof")
        members = os.path.join(WORK, "members.gz")
        with open(self.dumps.plain, "rb") as f, open(members, "wb") as out:
            while piece := f.read(1000003):
                out.write(gzip.compress(piece, 1))
        for path in (zipped, members):
            self.assertEqual(totals(load(path)), want)

    def test_model(self):
        db, one = self.dumps.db, lambda sql: self.dumps.db.execute(sql).fetchone()
        kinds = dict(db.execute("SELECT target_type, kind FROM (SELECT r.kind AS kind,"
                                " t.name || ' ' || s.name AS target_type FROM refs r"
                                " JOIN object a ON a.id = r.source_id JOIN type s"
                                " ON s.id = a.type_id JOIN object b ON b.id = r.target_id"
                                " JOIN type t ON t.id = b.type_id WHERE r.name = 'referent'"
                                " AND t.name LIKE 'Prog$%')"))
        self.assertEqual(kinds.get("Prog$Payload java.lang.ref.SoftReference"), "soft")
        self.assertEqual(kinds.get("Prog$Payload java.lang.ref.PhantomReference"), "phantom")
        self.assertEqual(kinds.get("Prog$Fin java.lang.ref.Finalizer"), "weak")
        self.assertEqual(one("SELECT count(*) FROM refs WHERE name = 'list' AND kind = 'static'"),
                         (1,))
        # A list of 1000 nodes: the first retains all of them.
        self.assertEqual(one("SELECT max(o.retained_size) FROM object o JOIN type t ON t.id ="
                             " o.type_id WHERE t.name = 'Prog$Node'"), (24000,))
        # The worker's local variable, by thread and frame.
        self.assertEqual(one("SELECT count(*) > 0 FROM roots WHERE kind = 'local' AND type ="
                             " 'Prog$Payload' AND function = 'Prog$Worker.run'"), (1,))
        self.assertEqual(one("SELECT count(*) FROM string WHERE text LIKE '%secret-key%'"), (0,))
        # Every thread by the name that it has in the program.
        names = {name for name, in db.execute("SELECT name FROM threads")}
        self.assertNotIn(None, names)
        self.assertLessEqual({"main", "Thread-0", "Finalizer", "Reference Handler"}, names)

    def test_native_memory(self):
        """Buffers outside the heap have the memory that the JVM says they have, once each."""
        jvm_support.compile_java(WORK, "Buffers", BUFFERS)
        path = os.path.join(WORK, "buffers.hprof")
        with jvm_support.Program(WORK, "Buffers", options=("-XX:+UseSerialGC",)) as program:
            count, size = map(int, program.process.stdout.readline().split())
            program.dump(path)
        self.assertGreaterEqual(count, 21)
        db = load(path)
        self.assertEqual(db.execute("SELECT count(*), sum(o.native_size), min(t.name), max(t.name)"
                                    " FROM object o JOIN type t ON t.id = o.type_id"
                                    " WHERE o.native_size > 0").fetchone(),
                         (count, size, *("java.nio.DirectByteBuffer",) * 2))
        # The list that has them, by the name of its variable.
        held = db.execute("SELECT o.retained_native FROM refs r JOIN object o ON o.id = r.target_id"
                          " WHERE r.name = 'own' AND r.kind = 'static'").fetchall()
        self.assertEqual(held, [(sum(100_000 + i for i in range(20)),)])

    def test_cut(self):
        size = os.path.getsize(self.dumps.plain)
        path = os.path.join(WORK, "cut.hprof")
        shutil.copy(self.dumps.plain, path)
        for part in (0.95, 0.7, 0.4):
            os.truncate(path, int(size * part))
            db = load(path)
            self.assertEqual(db.execute("SELECT complete, n_garbage FROM snapshot").fetchone(),
                             (0, 0))
            self.assertIn("the file ends", " ".join(
                text for text, in db.execute("SELECT message FROM warning")))


if __name__ == "__main__":
    os.makedirs(WORK, exist_ok=True)
    if jvm_support.no_jdk():
        print(jvm_support.no_jdk())
        sys.exit(77)
    unittest.main(argv=sys.argv[:1], verbosity=2)
