# Rows as CSV and NDJSON: of views, tables and queries; hostile names, blobs, large numbers; refusals.
# needs: snapexport snapload make_snap
. "$TESTS_CLI/lib.inc"
make_snap two two.snap
make_snap hostile hostile.snap
snapload -q two.snap -o two.db
echo "-- CSV: the default, a view, a query"
status snapexport two.db -o objects.csv
head -n 3 objects.csv
status snapexport --table types --snapshot first two.db -o types.csv
cut -d , -f 1-8 types.csv
status snapexport -q two.db --sql 'SELECT :snapshot AS s, count(*) AS n FROM object WHERE snapshot_id = :snapshot' -o sum.csv
cat sum.csv
echo "-- NDJSON"
status snapexport -q --table label --snapshot 1 two.db -o - --format ndjson
status snapexport -q two.db -o values.jsonl \
    --sql "SELECT NULL AS a, 9007199254740993 AS b, -1.5 AS c, x'00ff' AS d, 'x\"' || char(10) AS e"
cat values.jsonl
edges="SELECT 9e999 AS a, -9e999 AS a, 9e999 - 9e999 AS 'a:1', -9223372036854775808 AS b,
       9007199254740992 AS c, x'' AS d, 1e308 AS e, -0.0 AS f, 1 AS a"
status snapexport -q two.db -o edges.jsonl --sql "$edges"
cat edges.jsonl
status snapexport -q two.db -o edges.csv --sql "$edges"
cat edges.csv
snapsql --mode json two.db "$edges"
echo "-- the rows are those of snapsql, and every reader gets them back"
"$PYTHON" - <<'END'
import csv, json, sqlite3, subprocess
subprocess.run(["snapload", "-q", "hostile.snap", "-o", "hostile.db"], check=True)
for name in ["hostile.db"]:
    db = sqlite3.connect(name)
    for table in "string", "types", "objects", "refs", "label", "metadata", "doc", "edge_kind":
        for ending in "csv", "ndjson":
            subprocess.run(["snapexport", "-q", "-f", "--table", table, name, "-o", "t." + ending],
                           check=True)
        cursor = db.execute('SELECT * FROM "%s"' % table)
        columns, want = [c[0] for c in cursor.description], cursor.fetchall()
        with open("t.csv", newline="", encoding="utf-8") as f:
            got = list(csv.reader(f))
        plain = [["" if v is None else str(v) for v in row] for row in want]
        plain = [["'" + v if isinstance(w, str) and v[:1] in tuple("=+-@\t\r") else v
                  for v, w in zip(row, whole)] for row, whole in zip(plain, want)]
        if got != [columns] + plain:
            print(name, table, "csv differs")
        with open("t.ndjson", encoding="utf-8") as f:
            got = [tuple(json.loads(line).values()) for line in f]
        if got != [tuple(str(v) if isinstance(v, int) and abs(v) > 2 ** 53 else v for v in row) for row in want]:
            print(name, table, "ndjson differs")
print("compared")
END
echo "-- what is refused"
status snapexport two.snap
status snapexport two.db -o out.unknown
status snapexport --format=xml two.db -o out.csv
status snapexport - --format=csv < two.snap
status snapexport --json two.db --format=csv -o -
status snapexport two.db -o sum.csv
status snapexport two.db -o two.db --format=csv -f
status snapexport --top 5 two.db -o out.csv
status snapexport --table nothing two.db -o out.csv
status snapexport --table '"; DROP TABLE object; --' two.db -o out.csv
status snapexport --table ref --snapshot first two.db -o out.csv
status snapexport --table types --sql 'SELECT 1' two.db -o out.csv
status snapexport --sql 'SELECT 1; SELECT 2' two.db -o out.csv
status snapexport --sql 'DELETE FROM object' two.db -o out.csv
status snapexport --sql 'SELECT * FROM nowhere' two.db -o out.csv
status snapexport --sql 'SELECT :other' two.db -o out.csv
status snapexport --sql '' two.db -o out.csv
status snapexport --table types two.db -o out.json
ls out.* 2> /dev/null
echo "-- a full disk"
{ snapexport two.db --format ndjson -o - 2>&1 > /dev/full; echo "exit $?"; } | sed 's/^/said: /'
status snapexport -f two.db --format ndjson -o /dev/full
status snapexport -q --sql "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                            SELECT i FROM n" two.db --format csv -o /dev/full
