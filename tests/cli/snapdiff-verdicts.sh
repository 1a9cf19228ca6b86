# The verdict by its rules, and where the resident memory went.
# needs: snapdiff
verdict() {
    snapdiff --json "$@" 2> /dev/null |
        "$PYTHON" -c 'import json, sys; v = json.load(sys.stdin)["verdict"]
print(v["kind"]); print(" ", v["sentence"]); print("  rule:", v["rule"])
print("  owner:", v["owner"], v["share_percent"])'
}
for case in leak three lazy litter several full exchange crumbs slowing garbage outside incomplete nested caches; do
    "$PYTHON" "$TESTS_CLI/make_diff.py" $case $case
done
for pair in leak/a.db+leak/b.db leak/b.db+leak/a.db leak/a.db+leak/a.db garbage/a.db+garbage/b.db \
            outside/a.db+outside/b.db outside/b.db+outside/c.db outside/a.db+outside/c.db \
            incomplete/a.db+incomplete/b.db caches/a.db+caches/b.db; do
    echo "-- ${pair%+*} ${pair#*+}"
    verdict "${pair%+*}" "${pair#*+}"
done
echo "-- three snapshots"
verdict three/a.db three/b.db three/c.db
snapdiff three/a.db three/b.db three/c.db
echo "-- what came hangs in what was made after the first snapshot"
verdict lazy/a.db lazy/b.db lazy/c.db lazy/d.db
snapdiff lazy/a.db lazy/b.db lazy/c.db lazy/d.db | grep 'by interval'
echo "-- garbage that goes hides no leak, and garbage that comes is none"
verdict litter/a.db litter/b.db litter/c.db
verdict litter/c.db litter/d.db
echo "-- several leaks, none of which holds half, also where one line is shown"
verdict several/a.db several/b.db several/c.db
verdict -n 1 several/a.db several/b.db several/c.db
verdict several/a.db several/c.db
echo "-- a cache that is full"
verdict full/a.db full/b.db full/c.db
snapdiff full/a.db full/b.db full/c.db
echo "-- a cache that became full in the last interval"
verdict exchange/a.db exchange/b.db exchange/c.db
snapdiff exchange/a.db exchange/b.db exchange/c.db | sed -n '/^The managed/,/^$/p'
echo "-- no owner with a fair share"
verdict crumbs/a.db crumbs/c.db
echo "-- a cache that fills more and more slowly, alone and beside a leak"
for s in '' leak-; do
    verdict slowing/${s}a.db slowing/${s}b.db slowing/${s}c.db slowing/${s}d.db slowing/${s}e.db
    snapdiff slowing/${s}a.db slowing/${s}b.db slowing/${s}c.db slowing/${s}d.db slowing/${s}e.db |
        sed -n '/^The managed/,/^$/p'
done
verdict slowing/a.db slowing/b.db slowing/c.db
echo "-- the memory map"
snapdiff outside/a.db outside/b.db
echo "-- the newer one first"
snapdiff leak/b.db leak/a.db
echo "-- twice the same"
snapdiff leak/a.db leak/a.db
echo "-- incomplete"
snapdiff incomplete/a.db incomplete/b.db
