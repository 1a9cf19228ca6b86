#!/bin/sh
# SPDX-License-Identifier: MIT
# Databases of larger heaps: invariants, and the plans of all saved queries and views.
# Heaps of every shape, those that defeat heap analysers among them: invariants.
# Then a list of two types in turn, so long that there are more ways through the dominator tree than
# the summary of them keeps (class_path.c).
#     db_shapes.sh GEN_SNAP GEN_HOSTILE GEN_SHAPE SNAPLOAD OBJECTS
set -u
here=$(cd "$(dirname "$0")" && pwd)
gen=$1 hostile=$2 shape=$3 load=$4 objects=$(($5 / ${SNAP_TEST_SHARE:-1}))
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
"$gen" --shape real --objects "$objects" 1 "$work/a.snap" || exit 1
"$gen" --shape real --objects $((objects / 2)) 2 "$work/b.snap" || exit 1
"$load" -q "$work/a.snap" "$work/b.snap" -o "$work/a.db" || exit 1
sh "$here/check_db.sh" "$work/a.db" || exit 1
python3 "$here/db_plans.py" "$work/a.db" || exit 1
for name in $("$shape" 2>&1 | sed 's/.*one of: //'); do
    "$shape" "$name" 3000 7 "$work/shape.snap" || exit 1
    "$load" -q "$work/shape.snap" --force -o "$work/shape.db" || exit 1
    sh "$here/check_db.sh" "$work/shape.db" || { echo "shape $name" >&2; exit 1; }
done
"$hostile" list 2200000 "$work/list.snap" || exit 1
"$load" -q --summary "$work/list.snap" -o "$work/list.db" || exit 1
got=$(sqlite3 "$work/list.db" "SELECT n, retained_n, retained_size FROM class_path WHERE depth = 0;
    SELECT count(*) > 1000, min(retained_size) >= max(n) FROM class_path WHERE depth > 0;
    SELECT max(distance) FROM object")
want='0|2200000|35200000
0|0|0
1|1
2200000'
[ "$got" = "$want" ] && exit 0
printf 'want:\n%s\ngot:\n%s\n' "$want" "$got" >&2
exit 1
