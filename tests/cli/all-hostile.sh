# What stands in a file cannot speak to the terminal through any command, as text or as JSON.
# needs: make_snap snapinfo
make_snap two good.snap
make_snap hostile hostile.snap
PYTHONPATH=$TESTS_CLI "$PYTHON" - <<'END'
import json
import re

import commands

HOSTILE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069"
                     "\ufeff\U000e0000-\U000e007f]")
problems = 0


def problem(args, text):
    global problems
    problems += 1
    print("%s: %s" % (" ".join(args), text))


for name in "hostile.snap", "good.snap":
    for args in commands.lines(name):
        for variant in args, args[:1] + ["--json"] + args[1:]:
            status, out, err = commands.run(variant)
            try:
                text = out.decode("utf-8") + err.decode("utf-8")
            except UnicodeDecodeError as error:
                problem(variant, error)
                continue
            found = HOSTILE.search(text)
            if found:
                around = text[max(0, found.start() - 30):found.end() + 10]
                problem(variant, "prints %r in %r" % (found.group(), around))
            if status not in (0, 2) or (status == 2 and "--json" not in variant):
                problem(variant, "exit status %d: %s" % (status, err))
            if "--json" in variant and status == 0:
                try:
                    json.loads(out)
                except ValueError as error:
                    problem(variant, error)
print("%d problems" % problems)
END
