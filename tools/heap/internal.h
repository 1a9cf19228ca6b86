/* SPDX-License-Identifier: MIT */
/*
 * Shared between the files of the graph core, not for its users: prefetch, and the state that
 * the phases of one analysis hand to each other.
 *
 * Preorder space: objects renumbered in the order in which the depth-first search meets them. 0
 * is the virtual live root, 1 .. n_live the live objects, n_live+1 the virtual garbage root,
 * then the garbage. Two facts about it carry every later phase:
 *   (1) an edge to a larger number leads to a descendant in the depth-first tree;
 *   (2) the descendants of v are a contiguous range of numbers that starts at v.
 */
#ifndef HEAP_INTERNAL_H
#define HEAP_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "heap/analysis.h"
#include "heap/memory.h"
#include "heap/prefetch.h"

#if defined(__GNUC__)
#define HEAP_LIKELY(x)         __builtin_expect(!!(x), 1)
#define HEAP_UNLIKELY(x)       __builtin_expect(!!(x), 0)
#else
#define HEAP_LIKELY(x)         (x)
#define HEAP_UNLIKELY(x)       (x)
#endif

/* Where the edges of a node stand. A graph without any edge may have no array of them. */
static inline void heap_prefetch_targets(const struct heap_graph *g, uint32_t node)
{
    if (g->target) HEAP_PREFETCH(&g->target[g->off[node]]);
}

/* How many elements ahead a pass over a known sequence prefetches what it will gather. */
#define HEAP_AHEAD 16u

/* An edge to a smaller preorder number. */
struct heap_back_edge {
    uint32_t from, to;
};

/* What the depth-first search leaves behind; arrays by preorder number ([n + 2]). */
struct heap_walk {
    const struct heap_graph *g;
    uint32_t *num;    /* [n] by node: preorder number; HEAP_NONE while not met */
    uint32_t *vertex; /* node; HEAP_NONE at a virtual root */
    uint32_t *tree;   /* parent in the depth-first tree; HEAP_NONE at a virtual root */
    uint32_t *fold;   /* smallest source of an edge into it from a smaller number */
    uint64_t *self;   /* bit: refers to itself */
    uint32_t count;   /* numbers given so far */
    uint32_t root;    /* number of the virtual root being walked; edges below it hold nothing */
    struct heap_back_edge *back; /* edges to smaller numbers, in the order they were met */
    uint64_t n_back, back_limit;
    bool overflowed; /* there were more than the limit: the list is gone, look for them again */
    struct heap_frame *stack;
    uint64_t edges_walked;
};

/* Starts a walk: allocates all it needs (stack and list for the worst case, as address space),
 * gives out no number. With save_memory no list of back edges is kept. */
enum heap_status heap_walk_begin(struct heap_walk *w, const struct heap_graph *g, bool save_memory);
/* Gives the next number to a virtual root, below which heap_walk_from then works. */
void heap_walk_root(struct heap_walk *w);
/* Walks all that `node` reaches and that has no number yet; nothing if it has one. */
void heap_walk_from(struct heap_walk *w, uint32_t node);
/* Notes an edge from the current virtual root to a node that has a number. */
void heap_walk_root_edge(struct heap_walk *w, uint32_t node);
void heap_walk_free(struct heap_walk *w);

/* The back edges into numbers first .. first+n-1, by target: source[off[w-first]] .. . */
struct heap_reverse {
    uint32_t first, n;
    uint32_t *off; /* [n + 1] */
    uint32_t *source;
};

/* Counting sort of the back edges of a walk that lead to numbers from `first` on, by target;
 * the first `skip` edges of the list do not. HEAP_TOO_LARGE from 2^32-1 edges on. */
enum heap_status heap_reverse_build(const struct heap_walk *w, uint64_t skip, uint32_t first,
                                    struct heap_reverse *out);
void heap_reverse_free(struct heap_reverse *r);

/* One tree of a preorder forest whose dominators are wanted: numbers root .. end-1. */
struct heap_flow {
    uint32_t root, end;
    const uint32_t *tree, *fold;
    const struct heap_reverse *reverse;
};

/* idom[v] for root < v < end (idom has entries from 0 on; others are not touched). */
enum heap_status heap_dominators(const struct heap_flow *f, bool lengauer_tarjan, uint32_t *idom,
                                 struct heap_steps *steps);

/* rep[v] for first <= v < first+n: the smallest number of v's strongly connected component.
 * `rep` has entries from 0 on. */
enum heap_status heap_components_find(const struct heap_reverse *r, const uint32_t *tree,
                                      uint32_t *rep, struct heap_steps *steps);

