/* SPDX-License-Identifier: MIT */
/*
 * Exact retained size of any set of objects of one snapshot: what would be freed if all of them
 * went, the set included. An object that two members hold, and nothing else, belongs to the set's
 * retained size though to neither member's.
 *
 * Of the set only the members matter that lie below no other member in the dominator tree. If that
 * is one object, its own columns are the answer and no reference is read; otherwise the subtree of
 * their nearest common dominator is (graph_load.h), live and garbage apart.
 * Cost: O(n log n) for the set, plus O(objects + references) of that subtree.
 */
#ifndef SNAP_TOOLS_DB_GRAPH_SET_H
#define SNAP_TOOLS_DB_GRAPH_SET_H

#include <stddef.h>
#include <stdint.h>

#include "db/graph_load.h"

/* What is held, of one type. */
struct graph_type_sum {
    int64_t type_id;
    uint64_t n;
    uint64_t shallow_size;
};

struct graph_set {
    uint64_t n;                /* different objects in the set */
    uint64_t shallow_size;     /* of them */
    uint64_t n_topmost;        /* of them, those below no other */
    uint64_t topmost_retained; /* sum of the retained sizes of those: a lower bound of the exact
                                  one */
    struct heap_retained retained;
    struct graph_type_sum *types; /* what is held by type, largest shallow size first; malloc'd */
    size_t n_types;
};

/** Computes *out for the objects ids[0 .. n-1], which are sorted in place; duplicates are fine, an
 *  id that is no object of `snapshot` is an error. Frees nothing; on success the caller frees
 *  out->types. Returns 0 or STATUS_UNUSABLE after a message. */
int graph_set_retained(struct heapdb *db, const struct heapdb_snapshot *snapshot, int64_t *ids,
                       size_t n, struct graph_set *out);

#endif
