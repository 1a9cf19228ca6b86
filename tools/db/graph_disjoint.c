/* SPDX-License-Identifier: MIT */
/* Several paths to one object; the contract is in graph_disjoint.h. */
#include "graph_disjoint.h"

#include <stdlib.h>
#include <string.h>

#include "cli/message.h"

void graph_chains_free(struct graph_chains *chains)
{
    for (size_t i = 0; i < chains->n; i++) graph_chain_free(&chains->at[i]);
    free(chains->at);
    *chains = (struct graph_chains){ 0 };
}

/* The top object plays the live root: what it refers to are the roots of its subtree. */
static uint32_t *disjoint_roots(const struct graph *g, uint64_t *n)
{
    uint64_t degree = g->heap.n ? g->heap.off[1] - g->heap.off[0] : 0;
    uint32_t *roots = malloc(((size_t)degree + 1) * sizeof *roots);
    *n = 0;
    if (!roots) return NULL;
    for (uint64_t e = 0; e < degree; e++)
        if (heap_holds_get(g->heap.holds, e) && g->heap.target[e] != 0)
            roots[(*n)++] = g->heap.target[e];
    return roots;
}

/* Which reference of the top object leads to `id`, as an index; the first that holds. */
static uint32_t disjoint_entry(const struct graph *g, int64_t id)
{
    for (uint64_t e = 0; e < g->heap.off[1]; e++)
        if (g->heap.target[e] == (uint64_t)(id - g->first_id) && heap_holds_get(g->heap.holds, e))
            return (uint32_t)e;
    return 0;
}

