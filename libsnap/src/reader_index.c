/* SPDX-License-Identifier: MIT */
/*
 * Random access: the index by the trailer, or rebuilt from the chunk headers. O(chunks).
 */
#include "reader_impl.h"

#include <string.h>

#include "alloc.h"
#include "status.h"

/* A file cannot hold more chunks than this; it bounds what a lying index can cost. */
static uint64_t most_chunks(const snap_reader *r)
{
    return r->source.size / (SNAP_CHUNK_HEADER_SIZE + 1) + 1;
}

static snap_status append(snap_reader *r, const snap_chunk_info *info)
{
    if (r->index_count == r->index_room) {
        size_t room = r->index_room ? 2 * r->index_room : 256;
        snap_chunk_info *index = NULL;
        if (room <= SIZE_MAX / sizeof *index / 2) {
            index = alloc_take(&r->allocator, room * sizeof *index);
        }
        if (!index) {
            return reader_fail(r, SNAP_E_MEMORY, 0, STATUS_NOWHERE, "no memory for the index");
        }
        if (r->index_count) memcpy(index, r->index, r->index_count * sizeof *index);
        alloc_give(&r->allocator, r->index, r->index_room * sizeof *index);
        r->index = index;
        r->index_room = room;
    }
    r->index[r->index_count++] = *info;
    return SNAP_OK;
}

/* A chunk header at `offset`; *good is 0 where there is none that can be used. */
static snap_status read_header(snap_reader *r, uint64_t offset, struct chunk_header *h, int *good)
{
    const uint8_t *data;
    const char *text;
    size_t got;
    STATUS_RETURN_IF_ERROR(reader_window(r, offset, SNAP_CHUNK_HEADER_SIZE, &data, &got));
    *good = got == SNAP_CHUNK_HEADER_SIZE && chunk_header_get(data, h, &text) == CHUNK_GOOD;
    return SNAP_OK;
}

/* Appends the rows of the INDEX chunk in r->batch, last first; they must lie between `after` and
 * `before` and rise. Returns -1 where they do not, or memory is out (then r->status says so). */
static int append_rows_backwards(snap_reader *r, uint64_t after, uint64_t before)
{
    const struct batch_column *c = r->batch.column;
    for (uint32_t i = r->batch.header.rows; i-- > 0;) {
        snap_chunk_info info = {
            .offset = c[0].values[i],
            .first = c[4].values[i],
            .snapshot = (uint32_t)c[3].values[i],
            .rows = (uint32_t)c[2].values[i],
            .stored_size = (uint32_t)c[5].values[i],
            .kind = (uint16_t)c[1].values[i],
        };
        if (info.offset <= after || info.offset >= before) return -1;
        if (r->index_count >= most_chunks(r)) return -1;
        if (append(r, &info) != SNAP_OK) return -1;
        before = info.offset;
    }
    return 0;
}

/* Reads the chain of INDEX chunks from the trailer backwards. Returns 0, or -1 where anything does
 * not fit (then r->status may be set). */
static int load_chain(snap_reader *r)
{
    const uint8_t *data;
    const char *text;
    size_t got;
    uint64_t index, total, at;
    struct chunk_header h;
    int good;
    if (r->source.size < SNAP_FILE_HEADER_SIZE + SNAP_TRAILER_SIZE) return -1;
    uint64_t end = r->source.size - SNAP_TRAILER_SIZE;
    if (reader_window(r, end, SNAP_TRAILER_SIZE, &data, &got) != SNAP_OK) return -1;
    if (got < SNAP_TRAILER_SIZE || chunk_trailer_get(data, &index, &total)) return -1;
    if (total >= end || index >= total) return -1;
    for (uint64_t before = total; index != 0; before = index, index = h.first) {
        if (read_header(r, index, &h, &good) != SNAP_OK || !good) return -1;
        if (h.kind != SNAP_KIND_INDEX || h.first >= index) return -1;
        if (reader_decode(r, &h, index, &text, &at) != SNAP_OK) return -1;
        if (append_rows_backwards(r, h.first, index < before ? index : before)) return -1;
    }
    return 0;
}

/* The next place with a whole chunk header at or after *at; 0 in *good at the end of the source,
 * which may come sooner than its size says, where somebody cuts the file meanwhile. */
static snap_status find_header(snap_reader *r, uint64_t *at, struct chunk_header *h, int *good)
{
    const uint8_t *data;
    size_t got;
    for (;;) {
        STATUS_RETURN_IF_ERROR(read_header(r, *at, h, good));
        if (*good) return SNAP_OK;
        STATUS_RETURN_IF_ERROR(reader_window(r, *at, 1, &data, &got));
        if (got == 0) return SNAP_OK;
        STATUS_RETURN_IF_ERROR(reader_resync(r, *at + 1));
        *at = r->offset;
    }
}

/* Walks the chunk headers, past damage. */
static snap_status rebuild(snap_reader *r)
{
    struct chunk_header h;
    uint64_t at = SNAP_FILE_HEADER_SIZE;
    int good;
    r->index_count = 0;
    for (;;) {
        STATUS_RETURN_IF_ERROR(find_header(r, &at, &h, &good));
        if (!good) return SNAP_OK;
        uint64_t next = at + SNAP_CHUNK_HEADER_SIZE + h.stored_size;
        if (next > r->source.size) return SNAP_OK;
        if (h.kind != SNAP_KIND_INDEX && h.kind != SNAP_KIND_TOTAL) {
            snap_chunk_info info = {
                .offset = at,
                .first = h.first,
                .snapshot = h.snapshot,
                .rows = h.rows,
                .stored_size = h.stored_size,
                .kind = h.kind,
            };
            STATUS_RETURN_IF_ERROR(append(r, &info));
        }
        at = next;
    }
}

snap_status snap_reader_load_index(snap_reader *r, size_t *chunks, snap_error *err)
{
    if (r->status < 0) goto failed;
    if (!source_is_random(&r->source) || r->source.size == UINT64_MAX) {
        return status_set(err, SNAP_E_UNSUPPORTED, 0, STATUS_NOWHERE,
                          "an index needs an input with random access and a known size");
    }
    uint64_t offset = r->offset; /* the walk is not disturbed */
    r->index_count = 0;
    if (load_chain(r) == 0) {
        for (size_t i = 0, k = r->index_count; i + 1 < k; i++, k--) {
            snap_chunk_info swap = r->index[i];
            r->index[i] = r->index[k - 1];
            r->index[k - 1] = swap;
        }
    } else if (r->status >= 0) {
        rebuild(r);
    }
    r->offset = offset;
    if (r->status < 0) goto failed;
    *chunks = r->index_count;
    return SNAP_OK;

failed:
    if (err) *err = r->error;
    return r->status;
}

const snap_chunk_info *snap_reader_chunk(const snap_reader *r, size_t i)
{
    return i < r->index_count ? &r->index[i] : NULL;
}

snap_status snap_reader_seek(snap_reader *r, size_t i, snap_error *err)
{
    if (r->status < 0) {
        if (err) *err = r->error;
        return r->status;
    }
    if (i > r->index_count || (i == r->index_count && r->index_room == 0)) {
        return status_set(err, SNAP_E_MISUSE, 0, STATUS_NOWHERE, "no such chunk in the index");
    }
    r->status = i == r->index_count ? SNAP_END : SNAP_OK;
    if (i < r->index_count) r->offset = r->index[i].offset;
    r->sought = 1;
    r->fresh = 1;
    memset(r->next_id, 0, sizeof r->next_id);
    return SNAP_OK;
}
