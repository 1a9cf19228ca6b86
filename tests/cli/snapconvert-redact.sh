# Redaction: which names are left, equal hashes under one key, no trace of what was hidden.
# needs: snapconvert snapload snapinfo snapsql make_snap
# mask: uuid
. "$TESTS_CLI/lib.inc"
page=$SOURCE_ROOT/corpora/foreign/page.heapsnapshot
names='SELECT DISTINCT s.text FROM ref r JOIN string s ON s.id = r.name_id ORDER BY 1'
for what in nothing keys names; do
    echo "-- $what"
    key=--hash-key=k
    [ $what = nothing ] && key=--level=3
    snapconvert -q -f --redact=$what $key "$page" $what.snap
    snapsql -q $what.snap "$names"
    snapsql -q $what.snap "SELECT key, value FROM metadata WHERE key IN ('names', 'values',
        'convert.format', 'convert.redacted')"
done
echo "-- the heap is the same"
sums='SELECT n_objects, n_refs, n_roots, live_size, garbage_size FROM snapshot'
for what in nothing keys names; do snapsql -q $what.snap "$sums"; done | sort -u
echo "-- one key, one hash; another key, another"
snapconvert -q --redact=keys --hash-key=k "$page" again.snap
cmp keys.snap again.snap
snapconvert -q --redact=keys --hash-key=other "$page" other.snap
snapsql -q keys.snap "$names" > one
snapsql -q other.snap "$names" > two
cmp -s one two || echo differ
echo "-- a capture of a Python program"
make_snap hostile hostile.snap
make_snap two two.snap
snapinfo --privacy two.snap | sed -n '/^Strings/,$p'
snapconvert -q --redact=names --hash-key=k two.snap hidden.snap
snapinfo --privacy hidden.snap | sed -n '/^Strings/,$p'
status snapconvert -q --redact=names --hash-key=k hostile.snap hidden2.snap
