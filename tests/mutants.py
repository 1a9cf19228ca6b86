#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Which mistakes the tests would miss: changes one place of libsnap/src or tools/heap at a time (a comparison, an operator,
a constant, a statement), builds, runs the tests of that part, and tells which changes no test noticed.

    mutants.py [--build DIR] [--seed N] [--part PART]... [--list] [--again REPORT] [COUNT]

COUNT      how many changes (60); --seed N: which ones (1); the same two give the same ones for the same sources
--part     libsnap or heap; both where none is named
--list     shows the changes, tries nothing
--again    tries those again that a report of an earlier run says survived

The tree stays as it is: what is changed is a copy of what git knows of it, in DIR (build/mutants), with the build and
`report`, one line a change: killed TEST, survived, equivalent REASON, or does-not-compile. A survivor is a test that is
missing, or a change that no caller can see; those known to be such stand in mutants_equivalent.txt, each with its reason.
Exit status: 0 nothing survived, 1 something did, 2 it could not be tried. One process, at the lowest priority.
"""
import argparse
import fcntl
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PARTS = {
    "libsnap": ("libsnap/src", r"^(test_snap_|prop_snap_|fault_snap_|fuzz_snap_)"),
    "heap": ("tools/heap", r"^test_heap_"),
}
# Pattern, what takes its place, in the order in which they are looked for in a line.
CHANGES = [
    (r"(?<=\s)<=(?=\s)", ["<"]), (r"(?<=\s)<(?=\s)", ["<="]),
    (r"(?<=\s)>=(?=\s)", [">"]), (r"(?<=\s)>(?=\s)", [">="]),
    (r"(?<=\s)==(?=\s)", ["!="]), (r"(?<=\s)!=(?=\s)", ["=="]),
    (r"(?<=\s)&&(?=\s)", ["||"]), (r"(?<=\s)\|\|(?=\s)", ["&&"]),
    (r"(?<=\s)\+(?=\s)", ["-"]), (r"(?<=\s)-(?=\s)", ["+"]),
    (r"(?<=\s)\+=(?=\s)", ["-=", "="]), (r"(?<=\s)\|=(?=\s)", ["&=", "="]), (r"(?<=\s)&=(?=\s)", ["|="]),
    (r"\+\+", ["--"]), (r"(?<=\s)\|(?=\s)", ["&"]), (r"(?<=\s)&(?=\s)", ["|"]),
    (r"(?<=\s)>>(?=\s)", ["<<"]), (r"(?<=\s)<<(?=\s)", [">>"]), (r"(?<=\s)/(?=\s)", ["*"]),
    (r"(?<=\s)%(?=\s)", ["/"]), (r"(?<=[\s(])!(?=\w)", [""]),
    (r"\btrue\b", ["false"]), (r"\bfalse\b", ["true"]), (r"\bcontinue;", ["break;"]),
    (r"(?<=[\s(\[])0(?=[;,)\]])", ["1"]), (r"(?<=[\s(\[])1(?=[;,)\]])", ["0", "2"]),
]
STATEMENT = re.compile(r"^\s+(?!return|else|case|break|goto|continue|struct|const|static|uint|int|size_t|unsigned|enum)"
                       r"[A-Za-z_*+(][^{}]*;$")


def sources(parts):
    for part in parts:
        yield from sorted((ROOT / PARTS[part][0]).glob("*.c"))


def places(path):
    """Every change of one place in a file: (line number, new line)."""
    lines = path.read_text().splitlines()
    inside = comment = False
    for number, line in enumerate(lines):
        if line.startswith("{"):
            inside = True
        if line.startswith("}"):
            inside = False
        text = line.strip()
        comment = comment or text.startswith("/*")
        skip = comment or not inside or text.startswith(("#", "}", "//")) or "PREFETCH" in text
        comment = comment and "*/" not in text
        if skip:
            continue
        code = re.sub(r'"[^"]*"|/\*.*?\*/', lambda m: "\0" * len(m.group()), line)
        for pattern, others in CHANGES:
            for match in re.finditer(pattern, code):
                for other in others:
                    yield number, line[:match.start()] + other + line[match.end():]
        whole = not lines[number - 1].rstrip().endswith((",", "(", "=", "&&", "||", "?", ":"))
        if STATEMENT.match(code) and whole and code.count("(") == code.count(")"):
            yield number, re.sub(r"\S.*", "(void)0;", line)


def choose(count, seed, parts):
    """`count` changes, at most one a line, spread over the files by their number of places."""
    every = [(str(path.relative_to(ROOT)), number, new) for path in sources(parts) for number, new in places(path)]
    chooser, chosen, taken = random.Random(seed), [], set()
    chooser.shuffle(every)
    for name, number, new in every:
        if (name, number) not in taken and len(chosen) < count:
            taken.add((name, number))
            chosen.append((name, number, new))
    return sorted(chosen)


def known_equivalents():
    known = {}
    for line in (ROOT / "tests/mutants_equivalent.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, old, new, reason = (field.strip() for field in line.split(" ## "))
            known[name, old, new] = reason
    return known


def limits():
    resource.setrlimit(resource.RLIMIT_FSIZE, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (16 << 30, 16 << 30))


def run(command, seconds, folder):
    """Exit status of a command; None where it took too long."""
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          start_new_session=True, preexec_fn=limits) as process:
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return None


class Trial:
    def __init__(self, folder):
        self.copy, self.build = folder / "copy", folder / "build"
        folder.mkdir(parents=True, exist_ok=True)
        self.lock = open(folder / "lock", "w", encoding="utf-8")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(f"mutants.py: another run is at work in {folder}")
        self.copy_tree()
        subprocess.run(["cmake", "-S", self.copy, "-B", self.build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=RelWithDebInfo",
                        "-DSNAP_TESTS=ON", "-DSNAP_CPYTHON=OFF"], check=True, stdout=subprocess.DEVNULL)
        self.tests = {}

    def copy_tree(self):
        """What git knows, as it is now. A file that is as it was keeps its time: then nothing is built in vain, and what
        an earlier run left changed is built anew."""
        listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                                check=True, capture_output=True).stdout.decode().split("\0")
        names = {name for name in listed if name and (ROOT / name).is_file()}
        for old in [path for path in self.copy.rglob("*") if path.is_file()]:
            if str(old.relative_to(self.copy)) not in names:
                old.unlink()
        for name in names:
            to, now = self.copy / name, (ROOT / name).read_bytes()
            if not to.is_file() or to.read_bytes() != now:
                to.parent.mkdir(parents=True, exist_ok=True)
                to.write_bytes(now)
                shutil.copymode(ROOT / name, to)

    def make(self, target):
        return run(["ninja", "-j1", target], 600, self.build) == 0

    def shown(self, part):
        answer = subprocess.run(["ctest", "--show-only=json-v1", "-R", PARTS[part][1]], cwd=self.build, check=True,
                                capture_output=True).stdout
        return json.loads(answer)["tests"]

    def learn(self, part):
        """The tests of a part that are programs of their own, the quickest first; each has to pass as things are."""
        targets = subprocess.run(["ninja", "-t", "targets", "all"], cwd=self.build, check=True,
                                 capture_output=True).stdout.decode().split("\n")
        names = [test["name"] for test in self.shown(part) if f"{test['name']}: phony" in targets]
        if not names or not all(self.make(name) for name in names):
            sys.exit("mutants.py: the tests do not build")
        timed = []
        for test in self.shown(part):  # once more: a command is only shown where its program is there
            if test["name"] in names:
                begin = time.monotonic()
                if run(test["command"], 300, self.build) != 0:
                    sys.exit(f"mutants.py: {test['name']} fails as things are")
                timed.append((time.monotonic() - begin, test["name"], test["command"]))
        self.tests[part] = sorted(timed)

    def verdict(self, part):
        for seconds, name, command in self.tests[part]:
            if not self.make(name):
                return "does-not-compile"
            if run(command, 20 + 5 * seconds, self.build) != 0:
                return f"killed {name}"
        return "survived"

    def attempt(self, name, number, new):
        part = next(part for part, (folder, _) in PARTS.items() if name.startswith(folder))
        if part not in self.tests:
            self.learn(part)
        path = self.copy / name
        old = path.read_text()
        lines = old.splitlines(keepends=True)
        lines[number] = new + "\n"
        try:
            path.write_text("".join(lines))
            return self.verdict(part)
        finally:
            path.write_text(old)


def survivors_of(report):
    """The changes that a report says survived, where their lines stand today."""
    for line in pathlib.Path(report).read_text().splitlines():
        fields = line.split("\t")
        if fields[0] == "survived":
            name, old, new = fields[1].rsplit(":", 1)[0], fields[2], fields[3]
            for number, text in enumerate((ROOT / name).read_text().splitlines()):
                if text.strip() == old:
                    yield name, number, text.replace(old, new)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=60)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/mutants")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", action="append", choices=sorted(PARTS))
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--again")
    asked = parser.parse_args()
    chosen = list(survivors_of(asked.again)) if asked.again else choose(asked.count, asked.seed, asked.part or PARTS)
    known, counts = known_equivalents(), {}
    os.nice(19)
    trial = None if asked.list else Trial(asked.build.resolve())
    report = None if asked.list else open(asked.build / "report", "w", buffering=1, encoding="utf-8")
    for name, number, new in chosen:
        old = ((trial.copy if trial else ROOT) / name).read_text().splitlines()[number]
        reason = known.get((name, old.strip(), new.strip()))
        verdict = "listed" if asked.list else f"equivalent {reason}" if reason else trial.attempt(name, number, new)
        line = "\t".join([verdict, f"{name}:{number + 1}", old.strip(), new.strip()])
        counts[verdict.split()[0]] = counts.get(verdict.split()[0], 0) + 1
        print(line, flush=True)
        if report:
            report.write(line + "\n")
    print(", ".join(f"{n} {what}" for what, n in sorted(counts.items())))
    return 1 if counts.get("survived") else 0


if __name__ == "__main__":
    sys.exit(main())
