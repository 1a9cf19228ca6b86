/* SPDX-License-Identifier: MIT */
/*
 * Looking at a decoded chunk: by column, and by row as structures. O(1) each.
 */
#include "batch_impl.h"

#include <string.h>

#include "varint.h"

unsigned snap_batch_kind(const snap_batch *b)
{
    return b->header.kind;
}

uint32_t snap_batch_rows(const snap_batch *b)
{
    return b->header.rows;
}

uint32_t snap_batch_snapshot(const snap_batch *b)
{
    return b->header.snapshot;
}

uint64_t snap_batch_first(const snap_batch *b)
{
    return b->header.first;
}

uint64_t snap_batch_offset(const snap_batch *b)
{
    return b->offset;
}

uint64_t snap_batch_raw_size(const snap_batch *b)
{
    return b->header.raw_size;
}

uint64_t snap_batch_stored_size(const snap_batch *b)
{
    return b->header.stored_size;
}

size_t snap_batch_columns(const snap_batch *b, unsigned *ids, size_t n)
{
    for (size_t i = 0; i < n && i < b->n_ids; i++) ids[i] = b->id[i];
    return b->n_ids;
}

static const struct batch_column *find(const snap_batch *b, unsigned id, int bytes)
{
    int i = schema_find(b->schema, id);
    if (i < 0 || !b->column[i].values) return NULL;
    if (((b->schema->column[i].flags & SCHEMA_BYTES) != 0) != bytes) return NULL;
    return &b->column[i];
}

const uint64_t *snap_batch_u64(const snap_batch *b, unsigned column)
{
    const struct batch_column *c = find(b, column, 0);
    return c ? c->values : NULL;
}

int64_t snap_batch_i64(const snap_batch *b, unsigned column, uint32_t row)
{
    const uint64_t *values = snap_batch_u64(b, column);
    return values ? (int64_t)varint_unzigzag(values[row]) : 0;
}

const uint8_t *snap_batch_present(const snap_batch *b, unsigned column)
{
    int i = schema_find(b->schema, column);
    return i < 0 ? NULL : b->column[i].present;
}

/* Whether the column at a position of the schema has a value in the row. */
static int has(const snap_batch *b, unsigned i, uint32_t row)
{
    const struct batch_column *c = &b->column[i];
    if (!c->values) return 0;
    return !c->present || (c->present[row >> 3] >> (row & 7) & 1);
}

int snap_batch_has(const snap_batch *b, unsigned column, uint32_t row)
{
    int i = schema_find(b->schema, column);
    return i >= 0 && has(b, (unsigned)i, row);
}

const char *snap_batch_bytes(const snap_batch *b, unsigned column, uint32_t row, size_t *size)
{
    const struct batch_column *c = find(b, column, 1);
    *size = 0;
    if (!c || (c->present && !(c->present[row >> 3] >> (row & 7) & 1))) return NULL;
    *size = (size_t)(c->values[row + 1] - c->values[row]);
    return c->bytes + c->values[row];
}

/* The number at a position of the schema; 0 where the row has none. */
static uint64_t get(const snap_batch *b, unsigned i, uint32_t row)
{
    const uint64_t *values = b->column[i].values;
    return values ? values[row] : 0;
}

void snap_batch_type(const snap_batch *b, uint32_t row, snap_type *type)
{
    *type = (snap_type){
        .name = get(b, 0, row),
        .module = get(b, 1, row),
        .kind = (uint32_t)get(b, 2, row),
        .flags = (uint32_t)get(b, 3, row),
        .size = get(b, 4, row),
        .object = get(b, 5, row),
        .base = get(b, 6, row),
        .loader = get(b, 7, row),
    };
}

void snap_batch_frame(const snap_batch *b, uint32_t row, snap_frame *frame)
{
    *frame = (snap_frame){
        .function = get(b, 0, row),
        .file = get(b, 1, row),
        .line = (uint32_t)get(b, 2, row),
        .module = get(b, 3, row),
        .language = (uint32_t)get(b, 4, row),
        .address = get(b, 5, row),
    };
}

void snap_batch_stack(const snap_batch *b, uint32_t row, uint64_t *parent, uint64_t *frame)
{
    *parent = get(b, 0, row);
    *frame = get(b, 1, row);
}

void snap_batch_thread(const snap_batch *b, uint32_t row, snap_thread *thread)
{
    *thread = (snap_thread){
        .id = get(b, 0, row),
        .os_id = get(b, 1, row),
        .name = get(b, 2, row),
        .stack = get(b, 3, row),
        .object = get(b, 4, row),
    };
}

