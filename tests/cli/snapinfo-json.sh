# Every document fits its description, damaged and foreign files included.
# needs: snapinfo make_snap
# mask: offsets sizes version
. "$TESTS_CLI/lib.inc"
valid() { "$PYTHON" "$TESTS_CLI/validate.py"; }
for kind in small two chunks hostile values long dangling unfinished none optional; do
    make_snap $kind $kind.snap
done
cp chunks.snap damaged.snap
flip damaged.snap $(($(chunk_at damaged.snap edge 8) + 70))
echo text > text
snapinfo --json *.snap *.part | valid
snapinfo --json --types --privacy --chunks *.snap *.part 2> /dev/null | valid
snapinfo --json --verify *.snap *.part 2> /dev/null | valid
snapinfo --json --recover r.snap damaged.snap 2> /dev/null | valid
snapinfo --json text . nothing small.snap 2> /dev/null | valid
snapinfo --json small.snap
