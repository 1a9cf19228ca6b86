/* SPDX-License-Identifier: MIT */
/*
 * The rows of a snapshot: objects, edges, roots, blocks, events. This is the hot path of a capture:
 * an object or edge costs a few stores; encoding happens when a chunk is full. O(1) a row.
 */
#include "writer_impl.h"

#include "status.h"

/* Columns by position in the schema. */
enum { OBJECT_ID, OBJECT_TYPE, OBJECT_SHALLOW, OBJECT_NATIVE, OBJECT_FLAGS, OBJECT_REFCOUNT,
       OBJECT_GENERATION, OBJECT_LENGTH, OBJECT_CAPACITY, OBJECT_HASH, OBJECT_STACK, OBJECT_NAME,
       OBJECT_RESOURCE, OBJECT_STATE, OBJECT_BOUND, OBJECT_BUFFER };
enum { EDGE_SOURCE, EDGE_TARGET, EDGE_TARGET_ORDINAL, EDGE_KIND, EDGE_FLAGS, EDGE_NAME,
       EDGE_KEY_HASH, EDGE_INDEX };

/* Edge flags that describe the structure, not the edge. */
#define EDGE_NOT_STORED (SNAP_EDGE_HAS_KEY_HASH | SNAP_EDGE_HAS_INDEX | SNAP_EDGE_TO_ORDINAL)

/* What most objects do not have. */
#define RARE (SNAP_HAS_RESOURCE | SNAP_HAS_STATE | SNAP_HAS_BOUND | SNAP_HAS_BUFFER)

static snap_status outside(snap_writer *w)
{
    return writer_fail(w, SNAP_E_MISUSE, 0, "a row outside a snapshot");
}

static snap_status unknown_id(snap_writer *w)
{
    return writer_fail(w, SNAP_E_MISUSE, 0, "a row names an id that was not handed out");
}

static snap_status too_large(snap_writer *w)
{
    return writer_fail(w, SNAP_E_LIMIT, 0, "a size or position is beyond 2^63-1");
}

/* 1 where a bit of `have` is set. */
static uint64_t has(uint32_t have, uint32_t bit)
{
    return (have & bit) != 0;
}

static void put_optional(struct rows *rows, const snap_object *o)
{
    rows_put_if(rows, OBJECT_NATIVE, o->native_size, has(o->have, SNAP_HAS_NATIVE));
    rows_put_if(rows, OBJECT_REFCOUNT, o->refcount, has(o->have, SNAP_HAS_REFCOUNT));
    rows_put_if(rows, OBJECT_GENERATION, o->generation, has(o->have, SNAP_HAS_GENERATION));
    rows_put_if(rows, OBJECT_LENGTH, o->length, has(o->have, SNAP_HAS_LENGTH));
    rows_put_if(rows, OBJECT_CAPACITY, o->capacity, has(o->have, SNAP_HAS_CAPACITY));
    rows_put_if(rows, OBJECT_HASH, o->hash, has(o->have, SNAP_HAS_HASH));
    if (o->have & RARE) {
        rows_put_if(rows, OBJECT_RESOURCE, o->resource, has(o->have, SNAP_HAS_RESOURCE));
        rows_put_if(rows, OBJECT_STATE, o->state, has(o->have, SNAP_HAS_STATE));
        rows_put_if(rows, OBJECT_BOUND, o->bound, has(o->have, SNAP_HAS_BOUND));
        rows_put_if(rows, OBJECT_BUFFER, o->buffer, has(o->have, SNAP_HAS_BUFFER));
    }
}

/* Whether a size that is in use is beyond 2^63-1. */
static int object_too_large(const snap_object *o)
{
    uint64_t all = o->shallow_size;
    if (o->have & SNAP_HAS_NATIVE) all |= o->native_size;
    if (o->have & SNAP_HAS_LENGTH) all |= o->length;
    if (o->have & SNAP_HAS_CAPACITY) all |= o->capacity;
    if (o->have & SNAP_HAS_BOUND) all |= o->bound;
    return all > SNAP_MAX_SIZE;
}

snap_status snap_writer_object(snap_writer *w, const snap_object *o, uint64_t *ordinal)
{
    struct rows *rows = &w->rows[SNAP_KIND_OBJECT];
    if (w->status != SNAP_OK) return w->status;
    if (!w->snapshot) return outside(w);
    /* A type of 0 wraps around and fails as well. */
    if (o->type - 1 >= w->next_id[SNAP_KIND_TYPE] - 1 ||
        o->stack >= w->next_id[SNAP_KIND_STACK] || o->name >= w->next_id[SNAP_KIND_STRING]) {
        return unknown_id(w);
    }
    if (object_too_large(o)) return too_large(w);
    if (ordinal) *ordinal = w->snapshot_rows[SNAP_KIND_OBJECT];
    STATUS_RETURN_IF_ERROR(writer_open_row(w, SNAP_KIND_OBJECT, 0));
    rows_put_dense(rows, OBJECT_ID, o->id);
    rows_put_dense(rows, OBJECT_TYPE, o->type);
    rows_put_dense(rows, OBJECT_SHALLOW, o->shallow_size);
    rows_put_dense(rows, OBJECT_FLAGS, o->flags);
    rows_put_if(rows, OBJECT_STACK, o->stack, o->stack != 0);
    rows_put_if(rows, OBJECT_NAME, o->name, o->name != 0);
    put_optional(rows, o);
    writer_end_row(w, SNAP_KIND_OBJECT);
    w->object_next = 0;
    return SNAP_OK;
}

