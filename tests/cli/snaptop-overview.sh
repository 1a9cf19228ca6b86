# What a person sees first: a few lines of each kind; hostile names stay on their line.
# needs: snaptop
"$PYTHON" "$TESTS_CLI/make_heapdb.py" service shop.db
snaptop shop.db
