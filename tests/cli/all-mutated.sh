# Files that lie, with every checksum right, through every command: exit status 0 or 2, every line on
# standard error is the command's own, no crash, nothing left behind.
# needs: make_snap mutate_snap
make_snap two good.snap
PYTHONPATH=$TESTS_CLI "$PYTHON" - <<'END'
import os

import commands



def essence(err):
    """The line that says what went wrong, where a sanitizer has spoken."""
    text = err.decode("utf-8", "replace")
    return text[text.find("SUMMARY: "):].split("\n")[0] if "SUMMARY: " in text else text[:500]


problems = 0
before = set(os.listdir(".")) | {"bad.snap"}
for seed in range(40 // int(os.environ.get("SNAP_TEST_SHARE", "1"))):
    commands.run(["mutate_snap", str(seed), "good.snap", "bad.snap"])
    for args in commands.lines("bad.snap"):
        if seed % 4 and args[0] in ("snapinfo", "snapdiff", "snapsql", "snapexport"):
            continue  # snapinfo has a scenario of its own; the others load as snapload does
        status, out, err = commands.run(args)
        own = all(x.startswith(args[0].encode() + b": ") for x in err.splitlines())
        if status not in (0, 2) or not own:
            problems += 1
            print("seed %d: %s: exit status %d: %s" % (seed, " ".join(args), status, essence(err)))
left = {x for x in os.listdir(".") if not x.startswith("out.")} - before
print("%d problems%s" % (problems, ", left " + ", ".join(sorted(left)) if left else ""))
END
