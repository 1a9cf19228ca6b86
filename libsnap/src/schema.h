/* SPDX-License-Identifier: MIT */
/*
 * What the specification says about each kind of chunk and each of its columns, as data: the one
 * place that writer and reader share. Constant tables, O(1) to look up.
 */
#ifndef SNAP_SRC_SCHEMA_H
#define SNAP_SRC_SCHEMA_H

#include <snap/format.h>

/* The largest number of columns that a kind has. */
#define SCHEMA_MAX_COLUMNS 16u

enum {
    SCHEMA_BYTES = 1,    /* holds byte strings; else numbers */
    SCHEMA_NEEDED = 2,   /* every chunk of the kind has it, with a value in every row */
    SCHEMA_SPARSE = 4,   /* may lack a value in some rows */
    SCHEMA_ZIGZAG = 8,   /* a signed number, stored as zigzag */
    SCHEMA_DEFAULT0 = 16 /* absent means 0 in every row, so that a writer may leave zeros out */
};

enum { SCHEMA_EITHER, SCHEMA_FILE, SCHEMA_SNAPSHOT }; /* what a chunk of the kind belongs to */

struct schema_column {
    uint8_t id;
    uint8_t flags;
    uint8_t bits; /* numbers are below 2^bits; byte strings have at most 2^bits bytes */
};

struct schema_kind {
    uint8_t required;   /* the chunk flag: who does not know the kind must stop */
    uint8_t definition; /* `first` is the id of the first row */
    uint8_t scope;      /* SCHEMA_FILE, SCHEMA_SNAPSHOT or SCHEMA_EITHER */
    uint8_t n_columns;
    struct schema_column column[SCHEMA_MAX_COLUMNS]; /* ascending ids */
};

/* The description of a kind; NULL for one that this library does not know. */
const struct schema_kind *schema_of(unsigned kind);

/* Position of column `id` in the kind's table, or -1. */
int schema_find(const struct schema_kind *schema, unsigned id);

#endif
