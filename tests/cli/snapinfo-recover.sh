# Whole chunks of a damaged file in a new one that is valid.
# needs: snapinfo make_snap
# mask: offsets sizes
. "$TESTS_CLI/lib.inc"
make_snap chunks chunks.snap
make_snap unfinished u.snap
make_snap two two.snap
make_snap optional optional.snap
cp chunks.snap payload.snap
flip payload.snap $(($(chunk_at payload.snap edge 8) + 70))
cp two.snap begin.snap
flip begin.snap $(($(chunk_at begin.snap begin 1) + 70))
for f in u.snap.part payload.snap begin.snap two.snap optional.snap; do
    echo "-- $f"
    status snapinfo --recover r-$f $f
    status snapinfo --verify r-$f | sed 's/uuid .*/uuid/'
done
echo "-- again, and elsewhere"
status snapinfo --recover r-two.snap two.snap
status snapinfo --recover two.snap --force two.snap
status snapinfo --recover payload.snap --force -q two.snap > /dev/null
status snapinfo --verify payload.snap | tail -n 2
snapinfo --recover - begin.snap | snapinfo --verify - | tail -n 1
status snapinfo --json --recover - begin.snap
status snapinfo --recover out two.snap begin.snap
status snapinfo --recover . two.snap
status snapinfo --recover no/such/folder two.snap
snapinfo --recover /dev/full two.snap
echo $?
[ -c /dev/full ] && echo "still a device"
ls -A
