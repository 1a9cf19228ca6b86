#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A shape that defeats heap analysers: bench_ring.py TOOLS FOLDER [RING [OBJECTS [SECONDS]]]

A Java program holds a doubly linked ring of RING (60,000) elements and an array that refers to each of
them, among OBJECTS (1,250,000) objects. Its dump, to every retained size: snapload --summary, and
VisualVM's library where SNAP_VISUALVM names its jar, for at most SECONDS (300).
"""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import measure

PROGRAM = """
public class Ring {
    static class Element { Element next, back; Object own = new byte[16]; }
    static Element[] hub;
    static Object[] others;
    public static void main(String[] a) throws Exception {
        int n = Integer.parseInt(a[0]);
        hub = new Element[n];
        for (int i = 0; i < n; i++) hub[i] = new Element();
        for (int i = 0; i < n; i++) { hub[i].next = hub[(i + 1) % n]; hub[(i + 1) % n].back = hub[i]; }
        others = new Object[Math.max(0, (Integer.parseInt(a[1]) - 2 * n) / 2)];
        for (int i = 0; i < others.length; i++) others[i] = new Object[] { new int[4] };
        System.out.println("ready");
        System.out.flush();
        System.in.read();
    }
}
"""


def make(folder, ring, objects):
    dump = os.path.join(folder, f"ring-{ring}-{objects}.hprof")
    if os.path.exists(dump):
        return dump
    with open(os.path.join(folder, "Ring.java"), "w") as f:
        f.write(PROGRAM)
    subprocess.run(["javac", "-d", folder, os.path.join(folder, "Ring.java")], check=True)
    process = subprocess.Popen(["java", "-cp", folder, "Ring", ring, objects], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    process.stdout.readline()
    subprocess.run(["jcmd", str(process.pid), "GC.heap_dump", dump], check=True,
                   stdout=subprocess.DEVNULL)
    process.kill()
    process.wait()
    return dump


def main():
    tools, folder = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    ring, objects, seconds = (sys.argv[3:] + ["60000", "1250000", "300"][len(sys.argv) - 3:])[:3]
    os.makedirs(folder, exist_ok=True)
    dump = make(folder, ring, objects)
    table = measure.Table()
    table.section(f"a ring of {int(ring):,} with a hub among {int(objects):,} objects, Java")
    database = os.path.join(folder, "ring.db")
    table.row("snapload --summary", measure.best(
        [f"{tools}/snapload", "-q", "-f", "--summary", "-o", database, dump]))
    jar = os.environ.get("SNAP_VISUALVM", "")
    if os.path.exists(jar):
        table.row("VisualVM's library", measure.run(
            ["timeout", seconds, "java", "-Xmx6g", "-cp", jar, os.path.join(HERE, "..", "e2e", "VisualVm.java"),
             dump, os.path.join(folder, "visualvm.txt")]), f"(ended after {seconds} s at the latest)")
    else:
        table.lacks("VisualVM's library", "SNAP_VISUALVM does not name its jar")
    os.unlink(database)


if __name__ == "__main__":
    main()
