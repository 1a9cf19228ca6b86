/* SPDX-License-Identifier: MIT */
/*
 * The record interface: how every source of heaps, a .snap file as well as a foreign dump, hands
 * its rows to whoever consumes them (the loader of heap databases, a converter). Downstream of it
 * there is one model only: that of <snap/format.h>.
 *
 * Order of the calls: definitions before their use; begin, then the rows of the snapshot, then
 * finish (missing where the file is cut off); objects of a snapshot before its edges where
 * possible, but a consumer must not rely on it. Definitions (string, type, frame, stack, thread,
 * module) are file-wide and numbered from 1; 0 is "none".
 *
 * Hostile input: the source checks its own format's structure. Ids, ordinals, sizes and kinds are
 * passed on as they stand; the consumer checks whatever it uses as an index. Texts are bytes of any
 * content.
 *
 * Every function may be NULL (not wanted), and returns 0, or RECORD_STOP after it has said why:
 * then the source stops and returns RECORD_STOP. Pointers are valid during the call. One thread.
 */
#ifndef SNAP_TOOLS_IMPORT_RECORD_H
#define SNAP_TOOLS_IMPORT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <snap/format.h>

enum { RECORD_OK = 0, RECORD_STOP = 2 };

/** Columns of one batch are numbered as in <snap/format.h>; none is as large as this. */
enum { RECORD_COLUMNS = 20 };

/** One column of a batch: a value a row. */
struct record_column {
    const uint64_t *value;  /* [rows]; NULL: no row has one. 0 where a row has none */
    const uint8_t *present; /* bit i%8 of byte i/8: row i has a value; NULL: all rows have one */
};

/** Rows of one kind (objects, edges, roots, native blocks or allocation events) as columns, at most SNAP_MAX_CHUNK_ROWS of them. */
struct record_batch {
    uint32_t snapshot; /* number in the file, from 1 */
    uint32_t rows;
    uint64_t first;    /* objects: ordinal of the first row */
    uint64_t offset;   /* in the file, for messages */
    /* Edges only: the element index or mapping position of every row, [rows]; NULL: the previous
     * edge's of the same source plus 1, from 0. It stands in place of the column
     * SNAP_COL_EDGE_INDEX, which need not be there. */
    const uint64_t *edge_index;
    struct record_column column[RECORD_COLUMNS]; /* by SNAP_COL_OBJECT_*, _EDGE_* .. */
};

/** Has row `i` a value in this column? */
static inline bool record_has(const struct record_column *c, uint32_t i)
{
    return c->value && (!c->present || (c->present[i / 8] >> (i % 8) & 1));
}

/** The value of row `i`, 0 where it has none. */
static inline uint64_t record_get(const struct record_column *c, uint32_t i)
{
    return c->value ? c->value[i] : 0;
}

/** A text with its length; `at` may hold any bytes and no final 0. */
struct record_text {
    const char *at;
    size_t size;
};

struct record_sink {
    void *opaque;

    /* Definitions. */
    int (*string)(void *opaque, uint64_t id, struct record_text text);
    int (*type)(void *opaque, uint64_t id, const snap_type *type);
    int (*frame)(void *opaque, uint64_t id, const snap_frame *frame);
    int (*stack)(void *opaque, uint64_t id, uint64_t parent, uint64_t frame);
    int (*module)(void *opaque, uint64_t id, const snap_module *module);

    /* Facts; snapshot 0 is the file. */
    int (*metadata)(void *opaque, uint32_t snapshot, struct record_text key,
                    struct record_text value);
    int (*label)(void *opaque, uint32_t snapshot, struct record_text key, struct record_text value);
    int (*counter)(void *opaque, uint32_t snapshot, struct record_text name, int64_t value);
    int (*sample)(void *opaque, uint32_t snapshot, struct record_text name, uint64_t mono_ns,
                  int64_t value);

    /* One snapshot. */
    int (*begin)(void *opaque, uint32_t snapshot, const snap_begin *begin);
    int (*thread)(void *opaque, uint32_t snapshot, uint64_t id, const snap_thread *thread);
    int (*objects)(void *opaque, const struct record_batch *batch);
    /* So many objects of a type with so many bytes of their own: in place of all rows, from sources
     * that are quicker without them, where this is there and `objects` is not. */
    int (*tally)(void *opaque, uint64_t type, uint64_t objects, uint64_t shallow);
    int (*edges)(void *opaque, const struct record_batch *batch);
    int (*roots)(void *opaque, const struct record_batch *batch);
    int (*blocks)(void *opaque, const struct record_batch *batch);
    int (*events)(void *opaque, const struct record_batch *batch); /* snapshot 0 is the file */
    int (*value)(void *opaque, uint32_t snapshot, uint64_t ordinal, struct record_text text);
    int (*finish)(void *opaque, uint32_t snapshot, const snap_finish *finish);

    /* The source skipped damage at `offset` (UINT64_MAX: nowhere in particular), or the file ends
     * early. `text` is one sentence without a full stop. */
    void (*damage)(void *opaque, uint64_t offset, const char *text);

    /* The source is whole, but what it tells of it rests on a guess. `text` as above. */
    void (*caution)(void *opaque, const char *text);
};

#endif
