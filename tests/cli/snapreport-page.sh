# The page: of one snapshot, of two, of a file that holds several, of other tools' dumps; what is in it,
# and that the same input gives the same bytes.
# needs: snapreport snapleak snapdiff snapload make_snap
. "$TESTS_CLI/lib.inc"
page() { "$PYTHON" "$TESTS_CLI/check_page.py" "$@"; }
report() { snapreport "$@" 2>&1 | sed 's/: [0-9.]* KiB/: SIZE/'; }
"$PYTHON" "$TESTS_CLI/make_heapdb.py" service shop.db
"$PYTHON" "$TESTS_CLI/make_heapdb.py" two two.db
echo "-- one snapshot"
status report shop.db -o shop.html
status page --show shop.html
snapreport -q shop.db -o again.html
cmp shop.html again.html
ls -l shop.html | cut -c 1-10
echo "-- several in one file: the first is the earlier one"
status report two.db -o two.html
status page --show two.html
echo "-- the first alone"
status report --snapshot first two.db -o first.html
page --show first.html | sed -n 1,4p
echo "-- all that the page says of findings and growth is what the tools say"
"$PYTHON" - <<'END'
import html, json, re, subprocess
answer = lambda *args: json.loads(subprocess.run(args, stdout=subprocess.PIPE).stdout)
page = html.unescape(re.sub("<[^>]*>", "", open("two.html", encoding="utf-8").read()))
diff = answer("snapdiff", "--json", "--all", "two.db")
leaks = answer("snapleak", "--json", "two.db")
alone = html.unescape(re.sub("<[^>]*>", "", open("first.html", encoding="utf-8").read()))
first = answer("snapleak", "--json", "--snapshot", "first", "two.db")
print(diff["verdict"]["sentence"] in page, len(diff["owners"]) > 0,
      all(owner["name"] in page for owner in diff["owners"] if owner["kind"] == "owner"))
print(len(first["findings"]), all(x["sentence"] in alone for x in first["findings"]))
END
echo "-- JSON"
snapreport --json -f two.db -o two.html | tee json | "$PYTHON" "$TESTS_CLI/validate.py"
grep -v '"bytes"' json
echo "-- sizes in bytes"
snapreport -q --bytes shop.db -o - | page /dev/stdin
echo "-- names: of a snapshot, of what it came from"
make_snap two a.snap
cp a.snap killed.snap.part
snapreport -q a.snap
snapreport -q killed.snap.part
ls *.html
echo "-- wrong usage"
status snapreport
status snapreport - < a.snap
status snapreport --json -o - a.snap
status snapreport -o shop.html shop.db
status snapreport -f -o shop.db shop.db
status snapreport -f -o a.snap shop.db a.snap
status snapreport -o . shop.db
status snapreport nothing.snap
status snapreport -o x.html shop.db nothing.snap
ls x.html 2>&1 || true
