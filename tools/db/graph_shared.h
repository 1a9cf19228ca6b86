/* SPDX-License-Identifier: MIT */
/*
 * Native memory that several objects of a subtree share, read back from a heap database: so that a
 * set of objects that holds it counts it once, and one that does not hold all of it not at all.
 * O(objects of the snapshot that share memory), 16 B for each of them.
 */
#ifndef SNAP_TOOLS_DB_GRAPH_SHARED_H
#define SNAP_TOOLS_DB_GRAPH_SHARED_H

#include "db/graph_load.h"

struct graph_shared {
    struct heap_blocks blocks; /* over the arrays below */
    uint32_t *off, *node;
    uint64_t *size;
};

/** Takes the sizes of objects that share out of native[] (by node of the graph, whose extent is
 *  known) and lists what the subtree holds; memory that hangs above it goes with none of its
 *  objects. *out is freed by graph_shared_free, also after a failure. */
int graph_shared_read(struct heapdb *db, const struct heapdb_snapshot *snapshot,
                      const struct graph *g, uint64_t *native, struct graph_shared *out);

void graph_shared_free(struct graph_shared *s);

#endif
