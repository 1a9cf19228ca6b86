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
    line='$'
    for word in "$@"; do
        case $word in
        *\'*) line="$line \"$word\"" ;;
        *[!A-Za-z0-9_./:=@%+,-]* | '') line="$line '$word'" ;;
        *) line="$line $word" ;;
        esac
    done
    printf '%s\n' "$line"
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
jobs=$(nproc 2>/dev/null || echo 2)
if ! { cmake -S "$root" -B build -G "$generator" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DSNAP_TESTS=OFF && cmake --build build -j "$jobs"; } >build.log 2>&1; then
    tail -n 30 build.log >&2
    echo "quickstart.sh: the build failed" >&2
    exit 2
fi
if [ ! -e build/python/heapsnap/__main__.py ]; then
    grep '^-- cpython agent' build.log >&2 || true
    echo "quickstart.sh: no agent for $(command -v python3); is there another Python for PATH?" >&2
    exit 2
fi

say "What the commands below count on (to repeat them, start with these lines)"
show cd "$folder"
echo "\$ export PATH=$folder/build/tools:\$PATH PYTHONPATH=$folder/build/python"
echo "\$ export XDG_CACHE_HOME=$folder/cache"
export XDG_CACHE_HOME="$folder/cache"
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
if [ -z "$address" ]; then
    echo "quickstart.sh: the service did not start" >&2
    exit 2
fi
show python3 "$root/corpora/leaky/send_requests.py" "$address" 1000

say "What can be asked, and what would a capture cost?"
show python3 -m heapsnap ps

say "Capture, let it serve some more, capture again"
show python3 -m heapsnap ask "$service" -o before.snap
show python3 "$root/corpora/leaky/send_requests.py" "$address" 3000
show python3 -m heapsnap ask "$service" -o after.snap

say "What grew, and who holds it?"
show snapdiff before.snap after.snap

say "Which global variables hold the most?"
show snapsql after.snap --saved globals_by_retained | head -n 8

say "Any other question, in SQL: what does a finished request cost, attribute by attribute?"
show snapsql after.snap "
    SELECT r.label AS attribute, count(*) AS requests, sum(o.retained_size) AS bytes
    FROM type t JOIN type_object x ON x.type_id = t.id
    JOIN refs r ON r.source_id = x.object_id
    JOIN object o ON o.id = r.target_id AND o.dominator_id = x.object_id
    WHERE t.module = '__main__' AND t.name = 'Request'
    GROUP BY attribute ORDER BY bytes DESC"

say "The same as JSON, for a dashboard or a check"
echo "\$ snapdiff --json before.snap after.snap > diff.json"
snapdiff --quiet --json before.snap after.snap >diff.json
show python3 -c 'import json; d = json.load(open("diff.json")); first = d["owners"][0]
keys = "name", "path", "count_delta", "retained_delta"
print(json.dumps({"verdict": d["verdict"], "first owner": {k: first[k] for k in keys}}, indent=2))'

say "Done. Everything is in $folder"
ls -l before.snap after.snap diff.json
cat <<END

On a service of your own, with PATH and PYTHONPATH as above:
    python3 -m heapsnap run app.py        (or: heapsnap.listen() in the program)
    python3 -m heapsnap ps
    python3 -m heapsnap ask PID -o before.snap     and later     -o after.snap
    snapdiff before.snap after.snap
END
