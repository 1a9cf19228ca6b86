/* SPDX-License-Identifier: MIT */
/*
 * One column of numbers, to and from bytes. The encoder chooses the cheapest encoding; the decoder
 * trusts nothing. Both are pure: memory in, memory out.
 */
#ifndef SNAP_SRC_COLUMN_H
#define SNAP_SRC_COLUMN_H

#include <stddef.h>
#include <stdint.h>

enum column_encoding {
    COLUMN_CONSTANT = 1,   /* one varint */
    COLUMN_VARINT = 2,     /* a varint a value */
    COLUMN_DELTA = 3,      /* u8 shift, first value, then zigzag differences >> shift */
    COLUMN_RUNS = 4,       /* (value, length - 1) pairs */
    COLUMN_DELTA_RUNS = 5, /* u8 shift, first, length - 1, then (zigzag step, length - 1) */
    COLUMN_FIXED = 6,      /* u8 width, then that many bytes a value */
    COLUMN_BYTES = 7,      /* a varint length a value, then the bytes of all */
    COLUMN_NEXT = 8,       /* a varint a value: 0 for greatest so far + 1, else the value + 1 */
    COLUMN_LAST = 8,       /* the largest encoding that is known */
    COLUMN_SPARSE = 0x80,  /* flag: a presence bitmap stands first */
    COLUMN_RESERVED = 0x60 /* bits that must be zero */
};

/* The encoder writes its output over its input from the front: `to` must lie at least this many
 * bytes before `values`. That saves a second buffer as big as the first. Up to 7 bytes behind the
 * output may be overwritten, never beyond the values. */
#define COLUMN_SLACK 16u

/* Encodes values[0..n), n >= 1, to `to`; returns the number of bytes, at most 8n + 2, and the
 * encoding. The values are destroyed. O(n). */
size_t column_encode(uint64_t *values, size_t n, uint8_t *to, uint8_t *encoding);

/* The same for numbers that are given as runs: values[i] stands for length[i] rows, length[i] >= 1,
 * neighbours differ, values are below COLUMN_RUN_LIMIT. The lengths are left alone. O(runs). */
#define COLUMN_RUN_LIMIT ((uint64_t)1 << 34)
size_t column_encode_runs(const uint64_t *values, const uint64_t *length, size_t runs, uint8_t *to,
                          uint8_t *encoding);

/* Decodes `size` bytes of an encoding for numbers into values[0..n), n >= 1. Returns the OR of all
 * values in *all (for range checks), and 0; or -1 where the bytes are not exactly n values. O(n).
 * */
int column_decode(const uint8_t *from, size_t size, unsigned encoding, uint64_t *values, size_t n,
                  uint64_t *all);

#endif
