# Files that lie, with every checksum right: exit status 0 or 2, one line an error, no crash, and what
# --recover makes of them can be read.
# needs: snapinfo make_snap mutate_snap gen_snap
make_snap two two.snap
make_snap chunks chunks.snap
gen_snap --chunk-rows 20 3 200 random.snap
gen_snap 7 1000 packed.snap
"$PYTHON" - <<'END'
import json
import os
import subprocess


def run(*args):
    done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode in (0, 2), (args, done.returncode, done.stderr)
    return done


ways = {True: 0, False: 0}
for source in "two.snap", "chunks.snap", "random.snap", "packed.snap":
    for start in range(0, 200 // int(os.environ.get("SNAP_TEST_SHARE", "1")), 50):
        names = ["%d.mutated" % i for i in range(start, start + 50)]
        for i, name in enumerate(names):
            run("mutate_snap", str(start + i), source, name)
        done = run("snapinfo", "--json", "--verify", "--types", "--privacy", "--chunks", *names)
        for line in done.stderr.splitlines():
            assert line.startswith(b"snapinfo: "), line
        for name, entry in zip(names, json.loads(done.stdout)["files"]):
            whole = not entry.get("unusable") and entry["verify"]["whole"]
            ways[whole] += 1
        run("snapinfo", *names)
        for name in names[::7]:
            if run("snapinfo", "-q", "--force", "--recover", "new.snap", name).returncode == 0:
                run("snapinfo", "--verify", "new.snap")
print("no crash; found out:", "most" if ways[False] > 5 * ways[True] else "few %r" % ways)
END
