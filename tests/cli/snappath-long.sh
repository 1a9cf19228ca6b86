# A path of thousands of steps is cut in the middle, whole with --all, and folded for a type.
# needs: snappath snapshow
"$PYTHON" "$TESTS_CLI/make_heapdb.py" chain chain.db 3000
snappath chain.db '#3000'
snappath --all chain.db '#3000' | sed -n '4,8p;2900p;$p'
snappath --all chain.db '#3000' | wc -l
snappath -k 2 chain.db '#3000' | sed -n '4,5p;$p'
snappath --type Node chain.db | tail -n +4
snapshow chain.db '#1500'
