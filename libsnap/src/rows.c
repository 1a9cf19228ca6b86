/* SPDX-License-Identifier: MIT */
/*
 * Open chunks: memory layout, encoding to a payload in place. O(rows) a chunk, no allocation.
 */
#include "rows.h"

#include "bytes.h"
#include "column.h"
#include "varint.h"

static size_t bitmap_size(uint32_t room)
{
    return ((size_t)room + 63) / 64 * 8;
}

/* Values are read ahead by vector code nowhere, but rows_put_if writes one beyond the last. */
static size_t values_size(uint32_t room)
{
    return ((size_t)room + 1) * 8;
}

static size_t round8(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

size_t rows_memory(unsigned kind, uint32_t room, uint32_t bytes_room)
{
    const struct schema_kind *schema = schema_of(kind);
    size_t size = ROWS_HEAD;
    for (unsigned i = 0; i < schema->n_columns; i++) {
        size += bitmap_size(room) + COLUMN_SLACK + values_size(room);
        if (schema->column[i].flags & SCHEMA_BYTES) size += round8(bytes_room);
    }
    return size;
}

void rows_init(struct rows *rows, unsigned kind, uint32_t room, uint32_t bytes_room, void *memory)
{
    const struct schema_kind *schema = schema_of(kind);
    uint8_t *at = memory;
    memset(rows, 0, sizeof *rows);
    rows->memory = at;
    rows->room = room;
    rows->kind = (uint16_t)kind;
    rows->n_columns = schema->n_columns;
    rows->required = schema->required;
    at += ROWS_HEAD;
    for (unsigned i = 0; i < schema->n_columns; i++) {
        struct rows_column *c = &rows->column[i];
        c->id = schema->column[i].id;
        c->flags = schema->column[i].flags;
        c->bits = (uint64_t *)(void *)at;
        at += bitmap_size(room) + COLUMN_SLACK;
        c->values = (uint64_t *)(void *)at;
        at += values_size(room);
        if (c->flags & SCHEMA_BYTES) {
            c->bytes = at;
            c->bytes_room = bytes_room;
            at += round8(bytes_room);
        }
    }
    if (kind == SNAP_KIND_EDGE) {
        rows->column[schema_find(schema, SNAP_COL_EDGE_SOURCE)].length =
            rows->column[schema_find(schema, SNAP_COL_EDGE_TARGET_ORDINAL)].values;
    }
    rows_reset(rows);
}

void rows_reset(struct rows *rows)
{
    rows->count = 0;
    for (unsigned i = 0; i < rows->n_columns; i++) {
        struct rows_column *c = &rows->column[i];
        c->n = 0;
        c->bytes_used = 0;
        memset(c->bits, 0, bitmap_size(rows->room));
    }
}

uint8_t *rows_put_bytes(struct rows *rows, unsigned column, size_t size)
{
    struct rows_column *c = &rows->column[column];
    uint8_t *to = c->bytes + c->bytes_used;
    rows_put(rows, column, size);
    c->bytes_used += (uint32_t)size;
    return to;
}

static int all_zero(const uint64_t *values, size_t n)
{
    uint64_t all = 0;
    for (size_t i = 0; i < n; i++) all |= values[i];
    return all == 0;
}

/* Lengths as varints, then the bytes; both move towards the front. */
static size_t encode_bytes(const struct rows_column *c, uint8_t *to)
{
    uint8_t *p = to;
    for (uint32_t i = 0; i < c->n; i++) p = varint_put(p, c->values[i]);
    memmove(p, c->bytes, c->bytes_used);
    return (size_t)(p - to) + c->bytes_used;
}

/* From runs to one value a row, from the back, so that it works in place. */
static void expand_runs(struct rows_column *c, uint32_t rows)
{
    uint32_t row = rows;
    for (uint32_t i = c->n; i-- > 0;) {
        uint64_t value = c->values[i];
        for (uint64_t k = c->length[i]; k > 0; k--) c->values[--row] = value;
    }
}

static size_t encode_runs(struct rows_column *c, uint32_t rows, uint8_t *to, uint8_t *encoding)
{
    uint64_t all = 0;
    for (uint32_t i = 0; i < c->n; i++) all |= c->values[i];
    if (all < COLUMN_RUN_LIMIT) return column_encode_runs(c->values, c->length, c->n, to, encoding);
    expand_runs(c, rows);
    return column_encode(c->values, rows, to, encoding);
}

static size_t encode_column(struct rows_column *c, uint32_t rows, uint8_t *to, uint8_t *encoding)
{
    size_t size = 0;
    if (c->length) return encode_runs(c, rows, to, encoding);
    if (c->n < rows) {
        /* The words are read before anything is written over them: `to` <= bits. */
        size = ((size_t)rows + 7) / 8;
        if (BYTES_SWAP) {
            size_t words = ((size_t)rows + 63) / 64;
            for (size_t i = 0; i < words; i++) c->bits[i] = bytes_swap64(c->bits[i]);
        }
        memmove(to, c->bits, size);
    }
    if (c->flags & SCHEMA_BYTES) {
        *encoding = COLUMN_BYTES;
        size += encode_bytes(c, to + size);
    } else {
        size += column_encode(c->values, c->n, to + size, encoding);
    }
    if (c->n < rows) *encoding |= COLUMN_SPARSE;
    return size;
}

void rows_encode(struct rows *rows, struct rows_payload *payload)
{
    uint8_t directory[ROWS_HEAD - SNAP_CHUNK_HEADER_SIZE];
    uint8_t *d = directory + 1; /* the count is below 128: one byte */
    uint8_t *start = rows->memory + ROWS_HEAD;
    uint8_t *end = start;
    unsigned parts = 1;
    for (unsigned i = 0; i < rows->n_columns; i++) {
        struct rows_column *c = &rows->column[i];
        if (c->n == 0) continue;
        if ((c->flags & SCHEMA_DEFAULT0) && all_zero(c->values, c->n)) continue;
        uint8_t encoding;
        size_t size = encode_column(c, rows->count, end, &encoding);
        d = varint_put(d, c->id);
        *d++ = encoding;
        d = varint_put(d, size);
        end += size;
        payload->end[parts++] = (size_t)(end - start);
    }
    directory[0] = (uint8_t)(parts - 1);
    size_t directory_size = (size_t)(d - directory);
    payload->bytes = start - directory_size;
    memcpy(payload->bytes, directory, directory_size);
    payload->end[0] = 0;
    payload->parts = parts;
    for (unsigned i = 0; i < parts; i++) payload->end[i] += directory_size;
    payload->size = payload->end[parts - 1];
}
