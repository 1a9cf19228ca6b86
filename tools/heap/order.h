/* SPDX-License-Identifier: MIT */
/*
 * The orders in which a heap database is written: lists by type, by allocation site, by component,
 * children by dominator, the top list, referrers, histograms. One radix sort by retained size gives
 * an order of all objects; every list is one stable counting sort of that order by its key.
 *
 * Arrays are by row (heap/analysis.h) unless said otherwise; a column by node is brought into row
 * order by heap_permute. Virtual roots stand in no order and no list. Nothing recurses.
 */
#ifndef HEAP_ORDER_H
#define HEAP_ORDER_H

#include "heap/analysis.h"
#include "heap/beside.h"

/* out[row] = by_node[node of row]; `virtual_value` at the two virtual roots. out has n_rows
 * elements, the caller's. O(n), gathers with prefetch. */
void heap_permute(const struct heap_analysis *a, const uint64_t *by_node, uint64_t virtual_value,
                  uint64_t *out);

/*
 * All objects' rows (n_nodes of them) by retained size descending, ties by row ascending.
 * *order is the caller's, freed with heap_free. The top list is its beginning.
 * Least-significant-digit radix sort over the digits that differ: O(n * digits in use); memory
 * 8 B a row during the call, 4 after it.
 */
enum heap_status heap_order(const struct heap_analysis *a, uint32_t **order);

/* Lists by key: the rows of key k are row[start[k]] .. row[start[k+1]-1]. */
struct heap_lists {
    uint32_t n_keys;
    uint64_t *start; /* [n_keys + 1] */
    uint32_t *row;   /* [start[n_keys]] */
};

/*
 * Groups `order` (n rows) by key[row], keeping its order inside each group. Rows whose key is
 * HEAP_NONE are left out; of each group only the first `cap` rows are kept (0: all).
 *   by type:       key = type number by row
 *   by component:  key = a->component, n_keys = a->n_components
 *   by dominator:  key = a->dominator, n_keys = a->n_rows; rows ascend inside a group then, so an
 *                  `order` of ascending rows gives the same, faster
 * HEAP_BAD_GRAPH if a key is neither below n_keys nor HEAP_NONE, or a row has no key. O(n +
 * n_keys).
 */
enum heap_status heap_group(const struct heap_analysis *a, const uint32_t *order, uint64_t n,
                            const uint32_t *key, uint32_t n_keys, uint64_t cap,
                            struct heap_lists *out);

void heap_lists_free(struct heap_lists *lists);

/* Sums by key. */
struct heap_sum {
    uint64_t n;             /* objects */
    uint64_t shallow_size;  /* bytes */
    uint64_t retained_size; /* of the topmost objects only: an object below another of the same key
                               in the dominator tree is inside that one's retained size already */
    uint64_t retained_native, native_size; /* 0 without native sizes */
};

/* What rows are by themselves: 0 at the virtual roots. */
struct heap_sizes {
    const uint64_t *shallow;
    const uint64_t *native; /* NULL: nothing has any */
};

/*
 * Sums over the rows first .. last (for a snapshot's live objects: 1 .. n_live) by key[row]. Rows
 * with key HEAP_NONE are left out; a virtual root with a key counts, with size 0. sum has n_keys
 * elements, the caller's, and is overwritten.
 * O(rows + n_keys), one pass in preorder; 4 B a key during the call.
 */
enum heap_status heap_sums(const struct heap_sizes *size, const struct heap_analysis *a,
                           uint32_t first, uint32_t last, const uint32_t *key, uint32_t n_keys,
                           struct heap_sum *sum);

/* One row of the cumulative histogram: of the objects of this snapshot whose id is at most
 * block * HEAP_PREFIX_ROWS, n have this key, of shallow_size bytes. */
#define HEAP_PREFIX_ROWS 32768u

struct heap_prefix {
    uint64_t block;
    uint32_t key;
    uint64_t n;
    uint64_t shallow_size;
};

