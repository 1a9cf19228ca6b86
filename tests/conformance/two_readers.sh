#!/bin/sh
# SPDX-License-Identifier: MIT
#
# libsnap and an independent reader agree on every row of generated files.
#
#     two_readers.sh GEN_SNAP DUMP_CHUNKS READ_SNAP.PY
set -eu
gen=$1 dump=$2 reader=$3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
files=0
check() { # arguments of gen_snap but the output
    "$gen" "$@" "$scratch/a.snap"
    "$dump" "$scratch/a.snap" > "$scratch/libsnap"
    python3 "$reader" "$scratch/a.snap" > "$scratch/other"
    cmp "$scratch/libsnap" "$scratch/other" || { echo "they differ on: gen_snap $*" >&2; exit 1; }
    files=$((files + 1))
}
for seed in 1 2 3 4 5 6 7 8; do check "$seed" 200; done
for rows in 1 7 64 1000; do check --chunk-rows "$rows" --duplicates --dangling 9 400; done
check --chunk-rows 1 14 1500 # several INDEX chunks
check --long 10 50
check 11 9000
check --level 19 12 3000
check --shape real --objects 20000 13
echo "the readers agree on $files files"
