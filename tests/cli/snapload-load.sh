# What is loaded: names, several files, a cut file, the JSON document; and the invariants of all of them.
# needs: snapload make_snap gen_snap
# mask: offsets
. "$TESTS_CLI/lib.inc"
CHECK=$SOURCE_ROOT/tests/property/check_db.sh
make_snap two two.snap
make_snap hostile hostile.snap
make_snap values values.snap
make_snap long long.snap
gen_snap --chunk-rows 20 3 300 random.snap
for f in two hostile values long random; do
    snapload -q $f.snap
    sh "$CHECK" $f.db && sqlite3 $f.db "SELECT '$f', id, runtime, service, complete, n_objects, n_refs
        FROM snapshot"
done
echo "-- several files"
snapload -q two.snap random.snap hostile.snap -o all.db
sh "$CHECK" all.db
sqlite3 all.db "SELECT id, path, file_number, live_root_id, n_objects FROM snapshots JOIN snapshot USING
    (id, path, n_objects)"
echo "-- permissions"
stat -c '%a %n' two.db
echo "-- damaged and cut: what is there"
cp random.snap cut.snap.part
cut_to cut.snap.part $(($(wc -c < random.snap) / 2))
status snapload cut.snap.part 2> err
grep -v '^snapload: cut.db' err
sh "$CHECK" cut.db
sqlite3 cut.db "SELECT count(*), sum(complete) FROM snapshot; SELECT max(offset) > 0 FROM warning"
echo "-- JSON"
snapload -q --force --json two.snap | "$PYTHON" "$TESTS_CLI/validate.py"
snapload -q --force --json --summary two.snap random.snap | "$PYTHON" "$TESTS_CLI/validate.py"
snapload -q --force --json two.snap | grep -E '"(snapshots|objects|refs|complete|warnings)"'
