#!/bin/sh
# SPDX-License-Identifier: MIT
# Databases of generated snapshots: all invariants hold, and every row is what the file and the
# definitions say.   db_random.sh GEN_SNAP SNAPLOAD SNAPSQL DUMP_ROWS FIRST_SEED LAST_SEED
set -u
here=$(cd "$(dirname "$0")" && pwd)
gen=$1 load=$2 sql=$3 dump=$4 seed=$5 last=$6
last=$((seed + (last - seed + 1) / ${SNAP_TEST_SHARE:-1} - 1))
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
XDG_CACHE_HOME=$work/cache
export XDG_CACHE_HOME

fail() {
    echo "seed $seed: $*" >&2
    exit 1
}

# The rows of all tables but those that tell how the load went, in the order of their keys.
content() {
    for table in snapshot object detail shared_buffer shared_buffer_object block event native_site ref referrer root root_list component child top_object heavy_object long_object sparse_object resource_object \
        duplicate duplicate_type type_object \
        site_object component_object address type_prefix type site package class_path \
        root_summary global hub hub_type; do
        echo "SELECT '$table'; SELECT * FROM \"$table\";"
    done | sqlite3 -batch -readonly "$1" 2>&1
}

# References by their text: the rows of names may be numbered differently.
references() {
    sqlite3 -batch -readonly "$1" "SELECT r.source_id, r.position, r.target_id, r.kind, s.text, r.key
        FROM ref r LEFT JOIN string s ON s.id = r.name_id ORDER BY 1, 2;
        SELECT * FROM referrer ORDER BY 1, 2, 3; SELECT id, has_refs FROM snapshot" 2>&1
}

while [ "$seed" -le "$last" ]; do
    rows=$((seed * 37 % 900 + 20))
    flags="--chunk-rows $((seed * 7 % 64 + 2))"
    [ $((seed % 2)) -eq 0 ] && flags="$flags --dangling"
    [ $((seed % 3)) -eq 0 ] && flags="$flags --duplicates"
    a=$work/a.snap
    "$gen" $flags "$seed" "$rows" "$a" || fail "gen_snap"
    "$load" -q -f "$a" -o "$work/a.db" || fail "snapload"
    sh "$here/check_db.sh" "$work/a.db" || fail "invariants"
    python3 "$here/db_compare.py" "$dump" "$work/a.db" "$a" || fail "comparison"

    # Without references, and completed by a tool that needs them.
    "$load" -q -f --summary "$a" -o "$work/s.db" || fail "snapload --summary"
    sh "$here/check_db.sh" "$work/s.db" || fail "invariants of a summary"
    "$sql" -q "$work/s.db" "SELECT 1" > /dev/null || fail "completing a summary"
    sh "$here/check_db.sh" "$work/s.db" || fail "invariants of a completed summary"
    references "$work/a.db" > "$work/a.txt"
    references "$work/s.db" > "$work/s.txt"
    cmp -s "$work/a.txt" "$work/s.txt" || fail "a completed summary has other references"

    # Twice the same, byte by byte in content; several files in one database.
    "$load" -q -f "$a" -o "$work/b.db" || fail "snapload again"
    content "$work/a.db" > "$work/a.txt"
    content "$work/b.db" > "$work/b.txt"
    cmp -s "$work/a.txt" "$work/b.txt" || fail "loading twice gives two results"
    "$gen" --dangling $((seed + 1000)) 200 "$work/c.snap" || fail "gen_snap"
    "$load" -q -f "$a" "$work/c.snap" "$a" -o "$work/m.db" || fail "snapload of several files"
    sh "$here/check_db.sh" "$work/m.db" || fail "invariants of several files"
    python3 "$here/db_compare.py" "$dump" "$work/m.db" "$a" "$work/c.snap" "$a" ||
        fail "comparison of several files"

    # Cut off anywhere: an answer, and no conclusion that missing edges could fake.
    size=$(wc -c < "$a")
    head -c $((size * (seed % 9 + 1) / 10)) "$a" > "$work/cut.snap.part"
    if "$load" -q -f "$work/cut.snap.part" -o "$work/cut.db" 2> "$work/err"; then
        sh "$here/check_db.sh" "$work/cut.db" || fail "invariants of a cut file"
    elif [ "$(wc -l < "$work/err")" -ne 1 ]; then
        fail "a cut file: $(cat "$work/err")"
    fi
    seed=$((seed + 1))
done
