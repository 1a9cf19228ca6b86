/* SPDX-License-Identifier: MIT */
/*
 * Inside of a writer, shared by the writer_*.c files: open and close (writer.c), chunks on their
 * way out (writer_chunk.c), definitions (writer_define.c), facts (writer_facts.c), the rows of a
 * snapshot (writer_rows.c).
 *
 * Invariants
 *  1. status != SNAP_OK: nothing is written any more.
 *  2. rows[k] is only open with rows of one snapshot and consecutive ids.
 *  3. When a chunk is written, every open chunk of a kind before it in the order of writer_chunk.c
 *     has been written, so that definitions stand before their use.
 */
#ifndef SNAP_SRC_WRITER_IMPL_H
#define SNAP_SRC_WRITER_IMPL_H

#include <snap/writer.h>

#include "chunk.h"
#include "rows.h"
#include "sink.h"
#include "string_cache.h"

/* Rows of a chunk unless the options say otherwise: two of the largest fit a second-level cache. */
#define WRITER_CHUNK_ROWS 32768u

/* The clock is asked once in so many rows. */
#define WRITER_AGE_ROWS 256u

struct snap_writer {
    snap_status status; /* sticky */
    snap_error error;
    snap_allocator allocator;
    size_t memory; /* bytes of this allocation */
    uint64_t (*clock)(void *opaque, int which);
    void *clock_opaque;

    /* chunks */
    struct rows rows[SNAP_KIND_LAST + 1];
    struct chunk_packer packer;
    uint8_t *out; /* SNAP_CHUNK_HEADER_SIZE bytes of head, then room for a packed payload */
    size_t out_size;
    uint64_t offset; /* bytes handed to the sink */
    uint64_t sequence;
    uint64_t index_offset; /* of the last INDEX chunk; 0: none yet */
    uint64_t total_chunks[SNAP_KIND_LAST + 1];
    uint64_t total_rows[SNAP_KIND_LAST + 1]; /* accepted */
    uint64_t total_raw[SNAP_KIND_LAST + 1];
    uint64_t total_stored[SNAP_KIND_LAST + 1];
    uint64_t file_rows[SNAP_KIND_LAST + 1];     /* outside snapshots, for `first` */
    uint64_t snapshot_rows[SNAP_KIND_LAST + 1]; /* in this snapshot, for `first` */

    /* age of open chunks */
    uint64_t max_age;
    uint64_t last_flush;
    uint32_t age_countdown;

    /* ids handed out: the next of each kind */
    uint64_t next_id[SNAP_KIND_LAST + 1];

    /* snapshots */
    uint32_t snapshots; /* begun so far */
    uint32_t snapshot;  /* the open one, or 0 */

    /* edges: where positions go on (see writer_rows.c) */
    uint64_t chunk_source; /* source of the last row in the open EDGE chunk; UINT64_MAX: none */
    uint64_t chunk_next;   /* position that the next edge of chunk_source has by default */
    uint64_t object_next;  /* next position of the object that was written last */
    uint64_t from_source;  /* the source that edges_from was called for last */
    uint64_t from_next;
    int edge_by_ordinal; /* of the rows in the open EDGE chunk */
    int root_by_ordinal; /* of the rows in the open ROOT chunk */

    struct string_cache cache;
    struct sink sink;
};

/* Makes an error sticky and returns it. */
snap_status writer_fail(snap_writer *w, snap_status code, int os_errno, const char *text);

/* Writes the open chunk of a kind, after all that must stand before it. */
snap_status writer_close_chunk(snap_writer *w, unsigned kind);

/* Writes all open chunks. */
snap_status writer_close_all(snap_writer *w);

/* INDEX, TOTAL and trailer. */
snap_status writer_finish_file(snap_writer *w);

/* Writes out everything where the open chunks are too old. Called through writer_age. */
snap_status writer_check_age(snap_writer *w);

/* Counts `n` rows towards the next look at the clock. */
static inline snap_status writer_age(snap_writer *w, size_t n)
{
    if (w->max_age == 0) return SNAP_OK;
    if (w->age_countdown > n) {
        w->age_countdown -= (uint32_t)n;
        return SNAP_OK;
    }
    return writer_check_age(w);
}

/* Readies the chunk of a kind for one more row, whose byte strings take `bytes` at most in any one
 * column: writes it first where it is full, and opens it where it is empty. */
snap_status writer_open_row(snap_writer *w, unsigned kind, size_t bytes);

/* Counts the row that was put last. */
static inline void writer_end_row(snap_writer *w, unsigned kind)
{
    rows_next(&w->rows[kind]);
    w->total_rows[kind]++;
}

#endif
