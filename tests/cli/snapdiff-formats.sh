# The report as Markdown, JUnit's XML and SARIF; names that would be markup stay names.
# needs: snapdiff
# mask: version
. "$TESTS_CLI/lib.inc"
for case in leak three hostile; do "$PYTHON" "$TESTS_CLI/make_diff.py" $case $case; done
for format in markdown junit sarif; do
    for case in leak hostile; do
        echo "-- $format, $case"
        status snapdiff --format $format --fail-if 'growth>10K' --fail-if 'growth.count>99' \
            $case/a.db $case/b.db 2> err
        cat err
    done
done
echo "-- markdown, three snapshots"
snapdiff --format markdown three/a.db three/b.db three/c.db
echo "-- a limit of what is not there is not passed, and skipped"
status snapdiff --format junit --fail-if 'growth(owner:app.nosuch)>1' --fail-if 'growth>1' \
    leak/a.db leak/b.db 2> err | grep -A 2 'testsuite \|nosuch'
cat err
echo "-- they can be read"
for case in leak hostile; do
    snapdiff --format junit --fail-if 'growth>1' $case/a.db $case/b.db > $case.xml 2> /dev/null
    snapdiff --format sarif $case/a.db $case/b.db > $case.sarif
done
"$PYTHON" - << 'P'
import json
import xml.etree.ElementTree as xml
for case in "leak", "hostile":
    suite = xml.parse(case + ".xml").getroot()[0]
    print([c.get("name") for c in suite.iter("testcase")], len(list(suite.iter("failure"))))
    results = json.load(open(case + ".sarif"))["runs"][0]["results"]
    print([r["partialFingerprints"] for r in results])
P
echo "-- --format json is --json"
snapdiff --format json leak/a.db leak/b.db > a.json
snapdiff --json leak/a.db leak/b.db | cmp - a.json
echo "-- wrong ones"
status snapdiff --format junit leak/a.db leak/b.db 2>&1
status snapdiff --json --format sarif leak/a.db leak/b.db 2>&1
status snapdiff --format html leak/a.db leak/b.db 2>&1
