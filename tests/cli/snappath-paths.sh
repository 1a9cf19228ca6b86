# Why is it alive: one path, several, of an address, of a type's largest object.
# needs: snappath
"$PYTHON" "$TESTS_CLI/make_heapdb.py" service shop.db
snappath shop.db Session Node 0x7f0000000000
echo
snappath shop.db '#3' | tail -n +4
snappath -k 4 shop.db '#3' | tail -n +4
