# The documents of the three commands fit their descriptions; one is shown.
# needs: snaptop snappath snapshow
. "$TESTS_CLI/lib.inc"
"$PYTHON" "$TESTS_CLI/make_heapdb.py" service shop.db
check() { "$@" --json shop.db | "$PYTHON" "$TESTS_CLI/validate.py"; }
check snaptop
check snaptop --garbage
for by in object type site package global thread cycle root; do
    check snaptop --by $by
done
check snaptop --by type --exact
check snaptop --type Request --exact
check snaptop --set "SELECT id FROM objects"
snappath --json shop.db Request '#25' '#50' --type '*' | "$PYTHON" "$TESTS_CLI/validate.py"
snappath --json -k 3 shop.db Request | "$PYTHON" "$TESTS_CLI/validate.py"
snapshow --json shop.db Request '#2' '#23' '#50' | "$PYTHON" "$TESTS_CLI/validate.py"
echo "-- answers that break off"
for command in "snapshow --json shop.db #2 #99999999" "snappath --json shop.db #99999999" "snaptop --json shop.db --set nonsense"; do
    status $command > document
    tail -n 1 document
    sed '$d' document | "$PYTHON" "$TESTS_CLI/validate.py"
    grep '"error"' document
done
snaptop --json --by root -n 2 shop.db
