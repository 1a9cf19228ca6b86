# The paths of all objects of a type as one tree; recorded keys of a large table are alike, and a chain
# that repeats itself is folded.
# needs: snappath
"$PYTHON" "$TESTS_CLI/make_heapdb.py" service shop.db 30
snappath --type Request shop.db
for type in Node str 'app.*' '*'; do
    echo
    snappath --type "$type" -n 12 shop.db | tail -n +4
done
