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
