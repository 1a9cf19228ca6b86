# The option parser's own words.
# needs: snapinfo
. "$TESTS_CLI/lib.inc"
status snapinfo
status snapinfo --verfiy a
status snapinfo --chunk a
status snapinfo -x a
status snapinfo --json=yes a
status snapinfo --top
status snapinfo --top many a
status snapinfo --color=red a
status snapinfo --color=alway a
status snapinfo -- --verify
status snapinfo --version | sed 's/[0-9.]*$//'
status snapinfo --help
