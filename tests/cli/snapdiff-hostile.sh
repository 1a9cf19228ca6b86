# Names that want to drive the terminal, break out of quotes or fill the screen.
# needs: snapdiff
"$PYTHON" "$TESTS_CLI/make_diff.py" hostile hostile
snapdiff hostile/a.db hostile/b.db
snapdiff --all --json hostile/a.db hostile/b.db > json
"$PYTHON" "$TESTS_CLI/validate.py" json
LC_ALL=C tr -d '\n -~' < json | LC_ALL=C tr -d '\200-\377' | od -An -c | head -n 3
snapdiff -o out.db hostile/a.db hostile/b.db > text
LC_ALL=C tr -d '\n -~' < text | LC_ALL=C tr -d '\200-\377' | od -An -c | head -n 3
