# Every command on every kind of bad input and output: exit status 2, one line on standard error that
# names command and file, nothing on standard output, nothing left behind, no device replaced. A
# truncated file gives its answer, with warnings.
# needs: make_snap mutate_snap
. "$TESTS_CLI/lib.inc"
make_snap two good.snap
make_snap major major.snap
make_snap kind kind.snap
printf 'plain text\n' > text
printf 'SQLite format 3\0' > sqlite
printf '\001\002\003\004' > unknown
: > empty
cp good.snap secret
chmod 000 secret
head -c 20 good.snap > short
cp good.snap header
flip header 20
mkdir -m 777 directory open
chmod 777 open
size=$(wc -c < good.snap)
head -c $((size / 2)) good.snap > half.snap
head -c $((size - 10)) good.snap > tail.snap
"$PYTHON" - <<'END'
import os
import shutil
import stat
import subprocess
import sys

# The rest of a command line in which {} is the file under test, and the options for an output file.
COMMANDS = {
    "snapinfo": (["{}"], "--recover"),
    "snapload": (["-o", "out.db", "{}"], None),
    "snapconvert": (["{}", "out.snap"], None),
    "snapdiff": (["{}", "good.snap"], "-o"),
    "snapsql": (["{}", "SELECT count(*) FROM objects"], None),
    "snaptop": (["{}"], None),
    "snappath": (["--type", "Request", "{}"], None),
    "snapshow": (["{}", "Request"], None),
    "snapleak": (["{}"], None),
    "snapreport": (["--json", "-o", "out.html", "{}"], None),
    "snapexport": (["--json", "-o", "out.json", "{}"], None),
}
BAD = ["text", "sqlite", "unknown", "empty", "short", "header", "directory", "nothing", "major.snap",
       "kind.snap"]
OUTPUTS = {"snapload": ["-o"], "snapdiff": ["-o"], "snapinfo": ["--recover"],
           "snapreport": ["-o"], "snapconvert": [None], "snapexport": ["-o"]}
ARGUMENTS = {"snapexport": ["--format=json"]}
DROP = """
import os, shutil, sys
fd = os.open(shutil.which(sys.argv[1]), os.O_RDONLY)
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
os.execve(fd, sys.argv[1:], os.environ)
"""
problems = 0


def problem(args, text):
    global problems
    problems += 1
    print("%s: %s" % (" ".join(args), text[:500]))


def run(args, stdout=subprocess.PIPE):
    done = subprocess.run(args, stdout=stdout, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                          timeout=60)
    return done.returncode, done.stdout or b"", done.stderr.decode("utf-8", "replace")


def line(args, command, name, answer):
    """A refusal: status 2, one line."""
    status, out, err = answer
    # that a database is made on the way is announced before the file turns out to be bad
    err = "".join(x for x in err.splitlines(True) if not x.startswith(command + ": loading "))
    if status != 2:
        problem(args, "exit status %d, %r" % (status, err))
    elif err.count("\n") != 1 or not err.startswith(command + ": "):
        problem(args, "not one line: %r" % err)
    elif name and name not in err:
        problem(args, "does not name the file: %r" % err)
    elif out:
        problem(args, "standard output: %r" % out[:80])


def remove_outputs():
    for name in "out.db", "out.html", "out.snap", "out.json":
        if os.path.exists(name):
            os.remove(name)


def files():
    return sorted(os.listdir("."))


for command, (rest, _) in COMMANDS.items():
    if not shutil.which(command):
        continue
    before = files()

    def arguments(name):
        return [command] + [name if x == "{}" else x for x in rest]

    for name in BAD:
        line(arguments(name), command, name, run(arguments(name)))
    args = [x.replace("out.", "open/out.") for x in arguments("secret")]
    line(args, command, "secret", run([sys.executable, "-c", DROP] + args))
    if files() != before:
        problem([command], "left %s" % sorted(set(files()) - set(before)))
    # What gives an answer all the same.
    for name in "half.snap", "tail.snap":
        args = arguments(name)
        status, out, err = run(args)
        remove_outputs()
        if command in ("snappath", "snapshow") and status == 2 and "Request" in err:
            continue  # the object that was asked for is in the part that is missing
        if status != 0:
            problem(args, "exit status %d: %r" % (status, err))
        elif "warning: " not in err:
            problem(args, "no warning: %r" % err)
    # A full disk, a closed standard output.
    if command not in ("snapload", "snapconvert"):
        args = arguments("good.snap")
        with open("/dev/full", "w") as full:
            status, _, err = run(args, stdout=full)
        if status != 2 or "No space left on device" not in err:
            problem(args, "> /dev/full: %d, %r" % (status, err))
        remove_outputs()
    for option in OUTPUTS.get(command, []):
        for device, kind in (("/dev/full", stat.S_ISCHR), ("directory", stat.S_ISDIR)):
            args = ([command, option, device, "--force", "good.snap"] if option else
                    [command, "--force", "good.snap", device]) + ARGUMENTS.get(command, [])
            if command == "snapdiff":
                args.append("good.snap")
            status, out, err = run(args)
            if status != 2 or err.count("\n") != 1:
                problem(args, "%d, %r" % (status, err))
            if not kind(os.stat(device).st_mode):
                problem(args, "was replaced")
    if files() != before:
        problem([command], "left %s" % sorted(set(files()) - set(before)))
print("%d problems" % problems)
END
