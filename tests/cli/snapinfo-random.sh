# Random valid files of a seeded generator are called whole; those with references to nowhere and
# ids given twice are found out.
# needs: snapinfo gen_snap
# mask: offsets
for seed in 1 2 3 4 5 6 7 8 9 10 11 12; do
    gen_snap --chunk-rows $((seed * 37)) $seed 1500 a.snap
    snapinfo --verify a.snap > out || { echo "seed $seed"; cat out; }
done
gen_snap --long 13 500 a.snap
snapinfo --verify a.snap | tail -n 1
gen_snap --dangling --duplicates 14 500 a.snap
snapinfo --verify a.snap | sed -n 's/^ *[0-9]* *\(warning\|error\) .* \(leads*\|occurs\|lead to\).*/\1 \2/p'
cat a.snap | snapinfo --verify - > /dev/null
echo $?
