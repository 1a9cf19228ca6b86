# The option parser's own words.
# needs: snapinfo
# mask: version
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
status snapinfo --version
status snapinfo --help
