#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random valid .snap files from the grammar: every kind, every column, every encoding, dense and
sparse, chunks of any size, stored or compressed, indexes anywhere, unknown kinds and columns.

    random_snap.py SEED ROWS OUT.snap

gen_snap writes what libsnap's writer would; this writes what the specification allows and that writer
never does. ROWS is about the number of objects. The same arguments give the same bytes (with the same
libzstd). O(ROWS).
"""
import random
import sys

sys.dont_write_bytecode = True
import snapc  # noqa: E402

NUMBERS = ["constant", "varint", "delta", "runs", "delta-runs", "fixed", "next"]
ANY = 1 << 64
SIZE = 1 << 63

# Columns: how wide the numbers are or what they name; "?" marks sparse ones, "-" those that may be
# absent from a chunk but not from a row. 0 stands for bytes.
COLUMNS = {
    "metadata": {"key": 0, "value": 0}, "label": {"key": 0, "value": 0},
    "counter": {"name": 0, "value": ANY}, "sample": {"name": 0, "value": ANY, "time": ANY},
    "string": {"bytes": 0},
    "type": {"name": "string", "module?": "string", "kind-": 9, "flags-": 16, "size?": SIZE,
             "object?": ANY, "base?": "type", "loader?": ANY},
    "frame": {"function": "string", "file?": "string", "line?": 1 << 32, "module?": "module",
              "language-": 6, "address?": ANY},
    "stack": {"parent?": "stack", "frame": "frame"},
    "thread": {"id": ANY, "os-id?": ANY, "name?": "string", "stack?": "stack", "object?": ANY},
    "module": {"path": "string", "build-id?": 0, "start?": ANY, "end?": ANY},
    "object": {"id": "id", "type": "type", "shallow": SIZE >> 20, "native?": SIZE >> 20,
               "flags-": 1 << 32, "refcount?": ANY, "generation?": 256, "length?": SIZE,
               "capacity?": SIZE, "hash?": ANY, "stack?": "stack", "name?": "string",
               "resource?": 256, "state?": 256, "bound?": SIZE, "buffer?": ANY},
    "edge": {"source": "ordinal", "target": "target", "target-ordinal": "ordinal", "kind": 18,
             "flags-": 2, "name?": "string", "key-hash?": 1 << 24, "index?": SIZE},
    "root": {"object": "target", "object-ordinal": "ordinal", "kind": 20, "name?": "string",
             "thread?": "thread", "frame?": "frame", "depth?": 1 << 32},
    "block": {"address": ANY, "size": SIZE, "stack?": "stack", "domain?": ANY, "owner?": ANY},
    "event": {"time": ANY, "op": 3, "address": ANY, "size?": SIZE, "stack?": "stack", "thread?": ANY},
    "value": {"value": 0, "object": "ordinal"},
}


class Generator:
    def __init__(self, seed, rows):
        self.random = random.Random(seed)
        self.file = snapc.File()
        self.rows = rows
        self.ids = []       # of the objects of this snapshot
        self.next_id = 16
        self.defined = dict.fromkeys(("string", "type", "frame", "stack", "module", "thread"), 0)

    def some(self, most):
        """1 to `most`, mostly few."""
        return 1 + self.random.randrange(self.random.randint(1, most))

    def number(self, limit):
        r = self.random
        return r.choice([0, limit - 1, r.randrange(limit), r.randrange(min(limit, 128)),
                         r.randrange(limit) >> r.randrange(64)])

    def text(self):
        r = self.random
        return bytes(r.randrange(256) if r.random() < .05 else r.randrange(97, 123)
                     for _ in range(r.choice([1, 2, 8, r.randrange(1, 200)])))

    def word(self):
        return "".join(chr(self.random.choice([97, 122, 0xe4, 0x4e2d, 0x1f600]))
                       for _ in range(self.random.randint(1, 9))).encode()

    def value(self, kind, name, what, row):
        """One value of a column; None where there is nothing to name."""
        if what == 0:
            return self.text() if kind in ("string", "module") else self.word()
        if what == "id":
            self.next_id += 8 * self.some(40)
            self.ids.append(self.next_id)
            return self.next_id
        if what == "ordinal":
            return self.random.randrange(len(self.ids))
        if what == "target":
            return self.random.choice(self.ids)
        if isinstance(what, str):
            most = self.defined[what]
            if kind == what:  # a parent or base: an earlier row
                most += row
            return self.random.randint(1, most) if most else None
        n = self.number(what)
        return max(n, 1) if kind in ("root", "edge", "event") and name in ("kind", "op") else n

    def values(self, kind, name, what, rows):
        """A column in one of the shapes that encodings are made for."""
        out = [self.value(kind, name, what, i) for i in range(rows)]
        if what in ("id", 0) or kind == what:
            return out
        shape = self.random.randrange(4)
        if shape == 0:
            out = [out[0]] * rows
        elif shape == 1:
            out = [out[i // 5 * 5] for i in range(rows)]
        elif shape == 2 and None not in out:
            out.sort()
        return out

    def shift(self, values):
        """A shift that the differences allow."""
        bits = 0
        for a, b in zip(values, values[1:]):
            bits |= (b - a) & snapc.MASK
        most = (bits & -bits).bit_length() - 1 if bits else 63
        return self.random.randint(0, most)

    def column(self, number, values, may_be_sparse):
        """Any encoding that can hold the values."""
        present = [v for v in values if v is not None]
        sparse = len(present) < len(values) or (may_be_sparse and self.random.random() < .1)
        if isinstance(present[0], bytes):
            return snapc.Column(number, "bytes", None, sparse, values)
        parameter = None
        name = self.random.choice(NUMBERS)
        if (name == "constant" and len(set(present)) > 1) or \
                (name == "next" and snapc.MASK in present):
            name = "varint"
        if name in ("delta", "delta-runs"):
            parameter = self.shift(present)
        elif name == "fixed":
            parameter = self.random.randint(max(1, (max(present).bit_length() + 7) // 8), 8)
        return snapc.Column(number, name, parameter, sparse, values)

    def chunk(self, kind, rows):
        number, names = snapc.kind_of(kind)
        by_id = self.random.random() < .5
        columns = []
        for name, what in COLUMNS[kind].items():
            optional, name = name[-1] in "?-", name.rstrip("?-")
            sparse = optional and COLUMNS[kind].get(name + "?") is not None
            if optional and self.random.random() < .4:
                continue
            if kind in ("edge", "root") and name in ("target", "object") and not by_id or \
                    name in ("target-ordinal", "object-ordinal") and by_id:
                continue
            values = self.values(kind, name, what, rows)
            if sparse:
                values = [None if self.random.random() < .3 else v for v in values]
            if all(v is None for v in values):
                continue
            columns.append(self.column(names[name], values, sparse))
        if self.random.random() < .05:
            columns.append(snapc.Column.raw(self.random.randint(100, 65535), self.random.randrange(256),
                                            self.text()))
        self.write(number, columns, rows)
        if kind in self.defined:
            self.defined[kind] += rows

    def write(self, number, columns, rows, **options):
        payload = snapc.put_payload(columns)
        if self.random.random() < .5 and len(snapc.compress(payload)) < len(payload):
            options["codec"] = "zstd"
        self.file.chunk(number, columns, dict(options, rows=rows))
        if self.random.random() < .03 and self.file.listed:
            self.file.index()

    def unknown(self):
        columns = [snapc.Column.raw(1, 31, self.text())]
        self.write(self.random.choice([21, 1000, 32768, 65535]), columns, 1, flags=0)

    def define(self):
        order = ["string", "module", "frame", "stack", "type"]
        for kind in order:
            if self.random.random() < .5 or not self.defined[kind]:
                self.chunk(kind, self.some(40))

    def snapshot(self):
        r = self.random
        columns = [self.column(i, [self.number(ANY)], False) for i in (2, 3)]
        self.write(snapc.BEGIN, columns, 1)
        self.ids = []
        counts = {"edge": 0, "root": 0}
        self.chunk("thread", self.some(5))
        while len(self.ids) < self.rows:
            self.chunk("object", self.some(200))
            kinds = ["edge", "edge", "root", "block", "event", "value", "counter", "sample",
                     "metadata", "label"]
            for kind in r.sample(kinds, 4):
                rows = self.some(200)
                self.chunk(kind, rows)
                if kind in counts:
                    counts[kind] += rows
            if r.random() < .2:
                self.define()
            if r.random() < .1:
                self.unknown()
        finish = [len(self.ids), counts["edge"], counts["root"], 1, self.number(ANY)]
        self.write(snapc.FINISH, [self.column(i + 1, [v], False) for i, v in enumerate(finish)], 1)

    def whole(self):
        self.file.header({"minor": self.random.randrange(256)})
        pair = [snapc.Column(i + 1, "bytes", None, False, [v]) for i, v in enumerate((b"values", b"yes"))]
        self.write(1, pair, 1)
        self.define()
        for _ in range(self.random.randint(1, 3)):
            self.snapshot()
        self.file.end()
        return self.file


def main():
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        return 2
    file = Generator(int(sys.argv[1]), int(sys.argv[2])).whole()
    with open(sys.argv[3], "wb") as out:
        out.write(file.data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
