# SPDX-License-Identifier: MIT
"""A Java program with a bit of everything, and dumps of it, for the tests of real JVMs."""

import os
import shutil
import sqlite3
import subprocess

JDK = ("javac", "java", "jcmd", "jmap")

PROGRAM = """
import java.lang.ref.*;
import java.util.*;

public class Prog {
    static class Base { byte b; Object baseRef; }
    static class Odd extends Base { byte c; long d; Object own; }
    static class Leaf extends Odd { boolean z; short s; }
    static class Node { int value; Node next; Node(int v, Node n) { value = v; next = n; } }
    static class Payload { final byte[] bytes; Payload(int n) { bytes = new byte[n]; } }
    @SuppressWarnings("removal")
    static class Fin { Object held = new int[7]; protected void finalize() { held = null; } }
    static Node list;
    static final Map<String, Payload> registry = new HashMap<>();
    static final List<Object> objects = new ArrayList<>();
    static Object[] sparse = new Object[1000];
    static WeakReference<Payload> weak;
    static SoftReference<Payload> soft;
    static PhantomReference<Payload> phantom;
    static long[] longs = new long[11];
    static double[][] grid = new double[3][5];

    static class Worker extends Thread {
        public void run() {
            Payload local = new Payload(4711);
            synchronized (local) {
                try { Thread.sleep(1000000); } catch (InterruptedException e) { }
            }
            if (local.bytes[0] == 1) System.out.println(local);
        }
    }

    public static void main(String[] args) throws Exception {
        for (int i = 0; i < 1000; i++) list = new Node(i, list);
        for (int i = 0; i < 100; i++) registry.put("secret-key-" + i, new Payload(100 + i));
        for (int i = 0; i < 50; i++) {
            objects.add(new Leaf()); objects.add(new Odd()); objects.add(new Base());
        }
        sparse[3] = new Payload(3); sparse[997] = sparse[3];
        weak = new WeakReference<>(new Payload(5));
        soft = new SoftReference<>(new Payload(6));
        phantom = new PhantomReference<>(registry.get("secret-key-1"), null);
        for (int i = 0; i < 5; i++) objects.add(new Fin());
        Worker worker = new Worker();
        worker.setDaemon(true);
        worker.start();
        Thread.sleep(300);
        System.out.println("ready");
        System.out.flush();
        System.in.read();
    }
}
"""

def run(*argv, **kw):
    return subprocess.run(argv, check=True, capture_output=True, text=True, **kw).stdout


class Program:
    """A Java program that waits, once its first line of output is there."""

    def __init__(self, work, name, *arguments, options=()):
        self.process = subprocess.Popen(
            ["java", "-Xshare:auto", *options, "-cp", work, name, *arguments], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError(name + " does not run")
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def dump(self, path, *options):
        if os.path.exists(path):
            os.unlink(path)
        run("jcmd", str(self.pid), "GC.heap_dump", *options, path)


def compile_java(work, name, source):
    path = os.path.join(work, name + ".java")
    with open(path, "w") as f:
        f.write(source)
    run("javac", "-nowarn", "-d", work, path)


def no_jdk():
    """A sentence where a command of the JDK is missing."""
    if not all(map(shutil.which, JDK)):
        return "SKIP: no JDK here: " + ", ".join(JDK)
    return None


def load(tools, work, path, *options):
    """The database of a dump."""
    database = os.path.join(work, os.path.basename(path) + ".db")
    run(os.path.join(tools, "snapload"), "-q", "--force", *options, path, "-o", database)
    return sqlite3.connect(database)
