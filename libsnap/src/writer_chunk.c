/* SPDX-License-Identifier: MIT */
/*
 * From open chunks to bytes: order of writing, compression, index, totals. O(rows of a chunk).
 */
#include "writer_impl.h"

#include "bytes.h"
#include "checksum.h"
#include "status.h"

/* What may refer to what runs along this order: a chunk is written after all open ones before it.
 * The last line refers to definitions, objects, or nothing. */
static const uint8_t order[] = {
    SNAP_KIND_STRING, SNAP_KIND_MODULE, SNAP_KIND_FRAME,  SNAP_KIND_STACK,  SNAP_KIND_TYPE,
    SNAP_KIND_THREAD, SNAP_KIND_OBJECT, SNAP_KIND_EDGE,   SNAP_KIND_ROOT,   SNAP_KIND_BLOCK,
    SNAP_KIND_EVENT,  SNAP_KIND_VALUE,  SNAP_KIND_SAMPLE, SNAP_KIND_COUNTER, SNAP_KIND_METADATA,
    SNAP_KIND_LABEL,
};
/* Positions in `order` up to which chunks can be referred to. */
#define REFERABLE 7

snap_status writer_fail(snap_writer *w, snap_status code, int os_errno, const char *text)
{
    if (w->status == SNAP_OK) {
        w->status = status_set(&w->error, code, os_errno, STATUS_NOWHERE, text);
    }
    return w->status;
}

static snap_status write_bytes(snap_writer *w, const void *data, size_t size)
{
    int error = sink_write(&w->sink, data, size);
    if (error) return writer_fail(w, SNAP_E_IO, error, "the output could not be written");
    w->offset += size;
    return SNAP_OK;
}

static void note_in_index(snap_writer *w, const struct chunk_header *h)
{
    struct rows *index = &w->rows[SNAP_KIND_INDEX];
    rows_put(index, 0, w->offset);
    rows_put(index, 1, h->kind);
    rows_put(index, 2, h->rows);
    rows_put(index, 3, h->snapshot);
    rows_put(index, 4, h->first);
    rows_put(index, 5, h->stored_size);
    rows_next(index);
}

/* Encodes, packs and writes the rows of one chunk, and empties it. */
static snap_status write_chunk(snap_writer *w, struct rows *rows)
{
    struct rows_payload payload;
    rows_encode(rows, &payload);
    uint8_t *at = payload.bytes - SNAP_CHUNK_HEADER_SIZE;
    size_t stored_size = chunk_pack(&w->packer, payload.bytes, payload.end, payload.parts,
                                    w->out + SNAP_CHUNK_HEADER_SIZE,
                                    w->out_size - SNAP_CHUNK_HEADER_SIZE);
    struct chunk_header h = {
        .kind = rows->kind,
        .codec = stored_size ? CHUNK_ZSTD : CHUNK_STORED,
        .flags = rows->required ? CHUNK_REQUIRED : 0,
        .stored_size = (uint32_t)(stored_size ? stored_size : payload.size),
        .raw_size = (uint32_t)payload.size,
        .rows = rows->count,
        .snapshot = rows->snapshot,
        .first = rows->first,
        .sequence = w->sequence++,
    };
    if (stored_size) at = w->out;
    h.checksum = checksum64(at + SNAP_CHUNK_HEADER_SIZE, h.stored_size);
    chunk_header_put(at, &h);
    if (h.kind != SNAP_KIND_INDEX && h.kind != SNAP_KIND_TOTAL) {
        note_in_index(w, &h);
        w->total_chunks[h.kind]++;
        w->total_raw[h.kind] += h.raw_size;
        w->total_stored[h.kind] += h.stored_size;
    }
    snap_status status = write_bytes(w, at, SNAP_CHUNK_HEADER_SIZE + (size_t)h.stored_size);
    rows_reset(rows); /* a stored payload lies in their memory until here */
    return status;
}

static snap_status write_index(snap_writer *w)
{
    struct rows *index = &w->rows[SNAP_KIND_INDEX];
    uint64_t offset = w->offset;
    index->first = w->index_offset;
    STATUS_RETURN_IF_ERROR(write_chunk(w, index));
    w->index_offset = offset;
    return SNAP_OK;
}

