#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every recipe of corpora/ through the reader and through every command.

    check_corpora.py [--update] --bin FOLDER... [NAME...]

Each recipe good/NAME.txt, bad/NAME.txt, unsupported/NAME.txt is compiled; then is held against NAME.json
beside it: the rows (good), as the recipe gives them and as libsnap reads them; the causes, offsets and
sentences of the strict and the lenient reader (bad, unsupported); and for every command the exit
status and what it says first on standard error: its error, else its first warning. Names are `folder/NAME`. A sanitizer's report or a death by
a signal is a failure whatever the JSON says, and so is a file that a command left behind.

`--update` writes the JSON from what is seen; rows come from the recipe even then. Exit status: 0 all as
expected, 1 a difference, 2 wrong usage.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CORPORA = os.path.join(ROOT, "corpora")
sys.path.insert(0, os.path.join(CORPORA, "gen"))
sys.path.insert(0, os.path.join(ROOT, "tests", "cli"))
sys.dont_write_bytecode = True
import commands  # noqa: E402
import snapc  # noqa: E402

FOLDERS = ("good", "bad", "unsupported")
TRACES = (b"AddressSanitizer", b"UndefinedBehaviorSanitizer", b"runtime error:", b"LeakSanitizer")


def parse_dump(text):
    """The chunks that dump_chunks printed, in the form of the recipe compiler."""
    chunks = []
    for line in text.splitlines():
        if line.startswith("chunk "):
            words = line.split()
            chunk = dict(zip(("offset", "kind", "snapshot", "first"), map(int, words[1:8:2])))
            chunk["columns"] = {}
            chunks.append(chunk)
            continue
        for field in line.split():
            identity, _, value = field.partition("=")
            column = chunks[-1]["columns"].setdefault(identity, [])
            column.append(None if value == "-" else bytes.fromhex(value[1:]) if value[0] == "x"
                          else int(value))
    return chunks


def comparable(chunks):
    """Without what one side alone has: positions of edges, chunks and columns of newer versions."""
    out = []
    for c in chunks:
        if c["kind"] > 20:
            continue
        columns = {k: v for k, v in c["columns"].items()
                   if not (c["kind"] == 13 and k == "8") and any(x is not None for x in v)}
        if c["kind"] <= 20:
            columns = {k: v for k, v in columns.items() if int(k) <= 20}
        out.append(dict(c, columns=columns))
    return out


def first_line(status, err):
    """The error (it comes last), else the first warning; not notes of times and sizes."""
    lines = err.splitlines()
    return lines[-1:] if status else [x for x in lines if ": warning: " in x][:1]


class Check:
    def __init__(self, update):
        self.update = update
        self.problems = 0
        # Of so many command lines one is tried on each file, another one on the next.
        self.share = 1 if update else int(os.environ.get("SNAP_TEST_SHARE", "1"))
        self.turn = 0

    def problem(self, name, text):
        self.problems += 1
        print("%s: %s" % (name, text[:2000]))

    def run(self, name, args):
        status, out, err = commands.run(args)
        if status < 0 or any(t in out + err for t in TRACES):
            self.problem(name, "%s: %d\n%s" % (" ".join(args), status,
                                               err.decode("utf-8", "replace")))
        return status, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")

    def tools(self, name, path):
        """Status and standard error of every command line."""
        answers = {}
        self.turn += 1
        for i, args in enumerate(commands.lines(path)):
            if args.count(path) == 2 or "good.snap" in args or (i + self.turn) % self.share:
                continue
            before = set(os.listdir(".")) - MADE
            status, _, err = self.run(name, args)
            left = set(os.listdir(".")) - before - MADE
            if left:
                self.problem(name, "%s left %s" % (" ".join(args), sorted(left)))
            for line in err.splitlines():
                if not line.startswith(args[0] + ": "):
                    self.problem(name, "%s: %r" % (" ".join(args), line))
            answers[" ".join(args)] = [status] + first_line(status, err)
        return answers

    def damage(self, name, path):
        _, out, _ = self.run(name, ["first_damage", path])
        found = {"strict": [], "lenient": []}
        for line in out.splitlines():
            reader, cause, offset, text = line.split("\t")
            found[reader].append({"cause": cause, "text": text,
                                  "offset": None if offset == "-" else int(offset)})
        return found

    def rows(self, name, path, file):
        """What libsnap reads must be what the recipe says."""
        status, out, err = self.run(name, ["dump_chunks", path])
        if status != 0:
            self.problem(name, "dump_chunks: %d %s" % (status, err))
        read = comparable(parse_dump(out))
        meant = comparable(file.chunks)
        for a, b in zip(read, meant):
            if a != b:
                self.problem(name, "libsnap read %s\nthe recipe says %s" % (a, b))
                break
        if len(read) != len(meant):
            self.problem(name, "libsnap read %d chunks of %d" % (len(read), len(meant)))

    def one(self, name):
        base = os.path.join(CORPORA, name)
        with open(base + ".txt", encoding="utf-8") as source:
            file = snapc.build(source.read())
        path = os.path.basename(name) + ".snap"
        with open(path, "wb") as out:
            out.write(file.data)
        good = name.startswith("good/")
        seen = {"damage": self.damage(name, path), "commands": self.tools(name, path)}
        if good:
            self.rows(name, path, file)
            seen["chunks"] = json.loads(snapc.rows_json(file))
            if seen["damage"]["strict"] or seen["damage"]["lenient"]:
                self.problem(name, "damage in a good file: %s" % seen["damage"])
        elif not seen["damage"]["strict"] and name not in LATER:
            self.problem(name, "the strict reader found nothing")
        os.remove(path)
        self.compare(name, base + ".json", seen)

    def compare(self, name, path, seen):
        text = document(seen)
        if self.update:
            with open(path, "w", encoding="utf-8") as out:
                out.write(text)
            return
        try:
            with open(path, encoding="utf-8") as source:
                wanted = json.load(source)
        except FileNotFoundError:
            return self.problem(name, "%s is missing" % path)
        for key in sorted(set(seen) | set(wanted)):
            a, b = wanted.get(key), seen.get(key)
            if key == "commands":
                a = {k: v for k, v in a.items() if k in b}
            if key == "commands" and self.share > 1:
                # Who loads the file warns of it: not always the same one.
                a, b = errors_only(a), errors_only(b)
            if a != b:
                self.problem(name, "%s\nwanted %s\ngot    %s" % (key, difference(a, b),
                                                                 difference(b, a)))


