# The JSON document: it fits its description, and its lists are those of snaptop; what --json says.
# needs: snapexport snaptop make_snap
. "$TESTS_CLI/lib.inc"
"$PYTHON" "$TESTS_CLI/make_heapdb.py" service shop.db
make_snap two two.snap
for file in shop.db two.snap; do
    snapexport -q --json "$file" -o out.json -f > said.json
    "$PYTHON" "$TESTS_CLI/validate.py" < said.json
    "$PYTHON" "$TESTS_CLI/validate.py" < out.json
done
grep -v '"bytes"' said.json
"$PYTHON" - <<'END'
import json, subprocess
subprocess.run(["snapexport", "-q", "-f", "--top", "7", "shop.db", "-o", "shop.json"], check=True)
with open("shop.json", encoding="utf-8") as f:
    document = json.load(f)
for shown in document["lists"]:
    depth = ["--depth=3"] if shown["by"] == "package" else []
    done = subprocess.run(["snaptop", "--json", "--by", shown["by"], "-n", "7", *depth, "shop.db"],
                          stdout=subprocess.PIPE, check=True)
    print(shown["by"], len(shown["rows"]), [shown] == json.loads(done.stdout)["lists"])
print(sorted(document))
END
echo "-- the default name, a note"
status snapexport two.snap --format json 2>&1 | sed 's/, [0-9.]* KiB//'
ls -l two.json | cut -c 1-10
