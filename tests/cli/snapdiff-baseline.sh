# Known growth is accepted by signature, and does not count.
# needs: snapdiff
# mask: version
. "$TESTS_CLI/lib.inc"
limits() { # what is said beside the report, and the exit status
    "$@" 2>&1 > /dev/null
    echo "exit $?"
}
for case in leak three; do "$PYTHON" "$TESTS_CLI/make_diff.py" $case $case; done
limits snapdiff --write-baseline known.json leak/a.db leak/b.db > /dev/null
cat known.json
"$PYTHON" "$TESTS_CLI/validate.py" < known.json
echo "-- what is accepted does not count, but where it is asked for by name"
snapdiff --baseline known.json leak/a.db leak/b.db | sed -n '/^Growth by owner/,/^$/p'
limits snapdiff --fail-if 'growth>1K' leak/a.db leak/b.db
limits snapdiff --baseline known.json --fail-if 'growth>1K' leak/a.db leak/b.db
limits snapdiff --baseline known.json --fail-if 'growth.count>0' leak/a.db leak/b.db
limits snapdiff --baseline known.json --fail-if 'growth(owner:app.REGISTRY)>1K' leak/a.db leak/b.db
snapdiff --baseline known.json --json leak/a.db leak/b.db > out
"$PYTHON" "$TESTS_CLI/validate.py" < out
"$PYTHON" -c 'import json; d = json.load(open("out"))
print(d["accepted"], [(o["name"], o["accepted"]) for o in d["owners"]])'
snapdiff --baseline known.json --format sarif --fail-if 'growth(type:Request)>1' leak/a.db leak/b.db 2> /dev/null |
    sed -n '/"level"/p; /"suppressions"/,/\]/p'
echo "-- up to a limit"
accept() {
    printf '{"schema": "snap.baseline/1", "accepted": [{"signature": "app<module>.REGISTRY<list>", "growth_limit": %s, "why": "fills"}]}' "$1" > limit.json
    limits snapdiff --baseline limit.json --fail-if 'growth>1K' leak/a.db leak/b.db
}
accept 210168
accept 210167
echo "-- a new one goes on from an old one, which it may replace"
limits snapdiff --baseline limit.json --write-baseline limit.json three/a.db three/b.db
cat limit.json
limits snapdiff --write-baseline limit.json three/a.db three/b.db
limits snapdiff -f --write-baseline limit.json three/a.db three/b.db
limits snapdiff -f --write-baseline three/b.db three/a.db three/b.db
echo "-- what is no baseline"
wrong() {
    printf '%s' "$1" > wrong.json
    status snapdiff --baseline wrong.json leak/a.db leak/b.db 2>&1
}
wrong ''
wrong '{"schema": "snap.baseline/1", "accepted": [}'
wrong '[1, 2]'
wrong '{"schema": "snap.diff/1"}'
wrong '{"schema": "snap.baseline/1", "accepted": {}}'
wrong '{"schema": "snap.baseline/1", "accepted": [{"why": "x"}]}'
wrong '{"schema": "snap.baseline/1", "accepted": [{"signature": "x", "growth_limit": "5M"}]}'
wrong '{"schema": "snap.baseline/1", "accepted": [{"signature": "x", "growth_limit": -1}]}'
"$PYTHON" -c 'print("[" * 100000)' > wrong.json
status snapdiff --baseline wrong.json leak/a.db leak/b.db 2>&1
head -c 20000000 /dev/zero > wrong.json
status snapdiff --baseline wrong.json leak/a.db leak/b.db 2>&1
status snapdiff --baseline nothing.json leak/a.db leak/b.db 2>&1
status snapdiff --baseline . leak/a.db leak/b.db 2>&1
limits snapdiff --write-baseline /dev/full leak/a.db leak/b.db
