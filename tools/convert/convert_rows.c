/* SPDX-License-Identifier: MIT */
/* Rows in batches: objects, edges, roots, native blocks, events. */
#include "convert/convert_private.h"

uint64_t convert_ordinal(struct converter *c, uint64_t ordinal)
{
    uint64_t index;
    if (!c->now) return ordinal;
    if (c->now->whole) return ordinal < c->now->whole ? ordinal : UINT64_MAX;
    return idmap_find(&c->now->map, ordinal, &index) ? index : UINT64_MAX;
}

/* ---- objects ------------------------------------------------------------------------------- */

/* An optional field: its value, and its bit in `have`. */
static uint64_t optional(const struct record_batch *b, uint32_t i, unsigned column, uint32_t bit,
                         uint32_t *have)
{
    if (!record_has(&b->column[column], i)) return 0;
    *have |= bit;
    return b->column[column].value[i];
}

static int put_object(struct converter *c, const struct record_batch *b, uint32_t i)
{
    const struct record_column *col = b->column;
    uint32_t have = 0;
    snap_object o = { .id = record_get(&col[SNAP_COL_OBJECT_ID], i),
                      .shallow_size = record_get(&col[SNAP_COL_OBJECT_SHALLOW], i),
                      .flags = (uint32_t)record_get(&col[SNAP_COL_OBJECT_FLAGS], i) };
    if (convert_known_type(c, record_get(&col[SNAP_COL_OBJECT_TYPE], i), &o.type) ||
        convert_name(c, record_get(&col[SNAP_COL_OBJECT_NAME], i), NAME_OTHER, &o.name))
        return RECORD_STOP;
    o.stack = ids_get(&c->stacks, record_get(&col[SNAP_COL_OBJECT_STACK], i));
    o.native_size = optional(b, i, SNAP_COL_OBJECT_NATIVE, SNAP_HAS_NATIVE, &have);
    o.refcount = optional(b, i, SNAP_COL_OBJECT_REFCOUNT, SNAP_HAS_REFCOUNT, &have);
    o.generation =
        (uint8_t)optional(b, i, SNAP_COL_OBJECT_GENERATION, SNAP_HAS_GENERATION, &have);
    o.length = optional(b, i, SNAP_COL_OBJECT_LENGTH, SNAP_HAS_LENGTH, &have);
    o.capacity = optional(b, i, SNAP_COL_OBJECT_CAPACITY, SNAP_HAS_CAPACITY, &have);
    o.hash = optional(b, i, SNAP_COL_OBJECT_HASH, SNAP_HAS_HASH, &have);
    o.resource = (uint8_t)optional(b, i, SNAP_COL_OBJECT_RESOURCE, SNAP_HAS_RESOURCE, &have);
    o.state = (uint8_t)optional(b, i, SNAP_COL_OBJECT_STATE, SNAP_HAS_STATE, &have);
    o.bound = optional(b, i, SNAP_COL_OBJECT_BOUND, SNAP_HAS_BOUND, &have);
    o.buffer = optional(b, i, SNAP_COL_OBJECT_BUFFER, SNAP_HAS_BUFFER, &have);
    o.have = have;
    return convert_wrote(snap_writer_object(c->writer, &o, NULL));
}

int convert_objects(void *opaque, const struct record_batch *b)
{
    struct converter *c = opaque;
    bool usable;
    if (convert_select(c, b->snapshot, &usable)) return RECORD_STOP;
    if (!usable) return RECORD_OK;
    if (convert_ordinal(c, b->first) != c->n_objects) {
        convert_damage(c, b->offset, "objects have the ordinals of earlier ones and were dropped");
        return RECORD_OK;
    }
    for (uint32_t i = 0; i < b->rows; i++)
        if (put_object(c, b, i)) return RECORD_STOP;
    c->n_objects += b->rows;
    c->result->objects += b->rows;
    return RECORD_OK;
}

/* ---- edges --------------------------------------------------------------------------------- */

static enum name_use use_of(uint64_t kind)
{
    switch (kind) {
    case SNAP_EDGE_KEY:
    case SNAP_EDGE_VALUE:
    case SNAP_EDGE_EPHEMERON:
        return NAME_KEY;
    case SNAP_EDGE_ATTRIBUTE:
    case SNAP_EDGE_SHORTCUT:
        return NAME_PROPERTY;
    case SNAP_EDGE_INTERNAL:
    case SNAP_EDGE_TYPE:
    case SNAP_EDGE_HIDDEN:
        return NAME_PROGRAM; /* the runtime's own words */
    default:
        return NAME_OTHER;
    }
}

/* The name of an edge: as it is, as a text in its place, or, of a key, as its hash. */
static int edge_name(struct converter *c, uint64_t id, enum name_use use, snap_edge *e)
{
    if (!id) return RECORD_OK;
    if (use == NAME_KEY && convert_hides(c, use)) {
        if (convert_key_hash(c, id, &e->key_hash)) e->flags |= SNAP_EDGE_HAS_KEY_HASH;
        c->result->names_hashed++;
        return RECORD_OK;
    }
    return convert_name(c, id, use, &e->name);
}

