/* SPDX-License-Identifier: MIT */
/*
 * From a payload to columns of plain numbers. Nothing in the payload is believed: the directory is
 * checked as a whole first, then each column is decoded within its bounds, then what the kind
 * demands is checked. O(bytes of the payload + rows * columns).
 */
#include "batch_impl.h"

#include <string.h>

#include "alloc.h"
#include "bytes.h"
#include "column.h"
#include "status.h"
#include "varint.h"

/* A column of the directory that the library knows. */
struct entry {
    const uint8_t *data;
    size_t size;
    uint8_t encoding;
    uint8_t there;
};

struct decoder {
    struct snap_batch *batch;
    const uint8_t *payload;
    const uint8_t *end;
    struct entry entry[SCHEMA_MAX_COLUMNS];
    const char **text;
    size_t *at;
};

static snap_status fail(const struct decoder *d, snap_status status, const uint8_t *at,
                        const char *text)
{
    *d->text = text;
    *d->at = (size_t)(at - d->payload);
    return status;
}

/* Reads the directory; places are set when all lengths are known. */
static snap_status read_directory(struct decoder *d)
{
    struct snap_batch *b = d->batch;
    const uint8_t *p = d->payload;
    size_t length[SNAP_MAX_COLUMNS];
    uint8_t encoding[SNAP_MAX_COLUMNS];
    uint64_t n, id, last = 0;
    p = varint_get(p, d->end, &n);
    if (!p || n > SNAP_MAX_COLUMNS) {
        return fail(d, SNAP_E_CORRUPT, d->payload, "the directory of columns is damaged");
    }
    for (uint64_t i = 0; i < n; i++) {
        const uint8_t *start = p;
        uint64_t size = 0;
        p = varint_get(p, d->end, &id);
        if (p && p < d->end) {
            encoding[i] = *p++;
            p = varint_get(p, d->end, &size);
        } else {
            p = NULL;
        }
        if (!p || id <= last || id > UINT16_MAX || size > (uint64_t)(d->end - d->payload)) {
            return fail(d, SNAP_E_CORRUPT, start, "the directory of columns is damaged");
        }
        length[i] = (size_t)size;
        last = id;
        b->id[i] = (uint16_t)id;
    }
    b->n_ids = (unsigned)n;
    for (uint64_t i = 0; i < n; i++) {
        if (length[i] > (size_t)(d->end - p)) {
            return fail(d, SNAP_E_CORRUPT, p, "a column is longer than the chunk");
        }
        int known = schema_find(b->schema, b->id[i]);
        if (known >= 0) d->entry[known] = (struct entry){ p, length[i], encoding[i], 1 };
        p += length[i];
    }
    if (p != d->end) return fail(d, SNAP_E_CORRUPT, p, "the chunk is longer than its columns");
    return SNAP_OK;
}

/* Takes memory for the values of all columns that are there, and for the positions of edges. */
static snap_status make_room(struct decoder *d)
{
    struct snap_batch *b = d->batch;
    size_t columns = b->header.kind == SNAP_KIND_EDGE;
    for (unsigned i = 0; i < b->schema->n_columns; i++) columns += d->entry[i].there;
    size_t size = columns * ((size_t)b->header.rows + 1) * sizeof(uint64_t);
    if (size <= b->memory_size) return SNAP_OK;
    alloc_give(&b->allocator, b->memory, b->memory_size);
    b->memory_size = 0;
    b->memory = alloc_take(&b->allocator, size);
    if (!b->memory) return fail(d, SNAP_E_MEMORY, d->payload, "no memory for a chunk");
    b->memory_size = size;
    return SNAP_OK;
}

/* Checks a presence bitmap and counts its bits; 0 where it is damaged. */
static uint32_t count_present(const uint8_t *bits, uint32_t rows)
{
    uint32_t n = 0;
    uint32_t size = (rows + 7) / 8;
    if (rows % 8 && bits[size - 1] >> rows % 8) return 0;
    uint32_t i = 0;
    for (; i + 8 <= size; i += 8) n += (uint32_t)__builtin_popcountll(bytes_get64(bits + i));
    for (; i < size; i++) n += (uint32_t)__builtin_popcount(bits[i]);
    return n;
}

