/* SPDX-License-Identifier: MIT */
/* Between the files of the matching: existence (match.c, match_signature.c, match_names.c), growth
 * (growth.c). */
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

/* Open addressing, linear probing, at most two thirds full; a slot holds a row of A. */
struct match_table {
    uint32_t *slot;
    uint64_t mask;
    uint64_t seed; /* differs from process to process where addresses do: a file cannot aim at it */
};

static inline uint64_t match_place(const struct match_table *t, uint64_t key, uint64_t key2)
{
    return heap_mix(heap_mix(t->seed, key2), key) & t->mask;
}

static inline void match_pair(struct heap_matching *m, uint32_t a_row, uint32_t b_row)
{
    m->b_to_a[b_row] = a_row;
    m->a_to_b[a_row] = b_row;
}

/* Matches by step and name; the table is empty and has room for the rows of A. */
enum heap_status heap_match_signatures(struct heap_matching *m, struct match_table *t);

/* Asks for the names of what is topmost without a match, and pairs; how many pairs. */
enum heap_status heap_match_names(struct heap_matching *m, uint64_t *found);

/* Rolls the growth up into lines and clusters of *out, whose b_to_a and a_to_b are left alone. On
 * failure nothing is allocated. */
enum heap_status heap_growth(const struct heap_matching *m, struct heap_match *out);

#endif
