# Every kind of bad input and output: one line, exit status 2, nothing left behind.
# needs: snapinfo make_snap
# mask: offsets sizes
. "$TESTS_CLI/lib.inc"
make_snap small good.snap
make_snap major major.snap
make_snap kind kind.snap
make_snap optional optional.snap
printf 'plain text\n' > text
printf '\211SNAP\n\032\n and so on, for some more than forty-eight bytes' > newline
printf 'SQLite format 3\0' > sqlite
printf 'go1.7 heap dump\n' > godump
printf '\001\002\003\004' > unknown
: > empty
cp good.snap secret
chmod 000 secret
head -c 20 good.snap > short
head -c 48 good.snap > header
head -c $(($(chunk_at good.snap object 1) + 70)) good.snap > cut
cp good.snap bad-header
flip bad-header 20
for f in text newline sqlite godump unknown empty . nothing short bad-header major.snap kind.snap; do
    status snapinfo $f
done
status as_nobody snapinfo secret
for f in header cut optional.snap; do
    status snapinfo $f | sed -n -e '/state/p' -e '/^exit/p'
done
echo "-- outputs"
snapinfo good.snap > /dev/full
echo $?
snapinfo --json good.snap > /dev/full
echo $?
snapinfo good.snap >&-
echo $?
snapinfo --help > /dev/full
echo $?
snapinfo --chunks good.snap | head -n 1
echo "-- several: the good ones are shown"
status snapinfo text good.snap empty | grep -e '^exit' -e heap
ls -A | tr '\n' ' '
