/* SPDX-License-Identifier: MIT */
/*
 * Inside of a reader: the walk over chunks (reader.c), steps over damage (reader_damage.c), the
 * checks of the end (reader_end.c), the index (reader_index.c).
 */
#ifndef SNAP_SRC_READER_IMPL_H
#define SNAP_SRC_READER_IMPL_H

#include <snap/reader.h>

#include "batch_impl.h"
#include "chunk.h"
#include "source.h"

struct snap_reader {
    snap_allocator allocator;
    size_t memory; /* bytes of this allocation */
    struct source source;
    struct chunk_unpacker unpacker;
    uint8_t *raw; /* decompressed payload */
    size_t raw_room;
    struct snap_batch batch;

    int strict;
    uint64_t kinds;
    void (*on_damage)(void *opaque, const snap_error *what);
    void *opaque;

    snap_status status; /* sticky: SNAP_OK, SNAP_END or an error */
    snap_error error;
    snap_file_info info;
    uint64_t offset;   /* of the next chunk header */
    uint64_t sequence; /* that the next chunk should have */
    int sought;        /* snap_reader_seek was called: totals cannot be checked */
    int fresh;         /* the next chunk may have any sequence number (after a seek) */
    int in_gap;        /* damage was told since the last whole chunk */
    int closed_well;   /* the trailer was seen */
    int told_end;      /* that the end is missing was told */
    uint64_t next_id[SNAP_KIND_LAST + 1]; /* least id that the next chunk may begin with */

    uint64_t index_offset; /* of the last INDEX chunk seen */
    uint64_t total_offset; /* of the TOTAL chunk seen; 0: none */
    uint64_t seen_chunks[SNAP_KIND_LAST + 1];
    uint64_t seen_rows[SNAP_KIND_LAST + 1];
    uint64_t seen_raw[SNAP_KIND_LAST + 1];
    uint64_t seen_stored[SNAP_KIND_LAST + 1];
    snap_reader_summary summary;

    snap_chunk_info *index;
    size_t index_count;
    size_t index_room;
};

/* Makes an error sticky and returns it. */
snap_status reader_fail(snap_reader *r, snap_status code, int os_errno, uint64_t offset,
                        const char *text);

/* Tells a piece of damage. SNAP_OK: go on; strict readers get the (sticky) error. */
snap_status reader_damage(snap_reader *r, snap_status code, uint64_t offset, const char *text);

/* The window over the source; errors are sticky. */
snap_status reader_window(snap_reader *r, uint64_t offset, size_t size, const uint8_t **data,
                          size_t *got);

/* Moves r->offset from a place that is no chunk header to the next one, to the trailer, or to the
 * end of the source. O(bytes passed). */
snap_status reader_resync(snap_reader *r, uint64_t from);

/* Whether a chunk header, the trailer or the end of the source stands at `offset`. */
snap_status reader_is_boundary(snap_reader *r, uint64_t offset, int *yes);

/* Checks and decodes the chunk at `offset` with this header, whatever its kind; the batch is
 * r->batch. SNAP_OK; damage as SNAP_E_CORRUPT, SNAP_E_LIMIT, SNAP_E_UNSUPPORTED or
 * SNAP_E_TRUNCATED with *text and *at (file offset), not yet told to anybody; or a sticky error
 * (r->status is set). */
snap_status reader_decode(snap_reader *r, const struct chunk_header *header, uint64_t offset,
                          const char **text, uint64_t *at);

/* Holds a decoded TOTAL chunk against what was seen. */
snap_status reader_check_total(snap_reader *r);

/* At a place without a chunk header: the trailer, the end, or damage. On SNAP_OK the walk goes on
 * at r->offset. */
snap_status reader_end(snap_reader *r);

#endif
