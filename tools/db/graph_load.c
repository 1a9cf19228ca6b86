/* SPDX-License-Identifier: MIT */
/*
 * Reading a part of a heap database into arrays; the contract is in graph_load.h.
 * Three scans in key order (object, ref, root), each O(rows), nothing sorted.
 */
#include "graph_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "db/graph_shared.h"
#include "heap/memory.h"

/* The arrays that struct heap_graph points to. */
struct graph_private {
    uint64_t *off, *holds, *shallow, *native;
    uint32_t *target, *root;
    struct graph_shared shared;
    uint64_t n_edges, edge_capacity;
    uint64_t n_roots, root_capacity;
    bool has_native; /* the capture knows of memory outside the heap */
};

int graph_status(const struct heapdb *db, enum heap_status status, const char *doing)
{
    if (status == HEAP_OK) return STATUS_DONE;
    if (status == HEAP_NO_MEMORY) return message_no_memory(doing);
    return message_error(db->path, MESSAGE_NO_OFFSET, NULL, "%s: %s", doing,
                         heap_status_text(status));
}

static int graph_damaged(const struct heapdb *db, const char *what, int64_t id)
{
    return heapdb_damaged(db, "%s at object #%lld", what, (long long)id);
}

/* The subtree's ids: first_id to first_id + n - 1. */
static int graph_extent(struct heapdb *db, const struct heapdb_snapshot *s, int64_t top_id,
                        struct graph *g)
{
    bool virtual_root = top_id == s->live_root_id || top_id == s->garbage_root_id;
    int64_t last = 0, highest = 0;
    int got = heapdb_number(db, "SELECT last_dominated FROM object WHERE id = ?", top_id, &last);
    if (!got) got = heapdb_number(db, "SELECT max(id) FROM object", 0, &highest);
    if (got < 0) return STATUS_UNUSABLE;
    if (got > 0 || top_id < 1 || last < top_id || last > highest || last == INT64_MAX)
        return graph_damaged(db, "a row is wrong", top_id);
    if (last - top_id >= (int64_t)HEAP_MAX_NODES)
        return message_error(db->path, MESSAGE_NO_OFFSET, NULL,
                             "%lld objects are too many to analyse", (long long)(last - top_id));
    g->top_id = top_id;
    g->first_id = virtual_root ? top_id + 1 : top_id;
    g->heap.n = (uint32_t)(last - g->first_id + 1);
    return STATUS_DONE;
}

/* Arrays whose length is known, those of the analysis only where heap_analyse does not make
 * them. */
static int graph_allocate(struct graph *g, enum graph_key key, bool analyse)
{
    struct graph_private *p = g->private;
    uint64_t n = g->heap.n, rows = n + 2;
    p->off = heap_new(n + 1, sizeof *p->off);
    p->shallow = heap_new(n, sizeof *p->shallow);
    if (p->has_native) p->native = heap_new(n, sizeof *p->native);
    bool missing = !p->off || !p->shallow || (p->has_native && !p->native);
    if (key != GRAPH_KEY_NONE) {
        g->key = heap_new(n, sizeof *g->key);
        missing |= !g->key;
    }
    if (!analyse) {
        struct heap_analysis *a = &g->analysis;
        a->row_of = heap_new(n, sizeof *a->row_of);
        a->node = heap_new(rows, sizeof *a->node);
        a->last = heap_new(rows, sizeof *a->last);
        a->dominator = heap_new(rows, sizeof *a->dominator);
        missing |= !a->row_of || !a->node || !a->last || !a->dominator;
    }
    return missing ? message_no_memory("the reference graph") : STATUS_DONE;
}

/* How far an id of a database is from the first one; it wraps where the id is absurd, to a number
 * that every check refuses. */
static int64_t graph_offset(const struct graph *g, int64_t id)
{
    return (int64_t)((uint64_t)id - (uint64_t)g->first_id);
}

/* Sizes from a database: negative ones count as 0, they would break every sum. */
static uint64_t graph_size(sqlite3_stmt *q, int column)
{
    int64_t v = sqlite3_column_int64(q, column);
    return v > 0 ? (uint64_t)v : 0;
}

