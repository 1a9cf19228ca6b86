/* SPDX-License-Identifier: MIT */
/*
 * The file format once more, as plainly as format/snap-format.md says it and sharing no code with
 * libsnap: bytes one at a time, no cleverness, memory by the caller. Encodings of columns in both
 * directions, chunk headers, trailers, payloads. Slow; for tests only.
 */
#ifndef PROP_SNAP_PLAIN_H
#define PROP_SNAP_PLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that are read from the front. `bad` is set by the first thing that is not there or not
 * right, and stays. */
struct plain_bytes {
    const uint8_t *at, *end;
    bool bad;
};

uint64_t plain_varint(struct plain_bytes *b);
uint64_t plain_number(struct plain_bytes *b, unsigned bytes); /* little-endian */

/* Section 4.2: the numbers of an encoding, which must be all that is there. False where they are
 * not. `encoding` without the flag SPARSE. */
bool plain_decode(const uint8_t *from, size_t size, unsigned encoding, uint64_t *values, size_t n);

/* The shortest form of a varint; returns how many bytes. */
size_t plain_put_varint(uint8_t *to, uint64_t x);

/* Numbers in a given encoding (1 to 6, 8), whether or not a sensible writer would choose it; shift
 * and width as small as they can be. At most 22 n + 12 bytes. 0 where the encoding cannot say it.
 */
size_t plain_encode(const uint64_t *values, size_t n, unsigned encoding, uint8_t *to);

/* Section 3.1. */
struct plain_chunk {
    unsigned kind, codec, flags;
    uint32_t stored_size, raw_size, rows, snapshot;
    uint64_t first, sequence;
    const uint8_t *payload; /* as stored */
};

/* The chunk at the front of the bytes; false where none is, or a rule of section 3.1 is broken. */
bool plain_chunk_next(struct plain_bytes *b, struct plain_chunk *chunk);

#define PLAIN_COLUMNS 64

/* Section 4: one column. */
struct plain_column {
    unsigned id, encoding; /* without SPARSE */
    bool sparse;
    const uint8_t *bitmap; /* where sparse */
    const uint8_t *bytes;  /* what follows it */
    size_t size;
    size_t n; /* values */
};

/* The columns of a payload; -1 where a rule of section 4.1 is broken. Columns of a BYTES encoding
 * and of numbers alike. */
int plain_columns(const uint8_t *payload, size_t size, uint32_t rows,
                  struct plain_column columns[PLAIN_COLUMNS]);

/* Whether row `row` has a value, and which of the column's values it is. */
bool plain_has(const struct plain_column *c, uint32_t row, size_t *which);

#endif
