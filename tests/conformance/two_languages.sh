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
tools=${SNAP_TEST_TOOLS:-$build}/ksy

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

# The files: the corpora's and every odd one from the Python generator, in one process, the others
# from ours. Each line of "names" is the number of a file and what it is.
python3 - "$source" "$scratch" << 'END' || exit 1
import glob, os, sys
source, scratch = sys.argv[1:]
sys.path.insert(0, os.path.join(source, "corpora", "gen"))
import random_snap, snapc
made = []
for recipe in sorted(glob.glob(os.path.join(source, "corpora", "good", "*.txt"))):
    with open(recipe, encoding="utf-8") as text:
        made.append(("snapc.py " + os.path.basename(recipe), snapc.build(text.read())))
for seed in range(1, 200, 2):
    size = seed % 17 * 4 + 1
    made.append(("random_snap.py %d %d" % (seed, size), random_snap.Generator(seed, size).whole()))
with open(os.path.join(scratch, "names"), "w") as names:
    for n, (what, file) in enumerate(made, 1):
        names.write("file %d: %s\n" % (n, what))
        with open(os.path.join(scratch, "%d.snap" % n), "wb") as out:
            out.write(file.data)
END
files=$(wc -l < "$scratch/names")
seed=0
while [ $seed -lt 200 ]; do
    seed=$((seed + 2)) files=$((files + 1))
    rows=$((seed % 9 * 8 + 1)) objects=$((seed % 13 * 10 + 1))
    "$gen" --chunk-rows $rows $seed $objects "$scratch/$files.snap" || exit 1
    echo "file $files: gen_snap --chunk-rows $rows $seed $objects" >> "$scratch/names"
done
# What libsnap reads in them.
n=0
while IFS= read -r what; do
    n=$((n + 1))
    echo "$what" >> "$scratch/libsnap"
    "$dump" "$scratch/$n.snap" >> "$scratch/libsnap" || { echo "libsnap: $what" >&2; exit 1; }
done < "$scratch/names"
python3 "$here/read_ksy.py" "$scratch/out" "$scratch/names" "$scratch" > "$scratch/other" || exit 1
cmp "$scratch/libsnap" "$scratch/other" || {
    diff "$scratch/libsnap" "$scratch/other" | head -5 >&2
    exit 1
}
echo "libsnap and the compiled description agree on $files files"
