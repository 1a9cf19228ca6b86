#!/bin/sh
# SPDX-License-Identifier: MIT
# Fails unless all invariants hold in every heap database named: check_db.sh A.db [B.db ...]
here=$(cd "$(dirname "$0")" && pwd) || exit 2
[ $# -gt 0 ] || { echo "usage: check_db.sh DATABASE..." >&2; exit 2; }
for db in "$@"; do
    broken=$(sqlite3 -batch -readonly "$db" < "$here/invariants.sql" 2>&1) || {
        printf '%s: %s\n' "$db" "$broken" >&2
        exit 1
    }
    [ -z "$broken" ] || { printf '%s breaks:\n%s\n' "$db" "$broken" >&2; exit 1; }
done
