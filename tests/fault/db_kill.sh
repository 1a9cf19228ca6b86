#!/bin/sh
# SPDX-License-Identifier: MIT
# SIGKILL at many moments of a load and of a completion: no half database under the final name, and a
# database that was being completed is whole or as it was.    db_kill.sh GEN_SNAP SNAPLOAD SNAPSQL
set -u
gen=$1 load=$2 sql=$3
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
"$gen" --shape real --objects 120000 1 "$work/a.snap" || exit 1
"$load" -q --summary "$work/a.snap" -o "$work/summary.db" || exit 1
loads=0
for delay in 0.01 0.03 0.05 0.08 0.12 0.16 0.2 0.3 0.4 0.6 1.0; do
    "$load" -q "$work/a.snap" -o "$work/a.db" &
    pid=$!
    sleep "$delay"
    kill -9 "$pid" 2> /dev/null
    wait "$pid" 2> /dev/null
    if [ -e "$work/a.db" ]; then
        loads=$((loads + 1))
        [ "$(sqlite3 -readonly "$work/a.db" 'PRAGMA quick_check')" = ok ] ||
            { echo "a half database after $delay s" >&2; exit 1; }
        rm "$work/a.db"
    fi

    cp "$work/summary.db" "$work/s.db"
    "$sql" -q "$work/s.db" 'SELECT 1' > /dev/null &
    pid=$!
    sleep "$delay"
    kill -9 "$pid" 2> /dev/null
    wait "$pid" 2> /dev/null
    n=$("$sql" -q --no-headers --mode list "$work/s.db" \
        'SELECT (SELECT count(*) FROM ref) = n_refs AND has_refs FROM snapshot') || exit 1
    [ "$n" = 1 ] || { echo "not completed after a kill at $delay s" >&2; exit 1; }
    [ "$(sqlite3 -readonly "$work/s.db" 'PRAGMA integrity_check')" = ok ] || exit 1
    [ ! -e "$work/s.db-journal" ] || { echo "a journal is left" >&2; exit 1; }
    rm "$work/s.db"
done

# What the killed loads left is gone with the next one, and nobody's who lives: two of one output.
"$load" -q -f "$work/a.snap" -o "$work/a.db" &
first=$!
"$load" -q -f "$work/a.snap" -o "$work/a.db" || { echo "a load beside another fails" >&2; exit 1; }
wait "$first" || { echo "a load was disturbed by another" >&2; exit 1; }
[ "$(sqlite3 -readonly "$work/a.db" 'PRAGMA quick_check')" = ok ] || exit 1
left=$(find "$work" -name '.a.db.*')
[ -z "$left" ] || { echo "left by killed loads: $left" >&2; exit 1; }

# Two at once.
cp "$work/summary.db" "$work/s.db"
"$sql" -q "$work/s.db" 'SELECT 1' > /dev/null &
first=$!
"$sql" -q "$work/s.db" 'SELECT 1' > /dev/null || exit 1
wait "$first" || exit 1
[ "$(sqlite3 -readonly "$work/s.db" 'SELECT count(*) FROM ref' )" = \
    "$(sqlite3 -readonly "$work/s.db" 'SELECT n_refs FROM snapshot')" ] || exit 1
