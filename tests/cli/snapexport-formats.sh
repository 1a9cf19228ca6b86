# pprof, speedscope, folded stacks, Graphviz, OpenMetrics: every file by the rules of its format, with the
# sums of the database; hostile names; native memory; deep stacks; refusals.
# needs: snapexport snapload make_snap
. "$TESTS_CLI/lib.inc"
"$PYTHON" "$TESTS_CLI/make_heapdb.py" service shop.db
make_snap two two.snap
make_snap hostile hostile.snap
snapload -q two.snap -o two.db
snapload -q hostile.snap -o hostile.db
"$PYTHON" - <<'END'
import sqlite3
db = sqlite3.connect("hostile.db")
EVIL = 'a;b "c" \\ \n\t\x1b[31m {x="1"} & &amp; \u202e </script> 12'
db.execute("UPDATE type SET name = name || ?", (EVIL,))
db.execute("UPDATE frame SET function = ?, file = ?", (EVIL, EVIL))
db.execute("UPDATE snapshot SET service = ?, host = ?", (EVIL, "\\"))
db.execute("UPDATE string SET text = text || ?", (EVIL,))
db.commit()
END
PYTHONPATH=$TESTS_CLI "$PYTHON" - <<'END'
import sqlite3, subprocess
import check_export
ENDINGS = (".pb.gz", ".speedscope.json", ".folded", ".dot", ".prom")
for name in "shop.db", "two.db", "hostile.db":
    db = sqlite3.connect(name)
    live, n_live, total = db.execute("SELECT live_size, n_live, shallow_size FROM snapshot"
                                     " ORDER BY id DESC LIMIT 1").fetchone()
    for stacks in "site", "type", "auto":
        made = {}
        for ending in ENDINGS[:3]:
            args = ["snapexport", "-q", "-f", "--stacks", stacks, name, "-o", "x" + ending]
            done = subprocess.run(args, stderr=subprocess.PIPE)
            if done.returncode:
                print(name, stacks, done.stderr.decode().strip())
                break
            made[ending] = check_export.read("x" + ending)
        if len(made) < 3:
            continue
        profile, scope, lines = (made[e] for e in ENDINGS[:3])
        by_bytes = [(s, v[1]) for s, v in profile["stacks"] if v[1]]
        by_count = [(s, v[0]) for s, v in profile["stacks"] if v[0]]
        print(name, stacks, len(profile["stacks"]), "stacks",
              sum(w for _, w in by_bytes) == (total if profile["comments"][0].startswith("live objects and")
                                              else live),
              [w for _, w in by_bytes] == [w for _, w in scope[0]] == [w for _, w in lines],
              [w for _, w in by_count] == [w for _, w in scope[1]],
              [len(s) for s, _ in by_bytes] == [len(s) for s, _ in scope[0]] == [len(s) for s, _ in lines])
        subprocess.run(["snapexport", "-q", "-f", "--stacks", stacks, "--weight", "count", name, "-o",
                        "n.folded"], check=True)
        print(sum(w for _, w in check_export.read("n.folded")) == sum(w for _, w in by_count))
    subprocess.run(["snapexport", "-q", "-f", "--top", "5", name, "-o", "x.dot"], check=True)
    print(check_export.read("x.dot"))
    subprocess.run(["snapexport", "-q", "-f", name, "-o", "x.prom"], check=True)
    samples = check_export.read("x.prom")
    print(samples['snap_heap_bytes{state="live"}'] == live, samples['snap_objects{state="live"}'] == n_live,
          samples["snap_types"] == sum(x.startswith("snap_type_bytes{") for x in samples))
END
echo "-- what it looks like"
snapexport -q two.db --stacks type --format folded -o -
snapexport -q shop.db --format dot --top 3 -o -
snapexport -q shop.db --format dot --object app.tree.Node -o -
snapexport -q shop.db --format openmetrics --top 2 -o - | tail -n 16
snapexport -q hostile.db -o - --format folded
snapexport -q hostile.db -o - --format openmetrics | grep snapshot_info
echo "-- native memory, with modules; a stack of 3,000 calls; numbers that do not fit"
"$PYTHON" - <<'END'
import sqlite3
db = sqlite3.connect("two.db")
first = db.execute("SELECT max(id) + 1 FROM stack").fetchone()[0]
db.execute("INSERT INTO module VALUES (77, '/usr/lib/libx.so', 'abcd', 4096, 8192)")
db.execute("INSERT INTO frame VALUES (9001, NULL, NULL, NULL, 77, 1, 4112)")
db.execute("INSERT INTO frame VALUES (9002, 'malloc_it', 'x.c', 12, 77, 1, 5000)")
for i in range(3000):
    db.execute("INSERT INTO stack VALUES (?, ?, ?, ?)",
               (first + i, first + i - 1 if i else None, 9001 if i % 2 else 9002, i + 1))
for stack, n, size in (first + 1, 3, 4000), (first + 2999, 1, 2 ** 60), (None, 1, 5):
    db.execute("INSERT INTO native_site VALUES (NULL, 2, ?, ?, ?, 0, 0, 0, 0)", (stack, n, size))
db.commit()
END
status snapexport two.db --stacks native -o native.pb.gz 2>&1 | sed 's/, [0-9.]* [KM]*i*B,/,/'
status snapexport two.db --stacks native -o native.speedscope.json 2>&1 | sed 's/, [0-9.]* [KM]*i*B,/,/'
snapexport -q two.db --stacks native -o native.folded
PYTHONPATH=$TESTS_CLI "$PYTHON" - <<'END'
import check_export
profile = check_export.read("native.pb.gz")
print(profile["mappings"], [(len(s), s[0], s[-1], v) for s, v in profile["stacks"]])
print([(len(s), s[0], w) for s, w in check_export.read("native.folded")])
print([(len(s), w) for s, w in check_export.read("native.speedscope.json")[0]])
END
echo "-- what is refused"
status snapexport shop.db --stacks native -o x.folded -f
status snapexport shop.db --stacks=site -o x.prom -f
status snapexport shop.db --weight=count -o x.pb.gz -f
status snapexport shop.db --object '#999' -o y.dot
status snapexport shop.db --object '#50' -o y.dot
status snapexport two.db --object nothing -o y.dot
ls y.* 2> /dev/null
for format in pprof speedscope folded dot openmetrics; do
    status snapexport -q -f shop.db --format $format -o /dev/full
done
