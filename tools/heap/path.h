/* SPDX-License-Identifier: MIT */
/*
 * Why is this object alive: several paths from the roots to one live object that share nothing.
 *
 * Paths are found one after the other, each a shortest one in what the earlier ones have left
 * over (a breadth-first search backwards from the object over edges that hold, along referrers
 * in the order of heap_referrers, until it meets a root object). This is what a person wants to
 * see first, the shortest explanation, then the next that owes nothing to it. It is not a
 * maximum-flow computation: the number of paths found can be smaller than the largest possible
 * number of disjoint ones, never larger, and each path is a real one.
 */
#ifndef HEAP_PATH_H
#define HEAP_PATH_H

#include "heap/order.h"

enum heap_disjoint {
    HEAP_EDGE_DISJOINT, /* no reference is used by two paths (parallel references are distinct) */
    HEAP_NODE_DISJOINT  /* no object but the target lies on two paths */
};

/* Path i: rows step[start[i]] .. step[start[i+1]-1], from a root object to the target;
 * position[j] is the edge (index among the references of step[j]) that leads to step[j+1], and
 * HEAP_NONE at the last step. */
struct heap_paths {
    uint32_t n;
    uint64_t *start;    /* [n + 1] */
    uint32_t *step;     /* rows */
    uint32_t *position; /* [start[n]] */
};

/*
 * At most k paths to row `target`, shortest first (lengths never decrease). A target that is itself
 * a root object yields the path of one step first, once; after it come the paths over referrers.
 * No path (n is 0) to garbage and to virtual roots. A root object that ends one path may not end
 * another (its root is the edge that was used).
 * HEAP_BAD_GRAPH if target is not below n_rows. O(k * (n + m)) at worst, in practice the part of
 * the heap that lies near the target; memory 12 B a row, and 1 bit an edge when edge-disjoint.
 */
enum heap_status heap_disjoint_paths(const struct heap_graph *g, const struct heap_analysis *a,
                                     const struct heap_referrers *r, uint32_t target, uint32_t k,
                                     enum heap_disjoint mode, struct heap_paths *out);
void heap_paths_free(struct heap_paths *p);

#endif
