/* SPDX-License-Identifier: MIT */
/* Between the two files of the matching: existence (match.c) and growth (growth.c). */
#ifndef HEAP_MATCH_INTERNAL_H
#define HEAP_MATCH_INTERNAL_H

#include "heap/internal.h"
#include "heap/match.h"

struct heap_matching {
    const struct heap_side *a, *b;
    const struct heap_match_options *options;
    uint32_t *b_to_a, *a_to_b;
    uint64_t *moved; /* bit by row of B: unmatched, but its identity, type and size stand in A */
};

static inline bool heap_is_virtual(const struct heap_side *s, uint32_t row)
{
    return row == 0 || row == s->garbage_root;
}

/* Rolls the growth up into lines and clusters of *out, whose b_to_a and a_to_b are left alone. On
 * failure nothing is allocated. */
enum heap_status heap_growth(const struct heap_matching *m, struct heap_match *out);

#endif
