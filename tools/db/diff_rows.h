/* SPDX-License-Identifier: MIT */
/*
 * What a comparison needs of one snapshot, as arrays by row (heap/analysis.h: row = id
 * - live_root_id; the virtual roots are row 0 and garbage_root). One scan of `object` in the order
 * of its key (db/table_scan.h), one of `detail` where content hashes are wanted; nothing else of
 * the database is read. What follows from other columns is computed: dominators from the ranges of
 * the tree, retained sizes from shallow ones. Where nothing refers to anything (records of
 * allocations: each object is held by a root, and holds nothing), only types, sizes and stacks are
 * read.
 *
 * A database may come from a stranger: every number is checked before it is used as an index (rows
 * complete and once each, ranges that nest, shortest paths that end at a root), and the number of
 * rows against the size of the file before memory is taken.
 *
 * Memory: 32 B a row, 16 more with native sizes, 8 each with identities and content hashes, 4 each
 * with positions and stacks. Functions print their error and return 0 or STATUS_UNUSABLE. Two
 * snapshots may be read at once in two threads when they are open in two databases (struct heapdb).
 */
#ifndef SNAP_TOOLS_DB_DIFF_ROWS_H
#define SNAP_TOOLS_DB_DIFF_ROWS_H

#include "db/diff_texts.h"
#include "db/heapdb.h"
#include "heap/match.h"

/* Types by name: rows of `type` in all snapshots that have the same module and name are one type,
 * with one number. */
struct diff_types {
    struct texts names; /* "app.Session"; without the module where that is `builtins` or null */
    uint8_t *resizable; /* [names.n] by number: instances can change their shallow size */
    uint8_t *part;      /* [names.n]: bits of heap_part (db/collection.h) */
    uint8_t *unknown;   /* [names.n]: instances may own memory that no size counts */
    uint32_t cap;
};

/** Numbers of the type rows of one snapshot: type id minus `first` -> number. */
struct diff_type_map {
    int64_t first;
    uint32_t n;
    uint32_t *number; /* [n]; HEAP_NONE where the snapshot has no such type */
};

/** Adds the types of a snapshot. O(types). */
int diff_types_add(struct diff_types *types, struct heapdb *db,
                   const struct heapdb_snapshot *snapshot, struct diff_type_map *map);
void diff_type_map_free(struct diff_type_map *map);
void diff_types_free(struct diff_types *types);

/* Arrays by row, [n_rows]. */
struct diff_rows {
    int64_t first_id; /* id of row 0 */
    uint32_t n_rows, garbage_root;
    uint32_t *last, *dominator; /* dominators: HEAP_NONE at the virtual roots */
    uint32_t *parent;           /* HEAP_NONE for null */
    uint32_t *parent_position;  /* likewise; NULL when not asked for */
    uint32_t *type;                     /* number in diff_types; HEAP_NONE at the virtual roots */
    uint64_t *shallow, *retained;
    uint64_t *native, *retained_native; /* NULL when no object of the snapshot has native memory */
    uint64_t *identity;                 /* the address; different from all others for null; NULL
                                           when not asked for */
    uint64_t *check;                    /* content hash, 0 for null; NULL when not asked for */
    uint32_t *stack;                    /* stack id, 0 for null; NULL when the snapshot has none */
};

/** What is read beside the tree, types, sizes and stacks: bits. */
enum { DIFF_ROWS_IDENTITY = 1, DIFF_ROWS_POSITION = 2, DIFF_ROWS_HASHES = 4 };

/** Reads a snapshot. `side` is its number in the comparison: it keeps objects without an address
 *  apart from those of other snapshots. `wants`: bits of the above. About 0.05 us a row where the
 *  database is held (heapdb_hold), 0.2 us where not. */
int diff_rows_load(struct heapdb *db, const struct heapdb_snapshot *snapshot,
                   const struct diff_type_map *types, int side, unsigned wants,
                   struct diff_rows *out);
void diff_rows_free(struct diff_rows *rows);

/** The rows as the graph core takes them; `step` may be NULL. Everything stays the rows'. */
struct heap_side diff_rows_side(const struct diff_rows *rows, const uint64_t *step);

#endif
