/* SPDX-License-Identifier: MIT */
/*
 * Columns of batches appended to arrays. See capture.h.
 *
 * Every column is one loop over the batch; columns that no row of the snapshot has are never
 * allocated. Values from the file are clipped to what they can be before they are kept.
 */
#include "db/capture.h"

#include <string.h>

#include "heap/status.h"

/* Sizes of one snapshot add up to less than this, so that no sum anywhere overflows. */
#define SIZE_SUM_MAX (UINT64_C(1) << 62)

void capture_init(struct capture *c, struct budget *budget,
                  struct capture_definitions *definitions)
{
    *c = (struct capture){ .budget = budget, .definitions = definitions };
}

#define RELEASE(pointer) (heap_free(pointer), (pointer) = NULL)

void capture_release_columns(struct capture *c)
{
    packed_free(&c->state, c->budget);
    packed_free(&c->refcount, c->budget);
}

void capture_release_details(struct capture *c)
{
    capture_release_columns(c);
    packed_free(&c->hash, c->budget);
    packed_free(&c->length, c->budget);
    packed_free(&c->capacity, c->budget);
    RELEASE(c->extra);
    RELEASE(c->preview);
    c->extra_cap = c->preview_cap = c->n_extra = c->n_preview = 0;
    idmap_free(&c->ordinal);
}

void capture_release_shallow(struct capture *c)
{
    RELEASE(c->shallow);
}

void capture_release_objects(struct capture *c)
{
    capture_release_details(c);
    packed_free(&c->ids, c->budget);
    packed_free(&c->type, c->budget);
    packed_free(&c->stack, c->budget);
    RELEASE(c->id);
    RELEASE(c->shallow);
    RELEASE(c->native);
    RELEASE(c->root);
    c->cap = c->native_cap = c->n_roots = c->root_cap = 0;
}

void capture_release_keys(struct capture *c)
{
    RELEASE(c->key);
    c->key_cap = 0;
}

void capture_release_names(struct capture *c)
{
    RELEASE(c->name);
    packed_free(&c->names, c->budget);
    c->name_cap = 0;
}

void capture_release_kinds(struct capture *c)
{
    RELEASE(c->kind);
    c->kind_cap = 0;
}

void capture_release_references(struct capture *c)
{
    RELEASE(c->target);
    capture_release_kinds(c);
    capture_release_names(c);
    capture_release_keys(c);
    c->target_cap = 0;
}

void capture_free(struct capture *c)
{
    capture_release_objects(c);
    capture_release_references(c);
    heap_free(c->run);
    heap_free(c->by_id);
    heap_free(c->target_id);
    *c = (struct capture){ 0 };
}

uint32_t capture_text(struct capture_definitions *d, uint64_t id)
{
    uint64_t index;
    return id && idmap_find(&d->string, id, &index) ? d->string_number[index] : 0;
}

#define GROW(c, array, cap, need)                                                                  \
    memory_grow((c)->budget, (void **)&(array), &(cap), (need), sizeof *(array))

/* The columns that every object has grow together. */
static bool grow_objects(struct capture *c, size_t need)
{
    size_t cap = c->cap;
    return GROW(c, c->id, cap, need) && GROW(c, c->shallow, c->cap, need);
}

/* Makes room for the elements up to `need` of a column that only some batches have, and zeroes
 * those that have no value yet: from `have` on, or all of them while the column does not exist
 * (cap 0). */
static bool grow_column(struct capture *c, void **array, size_t *cap, size_t have, size_t need,
                        size_t size)
{
    size_t from = *cap ? have : 0;
    if (!memory_grow(c->budget, array, cap, need, size)) return false;
    memset((char *)*array + from * size, 0, (need - from) * size);
    return true;
}

/* A size that can be: negative when signed, or beyond what the snapshot may sum to, is 0. */
static uint64_t plausible(struct capture *c, uint64_t size)
{
    if (size > SIZE_SUM_MAX - c->size_sum) {
        c->bad_sizes++;
        return 0;
    }
    c->size_sum += size;
    return size;
}

static uint64_t type_index(struct capture *c, uint64_t id)
{
    uint64_t index;
    if (idmap_find(&c->definitions->type, id, &index) && index < UINT32_MAX - CAPTURE_TYPES)
        return index + CAPTURE_TYPES;
    c->unknown_types++;
    return CAPTURE_TYPE_UNKNOWN;
}