/* Stores `n` edges, all by id or all by ordinal, that fit into the open chunk. *next is the
 * position that the first of them has by default; the position after the last is left there.
 * Returns non-zero where one of them is invalid. */
static int put_edges(snap_writer *w, uint64_t source, const snap_edge *edges, size_t n,
                     uint64_t *next)
{
    struct rows *rows = &w->rows[SNAP_KIND_EDGE];
    struct rows_column *c = rows->column;
    struct rows_tail name = rows_tail(&c[EDGE_NAME]);
    struct rows_tail hash = rows_tail(&c[EDGE_KEY_HASH]);
    struct rows_tail index = rows_tail(&c[EDGE_INDEX]);
    uint64_t expected = w->chunk_source == source ? w->chunk_next : 0;
    uint64_t position = *next;
    uint64_t names = w->next_id[SNAP_KIND_STRING];
    uint64_t bad = 0;
    uint32_t row = rows->count;
    rows_put_run(rows, EDGE_SOURCE, source, (uint32_t)n);
    for (size_t i = 0; i < n; i++, row++) {
        const snap_edge *e = &edges[i];
        uint64_t hashed = e->flags / SNAP_EDGE_HAS_KEY_HASH & 1;
        if (e->flags & SNAP_EDGE_HAS_INDEX) position = e->index;
        bad |= (e->name >= names) | (position > SNAP_MAX_SIZE) | ((e->key_hash >> 24) & -hashed);
        c[EDGE_TARGET].values[row] = e->target;
        c[EDGE_KIND].values[row] = e->kind;
        c[EDGE_FLAGS].values[row] = e->flags & ~(unsigned)EDGE_NOT_STORED;
        rows_tail_put(&name, row, e->name, e->name != 0);
        rows_tail_put(&hash, row, e->key_hash, hashed);
        rows_tail_put(&index, row, position, position != expected);
        expected = ++position;
    }
    rows->count = row;
    c[EDGE_TARGET].n = c[EDGE_KIND].n = c[EDGE_FLAGS].n = row;
    c[EDGE_NAME].n = name.n;
    c[EDGE_KEY_HASH].n = hash.n;
    c[EDGE_INDEX].n = index.n;
    w->chunk_source = source;
    w->chunk_next = expected;
    *next = position;
    return bad != 0;
}

/* How many edges from the start of the array name their targets in the same way. */
static size_t same_naming(const snap_edge *edges, size_t n)
{
    size_t i = 1;
    while (i < n && ((edges[i].flags ^ edges[0].flags) & SNAP_EDGE_TO_ORDINAL) == 0) i++;
    return i;
}

/* Readies the open EDGE chunk for edges that name targets as `by_ordinal` says. */
static snap_status open_edges(snap_writer *w, int by_ordinal)
{
    struct rows *rows = &w->rows[SNAP_KIND_EDGE];
    if (rows->count == rows->room || (rows->count && w->edge_by_ordinal != by_ordinal)) {
        STATUS_RETURN_IF_ERROR(writer_close_chunk(w, SNAP_KIND_EDGE));
    }
    if (rows->count == 0) {
        w->edge_by_ordinal = by_ordinal;
        /* One buffer serves whichever of the two columns the chunk has. */
        rows->column[EDGE_TARGET].id =
            by_ordinal ? SNAP_COL_EDGE_TARGET_ORDINAL : SNAP_COL_EDGE_TARGET;
        rows->first = w->snapshot_rows[SNAP_KIND_EDGE];
        rows->snapshot = w->snapshot;
    }
    return SNAP_OK;
}

static snap_status write_edges(snap_writer *w, uint64_t source, const snap_edge *edges, size_t n,
                               uint64_t *next)
{
    struct rows *rows = &w->rows[SNAP_KIND_EDGE];
    STATUS_RETURN_IF_ERROR(writer_age(w, n));
    while (n > 0) {
        STATUS_RETURN_IF_ERROR(open_edges(w, (edges->flags & SNAP_EDGE_TO_ORDINAL) != 0));
        size_t part = rows->room - rows->count;
        part = same_naming(edges, part < n ? part : n);
        if (put_edges(w, source, edges, part, next)) {
            return writer_fail(w, SNAP_E_MISUSE, 0,
                               "an edge has an unknown name, a key hash of more than 24 bits, or "
                               "a position beyond 2^63-1");
        }
        w->total_rows[SNAP_KIND_EDGE] += part;
        w->snapshot_rows[SNAP_KIND_EDGE] += part;
        edges += part;
        n -= part;
    }
    return SNAP_OK;
}

