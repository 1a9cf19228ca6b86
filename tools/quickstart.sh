#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The toolkit in one go: build it, start a web service that leaks, capture its heap twice while it
# serves, and have the leak named. Every command that matters is printed, so that it can be repeated
# on a service of your own.
#
#   sh tools/quickstart.sh [FOLDER]       FOLDER (default ./snap-quickstart) keeps all that is made
#
# Exit status: 0 done, 2 it could not be done.
set -eu

root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/tools/packages.sh"

case ${1:-} in
-h | --help)
    sed -n '4,/^$/s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
-*)
    echo "quickstart.sh: $1: no such option; the only argument is a folder" >&2
    exit 2
    ;;
esac

service=
finish() {
    status=$?
    trap - EXIT
    [ -z "$service" ] || { kill "$service" && wait "$service"; } 2>/dev/null || true
    [ "$status" -eq 0 ] || exit 2
}
trap finish EXIT
trap 'exit 2' INT TERM

bold= plain=
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$(printf '\033[1m') plain=$(printf '\033[0m')
fi
say() { printf '\n%s# %s%s\n' "$bold" "$*" "$plain"; }
# show COMMAND...: print it as one would type it, and run it.
show() {
    printf '$ '
    for word in "$@"; do
        case $word in
        *[!A-Za-z0-9_./:=@%+,-]* | '') printf "'%s' " "$word" ;;
        *) printf '%s ' "$word" ;;
        esac
    done
    printf '\n'
    "$@"
}

packages_require build
mkdir -p "${1:-snap-quickstart}"
cd "${1:-snap-quickstart}"
folder=$(pwd)
rm -f before.snap after.snap before.snap.part after.snap.part diff.json service.address

say "Build (the log is in $folder/build.log)"
generator=Ninja
command -v ninja >/dev/null 2>&1 || generator="Unix Makefiles"
if ! { cmake -S "$root" -B build -G "$generator" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DSNAP_TESTS=OFF && cmake --build build -j "$(nproc 2>/dev/null || echo 2)"; } >build.log 2>&1; then
    tail -n 30 build.log >&2
    echo "quickstart.sh: the build failed" >&2
    exit 2
fi

say "What the commands below count on (to repeat them, start with these lines)"
show cd "$folder"
echo "\$ export PATH=$folder/build/tools:\$PATH PYTHONPATH=$folder/build/python"
export PATH="$folder/build/tools:$PATH" PYTHONPATH="$folder/build/python${PYTHONPATH:+:$PYTHONPATH}"

say "Start a web service of several threads, in a process that can be asked"
echo "\$ python3 -m heapsnap run $root/corpora/leaky/registry_service.py > service.address &"
python3 -m heapsnap run "$root/corpora/leaky/registry_service.py" >service.address &
service=$!
tries=0
while [ ! -s service.address ] && [ "$tries" -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
address=$(cat service.address)
show python3 "$root/corpora/leaky/send_requests.py" "$address" 1000

say "What can be asked, and what would a capture cost?"
show python3 -m heapsnap ps

say "Capture, let it serve some more, capture again"
show python3 -m heapsnap ask "$service" -o before.snap
show python3 "$root/corpora/leaky/send_requests.py" "$address" 3000
show python3 -m heapsnap ask "$service" -o after.snap

say "What grew, and who holds it?"
show snapdiff before.snap after.snap

say "The same question, and any other, in SQL"
show snapsql after.snap "SELECT label, type, retained_size, retained_count FROM top_objects
    ORDER BY retained_size DESC LIMIT 8"

say "The same as JSON, for a dashboard or a check (diff.json)"
echo "\$ snapdiff --json before.snap after.snap > diff.json"
snapdiff --json before.snap after.snap >diff.json
head -c 1200 diff.json
printf '\n...\n'

say "Done. Everything is in $folder"
ls -l before.snap after.snap diff.json