/* Spreads packed values over the rows that have one, from the back, so that it works in place. */
static void spread(uint64_t *values, const uint8_t *bits, uint32_t rows, uint32_t n)
{
    for (uint32_t i = rows; i-- > 0;) {
        int has = bits[i >> 3] >> (i & 7) & 1;
        n -= (uint32_t)has;
        values[i] = values[n] & (0 - (uint64_t)has);
    }
}

/* From the lengths of all rows to their offsets; the bytes must end where the column does. */
static snap_status place_bytes(struct decoder *d, const struct schema_column *c, uint64_t *values,
                               const uint8_t *bytes, const uint8_t *end)
{
    uint32_t rows = d->batch->header.rows;
    uint64_t limit = (uint64_t)1 << c->bits;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < rows; i++) {
        uint64_t length = values[i];
        if (length > limit) {
            return fail(d, SNAP_E_LIMIT, bytes, "a text is longer than the format allows");
        }
        values[i] = sum;
        sum += length;
    }
    values[rows] = sum;
    if (sum != (uint64_t)(end - bytes)) {
        return fail(d, SNAP_E_CORRUPT, bytes, "the lengths of texts do not add up");
    }
    return SNAP_OK;
}

static snap_status decode_numbers(struct decoder *d, const struct schema_column *c,
                                  const struct entry *e, const uint8_t *p, uint64_t *values,
                                  uint32_t n)
{
    uint64_t all;
    size_t size = (size_t)(e->data + e->size - p);
    if (column_decode(p, size, e->encoding & 0x1f, values, n, &all)) {
        return fail(d, SNAP_E_CORRUPT, p, "a column does not hold as many numbers as rows");
    }
    if (c->bits < 64 && all >> c->bits) {
        return fail(d, SNAP_E_LIMIT, p, "a number is larger than its column allows");
    }
    return SNAP_OK;
}

static snap_status decode_bytes(struct decoder *d, const struct schema_column *c,
                                const struct entry *e, const uint8_t *p, uint64_t *values,
                                uint32_t n, struct batch_column *out)
{
    const uint8_t *end = e->data + e->size;
    for (uint32_t i = 0; i < n && p; i++) p = varint_get(p, end, &values[i]);
    if (!p) return fail(d, SNAP_E_CORRUPT, e->data, "the lengths of texts are damaged");
    if (out->present) spread(values, out->present, d->batch->header.rows, n);
    out->bytes = (const char *)p;
    return place_bytes(d, c, values, p, end);
}

static snap_status check_encoding(const struct decoder *d, const struct schema_column *c,
                                  const struct entry *e)
{
    unsigned encoding = e->encoding & 0x1f;
    if ((e->encoding & COLUMN_RESERVED) || encoding < COLUMN_CONSTANT || encoding > COLUMN_LAST) {
        return fail(d, SNAP_E_UNSUPPORTED, e->data, "a column has an unknown encoding");
    }
    if ((encoding == COLUMN_BYTES) != ((c->flags & SCHEMA_BYTES) != 0)) {
        return fail(d, SNAP_E_CORRUPT, e->data, "a column has the wrong sort of encoding");
    }
    if ((e->encoding & COLUMN_SPARSE) && !(c->flags & SCHEMA_SPARSE)) {
        return fail(d, SNAP_E_CORRUPT, e->data, "a column lacks values that it must have");
    }
    return SNAP_OK;
}

