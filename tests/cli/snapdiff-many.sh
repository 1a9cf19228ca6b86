# Many snapshots: more files than a process may hold open, a cache that has no room for all of them,
# and one file with thousands, in time.
# needs: snapdiff snapload gen_hostile
. "$TESTS_CLI/lib.inc"
for i in $(seq 1 60); do gen_hostile ids "$((i + 2))" "$i.snap"; done
# shellcheck disable=SC2046 # numbers
set -- $(seq -f "%g.snap" 1 60)
echo "-- 60 files, 40 descriptors"
(ulimit -n 40; snapdiff -q -n 4 "$@") > first.txt
sed -n '2,7p' first.txt
echo "-- a cache for a few of them"
rm -r "$XDG_CACHE_HOME/snap"
(ulimit -n 40; SNAP_CACHE_SIZE=1500K snapdiff -q -n 4 "$@") | cmp - first.txt && echo same
echo "-- databases among them"
snapload -q -o 1.db 1.snap 2> /dev/null
snapload -q -o 2.db 2.snap 2> /dev/null
# shellcheck disable=SC2046
snapdiff -q -n 4 $(seq -f "%g.snap" 3 30) 1.db 2.db | sed -n '2,7p'
echo "-- 5,000 in one file"
n=5000
[ "${SNAP_TEST_SHARE:-1}" -eq 1 ] || n=1250 # told as if they were 5,000
gen_hostile snapshots $n all.snap
(ulimit -t 60; snapdiff -q -n 4 all.snap) |
    sed -n "s/$((n - 1))/4999/g; s/$n/5000/g; s/1,246 more/4,996 more/; 1,9p"
echo "-- more than can be compared"
gen_hostile snapshots 1001 some.snap
snapload -q -o some.db some.snap
# shellcheck disable=SC2046
status snapdiff -q $(for i in $(seq 1 100); do echo some.db; done)
