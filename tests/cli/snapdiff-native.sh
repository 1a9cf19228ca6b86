# Native blocks by place of allocation: text, JSON, tables; where only one side has them.
# needs: snapdiff
"$PYTHON" "$TESTS_CLI/make_diff.py" sites sites
cp sites/a.db same.db
"$PYTHON" - sites/a.db 4000 0 sites/b.db 900000 5 same.db 900000 5 <<'END'
import sqlite3
import sys
for path, size, unknown in zip(sys.argv[1::3], sys.argv[2::3], sys.argv[3::3]):
    db = sqlite3.connect(path)
    rows = [(2, 3, int(size)), (3, 1, 64), (None, 1, int(unknown))]
    for stack, n, bytes_ in rows:
        db.execute("INSERT INTO native_site VALUES (NULL, 1, ?, ?, ?, 0, 0, 0, 0)", (stack, n, bytes_))
    db.execute("UPDATE snapshot SET n_blocks = 5, block_size = ?", (sum(r[2] for r in rows),))
    db.commit()
END
snapdiff sites/a.db sites/b.db | sed -n '/native blocks/,$p'
echo "-- the objects did not change"
snapdiff sites/a.db same.db | grep 'Native blocks'
snapdiff --json -o out.db sites/a.db same.db > a.json
"$PYTHON" "$TESTS_CLI/validate.py" < a.json && echo valid
"$PYTHON" - <<'END'
import json
import sqlite3
doc = json.load(open("a.json"))
print(doc["native_recorded"], doc["native_sites_total"], doc["verdict"]["kind"])
for s in doc["native_sites"]:
    print(s["stack"], s["count_a"], s["count_b"], s["size_a"], s["size_b"], s["size_delta"])
for row in sqlite3.connect("out.db").execute("SELECT name, n_a, n_b, shallow_a, shallow_b FROM growth"
                                             " WHERE dimension = 'native'"):
    print(*row, sep="|")
db = sqlite3.connect("sites/a.db")
db.execute("UPDATE snapshot SET n_blocks = NULL, block_size = NULL")
db.commit()
END
echo "-- one side has none"
snapdiff sites/a.db sites/b.db | grep 'native blocks' || echo not told
