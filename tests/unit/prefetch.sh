#!/bin/sh
# SPDX-License-Identifier: MIT
# prefetch.sh TREE OBJECT...: in the compiled code of each source that asks for memory ahead there
# are at least as many prefetches as in its text. GCC drops calls of functions that only prefetch
# where nothing tells it better (tools/heap/prefetch.h); then everything is right, and slow.
set -eu
tree=$1
shift
if ! command -v objdump >/dev/null; then
    echo "prefetch: objdump is missing, nothing is looked at"
    exit 77
fi
place='s|.*/\(tools/[a-z]*\)/CMakeFiles/[^/]*/\(\./\)\{0,1\}\([a-z_]*\.c\)\.o$|\1/\3|p'
looked=0 failed=0
for object; do
    source=$(printf '%s\n' "$object" | sed -n "$place")
    if [ ! -f "$tree/$source" ]; then continue; fi
    wanted=$(grep -c 'HEAP_PREFETCH(' "$tree/$source") || continue
    got=$(objdump -d --no-show-raw-insn "$object" | grep -cE '[[:space:]](prefetch|prfm)' || true)
    looked=$((looked + 1))
    if [ "$got" -ge "$wanted" ]; then continue; fi
    echo "$source: $wanted prefetches in the text, $got in the code" >&2
    failed=1
done
if [ "$looked" -lt 10 ]; then
    echo "only $looked objects were looked at" >&2
    exit 1
fi
exit "$failed"