static bool put_plain(struct capture *c, const struct record_batch *b)
{
    const struct record_column *refcount = &b->column[SNAP_COL_OBJECT_REFCOUNT];
    const struct record_column *generation = &b->column[SNAP_COL_OBJECT_GENERATION];
    bool ok = true;
    for (uint32_t i = 0; ok && i < b->rows; i++) {
        uint32_t at = c->n + i;
        c->id[at] = record_get(&b->column[SNAP_COL_OBJECT_ID], i);
        c->shallow[at] = plausible(c, record_get(&b->column[SNAP_COL_OBJECT_SHALLOW], i));
        uint64_t type = record_get(&b->column[SNAP_COL_OBJECT_TYPE], i);
        uint64_t flags = record_get(&b->column[SNAP_COL_OBJECT_FLAGS], i);
        uint64_t g = record_has(generation, i) ? generation->value[i] : CAPTURE_NO_GENERATION;
        uint64_t state = capture_state((uint16_t)flags, (uint8_t)(g < CAPTURE_NO_GENERATION
                                                                      ? g : CAPTURE_NO_GENERATION));
        ok = packed_set(&c->type, c->budget, at, type_index(c, type)) &&
             (!state || packed_set(&c->state, c->budget, at, state)) &&
             (!record_has(refcount, i) || refcount->value[i] >= CAPTURE_NONE ||
              packed_set(&c->refcount, c->budget, at, refcount->value[i]));
    }
    return ok;
}

/* The values of a batch behind those that a column has. */
static bool put_packed(struct capture *c, struct packed *p, const struct record_column *in,
                       uint32_t rows, uint64_t least)
{
    bool ok = true;
    for (uint32_t i = 0; ok && in->value && i < rows; i++)
        if (record_has(in, i) && in->value[i] >= least)
            ok = packed_set(p, c->budget, (uint64_t)c->n + i, in->value[i]);
    return ok;
}

static bool put_native_stack(struct capture *c, const struct record_batch *b)
{
    const struct record_column *native = &b->column[SNAP_COL_OBJECT_NATIVE];
    const struct record_column *stack = &b->column[SNAP_COL_OBJECT_STACK];
    size_t need = (size_t)c->n + b->rows;
    if ((native->value || c->native) &&
        !grow_column(c, (void **)&c->native, &c->native_cap, c->n, need, sizeof *c->native))
        return false;
    for (uint32_t i = 0; native->value && i < b->rows; i++)
        if (record_has(native, i)) c->native[c->n + i] = plausible(c, native->value[i]);
    bool ok = true;
    for (uint32_t i = 0; ok && stack->value && i < b->rows; i++) {
        uint64_t index;
        if (stack->value[i] && idmap_find(&c->definitions->stack, stack->value[i], &index))
            ok = packed_set(&c->stack, c->budget, (uint64_t)c->n + i,
                            c->definitions->stack_row[index]);
    }
    return ok;
}

/* Names, bounds, buffers, resources: one entry for each object that has any of them. */
static bool put_extra(struct capture *c, const struct record_batch *b)
{
    const struct record_column *name = &b->column[SNAP_COL_OBJECT_NAME];
    const struct record_column *bound = &b->column[SNAP_COL_OBJECT_BOUND];
    const struct record_column *buffer = &b->column[SNAP_COL_OBJECT_BUFFER];
    const struct record_column *resource = &b->column[SNAP_COL_OBJECT_RESOURCE];
    const struct record_column *state = &b->column[SNAP_COL_OBJECT_STATE];
    if (!name->value && !bound->value && !buffer->value && !resource->value && !state->value)
        return true;
    for (uint32_t i = 0; i < b->rows; i++) {
        uint64_t r = record_get(resource, i), s = record_get(state, i);
        struct capture_extra e = {
            .node = c->n + i,
            .name = capture_text(c->definitions, record_get(name, i)),
            .bound = record_get(bound, i),
            .buffer = record_get(buffer, i),
            .has_bound = record_has(bound, i),
            .has_buffer = record_has(buffer, i),
            .resource = (uint8_t)(r <= SNAP_RESOURCE_SELECTOR ? r : 0),
            .state = (uint8_t)(s <= SNAP_STATE_CLOSED ? s : 0),
        };
        if (!e.name && !e.has_bound && !e.has_buffer && !e.resource && !e.state) continue;
        if (!GROW(c, c->extra, c->extra_cap, c->n_extra + 1)) return false;
        c->extra[c->n_extra++] = e;
    }
    return true;
}

