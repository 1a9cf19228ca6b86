# A database in the cache that a disk has spoilt: where that shows at the start, the snapshot is
# loaded again; deeper in it, the message names the database, which is gone afterwards.
# needs: make_snap snaptop
. "$TESTS_CLI/lib.inc"
make_snap two good.snap
snaptop -q --bytes good.snap > want.txt
db=$(echo "$XDG_CACHE_HOME"/snap/*.db)

# spoil FIRST LAST: bytes of the database from page FIRST on, a page is 4096.
spoil() {
    "$PYTHON" -c '
import os, sys
path, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
pages = os.path.getsize(path) // 4096
with open(path, "r+b") as f:
    for page in range(first, min(last, pages)):
        f.seek(page * 4096 + (100 if page == 0 else 0))
        f.write(b"spoilt " * 400)' "$db" "$1" "$2"
}

for range in "0 1" "0 100000" "15 20"; do
    echo "## pages $range"
    # shellcheck disable=SC2086 # two numbers
    spoil $range
    status snaptop -q --bytes good.snap > got.txt 2> err.txt
    tail -n 1 got.txt
    grep -c "try the same command again" err.txt
    snaptop -q --bytes good.snap | cmp - want.txt && echo same
done
echo "## every page in turn"
"$PYTHON" - "$db" <<'END'
import collections, os, shutil, subprocess, sys
db, kept = sys.argv[1], "kept.db"
shutil.copy(db, kept)
seen = collections.Counter()
for page in range(0, os.path.getsize(kept) // 4096, int(os.environ.get("SNAP_TEST_SHARE", "1"))):
    with open(kept, "rb") as f:
        data = bytearray(f.read())
    at = page * 4096 + (100 if page == 0 else 0)
    data[at:(page + 1) * 4096] = b"\xa5" * ((page + 1) * 4096 - at)
    with open(db, "wb") as f:
        f.write(data)
    done = subprocess.run(["snaptop", "-q", "good.snap"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, timeout=60)
    told = done.stderr.decode()
    if done.returncode == 0 and not told:
        seen["answered"] += 1
    elif done.returncode == 2 and told.count("\n") == 1 and db in told and not os.path.exists(db):
        seen["told and removed"] += 1
    else:
        print("page %d: exit %d: %s" % (page, done.returncode, told))
print("both kinds" if len(seen) == 2 else seen)
END
echo "## what killed loads have left"
rm -f "$db"
left="$XDG_CACHE_HOME/snap/.$(basename "$db").0123abcd.tmp"
fresh="$XDG_CACHE_HOME/snap/.$(basename "$db").4567cdef.tmp"
other="$XDG_CACHE_HOME/snap/.other.db.0123abcd.tmp"
touch -d "7 hours ago" "$left" "$left-journal" "$other"
touch "$fresh"
snaptop -q good.snap > got.txt
for path in "$left" "$left-journal" "$fresh" "$other" "$db"; do
    [ -e "$path" ] && echo "is there" || echo "is gone"
done
echo "## a load without cache that is ended"
mkdir scratch
(ulimit -f 100; TMPDIR=$PWD/scratch; export TMPDIR; status snaptop -q --no-cache good.snap > got.txt 2> err.txt)
grep -c "writing" err.txt
ls -A scratch
