# SPDX-License-Identifier: MIT
# The structure of whole .snap files, written from snap-format.md, which is right where the two
# differ. Compile to a target whose integers hold 64 bits exactly (Python, Java, C++, C#, Go; not
# JavaScript):
#
#     kaitai-struct-compiler -t python format/snap.ksy
#     node tests/conformance/compile_ksy.js python format/snap.ksy OUTPUT-FOLDER    # npm's
#
# What this language cannot say is left to the program that uses it; tests/conformance/read_ksy.py
# does it in 150 lines:
#  - the checksums (XXH3_64bits, seed 0) of file header, chunk headers, payloads and trailer;
#  - decompression: a payload with codec zstd is given, decompressed, to the type `payload`;
#  - sums of differences (DELTA, DELTA_RUNS) and the counter of NEXT, modulo 2^64;
#  - what holds between chunks: sequence, ids, index, totals.
meta:
  id: snap
  title: Heap snapshot
  file-extension: snap
  license: MIT
  endian: le
doc-ref: format/snap-format.md
seq:
  - id: header
    type: file_header
  - id: chunks
    type: chunk_list
    size: _io.size - 48 - 32
  - id: trailer
    type: trailer
types:
  file_header:
    doc-ref: section 2.1
    seq:
      - id: magic
        contents: [0x89, SNAP, 0x0d, 0x0a, 0x1a]
      - id: major
        type: u1
        valid: 0
      - id: minor
        type: u1
      - id: flags
        type: u2
        valid: 0
      - id: reserved
        type: u4
        valid: 0
      - id: uuid
        size: 16
      - id: reserved2
        type: u8
        valid: 0
      - id: checksum
        type: u8
        doc: XXH3 of bytes 0 to 39
  trailer:
    doc-ref: section 2.2
    seq:
      - id: index_offset
        type: u8
      - id: total_offset
        type: u8
      - id: checksum
        type: u8
        doc: XXH3 of bytes 0 to 15
      - id: magic
        contents: [0x1a, 0x0a, 0x0d, PANS, 0x89]
  chunk_list:
    seq:
      - id: chunks
        type: chunk
        repeat: eos
  chunk:
    doc-ref: section 3
    seq:
      - id: header
        size: 64
        type: chunk_header
      - id: stored
        size: header.stored_size
        doc: where the codec is zstd, to be decompressed; then a `payload`
  chunk_header:
    doc-ref: section 3.1
    seq:
      - id: magic
        contents: [0xc5, 0x63, 0x68, 0x6b]
      - id: kind
        type: u2
        enum: kind
      - id: codec
        type: u1
        enum: codec
        valid:
          any-of: [codec::stored, codec::zstd]
      - id: flags
        type: u1
        valid:
          max: 1
      - id: stored_size
        type: u4
      - id: raw_size
        type: u4
        valid:
          min: 1
          max: 16777216
      - id: rows
        type: u4
        valid:
          min: 1
          max: 65536
      - id: snapshot
        type: u4
      - id: first
        type: u8
      - id: sequence
        type: u8
      - id: dictionary
        type: u4
        valid: 0
      - id: reserved
        type: u4
        valid: 0
      - id: payload_checksum
        type: u8
        doc: XXH3 of the stored payload
      - id: header_checksum
        type: u8
        doc: XXH3 of bytes 0 to 55
    instances:
      is_required:
        value: (flags & 1) == 1
  payload:
    doc: The payload of one chunk after decompression.
    doc-ref: section 4
    params:
      - id: rows
        type: u4
    seq:
      - id: count
        type: varint
      - id: directory
        type: directory_entry
        repeat: expr
        repeat-expr: count.value
      - id: columns
        doc: |
          Each a `column` of `rows` rows in the encoding of its entry in the directory, where the kind
          has a column of that id; else to be skipped unread.
        size: directory[_index].length.value
        repeat: expr
        repeat-expr: count.value
      - id: end
        size: 0
        valid:
          expr: _io.eof
  directory_entry:
    doc-ref: section 4.1
    seq:
      - id: id
        type: varint
      - id: encoding
        type: u1
        doc: bits 0 to 4 encoding, 5 and 6 reserved, bit 7 SPARSE
      - id: length
        type: varint
  column:
    doc-ref: section 4.2
    params:
      - id: rows
        type: u4
      - id: encoding
        type: u1
    seq:
      - id: nothing
        size: 0
        valid:
          expr: (encoding & 0x60) == 0
      - id: bitmap
        type: 'bitmap_byte(_index, (_index == 0) ? 0 : bitmap[_index - 1].after)'
        repeat: expr
        repeat-expr: 'is_sparse ? (rows + 7) / 8 : 0'
      - id: contents
        type:
          switch-on: how
          cases:
            encoding::constant: constant
            encoding::varint: varints(values)
            encoding::delta: delta(values)
            encoding::runs: runs
            encoding::delta_runs: delta_runs
            encoding::fixed: fixed(values)
            encoding::bytes: byte_strings(values)
            encoding::next: varints(values)
      - id: end
        size: 0
        valid:
          expr: _io.eof
    instances:
      is_sparse:
        value: (encoding & 0x80) != 0
      how:
        value: encoding & 0x1f
        enum: encoding
      values:
        doc: how many rows have a value
        value: 'is_sparse ? bitmap.last.after : rows'
  bitmap_byte:
    doc: Eight rows, bit 0 first; counts the bits as it goes.
    params:
      - id: index
        type: u4
      - id: before
        type: u4
    seq:
      - id: bits
        type: u1
    instances:
      pairs:
        value: bits - ((bits >> 1) & 0x55)
      fours:
        value: (pairs & 0x33) + ((pairs >> 2) & 0x33)
      after:
        value: before + ((fours + (fours >> 4)) & 0x0f)
  constant:
    seq:
      - id: value
        type: varint
  varints:
    doc: VARINT, and the codes of NEXT
    params:
      - id: count
        type: u4
    seq:
      - id: values
        type: varint
        repeat: expr
        repeat-expr: count
  delta:
    params:
      - id: count
        type: u4
    seq:
      - id: shift
        type: u1
        valid:
          max: 63
      - id: first
        type: varint
      - id: differences
        type: zigzag
        repeat: expr
        repeat-expr: count - 1
  runs:
    seq:
      - id: runs
        type: run
        repeat: eos
  run:
    seq:
      - id: value
        type: varint
      - id: length_less_1
        type: varint
  delta_runs:
    seq:
      - id: shift
        type: u1
        valid:
          max: 63
      - id: first
        type: run
      - id: runs
        type: delta_run
        repeat: eos
  delta_run:
    seq:
      - id: difference
        type: zigzag
      - id: length_less_1
        type: varint
  fixed:
    params:
      - id: count
        type: u4
    seq:
      - id: width
        type: u1
        valid:
          min: 1
          max: 8
      - id: values
        size: width
        repeat: expr
        repeat-expr: count
        doc: little-endian numbers
  byte_strings:
    params:
      - id: count
        type: u4
    seq:
      - id: lengths
        type: varint
        repeat: expr
        repeat-expr: count
      - id: values
        size: lengths[_index].value
        repeat: expr
        repeat-expr: count
  varint:
    doc-ref: section 1.3
    seq:
      - id: groups
        type: 'varint_group(_index, (_index == 0) ? 0 : groups[_index - 1].value)'
        repeat: until
        repeat-until: not _.more
    instances:
      value:
        value: groups.last.value
  varint_group:
    doc: Seven bits; a shortest form does not end in 0x00, and the tenth byte holds one bit.
    params:
      - id: index
        type: u1
      - id: below
        type: u8
    seq:
      - id: byte
        type: u1
        valid:
          expr: (_ != 0 or index == 0) and (_ <= 1 or index < 9)
    instances:
      more:
        value: byte >= 0x80
      value:
        value: below | ((byte & 0x7f).as<u8> << (7 * index))
  zigzag:
    doc-ref: section 1.4
    seq:
      - id: raw
        type: varint
    instances:
      is_negative:
        value: (raw.value & 1) == 1
      magnitude:
        doc: n where it is not negative, else -1 - n
        value: raw.value >> 1
enums:
  codec:
    0: stored
    1: zstd
  encoding:
    1: constant
    2: varint
    3: delta
    4: runs
    5: delta_runs
    6: fixed
    7: bytes
    8: next
  kind:
    1: metadata
    2: label
    3: counter
    4: string
    5: type
    6: frame
    7: stack
    8: thread
    9: module
    10: begin
    11: finish
    12: object
    13: edge
    14: root
    15: block
    16: event
    17: sample
    18: value
    19: index
    20: total
