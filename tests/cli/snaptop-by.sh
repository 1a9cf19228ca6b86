# Every dimension, with exact sizes and with --bytes.
# needs: snaptop
"$PYTHON" "$TESTS_CLI/make_heapdb.py" service shop.db
for by in object type site package loader global thread cycle root; do
    echo "-- $by"
    snaptop --bytes --by $by -n 5 shop.db | tail -n +4
done
echo "-- package --depth 3"
snaptop --bytes --by package --depth 3 shop.db | tail -n +4
for by in type package site; do
    echo "-- $by --exact"
    snaptop --bytes --by $by --exact -n 4 shop.db | tail -n +4
done
for sort in shallow count; do
    echo "-- type --sort $sort, object --sort $sort"
    snaptop --bytes --by type --sort $sort -n 4 shop.db | tail -n +4
    snaptop --bytes --by object --sort $sort -n 4 shop.db | tail -n +4
done
