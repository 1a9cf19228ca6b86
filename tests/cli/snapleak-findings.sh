# Findings as text and JSON, rules by name, limits, and the exit status.
# needs: snapleak snapload snapsql
. "$TESTS_CLI/lib.inc"
"$PYTHON" "$TESTS_CLI/make_heapdb.py" service shop.db
echo "-- all rules"
status snapleak --min 1 shop.db
echo "-- one rule, with the query, which can be asked"
status snapleak --rule globals --min 1 --sql shop.db > one.txt
cat one.txt
sed -n 's/^ *snapsql shop.db "\(.*\)"$/\1/p' one.txt | head -n 1 > query.txt
snapsql shop.db "$(cat query.txt)" | head -n 3
echo "-- nothing is large enough"
status snapleak --min 1T shop.db
echo "-- rules that cannot look"
status snapleak --rule growing-owners shop.db
echo "-- the same snapshot twice: nothing grew"
status snapleak --rule growing-owners shop.db shop.db
echo "-- blocks of memory are no objects of the runtime"
cp "$SOURCE_ROOT/corpora/foreign/app.tracemalloc" .
status snapleak -q --min 1 app.tracemalloc | grep -v '^ '
echo "-- JSON"
status snapleak --json --rule globals --min 1 shop.db
echo "-- the rules"
snapleak --list-rules | cut -d' ' -f1 | tr '\n' ' '
echo
echo "-- wrong usage"
status snapleak
status snapleak --rule global shop.db
status snapleak --rule zzz shop.db
status snapleak shop.db shop.db shop.db
status snapleak --min x shop.db
status snapleak nothing.snap
status snapleak shop.db nothing.snap
