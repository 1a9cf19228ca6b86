#!/bin/sh
# SPDX-License-Identifier: MIT
# Databases of larger heaps: invariants, and the plans of all saved queries and views.
#     db_shapes.sh GEN_SNAP SNAPLOAD OBJECTS
set -u
here=$(cd "$(dirname "$0")" && pwd)
gen=$1 load=$2 objects=$3
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
"$gen" --shape real --objects "$objects" 1 "$work/a.snap" || exit 1
"$gen" --shape real --objects $((objects / 2)) 2 "$work/b.snap" || exit 1
"$load" -q "$work/a.snap" "$work/b.snap" -o "$work/a.db" || exit 1
sh "$here/check_db.sh" "$work/a.db" || exit 1
exec python3 "$here/db_plans.py" "$work/a.db"
