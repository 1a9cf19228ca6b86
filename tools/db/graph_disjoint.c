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
    uint32_t *roots = malloc((degree + 1) * sizeof *roots);
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

/* Path i of the search as a chain from a root. */
static int disjoint_chain(struct heapdb *db, const struct graph *g, const struct heap_paths *paths,
                          uint32_t i, const struct graph_chain *above, size_t head, size_t tail,
                          struct graph_chain *out)
{
    int status = graph_chain_from_paths(db, g, paths, i, out);
    if (status) return status;
    if (g->first_id != g->top_id) {
        graph_chain_cut(out, head, tail);
        return STATUS_DONE;
    }
    status = disjoint_position(db, g, disjoint_entry(g, out->id[0]), &out->position[0]);
    if (!status && !disjoint_join(above, out, head, tail)) status = message_no_memory("a path");
    if (status) graph_chain_free(out);
    return status;
}

int graph_disjoint(struct heapdb *db, const struct heapdb_snapshot *snapshot, int64_t id, uint32_t k,
                   size_t head, size_t tail, struct graph_chains *out)
{
    struct graph g = { 0 };
    struct graph_chain above = { 0 };
    struct heap_paths paths = { 0 };
    int64_t top = 0;
    *out = (struct graph_chains){ 0 };
    int got = heapdb_number(db, "SELECT dominator_id FROM object WHERE id = ?", id, &top);
    if (got < 0) return STATUS_UNUSABLE;
    if (got > 0) return STATUS_DONE;
    int status = graph_load(db, snapshot, top, GRAPH_KEY_NONE, &g);
    if (!status && !graph_has(&g, id))
        status = message_error(db->path, MESSAGE_NO_OFFSET, "loading the snapshot again",
                               "damaged heap database: object #%lld is not below its dominator",
                               (long long)id);
    if (!status && g.first_id == top) status = graph_chain_shortest(db, top, head, tail, &above);
    if (!status) status = disjoint_search(db, &g, id, k, &paths);
    if (!status) {
        out->at = calloc(paths.n + 1, sizeof *out->at);
        if (!out->at) status = message_no_memory("the paths");
    }
    for (uint32_t i = 0; !status && i < paths.n; i++) {
        status = disjoint_chain(db, &g, &paths, i, &above, head, tail, &out->at[i]);
        if (!status) out->n++;
    }
    heap_paths_free(&paths);
    graph_chain_free(&above);
    graph_free(&g);
    if (status) graph_chains_free(out);
    return status;
}
