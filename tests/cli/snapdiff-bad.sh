# Every kind of bad input: one line, exit status 2, nothing on standard output.
# needs: snapdiff make_snap
# mask: offsets sizes
. "$TESTS_CLI/lib.inc"
"$PYTHON" "$TESTS_CLI/make_diff.py" leak leak
make_snap small good.snap
make_snap major major.snap
printf 'plain text\n' > text
printf 'JAVA PROFILE 1.0.2\0' > hprof
: > empty
head -c 20 good.snap > short
head -c 9000 leak/b.db > cut.db
"$PYTHON" -c 'import sqlite3; sqlite3.connect("foreign.db").execute("CREATE TABLE t (x)")'
cp leak/b.db secret.db
chmod 000 secret.db
for f in text hprof empty short . nothing major.snap cut.db foreign.db; do
    status snapdiff -q leak/a.db $f 2>&1
done
status as_nobody snapdiff leak/a.db secret.db 2>&1
echo "-- garbage first"
status snapdiff text leak/b.db 2>&1
echo "-- one snapshot, no snapshot, wrong options"
status snapdiff leak/a.db 2>&1
status snapdiff 2>&1
status snapdiff --matching=magic leak/a.db leak/b.db 2>&1
status snapdiff --fail leak/a.db leak/b.db 2>&1
echo "-- a database whose rows lie"
lie() {
    cp leak/b.db lie.db
    "$PYTHON" -c 'import sqlite3, sys
db = sqlite3.connect("lie.db"); db.executescript(sys.argv[1]); db.commit()' "$1"
    echo "$1"
    snapdiff leak/a.db lie.db > out 2> err
    echo "exit $?"
    cat err
}
lie 'UPDATE object SET last_dominated = last_dominated + 1 WHERE id = 4'
lie 'UPDATE object SET parent_id = 4 WHERE id = 3; UPDATE object SET parent_id = 3 WHERE id = 4'
lie 'UPDATE object SET last_dominated = 99999 WHERE id = 4'
lie 'UPDATE object SET type_id = 77 WHERE id = 4'
lie 'UPDATE object SET shallow_size = -5 WHERE id = 4'
lie 'UPDATE object SET shallow_size = 9223372036854775807 WHERE id IN (4, 5)'
lie 'DELETE FROM object WHERE id = 5'
lie 'UPDATE snapshot SET n_objects = 4000000000'
lie 'UPDATE snapshot SET garbage_root_id = 500'
lie 'UPDATE snapshot SET live_root_id = -3'
lie "UPDATE type SET id = 900000000000 WHERE name = 'list'"
lie 'UPDATE ref SET kind = 99; UPDATE ref SET name_id = 4711'
lie 'DELETE FROM ref; DELETE FROM referrer'
echo "-- full disk"
for json in '' --json; do
    snapdiff $json leak/a.db leak/b.db 2>&1 > /dev/full
    echo "exit $?"
done
