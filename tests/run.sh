#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Build and test everything: install what is missing (Debian, as root), build twice (as released,
# and under the address and undefined-behaviour sanitizers), run all tests of both builds, and end
# with one line: N passed, N failed, N skipped.
#
#   sh tests/run.sh [CTEST-OPTION...]     for example: sh tests/run.sh -R heap
#
# Exit status: 0 all passed (or were skipped), 1 something failed, 2 it could not be tried.
# Everything made is left under build/ in the checkout.
set -u

root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd) || exit 2
. "$root/tools/packages.sh"
packages_require build test || exit 2
packages_require browser || echo "No browser: the page of snapreport is not tested in one." >&2

jobs=$(nproc 2>/dev/null || echo 2)
generator=Ninja
command -v ninja >/dev/null 2>&1 || generator="Unix Makefiles"
# Projects that tests configure, too.
export CMAKE_GENERATOR="$generator"
# The interpreter itself, not pyenv's launcher, which takes ten times as long to start.
python=$(python3 -c 'import os, sys; print(os.path.dirname(sys.executable))') && PATH=$python:$PATH
# What tests install for themselves, once for both builds.
export SNAP_TEST_TOOLS="${SNAP_TEST_TOOLS:-$root/build/test-tools}"
passed=0 failed=0 skipped=0

# VisualVM's heap library, for the comparison with it: one jar of its Debian package, unpacked without
# the packages that a whole VisualVM needs.
jar=usr/share/visualvm/visualvm/modules/org-graalvm-visualvm-lib-jfluid-heap.jar
visualvm=$SNAP_TEST_TOOLS/visualvm
fetch_visualvm() {
    [ -n "${SNAP_VISUALVM:-}" ] || [ -e "/$jar" ] || [ -e "$visualvm/$jar" ] && return 0
    command -v java >/dev/null 2>&1 || return 0
    rm -rf "$visualvm"
    mkdir -p "$visualvm" && (
        cd "$visualvm" || exit 1
        apt-get download -q visualvm ||
            { [ "$(id -u)" -eq 0 ] && apt-get update -q && apt-get download -q visualvm; } ||
            exit 1
        dpkg-deb --fsys-tarfile visualvm_*.deb | tar -xf - "./$jar"
        rm -f visualvm_*.deb
    ) >"$visualvm/log" 2>&1 </dev/null
    [ -e "$visualvm/$jar" ] ||
        echo "No visualvm package: retained sizes are not compared with VisualVM's library." >&2
}

# build NAME CMAKE-OPTION...: configure and build build/NAME.
build() {
    name=$1
    shift
    echo "==== building build/$name"
    # A folder that was configured for another generator cannot be used again.
    if [ -e "$root/build/$name/CMakeCache.txt" ] &&
        ! grep -q "^CMAKE_GENERATOR:INTERNAL=$generator\$" "$root/build/$name/CMakeCache.txt"; then
        rm -rf "$root/build/$name"
    fi
    cmake -S "$root" -B "$root/build/$name" -G "$generator" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
        -DSNAP_TESTS=ON "$@" && cmake --build "$root/build/$name" -j "$jobs"
}

# attribute NAME FILE: an attribute of the first element "testsuite" of a JUnit file.
attribute() {
    sed -n '/<testsuite/,/>/p' "$2" | tr '\n' ' ' |
        sed -n "s/^[^>]*[[:space:]]$1=\"\([0-9]*\)\".*/\1/p"
}

# run NAME CTEST-OPTION...: run the tests of build/NAME and add up.
run() {
    name=$1
    shift
    junit=$root/build/$name/junit.xml
    rm -f "$junit"
    echo "==== testing build/$name"
    # Two for each processor: tests of processes wait as long as they compute.
    ctest --test-dir "$root/build/$name" -j $((jobs * 2)) --output-on-failure --output-junit "$junit" "$@"
    status=$?
    all=$(attribute tests "$junit" 2>/dev/null)
    if [ -z "$all" ]; then
        echo "==== no result from build/$name"
        failed=$((failed + 1))
        return
    fi
    bad=$(attribute failures "$junit")
    left=$(($(attribute skipped "$junit") + $(attribute disabled "$junit")))
    # A test whose program is missing is neither passed nor failed to CTest, but it is to us.
    [ "$status" -ne 0 ] && [ "$bad" -eq 0 ] && bad=1
    passed=$((passed + all - bad - left))
    failed=$((failed + bad))
    skipped=$((skipped + left))
}

# Leaks and mistakes end a test; Python's own allocations at exit are not ours.
ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0:allocator_may_return_null=1}
UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export ASAN_OPTIONS UBSAN_OPTIONS

fetch_visualvm & # while the processors build
fetching=$!
for name in dev asan; do
    case $name in
    dev)
        build dev
        built=$?
        wait $fetching
        [ -e "$visualvm/$jar" ] && export SNAP_VISUALVM="${SNAP_VISUALVM:-$visualvm/$jar}"
        ;;
    asan)
        build asan -DSNAP_SANITIZE=address,undefined -DSNAP_CPYTHON=OFF
        built=$?
        # What was looked at in full has a sixth of its cases here, three to ten times slower.
        SNAP_TEST_SHARE=${SNAP_TEST_SHARE:-6}
        export SNAP_TEST_SHARE
        ;;
    esac
    if [ $built -eq 0 ]; then
        run "$name" "$@"
    else
        echo "==== build/$name does not build"
        failed=$((failed + 1))
    fi
done

summary="$passed passed, $failed failed"
[ "$skipped" -gt 0 ] && summary="$summary, $skipped skipped"
echo "$summary"
[ "$failed" -eq 0 ]
