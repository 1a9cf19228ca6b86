# Inputs that can be read once only: `-` and pipes give the answer that the file gives, and nothing is
# left behind.
# needs: snapinfo snapload snapsql snaptop snappath snapshow snapleak snapdiff make_snap
. "$TESTS_CLI/lib.inc"
make_snap two a.snap
snapload -q a.snap -o a.db
mkdir temporary
export TMPDIR="$PWD/temporary"
"$PYTHON" - <<'END'
import os, subprocess, threading

COMMANDS = [["snapinfo", "-q", "@"], ["snapinfo", "-q", "--json", "--types", "@"],
            ["snapsql", "-q", "@", "SELECT id, n_objects FROM snapshots"],
            ["snaptop", "-q", "@"], ["snaptop", "-q", "--no-cache", "--json", "@"],
            ["snappath", "-q", "@", "#2"], ["snapshow", "-q", "@", "#2"],
            ["snapleak", "-q", "--min", "1", "@"],
            ["snapexport", "-q", "--format", "json", "-o", "-", "@"],
            ["snapdiff", "-q", "a.db", "@"], ["snapload", "-q", "-f", "-o", "made.db", "@"]]

def answer(command, name, stdin=None):
    done = subprocess.run([name if word == "@" else word for word in command], stdin=stdin,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if "made.db" in command:
        done.stdout += subprocess.run(
            ["snapsql", "made.db", "SELECT path, n_objects FROM snapshot"], text=True,
            stdout=subprocess.PIPE).stdout
    return [done.returncode, done.stdout, done.stderr]

def write(name, content):
    with open(name, "wb") as pipe: pipe.write(content)

def check(command, file):
    wanted = answer(command, file)
    with open(file, "rb") as stream: given = answer(command, "-", stream)
    given = [part.replace("standard input", file) if isinstance(part, str) else part for part in given]
    given[1] = given[1].replace('"-"', '"%s"' % file)
    os.mkfifo("pipe")
    with open(file, "rb") as stream:
        writer = threading.Thread(target=write, args=("pipe", stream.read()))
    writer.start()
    piped = answer(command, "pipe")
    writer.join()
    os.unlink("pipe")
    piped = [part.replace("pipe", file) if isinstance(part, str) else part for part in piped]
    # Columns are as wide as the names in them.
    shape = lambda parts: [" ".join(str(part).replace("-", " ").split()) for part in parts]
    for way, got in (("-", given), ("pipe", piped)):
        if shape(got) != shape(wanted): print(command, way, got, wanted, sep="\n  ")
    print(*command, file, wanted[0])

for command in COMMANDS:
    for file in ("a.snap", "a.db"):
        if file == "a.db" and command[0] in ("snapinfo", "snapload"): continue
        check(command, file)
END
echo "-- refusals"
status snaptop - < /dev/null
status snapload -o x.db - < "$TESTS_CLI/lib.inc"
status snapload - < a.snap
echo "-- ended by a signal"
mkfifo endless
(exec snaptop endless) & # waits for its input
exec 3> endless
printf abc >&3
while ! ls temporary/.snap-input* > /dev/null 2>&1; do sleep 0.05; done
kill -TERM $!
{ wait $!; } 2> /dev/null
echo "exit $?"
ls -A temporary
