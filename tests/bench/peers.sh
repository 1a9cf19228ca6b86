#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Installs the peers that run.sh measures beside the commands, as far as this machine reaches their
# registries.
#
#     sh tests/bench/peers.sh BUILD FOLDER
#
# Debian, as root: a JDK, and one jar of visualvm; npm: DevTools' worker and memlab (tests/e2e/import_v8.py
# installs and checks them); Rust: hprof-slurp. tracemalloc is a part of Python. Says for each peer whether
# it is there, and exits with 0: what is missing is left out of the table, and named there. 2: wrong usage.
set -u

[ $# -eq 2 ] || {
    echo "usage: peers.sh BUILD FOLDER" >&2
    exit 2
}
mkdir -p "$2" || exit 2
build=$(CDPATH= cd -- "$1" && pwd) || exit 2
folder=$(CDPATH= cd -- "$2" && pwd) || exit 2
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)

# peer NAME COMMAND...: has it installed, unless it is there, and says how that ended.
peer() {
    name=$1
    shift
    if "$@" >"$folder/$name.log" 2>&1; then
        echo "$name: there"
    else
        echo "$name: not there, see $folder/$name.log"
    fi
}

jdk() {
    command -v javac && command -v jcmd && return
    DEBIAN_FRONTEND=noninteractive apt-get -q install -y openjdk-17-jdk-headless
}

visualvm() {
    [ -e "$folder/jfluid-heap.jar" ] && return
    cd "$folder" && apt-get -q download visualvm && dpkg -x visualvm_*.deb visualvm &&
        cp "$(find visualvm -name '*-lib-jfluid-heap.jar')" jfluid-heap.jar &&
        rm -r visualvm visualvm_*.deb
}

v8() {
    command -v node && command -v npm &&
        SNAP_TEST_TOOLS="$folder" python3 "$here/../e2e/import_v8.py" "$build/tools" "$folder/v8-check" &&
        [ -e "$folder/v8/npm.stamp" ]
}

slurp() {
    [ -x "$folder/bin/hprof-slurp" ] || cargo install --root "$folder" hprof-slurp
}

peer jdk jdk
(peer visualvm visualvm)
peer devtools-and-memlab v8
peer hprof-slurp slurp
