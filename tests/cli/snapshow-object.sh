# Everything about an object: live, garbage, held from C, with contents, allocated somewhere.
# needs: snapshow
"$PYTHON" "$TESTS_CLI/make_heapdb.py" service shop.db
for target in Request '#23' '#47' '#53' 'app*Evil*'; do
    snapshow shop.db "$target" | tail -n +4
    echo
done
