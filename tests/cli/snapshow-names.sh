# Objects by the names that the tools print: global variables, attributes of theirs; a type comes first.
# needs: snapshow snappath
"$PYTHON" "$TESTS_CLI/make_diff.py" leak leak
"$PYTHON" "$TESTS_CLI/make_heapdb.py" service shop.db
. "$TESTS_CLI/lib.inc"
for name in app.REGISTRY app.HEAD app.HEAD.next app.HEAD.next.nothing app.nothing app.Request .; do
    echo "-- $name"
    status snapshow -n 1 leak/b.db "$name" 2>&1 | sed -n 4,5p
    status snapshow -n 1 shop.db "$name" 2>&1 | sed -n 4,5p
done
status snapshow leak/b.db app.nothing 2>&1
status snappath shop.db app.REGISTRY 2>&1