/* One object into its row. The tree must nest: a dominator is an earlier row whose
 * range takes in this row's range; that makes every later walk over ranges safe. */
static bool graph_tree_row(struct graph *g, sqlite3_stmt *q, uint32_t node)
{
    struct heap_analysis *a = &g->analysis;
    uint32_t row = node + 1;
    int64_t last = graph_offset(g, sqlite3_column_int64(q, 2));
    int64_t dominator = graph_offset(g, sqlite3_column_int64(q, 3));
    if (node == 0) dominator = -1; /* the virtual root, or what is above the top */
    /* As nodes: -1 is row 0. */
    if (dominator < -1 || dominator >= node || last < node || last >= g->heap.n ||
        last >= a->last[dominator + 1])
        return false;
    a->row_of[node] = row;
    a->node[row] = node;
    a->last[row] = (uint32_t)last + 1;
    a->dominator[row] = (uint32_t)(dominator + 1);
    return true;
}

/* The two virtual rows: everything hangs below the live one. */
static void graph_virtual_rows(struct graph *g)
{
    struct heap_analysis *a = &g->analysis;
    uint32_t n = g->heap.n, garbage = n + 1;
    a->first_id = (uint64_t)g->first_id - 1;
    a->n_nodes = n;
    a->n_rows = n + 2;
    a->n_live = n;
    a->garbage_root = garbage;
    a->node[0] = a->node[garbage] = HEAP_NONE;
    a->dominator[0] = a->dominator[garbage] = HEAP_NONE;
    a->last[0] = n;
    a->last[garbage] = garbage;
}

static int graph_read_objects(struct heapdb *db, struct graph *g, enum graph_key key, bool analyse)
{
    struct graph_private *p = g->private;
    sqlite3_stmt *q = NULL;
    int status = STATUS_UNUSABLE, more;
    uint32_t node = 0;
    uint64_t total = 0;
    /* A column costs time even where nobody looks at it, so the ones without use are constants. */
    static const char *const keys[] = { [GRAPH_KEY_NONE] = "NULL", [GRAPH_KEY_TYPE] = "type_id",
                                        [GRAPH_KEY_SITE] = "stack_id" };
    char sql[256];
    snprintf(sql, sizeof sql,
             "SELECT id, shallow_size, last_dominated, dominator_id, %s, %s FROM object"
             " WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
             keys[key], p->has_native ? "native_size" : "NULL");
    if (heapdb_prepare(db, &q, sql)) return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, g->first_id);
    sqlite3_bind_int64(q, 2, g->first_id + g->heap.n - 1);
    if (!analyse) graph_virtual_rows(g);
    while ((more = heapdb_step(db, q)) == 1) {
        int64_t id = sqlite3_column_int64(q, 0);
        if (node >= g->heap.n || id != g->first_id + node) break;
        p->shallow[node] = graph_size(q, 1);
        if (p->has_native) p->native[node] = graph_size(q, 5);
        /* The sum is kept below 2^63, as the graph core demands. */
        if (p->shallow[node] > INT64_MAX - total) break;
        total += p->shallow[node];
        if (!analyse && !graph_tree_row(g, q, node)) break;
        if (g->key) {
            int64_t k = sqlite3_column_type(q, 4) == SQLITE_NULL ? -1 : sqlite3_column_int64(q, 4);
            g->key[node] = k < 0 || k >= HEAP_NONE ? HEAP_NONE : (uint32_t)k;
        }
        node++;
    }
    if (more == 1 || (more == 0 && node < g->heap.n))
        status = graph_damaged(db, "rows do not fit together", g->first_id + node);
    else if (more == 0)
        status = STATUS_DONE;
    sqlite3_finalize(q);
    return status;
}