static snap_status close_one(snap_writer *w, unsigned kind)
{
    struct rows *rows = &w->rows[kind];
    if (rows->count == 0) return SNAP_OK;
    if (kind == SNAP_KIND_EDGE) w->chunk_source = UINT64_MAX;
    STATUS_RETURN_IF_ERROR(write_chunk(w, rows));
    if (w->rows[SNAP_KIND_INDEX].count < CHUNK_INDEX_EVERY) return SNAP_OK;
    return write_index(w);
}

snap_status writer_close_chunk(snap_writer *w, unsigned kind)
{
    int refers = kind != SNAP_KIND_SAMPLE && kind != SNAP_KIND_COUNTER &&
                 kind != SNAP_KIND_METADATA && kind != SNAP_KIND_LABEL;
    for (unsigned i = 0; refers && i < REFERABLE && order[i] != kind; i++) {
        STATUS_RETURN_IF_ERROR(close_one(w, order[i]));
    }
    return close_one(w, kind);
}

snap_status writer_close_all(snap_writer *w)
{
    for (unsigned i = 0; i < sizeof order; i++) STATUS_RETURN_IF_ERROR(close_one(w, order[i]));
    return SNAP_OK;
}

snap_status writer_check_age(snap_writer *w)
{
    uint64_t now = w->clock(w->clock_opaque, 1);
    w->age_countdown = WRITER_AGE_ROWS;
    if (now - w->last_flush < w->max_age) return SNAP_OK;
    w->last_flush = now;
    return writer_close_all(w);
}

/* `first` of a chunk that is opened now, by the table in the specification, section 3.2. */
static uint64_t first_of(const snap_writer *w, unsigned kind)
{
    if (schema_of(kind)->definition) return w->next_id[kind];
    return w->snapshot ? w->snapshot_rows[kind] : w->file_rows[kind];
}

static int belongs_to_file(unsigned kind)
{
    return schema_of(kind)->definition && kind != SNAP_KIND_THREAD;
}

snap_status writer_open_row(snap_writer *w, unsigned kind, size_t bytes)
{
    struct rows *rows = &w->rows[kind];
    int full = rows->count == rows->room;
    for (unsigned i = 0; i < rows->n_columns && bytes; i++) {
        if (rows->column[i].flags & SCHEMA_BYTES) full |= !rows_fits(rows, i, bytes);
    }
    if (full) STATUS_RETURN_IF_ERROR(writer_close_chunk(w, kind));
    STATUS_RETURN_IF_ERROR(writer_age(w, 1));
    if (rows->count == 0) {
        rows->first = first_of(w, kind);
        rows->snapshot = belongs_to_file(kind) ? 0 : w->snapshot;
    }
    if (w->snapshot) w->snapshot_rows[kind]++;
    else w->file_rows[kind]++;
    return SNAP_OK;
}

static void put_totals(snap_writer *w, struct rows *total)
{
    for (unsigned kind = 1; kind <= SNAP_KIND_LAST; kind++) {
        if (w->total_chunks[kind] == 0) continue;
        rows_put(total, 0, kind);
        rows_put(total, 1, w->total_chunks[kind]);
        rows_put(total, 2, w->total_rows[kind]);
        rows_put(total, 3, w->total_raw[kind]);
        rows_put(total, 4, w->total_stored[kind]);
        rows_next(total);
    }
}

snap_status writer_finish_file(snap_writer *w)
{
    uint8_t trailer[SNAP_TRAILER_SIZE];
    STATUS_RETURN_IF_ERROR(writer_close_all(w));
    if (w->rows[SNAP_KIND_INDEX].count > 0) STATUS_RETURN_IF_ERROR(write_index(w));
    uint64_t total_offset = w->offset;
    put_totals(w, &w->rows[SNAP_KIND_TOTAL]);
    STATUS_RETURN_IF_ERROR(write_chunk(w, &w->rows[SNAP_KIND_TOTAL]));
    chunk_trailer_put(trailer, w->index_offset, total_offset);
    return write_bytes(w, trailer, sizeof trailer);
}
