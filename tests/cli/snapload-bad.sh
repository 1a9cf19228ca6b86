# Every kind of bad input and output: one line, exit status 2, nothing left behind, nothing replaced.
# needs: snapload make_snap
# mask: offsets
. "$TESTS_CLI/lib.inc"
make_snap small good.snap
make_snap major major.snap
make_snap kind kind.snap
printf 'plain text\n' > text
printf 'SQLite format 3\0' > sqlite
printf 'JAVA PROFILE 1.0.2\0' > hprof
: > empty
cp good.snap secret
chmod 000 secret
head -c 20 good.snap > short
head -c 48 good.snap > header
for f in text sqlite hprof empty . nothing short header major.snap kind.snap; do
    status snapload $f -o out.db
done
# A world-writable folder, for who may not read.
mkdir -m 777 open
status as_nobody snapload secret -o open/out.db
rmdir open
echo "-- one bad file among good ones: no database"
status snapload -q good.snap text -o out.db
echo "-- outputs"
status snapload -q good.snap -o /dev/null
status snapload -q good.snap -o .
status snapload -q good.snap -o no/such/folder.db
echo mine > taken.db
status snapload -q good.snap -o taken.db
cat taken.db
status snapload -q --force good.snap -o taken.db
status snapload -q --force good.snap -o good.snap
ln good.snap same.snap
status snapload -q --force good.snap text -o same.snap
rm same.snap
status snapload -q
status snapload -q --sumary good.snap
echo "-- no room"
(ulimit -f 100; status snapload -q good.snap -o big.db)
status snapload -q --max-memory 500 good.snap -o big.db
head -c "$(($(wc -c < good.snap) - 100))" good.snap > cut.snap # it announces nothing any more
status snapload -q --max-memory 100 cut.snap -o big.db
rm cut.snap
ls -A | tr '\n' ' '
