/* SPDX-License-Identifier: MIT */
/*
 * Matching by signature. First down the two dominator trees, siblings with the same step, which
 * both trees have side by side: memory is gone through in its order, and no table is larger than
 * the children of one dominator;
 * then what hangs under another dominator is found again by the name of its path, and the trees are
 * gone down from there. Contract in match.h.
 */
#include "heap/match_internal.h"

#include <string.h>

/* Those of one dominator that have one step and no match yet: a list in A, one in B. */
struct step_list {
    uint64_t step, slot; /* where the table has it */
    uint32_t first_a, last_a, first_b, last_b;
};

/* The lists of one dominator at a time. */
struct sibling_lists {
    struct heap_matching *m;
    uint32_t *next_a, *next_b; /* by row: the next in its list */
    struct step_list *list;
    uint32_t n;
    uint32_t *slot; /* open addressing, at most half full: index of a list, or HEAP_NONE */
    uint64_t n_slots; /* a power of two, twice the room for lists */
    uint64_t seed;    /* differs from process to process: a file cannot aim at it */
};

enum { FIRST_SLOTS = 1024 };

/* The slot of a step: that of its list, or a free one. */
static uint64_t step_slot(const struct sibling_lists *s, uint64_t step)
{
    uint64_t i = heap_mix(s->seed, step) & (s->n_slots - 1);
    while (s->slot[i] != HEAP_NONE && s->list[s->slot[i]].step != step)
        i = (i + 1) & (s->n_slots - 1);
    return i;
}

static bool lists_grow(struct sibling_lists *s)
{
    uint64_t n_slots = s->n_slots ? 2 * s->n_slots : FIRST_SLOTS;
    uint32_t *slot = heap_new_none(n_slots);
    struct step_list *list = heap_new(n_slots / 2, sizeof *list);
    if (!slot || !list) {
        heap_free(slot);
        heap_free(list);
        return false;
    }
    if (s->n) memcpy(list, s->list, s->n * sizeof *list);
    heap_free(s->slot);
    heap_free(s->list);
    s->slot = slot;
    s->list = list;
    s->n_slots = n_slots;
    for (uint32_t k = 0; k < s->n; k++) {
        list[k].slot = step_slot(s, list[k].step);
        slot[list[k].slot] = k;
    }
    return true;
}

/* Puts a child of A into the list of its step. False without memory. */
static bool add_to_a(struct sibling_lists *s, uint32_t x)
{
    uint64_t step = s->m->a->step[x], i = step_slot(s, step);
    s->next_a[x] = HEAP_NONE;
    if (s->slot[i] != HEAP_NONE) {
        struct step_list *l = &s->list[s->slot[i]];
        s->next_a[l->last_a] = x;
        l->last_a = x;
        return true;
    }
    if (s->n == s->n_slots / 2) {
        if (!lists_grow(s)) return false;
        i = step_slot(s, step);
    }
    s->list[s->n] = (struct step_list){ step, i, x, x, HEAP_NONE, HEAP_NONE };
    s->slot[i] = s->n++;
    return true;
}

/* Puts a child of B into the list of its step, where A has one. */
static void add_to_b(struct sibling_lists *s, uint32_t y)
{
    uint32_t k = s->slot[step_slot(s, s->m->b->step[y])];
    if (k == HEAP_NONE) return;
    struct step_list *l = &s->list[k];
    s->next_b[y] = HEAP_NONE;
    if (l->first_b == HEAP_NONE)
        l->first_b = y;
    else
        s->next_b[l->last_b] = y;
    l->last_b = y;
}

static uint32_t free_one(const uint32_t *match, const uint32_t *next, uint32_t row)
{
    while (row != HEAP_NONE && match[row] != HEAP_NONE) row = next[row];
    return row;
}