int capture_objects(struct capture *c, const struct record_batch *b)
{
    c->objects_read += b->rows;
    if (b->rows > HEAP_MAX_NODES - c->n) return CAPTURE_TOO_MANY;
    if (!grow_objects(c, (size_t)c->n + b->rows)) return CAPTURE_NO_MEMORY;
    int added = idmap_add(c->budget, &c->ordinal, b->first, b->rows);
    if (added != IDMAP_OK) return added == IDMAP_TAKEN ? CAPTURE_TAKEN : CAPTURE_NO_MEMORY;
    const struct record_column *hash = &b->column[SNAP_COL_OBJECT_HASH];
    const struct record_column *length = &b->column[SNAP_COL_OBJECT_LENGTH];
    const struct record_column *capacity = &b->column[SNAP_COL_OBJECT_CAPACITY];
    if (!put_plain(c, b) || !put_native_stack(c, b) || !put_extra(c, b) ||
        !put_packed(c, &c->hash, hash, b->rows, 1) ||
        !put_packed(c, &c->length, length, b->rows, 0) ||
        !put_packed(c, &c->capacity, capacity, b->rows, 0))
        return CAPTURE_NO_MEMORY;
    c->n += b->rows;
    return CAPTURE_OK;
}

/* What stands for a name: the index of an element where it is not simply its place among the
 * references of its source, else the hash of a key; plus 1, 0 for none. */
static uint32_t edge_key(const struct record_batch *b, uint32_t i, uint64_t kind, uint32_t name,
                         uint64_t position)
{
    const struct record_column *hash = &b->column[SNAP_COL_EDGE_KEY_HASH];
    if (kind == SNAP_EDGE_ELEMENT) {
        uint64_t index = b->edge_index ? b->edge_index[i] : position;
        return index != position && index < CAPTURE_NONE - 1 ? (uint32_t)index + 1 : 0;
    }
    if (!name && record_has(hash, i)) return ((uint32_t)hash->value[i] & 0xffffffu) + 1;
    return 0;
}

/* Room for `rows` more references; the key column only once it is there. */
static bool grow_edges(struct capture *c, size_t rows)
{
    size_t need = (size_t)c->m + rows;
    return GROW(c, c->target, c->target_cap, need) && GROW(c, c->kind, c->kind_cap, need) &&
           GROW(c, c->name, c->name_cap, need) && GROW(c, c->run, c->run_cap, c->n_runs + rows) &&
           (!c->key || grow_column(c, (void **)&c->key, &c->key_cap, (size_t)c->m, need,
                                    sizeof *c->key));
}

/* The node of a source, with the last answer kept: sources come in runs. */
struct source_cache {
    uint64_t ordinal, node;
    bool known, valid;
};

static bool find_source(struct capture *c, struct source_cache *s, uint64_t ordinal)
{
    if (!s->valid || s->ordinal != ordinal) {
        s->ordinal = ordinal;
        s->valid = true;
        s->known = idmap_find(&c->ordinal, ordinal, &s->node);
    }
    return s->known;
}

/* Appends one reference of `node` to the runs; returns its place among those of the run. */
static uint64_t put_run(struct capture *c, uint32_t node)
{
    struct capture_run *last = c->n_runs ? &c->run[c->n_runs - 1] : NULL;
    if (!last || last->source != node || last->n == UINT32_MAX) {
        c->run[c->n_runs++] = (struct capture_run){ node, 1 };
        return 0;
    }
    return last->n++;
}

/* Appends the references of a batch whose sources are known; there is room for all. Columns are at
 * hand in variables: for all that the compiler knows, a store of a byte changes anything else. */
static bool put_edges(struct capture *c, const struct record_batch *b, const uint64_t *source,
                      const uint64_t *target, bool by_ordinal)
{
    const struct record_column kinds = b->column[SNAP_COL_EDGE_KIND];
    const struct record_column names = b->column[SNAP_COL_EDGE_NAME];
    const struct record_column flags = b->column[SNAP_COL_EDGE_FLAGS];
    uint32_t *to_target = c->target, *to_name = c->name, rows = b->rows;
    uint8_t *to_kind = c->kind;
    uint64_t m = c->m;
    struct source_cache cache = { 0 };
    for (uint32_t i = 0; i < rows; i++) {
        if (!find_source(c, &cache, source[i])) {
            c->no_source++;
            continue;
        }
        uint64_t kind = record_get(&kinds, i);
        if (kind > SNAP_EDGE_RULED_OUT) kind = 0;
        uint32_t name = capture_text(c->definitions, record_get(&names, i));
        uint32_t key = edge_key(b, i, kind, name, put_run(c, (uint32_t)cache.node));
        if (key && !c->key &&
            !grow_column(c, (void **)&c->key, &c->key_cap, 0, (size_t)c->m + rows, sizeof *c->key))
            return false;
        if (c->key) c->key[m] = key;
        bool owns = record_get(&flags, i) & SNAP_EDGE_OWNS;
        to_kind[m] = (uint8_t)(kind | (owns ? CAPTURE_OWNS : 0));
        to_name[m] = name;
        if (!by_ordinal) c->target_id[c->n_target_id++] = target[i];
        to_target[m++] = by_ordinal && target[i] < CAPTURE_NONE ? (uint32_t)target[i]
                                                                : CAPTURE_NONE;
    }
    c->m = m;
    return true;
}