static snap_status decode_column(struct decoder *d, unsigned i, uint64_t *values)
{
    const struct schema_column *c = &d->batch->schema->column[i];
    const struct entry *e = &d->entry[i];
    struct batch_column *out = &d->batch->column[i];
    uint32_t rows = d->batch->header.rows;
    uint32_t n = rows;
    const uint8_t *p = e->data;
    STATUS_RETURN_IF_ERROR(check_encoding(d, c, e));
    if (e->encoding & COLUMN_SPARSE) {
        size_t size = ((size_t)rows + 7) / 8;
        n = size <= e->size ? count_present(p, rows) : 0;
        if (n == 0) return fail(d, SNAP_E_CORRUPT, p, "the bitmap of a column is damaged");
        out->present = n < rows ? p : NULL;
        p += size;
    }
    out->values = values;
    if (c->flags & SCHEMA_BYTES) return decode_bytes(d, c, e, p, values, n, out);
    STATUS_RETURN_IF_ERROR(decode_numbers(d, c, e, p, values, n));
    if (out->present) spread(values, out->present, rows, n);
    return SNAP_OK;
}

/* Gives every edge its position (specification, section 5.11). */
static void fill_positions(struct snap_batch *b, uint64_t *positions)
{
    struct batch_column *index = &b->column[7];
    const uint64_t *source = b->column[0].values;
    uint32_t rows = b->header.rows;
    uint64_t next = 0;
    for (uint32_t i = 0; i < rows; i++) {
        if (i && source[i] != source[i - 1]) next = 0;
        if (index->values &&
            (!index->present || index->present[i >> 3] >> (i & 7) & 1)) next = index->values[i];
        positions[i] = next++;
    }
    index->values = positions;
    index->present = NULL;
}

/* What a kind demands beyond its columns one by one. */
static snap_status check_kind(const struct decoder *d)
{
    const struct snap_batch *b = d->batch;
    const struct batch_column *c = b->column;
    uint32_t rows = b->header.rows;
    for (unsigned i = 0; i < b->schema->n_columns; i++) {
        if ((b->schema->column[i].flags & SCHEMA_NEEDED) && !c[i].values) {
            return fail(d, SNAP_E_CORRUPT, d->payload, "a column that the kind needs is missing");
        }
    }
    switch (b->header.kind) {
    case SNAP_KIND_EDGE:
        if (!c[1].values == !c[2].values) {
            return fail(d, SNAP_E_CORRUPT, d->payload, "edges need exactly one column of targets");
        }
        break;
    case SNAP_KIND_ROOT:
        if (!c[0].values == !c[1].values) {
            return fail(d, SNAP_E_CORRUPT, d->payload, "roots need exactly one column of objects");
        }
        break;
    case SNAP_KIND_STRING:
        if (c[1].values && rows != 1) {
            return fail(d, SNAP_E_CORRUPT, d->payload, "a part of a string is not alone");
        }
        if (c[1].values && c[2].values && c[2].values[0] > SNAP_MAX_STRING) {
            return fail(d, SNAP_E_LIMIT, d->payload, "a string is longer than the format allows");
        }
        break;
    case SNAP_KIND_BEGIN:
    case SNAP_KIND_FINISH:
        if (rows != 1) {
            return fail(d, SNAP_E_CORRUPT, d->payload, "a snapshot begins or ends more than once");
        }
        break;
    }
    return SNAP_OK;
}

snap_status batch_decode(struct snap_batch *b, const struct chunk_header *header,
                         const uint8_t *payload, const char **text, size_t *at)
{
    struct decoder d = { .batch = b, .payload = payload, .end = payload + header->raw_size,
                         .text = text, .at = at };
    b->header = *header;
    b->schema = schema_of(header->kind);
    b->n_ids = 0;
    memset(b->column, 0, sizeof b->column);
    STATUS_RETURN_IF_ERROR(read_directory(&d));
    STATUS_RETURN_IF_ERROR(make_room(&d));
    uint64_t *values = b->memory;
    for (unsigned i = 0; i < b->schema->n_columns; i++) {
        if (!d.entry[i].there) continue;
        STATUS_RETURN_IF_ERROR(decode_column(&d, i, values));
        values += (size_t)header->rows + 1;
    }
    STATUS_RETURN_IF_ERROR(check_kind(&d));
    if (header->kind == SNAP_KIND_EDGE) fill_positions(b, values);
    return SNAP_OK;
}

void batch_free(struct snap_batch *b)
{
    alloc_give(&b->allocator, b->memory, b->memory_size);
    b->memory = NULL;
    b->memory_size = 0;
}
