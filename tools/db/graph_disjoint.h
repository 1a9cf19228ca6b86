/* SPDX-License-Identifier: MIT */
/*
 * Several paths to an object that differ as far as they can.
 *
 * Every path leads through the object's dominators, so paths can differ between one dominator and
 * the next only: a stretch. The paths of one stretch have no object in common (heap/path.h),
 * shortest first. Stretches are searched from the object upwards until there are paths enough: the
 * paths of the lowest stretch are alike above it, the further paths of a higher stretch are alike
 * below it. So two registries that hold an object are two paths, and so are two threads that hold
 * the one registry.
 *
 * Cost: a stretch without an alternative is a look-up; another costs graph_load of the upper
 * dominator's subtree, then one backward search a path.
 * Functions print their error and return 0 or STATUS_UNUSABLE.
 */
#ifndef SNAP_TOOLS_DB_GRAPH_DISJOINT_H
#define SNAP_TOOLS_DB_GRAPH_DISJOINT_H

#include "db/graph_chain.h"

struct graph_chains {
    struct graph_chain *at;
    size_t n;
};

/** At most k different paths to the live object `id`, shortest first; the first is a shortest path
 *  of all. Long ones are cut to `head` and `tail` steps. No more stretches than 64 are looked
 *  at. */
int graph_disjoint(struct heapdb *db, const struct heapdb_snapshot *snapshot, int64_t id,
                   uint32_t k, size_t head, size_t tail, struct graph_chains *out);
void graph_chains_free(struct graph_chains *chains);

#endif
