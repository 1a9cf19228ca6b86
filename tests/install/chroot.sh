#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The Debian package and the wheel on a machine that has nothing: a minimal Debian in a folder. The
# package brings what it needs, works, and goes without a trace; the wheel needs no compiler.
#
#     chroot.sh FOLDER PACKAGE WHEEL
set -eu
folder=$1 package=$2 wheel=$3
fail() { echo "chroot.sh: $*" >&2; exit 1; }
inside() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive \
    chroot "$folder" "$@"; }

rm -rf "$folder/given"
mkdir "$folder/given"
cp "$package" "$folder/given/package.deb"
cp "$wheel" "$folder/given"

inside apt-get update -q
inside apt-get install -q -y --no-install-recommends /given/package.deb python3 python3-venv
for program in cc gcc clang; do
    inside sh -c "command -v $program" && fail "$program is there: this shows nothing"
done
tools=$(dpkg-deb --contents "$package" | sed -n 's|.* \./usr/bin/\(snap[a-z]*\)$|\1|p')
[ "$(echo "$tools" | wc -w)" -ge 10 ] || fail "the package has these commands: $tools"
for tool in $tools; do
    inside "$tool" --version > /dev/null || fail "$tool does not start"
    inside sh -c "zcat -f /usr/share/man/man1/$tool.1* | grep -q '^.SH.*NAME'" || fail "no man page of $tool"
done

capture='import sys, heapsnap; assert heapsnap.dump(sys.argv[1]).objects > 5000; print(heapsnap.__file__)'
inside /usr/bin/python3 -c "$capture" /given/a.snap | grep '^/usr/lib/python3/' ||
    fail "the agent of the package does not work"
inside snapload -q -o /given/a.db /given/a.snap
inside snapsql /given/a.db 'SELECT runtime FROM snapshot' | grep -qx cpython || fail "snapsql"
inside snaptop /given/a.db > /dev/null || fail "snaptop"

inside python3 -m venv /given/venv
inside /given/venv/bin/pip install -q --no-index "/given/$(basename "$wheel")"
inside /given/venv/bin/python -c "$capture" /given/b.snap | grep '^/given/venv/' ||
    fail "the agent of the wheel does not work"
inside snapdiff -q /given/a.snap /given/b.snap > /dev/null || fail "snapdiff"

inside apt-get remove -q -y snap-toolkit
left=$(find "$folder/usr" \( -name 'snap[a-z]*' -o -name 'heapsnap*' -o -name 'libsnap*' \) \
    ! -path '*/perl*' ! -path '*/python3.*' ! -path '*/usr/share/bug/*')
[ -z "$left" ] || fail "left after removal: $left"
echo "installed, used, removed"
