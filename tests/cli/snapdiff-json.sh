# The document of --json fits its description in every case; one of them in full.
# needs: snapdiff
for case in leak three nested shared caches reuse hands garbage outside incomplete runtimes moving \
            restart sites local-only chain names-keys; do
    "$PYTHON" "$TESTS_CLI/make_diff.py" $case $case
    for all in --all --number=1; do
        snapdiff -q --json $all $case/*.db | "$PYTHON" "$TESTS_CLI/validate.py" || echo "$case $all"
    done
done
snapdiff --json hands/a.db hands/b.db
snapdiff -q --json sites/a.db sites/b.db | sed -n '/^  "sites"/,$p'
echo "-- an owner without an address"
"$PYTHON" -c 'import sqlite3
db = sqlite3.connect("leak/b.db"); db.execute("UPDATE object SET address = NULL"); db.commit()'
snapdiff -q --json --matching=signature leak/a.db leak/b.db > document
"$PYTHON" "$TESTS_CLI/validate.py" < document
grep '"address"' document
