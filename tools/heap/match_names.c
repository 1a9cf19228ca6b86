/* SPDX-License-Identifier: MIT */
/*
 * Matching by name: what is topmost among the unmatched rows of both sides is asked for the name of
 * its path, or of its place, and what has one name is one object. Contract in match.h.
 */
#include "heap/match_internal.h"

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
        uint64_t name = m->options->name(m->options->opaque, in_b, top[i], in_b ? m->b_to_a
                                                                                : m->a_to_b);
        if (name) list->at[list->n++] = (struct named){ name, top[i] };
    }
    heap_free(top);
    if (!list->at) return false;
    qsort(list->at, (size_t)list->n, sizeof *list->at, by_name);
    return true;
}

/* Where a name stands once only. */
static bool is_single(const struct named_list *list, uint64_t i)
{
    return (i == 0 || list->at[i - 1].name != list->at[i].name) &&
           (i + 1 == list->n || list->at[i + 1].name != list->at[i].name);
}

static bool fits(const struct heap_matching *m, uint32_t x, uint32_t y)
{
    return (x < m->a->garbage_root) == (y < m->b->garbage_root) &&
           m->a->type[x] == m->b->type[y];
}

/* A place is worth a name where what is there holds something, or is large by itself. */
static bool is_worth(const struct heap_side *s, uint32_t row)
{
    uint64_t native = s->native_size ? s->native_size[row] : 0;
    return s->last[row] > row || s->shallow_size[row] >= HEAP_PLACE_MIN || native >= HEAP_PLACE_MIN;
}

/* Does a row hang in a successor of its own type? In a list that got a new head the object behind
 * the head is no successor of the one that was behind the old one. */
static bool is_link(const struct heap_side *s, const uint64_t *replaced, uint32_t row)
{
    if (!s->parent) return false;
    uint32_t p = s->parent[row];
    for (int i = 0; i < HEAP_PLACE_CLIMB; i++) {
        if (p == HEAP_NONE || heap_is_virtual(s, p) || !heap_holds_get(replaced, p)) return false;
        if (s->type[p] == s->type[row]) return true;
        p = s->parent[p];
    }
    return false;
}

/* May y be the successor of x? Both have the name of a place. */
static bool succeeds(const struct heap_matching *m, uint32_t x, uint32_t y)
{
    return (is_worth(m->a, x) || is_worth(m->b, y)) && !is_link(m->a, m->replaced_a, x) &&
           !is_link(m->b, m->replaced_b, y);
}

static void replace(struct heap_matching *m, uint32_t x, uint32_t y)
{
    match_pair(m, x, y);
    heap_holds_set(m->replaced_a, x);
    heap_holds_set(m->replaced_b, y);
    m->moved[y / 64] &= ~(UINT64_C(1) << (y % 64));
}

/* Pairs what has one name and type on both sides, in the order of rows; how many pairs. A name of a
 * place (m->replaced_a) has to be the name of one object. */
static uint64_t pair_names(struct heap_matching *m, const struct named_list *a,
                           const struct named_list *b)
{
    uint64_t i = 0, k = 0, found = 0;
    while (i < a->n && k < b->n) {
        uint32_t x = a->at[i].row, y = b->at[k].row;
        if (a->at[i].name < b->at[k].name) {
            i++;
        } else if (a->at[i].name > b->at[k].name) {
            k++;
        } else {
            if (!m->replaced_a && fits(m, x, y)) {
                match_pair(m, x, y);
                found++;
            } else if (m->replaced_a && fits(m, x, y) && is_single(a, i) && is_single(b, k) &&
                       succeeds(m, x, y)) {
                replace(m, x, y);
                found++;
            }
            i++;
            k++;
        }
    }
    return found;
}

enum heap_status heap_match_names(struct heap_matching *m, uint64_t *found)
{
    struct named_list a = { 0 }, b = { 0 };
    bool ok = names_of(m, false, &a) && names_of(m, true, &b);
    *found = ok ? pair_names(m, &a, &b) : 0;
    heap_free(a.at);
    heap_free(b.at);
    return ok ? HEAP_OK : HEAP_NO_MEMORY;
}
