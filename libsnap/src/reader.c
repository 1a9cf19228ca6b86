/* SPDX-License-Identifier: MIT */
/*
 * The walk over a file's chunks. One allocation at the start (reader and decompressor); buffers for
 * payloads grow to what the largest chunk needs, which the format bounds. O(bytes).
 */
#include "reader_impl.h"

#include <string.h>

#include "alloc.h"
#include "checksum.h"
#include "status.h"

snap_status reader_fail(snap_reader *r, snap_status code, int os_errno, uint64_t offset,
                        const char *text)
{
    r->status = status_set(&r->error, code, os_errno, offset, text);
    return r->status;
}

snap_status reader_window(snap_reader *r, uint64_t offset, size_t size, const uint8_t **data,
                          size_t *got)
{
    int os_errno;
    snap_status status = source_window(&r->source, offset, size, data, got, &os_errno);
    if (status == SNAP_E_MEMORY) {
        return reader_fail(r, status, 0, offset, "no memory for a chunk");
    }
    if (status != SNAP_OK) {
        return reader_fail(r, status, os_errno, offset, "the input could not be read");
    }
    return SNAP_OK;
}

static snap_status read_options(snap_reader_options *to, const snap_reader_options *from,
                                snap_error *err)
{
    memset(to, 0, sizeof *to);
    if (!from) return SNAP_OK;
    if (from->size < sizeof from->size) {
        return status_set(err, SNAP_E_MISUSE, 0, STATUS_NOWHERE, "the options have no size");
    }
    memcpy(to, from, from->size < sizeof *to ? from->size : sizeof *to);
    return SNAP_OK;
}

/* A reader without a source; NULL with *err filled in. */
static snap_reader *reader_new(const snap_reader_options *o, snap_error *err)
{
    snap_allocator allocator = alloc_choose(o->allocator);
    size_t own = (sizeof(snap_reader) + 63) & ~(size_t)63;
    size_t unpacker = chunk_unpacker_memory();
    uint8_t *memory = alloc_take(&allocator, own + unpacker);
    if (!memory) {
        status_set(err, SNAP_E_MEMORY, 0, STATUS_NOWHERE, "no memory for a reader");
        goto err0;
    }
    snap_reader *r = (snap_reader *)(void *)memory;
    memset(r, 0, sizeof *r);
    r->allocator = allocator;
    r->memory = own + unpacker;
    r->batch.allocator = allocator;
    r->strict = o->strict;
    r->kinds = o->kinds;
    if (r->kinds == 0) {
        r->kinds = ~(((uint64_t)1 << SNAP_KIND_INDEX) | ((uint64_t)1 << SNAP_KIND_TOTAL));
    }
    r->on_damage = o->on_damage;
    r->opaque = o->opaque;
    r->summary.first_damage = STATUS_NOWHERE;
    if (chunk_unpacker_init(&r->unpacker, memory + own, unpacker)) {
        status_set(err, SNAP_E_UNSUPPORTED, 0, STATUS_NOWHERE,
                   "this zstd does not decompress in the memory that it asked for");
        goto err1;
    }
    return r;

err1:
    alloc_give(&allocator, memory, own + unpacker);
err0:
    return NULL;
}

/* Frees the reader's own memory, the source aside. */
static void reader_free(snap_reader *r)
{
    snap_allocator allocator = r->allocator;
    batch_free(&r->batch);
    alloc_give(&allocator, r->raw, r->raw_room);
    alloc_give(&allocator, r->index, r->index_room * sizeof *r->index);
    alloc_give(&allocator, r, r->memory);
}

static snap_status read_file_header(snap_reader *r, snap_error *err)
{
    const uint8_t *data;
    size_t got;
    if (reader_window(r, 0, SNAP_FILE_HEADER_SIZE, &data, &got) != SNAP_OK) {
        *err = r->error;
        return r->status;
    }
    r->offset = SNAP_FILE_HEADER_SIZE;
    return chunk_file_header_get(data, got, &r->info.major, &r->info.minor, r->info.uuid, err);
}

