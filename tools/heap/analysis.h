/* SPDX-License-Identifier: MIT */
/*
 * From a graph of objects to everything that is derived from its shape: dominator tree, exact
 * retained sizes, shortest paths from the roots, cycles, garbage.
 *
 * Two spaces of numbers, never mixed:
 *   node  0 .. n-1      an object's ordinal in the file, the space of the input;
 *   row   0 .. n+1      an object's place in the output. Row 0 is the virtual root `(live)`, rows
 *                       1 .. n_live the live objects, row n_live+1 the virtual root `(garbage)`,
 *                       the rows after it the garbage. A row is the preorder number in the
 *                       dominator tree, siblings by retained size descending, ties by node
 *                       ascending; so the same input always gives the same rows, the objects that
 *                       X alone keeps alive are the rows X .. last[X], and X's children in the
 *                       tree come out largest first.
 * The id that people see is first_id + row (heap_id): 1 for the live root of the first snapshot of
 * a database, and beyond the last id of the snapshot before for each further one.
 *
 * Definitions.
 *   An edge holds if its bit in `holds` is set. Edges that do not hold (weak references) take no
 *   part in anything that is computed here. The filter is applied once, while the graph is walked
 *   for the first time; every later step works on what that walk kept.
 *   Live: reachable from a root over edges that hold. Garbage: every other object.
 *   The live root has an edge to each root object. The garbage root has one to every member of each
 *   source component of the garbage (a strongly connected component that no other garbage refers
 *   to). An edge from garbage to a live object holds nothing.
 *   Retained size of X: the shallow sizes of all objects that become unreachable from X's virtual
 *   root when X is taken out of the graph, X included. It is exact: a row's retained size is its
 *   own shallow size plus its children's retained sizes, and the virtual roots' are the live and
 *   the garbage size.
 *   Component: a strongly connected component of two members or more, or one object that refers to
 *   itself. Its retained size is that of the set of its members: what becomes unreachable when all
 *   of them are taken out (what goes when every reference into the cycle goes). Members of a cycle
 *   with several entries need not dominate what they hold together, so this can be more than the
 *   retained sizes of the topmost members together; it is computed exactly.
 *
 * Complexity: O((n + m) log n) worst case, near-linear measured; nothing recurses. Memory
 * beyond the input, at the peak: see heap_analyse. Nodes and rows are 32 bits wide, edges are
 * counted in 64.
 */
#ifndef HEAP_ANALYSIS_H
#define HEAP_ANALYSIS_H

#include "heap/status.h"

/* Native memory that several objects share: block i is that of the objects node[off[i]] ..
 * node[off[i+1]-1], at least one, each of them once. It is counted once, wherever sizes are added
 * up: a retained size has it where all of its objects are retained (those that are live, if any is:
 * garbage holds nothing live); a sum of own sizes has it at block_counted. */
struct heap_blocks {
    uint32_t n;
    const uint32_t *off; /* [n+1]; off[0] is 0 */
    const uint32_t *node;
    const uint64_t *size; /* [n] bytes */
};

/*
 * The input, owned by the caller and only read. Nodes in the order of the file, which is the order
 * of addresses for most runtimes: neighbours in memory are often neighbours in the graph, and the
 * analysis is several times faster where they are.
 */
struct heap_graph {
    uint32_t n;             /* nodes; at most HEAP_MAX_NODES */
    const uint64_t *off;    /* [n+1]; the edges of node v are off[v] .. off[v+1]-1; off[0] is 0 */
    const uint32_t *target; /* [off[n]] nodes; parallel edges and self-references are fine */
    const uint64_t *holds;  /* bit e%64 of word e/64: edge e holds; NULL when every edge holds */
    const uint32_t *root;   /* [n_roots] nodes in any order, duplicates allowed */
    uint64_t n_roots;
    const uint64_t *shallow; /* [n] bytes */
    const uint64_t *native;  /* [n] bytes, or NULL when the capture has none */
    const struct heap_blocks *blocks; /* NULL: none; else native has nothing of them */
};

