#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads what snapexport wrote, by the rules of each format and without any of its readers.

    check_export.py FILE...

The ending says which format. Prints what is in it, exits with 1 and a line for what is against the
rules. Own decoders: protobuf by its wire format, Graphviz by its grammar (as far as it is used),
OpenMetrics by its ABNF.
"""
import gzip
import json
import re
import sys


def fail(text, *values):
    raise SystemExit(text % values)


# ---- pprof ----

def fields(data):
    """(number, value) of a message; values are integers and bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                if value >= 2 ** 64:
                    fail("a number of more than 64 bits")
                return value

    while at < len(data):
        tag = varint()
        if tag & 7 == 0:
            yield tag >> 3, varint()
        elif tag & 7 == 2:
            size = varint()
            if at + size > len(data):
                fail("a field ends behind its message")
            at += size
            yield tag >> 3, data[at - size:at]
        else:
            fail("wire type %d", tag & 7)


def packed(data):
    return [value for _, value in fields(b"".join(b"\x08" + x for x in
            re.findall(rb"[\x80-\xff]*[\x00-\x7f]", data)))]


def message(data):
    return dict(fields(data))


def pprof(path):
    with gzip.open(path) as f:
        data = f.read()
    profile = {}
    for number, value in fields(data):
        profile.setdefault(number, []).append(value)
    strings = [s.decode("utf-8") for s in profile[6]]
    if strings[0] or any(not s for s in strings[1:]):
        fail("string 0 is the empty one, no other")
    text = strings.__getitem__
    types = [(text(m[1]), text(m[2])) for m in map(message, profile[1])]
    functions = {m[1]: (text(m.get(2, 0)), text(m.get(4, 0))) for m in map(message, profile[5])}
    mappings = {m[1]: text(m.get(5, 0)) for m in map(message, profile.get(3, []))}
    locations = {}
    for m in map(message, profile[4]):
        if m.get(2, 0) and m[2] not in mappings:
            fail("mapping %d", m[2])
        line = message(m[4])
        locations[m[1]] = functions[line[1]] + (line.get(2, 0),)
    stacks = []
    for m in map(message, profile[2]):
        values = packed(m[2])
        if len(values) != len(types):
            fail("%d values", len(values))
        stacks.append((tuple(locations[i] for i in reversed(packed(m[1]))), values))
    return {"types": types, "default": text(profile[14][0]), "comments": [text(i) for i in profile[13]],
            "mappings": mappings, "stacks": stacks}


# ---- the others ----

def speedscope(path):
    with open(path, encoding="ascii") as f:
        document = json.load(f)
    if set(document) != {"$schema", "exporter", "name", "activeProfileIndex", "shared", "profiles"}:
        fail("members %s", list(document))
    frames = document["shared"]["frames"]
    for frame in frames:
        if not isinstance(frame["name"], str) or not set(frame) <= {"name", "file", "line", "col"}:
            fail("frame %s", frame)
    result = []
    for profile in document["profiles"]:
        if profile["type"] != "sampled" or profile["unit"] not in ("bytes", "none"):
            fail("profile %s", profile["type"])
        if len(profile["samples"]) != len(profile["weights"]):
            fail("samples and weights")
        if profile["endValue"] != min(sum(profile["weights"]), 2 ** 53) or profile["startValue"]:
            fail("endValue %d", profile["endValue"])
        result.append([(tuple(frames[i]["name"] for i in sample), weight) for sample, weight
                       in zip(profile["samples"], profile["weights"])])
    return result


def folded(path):
    with open(path, encoding="utf-8") as f:
        lines = f.read().split("\n")
    if lines.pop():
        fail("no line end at the end")
    result = []
    for line in lines:
        found = re.fullmatch(r"(.*) ([1-9][0-9]*)", line)
        if not found or any(not c.isprintable() for c in line):
            fail("line %r", line)
        result.append((tuple(found[1].split(";")), int(found[2])))
    return result


QUOTED = r'"(?:[^"\\]|\\.)*"'


def dot(path):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    attributes = r'\[\w+=(?:\w+|%s)(?:, \w+=(?:\w+|%s))*\]' % (QUOTED, QUOTED)
    nodes, edges = {}, []
    lines = text.split("\n")
    if lines[0] != "digraph heap {" or lines[-2:] != ["}", ""]:
        fail("no graph")
    for line in lines[1:-2]:
        node = re.fullmatch(r'  (\w+) (%s);' % attributes, line)
        edge = re.fullmatch(r'  (\w+) -> (\w+)(?: (%s))?;' % attributes, line)
        if edge:
            edges.append((edge[1], edge[2]))
        elif node:
            if re.search(r"&(?!amp;)", node[2]):
                fail("an entity in %s", line)
            nodes[node[1]] = node[2]
        elif not re.fullmatch(r"  rankdir=(LR|TB);", line):
            fail("line %r", line)
    for name in "node", "edge":
        del nodes[name]
    for edge in edges:
        if not set(edge) <= set(nodes):
            fail("an edge of no node: %s", edge)
    return {"nodes": len(nodes), "edges": len(edges),
            "roots": sorted(set(nodes) - {b for _, b in edges})}


def openmetrics(path):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    if not text.endswith("\n# EOF\n") or "\r" in text:
        fail("no end")
    label = r'[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\n"])*"'
    family, seen, samples = None, set(), {}
    for line in text.split("\n")[:-2]:
        about = re.fullmatch(r"# (TYPE|UNIT|HELP) (\w+) (.+)", line)
        if about:
            if about[1] == "TYPE":
                family = about[2]
                if family in seen:
                    fail("family %s is there twice", family)
                seen.add(family)
                if about[3] not in ("gauge", "info"):
                    fail("type %s", about[3])
            if about[2] != family or (about[1] == "UNIT" and not family.endswith("_" + about[3])):
                fail("line %s", line)
            continue
        sample = re.fullmatch(r"(\w+)(\{%s(?:,%s)*\})? (-?[0-9]+(?:\.[0-9]+)?)" % (label, label), line)
        if not sample or sample[1] not in (family, family + "_info"):
            fail("line %r", line)
        key = sample[1] + (sample[2] or "")
        if key in samples:
            fail("sample %s is there twice", key)
        samples[key] = float(sample[3]) if "." in sample[3] else int(sample[3])
    return samples


READERS = {".pb.gz": pprof, ".speedscope.json": speedscope, ".folded": folded, ".dot": dot,
           ".prom": openmetrics}


def read(path):
    for ending, reader in READERS.items():
        if path.endswith(ending):
            return reader(path)
    return fail("%s: which format?", path)


if __name__ == "__main__":
    for path in sys.argv[1:]:
        print(json.dumps(read(path), indent=1, ensure_ascii=True))
