# Which rules are checked, and what breaks them.
# needs: snapinfo make_snap
# mask: offsets sizes
. "$TESTS_CLI/lib.inc"
for kind in chunks dangling unfinished optional; do make_snap $kind $kind.snap; done
cp chunks.snap payload.snap
flip payload.snap $(($(chunk_at payload.snap edge 8) + 70))
cp chunks.snap header.snap
flip header.snap $(($(chunk_at header.snap object 3) + 20))
cp chunks.snap cut.snap
cut_to cut.snap $(($(chunk_at cut.snap edge 12) + 70))
for f in chunks dangling unfinished.snap.part optional payload header cut; do
    case $f in *.part) ;; *) f=$f.snap ;; esac
    status snapinfo --verify $f
done
cp chunks.snap tail.snap
echo more >> tail.snap
status snapinfo --verify tail.snap
