/* SPDX-License-Identifier: MIT */
/*
 * Matching by signature. First down the two dominator trees, sibling by sibling with the same step;
 * then what hangs under another dominator is found again by the name of its path, and the trees are
 * gone down from there. Contract in match.h.
 */
#include "heap/match_internal.h"

/* Siblings. The first sibling of each kind stands in the table, and the chain of those that are
 * still free hangs on it. */

static uint64_t sibling_slot(const struct match_table *t, const struct heap_side *a,
                             uint32_t dominator, uint64_t step)
{
    uint64_t i = match_place(t, step, dominator);
    while (t->slot[i] != HEAP_NONE &&
           (a->dominator[t->slot[i]] != dominator || a->step[t->slot[i]] != step))
        i = (i + 1) & t->mask;
    return i;
}

/* Rows descending, so that a chain begins with its smallest row. */
static void sibling_fill(struct match_table *t, const struct heap_side *a, uint32_t *chain)
{
    for (uint32_t row = a->n_rows; row-- > 0;) {
        chain[row] = HEAP_NONE;
        if (heap_is_virtual(a, row)) continue;
        uint64_t i = sibling_slot(t, a, a->dominator[row], a->step[row]);
        chain[row] = t->slot[i];
        t->slot[i] = row;
    }
}

/* The first free sibling. Those in front of it that were matched by name leave the chain. */
static uint32_t take_sibling(const struct heap_matching *m, uint32_t *chain, uint32_t first)
{
    if (first == HEAP_NONE || m->a_to_b[first] == HEAP_NONE) return first;
    uint32_t row = chain[first];
    while (row != HEAP_NONE && m->a_to_b[row] != HEAP_NONE) row = chain[row];
    chain[first] = row == HEAP_NONE ? HEAP_NONE : chain[row];
    return row;
}

static void match_siblings(struct heap_matching *m, const struct match_table *t, uint32_t *chain)
{
    const struct heap_side *a = m->a, *b = m->b;
    for (uint32_t y = 0; y < b->n_rows; y++) {
        if (heap_is_virtual(b, y) || m->b_to_a[y] != HEAP_NONE) continue;
        uint32_t owner = m->b_to_a[b->dominator[y]];
        if (owner == HEAP_NONE) continue;
        uint32_t x = take_sibling(m, chain, t->slot[sibling_slot(t, a, owner, b->step[y])]);
        if (x != HEAP_NONE) match_pair(m, x, y);
    }
}

enum heap_status heap_match_signatures(struct heap_matching *m, struct match_table *t)
{
    uint32_t *chain = heap_new(m->a->n_rows, sizeof *chain);
    if (!chain) return HEAP_NO_MEMORY;
    enum heap_status status = HEAP_OK;
    uint64_t found = 1;
    sibling_fill(t, m->a, chain);
    match_siblings(m, t, chain);
    for (uint32_t i = 0; status == HEAP_OK && m->options->name && found && i < HEAP_AGAIN_PASSES;
         i++) {
        status = heap_match_names(m, &found);
        if (status == HEAP_OK && found) match_siblings(m, t, chain);
    }
    heap_free(chain);
    return status;
}