/* The words that `holds` needs for m edges, and the setting and reading of one bit. */
static inline uint64_t heap_holds_words(uint64_t m)
{
    return m / 64 + (m % 64 != 0);
}

static inline void heap_holds_set(uint64_t *holds, uint64_t e)
{
    holds[e / 64] |= UINT64_C(1) << (e % 64);
}

static inline int heap_holds_get(const uint64_t *holds, uint64_t e)
{
    return !holds || (holds[e / 64] >> (e % 64) & 1);
}

/* What to compute beside the dominator tree and the retained sizes. */
enum heap_want {
    HEAP_WANT_PATHS = 1,      /* distance, parent, parent_position */
    HEAP_WANT_COMPONENTS = 2, /* component numbers, and the list of components */
    HEAP_WANT_ALL = 3,
    /* Keep no list of edges to smaller preorder numbers, read the edges twice more instead: less
     * memory, slower, same result. Done unasked where the list would be too long. */
    HEAP_SAVE_MEMORY = 8,
    /* Look for components in a second thread, beside dominators, and for paths, beside rows. Same
     * result; 12 n more for then. */
    HEAP_TWO_THREADS = 32,
    /* For tests and benchmarks: compute dominators with the fall-back algorithm. Same result. */
    HEAP_USE_LENGAUER_TARJAN = 16
};

/* One strongly connected component; see the definition above. */
struct heap_component {
    uint32_t n;         /* members */
    uint32_t first_row; /* the member with the smallest row */
    uint64_t shallow_size, native_size;
    uint64_t retained_size, retained_native;
};

/* Counts of elementary operations, for tests that assert near-linear cost, and for benchmarks. */
struct heap_steps {
    uint64_t edges_walked;    /* edges looked at by the depth-first search */
    uint64_t edges_reduced;   /* edges to a smaller preorder number that Semi-NCA had to read */
    uint64_t compress;        /* links followed by path compression */
    uint64_t nca;             /* links followed by the nearest-common-ancestor step */
    uint64_t path_edges;      /* edges looked at by the breadth-first search */
    uint64_t component_edges; /* edges looked at for components, their retained sizes included */
    uint64_t lengauer_tarjan; /* times the fall-back ran (0, 1 or 2) */
};

/*
 * The output: arrays by row ([n_rows]) unless said otherwise, all owned by the struct and freed by
 * heap_analysis_free. An array that was not asked for is NULL.
 */
struct heap_analysis {
    uint64_t first_id;     /* the id of row 0 */
    uint32_t n_nodes;      /* n */
    uint32_t n_rows;       /* n + 2 */
    uint32_t n_live;       /* live objects: rows 1 .. n_live */
    uint32_t garbage_root; /* its row, n_live + 1; the garbage is rows n_live+2 .. n_rows-1 */

    uint32_t *row_of;    /* [n_nodes] by node: its row */
    uint32_t *node;      /* the object; HEAP_NONE at the two virtual roots */
    uint32_t *last;      /* last row of the retained set; the row itself at a leaf */
    uint32_t *dominator; /* row of the immediate dominator; HEAP_NONE at the two virtual roots */
    uint64_t *retained_size;
    uint64_t *retained_native; /* NULL when the graph has no native sizes */

    uint32_t *distance; /* edges from the live root: 0 there, 1 at a root object; HEAP_NONE in the
                           garbage */
    uint32_t *parent;   /* row before it on a shortest path: row 0 at a root object; HEAP_NONE at
                           the virtual roots and in the garbage */
    uint32_t *parent_position; /* which edge of the parent, from 0 (edge off[node]+position); at a
                                  root object its first index in `root`, or HEAP_NONE where that
                                  does not fit; HEAP_NONE where parent is. The path is the one that
                                  a breadth-first search finds first, which takes roots and edges
                                  in the order of the input */

    uint32_t *component;               /* number of its component, or HEAP_NONE */
    struct heap_component *components; /* [n_components] by retained size descending, ties by
                                          first_row ascending; the index is the number */
    uint32_t n_components;

