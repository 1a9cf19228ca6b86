# What a file says of itself: one snapshot, two, none.
# needs: snapinfo make_snap
for kind in small two none; do
    make_snap $kind $kind.snap
done
snapinfo --bytes small.snap two.snap none.snap | sed 's/libsnap [0-9.]*/libsnap VERSION/'
