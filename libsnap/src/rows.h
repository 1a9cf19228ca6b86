/* SPDX-License-Identifier: MIT */
/*
 * An open chunk: rows of one kind on their way out, a column each, until they are encoded.
 *
 * A column keeps its values packed: value k belongs to the k-th row whose bit is set. So a row
 * without a value costs a bit, and nothing needs to be sorted out when the chunk is closed. Owners
 * of edges are kept as runs; their lengths lie in the buffer of a column that is never there with
 * them (edges name targets by id or by ordinal, one buffer serves both).
 *
 * Memory of a chunk, in one piece given by the caller (see rows_memory):
 *
 *     | head | bitmap 0 | slack | values 0 | bytes 0 | bitmap 1 | slack | values 1 | ...
 *
 * Encoding writes over this memory from the end of the head on: column k is written after it has
 * been read and before column k + 1 begins (column.h states why that is safe).
 */
#ifndef SNAP_SRC_ROWS_H
#define SNAP_SRC_ROWS_H

#include "schema.h"

/* Before the columns: room for the chunk header and the longest directory. */
#define ROWS_HEAD 512u

struct rows_column {
    uint64_t *values; /* numbers, or lengths of byte strings */
    uint64_t *bits;   /* bit i: row i has a value */
    uint64_t *length; /* the values are runs: value i stands for length[i] rows; mostly NULL */
    uint8_t *bytes;   /* byte strings, one after the other */
    uint32_t n;       /* values */
    uint32_t bytes_used;
    uint32_t bytes_room;
    uint8_t id;
    uint8_t flags; /* SCHEMA_* */
};

struct rows {
    uint8_t *memory;
    uint32_t count; /* rows */
    uint32_t room;
    uint16_t kind;
    uint8_t n_columns;
    uint8_t required;
    uint32_t snapshot; /* of the rows, while there are any */
    uint64_t first;    /* of the first row, while there are any */
    struct rows_column column[SCHEMA_MAX_COLUMNS];
};

/* An encoded payload. Its parts (the directory, then the columns that are there) are what a
 * compressor may treat apart: each has statistics of its own. */
struct rows_payload {
    uint8_t *bytes;
    size_t size;
    size_t end[SCHEMA_MAX_COLUMNS + 1]; /* of each part, from the start of the payload */
    unsigned parts;
};

/* Bytes of memory for a chunk of `room` rows and `bytes_room` bytes in each bytes column. */
size_t rows_memory(unsigned kind, uint32_t room, uint32_t bytes_room);

/* Sets up an empty chunk in `memory`, aligned to 8, of that size. */
void rows_init(struct rows *rows, unsigned kind, uint32_t room, uint32_t bytes_room, void *memory);

/* Appends a number or its absence to a column of the row under construction; the row is finished by
 * rows_next. Each column gets at most one value a row. */
static inline void rows_put(struct rows *rows, unsigned column, uint64_t value)
{
    struct rows_column *c = &rows->column[column];
    c->values[c->n++] = value;
    c->bits[rows->count >> 6] |= (uint64_t)1 << (rows->count & 63);
}

/* The same for a column that gets a value in every row: its bits are never looked at. */
static inline void rows_put_dense(struct rows *rows, unsigned column, uint64_t value)
{
    struct rows_column *c = &rows->column[column];
    c->values[c->n++] = value;
}

static inline void rows_put_if(struct rows *rows, unsigned column, uint64_t value, uint64_t has)
{
    struct rows_column *c = &rows->column[column];
    c->values[c->n] = value;
    c->n += (uint32_t)has;
    c->bits[rows->count >> 6] |= has << (rows->count & 63);
}

/* A column whose end is held in registers while rows are appended; afterwards `n` goes back. */
struct rows_tail {
    uint64_t *values;
    uint64_t *bits;
    uint32_t n;
};

static inline struct rows_tail rows_tail(const struct rows_column *c)
{
    return (struct rows_tail){ c->values, c->bits, c->n };
}

static inline void rows_tail_put(struct rows_tail *t, uint32_t row, uint64_t value, uint64_t has)
{
    t->values[t->n] = value;
    t->n += (uint32_t)has;
    t->bits[row >> 6] |= has << (row & 63);
}

/* Appends `n` >= 1 rows that have the same value to a column of runs. */
static inline void rows_put_run(struct rows *rows, unsigned column, uint64_t value, uint32_t n)
{
    struct rows_column *c = &rows->column[column];
    if (c->n && c->values[c->n - 1] == value) {
        c->length[c->n - 1] += n;
    } else {
        c->values[c->n] = value;
        c->length[c->n++] = n;
    }
}

/* Whether a byte string of `size` fits into the column now. */
static inline int rows_fits(const struct rows *rows, unsigned column, size_t size)
{
    const struct rows_column *c = &rows->column[column];
    return size <= c->bytes_room - c->bytes_used;
}

/* Appends a byte string that fits; returns where its bytes go. */
uint8_t *rows_put_bytes(struct rows *rows, unsigned column, size_t size);

static inline void rows_next(struct rows *rows)
{
    rows->count++;
}

/* Encodes the rows, count >= 1. The payload lies in the chunk's memory and has at least
 * SNAP_CHUNK_HEADER_SIZE bytes of the same memory before it. The rows are gone after it; call
 * rows_reset before the next. O(rows). */
void rows_encode(struct rows *rows, struct rows_payload *payload);

/* Makes the chunk empty. */
void rows_reset(struct rows *rows);

#endif
