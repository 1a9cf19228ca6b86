# Growth belongs to who owned it before: one leak, one line; slots that are used again, objects that
# change hands, two holders of the same objects, caches that shrink and grow.
# needs: snapdiff
for case in leak nested closures shared caches reuse root-reuse hands; do
    "$PYTHON" "$TESTS_CLI/make_diff.py" $case $case
    echo "-- $case"
    snapdiff $case/a.db $case/b.db
done
