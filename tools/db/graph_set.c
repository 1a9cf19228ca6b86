/* SPDX-License-Identifier: MIT */
/* Exact retained size of a set of objects; the contract is in graph_set.h. */
#include "graph_set.h"

#include <stdlib.h>

#include "cli/message.h"

/* The topmost members of one part of the snapshot (live or garbage), as one list of ids. */
struct set_part {
    int64_t *top;
    size_t n;
    int64_t high; /* largest last_dominated among them */
};

static int set_compare_ids(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int set_compare_types(const void *a, const void *b)
{
    const struct graph_type_sum *x = a, *y = b;
    if (x->shallow_size != y->shallow_size) return x->shallow_size < y->shallow_size ? 1 : -1;
    if (x->n != y->n) return x->n < y->n ? 1 : -1;
    return (x->type_id > y->type_id) - (x->type_id < y->type_id);
}

/* Adds to the histogram, in which the types rise; finished by set_fold_types. */
static bool set_add_type(struct graph_set *out, size_t *capacity, int64_t type_id, uint64_t n,
                         uint64_t bytes)
{
    if (out->n_types == *capacity) {
        size_t more = *capacity ? *capacity * 2 : 64;
        struct graph_type_sum *types =
            more > SIZE_MAX / sizeof *types ? NULL : realloc(out->types, more * sizeof *types);
        if (!types) return false;
        out->types = types;
        *capacity = more;
    }
    out->types[out->n_types++] = (struct graph_type_sum){ type_id, n, bytes };
    return true;
}

static int set_compare_type_ids(const void *a, const void *b)
{
    const struct graph_type_sum *x = a, *y = b;
    return (x->type_id > y->type_id) - (x->type_id < y->type_id);
}

/* One row a type, largest first. */
static void set_fold_types(struct graph_set *out)
{
    size_t kept = 0;
    if (out->n_types == 0) return;
    qsort(out->types, out->n_types, sizeof *out->types, set_compare_type_ids);
    for (size_t i = 1; i < out->n_types; i++) {
        if (out->types[i].type_id == out->types[kept].type_id) {
            out->types[kept].n += out->types[i].n;
            out->types[kept].shallow_size += out->types[i].shallow_size;
        } else {
            out->types[++kept] = out->types[i];
        }
    }
    out->n_types = kept + 1;
    qsort(out->types, out->n_types, sizeof *out->types, set_compare_types);
}

/* One member that holds everything: its own columns. */
static int set_single(struct heapdb *db, int64_t id, struct graph_set *out, size_t *capacity)
{
    sqlite3_stmt *q = NULL;
    struct heapdb_object o;
    int more;
    if (heapdb_object(db, id, &o)) return STATUS_UNUSABLE;
    out->retained.count += (uint64_t)o.retained_count;
    out->retained.shallow_size += (uint64_t)o.retained_size;
    if (o.has_retained_native) out->retained.native_size += (uint64_t)o.retained_native;
    heapdb_object_free(&o);
    if (heapdb_retained_types(db, id, &q)) return STATUS_UNUSABLE;
    while ((more = heapdb_step(db, q)) == 1)
        if (!set_add_type(out, capacity, sqlite3_column_int64(q, 0),
                          (uint64_t)sqlite3_column_int64(q, 2),
                          (uint64_t)sqlite3_column_int64(q, 3)))
            break;
    sqlite3_finalize(q);
    if (more == 1) return message_no_memory("the types of a set");
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

/* The histogram of the rows marked in `held`. Neighbours in the tree are often of one type, so runs
 * are counted first. */
static bool set_held_types(const struct graph *g, const uint64_t *held, struct graph_set *out,
                           size_t *capacity)
{
    struct graph_type_sum run = { -1, 0, 0 };
    for (uint32_t row = 1; row < g->analysis.n_rows; row++) {
        uint32_t node = g->analysis.node[row];
        if (node == HEAP_NONE || !heap_holds_get(held, row)) continue;
        if ((int64_t)g->key[node] != run.type_id) {
            if (run.n && !set_add_type(out, capacity, run.type_id, run.n, run.shallow_size))
                return false;
            /* Folding now and then keeps the list short however the types alternate. */
            if (out->n_types > 1u << 20) set_fold_types(out);
            run = (struct graph_type_sum){ g->key[node], 0, 0 };
        }
        run.n++;
        run.shallow_size += g->heap.shallow[node];
    }
    return !run.n || set_add_type(out, capacity, run.type_id, run.n, run.shallow_size);
}

/* Several topmost members: the subtree in which they lie, searched around them. */
static int set_several(struct heapdb *db, const struct heapdb_snapshot *s,
                       const struct set_part *part, struct graph_set *out, size_t *capacity)
{
    struct graph g = { 0 };
    struct heap_retained retained = { 0 };
    int64_t top;
    int status = graph_common_dominator(db, s, part->top[0], part->high, &top);
    if (status) return status;
    status = graph_load(db, s, top, GRAPH_KEY_TYPE, &g);
    if (status) return status;
    uint64_t *held = calloc((size_t)heap_holds_words(g.analysis.n_rows) + 1, sizeof *held);
    uint32_t *rows = malloc(part->n * sizeof *rows);
    if (!held || !rows) status = message_no_memory("the set");
    for (size_t i = 0; !status && i < part->n; i++) rows[i] = graph_row(&g, part->top[i]);
    if (!status)
        status = graph_status(db, heap_retained_set(&g.heap, &g.analysis, rows, part->n, held,
                                                    &retained),
                              "computing the retained size of the set");
    if (!status && !set_held_types(&g, held, out, capacity))
        status = message_no_memory("the types of a set");
    out->retained.count += retained.count;
    out->retained.shallow_size += retained.shallow_size;
    out->retained.native_size += retained.native_size;
    free(rows);
    free(held);
    graph_free(&g);
    return status;
}

static int set_bad_id(const struct heapdb *db, const struct heapdb_snapshot *s, int64_t id)
{
    const struct heapdb_snapshot *other = heapdb_snapshot_of(db, id);
    if (id == s->live_root_id || id == s->garbage_root_id)
        return message_error(db->path, MESSAGE_NO_OFFSET, NULL,
                             "the set contains #%lld, which is a virtual root and no object",
                             (long long)id);
    if (other && other != s)
        return message_error(db->path, MESSAGE_NO_OFFSET, NULL,
                             "the set contains #%lld of snapshot %lld, but snapshot %lld is asked",
                             (long long)id, (long long)other->id, (long long)s->id);
    return message_error(db->path, MESSAGE_NO_OFFSET, NULL,
                         "the set contains %lld, which is the id of no object", (long long)id);
}

/* Sums the members of ids[0 .. n-1] (sorted) and lists the topmost ones, which replace them at the
 * front of the array, live ones first. */
static int set_topmost(struct heapdb *db, const struct heapdb_snapshot *s, int64_t *ids, size_t n,
                       struct set_part part[2], struct graph_set *out)
{
    sqlite3_stmt *q = NULL;
    int64_t last = 0, before = 0;
    size_t kept = 0;
    int more = 1;
    if (heapdb_prepare(db, &q, "SELECT shallow_size, last_dominated, retained_size FROM object"
                               " WHERE id = ?1 AND dominator_id IS NOT NULL AND snapshot_id = ?2"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 2, s->id);
    part[0] = part[1] = (struct set_part){ 0 };
    for (size_t i = 0; i < n; i++) {
        if (i && ids[i] == before) continue;
        before = ids[i];
        sqlite3_reset(q);
        sqlite3_bind_int64(q, 1, before);
        more = heapdb_step(db, q);
        if (more != 1) break;
        out->n++;
        out->shallow_size += (uint64_t)sqlite3_column_int64(q, 0);
        if (before <= last) continue;
        last = sqlite3_column_int64(q, 1);
        out->topmost_retained += (uint64_t)sqlite3_column_int64(q, 2);
        out->n_topmost++;
        struct set_part *p = &part[before > s->garbage_root_id];
        if (p->n == 0) p->top = ids + kept;
        p->high = last;
        p->n++;
        ids[kept++] = before;
    }
    sqlite3_finalize(q);
    if (more == 0) return set_bad_id(db, s, before);
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

int graph_set_retained(struct heapdb *db, const struct heapdb_snapshot *snapshot, int64_t *ids,
                       size_t n, struct graph_set *out)
{
    struct set_part part[2];
    size_t capacity = 0;
    *out = (struct graph_set){ 0 };
    if (n) qsort(ids, n, sizeof *ids, set_compare_ids);
    int status = set_topmost(db, snapshot, ids, n, part, out);
    for (int i = 0; !status && i < 2; i++) {
        if (part[i].n == 1)
            status = set_single(db, part[i].top[0], out, &capacity);
        else if (part[i].n > 1)
            status = set_several(db, snapshot, &part[i], out, &capacity);
    }
    if (status) {
        free(out->types);
        *out = (struct graph_set){ 0 };
        return status;
    }
    set_fold_types(out);
    return STATUS_DONE;
}
