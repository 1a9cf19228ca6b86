# Dumps as .snap files: the same answers from both; what is said; refusals, with nothing left behind.
# needs: snapconvert snapload snapinfo snaptop make_snap
# mask: uuid sizes version
. "$TESTS_CLI/lib.inc"
foreign=$SOURCE_ROOT/corpora/foreign
make_snap two two.snap
"$PYTHON" - "$foreign" << 'END'
import os, subprocess, sys
sys.path.insert(0, os.path.join(os.environ["SOURCE_ROOT"], "tests", "e2e"))
sys.dont_write_bytecode = True
from convert_compare import differences
names = ["two.snap"] + [os.path.join(sys.argv[1], x) for x in
                        ("page.heapsnapshot", "items.ruby.json", "app.tracemalloc")]
for name in names:
    for values in [], ["--values"]:
        run = lambda *args, **how: subprocess.run(args, check=True, **how)
        run("snapload", "-q", "-f", *values, "-o", "a.db", name)
        run("snapconvert", "-q", "-f", *values, name, "c.snap")
        run("snapconvert", "-q", "-f", "--level=1", "c.snap", "d.snap")
        for made in "c.snap", "d.snap":
            run("snapload", "-q", "-f", "-o", "b.db", made)
            run("snapinfo", "-q", "--verify", made, stdout=subprocess.DEVNULL)
            for text in differences("a.db", "b.db"):
                print(os.path.basename(name), made, text)
END
rm -f ./*.db c.snap d.snap
echo "-- what is said"
snapconvert two.snap out.snap 2>&1 | sed 's/, in .*//'
cp "$foreign/page.heapsnapshot" .
snapconvert --json page.heapsnapshot page.snap > page.json
"$PYTHON" "$TESTS_CLI/validate.py" < page.json
sed -e 's/"seconds": .*/"seconds": -/' -e 's/"bytes_written": .*/"bytes_written": -/' page.json
snapinfo page.snap | grep -v uuid
echo "-- the same again, through pipes"
snapconvert -q - - < page.heapsnapshot > piped.snap && cmp page.snap piped.snap
status snapconvert --json page.heapsnapshot -
echo "-- a part of a dump"
head -c 900 page.heapsnapshot > cut.heapsnapshot
status snapconvert cut.heapsnapshot cut.snap 2>&1 | sed 's/, in .*//'
status snapinfo --verify cut.snap | tail -n 2
make_snap two cut2.snap
cut_to cut2.snap 1400
status snapconvert cut2.snap whole.snap 2>&1 | sed 's/, in .*//'
status snapinfo --verify whole.snap | tail -n 2
echo "-- refusals"
status snapconvert two.snap out.snap
status snapconvert --force two.snap two.snap
status snapconvert two.snap no/such/folder.snap
status snapconvert two.snap .
status snapconvert --level 20 two.snap new.snap
status snapconvert --redact=all two.snap new.snap
status snapconvert --redact=keys --values two.snap new.snap
status snapconvert --hash-key=x two.snap new.snap
status snapconvert two.snap
ls -A | tr '\n' ' '