/* Room for one more edge, and its bit. */
static bool graph_grow_edges(struct graph_private *p)
{
    if (p->n_edges < p->edge_capacity) return true;
    uint64_t capacity = p->edge_capacity ? p->edge_capacity * 2 : 1u << 16;
    if (capacity > SIZE_MAX / sizeof *p->target / 2) return false;
    uint32_t *target = heap_resize(p->target, p->edge_capacity, capacity, sizeof *target);
    if (!target) return false;
    p->target = target;
    size_t words = (size_t)heap_holds_words(capacity);
    size_t had = (size_t)heap_holds_words(p->edge_capacity);
    uint64_t *holds = heap_resize(p->holds, had, words, sizeof *holds);
    if (!holds) return false;
    memset(holds + had, 0, (words - had) * sizeof *holds);
    p->holds = holds;
    p->edge_capacity = capacity;
    return true;
}

/* Which kinds hold, as a table: the filter is asked once a kind, not once a reference. */
static uint64_t graph_holding_kinds(void)
{
    uint64_t kinds = 0;
    for (int kind = 0; kind < 64; kind++)
        if (heapdb_edge_holds(kind)) kinds |= UINT64_C(1) << kind;
    return kinds;
}

static bool graph_kind_holds(uint64_t kinds, int64_t kind)
{
    return kind >= 0 && kind < 64 ? kinds >> kind & 1 : heapdb_edge_holds(kind);
}

