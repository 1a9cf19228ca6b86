#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A reader of .snap files made from format/snap.ksy.

    read_ksy.py FOLDER NAMES FILES

Reads FILES/1.snap, 2.snap and so on, one for each line of NAMES, which is printed before it. FOLDER holds snap.py, compiled from the description; the module kaitaistruct must be importable. Prints
what dump_chunks prints. Structure comes from the description alone; below is what it cannot say:
checksums, decompression, sums of differences, the counter of NEXT, positions of edges, and what holds
between chunks. It expects whole files and stops at the first thing that the specification does not
allow: exit status 1.
"""
import ctypes
import ctypes.util
import io
import sys

sys.path.insert(0, sys.argv[1])
import kaitaistruct  # noqa: E402
from snap import Snap  # noqa: E402

MASK = (1 << 64) - 1
XXHASH = ctypes.CDLL(ctypes.util.find_library("xxhash") or "libxxhash.so.0")
XXHASH.XXH3_64bits.restype = ctypes.c_uint64
XXHASH.XXH3_64bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
ZSTD = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
ZSTD.ZSTD_decompress.restype = ctypes.c_size_t
ZSTD.ZSTD_decompress.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]


class Damaged(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Damaged(what)


# Columns of each kind (section 5); of the others, 1 to the number.
COLUMNS = {1: {1, 2}, 2: {1, 2}, 3: {1, 3}, 17: {1, 3, 4}, 18: {2, 5}}
COLUMNS_TO = {4: 3, 5: 8, 6: 6, 7: 2, 8: 5, 9: 4, 10: 3, 11: 5, 12: 16, 13: 8, 14: 7, 15: 5, 16: 6,
              19: 6, 20: 5}


def known(kind, column):
    """Whether a kind has a column; what it does not have is to be skipped."""
    return column in COLUMNS.get(kind, range(1, COLUMNS_TO.get(kind, 0) + 1))


def stream(data):
    return kaitaistruct.KaitaiStream(io.BytesIO(data))


def check(data, checksum, what):
    need(XXHASH.XXH3_64bits(data, len(data)) == checksum, what)


def step(value, difference, shift):
    """The value after `value`, in DELTA and DELTA_RUNS."""
    magnitude = difference.magnitude
    n = -1 - magnitude if difference.is_negative else magnitude
    return (value + (n << shift)) & MASK


def delta(c):
    out = [c.first.value]
    for d in c.differences:
        out.append(step(out[-1], d, c.shift))
    return out


def runs(c):
    return [v for run in c.runs for v in [run.value.value] * (run.length_less_1.value + 1)]


def delta_runs(c):
    value = c.first.value.value
    out = [value] * (c.first.length_less_1.value + 1)
    for run in c.runs:
        value = step(value, run.difference, c.shift)
        out += [value] * (run.length_less_1.value + 1)
    return out


def following(c):
    out, u = [], 0
    for code in c.values:
        value = code.value - 1 if code.value else u
        u = (value + 1) & MASK if value >= u else u
        out.append(value)
    return out


VALUES = {
    Snap.Encoding.constant: lambda c, v: [c.value.value] * v,
    Snap.Encoding.varint: lambda c, v: [x.value for x in c.values],
    Snap.Encoding.delta: lambda c, v: delta(c),
    Snap.Encoding.runs: lambda c, v: runs(c),
    Snap.Encoding.delta_runs: lambda c, v: delta_runs(c),
    Snap.Encoding.fixed: lambda c, v: [int.from_bytes(x, "little") for x in c.values],
    Snap.Encoding.bytes: lambda c, v: list(c.values),
    Snap.Encoding.next: lambda c, v: following(c),
}


def decode_column(column, rows):
    """One value a row; None where there is none."""
    need(column.how in VALUES, "encoding")
    values = VALUES[column.how](column.contents, column.values)
    need(len(values) == column.values, "values do not add up")
    if not column.is_sparse:
        return values
    bits = sum(byte.bits << 8 * i for i, byte in enumerate(column.bitmap))
    need(bits and bits >> rows == 0, "bitmap")
    rest = iter(values)
    return [next(rest) if bits >> i & 1 else None for i in range(rows)]


def decode_chunk(chunk):
    """The columns of a chunk by id."""
    h, data = chunk.header, chunk.stored
    check(data, h.payload_checksum, "payload checksum")
    if h.codec == Snap.Codec.zstd:
        out = ctypes.create_string_buffer(h.raw_size)
        need(ZSTD.ZSTD_decompress(out, h.raw_size, data, len(data)) == h.raw_size, "zstd")
        data = out.raw
    need(len(data) == h.raw_size, "raw_size")
    payload = Snap.Payload(h.rows, stream(data))
    ids = [entry.id.value for entry in payload.directory]
    need(ids == sorted(set(ids)) and len(ids) <= 64, "column ids rise")
    columns = {}
    for entry, raw in zip(payload.directory, payload.columns):
        i = entry.id.value
        columns[i] = [None] * h.rows
        if known(number_of(h.kind), i):
            columns[i] = decode_column(Snap.Column(h.rows, entry.encoding, stream(raw)), h.rows)
    return columns


def positions(columns, rows):
    """Section 5.11."""
    source, index, out = columns[1], columns.get(8, [None] * rows), []
    for i in range(rows):
        follows = i and source[i] == source[i - 1]
        out.append(index[i] if index[i] is not None else out[-1] + 1 if follows else 0)
    return out


def show(value):
    if value is None:
        return "-"
    return "x" + value.hex() if isinstance(value, bytes) else str(value)


def number_of(kind):
    """An enumerated number, also where the description has no name for it."""
    return kind if isinstance(kind, int) else kind.value


def read(path):
    with open(path, "rb") as source:
        data = source.read()
    snap = Snap(stream(data))
    check(data[:40], snap.header.checksum, "file header checksum")
    at, last = 48, {}
    for sequence, chunk in enumerate(snap.chunks.chunks):
        h = chunk.header
        kind = number_of(h.kind)
        check(data[at:at + 56], h.header_checksum, "chunk header checksum")
        need(h.sequence == sequence, "sequence")
        if kind not in COLUMNS and kind not in COLUMNS_TO:
            need(not h.is_required, "a kind of a newer version")
            at += 64 + h.stored_size
            continue
        columns = decode_chunk(chunk)
        if h.kind == Snap.Kind.edge:
            columns[8] = positions(columns, h.rows)
        print("chunk", at, "kind", kind, "snapshot", h.snapshot, "first", h.first, "rows", h.rows)
        for row in range(h.rows):
            print("".join(" %d=%s" % (i, show(c[row])) for i, c in sorted(columns.items())))
        last[kind] = at
        at += 64 + h.stored_size
    check(data[at:at + 16], snap.trailer.checksum, "trailer checksum")
    need(snap.trailer.index_offset == last.get(19), "offset of the index")
    need(snap.trailer.total_offset == last.get(20), "offset of the totals")


def main():
    status = 0
    with open(sys.argv[2], encoding="utf-8") as source:
        names = source.read().splitlines()
    for i, name in enumerate(names):
        path = "%s/%d.snap" % (sys.argv[3], i + 1)
        print(name)
        try:
            read(path)
        except (Damaged, kaitaistruct.KaitaiStructError, EOFError) as what:
            print("read_ksy.py: %s: not as specified: %s" % (name, what), file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
