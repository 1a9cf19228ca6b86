#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Validates JSON documents of the tools against format/feed.schema.json.

    validate.py [FILE...]          (standard input without FILE)

A document names its description by its member "schema", which is a key of "$defs". The part of JSON
Schema that the descriptions use is implemented here, and nothing else: an unknown keyword is an
error, so that no rule goes unchecked. Prints nothing and exits with 0 when all documents are valid;
else one line for each breach, and 1.
"""
import json
import os
import re
import sys

SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "format",
                      "feed.schema.json")

TYPES = {
    "object": lambda x: isinstance(x, dict),
    "array": lambda x: isinstance(x, list),
    "string": lambda x: isinstance(x, str),
    "boolean": lambda x: isinstance(x, bool),
    "null": lambda x: x is None,
    "number": lambda x: isinstance(x, (int, float)) and not isinstance(x, bool),
    "integer": lambda x: isinstance(x, int) and not isinstance(x, bool),
}
ANNOTATIONS = {"description", "title", "$comment", "examples", "$schema", "$id", "$defs"}


class Validator:
    def __init__(self, root):
        self.root = root
        self.breaches = []

    def breach(self, path, text):
        self.breaches.append("%s: %s" % (path or "(top)", text))

    def resolve(self, ref):
        node = self.root
        if not ref.startswith("#/"):
            raise ValueError("reference %r is not local" % ref)
        for part in ref[2:].split("/"):
            node = node[part.replace("~1", "/").replace("~0", "~")]
        return node

    def fits(self, value, schema):
        """Whether the value is valid, without noting breaches."""
        trial = Validator(self.root)
        trial.check(value, schema, "")
        return not trial.breaches

    def check(self, value, schema, path):
        if schema is True:
            return
        if schema is False:
            self.breach(path, "is not allowed")
            return
        for keyword, rule in schema.items():
            if keyword in ANNOTATIONS:
                continue
            method = getattr(self, "on_" + keyword.replace("$", "dollar_"), None)
            if method is None:
                raise ValueError("keyword %r is not implemented" % keyword)
            method(value, rule, schema, path)

    def on_dollar_ref(self, value, rule, schema, path):
        self.check(value, self.resolve(rule), path)

    def on_type(self, value, rule, schema, path):
        names = rule if isinstance(rule, list) else [rule]
        if not any(TYPES[n](value) for n in names):
            self.breach(path, "is %r, not %s" % (value, " or ".join(names)))

    def on_const(self, value, rule, schema, path):
        if value != rule:
            self.breach(path, "is %r, not %r" % (value, rule))

    def on_enum(self, value, rule, schema, path):
        if value not in rule:
            self.breach(path, "is %r, none of %r" % (value, rule))

    def on_pattern(self, value, rule, schema, path):
        if isinstance(value, str) and not re.search(rule, value):
            self.breach(path, "%r does not match %s" % (value, rule))

    def on_minimum(self, value, rule, schema, path):
        if TYPES["number"](value) and value < rule:
            self.breach(path, "%r is below %r" % (value, rule))

    def on_maximum(self, value, rule, schema, path):
        if TYPES["number"](value) and value > rule:
            self.breach(path, "%r is above %r" % (value, rule))

    def on_minItems(self, value, rule, schema, path):
        if isinstance(value, list) and len(value) < rule:
            self.breach(path, "has %d items, fewer than %d" % (len(value), rule))

    def on_required(self, value, rule, schema, path):
        if isinstance(value, dict):
            for name in rule:
                if name not in value:
                    self.breach(path, "lacks %r" % name)

    def on_properties(self, value, rule, schema, path):
        if isinstance(value, dict):
            for name, sub in rule.items():
                if name in value:
                    self.check(value[name], sub, "%s.%s" % (path, name) if path else name)

    def on_additionalProperties(self, value, rule, schema, path):
        if isinstance(value, dict):
            known = schema.get("properties", {})
            for name in value:
                if name not in known:
                    self.check(value[name], rule, "%s.%s" % (path, name) if path else name)

    def on_items(self, value, rule, schema, path):
        if isinstance(value, list):
            for i, item in enumerate(value):
                self.check(item, rule, "%s[%d]" % (path, i))

    def on_anyOf(self, value, rule, schema, path):
        if not any(self.fits(value, s) for s in rule):
            self.breach(path, "fits none of the alternatives")

    def on_oneOf(self, value, rule, schema, path):
        n = sum(self.fits(value, s) for s in rule)
        if n != 1:
            self.breach(path, "fits %d of the alternatives instead of one" % n)

    def on_allOf(self, value, rule, schema, path):
        for s in rule:
            self.check(value, s, path)


def strict_pairs(pairs):
    """Refuses an object that names a member twice."""
    out = {}
    for key, value in pairs:
        if key in out:
            raise ValueError("member %r occurs twice" % key)
        out[key] = value
    return out


def validate(text, root):
    """The breaches of one document."""
    def no_constant(name):
        raise ValueError("%s is not JSON" % name)

    try:
        document = json.loads(text, object_pairs_hook=strict_pairs, parse_constant=no_constant)
    except ValueError as error:
        return ["not JSON: %s" % error]
    name = document.get("schema") if isinstance(document, dict) else None
    if name not in root["$defs"]:
        return ["names no known schema: %r" % (name,)]
    validator = Validator(root)
    validator.check(document, root["$defs"][name], "")
    return validator.breaches


def main():
    with open(SCHEMA, encoding="utf-8") as f:
        root = json.load(f)
    bad = 0
    for path in sys.argv[1:] or ["-"]:
        if path == "-":
            text = sys.stdin.buffer.read()
        else:
            with open(path, "rb") as f:
                text = f.read()
        for breach in validate(text.decode("utf-8", "strict"), root):
            print("%s: %s" % (path, breach))
            bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())