/*
 * The cumulative histogram by key: for each block whose last id lies in this snapshot the keys
 * seen so far (n > 0), blocks then keys ascending. A key that no block lists has not been seen
 * before its end. The histogram of any range of ids is one block minus another plus two partial
 * blocks, each of fewer than HEAP_PREFIX_ROWS rows. Rows with key HEAP_NONE are left out. *rows
 * is malloc'd (NULL when *n is 0), the caller frees it. O(n + blocks * keys).
 */
enum heap_status heap_prefixes(const struct heap_sizes *size, const struct heap_analysis *a,
                               const uint32_t *key, uint32_t n_keys, struct heap_prefix **rows,
                               uint64_t *n);

/* All references backwards: those to row t are off[t] .. off[t+1]-1, sources then positions
 * ascending; weak ones too. `position` is the edge's index among its source's edges. */
struct heap_referrers {
    uint64_t *off;      /* [n_rows + 1] */
    uint32_t *source;   /* [m] rows */
    uint32_t *position; /* [m] */
};

/* O(n + m) by counting sort; memory 8 B a row + 8 B an edge, all of it the result. */
enum heap_status heap_referrers(const struct heap_graph *g, const struct heap_analysis *a,
                                struct heap_referrers *out);
void heap_referrers_free(struct heap_referrers *r);

/*
 * The same references backwards for a caller that goes through all of them in the order of their
 * sources anyway and wants them once, in the order of their targets: thrown into buckets of
 * neighbouring targets on the way, each of which is then sorted in the cache. No access to memory
 * is random.
 *
 *   heap_backward_begin(&edges, &b)
 *   heap_backward_add(&b, half, target, source, position) for each, sources then positions
 *       ascending; half is 0 for sources before edges.middle, 1 for the others
 *   for each bucket i: heap_backward_sort(&b, i, &sorted)
 *       the refs sorted.ref[sorted.order[k]] for k < sorted.n: targets, sources, positions ascending
 *
 * Two threads may add, one for each half; when all are added two may sort, one the buckets before
 * b.middle, the other the rest, each of which are about half of the references.
 * O(m + n_rows). Memory: 12 B a reference, and 4 B a reference of the largest bucket of each half.
 */
#define HEAP_BACKWARD_BITS 13u

struct heap_backward_ref {
    uint32_t target, source, position;
};

/* The references, by node, in the order of the file. */
struct heap_backward_edges {
    const uint64_t *off;    /* [n_nodes + 1] */
    const uint32_t *target; /* [off[n_nodes]] rows */
    const uint32_t *row_of; /* [n_nodes] */
    uint32_t n_nodes, n_rows;
    uint32_t middle; /* rows from this one on are the second half of the sources */
};

struct heap_backward {
    uint32_t n_buckets, middle;
    uint64_t *next; /* by half and bucket, heap_backward_next: where its next reference goes */
    struct heap_backward_ref *all;
    uint32_t *order[2];
};

/* The two halves, which two threads write, have no cache line in common. */
enum { HEAP_BACKWARD_APART = BESIDE_LINES / sizeof(uint64_t) };
static inline uint64_t *heap_backward_next(const struct heap_backward *b, unsigned half,
                                           uint32_t bucket)
{
    return &b->next[(b->n_buckets + HEAP_BACKWARD_APART) * (size_t)half + bucket];
}

/* A bucket in order; `order` stays until the next one of the same half of the buckets. */
struct heap_backward_sorted {
    const struct heap_backward_ref *ref;
    const uint32_t *order;
    uint32_t n;
};

/* HEAP_BAD_GRAPH if a target is not below n_rows; HEAP_TOO_LARGE from 2^32-1 references in a bucket
 * on. Whatever it returns, heap_backward_free is due. */
enum heap_status heap_backward_begin(const struct heap_backward_edges *edges,
                                     struct heap_backward *out);
enum heap_status heap_backward_sort(const struct heap_backward *b, uint32_t bucket,
                                    struct heap_backward_sorted *out);
void heap_backward_free(struct heap_backward *b);

/* Every reference that was counted, once. */
static inline void heap_backward_add(struct heap_backward *b, unsigned half, uint32_t target,
                                     uint32_t source, uint32_t position)
{
    b->all[(*heap_backward_next(b, half, target >> HEAP_BACKWARD_BITS))++] =
        (struct heap_backward_ref){ target, source, position };
}

#endif