int capture_edges(struct capture *c, const struct record_batch *b)
{
    const uint64_t *source = b->column[SNAP_COL_EDGE_SOURCE].value;
    const uint64_t *by_ordinal = b->column[SNAP_COL_EDGE_TARGET_ORDINAL].value;
    const uint64_t *target = by_ordinal ? by_ordinal : b->column[SNAP_COL_EDGE_TARGET].value;
    c->edges_read += b->rows;
    if (!source || !target) {
        c->no_source += b->rows;
        return CAPTURE_OK;
    }
    if (!grow_edges(c, b->rows)) return CAPTURE_NO_MEMORY;
    if (!by_ordinal && !GROW(c, c->target_id, c->target_id_cap, c->n_target_id + b->rows))
        return CAPTURE_NO_MEMORY;
    uint64_t first = c->m, first_id = c->n_target_id;
    if (!put_edges(c, b, source, target, by_ordinal != NULL)) return CAPTURE_NO_MEMORY;
    if (by_ordinal || c->m == first) return CAPTURE_OK;
    struct capture_by_id *last = c->n_by_id ? &c->by_id[c->n_by_id - 1] : NULL;
    if (last && last->first + last->n == first) {
        last->n += c->m - first;
        return CAPTURE_OK;
    }
    if (!GROW(c, c->by_id, c->by_id_cap, c->n_by_id + 1)) return CAPTURE_NO_MEMORY;
    c->by_id[c->n_by_id++] = (struct capture_by_id){ first, c->m - first, first_id };
    return CAPTURE_OK;
}

int capture_roots(struct capture *c, const struct record_batch *b)
{
    const uint64_t *by_ordinal = b->column[SNAP_COL_ROOT_OBJECT_ORDINAL].value;
    const uint64_t *object = by_ordinal ? by_ordinal : b->column[SNAP_COL_ROOT_OBJECT].value;
    const struct record_column *depth = &b->column[SNAP_COL_ROOT_DEPTH];
    if (!object) return CAPTURE_OK;
    if (!GROW(c, c->root, c->root_cap, c->n_roots + b->rows)) return CAPTURE_NO_MEMORY;
    for (uint32_t i = 0; i < b->rows; i++) {
        uint64_t kind = record_get(&b->column[SNAP_COL_ROOT_KIND], i);
        struct capture_root *r = &c->root[c->n_roots++];
        *r = (struct capture_root){
            .object = object[i],
            .by_ordinal = by_ordinal != NULL,
            .kind = (uint8_t)(kind && kind <= SNAP_ROOT_UNREACHABLE ? kind : SNAP_ROOT_UNKNOWN),
            .name = capture_text(c->definitions, record_get(&b->column[SNAP_COL_ROOT_NAME], i)),
            .thread = record_get(&b->column[SNAP_COL_ROOT_THREAD], i),
            .frame = record_get(&b->column[SNAP_COL_ROOT_FRAME], i),
            .depth = CAPTURE_NONE,
        };
        if (record_has(depth, i) && depth->value[i] < CAPTURE_NONE)
            r->depth = (uint32_t)depth->value[i];
    }
    return CAPTURE_OK;
}

int capture_end(struct capture *c)
{
    struct packed *p[] = { &c->type, &c->state, &c->refcount, &c->hash, &c->length, &c->capacity,
                           &c->stack };
    for (size_t i = 0; i < sizeof p / sizeof p[0]; i++)
        if (!packed_end(p[i], c->budget, c->n)) return CAPTURE_NO_MEMORY;
    return CAPTURE_OK;
}

int capture_preview(struct capture *c, uint64_t ordinal, uint32_t text)
{
    uint64_t node;
    if (!text || !idmap_find(&c->ordinal, ordinal, &node)) return CAPTURE_OK;
    if (!GROW(c, c->preview, c->preview_cap, c->n_preview + 1)) return CAPTURE_NO_MEMORY;
    c->preview[c->n_preview++] = (struct capture_preview){ (uint32_t)node, text };
    return CAPTURE_OK;
}
