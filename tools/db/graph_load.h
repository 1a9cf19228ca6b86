/* SPDX-License-Identifier: MIT */
/*
 * One subtree of the dominator tree read back from a heap database into the arrays of the graph
 * core, for the questions that the database's own columns cannot answer: what a set of objects
 * holds together, disjoint paths, what one thread alone holds. The subtree of a virtual root is all
 * live objects, or all garbage. Whatever lies below X in the tree is reached through X only, so a
 * question about objects below X needs no more than X's subtree.
 *
 * Node k of the graph is the object with id first_id + k; the database numbers objects in preorder
 * of the dominator tree, so nodes are in that order too. References that do not hold, and those
 * that leave the subtree, keep their place among their source's references and have their bit in
 * heap.holds clear.
 *
 * Native memory that several objects share is in heap.blocks (graph_shared.h).
 * Cost: one scan of the subtree's rows of `object` and `ref`, and of its roots. Memory: 32 B an
 * object and 4 B a reference; for all garbage the dominators are computed again (heap_analyse),
 * since the database does not keep the edges of the virtual garbage root.
 * Errors are printed (cli/message.h); functions return 0 or STATUS_UNUSABLE. A database is hostile:
 * whatever does not fit (ids with gaps, ranges that do not nest) is refused as damaged.
 * Threads: one at a time, the database's rule.
 */
#ifndef SNAP_TOOLS_DB_GRAPH_LOAD_H
#define SNAP_TOOLS_DB_GRAPH_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "db/heapdb.h"
#include "heap/analysis.h"
#include "heap/path.h"

/* What graph.key holds: the grouping that the caller will ask sets by. */
enum graph_key { GRAPH_KEY_NONE, GRAPH_KEY_TYPE, GRAPH_KEY_SITE };

struct graph {
    int64_t first_id;              /* id of node 0 */
    int64_t top_id;                /* an object, or a virtual root (then first_id is top_id + 1) */
    struct heap_graph heap;        /* its arrays belong to the graph */
    struct heap_analysis analysis; /* the dominator tree (row_of, node, last, dominator) and what is
                                      counted; retained sizes only where it was computed again,
                                      no paths, no components. Rows: use graph_row, graph_row_id */
    uint32_t *key;                 /* [n] by node: type_id or stack_id; HEAP_NONE where null; NULL
                                      with GRAPH_KEY_NONE */
    bool positions_dense;          /* ref.position is the index among the source's references */
    struct graph_private *private;
};

/** Reads the subtree of `top_id`, an object or a virtual root of `snapshot`, which must have its
 *  references. In the result, an object at the top is the only root. On failure *out owns
 *  nothing. */
int graph_load(struct heapdb *db, const struct heapdb_snapshot *snapshot, int64_t top_id,
               enum graph_key key, struct graph *out);

/** Frees what the graph owns and zeroes it. A zeroed graph is fine. */
void graph_free(struct graph *g);

/**
 * A common dominator of the objects with ids low .. high (all live or all garbage), for graph_load:
 * the nearest one, or after 1,000 levels of the tree one further up. O(levels * log objects).
 */
int graph_common_dominator(struct heapdb *db, const struct heapdb_snapshot *snapshot, int64_t low,
                           int64_t high, int64_t *top_id);

/** Whether object `id` is in the graph. */
static inline bool graph_has(const struct graph *g, int64_t id)
{
    return (uint64_t)id - (uint64_t)g->first_id < g->heap.n;
}

/** The row of the analysis that stands for object `id`, which must be in the graph. */
static inline uint32_t graph_row(const struct graph *g, int64_t id)
{
    return g->analysis.row_of[id - g->first_id];
}

/** The object id of a row that is no virtual root. */
static inline int64_t graph_row_id(const struct graph *g, uint32_t row)
{
    return g->first_id + (int64_t)g->analysis.node[row];
}

/** What the graph core answered, as a message; for HEAP_OK nothing. */
int graph_status(const struct heapdb *db, enum heap_status status, const char *doing);

#endif