    uint32_t *block_holder;  /* [blocks->n] the row that it hangs below: the nearest common
                                dominator of its objects, which may be a virtual root */
    uint32_t *block_counted; /* [blocks->n] the node it counts to: the first live one, else the
                                first */

    uint32_t *garbage_entry; /* [n_garbage_entry] rows ascending: the garbage root's edges */
    uint32_t n_garbage_entry;

    uint64_t live_size, garbage_size; /* bytes, shallow */
    uint64_t live_native, garbage_native;
    struct heap_steps steps;
};

/*
 * Analyses g and fills *out (whose former content is ignored). `want` is an or of heap_want.
 *
 * Peak memory beyond the caller's arrays, n nodes, m edges, m' of them to a smaller preorder number
 * (a sixth to a half in real heaps): for dominators and retained sizes the larger of 28 n + 4 m'
 * and 16 n + 12 m' bytes; with the input's offsets and targets that is about 32 n + 9 m at most for
 * a heap with a reference an object. With components 32 n + 4 m' (two threads: 44 n + 4 m'); if
 * some cycle has several entries, also 28 n + 4 m' and at most 16 B for each object that hangs
 * below the same one as such a cycle, which is 44 n + 4 m' at most. With paths 48 n. Shared blocks
 * add 5 n, and 44 B for each of those objects, and 8 B each. The results take 24 n, with components
 * 28, with paths 12 more, with native sizes 8 more.
 * Algorithms: depth-first search with prefetch; semidominators and nearest common ancestors in
 * preorder space (Semi-NCA: Georgiadis, Tarjan, Werneck, "Finding Dominators in Practice", 2006)
 * over the edges to smaller preorder numbers, ancestors' edges folded in while walking; a counter
 * hands over to Lengauer and Tarjan's algorithm (simple version, 1979) where Semi-NCA would turn
 * quadratic; components by a search backwards inside each subtree of the same depth-first tree.
 */
enum heap_status heap_analyse(const struct heap_graph *g, unsigned want, uint64_t first_id,
                              struct heap_analysis *out);

/* Adds distance, parent and parent_position to an analysis of the same graph that has none: lets a
 * caller under memory pressure use and free other arrays first. O(n + m). On failure `a` is as
 * before. */
enum heap_status heap_add_paths(const struct heap_graph *g, struct heap_analysis *a);

/* Frees what the analysis owns and zeroes it. NULL and a zeroed struct are fine. */
void heap_analysis_free(struct heap_analysis *a);

/* The id of a row. */
static inline uint64_t heap_id(const struct heap_analysis *a, uint32_t row)
{
    return a->first_id + row;
}

static inline int heap_is_garbage(const struct heap_analysis *a, uint32_t row)
{
    return row >= a->garbage_root;
}

/* Does row x dominate row y (or equal it)? O(1). */
static inline int heap_dominates(const struct heap_analysis *a, uint32_t x, uint32_t y)
{
    return x <= y && y <= a->last[x];
}

/* What the removal of a set frees. */
struct heap_retained {
    uint64_t count; /* objects, virtual roots not counted */
    uint64_t shallow_size, native_size;
};

/*
 * Exact retained size of any set of rows: what becomes unreachable when the whole set is taken out,
 * the set included; live rows count against the live root, garbage against the garbage root, and a
 * virtual root stands for all that it holds. Duplicates are fine, an empty set retains nothing.
 * If `held` is not NULL, it gets one bit a row ([heap_holds_words(n_rows)] words, cleared first):
 * set for every row that would go.
 * O(size of the smallest subtree of the dominator tree that holds the set, edges included), at most
 * O(n + m); memory 1 bit + 4 B a row of that subtree.
 * HEAP_BAD_GRAPH if a row is not below n_rows.
 */
enum heap_status heap_retained_set(const struct heap_graph *g, const struct heap_analysis *a,
                                   const uint32_t *rows, uint64_t n_rows, uint64_t *held,
                                   struct heap_retained *out);

#endif
