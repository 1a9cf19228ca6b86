/* SPDX-License-Identifier: MIT */
/* Between the files of the matching: existence (match.c, match_signature.c, match_names.c), growth
 * (growth.c), structures of nodes (structure.c). */
#ifndef HEAP_MATCH_INTERNAL_H
#define HEAP_MATCH_INTERNAL_H

#include "heap/internal.h"
#include "heap/match.h"

struct heap_matching {
    const struct heap_side *a, *b;
    const struct heap_match_options *options;
    uint32_t *b_to_a, *a_to_b;
    uint64_t *moved; /* bit by row of B: unmatched, but its identity, type and size stand in A */
    /* Bits by row: matched by the name of its place. NULL where names are those of paths. */
    uint64_t *replaced_a, *replaced_b;
};

static inline bool heap_is_virtual(const struct heap_side *s, uint32_t row)
{
    return row == 0 || row == s->garbage_root;
}

static inline void match_pair(struct heap_matching *m, uint32_t a_row, uint32_t b_row)
{
    m->b_to_a[b_row] = a_row;
    m->a_to_b[a_row] = b_row;
}

/* Matches by step and name. */
enum heap_status heap_match_signatures(struct heap_matching *m);

/* Asks for the names of what is topmost without a match, and pairs; how many pairs. */
enum heap_status heap_match_names(struct heap_matching *m, uint64_t *found);

/* An owner of what came, before lines are made. */
struct heap_node_owner {
    uint32_t row;   /* of B */
    uint32_t node;  /* heap_node_above, where most of what came are nodes; or HEAP_NONE */
    uint64_t added; /* bytes */
    uint32_t into;  /* result: the row that stands for it; HEAP_NONE: itself */
};

enum {
    HEAP_NODE_STEPS = 4,  /* dominators between a node and the next one above it */
    HEAP_NODE_DEPTH = 16, /* nodes above an owner from which on no path is of use */
    HEAP_NODE_OWNERS = 4  /* of one structure: fewer are named one by one */
};

/* The node of the structure that `top` came to, with `owner` as its owner: a matched object of its
 * type, the owner or what dominates it within HEAP_NODE_STEPS; or HEAP_NONE. */
uint32_t heap_node_above(const struct heap_matching *m, uint32_t owner, uint32_t top);

/*
 * Gives owners that are nodes the structure as their owner: its topmost node, or, of a list linked
 * both ways, whose nodes dominate nothing, what dominates them all. That is of owners
 * HEAP_NODE_DEPTH nodes deep, and, for types with HEAP_NODE, of HEAP_NODE_OWNERS or more in one
 * structure, none with half of what came, or of those of a flat one with less than came to what
 * dominates them. Reorders `at`. False without memory. O(rows of B + n log n); 8 B a row of B.
 */
bool heap_fold_nodes(const struct heap_matching *m, struct heap_node_owner *at, uint64_t n);

/* Rolls the growth up into lines and clusters of *out, whose b_to_a and a_to_b are left alone. On
 * failure nothing is allocated. */
enum heap_status heap_growth(const struct heap_matching *m, struct heap_match *out);

#endif
