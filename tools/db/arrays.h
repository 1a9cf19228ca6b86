/* SPDX-License-Identifier: MIT */
/*
 * One snapshot of a heap database back in memory, in the form the graph core works on: for tools
 * that ask what no stored column answers (matching two snapshots, disjoint paths, the exact retained
 * size of any set).
 *
 * Rows are those of heap/analysis.h: row = id - live_root_id, the virtual roots are rows 0 and
 * garbage_root. Nodes are the rows without the virtual roots, in the same order (arrays_node).
 * Whether an edge holds is told by its kind (heapdb_edge_holds), as it was when the database was
 * made.
 *
 * Functions print their error and return 0 or STATUS_UNUSABLE. A database may come from a stranger:
 * all numbers are checked against each other before they are used as indexes. Cost: one scan of
 * `object` (about 1 s for 10M rows), one of `ref` where references are wanted.
 */
#ifndef SNAP_TOOLS_DB_ARRAYS_H
#define SNAP_TOOLS_DB_ARRAYS_H

#include "db/heapdb.h"
#include "heap/order.h"

enum arrays_want {
    ARRAYS_SIZES = 1,      /* shallow, retained, native, retained_native */
    ARRAYS_TREE = 2,       /* last, dominator */
    ARRAYS_PATHS = 4,      /* distance, parent, parent_position */
    ARRAYS_TYPES = 8,      /* type */
    ARRAYS_ADDRESS = 16,   /* address */
    ARRAYS_HASH = 32,      /* content_hash */
    ARRAYS_STACK = 64,     /* stack */
    ARRAYS_COMPONENT = 128 /* component */
};

/* Arrays by row, [n_rows]; NULL where not asked for. */
struct arrays {
    int64_t first_id;      /* id of row 0 */
    uint32_t n_rows;
    uint32_t garbage_root;
    uint64_t *shallow, *retained;
    uint64_t *native, *retained_native; /* NULL when the snapshot has no native sizes; 0 for null */
    uint32_t *last, *dominator;         /* HEAP_NONE at the virtual roots */
    uint32_t *distance, *parent, *parent_position; /* HEAP_NONE for null */
    uint32_t *type;         /* index into type_id; HEAP_NONE at the virtual roots */
    uint32_t n_types;
    int64_t *type_id;       /* [n_types] ascending */
    uint64_t *address;      /* 0 for null */
    uint64_t *content_hash; /* 0 for null */
    uint64_t *stack;        /* stack id, 0 for null */
    uint32_t *component;    /* component id minus the snapshot's smallest; HEAP_NONE for null */
};

/** Loads the columns of `want` (an or of arrays_want). */
int arrays_load(struct heapdb *db, const struct heapdb_snapshot *snapshot, unsigned want,
                struct arrays *out);
void arrays_free(struct arrays *a);

/** Graph and analysis as heap_retained_set and heap_disjoint_paths take them. The analysis holds
 *  last, dominator, retained sizes, paths and the two mappings; all of it belongs to this structure. */
struct arrays_graph {
    struct heap_graph graph;
    struct heap_analysis analysis;
    uint8_t *kind;     /* [edges] snap_edge_kind */
    uint64_t *name_id; /* [edges] string id, 0 for null; only where names were asked for */
};

/** Loads references, holds bits, roots and sizes. Needs a database with references (need_refs). */
int arrays_load_graph(struct heapdb *db, const struct heapdb_snapshot *snapshot, bool names,
                      struct arrays_graph *out);
void arrays_graph_free(struct arrays_graph *g);

/** Row of a node and back; the virtual roots are no nodes. */
static inline uint32_t arrays_row(uint32_t garbage_root, uint32_t node)
{
    return node + 1 < garbage_root ? node + 1 : node + 2;
}

static inline uint32_t arrays_node(uint32_t garbage_root, uint32_t row)
{
    return row < garbage_root ? row - 1 : row - 2;
}

#endif
