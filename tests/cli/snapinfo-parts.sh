# Types, strings by category, chunks.
# needs: snapinfo make_snap
make_snap two a.snap
make_snap values v.snap
make_snap long l.snap
snapinfo --types a.snap
snapinfo --types --top 2 --bytes a.snap
snapinfo --privacy v.snap | sed 's/libsnap [0-9.]*/libsnap VERSION/'
snapinfo --chunks a.snap | sed -n '5,9p' | cut -c 1-50
snapinfo --types l.snap | sed 's/nnn*/N/'
