# A heap database: its snapshots, SQLite's check of it, what it cannot be asked.
# needs: snapinfo snapload make_snap
# mask: sizes
. "$TESTS_CLI/lib.inc"
make_snap two a.snap
snapload -q a.snap -o a.db
snapload -q --summary a.snap -o summary.db
snapinfo a.db
snapinfo --verify summary.db | tail -n 1
snapinfo --json --verify a.db summary.db | "$PYTHON" "$TESTS_CLI/validate.py"
snapinfo - < a.db | head -n 1
for option in --types --privacy --chunks '--recover out'; do
    status snapinfo $option a.db
done
echo "-- damaged inside"
cp a.db damaged.db
"$PYTHON" - <<'END'
import sqlite3
db = sqlite3.connect("a.db")
page = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'label'").fetchone()[0]
size = db.execute("PRAGMA page_size").fetchone()[0]
with open("damaged.db", "r+b") as file:
    file.seek((page - 1) * size + 3)
    file.write(b"\x7f\xff")
END
status snapinfo --verify damaged.db
snapinfo --json --verify damaged.db nothing text 2> errors > document
"$PYTHON" "$TESTS_CLI/validate.py" < document
grep -A 2 '"finding"\|"unusable"' document
ls
