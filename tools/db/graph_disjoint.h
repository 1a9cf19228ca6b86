/* SPDX-License-Identifier: MIT */
/*
 * Several paths to an object that share nothing that they need not share.
 *
 * Every path leads through the object's dominators, so no two paths can differ above the nearest one:
 * what stands above it is shown alike in all of them. Below it the paths have no object in common but
 * the target (heap/path.h), shortest first. So two registries in one module dictionary are two paths,
 * although both begin with the module.
 *
 * Cost: graph_load of the dominator's subtree, then one backward search a path.
 * Functions print their error and return 0 or STATUS_UNUSABLE.
 */
#ifndef SNAP_TOOLS_DB_GRAPH_DISJOINT_H
#define SNAP_TOOLS_DB_GRAPH_DISJOINT_H

#include "db/graph_chain.h"

struct graph_chains {
    struct graph_chain *at;
    size_t n;
};

/** At most k paths to the live object `id`; long ones are cut to `head` and `tail` steps. */
int graph_disjoint(struct heapdb *db, const struct heapdb_snapshot *snapshot, int64_t id, uint32_t k,
                   size_t head, size_t tail, struct graph_chains *out);
void graph_chains_free(struct graph_chains *chains);

#endif
