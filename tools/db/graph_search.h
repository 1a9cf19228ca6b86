/* SPDX-License-Identifier: MIT */
/*
 * Small searches over the references of a database, a reference at a time: why garbage is not freed
 * yet. Nothing is loaded, so a search costs what it looks at, and it gives up at a limit: huge
 * components and hubs are answered by "not found within the limit".
 *
 * Functions print their error and return 0 or STATUS_UNUSABLE. Threads: one at a time.
 */
#ifndef SNAP_TOOLS_DB_GRAPH_SEARCH_H
#define SNAP_TOOLS_DB_GRAPH_SEARCH_H

#include "db/graph_chain.h"

/* References looked at before a search gives up: a fraction of a second. */
enum { GRAPH_SEARCH_MAX = 200000 };

/* How a search ended. */
enum graph_found {
    GRAPH_FOUND,    /* *out holds the chain */
    GRAPH_NOT_THERE,/* all was searched */
    GRAPH_GAVE_UP   /* the limit was reached first */
};

/**
 * What holds a garbage object: the nearest garbage object, backwards over references that hold,
 * that is in a cycle (then *component is its number) or that no garbage refers to (*component is
 * 0). The chain leads from it to `id`; it is `id` alone where that is in a cycle itself. Its
 * positions are as in graph_chain, -1 for the first step, which is no root.
 */
int graph_garbage_holder(struct heapdb *db, const struct heapdb_snapshot *snapshot, int64_t id,
                         struct graph_chain *out, int64_t *component, enum graph_found *found);

/** A shortest way from `id` over members of its component back to itself: a chain that begins and
 *  ends with `id`. */
int graph_cycle(struct heapdb *db, int64_t id, int64_t component, struct graph_chain *out,
                enum graph_found *found);

#endif