/* The part that all ways of opening share. */
struct origin {
    const char *path;
    const snap_source *callback;
    const void *data;
    size_t size;
    int fd;
};

static snap_status attach(snap_reader *r, const struct origin *o, snap_error *err)
{
    int error = 0;
    if (o->path) error = source_from_path(&r->source, o->path, &r->allocator);
    else if (o->callback) source_from_callback(&r->source, o->callback, &r->allocator);
    else if (o->fd >= 0) error = source_from_fd(&r->source, o->fd, &r->allocator);
    else source_from_memory(&r->source, o->data, o->size);
    if (error == 0) return SNAP_OK;
    return status_set(err, SNAP_E_IO, error, STATUS_NOWHERE, "the input cannot be opened");
}

static snap_status reader_open(snap_reader **reader, const struct origin *origin,
                               const snap_reader_options *options, snap_error *err)
{
    snap_reader_options o;
    snap_error local;
    if (!err) err = &local;
    *reader = NULL;
    snap_status status = read_options(&o, options, err);
    if (status != SNAP_OK) goto err0;
    snap_reader *r = reader_new(&o, err);
    if (!r) {
        status = err->code;
        goto err0;
    }
    status = attach(r, origin, err);
    if (status != SNAP_OK) goto err1;
    status = read_file_header(r, err);
    if (status != SNAP_OK) goto err2;
    *reader = r;
    return SNAP_OK;

err2:
    source_close(&r->source);
err1:
    reader_free(r);
err0:
    return status;
}

snap_status snap_reader_open_path(snap_reader **reader, const char *path,
                                  const snap_reader_options *options, snap_error *err)
{
    return reader_open(reader, &(struct origin){ .path = path, .fd = -1 }, options, err);
}

snap_status snap_reader_open_fd(snap_reader **reader, int fd, const snap_reader_options *options,
                                snap_error *err)
{
    *reader = NULL;
    if (fd < 0) return status_set(err, SNAP_E_MISUSE, 0, STATUS_NOWHERE, "no descriptor");
    return reader_open(reader, &(struct origin){ .fd = fd }, options, err);
}

snap_status snap_reader_open_memory(snap_reader **reader, const void *data, size_t size,
                                    const snap_reader_options *options, snap_error *err)
{
    return reader_open(reader, &(struct origin){ .data = data, .size = size, .fd = -1 }, options,
                       err);
}

snap_status snap_reader_open_source(snap_reader **reader, const snap_source *source,
                                    const snap_reader_options *options, snap_error *err)
{
    return reader_open(reader, &(struct origin){ .callback = source, .fd = -1 }, options, err);
}

void snap_reader_close(snap_reader *r)
{
    if (!r) return;
    source_close(&r->source);
    reader_free(r);
}

void snap_reader_info(const snap_reader *r, snap_file_info *info)
{
    *info = r->info;
}

void snap_reader_get_summary(const snap_reader *r, snap_reader_summary *summary)
{
    *summary = r->summary;
    summary->complete = r->closed_well && r->summary.damaged == 0 && !r->sought;
    summary->bytes = r->offset;
}

static snap_status make_raw_room(snap_reader *r, size_t size)
{
    if (size <= r->raw_room) return SNAP_OK;
    alloc_give(&r->allocator, r->raw, r->raw_room);
    r->raw_room = 0;
    r->raw = alloc_take(&r->allocator, size);
    if (!r->raw) return SNAP_E_MEMORY;
    r->raw_room = size;
    return SNAP_OK;
}

