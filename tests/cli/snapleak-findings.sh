# Findings as text and JSON, rules by name, limits, and the exit status.
# needs: snapleak snapload snapsql make_snap
. "$TESTS_CLI/lib.inc"
"$PYTHON" "$TESTS_CLI/make_heapdb.py" service shop.db
echo "-- all rules"
status snapleak --min 1 shop.db
echo "-- one rule, with the query, which can be asked"
status snapleak --rule globals --min 1 --sql shop.db > one.txt
cat one.txt
sed -n 's/^ *snapsql shop.db "\(.*\)"$/\1/p' one.txt | head -n 1 > query.txt
snapsql shop.db "$(cat query.txt)" | head -n 3
echo "-- nothing is large enough"
status snapleak --min 1T shop.db
echo "-- rules that cannot look"
status snapleak --rule growing-owners shop.db
echo "-- the same snapshot twice: nothing grew"
status snapleak --rule growing-owners shop.db shop.db
echo "-- nothing is compared with what is incomplete, and a size that is none is said"
make_snap two whole.snap
head -c $(($(wc -c < whole.snap) / 2)) whole.snap > cut.snap
snapload -q -o whole.db whole.snap
snapload -q -o cut.db cut.snap
snapleak --rule growing-owners whole.db cut.db
SNAP_CACHE_SIZE=much snapleak whole.snap 2>&1 | grep SIZE
echo "-- blocks of memory are no objects of the runtime"
cp "$SOURCE_ROOT/corpora/foreign/app.tracemalloc" .
status snapleak -q --min 1 app.tracemalloc | grep -v '^ '
echo "-- JSON"
status snapleak --json --rule globals --min 1 shop.db
echo "-- as tables: what JSON says, whole or not at all"
snapleak --json --min 1 -o found.db shop.db > found.json
"$PYTHON" - <<'END'
import json, sqlite3
db = sqlite3.connect("file:found.db?mode=ro", uri=True)
db.row_factory = sqlite3.Row
document = json.load(open("found.json"))
rows = []
for row in db.execute("SELECT * FROM finding ORDER BY id"):
    f = dict(row)
    number, shown = f.pop("object_id"), (f.pop("type"), f.pop("path"))
    f["object"] = number and {"id": str(number), "type": shown[0], "path": shown[1]}
    f["number"] = f.pop("id")
    del f["snapshot_id"]
    rows.append(f)
assert rows == document["findings"]
rules = [dict(row) for row in db.execute("SELECT * FROM rule ORDER BY rowid")]
assert rows and rules == document["rules"]
for name, column in db.execute("SELECT name, column FROM doc").fetchall():
    columns = [row[1] for row in db.execute("PRAGMA table_info(%s)" % name)]
    assert columns and (column is None or column in columns), (name, column)
for name, sql in db.execute("SELECT name, sql FROM saved_query").fetchall():
    print(name, len(db.execute(sql).fetchall()))
print(len(rows), [tuple(row) for row in db.execute("SELECT role, path, pid FROM snapshot")],
      db.execute("PRAGMA integrity_check").fetchone()[0])
END
status snapleak -q -o found.db shop.db
status snapleak -q -f -o found.db --rule globals shop.db shop.db | tail -n 1
status snapleak -f -o shop.db shop.db
status snapleak -o no/such/folder shop.db
find . -name '.*.tmp'
echo "-- the rules"
snapleak --list-rules | cut -d' ' -f1 | tr '\n' ' '
echo
echo "-- wrong usage"
status snapleak
status snapleak --rule global shop.db
status snapleak --rule zzz shop.db
status snapleak shop.db shop.db shop.db
status snapleak --min x shop.db
status snapleak nothing.snap
status snapleak shop.db nothing.snap
