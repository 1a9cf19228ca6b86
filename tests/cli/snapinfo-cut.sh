# Truncated at every byte, and every byte flipped in turn: never called whole, never a crash; and
# what --recover makes of it is always valid.
# needs: snapinfo make_snap
make_snap two good.snap
"$PYTHON" - <<'END'
import json
import os
import subprocess

good = open("good.snap", "rb").read()


def run(*args):
    done = subprocess.run(["snapinfo", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode in (0, 2), (args, done.returncode, done.stderr)
    return done


def variants():
    for n in range(len(good)):
        yield "cut to %d" % n, good[:n]
    for i in range(len(good)):
        flipped = bytearray(good)
        flipped[i] ^= 1 << i % 8
        yield "bit %d of byte %d" % (i % 8, i), bytes(flipped)


def examine(batch):
    """One process looks at many files; each must be told from a whole one."""
    names = ["%d.bad" % i for i in range(len(batch))]
    for name, (what, data) in zip(names, batch):
        with open(name, "wb") as f:
            f.write(data)
    done = run("--json", "--verify", *names)
    assert done.returncode == 2 and done.stderr.count(b"\n") == len(batch), done.stderr
    for entry, (what, data) in zip(json.loads(done.stdout)["files"], batch):
        assert entry.get("unusable") or not entry["verify"]["whole"], what


def recover(what, data):
    with open("bad.snap", "wb") as f:
        f.write(data)
    if run("-q", "--force", "--recover", "new.snap", "bad.snap").returncode == 2:
        return 0
    done = run("-q", "--verify", "new.snap")
    assert done.returncode == 0, (what, done.stderr)
    return 1


share = int(os.environ.get("SNAP_TEST_SHARE", "1"))
everything = list(variants())[::share]
for at in range(0, len(everything), 200):
    examine(everything[at:at + 200])
print("every cut and flip told from a whole file;",
      "most" if sum(recover(*v) for v in everything[7::41]) > 120 // share else "few", "recovered")
END
