#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Other compilers, machines and C libraries, and tools that read the source: a campaign, not part of
# run.sh.
#
#   sh tests/portability.sh [STEP...]     all of them, in this order, where none is named
#
# warnings    gcc and clang take everything with -Werror
# bits32      for i686, with -Werror: tests of library and tools (runs as it is on x86-64)
# big_endian  for s390x under qemu-user: tests of the library and of the graph algorithms, and the
#             corpora through every command
# musl        another C library, with -Werror: tests of the library
# threads     the thread sanitizer watches what the headers promise
# memory      the memory sanitizer (clang) watches the library's tests, zstd included
# tidy        clang-tidy, by .clang-tidy
# cppcheck    cppcheck, by tests/cppcheck.txt
# abi         abidiff of libsnap.so against tests/install/libsnap.abi (x86-64), which is written anew by
#             SNAP_ABI_UPDATE=1; additions are no difference, all else is
# debian      the package and the wheel in a new, minimal Debian (chroot): installed, used, removed
# reproducible  two builds, in folders of different names: library, commands and package, byte by byte
#
# A step says what it lacks where it cannot be tried, and is skipped. As root on Debian, what is
# missing is installed. Libraries for other machines are fetched from the archive that apt knows,
# into the folder; nothing of them is installed. The last line: N passed, N failed, N skipped.
# Exit status: 0 nothing failed, 1 something did, 2 wrong usage.
# Everything made is left under build/portability ($SNAP_PORTABILITY) in the checkout; a log a step.
set -u

root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd) || exit 2
. "$root/tools/packages.sh"
work=${SNAP_PORTABILITY:-$root/build/portability}
jobs=$(nproc 2>/dev/null || echo 2)
mkdir -p "$work" || exit 2
work=$(CDPATH= cd -- "$work" && pwd) || exit 2
steps="warnings bits32 big_endian musl threads memory tidy cppcheck abi debian reproducible"
passed=0 failed=0 skipped=0

# lack TEXT: why a step cannot be tried.
lack() {
    echo "$1" >"$work/lack"
    return 77
}

has() {
    for program; do
        command -v "$program" >/dev/null 2>&1 || lack "$program is not installed" || return
    done
}

# ---- libraries for other machines ----

# apt ARCH: apt-get with its books in the folder, for that machine, with the sources of packages.
apt() {
    books=$work/apt-$1
    arch=$1
    shift
    apt-get -q -o "APT::Architecture=$arch" -o "APT::Architectures=$arch" -o Dir::State::status=/dev/null \
        -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$books/parts" \
        -o "Dir::State::lists=$books/lists" -o "Dir::Cache=$books/cache" \
        -o APT::Sandbox::User="$(id -un)" "$@"
}

# apt_books ARCH: the archive's list for that machine, once.
apt_books() {
    has apt-get dpkg-deb || return
    books=$work/apt-$1
    [ -e "$books/done" ] && return
    mkdir -p "$books/parts" "$books/lists/partial" "$books/cache/archives/partial"
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
        # Debian's own archive alone.
        grep -qs -e debian-archive-keyring -e '^deb .*debian.* main' "$file" || continue
        sed -e 's/^Types: deb$/Types: deb deb-src/' -e 'p;s/^deb /deb-src /' "$file" |
            uniq >"$books/parts/$(basename "$file")"
    done
    # Part of an archive may be away for a moment: what is there may do.
    apt "$1" update || echo "not all lists could be had"
    touch "$books/done"
}

