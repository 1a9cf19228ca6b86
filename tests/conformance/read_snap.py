#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A second reader of .snap files, written from format/snap-format.md alone.

    read_snap.py FILE

Prints what dump_chunks prints. It shares no code with libsnap: decompression and checksums come from the
system's libzstd and libxxhash, everything else is below. It expects whole files and stops at
the first thing that the specification does not allow.
"""
import ctypes
import ctypes.util
import struct
import sys

MASK = (1 << 64) - 1
FILE_MAGIC = bytes.fromhex("89534E41500D0A1A")
CHUNK_MAGIC = bytes.fromhex("C563686B")
REQUIRED = {4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 20}
DEFINITIONS = {4, 5, 6, 7, 8, 9}
INDEX, TOTAL, EDGE = 19, 20, 13


class Damaged(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Damaged(what)


def library(name, soname):
    return ctypes.CDLL(ctypes.util.find_library(name) or soname)


XXHASH = library("xxhash", "libxxhash.so.0")
XXHASH.XXH3_64bits.restype = ctypes.c_uint64
XXHASH.XXH3_64bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
ZSTD = library("zstd", "libzstd.so.1")
for function in ("ZSTD_decompress", "ZSTD_findFrameCompressedSize"):
    getattr(ZSTD, function).restype = ctypes.c_size_t
ZSTD.ZSTD_decompress.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
ZSTD.ZSTD_findFrameCompressedSize.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
ZSTD.ZSTD_getFrameContentSize.restype = ctypes.c_ulonglong
ZSTD.ZSTD_getFrameContentSize.argtypes = [ctypes.c_char_p, ctypes.c_size_t]


def xxh3(data):
    return XXHASH.XXH3_64bits(data, len(data))


def unpack_zstd(data, raw_size):
    need(ZSTD.ZSTD_findFrameCompressedSize(data, len(data)) == len(data), "not one frame")
    need(ZSTD.ZSTD_getFrameContentSize(data, len(data)) == raw_size, "content size")
    out = ctypes.create_string_buffer(raw_size)
    need(ZSTD.ZSTD_decompress(out, raw_size, data, len(data)) == raw_size, "zstd")
    return out.raw


class Cursor:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def u8(self):
        need(self.at < len(self.data), "a column ends early")
        self.at += 1
        return self.data[self.at - 1]

    def varint(self):
        value = shift = 0
        for i in range(10):
            byte = self.u8()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                need(i == 0 or byte != 0, "a varint is not the shortest")
                need(i < 9 or byte == 1, "a varint is beyond 64 bits")
                return value
        raise Damaged("a varint is too long")

    def zigzag(self):
        n = self.varint()
        return (n >> 1) ^ -(n & 1)

    def take(self, n):
        need(self.at + n <= len(self.data), "a column ends early")
        self.at += n
        return self.data[self.at - n:self.at]


def constant(c, v):
    return [c.varint()] * v


def varints(c, v):
    return [c.varint() for _ in range(v)]


def delta(c, v):
    shift = c.u8()
    need(shift < 64, "shift")
    out = [c.varint()]
    while len(out) < v:
        out.append((out[-1] + (c.zigzag() << shift)) & MASK)
    return out


def runs(c, v):
    out = []
    while len(out) < v:
        value = c.varint()
        out += [value] * (c.varint() + 1)
    need(len(out) == v, "runs do not add up")
    return out


def delta_runs(c, v):
    shift = c.u8()
    need(shift < 64, "shift")
    value = c.varint()
    out = [value] * (c.varint() + 1)
    while len(out) < v:
        value = (value + (c.zigzag() << shift)) & MASK
        out += [value] * (c.varint() + 1)
    need(len(out) == v, "runs do not add up")
    return out


def fixed(c, v):
    width = c.u8()
    need(1 <= width <= 8, "width")
    return [int.from_bytes(c.take(width), "little") for _ in range(v)]


def byte_strings(c, v):
    return [c.take(n) for n in varints(c, v)]


def nexts(c, v):
    out, u = [], 0
    for _ in range(v):
        code = c.varint()
        value = code - 1 if code else u
        if value >= u:
            u = (value + 1) & MASK
        out.append(value)
    return out


DECODERS = {1: constant, 2: varints, 3: delta, 4: runs, 5: delta_runs, 6: fixed, 7: byte_strings,
            8: nexts}


def decode_column(encoding, data, rows):
    """One value a row; None where there is none."""
    c = Cursor(data)
    need(not encoding & 0x60 and (encoding & 0x1F) in DECODERS, "encoding")
    present = [True] * rows
    if encoding & 0x80:
        bits = int.from_bytes(c.take((rows + 7) // 8), "little")
        need(bits and bits >> rows == 0, "bitmap")
        present = [bool(bits >> i & 1) for i in range(rows)]
    values = iter(DECODERS[encoding & 0x1F](c, sum(present)))
    need(c.at == len(data), "a column is too long")
    return [next(values) if there else None for there in present]


def decode_payload(payload, rows):
    c = Cursor(payload)
    count = c.varint()
    need(count <= 64, "columns")
    directory = [(c.varint(), c.u8(), c.varint()) for _ in range(count)]
    need(all(a[0] < b[0] for a, b in zip(directory, directory[1:])), "column ids rise")
    columns = {id_: decode_column(encoding, c.take(length), rows)
               for id_, encoding, length in directory}
    need(c.at == len(payload), "the payload is too long")
    return columns


def positions(columns, rows):
    """Section 5.11: the index, else the row before plus 1 where the source is the same, else 0."""
    source, index, out = columns[1], columns.get(8, [None] * rows), []
    for i in range(rows):
        if index[i] is not None:
            out.append(index[i])
        else:
            out.append(out[-1] + 1 if i and source[i] == source[i - 1] else 0)
    return out


def show(value):
    if value is None:
        return "-"
    return "x" + value.hex() if isinstance(value, bytes) else str(value)


def print_chunk(offset, kind, snapshot, first, rows, columns):
    print("chunk", offset, "kind", kind, "snapshot", snapshot, "first", first, "rows", rows)
    if kind == EDGE:
        columns = dict(columns)
        columns[8] = positions(columns, rows)
    for i in range(rows):
        print("".join(" %d=%s" % (id_, show(column[i])) for id_, column in sorted(columns.items())))


class File:
    def __init__(self, data):
        self.data = data
        self.at = 48
        self.sequence = 0
        self.next_id = {}
        self.seen = {}
        self.listed = []   # chunks since the last INDEX
        self.last_index = 0
        need(data[:8] == FILE_MAGIC, "magic")
        need(struct.unpack_from("<Q", data, 40)[0] == xxh3(data[:40]), "file header checksum")
        need(data[8] == 0 and data[10:16] == bytes(6) and data[32:40] == bytes(8), "file header")

    def chunk(self):
        """The next chunk, checked against everything before it; False at the trailer."""
        header = self.data[self.at:self.at + 64]
        if header[:4] != CHUNK_MAGIC:
            return False
        (kind, codec, flags, stored, raw, rows, snapshot, first, sequence, dictionary, reserved, payload_sum,
         header_sum) = struct.unpack_from("<HBBIIIIQQIIQQ", header, 4)
        need(header_sum == xxh3(header[:56]), "header checksum")
        need(codec <= 1 and flags == (kind in REQUIRED) and dictionary == reserved == 0, "header")
        need(1 <= raw <= 1 << 24 and 1 <= rows <= 65536, "limits")
        need(stored == raw if codec == 0 else stored < raw, "sizes")
        need(sequence == self.sequence, "sequence")
        payload = self.data[self.at + 64:self.at + 64 + stored]
        need(xxh3(payload) == payload_sum, "payload checksum")
        columns = decode_payload(unpack_zstd(payload, raw) if codec else payload, rows)
        self.check_first(kind, snapshot, first, rows, columns)
        print_chunk(self.at, kind, snapshot, first, rows, columns)
        self.account(kind, snapshot, first, rows, raw, stored, columns)
        self.sequence += 1
        self.at += 64 + stored
        return True

    def check_first(self, kind, snapshot, first, rows, columns):
        """Section 3.2."""
        if kind in DEFINITIONS:
            part = columns.get(2, [0])[0] if kind == 4 else 0
            need(first == self.next_id.get(kind, 1) - (1 if part else 0), "ids")
            self.next_id[kind] = first + rows
        elif kind == INDEX:
            need(first == self.last_index, "chain of INDEX chunks")
        else:
            key = (kind, snapshot)
            need(first == (0 if kind == TOTAL else self.next_id.get(key, 0)), "first")
            self.next_id[key] = first + rows

    def account(self, kind, snapshot, first, rows, raw, stored, columns):
        """Section 7."""
        if kind == INDEX:
            rows_of_index = list(zip(*(columns[i] for i in range(1, 7))))
            need(rows_of_index == self.listed, "index")
            self.listed, self.last_index = [], self.at
        elif kind == TOTAL:
            need(not self.listed, "chunks without index")
            totals = list(zip(*(columns[i] for i in range(1, 6))))
            need(totals == [(k, *self.seen[k]) for k in sorted(self.seen)], "totals")
            self.total = self.at
        else:
            self.listed.append((self.at, kind, rows, snapshot, first, stored))
            sums = self.seen.get(kind, (0, 0, 0, 0))
            self.seen[kind] = tuple(a + b for a, b in zip(sums, (1, rows, raw, stored)))

    def trailer(self):
        trailer = self.data[self.at:]
        need(len(trailer) == 32 and trailer[24:] == FILE_MAGIC[::-1], "trailer")
        index, total, checksum = struct.unpack_from("<QQQ", trailer)
        need(checksum == xxh3(trailer[:16]), "trailer checksum")
        need((index, total) == (self.last_index, self.total), "trailer offsets")


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    with open(sys.argv[1], "rb") as source:
        data = source.read()
    try:
        snap = File(data)
        while snap.chunk():
            pass
        snap.trailer()
    except Damaged as what:
        print("read_snap.py: %s: not as specified: %s" % (sys.argv[1], what), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
