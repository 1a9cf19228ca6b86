# --fail-if: exit status 1, and which limit it was; wrong limits are refused before anything is read.
# needs: snapdiff
. "$TESTS_CLI/lib.inc"
"$PYTHON" "$TESTS_CLI/make_diff.py" leak leak
limit() {
    echo "-- $*"
    snapdiff "$@" leak/a.db leak/b.db > out 2> err
    echo "exit $?"
    sed 's/^/   /' err
}
limit --fail-if 'growth>200K'
limit --fail-if 'growth>1M'
limit --fail-if 'growth>210168'
limit --fail-if 'growth>=210168'
limit --fail-if 'growth.count>5'
limit --fail-if 'growth.count>6'
limit --fail-if 'growth(owner:app.REGISTRY)>100K'
limit --fail-if 'growth(owner:app<module>.REGISTRY<list>)>100K'
limit --fail-if 'growth(owner:app.OTHER)>0'
limit --fail-if 'growth(owner:app)>0'
limit --fail-if 'growth(owner:app.REGISTRY[*].body)>0'
limit --fail-if 'growth(owner:app<module>.REGISTRY<list>[*]<app.Request>)>0'
limit --fail-if 'growth(owner:app.REGISTRY[*].nobody)>0'
limit --fail-if 'growth(owner:(garbage))>0'
limit --fail-if 'growth(owner:app.REGISTRY).count>=6' --fail-if 'growth>1G' --fail-if 'growth>1'
limit --fail-if 'growth(type:Request)>0.1M'
limit --fail-if 'growth(type:app.Request).count>2'
limit --fail-if 'growth(type:quest).count>0'
limit --fail-if ' growth ( type: bytes ) .count > 2 '
echo "-- a name that nothing has"
limit --strict --fail-if 'growth(owner:app.REGISTRI)>1'
limit --strict --fail-if 'growth(type:app.Reqest).count>1' --fail-if 'growth>1G'
limit --strict --fail-if 'growth(owner:app.REGISTRI)>1' --fail-if 'growth>1'
limit --strict --fail-if 'growth(owner:app.REGISTRY)>1G'
limit --strict --fail-if 'growth(type:Request)>1G' --fail-if 'growth>1G'
for wrong in '' growth 'growth>' 'growth>x' 'growth<5' 'shrinkage>5' 'growth(owner:)>1' \
             'growth(owner:x>1' 'growth(site:x)>1' 'growth.count>5M' 'growth.count>-1' \
             'growth>99999999999999999999'; do
    status snapdiff --fail-if "$wrong" nothing there 2>&1
done
echo "-- in the JSON"
snapdiff --json --fail-if 'growth>1K' --fail-if 'growth.count>99' leak/a.db leak/b.db 2> err |
    sed -n '/"limits"/,$p'
cat err
