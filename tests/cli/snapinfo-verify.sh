# Which rules are checked, and what breaks them.
# needs: snapinfo make_snap
. "$TESTS_CLI/lib.inc"
for kind in chunks dangling unfinished optional; do make_snap $kind $kind.snap; done
cp chunks.snap payload.snap
flip payload.snap 4000
cp chunks.snap header.snap
flip header.snap 3930
cp chunks.snap cut.snap
cut_to cut.snap 5000
for f in chunks dangling unfinished.snap.part optional payload header cut; do
    case $f in *.part) ;; *) f=$f.snap ;; esac
    status snapinfo --verify $f
done
cat chunks.snap more 2> /dev/null > tail.snap
echo more >> tail.snap
status snapinfo --verify tail.snap