# sysroot ARCH: Debian's libraries for that machine, unpacked in sysroot-ARCH.
sysroot() {
    [ -e "$work/sysroot-$1/done" ] && return
    apt_books "$1" || return
    mkdir -p "$work/sysroot-$1/debs"
    (cd "$work/sysroot-$1/debs" && apt "$1" download libzstd-dev libzstd1 libcunit1-dev libcunit1 \
        libsqlite3-dev libsqlite3-0 libcjson-dev libcjson1 zlib1g-dev zlib1g libxxhash-dev) ||
        lack "the libraries for $1 cannot be fetched" || return
    for package in "$work/sysroot-$1/debs"/*.deb; do
        dpkg-deb -x "$package" "$work/sysroot-$1" || return
    done
    touch "$work/sysroot-$1/done"
}

# compile_into NAME CC...: zstd and CUnit from Debian's sources by that compiler, in prefix-NAME.
compile_into() {
    prefix=$work/prefix-$1
    shift
    [ -e "$prefix/done" ] && return
    mkdir -p "$work/source" "$prefix/include/CUnit" "$prefix/lib/pkgconfig" "$prefix/objects"
    if ! [ -e "$work/source/done" ]; then
        apt_books amd64 || return
        (cd "$work/source" && apt amd64 source --download-only libzstd cunit &&
            for archive in *.orig.tar.*z; do tar xf "$archive" || exit 1; done && touch done) ||
            lack "the sources of zstd and CUnit cannot be fetched" || return
    fi
    set -- "$@" -w -O2 -g -c
    zstd=$(echo "$work"/source/zstd-*/lib) cunit=$(echo "$work"/source/cunit-*/CUnit)
    cp "$zstd/zstd.h" "$zstd/zstd_errors.h" /usr/include/xxhash.h "$prefix/include" || return
    cp "$cunit"/Headers/*.h "$prefix/include/CUnit" || return
    (cd "$prefix/objects" && "$@" -DZSTD_DISABLE_ASM "$zstd"/common/*.c "$zstd"/compress/*.c \
        "$zstd"/decompress/*.c && ar rcs ../lib/libzstd.a ./*.o && rm ./*.o &&
        "$@" -DVERSION='"2.1"' "-I$prefix/include/CUnit" "-I$prefix/include" \
            "$cunit"/Sources/Basic/*.c "$cunit"/Sources/Framework/*.c &&
        ar rcs ../lib/libcunit.a ./*.o && rm ./*.o) || return
    for library in libzstd:zstd:1.5.4 cunit:cunit:2.1; do
        name=${library%%:*} version=${library##*:} link=${library#*:}
        printf 'Name: %s\nDescription: %s\nVersion: %s\nLibs: -L%s -l%s\nCflags: -I%s\n' "$name" \
            "$name" "$version" "$prefix/lib" "${link%%:*}" "$prefix/include" \
            >"$prefix/lib/pkgconfig/$name.pc"
    done
    touch "$prefix/done"
}

# ---- builds and tests ----

# build NAME CMAKE-OPTION...: configure and build NAME in the folder.
build() {
    folder=$work/$1
    shift
    cmake -S "$root" -B "$folder" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DSNAP_TESTS=ON \
        -DSNAP_TEST_PATIENCE=10 "$@" &&
        cmake --build "$folder" -j "$jobs"
}

# tests NAME CTEST-OPTION...: run them and say how many passed.
tests() {
    folder=$work/$1
    shift
    ctest --test-dir "$folder" -j "$jobs" --timeout 9000 --output-on-failure "$@" >"$folder/tests.log" 2>&1
    status=$?
    cat "$folder/tests.log"
    count=$(sed -n 's/^.*tests passed, \([0-9]*\) tests failed out of \([0-9]*\)$/\2 tests, \1 failed/p' \
        "$folder/tests.log")
    left=$(grep -c '(Skipped)$' "$folder/tests.log")
    said="$said${said:+; }$count, $left skipped"
    return $status
}

# cross NAME ARCH TRIPLET LIBRARIES PROCESSOR CMAKE-OPTION...: build for another machine; `linker` holds
# what the linker is told.
cross() {
    name=$1 sys=$work/sysroot-$2 tools=/usr/$3 libs=$4 processor=$5 cc=$3-gcc
    sysroot "$2" || return
    shift 5
    PKG_CONFIG_LIBDIR=$sys/usr/lib/$libs/pkgconfig PKG_CONFIG_SYSROOT_DIR=$sys build "$name" \
        -DSNAP_CPYTHON=OFF -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR="$processor" \
        -DCMAKE_C_COMPILER="$cc" "-DCMAKE_FIND_ROOT_PATH=$sys;$tools" \
        -DCMAKE_FIND_ROOT_PATH_MODE_PROGRAM=NEVER -DXXHASH_INCLUDE="$sys/usr/include" \
        "-DCMAKE_EXE_LINKER_FLAGS=$linker -Wl,-rpath-link,$sys/usr/lib/$libs:$sys/lib/$libs" \
        "-DCMAKE_BUILD_RPATH=$sys/usr/lib/$libs;$sys/lib/$libs" "$@"
}

# emulated NAME EMULATOR...: programs that were built become scripts that run them under it, so that
# tests which start them by themselves need not know.
emulated() {
    folder=$work/$1
    shift
    find "$folder" -type f -perm -u+x ! -name '*.so*' ! -name '*.elf' ! -path '*/CMakeFiles/*' |
        while read -r file; do
            [ "$(head -c 4 "$file" | od -An -c | tr -d ' ')" = '177ELF' ] || continue
            mv "$file" "$file.elf"
            printf '#!/bin/sh\nexec %s -0 "$0" "$0.elf" "$@"\n' "$*" >"$file"
            chmod +x "$file"
        done
}

# ---- the steps: status 0 passed, 77 cannot be tried, else failed; `said` is what they report ----

step_warnings() {
    has gcc clang || return
    for cc in gcc clang; do
        build "warnings-$cc" -DCMAKE_C_COMPILER=$cc -DCMAKE_C_FLAGS=-Werror || return 1
        said="$said${said:+, }$($cc --version | head -n 1)"
    done
}

step_bits32() {
    has i686-linux-gnu-gcc || return
    tools=/usr/i686-linux-gnu
    linker=-Wl,--dynamic-linker=$tools/lib/ld-linux.so.2,-rpath,$tools/lib
    cross bits32 i386 i686-linux-gnu i386-linux-gnu i686 -DCMAKE_C_FLAGS=-Werror || return
    "$work/bits32/tests/test_snap_column" >/dev/null 2>&1 || [ $? -lt 126 ] ||
        lack "this machine runs no 32-bit programs" || return
    tests bits32 -E '^(install_|e2e_)'
}

step_big_endian() {
    has s390x-linux-gnu-gcc qemu-s390x-static || return
    tools=/usr/s390x-linux-gnu linker=
    cross big_endian s390x s390x-linux-gnu s390x-linux-gnu s390x || return
    emulated big_endian "qemu-s390x-static -L $tools"
    tests big_endian -R '^(test_snap|prop_snap|fault_snap|fuzz_snap|two_readers|corpora|test_heap_shapes|test_heap_match|example)' ||
        return
    same_files
}

# Files and rows are the same on both machines, byte for byte.
same_files() {
    build native -DSNAP_CPYTHON=OFF || return
    ours=$work/native theirs=$work/big_endian n=0
    for seed in 1 2 3 4 5 6 7 8 9 10 11 12; do
        for there in "$ours" "$theirs"; do
            rm -f "$there/a.snap"
            "$there/corpora/gen/gen_snap" --duplicates --dangling --chunk-rows $((seed * 20)) \
                "$seed" $((seed * 100)) "$there/a.snap" || return 1
            "$there/tests/dump_chunks" "$there/a.snap" >"$there/rows" || return 1
        done
        cmp "$ours/a.snap" "$theirs/a.snap" && cmp "$ours/rows" "$theirs/rows" || return 1
        n=$((n + 1))
    done
    said="$said; $n files byte for byte those of this machine"
}

step_musl() {
    has musl-gcc || return
    compile_into musl musl-gcc || return
    PKG_CONFIG_LIBDIR=$work/prefix-musl/lib/pkgconfig build musl -DCMAKE_C_COMPILER=musl-gcc \
        -DCMAKE_C_FLAGS=-Werror -DSNAP_CPYTHON=OFF -DSNAP_TOOLS=OFF \
        -DXXHASH_INCLUDE="$work/prefix-musl/include" || return 1
    tests musl -E '^(install_|two_languages)'
}

step_threads() {
    build threads -DSNAP_SANITIZE=thread -DSNAP_CPYTHON=OFF || return 1
    tests threads -R '^(test_snap|prop_snap|example|test_db_btree|db_loaders)'
}

step_memory() {
    has clang || return
    compile_into memory clang -fsanitize=memory -fno-omit-frame-pointer || return
    clang -fsanitize=memory -g -O1 -c "$root/tests/memory_calls.c" -o "$work/memory_calls.o" ||
        return 1
    PKG_CONFIG_LIBDIR=$work/prefix-memory/lib/pkgconfig build memory -DCMAKE_C_COMPILER=clang \
        -DSNAP_SANITIZE=memory -DSNAP_CPYTHON=OFF -DSNAP_TOOLS=OFF \
        "-DCMAKE_EXE_LINKER_FLAGS=$work/memory_calls.o" \
        -DXXHASH_INCLUDE="$work/prefix-memory/include" || return 1
    tests memory -R '^(test_snap|prop_snap|fault_snap|fuzz_snap|two_readers|example)'
}

# sources: every C file of ours that is compiled for users, but the agents, which need Python's headers.
sources() {
    find "$root/libsnap/src" "$root/tools" -name '*.c' | sort
}

step_tidy() {
    has clang-tidy || return
    cmake -S "$root" -B "$work/tidy" -DSNAP_CPYTHON=OFF -DSNAP_TESTS=OFF \
        -DCMAKE_C_COMPILER=clang -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >/dev/null || return 1
    cmake --build "$work/tidy" -j "$jobs" || return 1 # some sources are made
    sources | xargs -P "$jobs" -n 8 clang-tidy --quiet -p "$work/tidy" --warnings-as-errors='*' || return 1
    said="$(sources | wc -l) files"
}

step_cppcheck() {
    has cppcheck || return
    sources | cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr --max-configs=4 -j "$jobs" \
        --enable=warning,performance,portability --suppressions-list="$root/tests/cppcheck.txt" \
        -I "$root/libsnap/include" -I "$root/libsnap/src" -I "$root/tools" --file-list=- || return 1
    said="$(sources | wc -l) files"
}

step_abi() {
    has abidw abidiff || return
    [ "$(uname -m)" = x86_64 ] || lack "the description is of x86-64" || return
    build abi -DSNAP_TOOLS=OFF -DSNAP_TESTS=OFF -DSNAP_CPYTHON=OFF || return 1
    known=$root/tests/install/libsnap.abi now=$work/abi/libsnap.abi
    abidw --no-corpus-path --no-comp-dir-path --no-show-locs --drop-private-types \
        --exported-interfaces-only --headers-dir "$root/libsnap/include/snap" \
        "$work/abi/libsnap/libsnap.so" >"$now.raw" || return 1
    sed "s| path='[^']*/libsnap/src/| path='|" "$now.raw" >"$now" || return 1
    [ -z "${SNAP_ABI_UPDATE:-}" ] || cp "$now" "$known" || return 1
    abidiff --no-added-syms "$known" "$now" || return 1
    said="$(grep -c '<elf-symbol ' "$now") symbols"
}