/* Edges of the object that was written last: one count of positions for both ways to write them,
 * which edges_from goes on with when the object is the last one no more. */
static snap_status edges_of_last(snap_writer *w, uint64_t ordinal, const snap_edge *edges, size_t n)
{
    snap_status status = write_edges(w, ordinal, edges, n, &w->object_next);
    if (ordinal == w->from_source) w->from_next = w->object_next;
    return status;
}

snap_status snap_writer_edges(snap_writer *w, const snap_edge *edges, size_t n)
{
    if (w->status != SNAP_OK) return w->status;
    uint64_t objects = w->snapshot_rows[SNAP_KIND_OBJECT];
    if (!w->snapshot || objects == 0) return outside(w);
    return edges_of_last(w, objects - 1, edges, n);
}

snap_status snap_writer_edges_from(snap_writer *w, uint64_t ordinal, const snap_edge *edges,
                                   size_t n)
{
    if (w->status != SNAP_OK) return w->status;
    if (!w->snapshot) return outside(w);
    uint64_t objects = w->snapshot_rows[SNAP_KIND_OBJECT];
    if (ordinal >= objects) return unknown_id(w);
    if (ordinal != w->from_source) w->from_next = 0;
    w->from_source = ordinal;
    if (ordinal == objects - 1) return edges_of_last(w, ordinal, edges, n);
    return write_edges(w, ordinal, edges, n, &w->from_next);
}

snap_status snap_writer_root(snap_writer *w, const snap_root *root)
{
    struct rows *rows = &w->rows[SNAP_KIND_ROOT];
    if (w->status != SNAP_OK) return w->status;
    if (!w->snapshot) return outside(w);
    if (root->name >= w->next_id[SNAP_KIND_STRING] ||
        root->thread >= w->next_id[SNAP_KIND_THREAD] ||
        root->frame >= w->next_id[SNAP_KIND_FRAME]) {
        return unknown_id(w);
    }
    int by_ordinal = root->by_ordinal != 0;
    if (rows->count && w->root_by_ordinal != by_ordinal) {
        STATUS_RETURN_IF_ERROR(writer_close_chunk(w, SNAP_KIND_ROOT));
    }
    STATUS_RETURN_IF_ERROR(writer_open_row(w, SNAP_KIND_ROOT, 0));
    w->root_by_ordinal = by_ordinal;
    rows->column[0].id = by_ordinal ? SNAP_COL_ROOT_OBJECT_ORDINAL : SNAP_COL_ROOT_OBJECT;
    rows_put(rows, 0, root->object);
    rows_put(rows, 2, root->kind);
    rows_put_if(rows, 3, root->name, root->name != 0);
    rows_put_if(rows, 4, root->thread, root->thread != 0);
    rows_put_if(rows, 5, root->frame, root->frame != 0);
    rows_put_if(rows, 6, root->depth, root->frame != 0);
    writer_end_row(w, SNAP_KIND_ROOT);
    return SNAP_OK;
}

snap_status snap_writer_block(snap_writer *w, const snap_block *block)
{
    struct rows *rows = &w->rows[SNAP_KIND_BLOCK];
    if (w->status != SNAP_OK) return w->status;
    if (!w->snapshot) return outside(w);
    if (block->stack >= w->next_id[SNAP_KIND_STACK]) return unknown_id(w);
    if (block->size > SNAP_MAX_SIZE) return too_large(w);
    STATUS_RETURN_IF_ERROR(writer_open_row(w, SNAP_KIND_BLOCK, 0));
    rows_put(rows, 0, block->address);
    rows_put(rows, 1, block->size);
    rows_put_if(rows, 2, block->stack, block->stack != 0);
    rows_put_if(rows, 3, block->domain, block->domain != 0);
    rows_put_if(rows, 4, block->owner, block->owner != 0);
    writer_end_row(w, SNAP_KIND_BLOCK);
    return SNAP_OK;
}

snap_status snap_writer_event(snap_writer *w, const snap_event *event)
{
    struct rows *rows = &w->rows[SNAP_KIND_EVENT];
    if (w->status != SNAP_OK) return w->status;
    if (event->stack >= w->next_id[SNAP_KIND_STACK]) return unknown_id(w);
    if (event->size > SNAP_MAX_SIZE) return too_large(w);
    STATUS_RETURN_IF_ERROR(writer_open_row(w, SNAP_KIND_EVENT, 0));
    rows_put(rows, 0, event->mono_ns);
    rows_put(rows, 1, event->op);
    rows_put(rows, 2, event->address);
    rows_put_if(rows, 3, event->size, event->size != 0);
    rows_put_if(rows, 4, event->stack, event->stack != 0);
    rows_put_if(rows, 5, event->thread, event->thread != 0);
    writer_end_row(w, SNAP_KIND_EVENT);
    return SNAP_OK;
}