static int graph_read_refs(struct heapdb *db, struct graph *g)
{
    struct graph_private *p = g->private;
    sqlite3_stmt *q = NULL;
    int status = STATUS_UNUSABLE, more;
    uint32_t node = 0;
    uint64_t kinds = graph_holding_kinds(), index = 0;
    if (heapdb_prepare(db, &q, "SELECT source_id, position, target_id, kind FROM ref"
                               " WHERE source_id BETWEEN ?1 AND ?2 ORDER BY source_id, position"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, g->first_id);
    sqlite3_bind_int64(q, 2, g->first_id + g->heap.n - 1);
    g->positions_dense = true;
    p->off[0] = 0;
    while ((more = heapdb_step(db, q)) == 1) {
        uint64_t source = (uint64_t)(sqlite3_column_int64(q, 0) - g->first_id);
        while (node < source) {
            p->off[++node] = p->n_edges;
            index = 0;
        }
        if (!graph_grow_edges(p)) {
            status = message_no_memory("the reference graph");
            break;
        }
        int64_t target = sqlite3_column_int64(q, 2);
        bool inside = graph_has(g, target);
        p->target[p->n_edges] = inside ? (uint32_t)(target - g->first_id) : node;
        if (inside && graph_kind_holds(kinds, sqlite3_column_int64(q, 3)))
            heap_holds_set(p->holds, p->n_edges);
        g->positions_dense &= (uint64_t)sqlite3_column_int64(q, 1) == index++;
        p->n_edges++;
    }
    while (node < g->heap.n) p->off[++node] = p->n_edges;
    if (more == 0) status = STATUS_DONE;
    sqlite3_finalize(q);
    return status;
}

static bool graph_add_root(struct graph_private *p, uint32_t node)
{
    if (p->n_roots == p->root_capacity) {
        uint64_t capacity = p->root_capacity ? p->root_capacity * 2 : 64;
        if (capacity > SIZE_MAX / sizeof *p->root) return false;
        uint32_t *root = heap_resize(p->root, p->n_roots, capacity, sizeof *root);
        if (!root) return false;
        p->root = root;
        p->root_capacity = capacity;
    }
    p->root[p->n_roots++] = node;
    return true;
}

/* The live root's edges: every root object once. */
static int graph_read_roots(struct heapdb *db, struct graph *g)
{
    sqlite3_stmt *q = NULL;
    int status = STATUS_UNUSABLE, more;
    if (heapdb_prepare(db, &q, "SELECT DISTINCT object_id FROM root"
                               " WHERE object_id BETWEEN ?1 AND ?2 ORDER BY object_id"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, g->first_id);
    sqlite3_bind_int64(q, 2, g->first_id + g->heap.n - 1);
    while ((more = heapdb_step(db, q)) == 1) {
        if (!graph_add_root(g->private, (uint32_t)(sqlite3_column_int64(q, 0) - g->first_id))) {
            status = message_no_memory("the roots");
            break;
        }
    }
    if (more == 0) status = STATUS_DONE;
    sqlite3_finalize(q);
    return status;
}

/* The graph's pointers, once the arrays no longer move. */
static void graph_point(struct graph *g)
{
    const struct graph_private *p = g->private;
    g->heap.off = p->off;
    g->heap.target = p->target;
    g->heap.holds = p->holds;
    g->heap.root = p->root;
    g->heap.n_roots = p->n_roots;
    g->heap.shallow = p->shallow;
    g->heap.native = p->native;
    g->heap.blocks = p->shared.blocks.n ? &p->shared.blocks : NULL;
}

int graph_load(struct heapdb *db, const struct heapdb_snapshot *snapshot, int64_t top_id,
               enum graph_key key, struct graph *out)
{
    *out = (struct graph){ 0 };
    if (!snapshot->has_refs)
        return message_error(db->path, MESSAGE_NO_OFFSET, "loading the snapshot again",
                             "this database has no references");
    out->private = calloc(1, sizeof *out->private);
    if (!out->private) return message_no_memory("the reference graph");
    struct graph_private *p = out->private;
    bool analyse = top_id == snapshot->garbage_root_id;
    int64_t ignored;
    int native = heapdb_number(db, "SELECT native_size FROM snapshot WHERE id = ?", snapshot->id,
                               &ignored);
    p->has_native = native == 0;
    int status = native < 0 ? STATUS_UNUSABLE : graph_extent(db, snapshot, top_id, out);
    if (!status) status = graph_allocate(out, key, analyse);
    if (!status) status = graph_read_objects(db, out, key, analyse);
    if (!status && p->has_native)
        status = graph_shared_read(db, snapshot, out, p->native, &p->shared);
    if (!status) status = graph_read_refs(db, out);
    if (!status && top_id == snapshot->live_root_id) status = graph_read_roots(db, out);
    if (!status && out->first_id == top_id && !graph_add_root(p, 0))
        status = message_no_memory("the roots");
    if (!status && !graph_grow_edges(p)) status = message_no_memory("the reference graph");
    if (!status) graph_point(out);
    if (!status && analyse) {
        enum heap_status s = heap_analyse(&out->heap, 0, (uint64_t)out->first_id, &out->analysis);
        status = graph_status(db, s, "analysing the garbage");
    }
    if (status) graph_free(out);
    return status;
}

int graph_common_dominator(struct heapdb *db, const struct heapdb_snapshot *snapshot, int64_t low,
                           int64_t high, int64_t *top_id)
{
    static const char sql[] =
        "SELECT c.object_id, o.last_dominated FROM child c JOIN object o ON o.id = c.object_id"
        " WHERE c.dominator_id = ?1 AND c.object_id <= ?2 ORDER BY c.object_id DESC LIMIT 1";
    sqlite3_stmt *q = NULL;
    int more = 0;
    *top_id = low > snapshot->garbage_root_id ? snapshot->garbage_root_id : snapshot->live_root_id;
    if (heapdb_prepare(db, &q, sql)) return STATUS_UNUSABLE;
    for (int level = 0; level < 1000; level++) {
        sqlite3_reset(q);
        sqlite3_bind_int64(q, 1, *top_id);
        sqlite3_bind_int64(q, 2, low);
        more = heapdb_step(db, q);
        if (more != 1 || sqlite3_column_int64(q, 1) < high) break;
        *top_id = sqlite3_column_int64(q, 0);
        if (*top_id == low) break;
    }
    sqlite3_finalize(q);
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

void graph_free(struct graph *g)
{
    struct graph_private *p = g->private;
    heap_analysis_free(&g->analysis);
    heap_free(g->key);
    if (p) {
        heap_free(p->off);
        heap_free(p->shallow);
        heap_free(p->native);
        graph_shared_free(&p->shared);
        heap_free(p->holds);
        heap_free(p->target);
        heap_free(p->root);
        free(p);
    }
    *g = (struct graph){ 0 };
}