/*
 * From dominators to rows. By preorder number: vertex and idom (HEAP_NONE at the virtual roots
 * 0 and `garbage_root`), n numbers in all. *row gets the row of each number; node,
 * last and dominator of `out` are allocated and filled, its n_rows and garbage_root are read.
 * O(n * digits).
 */
enum heap_status heap_rows_build(const struct heap_graph *g, const uint32_t *vertex,
                                 const uint32_t *idom, uint32_t **row, struct heap_analysis *out);

/* Retained sizes by row of one column of sizes by node; node and dominator of `a` are read.
 * `blocks` are added where block_holder says; NULL: none. O(n). From heap_new; NULL when out of
 * memory. */
uint64_t *heap_retained_by_row(const struct heap_analysis *a, const uint64_t *size,
                               const struct heap_blocks *blocks);

/* Where nodes stand in a tree in preorder: place[node] < n, those from garbage_root on are garbage;
 * dominator[place] is a smaller place, HEAP_NONE at the virtual roots 0 and garbage_root. */
struct heap_places {
    const uint32_t *place, *dominator;
    uint32_t n, garbage_root;
};

/* Memory that is shared (shared.c). Checks the blocks of a graph, whose other sizes are known to
 * fit; finds the place that each hangs below; both results of an analysis whose rows are there; the
 * node that block i counts to. */
enum heap_status heap_blocks_check(const struct heap_graph *g);
enum heap_status heap_blocks_place(const struct heap_blocks *b, const struct heap_places *p,
                                   uint32_t *out);
enum heap_status heap_blocks_by_row(const struct heap_graph *g, struct heap_analysis *out);
uint32_t heap_blocks_counted(const struct heap_blocks *b, const uint32_t *place,
                             uint32_t garbage_root, uint32_t i);
/* Bytes of the blocks that go with the rows whose bit is set. */
uint64_t heap_blocks_held(const struct heap_graph *g, const struct heap_analysis *a,
                          const uint64_t *held);

/* What adds to the retained sizes of components with several entries beyond what their topmost
 * members retain: vertices that hang below none of these, but that no way around all of them leads
 * to. With shared memory, the topmost members have entries as well, for what hangs below several
 * of them. */
struct heap_cycles {
    uint32_t n;
    uint32_t *number; /* preorder numbers; later rows */
    uint32_t *into;   /* index, smaller than its own, of what it adds to, or HEAP_NONE. The size of
                         a component gathers at the first of its members here. */
};

/* Before rows exist. The edges may be used up: tree, fold and *r changed or freed. On failure
 * nothing is owned. Memory: see cycle.c. */
enum heap_status heap_cycles_find(struct heap_walk *w, struct heap_reverse *r, const uint32_t *idom,
                                  const uint32_t *rep, struct heap_cycles *out,
                                  struct heap_steps *steps);
/* Adds to the retained sizes of these components, which are what their topmost members retain;
 * out->component is by row. The numbers in *c become rows. */
enum heap_status heap_cycles_retained(const struct heap_graph *g, struct heap_cycles *c,
                                      const uint32_t *row, struct heap_analysis *out);
void heap_cycles_free(struct heap_cycles *c);

/*
 * Components by preorder number, before rows exist. rep[v] is replaced by the number of v's
 * component (in the order of smallest members) or HEAP_NONE. In out->components, everything is
 * filled but first_row and the retained sizes.
 */
enum heap_status heap_components_list(const struct heap_walk *w, uint32_t *rep,
                                      struct heap_analysis *out);

/* Brings components into row space and into their final order. component[v] is what
 * heap_components_list left, row[v] the row of number v; *c is freed. */
enum heap_status heap_components_finish(const struct heap_graph *g, const uint32_t *component,
                                        const uint32_t *row, struct heap_cycles *c,
                                        struct heap_analysis *out);

/* What the search for shortest paths has found, before rows exist. */
struct heap_shortest {
    uint32_t *queue;    /* nodes in the order met; later their rows */
    uint32_t *parent;   /* by place in the queue: the parent's place, HEAP_NONE for a root object */
    uint32_t *position; /* by place */
    uint32_t length;
    uint64_t edges;
};

/* The search: 12 B a node, and a bit while it works; on failure nothing is owned. Its result in the
 * columns of an analysis of the same graph that has none: 4 B a row more; on failure they are
 * NULL. */
enum heap_status heap_shortest_search(const struct heap_graph *g, struct heap_shortest *out);
enum heap_status heap_shortest_to_rows(struct heap_shortest *p, struct heap_analysis *a);
void heap_shortest_free(struct heap_shortest *p);

/* Stable radix sort of n indexes by key[index] descending. `index` holds the result, `scratch`
 * has n elements as well. O(n * digits that differ). */
void heap_sort_descending(const uint64_t *key, uint32_t *index, uint32_t *scratch, uint64_t n);

#endif
