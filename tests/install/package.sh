#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The Debian package: made, unpacked in a folder, complete, and in working order there.
#
#     package.sh BUILD CPACK
set -eu
build=$1 cpack=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() { echo "package.sh: $*" >&2; exit 1; }

for program in dpkg-deb dpkg-shlibdeps; do
    command -v "$program" > /dev/null && continue
    echo "skipped: packages are made with $program (dpkg-dev), which is not here"
    exit 77
done

"$cpack" --config "$build/CPackConfig.cmake" -G DEB -B "$scratch/made" > "$scratch/log" 2>&1 ||
    fail "cpack: $(cat "$scratch/log")"
set -- "$scratch"/made/*.deb
if [ $# -ne 1 ] || [ ! -f "$1" ]; then fail "not one package: $*"; fi
package=$1
dpkg-deb --contents "$package" > "$scratch/contents"
dpkg-deb -x "$package" "$scratch/tree"
usr=$scratch/tree/usr

# Nothing outside of /usr, nothing of the machine that built it, all of it readable by everybody.
[ "$(ls "$scratch/tree")" = usr ] || fail "it holds $(ls "$scratch/tree")"
awk '$2 != "root/root" || substr($1, 8, 1) != "r"' "$scratch/contents" > "$scratch/odd"
[ ! -s "$scratch/odd" ] || fail "owners or permissions: $(cat "$scratch/odd")"
if grep -rlF "$build" "$usr" > "$scratch/odd"; then fail "the build's folder is in $(cat "$scratch/odd")"; fi

tools='snapconvert snapdiff snapexport snapinfo snapleak snapload snappath snapreport snapshow snapsql snaptop'
for tool in $tools; do
    for file in "bin/$tool" "share/bash-completion/completions/$tool" \
        "share/zsh/site-functions/_$tool" "share/fish/vendor_completions.d/$tool.fish"; do
        [ -s "$usr/$file" ] || fail "$file is missing"
    done
    # Made by scdoc, where it is.
    if command -v scdoc > /dev/null; then
        grep -q '^\.SH NAME' "$usr/share/man/man1/$tool.1" || fail "the man page of $tool is missing"
    fi
    [ "$("$usr/bin/$tool" --help | head -n 1 | cut -d' ' -f2)" = "$tool" ] || fail "$tool --help"
    # Completion as bash finds it: by the file's name, without the tool being asked.
    bash -c '. "$1/share/bash-completion/completions/$2"; COMP_WORDS=("$2" --jso); COMP_CWORD=1
             "_$2"; [ "${COMPREPLY[*]}" = --json ]' - "$usr" "$tool" || fail "completion of $tool"
done
for file in share/snap/feed.schema.json share/snap/schema.sql include/snap/snap.h; do
    [ -s "$usr/$file" ] || fail "$file is missing"
done
find "$usr" -name snap-format.md | grep -q . || fail "snap-format.md is missing"

# What the executables need is declared.
dpkg-deb -f "$package" Depends > "$scratch/depends"
for library in libc6 libsqlite3-0 libzstd1; do
    grep -q "$library" "$scratch/depends" || fail "Depends lacks $library: $(cat "$scratch/depends")"
done

# From the agent in the package to the answer of the tools in it.
agent=$usr/lib/python3/dist-packages
if [ -d "$agent" ]; then
    PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$agent /usr/bin/python3 - "$scratch/a.snap" << 'END'
import sys
import heapsnap
assert heapsnap.__file__.startswith(sys.path[1]), heapsnap.__file__
heapsnap.dump(sys.argv[1])
END
    "$usr/bin/snapload" -q "$scratch/a.snap" -o "$scratch/a.db"
    "$usr/bin/snapsql" "$scratch/a.db" 'SELECT runtime FROM snapshot' | grep -qx cpython ||
        fail "the tools do not read what the agent wrote"
    echo "packaged with the agent, unpacked, used"
else
    echo "packaged without the agent (not built for /usr/bin/python3), unpacked, run"
fi
