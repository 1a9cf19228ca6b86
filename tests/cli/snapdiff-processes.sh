# Snapshots of different processes are matched by signature, with the same answer; a way of matching
# that cannot work is refused.
# needs: snapdiff
. "$TESTS_CLI/lib.inc"
for case in restart restart-hands moving runtimes services; do
    "$PYTHON" "$TESTS_CLI/make_diff.py" $case $case
    echo "-- $case"
    snapdiff $case/a.db $case/b.db 2>&1 | sed '/^Growth by type/,$d'
done
"$PYTHON" "$TESTS_CLI/make_diff.py" leak leak
for how in address id; do
    status snapdiff --matching=$how runtimes/a.db runtimes/b.db 2>&1
done
status snapdiff --matching=id leak/a.db leak/b.db 2>&1
echo "-- address asked for, two processes"
snapdiff --matching=address restart/a.db restart/b.db 2>&1 | head -n 2
echo "-- signature asked for, one process"
snapdiff --matching=signature leak/a.db leak/b.db | sed -n -e '/^matched/p' -e '/^Growth by owner/,/^$/p'
