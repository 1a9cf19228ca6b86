/* SPDX-License-Identifier: MIT */
/*
 * What one group of roots alone holds: the objects that roots of this group reach and no other root
 * does. It is what would be freed if the group's roots went, for all groups at once; a thread's
 * frames, for example, hold what only their locals reach.
 *
 * Every object gets the join, over all roots that reach it, of the root's group: one group alone,
 * several groups, or also a root of no group. A label changes at most twice, so the cost is
 * O(objects + references); memory 12 B an object.
 */
#ifndef SNAP_TOOLS_DB_GRAPH_HOLD_H
#define SNAP_TOOLS_DB_GRAPH_HOLD_H

#include "db/graph_load.h"

/* One root object and its group; an object may stand several times. */
struct graph_hold_root {
    uint32_t node;
    uint32_t group; /* 0: none of the groups that are asked about */
};

/* What a group holds. */
struct graph_hold_sum {
    uint64_t n, shallow_size, native_size;
};

/** sum[1 .. n_groups] becomes what each group alone holds, sum[n_groups + 1] what several groups
 *  hold and nothing else, sum[0] the rest of what is reached. The caller's array has n_groups + 2
 *  elements. HEAP_BAD_GRAPH when a node or a group is out of range. */
enum heap_status graph_hold(const struct heap_graph *g, const struct graph_hold_root *roots,
                            uint64_t n_roots, uint32_t n_groups, struct graph_hold_sum *sum);

#endif
