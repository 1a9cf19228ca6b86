# Each manual page has exactly the options that the command's --help has, and every command that was
# built has a page.
man=$SOURCE_ROOT/tools/man
for page in "$man"/*.1.scd; do
    name=$(basename "$page" .1.scd)
    command -v "$name" > /dev/null || continue
    "$name" --help | sed -n 's/^  \(-., \|    \)\(--[a-z0-9-]*\).*/\2/p' | sort > help
    grep -qx '@common@' "$page" || echo "$name: its page lacks the common options"
    cat "$page" "$man/common.scd" |
        sed -n 's/^\(\*-.\*, \)\{0,1\}\*\(--[a-z0-9-]*\)\*.*/\2/p' | sort > page
    diff help page > difference || {
        echo "$name: '<' only in --help, '>' only in its page"
        cat difference
    }
done
for source in "$SOURCE_ROOT"/tools/snap*.c; do
    name=$(basename "$source" .c)
    command -v "$name" > /dev/null || continue
    [ -e "$man/$name.1.scd" ] || echo "$name has no page"
done
