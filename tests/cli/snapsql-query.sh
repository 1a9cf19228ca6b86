# SQL on a snapshot and on a database: shapes of output, saved queries, parameters, refusals.
# needs: snapsql snapload make_snap
. "$TESTS_CLI/lib.inc"
make_snap two a.snap
Q="SELECT id, label, shallow_size, retained_size, NULL AS missing, x'00ff' AS blob, 0.5 AS half
   FROM top_objects WHERE snapshot_id = 1 AND rank <= 3 ORDER BY rank"
snapsql -q a.snap "$Q"
snapload -q a.snap -o a.db
for mode in column list csv json line; do
    echo "-- $mode"
    snapsql a.db --mode $mode "$Q"
done
echo "-- without titles"
snapsql a.db --no-headers --mode csv "SELECT 1, 'a,b', 'say \"x\"', '=1+1', '-5', -5"
echo "-- the document"
snapsql a.db --json "SELECT id, name, 9007199254740993 AS big, 1e300 * 10 AS huge, 'a' || char(10) FROM types
    ORDER BY id LIMIT 2"
snapsql a.db --json "$Q" | "$PYTHON" "$TESTS_CLI/validate.py"
snapsql a.db --json "SELECT 1 WHERE 0" | "$PYTHON" "$TESTS_CLI/validate.py"
echo "-- several statements, parameters, comments"
snapsql a.db "SELECT :a AS a, typeof(:a); ; -- nothing
    SELECT @b AS b;" --param a=0x10 --param b=text --param :a=17
echo "-- saved queries"
snapsql a.db --list --mode list | cut -d '|' -f 1 | tr '\n' ' '
echo
snapsql a.db --saved types_by_shallow --param snapshot=1
status snapsql a.db --saved objects_of_type
status snapsql a.db --saved type_by_shallow
status snapsql a.db --list 'SELECT 1'
echo "-- refusals"
for sql in 'SELEC 1' 'SELECT * FROM nowhere' 'DELETE FROM object' 'PRAGMA user_version = 5' \
    "ATTACH 'new.db' AS n" "SELECT load_extension('x')" 'CREATE TEMP TABLE t (a)' \
    "VACUUM INTO 'copy.db'" 'SELECT writefile(1, 2)'; do
    status snapsql a.db "$sql"
done
status snapsql a.db --timeout 200ms 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
    SELECT count(*) FROM n'
echo "-- terminal escapes from a heap"
snapsql a.db "SELECT char(27) || '[31m' AS red, 'a' || char(10) || 'b' AS lines"
ls -A | tr '\n' ' '
