/* SPDX-License-Identifier: MIT */
/*
 * Columns of numbers in as few bytes as their neighbourhood allows. Rows come in order, some
 * without a value; once all are in, any row can be read at once.
 *
 * 64 rows are a block: which of them have a value, the smallest value, and for each value its
 * distance from that in 0, 1, 2, 4 or 8 bytes. Of heaps of ten million objects an address takes
 * 2 B, a type 1 to 2 B, a reference count 1 B, a content hash that one object of six has 1.3 B; to
 * each comes 3/8 B for the block.
 *
 *   struct packed p = { 0 };                      a column without any value: no memory
 *   packed_set(&p, &budget, row, value)           rows ascending
 *   packed_end(&p, &budget, rows)                 before anything is read
 */
#ifndef SNAP_TOOLS_DB_PACKED_H
#define SNAP_TOOLS_DB_PACKED_H

#include <string.h>

#include "db/memory.h"
#include "heap/prefetch.h"

enum { PACKED_ROWS = 64 };

struct packed_block {
    uint64_t present; /* bit i: row i has a value */
    uint64_t base;
    uint64_t at; /* of the first value's bytes; the low four bits: bytes of each */
};

struct packed {
    struct packed_block *block; /* NULL: no row has a value */
    size_t n, block_cap;        /* blocks that are complete */
    uint8_t *byte;
    size_t used, byte_cap;
    /* Of the block that is being filled, number n: */
    uint64_t present;
    unsigned n_open;
    uint64_t open[PACKED_ROWS];
};

/** Completes blocks until number `block` is the one being filled. For packed_set. */
bool packed_turn(struct packed *p, struct budget *b, uint64_t block);

/** Gives a row its value; `row` is larger than all before. False without memory. */
static inline bool packed_set(struct packed *p, struct budget *b, uint64_t row, uint64_t value)
{
    if (row / PACKED_ROWS != p->n && !packed_turn(p, b, row / PACKED_ROWS)) return false;
    p->present |= UINT64_C(1) << (row % PACKED_ROWS);
    p->open[p->n_open++] = value;
    return true;
}

/** The column has `rows` rows. False without memory. */
bool packed_end(struct packed *p, struct budget *b, uint64_t rows);

/** Takes the rows whose bit is set in `drop` out of an ended column of `rows` rows. False without
 *  memory; the column is as before then. */
bool packed_drop(struct packed *p, struct budget *b, uint64_t rows, const uint64_t *drop);

/** Gives all memory back; the column is empty. */
void packed_free(struct packed *p, struct budget *b);

static inline bool packed_has(const struct packed *p, uint64_t row)
{
    return p->block && (p->block[row / PACKED_ROWS].present >> (row % PACKED_ROWS) & 1);
}

static inline unsigned packed_count(uint64_t bits)
{
    bits -= bits >> 1 & UINT64_C(0x5555555555555555);
    bits = (bits & UINT64_C(0x3333333333333333)) + (bits >> 2 & UINT64_C(0x3333333333333333));
    bits = (bits + (bits >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (unsigned)(bits * UINT64_C(0x0101010101010101) >> 56);
}

/* Where the bytes of a row stand that has a value. */
static inline size_t packed_place(const struct packed_block *k, uint64_t row, unsigned width)
{
    unsigned bit = (unsigned)(row % PACKED_ROWS), index = bit;
    if (k->present != UINT64_MAX) index = packed_count(k->present & ((UINT64_C(1) << bit) - 1));
    return (size_t)(k->at >> 4) + (size_t)index * width;
}

/** The value of a row; 0 where it has none. */
static inline uint64_t packed_get(const struct packed *p, uint64_t row)
{
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    if (!packed_has(p, row)) return 0;
    const struct packed_block *k = &p->block[row / PACKED_ROWS];
    unsigned width = k->at & 15;
    if (!width) return k->base;
    const uint8_t *at = p->byte + packed_place(k, row, width);
    switch (width) {
    case 1:
        return k->base + *at;
    case 2:
        memcpy(&two, at, sizeof two);
        return k->base + two;
    case 4:
        memcpy(&four, at, sizeof four);
        return k->base + four;
    default:
        memcpy(&eight, at, sizeof eight);
        return k->base + eight;
    }
}

/** For rows that are read at random: asks for the block, and, some steps later, for the value; or
 *  for the values of a run of rows that begins here, whose first ones may have none. */
static inline void packed_prefetch_block(const struct packed *p, uint64_t row)
{
    if (p->block) HEAP_PREFETCH(&p->block[row / PACKED_ROWS]);
}

static inline void packed_prefetch_run(const struct packed *p, uint64_t row)
{
    if (!p->block) return;
    const struct packed_block *k = &p->block[row / PACKED_ROWS];
    if (k->at & 15) HEAP_PREFETCH(p->byte + packed_place(k, row, k->at & 15));
}

static inline void packed_prefetch(const struct packed *p, uint64_t row)
{
    if (packed_has(p, row)) packed_prefetch_run(p, row);
}

#endif