/* ref.position of the index-th reference of the top object. */
static int disjoint_position(struct heapdb *db, const struct graph *g, uint32_t index,
                             int64_t *position)
{
    sqlite3_stmt *q = NULL;
    *position = index;
    if (g->positions_dense) return STATUS_DONE;
    if (heapdb_prepare(db, &q, "SELECT position FROM ref WHERE source_id = ?1 ORDER BY position"
                               " LIMIT 1 OFFSET ?2"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, g->top_id);
    sqlite3_bind_int64(q, 2, index);
    int more = heapdb_step(db, q);
    if (more == 1) *position = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

/* Puts `above`, which may have a gap, before the path in *c, and cuts what is too long; of two gaps
 * one is made, from the upper to the lower. */
static bool disjoint_join(const struct graph_chain *above, struct graph_chain *c, size_t head,
                          size_t tail)
{
    size_t n = above->n + c->n;
    int64_t *id = malloc(n * sizeof *id), *position = malloc(n * sizeof *position);
    if (!id || !position) {
        free(id);
        free(position);
        return false;
    }
    memcpy(id, above->id, above->n * sizeof *id);
    memcpy(position, above->position, above->n * sizeof *position);
    memcpy(id + above->n, c->id, c->n * sizeof *id);
    memcpy(position + above->n, c->position, c->n * sizeof *position);
    uint64_t length = above->length + c->n;
    graph_chain_free(c);
    *c = (struct graph_chain){ .n = n, .id = id, .position = position, .length = length };
    if (above->n_cut) {
        size_t keep = n - above->cut_at < tail ? n - above->cut_at : tail, from = n - keep;
        memmove(id + above->cut_at, id + from, keep * sizeof *id);
        memmove(position + above->cut_at, position + from, keep * sizeof *position);
        c->n = above->cut_at + keep;
        c->cut_at = above->cut_at;
        c->n_cut = length - c->n;
    } else {
        graph_chain_cut(c, head, tail);
    }
    return true;
}

static int disjoint_search(struct heapdb *db, struct graph *g, int64_t id, uint32_t k,
                           struct heap_paths *paths)
{
    struct heap_referrers referrers;
    struct heap_graph graph = g->heap;
    uint32_t *roots = NULL;
    if (g->first_id == g->top_id) {
        roots = disjoint_roots(g, &graph.n_roots);
        if (!roots) return message_no_memory("the roots");
        graph.root = roots;
    }
    enum heap_status status = heap_referrers(&graph, &g->analysis, &referrers);
    if (status == HEAP_OK) {
        status = heap_disjoint_paths(&graph, &g->analysis, &referrers, graph_row(g, id), k,
                                     HEAP_NODE_DISJOINT, paths);
        heap_referrers_free(&referrers);
    }
    free(roots);
    return graph_status(db, status, "searching paths");
}

/* Path i of the search as a chain from a root, or from below the top object: its first step then is
 * the top object's reference. */
static int disjoint_chain(struct heapdb *db, const struct graph *g, const struct heap_paths *paths,
                          uint32_t i, struct graph_chain *out)
{
    int status = graph_chain_from_paths(db, g, paths, i, out);
    if (status || g->first_id != g->top_id) return status;
    status = disjoint_position(db, g, disjoint_entry(g, out->id[0]), &out->position[0]);
    if (status) graph_chain_free(out);
    return status;
}

/* ---- one stretch: from a dominator to the object below it ---- */

enum { STRETCHES_MAX = 64, REFERRERS_MAX = 16 };

/* Is the only thing that holds `id` a reference of `top` (or, where top is the live root, its being
 * a root object)? Then *position is that reference, the first of several. Looks at few
 * referrers. */
static int stretch_is_plain(struct heapdb *db, const struct heapdb_snapshot *snapshot, int64_t id,
                            int64_t top, bool *plain, int64_t *position)
{
    sqlite3_stmt *q = NULL;
    int more = 0, seen = 0;
    *plain = true;
    *position = -1;
    if (heapdb_prepare(db, &q, "SELECT b.source_id, b.position, r.kind FROM referrer b"
                               " JOIN ref r ON r.source_id = b.source_id"
                               " AND r.position = b.position WHERE b.target_id = ?"
                               " ORDER BY b.source_id, b.position"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, id);
    while (*plain && (more = heapdb_step(db, q)) == 1) {
        int64_t source = sqlite3_column_int64(q, 0);
        if (++seen > REFERRERS_MAX) *plain = false;
        if (!heapdb_edge_holds(sqlite3_column_int64(q, 2)) || source == id ||
            source > snapshot->garbage_root_id)
            continue;
        if (source != top) *plain = false;
        if (*position < 0) *position = sqlite3_column_int64(q, 1);
    }
    sqlite3_finalize(q);
    if (*position < 0 && top != snapshot->live_root_id) *plain = false;
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

/* A chain of one step. */
static bool stretch_step(struct graph_chains *out, int64_t id, int64_t position)
{
    struct graph_chain *c = calloc(1, sizeof *c);
    if (!c) return false;
    *out = (struct graph_chains){ .at = c, .n = 1 };
    c->id = malloc(sizeof *c->id);
    c->position = malloc(sizeof *c->position);
    if (!c->id || !c->position) {
        graph_chains_free(out);
        return false;
    }
    c->id[0] = id;
    c->position[0] = position;
    c->n = 1;
    c->length = 1;
    return true;
}

/* At most k chains from below `top` to `id`, shortest first. */
static int stretch_search(struct heapdb *db, const struct heapdb_snapshot *snapshot, int64_t id,
                          int64_t top, uint32_t k, struct graph_chains *out)
{
    struct graph g = { 0 };
    struct heap_paths paths = { 0 };
    int64_t position;
    bool plain;
    *out = (struct graph_chains){ 0 };
    int status = stretch_is_plain(db, snapshot, id, top, &plain, &position);
    if (status) return status;
    if (plain) return stretch_step(out, id, position) ? STATUS_DONE : message_no_memory("a path");
    status = graph_load(db, snapshot, top, GRAPH_KEY_NONE, &g);
    if (!status && !graph_has(&g, id))
        status = heapdb_damaged(db, "object #%lld is not below its dominator",
                                (long long)id);
    if (!status) status = disjoint_search(db, &g, id, k, &paths);
    if (!status) {
        out->at = calloc(paths.n + 1, sizeof *out->at);
        if (!out->at) status = message_no_memory("the paths");
    }
    for (uint32_t i = 0; !status && i < paths.n; i++) {
        status = disjoint_chain(db, &g, &paths, i, &out->at[i]);
        if (!status) out->n++;
    }
    heap_paths_free(&paths);
    graph_free(&g);
    if (status) graph_chains_free(out);
    return status;
}

/* ---- all stretches together ---- */

struct stretches {
    struct graph_chains at[STRETCHES_MAX]; /* [0] ends with the object, each further one above it */
    size_t n;
    struct graph_chain above; /* the shortest path to what the uppermost begins below; may be cut */
};

static int stretches_load(struct heapdb *db, const struct heapdb_snapshot *snapshot, int64_t id,
                          uint32_t k, size_t head, size_t tail, struct stretches *s)
{
    int64_t top = 0;
    uint64_t found = 0;
    while (s->n < STRETCHES_MAX) {
        int got = heapdb_number(db, "SELECT dominator_id FROM object WHERE id = ?", id, &top);
        if (got < 0) return STATUS_UNUSABLE;
        if (got > 0) return STATUS_DONE;
        struct graph_chains *c = &s->at[s->n];
        /* The first path of a higher stretch is part of all that were found already. */
        if (stretch_search(db, snapshot, id, top, k - (uint32_t)found + (s->n > 0), c))
            return STATUS_UNUSABLE;
        s->n++;
        if (c->n == 0) return STATUS_DONE;
        found += c->n - (s->n > 1);
        if (found >= k || top == snapshot->live_root_id) break;
        id = top;
    }
    if (top == snapshot->live_root_id) return STATUS_DONE;
    return graph_chain_shortest(db, top, head, tail, &s->above);
}

/* The path that takes chain `i` of stretch `which` and the first one of all others. */
static bool stretches_join(const struct stretches *s, size_t which, size_t i, size_t head,
                           size_t tail, struct graph_chain *out)
{
    size_t n = 0;
    for (size_t k = 0; k < s->n; k++) n += s->at[k].at[k == which ? i : 0].n;
    *out = (struct graph_chain){ 0 };
    out->id = malloc((n + 1) * sizeof *out->id);
    out->position = malloc((n + 1) * sizeof *out->position);
    if (!out->id || !out->position) {
        graph_chain_free(out);
        return false;
    }
    for (size_t k = s->n; k-- > 0;) {
        const struct graph_chain *c = &s->at[k].at[k == which ? i : 0];
        memcpy(out->id + out->n, c->id, c->n * sizeof *c->id);
        memcpy(out->position + out->n, c->position, c->n * sizeof *c->position);
        out->n += c->n;
    }
    out->length = out->n;
    if (s->above.n) return disjoint_join(&s->above, out, head, tail);
    graph_chain_cut(out, head, tail);
    return true;
}

int graph_disjoint(struct heapdb *db, const struct heapdb_snapshot *snapshot, int64_t id,
                   uint32_t k, size_t head, size_t tail, struct graph_chains *out)
{
    struct stretches *s = calloc(1, sizeof *s);
    *out = (struct graph_chains){ 0 };
    out->at = calloc((size_t)k + 1, sizeof *out->at);
    int status = s && out->at ? stretches_load(db, snapshot, id, k, head, tail, s)
                              : message_no_memory("the paths");
    bool all = !status;
    for (size_t j = 0; all && j < s->n; j++) all = s->at[j].n > 0;
    for (size_t j = 0; all && !status && j < s->n; j++) {
        for (size_t i = j > 0; !status && i < s->at[j].n && out->n < k; i++) {
            if (stretches_join(s, j, i, head, tail, &out->at[out->n]))
                out->n++;
            else
                status = message_no_memory("the paths");
        }
    }
    /* Shortest first, by insertion: the first one is shortest on every stretch and stays. */
    for (size_t i = 1; i < out->n; i++)
        for (size_t j = i; j > 0 && out->at[j - 1].length > out->at[j].length; j--) {
            struct graph_chain c = out->at[j];
            out->at[j] = out->at[j - 1];
            out->at[j - 1] = c;
        }
    if (s) {
        for (size_t j = 0; j < s->n; j++) graph_chains_free(&s->at[j]);
        graph_chain_free(&s->above);
    }
    free(s);
    if (status) graph_chains_free(out);
    return status;
}
