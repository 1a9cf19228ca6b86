# Nothing reaches it: the cycle that holds it, the way from the cycle to it, or that nothing does.
# needs: snappath
"$PYTHON" "$TESTS_CLI/make_heapdb.py" service shop.db
snappath shop.db '#49' '#50' '#51' '#52' '#53' '#54' '#55' | tail -n +4
