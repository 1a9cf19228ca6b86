# Every kind of bad input and output: one line, exit status 2, nothing left behind.
# needs: snapsql snapload make_snap
# mask: offsets
. "$TESTS_CLI/lib.inc"
make_snap small good.snap
make_snap major major.snap
snapload -q good.snap
printf 'plain text\n' > text
: > empty
head -c 20 good.snap > short
head -c 3000 good.db > cut.db
sqlite3 other.db 'CREATE TABLE t (a)'
cp good.db newer.db
sqlite3 newer.db 'PRAGMA user_version = 99'
for f in text empty . nothing short major.snap cut.db other.db newer.db; do
    status snapsql -q $f 'SELECT 1'
done
cp good.db secret.db
chmod 000 secret.db
status as_nobody snapsql secret.db 'SELECT 1'
status snapsql
echo "-- outputs"
for sql in 'SELECT 1' 'SELECT * FROM doc'; do
    snapsql good.db "$sql" > /dev/full
    echo $?
done
snapsql good.db 'SELECT a.name FROM doc a, doc b' | head -n 1
echo "-- a snapshot: loaded once, then from the cache"
chmod 400 good.snap
snapsql good.snap 'SELECT n_objects FROM snapshots' 2>&1 | sed 's/into .*/into the cache/'
snapsql good.snap 'SELECT n_objects FROM snapshots' 2>&1
ls "$XDG_CACHE_HOME/snap" | wc -l
stat -c %a "$XDG_CACHE_HOME/snap" "$XDG_CACHE_HOME/snap"/*
echo "-- without the cache"
cp good.snap again.snap
chmod 600 again.snap
printf x >> again.snap
snapsql -q --no-cache again.snap 'SELECT n_objects FROM snapshots'
ls "$XDG_CACHE_HOME/snap" | wc -l
ls -A "$TMPDIR" | wc -l
echo "-- no home"
env -u XDG_CACHE_HOME -u HOME snapsql -q again.snap 'SELECT n_objects FROM snapshots'
ls -A | tr '\n' ' '
echo "-- a cached database that was cut is loaded anew"
export XDG_CACHE_HOME="$PWD/cut-cache"
snapsql -q good.snap "SELECT count(*) > 0 AS n FROM object"
for f in cut-cache/snap/*.db; do
    head -c 5000 "$f" > cut && cat cut > "$f"
    status snapsql -q good.snap "SELECT count(*) > 0 AS n FROM object"
    : > "$f"
    status snapsql -q good.snap "SELECT count(*) > 0 AS n FROM object"
done
