# What is unreachable, by every dimension that garbage has.
# needs: snaptop
"$PYTHON" "$TESTS_CLI/make_heapdb.py" service shop.db
snaptop --garbage --bytes shop.db
snaptop --garbage --by site shop.db | tail -n +4
