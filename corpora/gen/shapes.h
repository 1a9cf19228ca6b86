/* SPDX-License-Identifier: MIT */
/*
 * Object graphs of any size in shapes that real heaps take and shapes that defeat heap
 * analysers, for tests and benchmarks. The same name, size and seed always give the same graph.
 */
#ifndef SNAP_GEN_SHAPES_H
#define SNAP_GEN_SHAPES_H

#include <stdint.h>

/* Compressed sparse rows: the edges of node v are target[off[v]] .. target[off[v+1]-1]. All
 * arrays are owned by the struct. */
struct shape {
    uint32_t n;
    uint64_t *off; /* [n + 1] */
    uint32_t *target;
    uint32_t *root;
    uint64_t n_roots;
    uint64_t *shallow; /* [n] bytes, multiples of 8 */
};

/*
 *   list         one chain
 *   list-hub     a chain, every element of which refers to one last object (its class)
 *   ring-hub     a doubly linked ring, and a hub, the root, that refers to every element
 *   ladder       two chains with rungs both ways
 *   bipartite    complete bipartite blocks of 16 + 16 one after the other
 *   comb         a chain; from each element hangs a chain as long as the spine
 *   tree         a binary tree in breadth-first order
 *   star         one root and its leaves
 *   roots        every object is a root, and refers to another one
 *   parallel     a chain whose links are doubled, with references to itself
 *   unreachable  `hostile` without roots
 *   garbage-ring one cycle without a root
 *   braid        rings of 8 that are entered at every element from the ring before: cycles with
 *                many entries, one below the other
 *   nca-trap     a chain whose end has as many children, all of which the beginning refers to as
 *                well: Semi-NCA's walk up the dominator tree is as long as the chain for each
 *   hostile      random targets, some hubs, long chains, few leaves: 3 references an object
 *   real         like a CPython heap: records with leaves next to them in memory, shared types and
 *                constants, a large list, a long chain, a class graph with cycles; 1.3
 *                references an object, half of the objects without any
 */
extern const char *const shape_names[];
extern const unsigned shape_count;

/* n objects (2048 <= n <= 2^31). 0 when done; -1 for an unknown name, n out of range or no
 * memory. */
int shape_make(const char *name, uint32_t n, uint64_t seed, struct shape *out);
void shape_free(struct shape *s);

#endif