/* Those that retain the same, both lists being in the order of retained size. */
static void pair_equal(struct sibling_lists *s, uint32_t x, uint32_t y)
{
    const struct heap_matching *m = s->m;
    while (x != HEAP_NONE && y != HEAP_NONE) {
        uint64_t in_a = m->a->retained_size[x], in_b = m->b->retained_size[y];
        uint32_t next_x = in_a >= in_b ? s->next_a[x] : x, next_y = in_b >= in_a ? s->next_b[y] : y;
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

static void pair_lists(struct sibling_lists *s, uint32_t x, uint32_t y)
{
    struct heap_matching *m = s->m;
    pair_equal(s, x, y);
    uint32_t n_a = count_free(m->a_to_b, s->next_a, x), n_b = count_free(m->b_to_a, s->next_b, y);
    if (!n_a || !n_b) return;
    struct sibling_side a = { m->a->retained_size, m->a_to_b, s->next_a, 0 };
    struct sibling_side b = { m->b->retained_size, m->b_to_a, s->next_b, 0 };
    a.row = free_one(a.match, a.next, x);
    b.row = free_one(b.match, b.next, y);
    if (n_a <= n_b)
        pair_nearest(m, a, b, n_b - n_a, false);
    else
        pair_nearest(m, b, a, n_a - n_b, true);
}

/* A walk over the children of one dominator that have no match. */
struct children {
    const uint32_t *last, *match;
    uint32_t row, end; /* the one it stands at, HEAP_NONE after the last; the dominator's last */
};

static void children_from(struct children *c, uint32_t row)
{
    while (row <= c->end && c->match[row] != HEAP_NONE) row = c->last[row] + 1;
    c->row = row <= c->end ? row : HEAP_NONE;
}

static struct children children_of(const struct heap_side *side, const uint32_t *match,
                                   uint32_t dominator)
{
    struct children c = { .last = side->last, .match = match, .end = side->last[dominator] };
    children_from(&c, dominator + 1);
    return c;
}

static void children_next(struct children *c)
{
    children_from(c, c->last[c->row] + 1);
}

/* What is left of the children of one dominator, by lists. False without memory. */
static bool match_by_lists(struct sibling_lists *s, struct children x, struct children y)
{
    bool ok = true;
    for (; ok && x.row != HEAP_NONE; children_next(&x)) ok = add_to_a(s, x.row);
    for (; ok && y.row != HEAP_NONE; children_next(&y)) add_to_b(s, y.row);
    for (uint32_t k = 0; k < s->n; k++) {
        const struct step_list *l = &s->list[k];
        s->slot[l->slot] = HEAP_NONE;
        if (ok && l->first_b != HEAP_NONE) pair_lists(s, l->first_a, l->first_b);
    }
    s->n = 0;
    return ok;
}

/* The children of `dominator` in B whose match in A is `owner`. As far as they are alike one by
 * one, the lists would pair them just so, and in most places they are to the end. */
static bool match_children(struct sibling_lists *s, uint32_t dominator, uint32_t owner)
{
    struct heap_matching *m = s->m;
    const struct heap_side *a = m->a, *b = m->b;
    struct children y = children_of(b, m->b_to_a, dominator);
    if (y.row == HEAP_NONE) return true;
    struct children x = children_of(a, m->a_to_b, owner);
    while (x.row != HEAP_NONE && y.row != HEAP_NONE && a->step[x.row] == b->step[y.row] &&
           a->retained_size[x.row] == b->retained_size[y.row]) {
        match_pair(m, x.row, y.row);
        children_next(&x);
        children_next(&y);
    }
    return x.row == HEAP_NONE || y.row == HEAP_NONE || match_by_lists(s, x, y);
}

static enum heap_status match_siblings(struct sibling_lists *s)
{
    const struct heap_matching *m = s->m;
    bool ok = true;
    for (uint32_t d = 0; ok && d < m->b->n_rows; d++)
        if (m->b_to_a[d] != HEAP_NONE && m->b->last[d] > d) ok = match_children(s, d, m->b_to_a[d]);
    return ok ? HEAP_OK : HEAP_NO_MEMORY;
}

static enum heap_status lists_new(struct sibling_lists *s)
{
    s->next_a = heap_new(s->m->a->n_rows, sizeof *s->next_a);
    s->next_b = heap_new(s->m->b->n_rows, sizeof *s->next_b);
    s->seed = (uint64_t)(uintptr_t)s->next_a;
    return s->next_a && s->next_b && lists_grow(s) ? HEAP_OK : HEAP_NO_MEMORY;
}

enum heap_status heap_match_signatures(struct heap_matching *m)
{
    struct sibling_lists s = { .m = m };
    enum heap_status status = lists_new(&s);
    uint64_t found = 1;
    if (status == HEAP_OK) status = match_siblings(&s);
    for (uint32_t i = 0; status == HEAP_OK && m->options->name && found && i < HEAP_AGAIN_PASSES;
         i++) {
        status = heap_match_names(m, &found);
        if (status == HEAP_OK && found) status = match_siblings(&s);
    }
    heap_free(s.next_a);
    heap_free(s.next_b);
    heap_free(s.list);
    heap_free(s.slot);
    return status;
}
