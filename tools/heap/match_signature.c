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

/* Names */

struct named {
    uint64_t name;
    uint32_t row;
};

struct named_list {
    struct named *at;
    uint64_t n;
};

/* Keeps the HEAP_NAMED_MAX rows of top[n] that retain most. */
static bool keep_largest(const struct heap_side *s, uint32_t *top, uint64_t n)
{
    uint64_t *size = heap_new(n, sizeof *size);
    uint32_t *order = heap_new(3 * n, sizeof *order), *kept = order ? order + 2 * n : NULL;
    bool ok = size && order;
    for (uint64_t i = 0; ok && i < n; i++) {
        size[i] = s->retained_size[top[i]];
        order[i] = (uint32_t)i;
    }
    if (ok) heap_sort_descending(size, order, order + n, n);
    for (uint64_t i = 0; ok && i < HEAP_NAMED_MAX; i++) kept[i] = top[order[i]];
    if (ok) memcpy(top, kept, HEAP_NAMED_MAX * sizeof *top);
    heap_free(size);
    heap_free(order);
    return ok;
}

/* What is topmost among the unmatched rows of a side, at most HEAP_NAMED_MAX; *n of them. NULL when
 * out of memory. */
static uint32_t *tops_of(const struct heap_side *s, const uint32_t *match, uint64_t *n)
{
    uint64_t count = 0;
    for (uint32_t row = 0; row < s->n_rows; row++) count += match[row] == HEAP_NONE;
    uint32_t *top = heap_new(count + 1, sizeof *top);
    *n = 0;
    for (uint32_t row = 0; top && row < s->n_rows;) {
        bool is_top = match[row] == HEAP_NONE;
        if (is_top) top[(*n)++] = row;
        row = is_top ? s->last[row] + 1 : row + 1;
    }
    if (!top || *n <= HEAP_NAMED_MAX) return top;
    bool ok = keep_largest(s, top, *n);
    *n = HEAP_NAMED_MAX;
    if (ok) return top;
    heap_free(top);
    return NULL;
}

static int by_name(const void *x, const void *y)
{
    const struct named *a = x, *b = y;
    if (a->name != b->name) return a->name < b->name ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

static bool names_of(const struct heap_matching *m, bool in_b, struct named_list *list)
{
    const struct heap_side *s = in_b ? m->b : m->a;
    uint64_t n;
    uint32_t *top = tops_of(s, in_b ? m->b_to_a : m->a_to_b, &n);
    list->n = 0;
    list->at = top ? heap_new(n + 1, sizeof *list->at) : NULL;
    for (uint64_t i = 0; list->at && i < n; i++) {
        uint64_t name = m->options->name(m->options->opaque, in_b, top[i]);
        if (name) list->at[list->n++] = (struct named){ name, top[i] };
    }
    heap_free(top);
    if (!list->at) return false;
    qsort(list->at, (size_t)list->n, sizeof *list->at, by_name);
    return true;
}

/* Pairs what has one name and type on both sides, in the order of rows; how many pairs. */
static uint64_t match_names(struct heap_matching *m, const struct named_list *a,
                            const struct named_list *b)
{
    uint64_t i = 0, k = 0, found = 0;
    while (i < a->n && k < b->n) {
        const struct named *x = &a->at[i], *y = &b->at[k];
        if (x->name != y->name) {
            if (x->name < y->name)
                i++;
            else
                k++;
            continue;
        }
        bool fits = m->a->type[x->row] == m->b->type[y->row] &&
                    (x->row < m->a->garbage_root) == (y->row < m->b->garbage_root);
        if (fits) {
            match_pair(m, x->row, y->row);
            found++;
        }
        i++;
        k++;
    }
    return found;
}

static enum heap_status match_by_name(struct heap_matching *m, uint64_t *found)
{
    struct named_list a = { 0 }, b = { 0 };
    bool ok = names_of(m, false, &a) && names_of(m, true, &b);
    *found = ok ? match_names(m, &a, &b) : 0;
    heap_free(a.at);
    heap_free(b.at);
    return ok ? HEAP_OK : HEAP_NO_MEMORY;
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
        status = match_by_name(m, &found);
        if (status == HEAP_OK && found) match_siblings(m, t, chain);
    }
    heap_free(chain);
    return status;
}
