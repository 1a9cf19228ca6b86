#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The library as others get it: installed, found by CMake and by pkg-config, its headers compiled
# alone in C and C++, nothing exported but snap_*, no mutable globals.
#
#     install.sh SOURCE BUILD CC CXX
set -eu
source=$1 build=$2 cc=$3 cxx=$4
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() { echo "install.sh: $*" >&2; exit 1; }

cmake --install "$build" --component libsnap --prefix "$scratch/usr" > /dev/null
headers=$scratch/usr/include/snap
[ "$(ls "$headers" | tr '\n' ' ')" = "error.h format.h reader.h snap.h version.h writer.h " ] ||
    fail "other headers than the public ones are installed: $(ls "$headers")"

for header in "$headers"/*.h; do
    name=snap/${header##*/}
    for twice in 1 2; do echo "#include <$name>"; done > "$scratch/alone.c"
    echo "typedef int nothing;" >> "$scratch/alone.c"
    cp "$scratch/alone.c" "$scratch/alone.cpp"
    "$cc" -std=c11 -pedantic-errors -Wall -Wextra -Werror -I"$scratch/usr/include" \
        -fsyntax-only "$scratch/alone.c" || fail "$name does not compile alone in C11"
    "$cxx" -std=c++11 -pedantic-errors -Wall -Wextra -Werror -I"$scratch/usr/include" \
        -fsyntax-only "$scratch/alone.cpp" || fail "$name does not compile alone in C++11"
done

library=$(find "$scratch/usr" -name 'libsnap.so' | head -n 1)
libdir=$(dirname "$library")
nm -D --defined-only "$library" | awk '{ print $3 }' | grep -v '^SNAP_' | sed 's/@.*//' | sort \
    > "$scratch/exported"
if grep -v '^snap_' "$scratch/exported"; then fail "these symbols are exported and should not be"; fi
# Every function that a header declares is exported, and the other way round.
grep -hv '^#' "$headers"/*.h | tr '\n' ' ' | grep -o 'SNAP_API [^;]*;' | sed 's/(.*//; s/.*[ *]//' | sort \
    > "$scratch/declared"
diff "$scratch/declared" "$scratch/exported" > "$scratch/diff" ||
    fail "declared (<) and exported (>) differ: $(cat "$scratch/diff")"

if nm "$libdir/libsnap.a" | grep -E ' [bBdDC] ' | grep -v 'asan\|ubsan\|\.L\|__odr\|gcov\|llvm'; then
    fail "the library has mutable globals"
fi

# Layers: writer and reader do not know each other, and nothing below knows either.
src=$source/libsnap/src
if grep -l 'include "\(reader_impl\|batch_impl\|source\)\.h"' "$src"/writer*.[ch] "$src"/sink.[ch] \
    "$src"/rows.[ch] "$src"/string_cache.[ch]; then
    fail "the writer includes the reader"
fi
if grep -l 'include "\(writer_impl\|rows\|sink\|string_cache\)\.h"' "$src"/reader*.[ch] \
    "$src"/batch*.[ch] "$src"/source.[ch] "$src"/joiner.c; then
    fail "the reader includes the writer"
fi
if grep -l 'include "\(writer\|reader\|batch\)_impl\.h"' "$src"/column*.[ch] "$src"/chunk*.[ch] \
    "$src"/varint.[ch] "$src"/bytes.h "$src"/schema.[ch]; then
    fail "a lower layer includes a higher one"
fi
if grep -nE '\b(malloc|calloc|realloc|free|printf|fprintf|puts|abort|exit)\(' "$src"/*.c |
    grep -v '/alloc\.c:'; then
    fail "memory, printing or exiting outside of the places for it"
fi

# The whole tree may be moved: what finds it looks from where it stands.
mv "$scratch/usr" "$scratch/moved"
libdir=$scratch/moved${libdir#"$scratch/usr"}

cmake -S "$source/tests/install/consumer" -B "$scratch/build" -DCMAKE_PREFIX_PATH="$scratch/moved" \
    -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" > "$scratch/log" 2>&1 ||
    fail "find_package(snap): $(cat "$scratch/log")"
cmake --build "$scratch/build" > "$scratch/log" 2>&1 || fail "consumer: $(cat "$scratch/log")"
for program in c_snap c_snap_static cxx_snap cxx_snap_static; do
    "$scratch/build/$program" > /dev/null || fail "$program fails"
done

export PKG_CONFIG_PATH="$libdir/pkgconfig"
flags=$(pkg-config --cflags --libs snap)
# shellcheck disable=SC2086
"$cc" "$source/tests/install/consumer/main.c" $flags -o "$scratch/by_pkg_config"
LD_LIBRARY_PATH=$libdir "$scratch/by_pkg_config" > /dev/null || fail "the pkg-config build fails"
# shellcheck disable=SC2086
"$cxx" "$source/tests/install/consumer/main.cpp" $flags -o "$scratch/by_pkg_config"
LD_LIBRARY_PATH=$libdir "$scratch/by_pkg_config" > /dev/null || fail "the pkg-config build in C++ fails"
# The static library, with what it needs itself; nothing is looked for at run time.
flags="$(pkg-config --cflags snap) $libdir/libsnap.a $(pkg-config --static --libs snap | sed 's/-lsnap//')"
# shellcheck disable=SC2086
"$cc" "$source/tests/install/consumer/main.c" $flags -o "$scratch/by_pkg_config"
"$scratch/by_pkg_config" > /dev/null || fail "the static pkg-config build fails"

"$build/libsnap/examples/example_01_write" "$scratch/a.snap" > "$scratch/out"
grep -q '^4 objects, 3 edges$' "$scratch/out" || fail "01_write: $(cat "$scratch/out")"
"$build/libsnap/examples/example_02_read" "$scratch/a.snap" > "$scratch/out"
[ "$(sed -n 1p "$scratch/out")" = "     1048609 bytes        1  bytes" ] ||
    fail "02_read: $(cat "$scratch/out")"
"$build/libsnap/examples/example_03_seek" "$scratch/a.snap" > "$scratch/out"
grep -q '^last object: 0x3000, 1048609 bytes$' "$scratch/out" || fail "03_seek: $(cat "$scratch/out")"
"$build/libsnap/examples/example_04_memory" "$scratch/b.snap" > /dev/null
"$build/libsnap/examples/example_02_read" "$scratch/b.snap" | grep -q '100000  page' ||
    fail "04_memory wrote something else"
echo "installed, found, used"
