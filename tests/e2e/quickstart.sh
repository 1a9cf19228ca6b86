#!/bin/sh
# SPDX-License-Identifier: MIT
# The quickstart, from nothing to the leak named: quickstart.sh CHECKOUT
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export XDG_CACHE_HOME="$scratch/cache"

sh "$1/tools/quickstart.sh" "$scratch/folder" >"$scratch/out" 2>"$scratch/err" || {
    cat "$scratch/out" "$scratch/err"
    exit 1
}
expect() {
    grep -q -e "$1" "$scratch/out" || {
        cat "$scratch/out"
        echo "quickstart.sh: nothing matches: $1"
        exit 1
    }
}
expect '__main__\.REGISTRY\.finished holds 9[0-9]%'
expect '__main__\.REGISTRY\.finished -> list'
expect '__main__\.Request  *x\{0,1\}  *+\{0,1\}3,000'
expect '^__main__  *REGISTRY  *RequestRegistry'
expect '^\.headers  *4000 '
expect '"name": "__main__\.REGISTRY\.finished"'
expect 'fork, pause'
for file in before.snap after.snap diff.json build.log; do
    [ -s "$scratch/folder/$file" ]
done
# Databases of the snapshots, too, are in the folder.
ls "$scratch"/folder/cache/snap/*.db >/dev/null
[ ! -e "$scratch/cache" ]
# The service has ended with the script, and nothing was left behind.
[ -z "$(find "$scratch/folder" -name '*.part')" ]
! pgrep -f "$scratch" >/dev/null 2>&1
