#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Line and branch coverage of libsnap/src and tools/heap, and how much test code stands against them.
#
#   sh tests/coverage.sh [CTEST-OPTION...]      without any: the tests that reach these two
#
# Needs gcovr. Branches of the code, not those that the compiler makes for cleaning up. Exit status: 0
# both have lines >= 90 % and branches >= 80 %, 1 one has less, or a test failed; 2 it could not be
# tried. Everything made is left under build/coverage; index.html there shows each line.
set -u

root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd) || exit 2
. "$root/tools/packages.sh"
packages_require build test coverage || exit 2
build=${SNAP_COVERAGE:-$root/build/coverage}
jobs=$(nproc 2>/dev/null || echo 2)
[ $# -gt 0 ] || set -- -R '^(test_snap|prop_snap|fault_snap|fuzz_snap|test_heap|example|corpora|two_readers)'

cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_C_FLAGS=--coverage -fprofile-update=atomic -O0" -DSNAP_TESTS=ON \
    -DSNAP_TEST_PATIENCE=10 -DSNAP_CPYTHON=OFF && cmake --build "$build" -j "$jobs" || exit 2
find "$build" -name '*.gcda' -delete
status=0
ctest --test-dir "$build" -j "$jobs" --output-on-failure "$@" || status=1

# lines FOLDER-OR-FILE...: lines of C in them.
lines() {
    find "$@" -type f -name '*.[ch]' -exec cat {} + | wc -l
}

for part in libsnap/src tools/heap; do
    echo "==== $part"
    gcovr -r "$root" --object-directory "$build" --filter "$root/$part/" --exclude-throw-branches \
        --exclude-unreachable-branches --print-summary --txt "$build/$(basename "$part").txt" \
        --html-details "$build/$(basename "$part").html" \
        --fail-under-line 90 --fail-under-branch 80 "$build" || status=1
done
cd "$root" || exit 2
product=$(lines libsnap/src tools/heap)
tests=$(lines tests/unit/test_snap_* tests/unit/snap_memory.h tests/unit/cu.h tests/unit/test_heap_* \
    tests/property/*heap* tests/property/prop_snap_* tests/fault/*snap* tests/fuzz/fuzz_snap_* \
    tests/fuzz/fuzz_driver.c tests/fuzz/fuzz_target.h corpora/gen)
scripts=$(cat tests/conformance/* corpora/gen/*.py tests/install/*.sh | wc -l)
echo "==== test code: $tests lines of C and $scripts of scripts for $product lines of product:" \
    "$(awk "BEGIN { printf \"%.2f\", ($tests + $scripts) / $product }")"
exit $status