snap_status reader_decode(snap_reader *r, const struct chunk_header *h, uint64_t offset,
                          const char **text, uint64_t *at)
{
    const uint8_t *payload;
    size_t got;
    size_t place = 0;
    *at = offset;
    STATUS_RETURN_IF_ERROR(reader_window(r, offset + SNAP_CHUNK_HEADER_SIZE, h->stored_size,
                                         &payload, &got));
    *text = "the file ends within a chunk";
    if (got < h->stored_size) return SNAP_E_TRUNCATED;
    *text = "the checksum of a chunk's payload differs";
    if (checksum64(payload, got) != h->checksum) return SNAP_E_CORRUPT;
    if (h->codec == CHUNK_ZSTD) {
        if (make_raw_room(r, h->raw_size) != SNAP_OK) {
            return reader_fail(r, SNAP_E_MEMORY, 0, offset, "no memory for a chunk");
        }
        *text = "a chunk does not decompress to the size that it claims";
        if (chunk_unpack(&r->unpacker, payload, got, r->raw, h->raw_size)) return SNAP_E_CORRUPT;
        payload = r->raw;
    }
    r->batch.offset = offset;
    snap_status status = batch_decode(&r->batch, h, payload, text, &place);
    if (status == SNAP_E_MEMORY) return reader_fail(r, status, 0, offset, *text);
    /* Within a stored payload the place is known; within a compressed one it has no file offset. */
    if (h->codec == CHUNK_STORED) *at = offset + SNAP_CHUNK_HEADER_SIZE + place;
    return status;
}

/* Rules that headers keep among each other. NULL, or what is wrong. */
static const char *check_order(snap_reader *r, const struct chunk_header *h)
{
    const struct schema_kind *schema = schema_of(h->kind);
    if (!r->fresh && h->sequence < r->sequence) return "a chunk stands in the file twice";
    if (!schema) return NULL;
    if ((schema->scope == SCHEMA_FILE && h->snapshot) ||
        (schema->scope == SCHEMA_SNAPSHOT && !h->snapshot)) {
        return "a chunk's snapshot number contradicts its kind";
    }
    if (!schema->definition) return NULL;
    if (h->first == 0 || h->first > UINT64_MAX - h->rows) return "a chunk's ids are out of range";
    /* The parts of a string follow each other under one id. */
    uint64_t least = r->next_id[h->kind];
    if (h->kind == SNAP_KIND_STRING && h->rows == 1 && least) least--;
    return h->first < least ? "the ids of definitions do not rise" : NULL;
}

/* Counts a whole chunk that is passed, wanted or not. */
static void pass(snap_reader *r, const struct chunk_header *h, uint64_t offset)
{
    r->summary.chunks++;
    if (!r->fresh) r->summary.lost_chunks += h->sequence - r->sequence;
    r->sequence = h->sequence + 1;
    r->fresh = 0;
    r->in_gap = 0;
    if (h->kind > SNAP_KIND_LAST) return;
    r->seen_chunks[h->kind]++;
    r->seen_rows[h->kind] += h->rows;
    r->seen_raw[h->kind] += h->raw_size;
    r->seen_stored[h->kind] += h->stored_size;
    r->next_id[h->kind] = h->first + h->rows;
    if (h->kind == SNAP_KIND_INDEX) r->index_offset = offset;
    if (h->kind == SNAP_KIND_TOTAL) r->total_offset = offset;
}

/* Steps over the chunk whose header is whole and whose payload is not. */
static snap_status step_over(snap_reader *r, const struct chunk_header *h, uint64_t offset)
{
    uint64_t next = offset + SNAP_CHUNK_HEADER_SIZE + h->stored_size;
    int yes;
    STATUS_RETURN_IF_ERROR(reader_is_boundary(r, next, &yes));
    /* Where bytes are missing from the payload, its length leads astray: look for the next chunk
     * from the payload's start on. */
    if (!yes) return reader_resync(r, offset + SNAP_CHUNK_HEADER_SIZE);
    r->offset = next;
    r->sequence = h->sequence + 1;
    r->fresh = 0;
    r->summary.lost_chunks++;
    return SNAP_OK;
}

