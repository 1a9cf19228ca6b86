/* SPDX-License-Identifier: MIT */
/*
 * Small random graphs for the property tests of the graph core, and brute force over them: bit
 * sets of at most 32 objects and definitions written down literally. Everything here is
 * exponential or cubic on purpose; nothing is shared with the code under test but its input
 * type.
 */
#ifndef HEAP_RANDOM_H
#define HEAP_RANDOM_H

#include "heap/analysis.h"

#define SMALL_NODES 20u
#define SMALL_EDGES 80u
#define SMALL_BLOCKS 4u

/* splitmix64: the whole state is the seed. */
uint64_t random_next(uint64_t *seed);
uint32_t random_below(uint64_t *seed, uint32_t n);

/* A graph with its storage inside; `graph` points into the struct, so it must not be copied. */
struct small {
    struct heap_graph graph;
    uint64_t off[SMALL_NODES + 1];
    uint32_t target[SMALL_EDGES];
    uint64_t holds[2];
    uint32_t root[8];
    uint64_t shallow[SMALL_NODES], native[SMALL_NODES];
    struct heap_blocks blocks;
    uint32_t block_off[SMALL_BLOCKS + 1], block_node[SMALL_BLOCKS * SMALL_NODES];
    uint64_t block_size[SMALL_BLOCKS];
};

/* Any shape: sparse to dense, several roots or none, unreachable parts, parallel edges,
 * references to itself, edges that do not hold, sizes of zero and equal sizes, memory that several
 * objects share. */
void small_random(struct small *s, uint64_t *seed);
/* Cycles of one to three members, each entered from one to three places: below a vertex, several
 * below the same one, below each other, below several together; a part of them garbage. */
void small_cycles(struct small *s, uint64_t *seed);

/* The brute-force twin: sets of nodes are bits of 32-bit words. */
struct brute {
    const struct heap_graph *g;
    uint32_t edges[SMALL_NODES]; /* targets of edges that hold */
    uint32_t roots, live, garbage;
    uint32_t reach[SMALL_NODES]; /* reached over one edge or more */
    uint32_t garbage_entry;      /* members of source components of the garbage */
};

void brute_build(struct brute *b, const struct heap_graph *g);
/* What is met from `start` without entering `avoid`. */
uint32_t brute_search(const struct brute *b, uint32_t start, uint32_t avoid);
/* What becomes unreachable, live or garbage, when `set` is taken out. */
uint32_t brute_retained(const struct brute *b, uint32_t set);
/* The strongly connected component of a node, itself included. */
uint32_t brute_component(const struct brute *b, uint32_t node);
uint64_t brute_sum(uint32_t set, const uint64_t *size);
/* Native memory that goes with a set: its own, and the blocks that none of the objects that hold
 * them is left of. */
uint64_t brute_native(const struct brute *b, uint32_t set);

#endif
