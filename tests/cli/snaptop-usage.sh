# Wrong usage: one line, exit status 2.
# needs: snaptop snappath snapshow
. "$TESTS_CLI/lib.inc"
"$PYTHON" "$TESTS_CLI/make_heapdb.py" service shop.db
status snaptop --by colour shop.db
status snaptop --type x --by site shop.db
status snaptop --exact shop.db
status snaptop --set "SELECT 1" --garbage shop.db
for by in global thread root; do
    status snaptop --garbage --by $by shop.db
done
status snaptop --depth 4 --by package shop.db
status snaptop
status snappath shop.db
status snappath -k 0 shop.db 2
status snapshow shop.db
status snapshow -n 99999999999 shop.db 2
for target in '#1' '#48' 9999 0x10 Nothing Reqest '#x'; do
    snapshow shop.db "$target" > /dev/null
    echo $?
    snappath shop.db "$target" > /dev/null
    echo $?
done
