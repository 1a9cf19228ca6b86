# Types, strings by category, chunks.
# needs: snapinfo make_snap
# mask: sizes version
make_snap two a.snap
make_snap values v.snap
make_snap long l.snap
snapinfo --types a.snap
snapinfo --types --top 2 --bytes a.snap
snapinfo --privacy v.snap
snapinfo --chunks a.snap | awk 'NR > 5 { print $2, $3, $4, $5, $8, $9, $10, $11, $12, $13, $14 }'
snapinfo --types l.snap | sed 's/nnn*/N/'
