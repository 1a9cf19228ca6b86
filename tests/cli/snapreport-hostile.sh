# Names that want to be markup, to end the script, to change direction, or to fill the page; a hundred
# thousand types. Whatever they are, the page keeps what it promises (check_page.py).
# needs: snapreport make_snap gen_hostile
. "$TESTS_CLI/lib.inc"
page() { "$PYTHON" "$TESTS_CLI/check_page.py" "$@"; }
echo "-- names for terminals"
make_snap hostile hostile.snap
snapreport -q hostile.snap -o hostile.html
page hostile.html
"$PYTHON" "$TESTS_CLI/make_diff.py" hostile hostile
snapreport -q hostile/b.db hostile/a.db -o diff.html
page diff.html
echo "-- names for browsers"
"$PYTHON" - <<'END'
import json
names = ["</script><script>alert(1)</script>", "<!--<script>", "--></style>", "<img src=x onerror=alert(1)>",
         "a\u202egnp.exe", "a\u2028b", "\x00", "\x1b[31m", "'\"&amp;&lt;", "${alert(1)}", "\ud800", "\ufeff",
         "javascript:alert(1)", "T" * 1000000, "\u202e" * 300000, "\u0301" * 300000, '"' * 300000, "<" * 300000,
         "\\" * 300000, "\U000e0041" * 200000, "\u4e2d" * 300000]
with open("markup.json", "w") as f:
    f.write(json.dumps({"type": "ROOT", "root": "vm", "references": [hex(16 * (k + 1)) for k in range(len(names))]}) + "\n")
    for k, name in enumerate(names):
        f.write(json.dumps({"address": hex(16 * (k + 1)), "type": "CLASS", "class": hex(16 * (k + 1)),
                            "name": name, "references": [hex(100000 + 16 * k)], "memsize": 500}) + "\n")
        f.write(json.dumps({"address": hex(100000 + 16 * k), "type": "OBJECT", "class": hex(16 * (k + 1)),
                            "file": name, "line": 7, "method": name, "memsize": 40 + k}) + "\n")
END
snapreport -q markup.json -o markup.html
page markup.html
"$PYTHON" -c 'print(open("markup.html").read().count("alert(1)") > 3)'
echo "-- a hundred thousand types"
"$PYTHON" - <<'END'
import json
with open("types.json", "w") as f:
    f.write(json.dumps({"type": "ROOT", "root": "vm", "references": [hex(32 * (k + 1)) for k in range(100000)]}) + "\n")
    for k in range(100000):
        a = hex(32 * (k + 1))
        f.write('{"address":"%s","type":"CLASS","class":"%s","name":"Type%d::%s","memsize":500}\n'
                % (a, a, k, "<long>" * 20))
        f.write('{"address":"%s","type":"OBJECT","class":"%s","memsize":40}\n' % (hex(32 * (k + 1) + 16), a))
END
snapreport -q --json types.json -o types.html > json
page types.html
"$PYTHON" -c '
import json
x = json.load(open("json"))
print(x["bytes"] < 5000000, x["kept"]["types"] + x["kept"]["types_folded"], x["kept"]["types"] > 1000)'
