# Nothing in a file can speak to the terminal: every control character is escaped, in every part and
# in JSON.
# needs: snapinfo make_snap
# mask: version
make_snap hostile h.snap
snapinfo h.snap > out
snapinfo --types --privacy --chunks --verify h.snap >> out
snapinfo --json --types --privacy --chunks --verify h.snap >> out
tr -d '\n' < out | LC_ALL=C tr -d ' -~\200-\377' | od -c
grep -c "$(printf '\302\233')" out
grep -e owned -e because -e evil out