# What only snapinfo --verify and the loader look for: the reader finds these whole.
LATER = {"bad/" + x for x in (
    "dangling", "finish-counts", "object-twice", "part-last-missing", "part-missing", "two-totals",
    "wrong-index")}


# What commands are told to write.
MADE = {"out." + x for x in ("db", "html", "snap", "csv", "json", "heapsnapshot", "pb.gz", "dot",
                             "prom")}


def errors_only(answers):
    return {k: v if v[0] else v[:1] for k, v in answers.items()}


def difference(a, b):
    """The part of a that b has not."""
    if isinstance(a, dict) and isinstance(b, dict):
        a = {k: v for k, v in a.items() if b.get(k) != v}
    return json.dumps(a)


def document(seen):
    """JSON that people can read: one chunk, one finding, one command a line."""
    parts = []
    for reader, found in seen["damage"].items():
        lines = ",\n".join("      " + json.dumps(x, sort_keys=True) for x in found)
        parts.append('    "%s": [%s]' % (reader, "\n" + lines + "\n    " if found else ""))
    out = '{\n  "damage": {\n' + ",\n".join(parts) + "\n  },\n"
    if "chunks" in seen:
        lines = ",\n".join("    " + json.dumps(x) for x in seen["chunks"])
        out += '  "chunks": [\n' + lines + "\n  ],\n"
    lines = ",\n".join("    %s: %s" % (json.dumps(k), json.dumps(v))
                       for k, v in seen["commands"].items())
    return out + '  "commands": {\n' + lines + "\n  }\n}\n"


def every_recipe():
    return [folder + "/" + f[:-4] for folder in FOLDERS
            for f in sorted(os.listdir(os.path.join(CORPORA, folder))) if f.endswith(".txt")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--bin", action="append", default=[])
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    bins = [os.path.abspath(x) for x in args.bin]
    scratch = tempfile.mkdtemp(prefix="snap-corpora.")
    os.environ.update(PATH=os.pathsep.join(bins + [os.environ["PATH"]]), LC_ALL="C", TZ="UTC",
                      TERM="dumb", HOME=scratch, TMPDIR=scratch,
                      XDG_CACHE_HOME=os.path.join(scratch, "cache"))
    os.mkdir(os.path.join(scratch, "work"))
    os.chdir(os.path.join(scratch, "work"))
    check = Check(args.update)
    names = args.names or every_recipe()
    try:
        for name in names:
            check.one(name)
    finally:
        os.chdir("/")
        shutil.rmtree(scratch, ignore_errors=True)
    print("%d recipes, %d problems" % (len(names), check.problems))
    return 1 if check.problems else 0


if __name__ == "__main__":
    sys.exit(main())
