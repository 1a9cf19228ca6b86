# Long lists by the page, and hubs with their referrers by type.
# needs: snapshow
"$PYTHON" "$TESTS_CLI/make_heapdb.py" hub hub.db 3000
snapshow -n 3 hub.db Holder | tail -n +4
snapshow -n 3 --offset 2998 hub.db Holder | sed -n '/^References/,/^Referrers/p'
snapshow -n 3 --offset 4000 hub.db Holder | sed -n '/^References/,/^Referrers/p'
snapshow -n 3 hub.db '#3002' | tail -n +4
