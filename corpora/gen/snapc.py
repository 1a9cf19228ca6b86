#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiles the recipe of a .snap file: text in, bytes out, whole or damaged on purpose.

    snapc.py RECIPE.txt OUT.snap          writes the file
    snapc.py --rows RECIPE.txt            prints its chunks and rows as JSON

Checksums, sizes, sequence numbers, ids, the index and the totals are made right unless the recipe
says otherwise. corpora/README.md describes the language. Checksums and compression come from the
system's libxxhash and libzstd. Importable: class File is the writer, of use to generators.
"""
import ctypes
import ctypes.util
import json
import re
import struct
import sys

MASK = (1 << 64) - 1
MAGIC = bytes.fromhex("89534E41500D0A1A")
CHUNK = bytes.fromhex("C563686B")

# Kinds with their columns, as in section 5 of the specification.
KINDS = {
    "metadata": (1, {"key": 1, "value": 2}),
    "label": (2, {"key": 1, "value": 2}),
    "counter": (3, {"name": 1, "value": 3}),
    "string": (4, {"bytes": 1, "part": 2, "total": 3}),
    "type": (5, "name module kind flags size object base loader"),
    "frame": (6, "function file line module language address"),
    "stack": (7, "parent frame"),
    "thread": (8, "id os-id name stack object"),
    "module": (9, "path build-id start end"),
    "begin": (10, "reason wall mono"),
    "finish": (11, "objects edges roots flags mono"),
    "object": (12, "id type shallow native flags refcount generation length capacity hash stack name "
                   "resource state bound buffer"),
    "edge": (13, "source target target-ordinal kind flags name key-hash index"),
    "root": (14, "object object-ordinal kind name thread frame depth"),
    "block": (15, "address size stack domain owner"),
    "event": (16, "time op address size stack thread"),
    "sample": (17, {"name": 1, "value": 3, "time": 4}),
    "value": (18, {"value": 2, "object": 5}),
    "index": (19, "offset kind rows snapshot first stored"),
    "total": (20, "kind chunks rows raw stored"),
}
REQUIRED = {4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 20}
DEFINITIONS = {4, 5, 6, 7, 8, 9}
FILE_KINDS = {4, 5, 6, 7, 9, 19, 20}
BEGIN, FINISH, OBJECT, INDEX, TOTAL = 10, 11, 12, 19, 20
ENCODINGS = {"constant": 1, "varint": 2, "delta": 3, "runs": 4, "delta-runs": 5, "fixed": 6, "bytes": 7,
             "next": 8}


class RecipeError(Exception):
    pass


def library(name, soname):
    return ctypes.CDLL(ctypes.util.find_library(name) or soname)


XXHASH = library("xxhash", "libxxhash.so.0")
XXHASH.XXH3_64bits.restype = ctypes.c_uint64
XXHASH.XXH3_64bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
ZSTD = library("zstd", "libzstd.so.1")
for _name in ("ZSTD_compress", "ZSTD_compressBound", "ZSTD_decompress"):
    getattr(ZSTD, _name).restype = ctypes.c_size_t
ZSTD.ZSTD_compress.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t,
                               ctypes.c_int]
ZSTD.ZSTD_compressBound.argtypes = [ctypes.c_size_t]
ZSTD.ZSTD_decompress.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]


def xxh3(data):
    return XXHASH.XXH3_64bits(bytes(data), len(data))


def compress(data):
    out = ctypes.create_string_buffer(ZSTD.ZSTD_compressBound(len(data)))
    size = ZSTD.ZSTD_compress(out, len(out), bytes(data), len(data), 3)
    return out.raw[:size]


def decompress(data, size):
    """The contents of a frame, None where it does not hold exactly `size` bytes."""
    out = ctypes.create_string_buffer(max(size, 1))
    got = ZSTD.ZSTD_decompress(out, size, data, len(data))
    return out.raw[:size] if got == size else None


# ---- columns ----

def varint(n):
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def zigzag(n):
    """The zigzag form of a signed number."""
    return (n << 1) ^ (n >> 63) if n < 0 else n << 1


def difference(a, b, shift):
    """The zigzag varint that leads from a to b."""
    d = (b - a) & MASK
    if d >> 63:
        d -= 1 << 64
    if d % (1 << shift):
        raise RecipeError("%d is no multiple of 2^%d" % (d, shift))
    return varint(zigzag(d >> shift) & MASK)


def grouped(values):
    """Runs of equal values: [value, length]."""
    runs = []
    for v in values:
        if runs and runs[-1][0] == v:
            runs[-1][1] += 1
        else:
            runs.append([v, 1])
    return runs


def put_delta(values, shift):
    steps = (difference(a, b, shift) for a, b in zip(values, values[1:]))
    return bytes([shift]) + varint(values[0]) + b"".join(steps)


def put_delta_runs(values, shift):
    runs = grouped(values)
    out = bytes([shift]) + varint(runs[0][0]) + varint(runs[0][1] - 1)
    for a, b in zip(runs, runs[1:]):
        out += difference(a[0], b[0], shift) + varint(b[1] - 1)
    return out


def put_next(values):
    out, u = [], 0
    for v in values:
        if v == MASK != u:
            raise RecipeError("next cannot hold 2^64-1 here")
        out.append(varint(0 if v == u else v + 1))
        if v >= u:
            u = (v + 1) & MASK
    return b"".join(out)


def encode(name, parameter, values):
    """The contents of a column whose rows all have a value."""
    if name == "constant":
        if len(set(values)) > 1:
            raise RecipeError("a constant has one value")
        return varint(values[0])
    if name == "varint":
        return b"".join(map(varint, values))
    if name == "delta":
        return put_delta(values, parameter or 0)
    if name == "runs":
        return b"".join(varint(v) + varint(n - 1) for v, n in grouped(values))
    if name == "delta-runs":
        return put_delta_runs(values, parameter or 0)
    if name == "fixed":
        width = parameter or max(1, (max(values).bit_length() + 7) // 8)
        return bytes([width]) + b"".join(v.to_bytes(width, "little") for v in values)
    if name == "bytes":
        return b"".join(varint(len(v)) for v in values) + b"".join(values)
    if name == "next":
        return put_next(values)
    raise RecipeError("no encoding %s" % name)


class Column:
    """One column: its id, its values (None: no value), its bytes."""

    def __init__(self, number, name, parameter, sparse, values):
        self.number, self.values = number, values
        self.encoding = ENCODINGS[name] | (0x80 if sparse else 0)
        present = [v for v in values if v is not None]
        if len(present) < len(values) and not sparse:
            raise RecipeError("column %d needs +sparse" % number)
        self.data = encode(name, parameter, present)
        if sparse:
            bits = sum(1 << i for i, v in enumerate(values) if v is not None)
            self.data = bits.to_bytes((len(values) + 7) // 8, "little") + self.data
        self.length = len(self.data)

    @classmethod
    def raw(cls, number, encoding, data):
        self = cls.__new__(cls)
        self.number, self.values, self.encoding = number, None, encoding
        self.data, self.length = data, len(data)
        return self


def put_payload(columns, count=None, tail=b""):
    out = varint(len(columns) if count is None else count)
    for c in columns:
        out += varint(c.number) + bytes([c.encoding]) + varint(c.length)
    return out + b"".join(c.data for c in columns) + tail


# ---- the file ----

HEADER_FIELDS = ("major", "minor", "flags", "reserved", "reserved2")
CHUNK_FIELDS = ("codec", "flags", "stored", "raw", "rows", "snapshot", "first", "sequence", "dictionary",
                "reserved")


def spoil(checksum, options, name):
    return checksum ^ 1 if options.get(name) == "wrong" else checksum


class File:
    """Builds a file from front to back. `data` is what there is of it; `chunks` what rows it has."""

    def __init__(self):
        self.data = bytearray()
        self.chunks = []
        self.sequence = self.snapshot = 0
        self.inside = False
        self.next_first = {}
        self.listed, self.sums = [], {}
        self.last_index = self.last_total = 0

    def header(self, options):
        v = dict(major=0, minor=1, flags=0, reserved=0, reserved2=0)
        v.update((k, options[k]) for k in HEADER_FIELDS if k in options)
        uuid = bytes.fromhex(options.get("uuid", "00112233445566778899aabbccddeeff"))
        magic = bytes.fromhex(options["magic"]) if "magic" in options else MAGIC
        head = magic + struct.pack("<BBHI", v["major"], v["minor"], v["flags"], v["reserved"])
        head += uuid + struct.pack("<Q", v["reserved2"])
        self.data += head + struct.pack("<Q", spoil(xxh3(head), options, "checksum"))

    def _snapshot_of(self, kind):
        if kind == BEGIN:
            self.snapshot += 1
            self.inside = True
        number = 0 if kind in FILE_KINDS or not self.inside else self.snapshot
        if kind == FINISH:
            self.inside = False
        return number

    def _first_of(self, kind, snapshot):
        if kind == INDEX:
            return self.last_index
        if kind == TOTAL:
            return 0
        if kind in DEFINITIONS:
            return self.next_first.get(kind, 1)
        return self.next_first.get((kind, snapshot), 0)

    def _account(self, kind, v, at):
        key = kind if kind in DEFINITIONS else (kind, v["snapshot"])
        self.next_first[key] = v["first"] + v["rows"]
        if kind == INDEX:
            self.last_index, self.listed = at, []
        elif kind == TOTAL:
            self.last_total = at
        else:
            self.listed.append((at, kind, v["rows"], v["snapshot"], v["first"], v["stored"]))
            sums = self.sums.get(kind, (0, 0, 0, 0))
            more = (1, v["rows"], v["raw"], v["stored"])
            self.sums[kind] = tuple(a + b for a, b in zip(sums, more))

    def chunk(self, kind, columns, options=None):
        """Writes a chunk; `options` overrule what would be right."""
        options = options or {}
        payload = put_payload(columns, options.get("count"), options.get("tail", b""))
        stored = payload
        if options.get("codec") in (1, "zstd"):
            stored = options.get("packed") or compress(payload)
        values = [c.values for c in columns if c.values is not None]
        snapshot = options.get("snapshot", self._snapshot_of(kind))
        v = {"codec": 0, "flags": int(kind in REQUIRED), "stored": len(stored), "raw": len(payload),
             "rows": len(values[0]) if values else 1, "snapshot": snapshot,
             "first": self._first_of(kind, snapshot), "sequence": self.sequence, "dictionary": 0,
             "reserved": 0}
        v.update((k, options[k]) for k in CHUNK_FIELDS if k in options)
        if v["codec"] == "zstd":
            v["codec"] = 1
        magic = bytes.fromhex(options["magic"]) if "magic" in options else CHUNK
        head = magic + struct.pack("<HBBIIIIQQII", kind, *(v[k] for k in CHUNK_FIELDS))
        head += struct.pack("<Q", spoil(xxh3(stored), options, "payload-checksum"))
        at = len(self.data)
        self.data += head + struct.pack("<Q", spoil(xxh3(head), options, "header-checksum")) + stored
        self.sequence = v["sequence"] + 1
        self._account(kind, v, at)
        self.chunks.append({"offset": at, "kind": kind, "snapshot": v["snapshot"], "first": v["first"],
                            "columns": {str(c.number): c.values or [None] * v["rows"]
                                        for c in columns}})

    def _table(self, kind, rows, options):
        columns = [Column(i + 1, "varint", None, False, list(c)) for i, c in enumerate(zip(*rows))]
        self.chunk(kind, columns, options)

    def index(self, options=None):
        self._table(INDEX, self.listed, options)

    def total(self, options=None):
        self._table(TOTAL, [(k, *self.sums[k]) for k in sorted(self.sums)], options)

    def trailer(self, options=None):
        options = options or {}
        both = struct.pack("<QQ", options.get("index", self.last_index),
                           options.get("total", self.last_total))
        magic = bytes.fromhex(options["magic"]) if "magic" in options else MAGIC[::-1]
        self.data += both + struct.pack("<Q", spoil(xxh3(both), options, "checksum")) + magic

    def end(self):
        if self.listed:
            self.index()
        self.total()
        self.trailer()


# ---- the language ----

TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"(?:\*\d+)?|[^\s"]+)')
ESCAPES = {"n": b"\n", "r": b"\r", "t": b"\t", "0": b"\0", "\\": b"\\", '"': b'"', "e": b"\x1b"}


def tokens(line):
    out, at = [], 0
    line = line.strip()
    while at < len(line):
        match = TOKEN.match(line, at)
        if not match:
            raise RecipeError("cannot read %r" % line[at:])
        out.append(match.group(1))
        at = match.end()
    return out


def text(token):
    r"""Bytes of "abc\n\xff", "x"*3."""
    body, _, times = token[1:].rpartition('"')
    parts = re.split(r"\\(x[0-9a-fA-F]{2}|.)", body)
    out = b""
    for i, part in enumerate(parts):
        if i % 2 == 0:
            out += part.encode()
        elif part[0] == "x":
            out += bytes([int(part[1:], 16)])
        else:
            out += ESCAPES[part]
    return out * int(times[1:] or 1) if times else out


def number(token):
    """123, 0x7b, 2^63, 2^63-1; negative ones are for zigzag columns."""
    match = re.fullmatch(r"2\^(\d+)([+-]\d+)?", token)
    if match:
        return 2 ** int(match.group(1)) + int(match.group(2) or 0)
    return int(token, 0)


def values_of(token, signed):
    """The values that one word stands for: 5, 1..9, 7*100, 1..9/2, -, "text"."""
    if token == "-":
        return [None]
    if token[0] == '"':
        return [text(token)]
    if ".." in token:
        first, last = token.split("..")
        last, _, step = last.partition("/")
        return list(range(number(first), number(last) + 1, int(step or 1)))
    value, _, times = token.partition("*")
    n = number(value)
    return [zigzag(n) & MASK if signed else n] * int(times or 1)


def options_of(words):
    """name=value; numbers where they look like numbers. `zstd` alone is codec=zstd."""
    out = {}
    for word in words:
        name, equals, value = word.partition("=")
        if name == "zstd":
            name, value = "codec", "zstd"
        elif not equals:
            raise RecipeError("%r is no option" % word)
        if name in ("uuid", "magic") or value in ("wrong", "zstd"):
            out[name] = value
        elif name in ("tail", "packed"):
            out[name] = bytes.fromhex(value)
        else:
            out[name] = number(value)
    return out


def kind_of(word):
    """Number and names of columns of a kind, by name or number."""
    if word.isdigit():
        return int(word), {}
    if word not in KINDS:
        raise RecipeError("no kind %s" % word)
    kind, columns = KINDS[word]
    if isinstance(columns, str):
        columns = {name: i + 1 for i, name in enumerate(columns.split())}
    return kind, columns


def column_of(kind, names, words):
    """name encoding[/parameter][+sparse] value...; name raw ENCODING HEX; at the end length=N."""
    name = words[0]
    if not name.isdigit() and name not in names:
        raise RecipeError("no column %s" % name)
    identity = int(name) if name.isdigit() else names[name]
    length = None
    if words[-1].startswith("length="):
        length = number(words.pop()[7:])
    if words[1] == "raw":
        column = Column.raw(identity, number(words[2]), bytes.fromhex("".join(words[3:])))
    else:
        encoding, _, sparse = words[1].partition("+")
        encoding, _, parameter = encoding.partition("/")
        signed = kind in (3, 17) and identity == 3
        values = [v for w in words[2:] for v in values_of(w, signed)]
        column = Column(identity, encoding, int(parameter) if parameter else None, bool(sparse), values)
    if length is not None:
        column.length = length
    return column


def repeated(lines):
    """The lines with `repeat N` ... `end` written out; %d is the pass, from 1."""
    out = []
    while lines:
        line = lines.pop(0)
        if line.strip() == "end":
            return out
        words = line.split()
        if words[0] != "repeat":
            out.append(line)
            continue
        body = repeated(lines)
        for i in range(int(words[1])):
            out += [x.replace("%d", str(i + 1)) for x in body]
    return out


def build(recipe):
    """A File from the text of a recipe."""
    lines = [x for x in recipe.splitlines() if x.strip() and not x.lstrip().startswith("#")]
    lines = repeated(lines)
    file = File()
    i = 0
    while i < len(lines):
        word, *rest = tokens(lines[i])
        i += 1
        if word == "chunk":
            kind, names = kind_of(rest[0])
            columns = []
            while i < len(lines) and lines[i][0] == " ":
                columns.append(column_of(kind, names, tokens(lines[i])))
                i += 1
            file.chunk(kind, columns, options_of(rest[1:]))
        elif word in ("file", "index", "total", "trailer"):
            {"file": file.header, "index": file.index, "total": file.total,
             "trailer": file.trailer}[word](options_of(rest))
        elif word == "bytes":
            file.data += text(rest[0]) if rest[0][0] == '"' else bytes.fromhex("".join(rest))
        elif word == "cut":
            del file.data[len(file.data) - int(rest[0]):]
        elif word == "flip":
            file.data[int(rest[0])] ^= 0xFF
        else:
            raise RecipeError("what is %r?" % word)
    return file


def plain(value):
    """A value for JSON: bytes in hexadecimal, as {"x": ...}; long ones by length and checksum."""
    if isinstance(value, bytes):
        if len(value) > 64:
            return {"bytes": len(value), "xxh3": "%016x" % xxh3(value)}
        return {"x": value.hex()}
    return value


def rows_json(file):
    """One chunk a line."""
    lines = [json.dumps(dict(c, columns={k: short(v) for k, v in c["columns"].items()}))
             for c in file.chunks]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def short(values):
    """A column for JSON; long ones by number of rows and checksum of their text."""
    values = [plain(v) for v in values]
    if len(values) <= 64:
        return values
    body = json.dumps(values).encode()
    return {"rows": len(values), "first": values[0], "last": values[-1], "xxh3": "%016x" % xxh3(body)}


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    rows = sys.argv[1] == "--rows"
    path = sys.argv[2] if rows else sys.argv[1]
    try:
        with open(path, encoding="utf-8") as source:
            file = build(source.read())
    except (RecipeError, ValueError, OverflowError) as what:
        print("snapc.py: %s: %s" % (path, what), file=sys.stderr)
        return 2
    if rows:
        sys.stdout.write(rows_json(file))
    else:
        with open(sys.argv[2], "wb") as out:
            out.write(file.data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
