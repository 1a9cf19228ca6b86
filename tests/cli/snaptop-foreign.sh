# Dumps of other runtimes, straight from the file: V8, Ruby, tracemalloc; whole, wrapped, cut, wrong.
# needs: snaptop snapsql snapload snapdiff snappath
# mask: sizes
. "$TESTS_CLI/lib.inc"
from=$SOURCE_ROOT/corpora/foreign
cp "$from/page.heapsnapshot" "$from/items.ruby.json" "$from/app.tracemalloc" .
for file in page.heapsnapshot items.ruby.json app.tracemalloc; do
    snapload -q "$file" -o "$file.db"
    snapsql "$file.db" "SELECT runtime, n_objects, n_refs, live_size, garbage_size, complete
                        FROM snapshot" --no-headers
    snapsql "$file.db" "SELECT label, type, shallow_size, retained_size FROM objects
                        ORDER BY retained_size DESC, id" --no-headers --mode=csv
done
echo "-- why is it alive, where was it made"
snappath -q page.heapsnapshot.db Item | tail -n +4
snaptop --by site app.tracemalloc.db | tail -n +4
echo "-- contents only on request"
snapsql page.heapsnapshot.db "SELECT value FROM detail WHERE value IS NOT NULL" --no-headers
snapload -q --values page.heapsnapshot -o values.db
snapsql values.db "SELECT value FROM detail WHERE value IS NOT NULL" --no-headers
echo "-- wrapped"
gzip -n page.heapsnapshot
snaptop -q page.heapsnapshot.gz -n 2 | head -n 2
gunzip page.heapsnapshot.gz
echo "-- what no root reaches"
sed 's/^,5,1,14$/,6,1,14/' page.heapsnapshot > unreached.heapsnapshot
cmp -s page.heapsnapshot unreached.heapsnapshot && echo "nothing changed"
status snapload -q unreached.heapsnapshot -o unreached.db
snapsql -q unreached.db "SELECT message FROM warning" --no-headers
snapsql -q unreached.db "SELECT label FROM objects WHERE id IN
    (SELECT object_id FROM root WHERE kind = 19)" --no-headers
echo "-- cut, wrong"
head -c 1500 page.heapsnapshot > cut.heapsnapshot
status snapload cut.heapsnapshot -q -o cut.db
snapsql cut.db "SELECT message FROM warning ORDER BY id" --no-headers
sed 's/"edges":\[/"edges":[x/' page.heapsnapshot > wrong.heapsnapshot
status snapload wrong.heapsnapshot -o wrong.db
