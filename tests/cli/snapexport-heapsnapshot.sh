# V8 heap snapshots of any heap: what readers demand of the file, and every retained size by their own
# rules; what cannot be held; the same bytes again; the tools read it back.
# needs: snapexport snapload snaptop snapconvert make_snap gen_snap
. "$TESTS_CLI/lib.inc"
check() { "$PYTHON" "$TESTS_CLI/check_heapsnapshot.py" "$@"; }
"$PYTHON" "$TESTS_CLI/make_heapdb.py" service shop.db
"$PYTHON" "$TESTS_CLI/make_heapdb.py" two two.db
for kind in two hostile none unfinished; do
    make_snap $kind $kind.snap
    [ -e $kind.snap ] || mv $kind.snap.part $kind.snap
    snapload -q $kind.snap -o $kind-made.db 2> /dev/null
done
for db in *.db; do
    echo "-- $db"
    status snapexport "$db" -o "$db.heapsnapshot" 2>&1 | sed 's/, [0-9.]* KiB//'
    check "$db.heapsnapshot" "$db"
done
echo "-- random heaps, with garbage, weak references and shared memory"
for seed in 1 2 3 4 5 6 7 8; do
    "$PYTHON" "$TESTS_CLI/make_heapdb.py" random r.db $seed
    snapexport -q -f r.db -o r.heapsnapshot
    check r.heapsnapshot r.db
    rm r.db
done
echo "-- a dump of V8: its nodes, their ids, sizes and names, again and through .snap"
cp "$SOURCE_ROOT/corpora/foreign/page.heapsnapshot" .
snapload -q page.heapsnapshot -o page.db
snapconvert -q page.heapsnapshot page.snap
snapexport -q page.heapsnapshot -o again.heapsnapshot
snapexport -q page.snap -o through.heapsnapshot
cmp again.heapsnapshot through.heapsnapshot
"$PYTHON" - <<'END'
import json
def rows(name):
    with open(name) as f:
        x = json.load(f)
    meta = x["snapshot"]["meta"]
    width, kinds = len(meta["node_fields"]), meta["node_types"][0]
    field = {f: i for i, f in enumerate(meta["node_fields"])}
    n = x["nodes"]
    at = lambda i, name: n[i + field[name]]
    return {at(i, "id"): (kinds[at(i, "type")], at(i, "self_size"), x["strings"][at(i, "name")])
            for i in range(0, len(n), width)}
a, b = rows("page.heapsnapshot"), rows("again.heapsnapshot")
print(len(a), "nodes,", len(set(b) - set(a)), "more; lost:")
for i in sorted(a):
    if a[i] != b.get(i):
        print(i, a[i], b.get(i))
END
snapload -q again.heapsnapshot -o again.db
for db in page.db again.db; do snaptop -q --by type --bytes -n 4 $db | tail -n 5; done
echo "-- sizes that do not fit"
"$PYTHON" - <<'END'
import sqlite3
db = sqlite3.connect("shop.db")
db.execute("UPDATE object SET shallow_size = 5000000000 WHERE id = 2")
db.execute("UPDATE ref SET key = -5 WHERE kind = 2")
db.commit()
END
status snapexport --json shop.db -o large.heapsnapshot > large.json
tail -n 15 large.json
echo "-- the same bytes again, on standard output; nothing after a full disk"
snapexport -q shop.db --format heapsnapshot -o - | cmp - large.heapsnapshot
snapexport -q shop.db --format heapsnapshot -o - > /dev/full; echo "exit $?"
status snapexport -q -f shop.db --format heapsnapshot -o /dev/full
status snapexport shop.db --top 5 -o x.heapsnapshot
echo "-- what was not loaded"
snapload -q --summary two.snap -o summary.db
status snapexport -q summary.db -o summary.heapsnapshot
check summary.heapsnapshot summary.db
