# How fast memory grows over many snapshots, and when it reaches a limit.
# needs: snapdiff
for case in hourly three several; do "$PYTHON" "$TESTS_CLI/make_diff.py" $case $case; done
head_of() {
    echo "-- $*"
    snapdiff "$@" | sed -n '/^matched/,/^Where\|^Growth/p' | sed '1,2d;$d'
}
head_of hourly/a.db hourly/b.db hourly/c.db hourly/d.db hourly/e.db hourly/f.db
head_of --memory-limit 200M hourly/a.db hourly/b.db hourly/c.db hourly/d.db hourly/e.db hourly/f.db
head_of --memory-limit 200M hourly/a.db hourly/f.db
head_of --memory-limit 200M hourly/a.db hourly/b.db hourly/c.db
head_of --memory-limit 100M hourly/a.db hourly/f.db
head_of --memory-limit 200M hourly/f.db hourly/a.db
head_of --memory-limit 1M three/a.db three/b.db three/c.db
head_of --memory-limit 1M hourly/a.db hourly/a.db
echo "-- of each owner alone"
snapdiff --memory-limit 53M several/a.db several/b.db several/c.db | grep 'app\.\|alone\|reaches'
snapdiff --memory-limit 50M several/a.db several/b.db several/c.db | grep 'alone'
snapdiff --json --memory-limit 53M -o course.db several/a.db several/b.db several/c.db > out
"$PYTHON" "$TESTS_CLI/validate.py" < out
"$PYTHON" -c 'import json, sqlite3
owners = json.load(open("out"))["owners"]
rows = sqlite3.connect("course.db").execute(
    "SELECT limit_seconds, limit_earliest, limit_latest FROM owner ORDER BY rank").fetchall()
assert rows == [tuple(o["memory_limit"].values()) for o in owners], rows
print(owners[0]["name"], owners[0]["memory_limit"])'
"$PYTHON" - hourly/?.db << 'P'
import sqlite3, sys
for name in sys.argv[1:]:
    with sqlite3.connect(name) as db:
        db.execute("UPDATE snapshot SET captured_at = 1700000000 + monotonic_ns / 3600e9, "
                   "monotonic_ns = monotonic_ns / 3600")
P
echo "-- within seconds nothing is foretold"
head_of --memory-limit 200M hourly/a.db hourly/b.db hourly/c.db
echo "-- in the JSON"
snapdiff --json --memory-limit 1M three/a.db three/b.db three/c.db > out
"$PYTHON" "$TESTS_CLI/validate.py" < out
"$PYTHON" -c 'import json; d = json.load(open("out")); print(d["course"], d["memory_limit"])
print(d["owners"][0]["name"], d["owners"][0]["course"])'