static int fill_edge(struct converter *c, const struct record_batch *b, uint32_t i, snap_edge *e)
{
    const struct record_column *col = b->column;
    const struct record_column *ordinal = &col[SNAP_COL_EDGE_TARGET_ORDINAL];
    const struct record_column *hash = &col[SNAP_COL_EDGE_KEY_HASH];
    uint64_t kind = record_get(&col[SNAP_COL_EDGE_KIND], i);
    *e = (snap_edge){ .kind = (uint16_t)kind,
                      .flags = (uint16_t)(record_get(&col[SNAP_COL_EDGE_FLAGS], i) &
                                          SNAP_EDGE_OWNS) };
    if (ordinal->value) {
        e->target = convert_ordinal(c, ordinal->value[i]);
        e->flags |= SNAP_EDGE_TO_ORDINAL;
    } else {
        e->target = record_get(&col[SNAP_COL_EDGE_TARGET], i);
    }
    if (record_has(hash, i)) {
        e->key_hash = (uint32_t)(hash->value[i] & 0xffffff);
        e->flags |= SNAP_EDGE_HAS_KEY_HASH;
    }
    return edge_name(c, record_get(&col[SNAP_COL_EDGE_NAME], i), use_of(kind), e);
}

static int put_edges(struct converter *c, uint64_t source, size_t n)
{
    c->result->edges += n;
    return n ? convert_wrote(snap_writer_edges_from(c->writer, source, c->edges, n)) : RECORD_OK;
}

int convert_edges(void *opaque, const struct record_batch *b)
{
    struct converter *c = opaque;
    const struct record_column *sources = &b->column[SNAP_COL_EDGE_SOURCE];
    uint64_t before = UINT64_MAX, source = UINT64_MAX, position = 0;
    bool usable;
    size_t n = 0;
    if (convert_select(c, b->snapshot, &usable)) return RECORD_STOP;
    for (uint32_t i = 0; usable && i < b->rows; i++) {
        uint64_t from = record_get(sources, i);
        if (from != before || i == 0 || n == CONVERT_EDGES) {
            if (put_edges(c, source, n)) return RECORD_STOP;
            n = 0;
        }
        position = from != before || i == 0 ? 0 : position + 1;
        if (from != before || i == 0) source = convert_ordinal(c, from);
        before = from;
        if (b->edge_index) position = b->edge_index[i];
        if (source >= c->n_objects) {
            c->no_source++;
            continue;
        }
        if (fill_edge(c, b, i, &c->edges[n])) return RECORD_STOP;
        c->edges[n].index = position;
        c->edges[n++].flags |= SNAP_EDGE_HAS_INDEX;
    }
    return put_edges(c, source, n);
}

/* ---- the others ---------------------------------------------------------------------------- */

int convert_roots(void *opaque, const struct record_batch *b)
{
    struct converter *c = opaque;
    const struct record_column *col = b->column;
    const struct record_column *ordinal = &col[SNAP_COL_ROOT_OBJECT_ORDINAL];
    bool usable;
    if (convert_select(c, b->snapshot, &usable)) return RECORD_STOP;
    for (uint32_t i = 0; usable && i < b->rows; i++) {
        snap_root r = { .kind = (uint16_t)record_get(&col[SNAP_COL_ROOT_KIND], i),
                        .thread =
                            ids_get(&c->threads, record_get(&col[SNAP_COL_ROOT_THREAD], i)),
                        .frame = ids_get(&c->frames, record_get(&col[SNAP_COL_ROOT_FRAME], i)),
                        .depth = (uint32_t)record_get(&col[SNAP_COL_ROOT_DEPTH], i),
                        .by_ordinal = ordinal->value != NULL };
        r.object = ordinal->value ? convert_ordinal(c, ordinal->value[i])
                                  : record_get(&col[SNAP_COL_ROOT_OBJECT], i);
        if (convert_name(c, record_get(&col[SNAP_COL_ROOT_NAME], i), NAME_OTHER, &r.name) ||
            snap_writer_root(c->writer, &r) != SNAP_OK)
            return RECORD_STOP;
        c->result->roots++;
    }
    return RECORD_OK;
}

int convert_blocks(void *opaque, const struct record_batch *b)
{
    struct converter *c = opaque;
    const struct record_column *col = b->column;
    bool usable;
    if (convert_select(c, b->snapshot, &usable)) return RECORD_STOP;
    for (uint32_t i = 0; usable && i < b->rows; i++) {
        snap_block block = {
            .address = record_get(&col[SNAP_COL_BLOCK_ADDRESS], i),
            .size = record_get(&col[SNAP_COL_BLOCK_SIZE], i),
            .stack = ids_get(&c->stacks, record_get(&col[SNAP_COL_BLOCK_STACK], i)),
            .domain = record_get(&col[SNAP_COL_BLOCK_DOMAIN], i),
            .owner = record_get(&col[SNAP_COL_BLOCK_OWNER], i),
        };
        if (snap_writer_block(c->writer, &block) != SNAP_OK) return RECORD_STOP;
    }
    return RECORD_OK;
}

int convert_events(void *opaque, const struct record_batch *b)
{
    struct converter *c = opaque;
    const struct record_column *col = b->column;
    bool usable = true;
    if (b->snapshot && convert_select(c, b->snapshot, &usable)) return RECORD_STOP;
    for (uint32_t i = 0; usable && i < b->rows; i++) {
        snap_event event = {
            .mono_ns = record_get(&col[SNAP_COL_EVENT_TIME], i),
            .address = record_get(&col[SNAP_COL_EVENT_ADDRESS], i),
            .size = record_get(&col[SNAP_COL_EVENT_SIZE], i),
            .stack = ids_get(&c->stacks, record_get(&col[SNAP_COL_EVENT_STACK], i)),
            .thread = record_get(&col[SNAP_COL_EVENT_THREAD], i),
            .op = (uint32_t)record_get(&col[SNAP_COL_EVENT_OP], i),
        };
        if (snap_writer_event(c->writer, &event) != SNAP_OK) return RECORD_STOP;
    }
    return RECORD_OK;
}
