# How much is shown: --number, --all, --min-size, --bytes; places of allocation; owners without a name.
# needs: snapdiff
for case in caches sites local-only names-keys chain reuse; do
    "$PYTHON" "$TESTS_CLI/make_diff.py" $case $case
done
echo "-- one line each"
snapdiff -n 1 caches/a.db caches/b.db
echo "-- none so large"
snapdiff --min-size 1M caches/a.db caches/b.db
echo "-- all of it"
snapdiff --all reuse/a.db reuse/b.db
echo "-- in bytes"
snapdiff --bytes caches/a.db caches/b.db
for case in sites local-only names-keys; do
    echo "-- $case"
    snapdiff $case/a.db $case/b.db
done
echo "-- a list grows at its end, then at its head"
snapdiff chain/a.db chain/b.db | sed -n '/^Growth by owner/,/^$/p'
snapdiff chain/b.db chain/c.db | sed -n '/^Growth by owner/,/^$/p'
echo "-- with a write-ahead log, rows come from SQLite instead of pages"
for case in caches sites chain; do
    cp -r $case log
    for f in log/a.db log/b.db; do
        "$PYTHON" -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1]); print(db.execute("PRAGMA journal_mode = WAL").fetchone()[0])' $f
    done
    (cd $case && snapdiff --json a.db b.db) > pages.json
    (cd log && snapdiff --json a.db b.db) > log.json
    cmp pages.json log.json && echo same
    rm -r log
done
