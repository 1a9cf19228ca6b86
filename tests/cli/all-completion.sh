# Completion: what bash offers after a tool's name, from the script that the tool prints; the other
# shells' scripts hold the same options. needs: snapconvert snapdiff snapinfo snapleak snapload snapreport snapsql snaptop snappath snapshow
tools='snapconvert snapdiff snapinfo snapleak snapload snapreport snapsql snaptop snappath snapshow'

# offers TOOL WORD...: what a TAB at the end of the last word shows. As bash does it: = is a word.
cat > offers << 'END'
source <("$1" --completion=bash)
compopt() { :; }
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_"$1"
echo "${COMPREPLY[*]:-(file names)}"
END
offers() { bash offers "$@"; }

echo "-- one option, several, none"
offers snapdiff --match
offers snapdiff --m
offers snapdiff --nothing
offers snaptop -g
echo "-- the words of an option, as two words and with ="
offers snapdiff --matching ''
offers snapdiff --matching a
offers snapdiff --matching = i
offers snapdiff --matching =
offers snaptop -b t
echo "-- files: operands, values that are files, all after --"
offers snapdiff ''
offers snapdiff before.snap aft
offers snapload -o x
offers snapdiff -- --m
echo "-- neither words nor files after a number"
sed 's/^compopt.*/compopt() { echo "compopt $*"; }/' offers > told
bash told snapdiff --number ''
echo "-- it is registered"
bash -c 'source <(snapdiff --completion=bash); complete -p snapdiff'

echo "-- every option of --help is in every script, and no other"
for tool in $tools; do
    "$tool" --help | sed -n 's/^  \(-., \|    \)--\([a-z0-9-]*\).*/\2/p' | sort > help
    bash offers "$tool" - | tr ' ' '\n' | sed -n 's/^--//p' | sort > bash
    "$tool" --completion=zsh | sed -n 's/.*--\([a-z0-9-]*\)=\{0,1\}}\{0,1\}.\[.*/\1/p' | sort > zsh
    "$tool" --completion=fish | sed -n 's/.* -l \([a-z0-9-]*\) .*/\1/p' | sort > fish
    for shell in bash zsh fish; do
        cmp -s help "$shell" || { echo "$tool, $shell:"; diff help "$shell"; }
    done
    "$tool" --completion=bash | bash -n || echo "$tool: bash cannot read it"
done

echo "-- shells that are here read theirs"
for shell in zsh fish; do
    command -v "$shell" > /dev/null || continue
    for tool in $tools; do
        "$tool" --completion="$shell" > script
        "$shell" -n script || echo "$tool: $shell cannot read it"
    done
done

echo "-- an unknown shell"
snapdiff --completion=tcsh
echo "$?"
snapdiff --completion
echo "$?"
