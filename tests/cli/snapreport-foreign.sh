# Pages of other runtimes' dumps, and of snapshots with native blocks, without references, incomplete.
# needs: snapreport snapload make_snap
. "$TESTS_CLI/lib.inc"
page() { "$PYTHON" "$TESTS_CLI/check_page.py" --show "$@"; }
from=$SOURCE_ROOT/corpora/foreign
for file in page.heapsnapshot items.ruby.json app.tracemalloc; do
    cp "$from/$file" .
    echo "-- $file"
    status snapreport -q "$file" -o "$file.html"
    page "$file.html"
done
echo "-- two of them"
status snapreport -q page.heapsnapshot page.heapsnapshot -o same.html
page same.html | sed -n '1,5p'
echo "-- without references"
make_snap two two.snap
snapload -q --summary two.snap -o summary.db
status snapreport -q summary.db -o summary.html
page summary.html
echo "-- native blocks, events"
"$PYTHON" "$TESTS_CLI/make_diff.py" sites sites
"$PYTHON" - <<'END'
import sqlite3
for path, size in ("sites/a.db", 4000), ("sites/b.db", 900000):
    db = sqlite3.connect(path)
    for stack, n, bytes_ in (2, 3, size), (3, 1, 64), (None, 1, 5):
        db.execute("INSERT INTO native_site VALUES (NULL, 1, ?, ?, ?, 0, 0, 0, 0)", (stack, n, bytes_))
    db.execute("UPDATE snapshot SET n_blocks = 5, block_size = ?", (size + 69,))
    db.commit()
END
status snapreport -q sites/b.db sites/a.db -o native.html
page native.html
echo "-- nothing, not all"
make_snap none none.snap
status snapreport -q none.snap -o none.html
make_snap unfinished unfinished.snap
status snapreport -q unfinished.snap.part -o unfinished.html
page unfinished.html
grep -c "capture is incomplete" unfinished.html
