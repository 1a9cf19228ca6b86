# The shell on standard input: dot commands, statements over several lines, the first error ends it.
# needs: snapsql snapload make_snap
. "$TESTS_CLI/lib.inc"
make_snap two a.snap
snapload -q a.snap -o a.db
snapsql a.db <<'END'
.help
.headers off
.mode list
SELECT name,
       n
FROM types ORDER BY name LIMIT 3;
.headers on
.mode csv
SELECT 1 AS one; SELECT 2 AS two;

.mode line
SELECT id, complete FROM snapshots;
.param snapshot=2
.param
.saved memory
.mode column
.docs child
.tables top%
.schema top_object
SELECT 'no semicolon at the end'
END
echo "-- an error"
status snapsql a.db <<'END'
SELECT 1;
SELECT nowhere;
SELECT 2;
END
status snapsql a.db <<'END'
.nothing
END
printf '.quit\nSELECT 1;\n' | snapsql a.db
echo .mode nothing | status snapsql a.db
: | status snapsql a.db
echo "-- commands as arguments"
snapsql a.db '.mode list' '.tables top%' 'SELECT 1 AS one' .quit 'SELECT 2'
status snapsql a.db .nothing 'SELECT 1'
