# What a file says of itself: one snapshot, two, none.
# needs: snapinfo make_snap
# mask: sizes version
for kind in small two none; do
    make_snap $kind $kind.snap
done
snapinfo small.snap two.snap none.snap
snapinfo --bytes small.snap | head -n 1
snapinfo --bytes small.snap | grep -c -e '^object  *1  *11  *[0-9]*  *[0-9]*  *[0-9.]*  *[0-9.]*$'
