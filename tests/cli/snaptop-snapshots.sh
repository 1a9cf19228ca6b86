# A file with several snapshots: the last one, or the one that is named; never two mixed.
# needs: snaptop snapshow snappath
. "$TESTS_CLI/lib.inc"
"$PYTHON" "$TESTS_CLI/make_heapdb.py" two two.db
for s in first last 1 2; do
    snaptop --bytes --by type -n 2 --snapshot $s two.db
done
status snaptop --snapshot 3 two.db
snaptop --set "SELECT 3" two.db > /dev/null
echo $?
snapshow --bytes two.db '#3' | sed -n '1p;4p'
snappath --snapshot 2 two.db '#3' > /dev/null
echo $?
