# -o: the comparison as tables; whole or not at all.
# needs: snapdiff
. "$TESTS_CLI/lib.inc"
for case in leak sites outside; do "$PYTHON" "$TESTS_CLI/make_diff.py" $case $case; done
sql() {
    "$PYTHON" -c 'import sqlite3, sys
for row in sqlite3.connect("file:%s?mode=ro" % sys.argv[1], uri=True).execute(sys.argv[2]):
    print("|".join("" if x is None else str(x) for x in row))' "$@"
}
snapdiff -o leak.db leak/a.db leak/b.db > /dev/null
sql leak.db 'SELECT rank, name, signature, type, count_delta, shallow_delta, native_delta,
             retained_delta, n_new, n_gone, new_type, bytes_per_hour, intervals_grown, n_owners FROM owner'
sql leak.db 'SELECT dimension, name, n_a, n_b, shallow_a, shallow_b, retained_a, retained_b, n_new,
             shallow_new FROM growth'
sql leak.db 'SELECT kind, owner, matching, interval_seconds FROM verdict'
sql leak.db 'SELECT id, path, captured_at, pid, complete, n_objects, live_size FROM snapshot'
sql leak.db 'SELECT * FROM owners'
sql leak.db 'PRAGMA integrity_check'
stat -c %a leak.db
snapdiff --json -o sites.db sites/a.db sites/b.db > /dev/null
sql sites.db "SELECT name, n_a, n_b, n_new FROM growth WHERE dimension = 'site'"
snapdiff -o outside.db outside/a.db outside/b.db > /dev/null
sql outside.db "SELECT name, shallow_a, shallow_b FROM growth WHERE dimension = 'memory'"
echo "-- an existing file"
status snapdiff -o leak.db leak/a.db leak/b.db 2>&1
status snapdiff -f -o leak.db leak/a.db leak/b.db 2>&1 | tail -n 1
echo "-- one of the inputs, by any name"
cp leak/a.db input.db
ln -s input.db symbolic.db
ln input.db hard.db
for name in input.db ./input.db symbolic.db hard.db; do
    status snapdiff -f -o $name leak/b.db input.db 2>&1
done
cmp leak/a.db input.db && test -L symbolic.db && echo untouched
echo "-- where no file can be"
status snapdiff -o . leak/a.db leak/b.db 2>&1
status snapdiff -o no/such/folder leak/a.db leak/b.db 2>&1
status snapdiff -o /dev/null leak/a.db leak/b.db 2>&1
status snapdiff leak.db leak/b.db 2>&1
find . -name '.*.tmp'
