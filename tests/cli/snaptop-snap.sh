# Straight from a snapshot file, which is loaded on the way, and from a truncated one.
# needs: snaptop snappath snapshow snapload make_snap
. "$TESTS_CLI/lib.inc"
make_snap small small.snap
snaptop -q small.snap
snaptop -q small.snap --by type | tail -n +4
snappath -q small.snap '#2' | tail -n +4
snapshow -q small.snap '#2' | tail -n +4
echo "-- without references a list of objects has no paths, and nothing is added for it"
snapload -q --summary small.snap -o sum.db
snaptop --by object -n 3 sum.db | tail -n +4
