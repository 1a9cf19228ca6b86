#!/bin/sh
# SPDX-License-Identifier: MIT
# The quickstart, from nothing to the leak named: quickstart.sh CHECKOUT
set -eu
scratch=$(mktemp -d)
folder=$scratch/folder made=
trap 'rm -rf "$scratch" $made' EXIT
# A compiler's cache, where there is one, stays what it is, and has the objects already if the way
# from the build to the sources is that of tests/run.sh.
if command -v ccache >/dev/null; then
    mkdir "$scratch/cache"
    ln -s "$(ccache --get-config cache_dir)" "$scratch/cache/ccache"
    if [ -d "$1/build/dev" ] && [ ! -e "$1/build/build" ] && [ ! -e "$1/build/CMakeCache.txt" ]; then
        folder=$1/build
        for name in build cache build.log before.snap after.snap diff.json service.address; do
            made="$made $folder/$name"
        done
        case $1 in *[![:graph:]]*) folder=$scratch/folder made= ;; esac # no blanks in `made`
    fi
fi
export XDG_CACHE_HOME="$scratch/cache"

sh "$1/tools/quickstart.sh" "$folder" >"$scratch/out" 2>"$scratch/err" || {
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
fail() {
    echo "quickstart.sh: $*"
    exit 1
}
expect '__main__\.REGISTRY\.finished holds 9[0-9]%'
expect '__main__\.REGISTRY\.finished -> list'
expect '__main__\.Request  *x\{0,1\}  *+\{0,1\}3,000'
expect '^__main__  *REGISTRY  *RequestRegistry'
expect '^\.headers  *4000 '
expect '"name": "__main__\.REGISTRY\.finished"'
expect 'fork, pause'
for file in before.snap after.snap diff.json build.log; do
    [ -s "$folder/$file" ] || fail "there is no $file"
done
# Databases of the snapshots, too, are in the folder.
ls "$folder"/cache/snap/*.db >/dev/null
[ ! -e "$scratch/cache/snap" ] || fail "databases are in the user's cache"
# The service has ended with the script, and nothing was left behind.
[ -z "$(find "$folder" -maxdepth 1 -name '*.part')" ] || fail "a part of a snapshot is left"
! pgrep -f "$1/corpora/leaky/registry_service.py" >/dev/null || fail "the service still runs"
