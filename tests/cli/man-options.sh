# Each manual page has exactly the options that the command's --help has, and every command that was
# built has a page.
for page in "$SOURCE_ROOT"/tools/man/*.1.scd; do
    name=$(basename "$page" .1.scd)
    command -v "$name" > /dev/null || continue
    "$name" --help | sed -n 's/^  \(-., \|    \)\(--[a-z0-9-]*\).*/\2/p' | sort > help
    sed -n 's/^\(\*-.\*, \)\{0,1\}\*\(--[a-z0-9-]*\)\*.*/\2/p' "$page" | sort > page
    diff help page > difference || {
        echo "$name: '<' only in --help, '>' only in its page"
        cat difference
    }
done
for source in "$SOURCE_ROOT"/tools/snap*.c; do
    name=$(basename "$source" .c)
    command -v "$name" > /dev/null || continue
    [ -e "$SOURCE_ROOT/tools/man/$name.1.scd" ] || echo "$name has no page"
done
