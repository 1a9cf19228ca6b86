#!/bin/sh
# SPDX-License-Identifier: MIT
#
# format/snap.ksy, compiled by somebody else's compiler, reads every file of corpora/good and 200 random
# ones with the same rows as libsnap. The compiler comes from npm, its Python runtime from pip, both
# once into the build folder; where they cannot be had the test is skipped (status 77).
#
#     two_languages.sh SOURCE BUILD/tests GEN_SNAP DUMP_CHUNKS
set -u
source=$1 build=$2 gen=$3 dump=$4
here=$source/tests/conformance
tools=$build/ksy

skip() {
    echo "skipped: $1"
    exit 77
}

install() {
    mkdir -p "$tools"
    [ -d "$tools/node_modules/kaitai-struct-compiler" ] ||
        timeout 120 npm install --prefix "$tools" --no-audit --no-fund --loglevel=error \
            kaitai-struct-compiler@0.11.0 js-yaml@4 || skip "npm cannot install the compiler"
    [ -d "$tools/python/kaitaistruct" ] || [ -f "$tools/python/kaitaistruct.py" ] ||
        timeout 120 python3 -m pip install -q --disable-pip-version-check --target "$tools/python" \
            kaitaistruct==0.11 || skip "pip cannot install the runtime"
}

for program in npm node python3; do
    command -v $program > /dev/null || skip "$program is not installed"
done
install
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export NODE_PATH="$tools/node_modules" PYTHONPATH="$tools/python" PYTHONDONTWRITEBYTECODE=1
node "$here/compile_ksy.js" python "$source/format/snap.ksy" "$scratch/out" || exit 1

# make PROGRAM ARGUMENT... : one more file, and what libsnap reads in it.
files=0
make() {
    files=$((files + 1))
    path=$scratch/$files.snap
    "$@" "$path" || exit 1
    echo "file $files: $*" >> "$scratch/libsnap"
    echo "file $files: $*" >> "$scratch/names"
    "$dump" "$path" >> "$scratch/libsnap" || { echo "libsnap: $*" >&2; exit 1; }
}
for recipe in "$source"/corpora/good/*.txt; do
    make python3 "$source/corpora/gen/snapc.py" "$recipe"
done
seed=0
while [ $seed -lt 200 ]; do
    seed=$((seed + 1))
    if [ $((seed % 2)) -eq 0 ]; then
        make "$gen" --chunk-rows $((seed % 9 * 8 + 1)) $seed $((seed % 13 * 10 + 1))
    else
        make python3 "$source/corpora/gen/random_snap.py" $seed $((seed % 17 * 4 + 1))
    fi
done
python3 "$here/read_ksy.py" "$scratch/out" "$scratch/names" "$scratch" > "$scratch/other" || exit 1
cmp "$scratch/libsnap" "$scratch/other" || {
    diff "$scratch/libsnap" "$scratch/other" | head -5 >&2
    exit 1
}
echo "libsnap and the compiled description agree on $files files"
