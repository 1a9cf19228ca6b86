# Straight from a snapshot file, which is loaded on the way, and from a truncated one.
# needs: snaptop snappath snapshow make_snap
. "$TESTS_CLI/lib.inc"
make_snap small small.snap
snaptop -q small.snap
snaptop -q small.snap --by type | tail -n +4
snappath -q small.snap '#2' | tail -n +4
snapshow -q small.snap '#2' | tail -n +4