/* Damage that concerns one chunk: told, then stepped over. */
static snap_status bad_chunk(snap_reader *r, const struct chunk_header *h, uint64_t offset,
                             snap_status code, uint64_t at, const char *text)
{
    if (code == SNAP_E_UNSUPPORTED && (h->flags & CHUNK_REQUIRED)) {
        return reader_fail(r, code, 0, at, text);
    }
    STATUS_RETURN_IF_ERROR(reader_damage(r, code, at, text));
    if (code == SNAP_E_TRUNCATED) return reader_resync(r, offset + SNAP_CHUNK_HEADER_SIZE);
    return step_over(r, h, offset);
}

static snap_status unknown_kind(snap_reader *r, const struct chunk_header *h, uint64_t offset)
{
    if (h->flags & CHUNK_REQUIRED) {
        r->status = status_set_number(&r->error, SNAP_E_NEWER, offset, "a chunk of kind ", h->kind,
                                      ", which this library does not know, is marked required");
        return r->status;
    }
    r->offset = offset + SNAP_CHUNK_HEADER_SIZE + h->stored_size;
    pass(r, h, offset);
    return SNAP_OK;
}

/* Takes the chunk at r->offset. *wanted tells whether the batch is to be delivered. */
static snap_status take_chunk(snap_reader *r, const struct chunk_header *h, int *wanted)
{
    uint64_t offset = r->offset;
    uint64_t at;
    const char *text = check_order(r, h);
    *wanted = 0;
    if (text) return bad_chunk(r, h, offset, SNAP_E_CORRUPT, offset, text);
    if (!r->fresh && h->sequence > r->sequence && !r->in_gap) {
        STATUS_RETURN_IF_ERROR(
            reader_damage(r, SNAP_E_CORRUPT, offset, "chunks are missing before this place"));
    }
    if (!schema_of(h->kind)) return unknown_kind(r, h, offset);
    int want = (r->kinds >> h->kind & 1) != 0;
    if (want || h->kind == SNAP_KIND_TOTAL) {
        snap_status status = reader_decode(r, h, offset, &text, &at);
        if (r->status != SNAP_OK) return r->status;
        if (status != SNAP_OK) return bad_chunk(r, h, offset, status, at, text);
    }
    r->offset = offset + SNAP_CHUNK_HEADER_SIZE + h->stored_size;
    pass(r, h, offset);
    if (h->kind == SNAP_KIND_TOTAL) STATUS_RETURN_IF_ERROR(reader_check_total(r));
    *wanted = want;
    return SNAP_OK;
}

/* One step of the walk: a chunk, a piece of damage, or the end. */
static snap_status step(snap_reader *r, int *wanted)
{
    const uint8_t *data;
    size_t got;
    struct chunk_header h;
    const char *text;
    *wanted = 0;
    STATUS_RETURN_IF_ERROR(reader_window(r, r->offset, SNAP_CHUNK_HEADER_SIZE, &data, &got));
    if (got < SNAP_CHUNK_HEADER_SIZE) return reader_end(r);
    switch (chunk_header_get(data, &h, &text)) {
    case CHUNK_GOOD: return take_chunk(r, &h, wanted);
    case CHUNK_UNSUPPORTED: return bad_chunk(r, &h, r->offset, SNAP_E_UNSUPPORTED, r->offset, text);
    case CHUNK_LIMIT: return bad_chunk(r, &h, r->offset, SNAP_E_LIMIT, r->offset, text);
    case CHUNK_NOT: break;
    }
    return reader_end(r);
}

snap_status snap_reader_next(snap_reader *r, const snap_batch **batch, snap_error *err)
{
    int wanted = 0;
    *batch = NULL;
    while (r->status == SNAP_OK && !wanted) {
        snap_status status = step(r, &wanted);
        if (status != SNAP_OK) r->status = status;
    }
    if (r->status == SNAP_OK) *batch = &r->batch;
    else if (r->status != SNAP_END && err) *err = r->error;
    return r->status;
}
