# The exact retained size of sets: of a query, of a type; what is no set is refused.
# needs: snaptop
. "$TESTS_CLI/lib.inc"
"$PYTHON" "$TESTS_CLI/make_heapdb.py" service shop.db
snaptop --bytes --set "SELECT id FROM objects WHERE type = 'list' AND NOT is_garbage" shop.db
snaptop --bytes --set "SELECT 3 UNION ALL SELECT 3;" shop.db | tail -n +4
snaptop --bytes --set "SELECT id FROM object WHERE 0" shop.db | tail -n +4
snaptop --bytes --type '*Session' --exact shop.db | tail -n +4
for sql in "SELECT 'x'" "SELECT 1" "SELECT 9999" "DELETE FROM object" "SELECT 2; SELECT 3" "SELEC" ""; do
    status snaptop --set "$sql" shop.db 2>&1 | grep -v -e '^shop.db: ' -e '^live' -e '^$'
done
