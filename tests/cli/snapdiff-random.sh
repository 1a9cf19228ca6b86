# On random worlds and what became of them: lines add up to the totals, nothing is counted twice, and
# what is told agrees with the databases. check_diff.py says what is checked.
# needs: snapdiff
"$PYTHON" "$TESTS_CLI/check_diff.py" 1 $((100 / ${SNAP_TEST_SHARE:-1}))
