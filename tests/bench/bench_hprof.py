# SPDX-License-Identifier: MIT
"""A Java heap dump of ten million objects to every retained size, and counted by class: CPU, time and
memory of snapload and of snapinfo --types, beside hprof-slurp where it is on the path (cargo install
hprof-slurp).

    bench_hprof.py SNAPLOAD FOLDER [NODES]

The dump is made by the JDK on the path (javac, java, jcmd) and kept in FOLDER for the next run.
"""

import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import measure

PROGRAM = """
import java.util.*;

public class Big {
    static class Node {
        int value; Node next; Object o;
        Node(int v, Node n) { value = v; next = n; o = (v & 3) == 0 ? new byte[16] : null; }
    }
    static Object[] lists = new Object[1000];
    static Map<Integer, String> map = new HashMap<>();

    public static void main(String[] a) throws Exception {
        int n = Integer.parseInt(a[0]);
        for (int i = 0; i < n; i++) lists[i % 1000] = new Node(i, (Node) lists[i % 1000]);
        for (int i = 0; i < n / 5; i++) map.put(i, "value-" + i);
        System.out.println("ready");
        System.out.flush();
        System.in.read();
    }
}
"""


def make(folder, nodes):
    dump = os.path.join(folder, f"big-{nodes}.hprof")
    if os.path.exists(dump):
        return dump
    with open(os.path.join(folder, "Big.java"), "w") as f:
        f.write(PROGRAM)
    subprocess.run(["javac", "-d", folder, os.path.join(folder, "Big.java")], check=True)
    process = subprocess.Popen(["java", "-Xmx3g", "-XX:+UseParallelGC", "-cp", folder, "Big",
                                str(nodes)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    subprocess.run(["jcmd", str(process.pid), "GC.heap_dump", os.path.abspath(dump)], check=True,
                   stdout=subprocess.DEVNULL)
    process.kill()
    process.wait()
    return dump


def show(name, argv):
    r = measure.run(argv)
    print(f"{name:28} {r.cpu:6.2f} CPU s {r.wall:6.2f} s {r.peak:6.0f} MiB  exit {r.status}", flush=True)


def main():
    snapload, folder = sys.argv[1], sys.argv[2]
    os.makedirs(folder, exist_ok=True)
    dump = make(folder, sys.argv[3] if len(sys.argv) > 3 else "5000000")
    database = os.path.join(folder, "big.db")
    print(dump, os.path.getsize(dump), "bytes")
    for name, options in (("snapload --summary", ["--summary"]), ("snapload", [])):
        show(name, [snapload, "-q", "--force", *options, dump, "-o", database])
    os.unlink(database)
    snapinfo = os.path.join(os.path.dirname(os.path.abspath(snapload)), "snapinfo")
    for _ in range(3):
        show("snapinfo --types", [snapinfo, "-q", "--types", dump])
        if shutil.which("hprof-slurp"):
            show("hprof-slurp", ["hprof-slurp", dump])


main()
