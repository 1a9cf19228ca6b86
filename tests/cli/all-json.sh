# Every JSON document of every command is well formed, names its description, and fits it.
# needs: make_snap snapinfo
make_snap two good.snap
make_snap hostile hostile.snap
make_snap none none.snap
make_snap unfinished unfinished.snap
PYTHONPATH=$TESTS_CLI "$PYTHON" - <<'END'
import json

import commands
import validate

with open(validate.SCHEMA, encoding="utf-8") as f:
    root = json.load(f)
problems = set()
for name in "good.snap", "hostile.snap", "none.snap", "unfinished.snap.part":
    for args in commands.lines(name):
        status, out, err = commands.run(args[:1] + ["--json"] + args[1:])
        if not out and status == 2:
            continue
        for breach in validate.validate(out.decode("utf-8"), root):
            problems.add("%s --json: %s" % (args[0], breach))
for text in sorted(problems):
    print(text)
print("%d problems" % len(problems))
END
