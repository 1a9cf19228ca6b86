#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs command-line scenarios and compares what they print with golden files.

    run.py [--bin DIR]... [--update] [--keep] [NAME...]

README.md beside this file explains the convention. Exit status: 0 all as expected, 1 a difference,
77 every scenario was skipped (a tool that it needs is not there).
"""
import argparse
import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SKIPPED = 77
PATIENCE = int(os.environ.get("SNAP_TEST_PATIENCE", "1"))


# What may change without being wrong, by the names that a scenario gives in `# mask: ...`.
SIZE = r"[\d.]+(?: [KMGTPE]i?B| B)?"
MASKS = {
    # places in files: they move with the way rows are encoded
    "offsets": [
        (r"offset \d+", "offset N"),
        (r'"offset": \d+', '"offset": N'),
        (r"(?m)^ *\d+( +(?:error|warning|note) )", r"N\1"),
        (r"(?m)^offset +times", "offset  times"),
    ],
    # sizes of files and chunks: the same
    "sizes": [
        (r"(?m)(format [\d.]+|heap database, version \d+), " + SIZE + "$", r"\1, SIZE"),
        (r"(?m)^((?:[a-z]+) +[\d,]+ +[\d,]+)(?: +" + SIZE + r"){2} +[\d.]+ +[\d.-]+$", r"\1 ..."),
        (r"(?m)^(rows of +chunks +rows) .*", r"\1 ..."),
        (r"takes [\d.]+ bytes an", "takes N bytes an"),
        (r"(\d chunks), " + SIZE, r"\1, SIZE"),
        (r"Lost: [1-9][\d.]* [KMGTPE]?i?B", "Lost: SIZE"),
        (r"[1-9]\d* bytes belong", "N bytes belong"),
        (r'("(?:bytes|raw_bytes|stored_bytes|bytes_per_object)": )[\d.]+', r"\1N"),
    ],
    # names of databases in the cache
    "cache": [(r"/\S*/cache/snap/\S*\.db", "CACHED")],
    "version": [(r"(libsnap|snap[a-z]+) \d+\.\d+\.\d+", r"\1 VERSION")],
    "uuid": [(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID")],
}


def read(path):
    """The bytes of a file, None where there is none."""
    try:
        with open(path, "rb") as f:
            return f.read()
    except FileNotFoundError:
        return None


def header(script, name):
    """The words of a line `# NAME: a b` of the scenario."""
    match = re.search(r"(?m)^# %s: (.*)" % name, script.decode())
    return match.group(1).split() if match else []


def masked(data, masks):
    """Output with what may change taken out."""
    text = data.decode("utf-8", "surrogateescape")
    for mask in masks:
        for pattern, replacement in MASKS[mask]:
            text = re.sub(pattern, replacement, text)
    return text.encode("utf-8", "surrogateescape")


def environment(bins, scratch):
    """The same surroundings for everybody: no colour, no locale, no terminal, own caches."""
    env = {
        "PATH": os.pathsep.join(bins + ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"]),
        "LC_ALL": "C",
        "TZ": "UTC",
        "TERM": "dumb",
        "HOME": os.path.join(scratch, "home"),
        "TMPDIR": os.path.join(scratch, "tmp"),
        "XDG_CACHE_HOME": os.path.join(scratch, "cache"),
        "TESTS_CLI": HERE,
        "SOURCE_ROOT": ROOT,
        "PYTHON": sys.executable,
    }
    for key in os.environ:
        if key.endswith("SAN_OPTIONS") or key in ("LLVM_PROFILE_FILE", "SNAP_TEST_SHARE",
                                                  "SNAP_TEST_PATIENCE"):
            env[key] = os.environ[key]
    return env


def glob_lines(got, pattern):
    """Whether lines match: `*` is any part of a line, a line `...` any number of lines."""
    want = pattern.split("\n")
    lines = got.split("\n")

    def line_matches(line, p):
        return re.fullmatch(".*".join(re.escape(x) for x in p.split("*")), line) is not None

    reach = {0}  # numbers of lines of `got` that the patterns so far can have used up
    for p in want:
        if p == "...":
            reach = set(range(min(reach), len(lines) + 1)) if reach else set()
        else:
            reach = {i + 1 for i in reach if i < len(lines) and line_matches(lines[i], p)}
    return len(lines) in reach


class Scenario:
    def __init__(self, name):
        self.name = name
        self.base = os.path.join(HERE, name)

    def run(self, bins, keep):
        script = read(self.base + ".sh")
        if script is None:
            sys.exit("no scenario %s" % self.name)
        missing = [p for p in header(script, "needs")
                   if not any(os.access(os.path.join(b, p), os.R_OK) for b in bins)]
        if missing:
            print("%s: skipped, %s not built" % (self.name, ", ".join(missing)))
            return None
        scratch = tempfile.mkdtemp(prefix="snap-cli-%s." % self.name)
        try:
            os.chmod(scratch, 0o755)  # so that `as_nobody` gets there
            for folder in ("work", "home", "tmp"):
                os.mkdir(os.path.join(scratch, folder))
            done = subprocess.run(
                ["sh", "-u", self.base + ".sh"], cwd=os.path.join(scratch, "work"),
                env=environment(bins, scratch), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=250 * PATIENCE)
        finally:
            if keep:
                print("%s: kept %s" % (self.name, scratch))
            else:
                subprocess.run(["chmod", "-R", "u+rwX", scratch], check=False)
                shutil.rmtree(scratch, ignore_errors=True)
        if done.returncode == SKIPPED:
            print("%s: skipped by itself" % self.name)
            return None
        masks = header(script, "mask")
        return {
            "stdout": masked(done.stdout, masks),
            "stderr": masked(done.stderr, masks),
            "exit": b"%d\n" % done.returncode,
        }

    def compare(self, stream, got):
        """None where it is as expected, else what differs."""
        text = got.decode("utf-8", "backslashreplace")
        pattern = read("%s.%s.glob" % (self.base, stream))
        if pattern is not None:
            if glob_lines(text, pattern.decode("utf-8", "backslashreplace")):
                return None
            want = pattern
        else:
            want = read("%s.%s" % (self.base, stream))
            if want is None:
                want = b"0\n" if stream == "exit" else b""
            if want == got:
                return None
        return "".join(difflib.unified_diff(
            want.decode("utf-8", "backslashreplace").splitlines(True), text.splitlines(True),
            "%s.%s wanted" % (self.name, stream), "%s.%s got" % (self.name, stream)))

    def update(self, stream, got):
        if self.compare(stream, got) is None:
            return
        if os.path.exists("%s.%s.glob" % (self.base, stream)):
            print("%s.%s.glob does not match: edit it by hand" % (self.name, stream))
            return
        path = "%s.%s" % (self.base, stream)
        if got == (b"0\n" if stream == "exit" else b""):
            if os.path.exists(path):
                os.remove(path)
        else:
            with open(path, "wb") as f:
                f.write(got)
        print("updated %s.%s" % (self.name, stream))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", action="append", default=[], help="folder of programs under test")
    parser.add_argument("--update", action="store_true", help="write the goldens")
    parser.add_argument("--keep", action="store_true", help="keep the scratch folders")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    bins = [os.path.abspath(b) for b in args.bin]
    names = args.names or sorted(f[:-3] for f in os.listdir(HERE) if f.endswith(".sh"))
    failed = ran = 0
    for name in names:
        scenario = Scenario(name)
        results = scenario.run(bins, args.keep)
        if results is None:
            continue
        ran += 1
        different = False
        for stream, got in results.items():
            if args.update:
                scenario.update(stream, got)
                continue
            difference = scenario.compare(stream, got)
            if difference:
                different = True
                sys.stdout.write(difference)
                if not difference.endswith("\n"):
                    sys.stdout.write("\n\\ no line end\n")
        failed += different
        if not args.update:
            print("%s: %s" % (name, "FAILED" if different else "ok"))
    if failed:
        return 1
    return 0 if ran else SKIPPED


if __name__ == "__main__":
    sys.exit(main())
