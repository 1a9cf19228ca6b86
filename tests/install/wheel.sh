#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The agent as pip builds and installs it: a wheel, into a new virtual environment, by a user who has
# no compiler, no headers and no network; what it captures is read by the tools.
#
#     wheel.sh SOURCE TOOLS CC
set -eu
source=$1 tools=$2 CC=$3
export CC
python=/usr/bin/python3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() { echo "wheel.sh: $*" >&2; exit 1; }

if ! "$python" -c 'import setuptools, wheel, pip, ensurepip' 2> "$scratch/log"; then
    echo "skipped: $python builds no wheels: $(tail -n 1 "$scratch/log")"
    exit 77
fi

TMPDIR=$scratch "$python" -m pip wheel -q --disable-pip-version-check --no-deps --no-build-isolation \
    --no-cache-dir -w "$scratch/made" "$source/libsnap/agents/cpython" > "$scratch/log" 2>&1 ||
    fail "pip wheel: $(cat "$scratch/log")"
set -- "$scratch"/made/heapsnap-*.whl
if [ $# -ne 1 ] || [ ! -f "$1" ]; then fail "not one wheel: $*"; fi

"$python" -m venv "$scratch/venv" > "$scratch/log" 2>&1 || fail "venv: $(cat "$scratch/log")"
mkdir "$scratch/home"
# Nothing else on the path, and nothing of the surroundings.
clean() {
    env -i PATH="$scratch/venv/bin" HOME="$scratch/home" TMPDIR="$scratch" PIP_NO_INDEX=1 \
        PIP_DISABLE_PIP_VERSION_CHECK=1 "$@"
}
clean python -c 'import shutil; assert not any(map(shutil.which, ("cc", "gcc", "clang")))' ||
    fail "there is a compiler on the path"
clean pip install -q "$1" > "$scratch/log" 2>&1 || fail "pip install: $(cat "$scratch/log")"
clean python -m heapsnap --help > /dev/null || fail "python3 -m heapsnap"
clean python - "$scratch/a.snap" << 'END' || fail "no capture"
import sys
import heapsnap
assert heapsnap.__file__.startswith(sys.prefix), heapsnap.__file__
assert heapsnap.dump(sys.argv[1]).objects > 5000
END
if [ -x "$tools/snapinfo" ]; then
    "$tools/snapinfo" --verify "$scratch/a.snap" > "$scratch/log" || fail "$(cat "$scratch/log")"
fi
clean pip uninstall -q -y heapsnap > "$scratch/log" 2>&1 || fail "pip uninstall: $(cat "$scratch/log")"
[ -z "$(find "$scratch/venv" -name '*heapsnap*')" ] || fail "something is left after pip uninstall"
echo "built, installed without a compiler, used, removed"
