/* SPDX-License-Identifier: MIT */
/*
 * Matching by signature. First down the two dominator trees, sibling by sibling with the same step;
 * then what hangs under another dominator is found again by the name of its path, and the trees are
 * gone down from there. Contract in match.h.
 */
#include "heap/match_internal.h"

#include <string.h>

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

/* Siblings of one step, of B by the first of A: lists that are empty except while the children of
 * one dominator are matched. */
struct sibling_lists {
    struct heap_matching *m;
    const struct match_table *table;
    uint32_t *chain;          /* [rows of A] the next of its step */
    uint32_t *first, *last;   /* [rows of A] by the head of a chain: the list in B */
    uint32_t *next;           /* [rows of B] */
};

static uint32_t free_one(const uint32_t *match, const uint32_t *next, uint32_t row)
{
    while (row != HEAP_NONE && match[row] != HEAP_NONE) row = next[row];
    return row;
}

/* Takes what is matched out of a chain, but for its head; returns the first that is free. */
static uint32_t prune(const uint32_t *match, uint32_t *chain, uint32_t head)
{
    for (uint32_t row = head; row != HEAP_NONE; row = chain[row])
        chain[row] = free_one(match, chain, chain[row]);
    return free_one(match, chain, head);
}

/* Those that retain the same, both lists being in the order of retained size. */
static void pair_equal(struct sibling_lists *s, uint32_t x, uint32_t y)
{
    const struct heap_matching *m = s->m;
    while (x != HEAP_NONE && y != HEAP_NONE) {
        uint64_t in_a = m->a->retained_size[x], in_b = m->b->retained_size[y];
        uint32_t next_x = in_a >= in_b ? s->chain[x] : x, next_y = in_b >= in_a ? s->next[y] : y;
        if (in_a == in_b) match_pair(s->m, x, y);
        x = next_x;
        y = next_y;
    }
}

static uint32_t count_free(const uint32_t *match, const uint32_t *next, uint32_t row)
{
    uint32_t n = 0;
    for (row = free_one(match, next, row); row != HEAP_NONE; row = free_one(match, next, next[row]))
        n++;
    return n;
}

static uint64_t apart(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

/* One side of a pairing by size: a list of which some are free. */
struct sibling_side {
    const uint64_t *size;
    const uint32_t *match, *next;
    uint32_t row; /* the first that is free */
};

static uint32_t next_free(const struct sibling_side *s)
{
    return free_one(s->match, s->next, s->next[s->row]);
}

/* What is left, in its order: each of the shorter list meets the nearest in size that leaves enough
 * for those after it. `few` is A's side unless `few_in_b`. */
static void pair_nearest(struct heap_matching *m, struct sibling_side few, struct sibling_side many,
                         uint32_t spare, bool few_in_b)
{
    while (few.row != HEAP_NONE && many.row != HEAP_NONE) {
        for (uint64_t size = few.size[few.row]; spare; spare--) {
            uint32_t next = next_free(&many);
            if (apart(many.size[next], size) > apart(many.size[many.row], size)) break;
            many.row = next;
        }
        uint32_t next_few = next_free(&few), next_many = next_free(&many);
        if (few_in_b)
            match_pair(m, many.row, few.row);
        else
            match_pair(m, few.row, many.row);
        few.row = next_few;
        many.row = next_many;
    }
}

static void pair_lists(struct sibling_lists *s, uint32_t head, uint32_t y)
{
    struct heap_matching *m = s->m;
    uint32_t x = prune(m->a_to_b, s->chain, head);
    pair_equal(s, x, y);
    uint32_t n_a = count_free(m->a_to_b, s->chain, x), n_b = count_free(m->b_to_a, s->next, y);
    if (!n_a || !n_b) return;
    struct sibling_side a = { m->a->retained_size, m->a_to_b, s->chain, 0 };
    struct sibling_side b = { m->b->retained_size, m->b_to_a, s->next, 0 };
    a.row = free_one(a.match, a.next, x);
    b.row = free_one(b.match, b.next, y);
    if (n_a <= n_b)
        pair_nearest(m, a, b, n_b - n_a, false);
    else
        pair_nearest(m, b, a, n_a - n_b, true);
}

/* The head of the siblings of A that a child of B may meet; HEAP_NONE: there are none. */
static uint32_t head_of(const struct sibling_lists *s, uint32_t owner, uint32_t y)
{
    return s->table->slot[sibling_slot(s->table, s->m->a, owner, s->m->b->step[y])];
}

/* The children of `dominator` in B whose match in A is `owner`. */
static void match_children(struct sibling_lists *s, uint32_t dominator, uint32_t owner)
{
    const struct heap_side *b = s->m->b;
    uint32_t end = b->last[dominator];
    bool any = false;
    for (uint32_t y = dominator + 1; y <= end && y > dominator; y = b->last[y] + 1) {
        uint32_t head = s->m->b_to_a[y] == HEAP_NONE ? head_of(s, owner, y) : HEAP_NONE;
        if (head == HEAP_NONE) continue;
        s->next[y] = HEAP_NONE;
        if (s->first[head] == HEAP_NONE)
            s->first[head] = y;
        else
            s->next[s->last[head]] = y;
        s->last[head] = y;
        any = true;
    }
    for (uint32_t y = dominator + 1; any && y <= end; y = b->last[y] + 1) {
        uint32_t head = s->m->b_to_a[y] == HEAP_NONE ? head_of(s, owner, y) : HEAP_NONE;
        if (head == HEAP_NONE || s->first[head] == HEAP_NONE) continue;
        pair_lists(s, head, s->first[head]);
        s->first[head] = HEAP_NONE;
    }
}

static void match_siblings(struct sibling_lists *s)
{
    const struct heap_matching *m = s->m;
    for (uint32_t d = 0; d < m->b->n_rows; d++)
        if (m->b_to_a[d] != HEAP_NONE && m->b->last[d] > d) match_children(s, d, m->b_to_a[d]);
}

static enum heap_status lists_new(struct sibling_lists *s)
{
    s->chain = heap_new(s->m->a->n_rows, sizeof *s->chain);
    s->first = heap_new(s->m->a->n_rows, sizeof *s->first);
    s->last = heap_new(s->m->a->n_rows, sizeof *s->last);
    s->next = heap_new(s->m->b->n_rows, sizeof *s->next);
    if (!s->chain || !s->first || !s->last || !s->next) return HEAP_NO_MEMORY;
    memset(s->first, 0xff, s->m->a->n_rows * sizeof *s->first); /* HEAP_NONE */
    return HEAP_OK;
}

enum heap_status heap_match_signatures(struct heap_matching *m, struct match_table *t)
{
    struct sibling_lists s = { .m = m, .table = t };
    enum heap_status status = lists_new(&s);
    uint64_t found = 1;
    if (status == HEAP_OK) {
        sibling_fill(t, m->a, s.chain);
        match_siblings(&s);
    }
    for (uint32_t i = 0; status == HEAP_OK && m->options->name && found && i < HEAP_AGAIN_PASSES;
         i++) {
        status = heap_match_names(m, &found);
        if (status == HEAP_OK && found) match_siblings(&s);
    }
    heap_free(s.chain);
    heap_free(s.first);
    heap_free(s.last);
    heap_free(s.next);
    return status;
}