# A machine on which there is nothing.
step_debian() {
    has debootstrap dpkg-deb dpkg-shlibdeps || return
    [ "$(id -u)" -eq 0 ] || lack "a chroot is made by root" || return
    suite=$(. /etc/os-release && [ "$ID" = debian ] && echo "${VERSION_CODENAME:-}")
    [ -n "$suite" ] || lack "what is built here is for this system, which is no Debian" || return
    if ! [ -e "$work/chroot/done" ]; then
        rm -rf "$work/chroot"
        debootstrap --variant=minbase "$suite" "$work/chroot" || lack "no Debian can be fetched" || return
        touch "$work/chroot/done"
    fi
    build debian -DSNAP_TESTS=OFF -DCMAKE_INSTALL_PREFIX=/usr -DSNAP_CPYTHON_INTERPRETER=/usr/bin/python3 ||
        return 1
    rm -rf "$work/debian/made"
    (cd "$work/debian" && cpack -B "$work/debian/made") || return 1
    /usr/bin/python3 -m pip wheel -q --no-deps --no-build-isolation --no-cache-dir \
        -w "$work/debian/made" "$root/libsnap/agents/cpython" || return 1
    sh "$root/tests/install/chroot.sh" "$work/chroot" "$work"/debian/made/*.deb \
        "$work"/debian/made/*.whl || return 1
    said="$suite: $(cd "$work/debian/made" && echo *.deb *.whl)"
}

# Where the checkout and the build lie must not be in what is delivered.
step_reproducible() {
    has dpkg-deb || return
    SOURCE_DATE_EPOCH=1700000000
    export SOURCE_DATE_EPOCH
    for name in one another-name; do
        rm -rf "${work:?}/$name"
        mkdir -p "$work/$name"
        (cd "$root" && git archive HEAD | tar x -C "$work/$name") || lack "this is no git checkout" || return
        cmake -S "$work/$name" -B "$work/$name/build-$name" -DSNAP_TESTS=OFF -DSNAP_CPYTHON=OFF \
            -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_BUILD_TYPE=Release || return 1
        cmake --build "$work/$name/build-$name" -j "$jobs" || return 1
        (cd "$work/$name/build-$name" && cpack) || return 1
    done
    n=0
    cd "$work/one/build-one" || return 1
    for file in libsnap/libsnap.so.*.*.* libsnap/libsnap.a tools/snap[a-z]* ./*.deb; do
        [ -f "$file" ] || continue
        cmp "$file" "$work/another-name/build-another-name/$file" || return 1
        n=$((n + 1))
    done
    cd "$root" || return 1
    said="$n files"
    [ "$n" -ge 10 ]
}

[ $# -gt 0 ] || set -- $steps
for step; do
    case " $steps " in
    *" $step "*) ;;
    *)
        echo "portability.sh: no step '$step'; there are: $steps" >&2
        exit 2
        ;;
    esac
done
packages_require build test portability || echo "Steps that need them are skipped." >&2
for step; do
    said=
    : >"$work/lack"
    "step_$step" >"$work/$step.log" 2>&1
    case $? in
    0) passed=$((passed + 1)) && echo "$step: passed${said:+ ($said)}" ;;
    77) skipped=$((skipped + 1)) && echo "$step: SKIPPED: $(cat "$work/lack")" ;;
    *) failed=$((failed + 1)) && echo "$step: FAILED${said:+ ($said)}: see $work/$step.log" ;;
    esac
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