void snap_batch_module(const snap_batch *b, uint32_t row, snap_module *module)
{
    size_t size;
    const char *id = snap_batch_bytes(b, SNAP_COL_MODULE_BUILD_ID, row, &size);
    *module = (snap_module){
        .path = get(b, 0, row),
        .build_id = (const uint8_t *)id,
        .build_id_size = size,
        .start = get(b, 2, row),
        .end = get(b, 3, row),
    };
}

void snap_batch_begin(const snap_batch *b, uint32_t row, snap_begin *begin)
{
    size_t size;
    const char *reason = snap_batch_bytes(b, SNAP_COL_BEGIN_REASON, row, &size);
    *begin = (snap_begin){
        .reason = reason,
        .reason_size = size,
        .wall_ns = get(b, 1, row),
        .mono_ns = get(b, 2, row),
    };
}

void snap_batch_finish(const snap_batch *b, uint32_t row, snap_finish *finish)
{
    *finish = (snap_finish){
        .objects = get(b, 0, row),
        .edges = get(b, 1, row),
        .roots = get(b, 2, row),
        .flags = (uint32_t)get(b, 3, row),
        .mono_ns = get(b, 4, row),
    };
}

/* The bits of snap_object.have, by position of the column in the schema. */
static const struct {
    uint8_t column;
    uint16_t bit;
} object_optional[] = {
    { 3, SNAP_HAS_NATIVE },    { 5, SNAP_HAS_REFCOUNT }, { 6, SNAP_HAS_GENERATION },
    { 7, SNAP_HAS_LENGTH },    { 8, SNAP_HAS_CAPACITY }, { 9, SNAP_HAS_HASH },
    { 12, SNAP_HAS_RESOURCE }, { 13, SNAP_HAS_STATE },   { 14, SNAP_HAS_BOUND },
    { 15, SNAP_HAS_BUFFER },
};

void snap_batch_object(const snap_batch *b, uint32_t row, snap_object *object)
{
    *object = (snap_object){
        .id = get(b, 0, row),
        .type = get(b, 1, row),
        .shallow_size = get(b, 2, row),
        .native_size = get(b, 3, row),
        .flags = (uint32_t)get(b, 4, row),
        .refcount = get(b, 5, row),
        .generation = (uint8_t)get(b, 6, row),
        .length = get(b, 7, row),
        .capacity = get(b, 8, row),
        .hash = get(b, 9, row),
        .stack = get(b, 10, row),
        .name = get(b, 11, row),
        .resource = (uint8_t)get(b, 12, row),
        .state = (uint8_t)get(b, 13, row),
        .bound = get(b, 14, row),
        .buffer = get(b, 15, row),
    };
    for (size_t i = 0; i < sizeof object_optional / sizeof object_optional[0]; i++) {
        if (has(b, object_optional[i].column, row)) object->have |= object_optional[i].bit;
    }
}

void snap_batch_edge(const snap_batch *b, uint32_t row, uint64_t *source, snap_edge *edge)
{
    int by_ordinal = b->column[2].values != NULL;
    *source = get(b, 0, row);
    *edge = (snap_edge){
        .target = get(b, by_ordinal ? 2 : 1, row),
        .name = get(b, 5, row),
        .index = get(b, 7, row),
        .key_hash = (uint32_t)get(b, 6, row),
        .kind = (uint16_t)get(b, 3, row),
        .flags = (uint16_t)(get(b, 4, row) | SNAP_EDGE_HAS_INDEX |
                            (by_ordinal ? SNAP_EDGE_TO_ORDINAL : 0u) |
                            (has(b, 6, row) ? SNAP_EDGE_HAS_KEY_HASH : 0u)),
    };
}

void snap_batch_root(const snap_batch *b, uint32_t row, snap_root *root)
{
    int by_ordinal = b->column[1].values != NULL;
    *root = (snap_root){
        .object = get(b, by_ordinal ? 1 : 0, row),
        .name = get(b, 3, row),
        .thread = get(b, 4, row),
        .frame = get(b, 5, row),
        .depth = (uint32_t)get(b, 6, row),
        .kind = (uint16_t)get(b, 2, row),
        .by_ordinal = (uint16_t)by_ordinal,
    };
}

void snap_batch_block(const snap_batch *b, uint32_t row, snap_block *block)
{
    *block = (snap_block){
        .address = get(b, 0, row),
        .size = get(b, 1, row),
        .stack = get(b, 2, row),
        .domain = get(b, 3, row),
        .owner = get(b, 4, row),
    };
}

void snap_batch_event(const snap_batch *b, uint32_t row, snap_event *event)
{
    *event = (snap_event){
        .mono_ns = get(b, 0, row),
        .op = (uint32_t)get(b, 1, row),
        .address = get(b, 2, row),
        .size = get(b, 3, row),
        .stack = get(b, 4, row),
        .thread = get(b, 5, row),
    };
}
