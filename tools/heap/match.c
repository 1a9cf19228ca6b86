/* SPDX-License-Identifier: MIT */
/*
 * Which objects of B existed in A. One pass over B in preorder, where a dominator is decided before
 * what it dominates: by identity here, with a hash table over A, by steps in match_signature.c.
 * Contract in match.h.
 */
#include "heap/match_internal.h"

/* Open addressing, linear probing, at most two thirds full; a slot holds a row of A. */
struct match_table {
    uint32_t *slot;
    uint64_t mask;
    uint64_t seed; /* differs from process to process where addresses do: a file cannot aim at it */
};

static uint64_t match_place(const struct match_table *t, uint64_t key)
{
    return heap_mix(t->seed, key) & t->mask;
}

static bool table_new(struct match_table *t, uint32_t n)
{
    uint64_t size = 64;
    while (size < (uint64_t)n + n / 2) size *= 2;
    t->slot = heap_new_none(size);
    t->mask = size - 1;
    t->seed = (uint64_t)(uintptr_t)t->slot;
    return t->slot != NULL;
}

static bool check_array(const uint32_t *array, uint32_t n, uint32_t limit)
{
    for (uint32_t row = 0; row < n; row++)
        if (array[row] != HEAP_NONE && array[row] >= limit) return false;
    return true;
}

static bool has_columns(const struct heap_side *s)
{
    return s->n_rows >= 2 && s->n_rows <= HEAP_MAX_NODES + 2 && s->garbage_root > 0 &&
           s->garbage_root < s->n_rows && s->last && s->dominator && s->type && s->shallow_size &&
           s->retained_size && !s->native_size == !s->retained_native;
}

/* The two trees are preorders: the dominator of a row is the last row before it whose range has not
 * ended, and holds its range. Climbing leaves ranges for good, so this is O(rows). */
static bool check_tree(const struct heap_side *s)
{
    uint32_t garbage_root = s->garbage_root;
    if (s->last[0] != garbage_root - 1 || s->last[garbage_root] != s->n_rows - 1) return false;
    for (uint32_t row = 1; row < s->n_rows; row++) {
        if (row == garbage_root) continue;
        uint32_t d = row - 1;
        while (s->last[d] < row) d = s->dominator[d];
        if (s->dominator[row] != d || s->last[row] < row || s->last[row] > s->last[d]) return false;
    }
    return true;
}

static bool sum_fits(const uint64_t *size, uint32_t n)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (size[i] > INT64_MAX - sum) return false;
        sum += size[i];
    }
    return true;
}

static enum heap_status check_side(const struct heap_side *s, const struct heap_match_options *o)
{
    bool signature = o->mode == HEAP_MATCH_SIGNATURE;
    if (!has_columns(s) || !check_tree(s)) return HEAP_BAD_GRAPH;
    if (!check_array(s->type, s->n_rows, o->n_types)) return HEAP_BAD_GRAPH;
    if (s->parent && !check_array(s->parent, s->n_rows, s->n_rows)) return HEAP_BAD_GRAPH;
    if (!s->step && (signature || o->group == HEAP_GROUP_SIGNATURE)) return HEAP_BAD_GRAPH;
    if (!s->identity && !signature) return HEAP_BAD_GRAPH;
    if (!sum_fits(s->shallow_size, s->n_rows)) return HEAP_TOO_LARGE;
    return !s->native_size || sum_fits(s->native_size, s->n_rows) ? HEAP_OK : HEAP_TOO_LARGE;
}

/* By identity */

static void identity_fill(struct match_table *t, const struct heap_side *a)
{
    for (uint32_t row = 0; row < a->n_rows; row++) {
        if (row + HEAP_AHEAD < a->n_rows)
            HEAP_PREFETCH(&t->slot[match_place(t, a->identity[row + HEAP_AHEAD])]);
        if (heap_is_virtual(a, row)) continue;
        uint64_t i = match_place(t, a->identity[row]);
        while (t->slot[i] != HEAP_NONE && a->identity[t->slot[i]] != a->identity[row])
            i = (i + 1) & t->mask;
        if (t->slot[i] == HEAP_NONE) t->slot[i] = row;
    }
}

static uint32_t identity_find(const struct match_table *t, const struct heap_side *a,
                              uint64_t identity)
{
    uint64_t i = match_place(t, identity);
    while (t->slot[i] != HEAP_NONE && a->identity[t->slot[i]] != identity) i = (i + 1) & t->mask;
    return t->slot[i];
}

static bool same_object(const struct heap_matching *m, uint32_t x, uint32_t y)
{
    const struct heap_side *a = m->a, *b = m->b;
    if (a->check && b->check && a->check[x] && b->check[y] && a->check[x] != b->check[y])
        return false;
    if (m->options->mode == HEAP_MATCH_ID) return true;
    if (a->type[x] != b->type[y]) return false;
    bool resizable = m->options->resizable && a->type[x] != HEAP_NONE &&
                     m->options->resizable[a->type[x]];
    return resizable || a->shallow_size[x] == b->shallow_size[y];
}

/* Hanging below a virtual root in both snapshots is no evidence that a used slot holds the old
 * object; being reached from the same place is. */
static bool is_doubtful(const struct heap_matching *m, uint32_t x, uint32_t y)
{
    const struct heap_side *a = m->a, *b = m->b;
    if (!m->options->held || b->dominator[y] != 0 || !a->parent || !b->parent) return false;
    uint32_t before_x = a->parent[x], before_y = b->parent[y];
    if (before_x == HEAP_NONE || before_y == HEAP_NONE) return false;
    if (before_x == 0 || before_y == 0) return before_x != before_y;
    return a->identity[before_x] != b->identity[before_y];
}

/* Does something that was there before hold y as it held x? */
static bool is_held(const struct heap_matching *m, uint32_t x, uint32_t y)
{
    uint32_t before_x = m->a->parent[x], before_y = m->b->parent[y];
    if (before_x != HEAP_NONE && before_y != HEAP_NONE && !heap_is_virtual(m->a, before_x) &&
        !heap_is_virtual(m->b, before_y) && m->b_to_a[before_y] == before_x)
        return true;
    return m->options->held(m->options->opaque, x, y, m->a_to_b, m->b_to_a);
}

/* One pass over what is the same but for its dominator; how many were matched. Both dominators must
 * be matched, so that it stays true of either side that nothing below an unmatched object is. */
static uint32_t match_again(struct heap_matching *m, const struct match_table *t)
{
    const struct heap_side *a = m->a, *b = m->b;
    uint32_t found = 0;
    for (uint32_t y = 1; y < b->n_rows; y++) {
        if (!heap_holds_get(m->moved, y) || m->b_to_a[b->dominator[y]] == HEAP_NONE) continue;
        uint32_t x = identity_find(t, a, b->identity[y]);
        if (m->a_to_b[x] != HEAP_NONE || m->a_to_b[a->dominator[x]] == HEAP_NONE) continue;
        if ((x < a->garbage_root) != (y < b->garbage_root)) continue;
        bool below = m->b_to_a[b->dominator[y]] == a->dominator[x] && !is_doubtful(m, x, y);
        if (!below && !is_held(m, x, y)) continue;
        match_pair(m, x, y);
        m->moved[y / 64] &= ~(UINT64_C(1) << (y % 64));
        found++;
    }
    return found;
}

static void match_identities(struct heap_matching *m, struct match_table *t)
{
    const struct heap_side *a = m->a, *b = m->b;
    identity_fill(t, a);
    for (uint32_t y = 0; y < b->n_rows; y++) {
        if (y + 2 * HEAP_AHEAD < b->n_rows)
            HEAP_PREFETCH(&t->slot[match_place(t, b->identity[y + 2 * HEAP_AHEAD])]);
        if (y + HEAP_AHEAD < b->n_rows) {
            uint32_t ahead = t->slot[match_place(t, b->identity[y + HEAP_AHEAD])];
            if (ahead != HEAP_NONE) HEAP_PREFETCH(&a->identity[ahead]);
        }
        if (heap_is_virtual(b, y)) continue;
        uint32_t x = identity_find(t, a, b->identity[y]);
        if (x == HEAP_NONE || m->a_to_b[x] != HEAP_NONE || !same_object(m, x, y)) continue;
        uint32_t owner = m->b_to_a[b->dominator[y]];
        if (owner != HEAP_NONE && a->dominator[x] == owner && !is_doubtful(m, x, y))
            match_pair(m, x, y);
        else
            heap_holds_set(m->moved, y);
    }
}

/* Once more what is the same but for its dominator, until nothing more is found. */
static void match_all_again(struct heap_matching *m, const struct match_table *t)
{
    bool again = m->options->held && m->a->parent && m->b->parent;
    for (uint32_t pass = 0; again && pass < HEAP_AGAIN_PASSES; pass++)
        again = match_again(m, t) > 0;
}

static enum heap_status match_places(struct heap_matching *m, const struct match_table *t)
{
    enum heap_status status = HEAP_OK;
    uint64_t found = 1;
    m->replaced_a = heap_new_zeroed(heap_holds_words(m->a->n_rows), sizeof *m->replaced_a);
    m->replaced_b = heap_new_zeroed(heap_holds_words(m->b->n_rows), sizeof *m->replaced_b);
    if (!m->replaced_a || !m->replaced_b) return HEAP_NO_MEMORY;
    for (uint32_t i = 0; status == HEAP_OK && found && i < HEAP_AGAIN_PASSES; i++) {
        status = heap_match_names(m, &found);
        if (status == HEAP_OK && found) match_all_again(m, t);
    }
    return status;
}

static enum heap_status match_by_identity(struct heap_matching *m)
{
    struct match_table t = { 0 };
    if (!table_new(&t, m->a->n_rows)) return HEAP_NO_MEMORY;
    match_identities(m, &t);
    match_all_again(m, &t);
    enum heap_status status = m->options->name ? match_places(m, &t) : HEAP_OK;
    heap_free(t.slot);
    return status;
}

static enum heap_status match_rows(struct heap_matching *m)
{
    m->a_to_b = heap_new_none(m->a->n_rows);
    m->b_to_a = heap_new_none(m->b->n_rows);
    m->moved = heap_new_zeroed(heap_holds_words(m->b->n_rows), sizeof *m->moved);
    if (!m->a_to_b || !m->b_to_a || !m->moved) return HEAP_NO_MEMORY;
    match_pair(m, 0, 0);
    match_pair(m, m->a->garbage_root, m->b->garbage_root);
    return m->options->mode == HEAP_MATCH_SIGNATURE ? heap_match_signatures(m)
                                                    : match_by_identity(m);
}

enum heap_status heap_match_compute(const struct heap_side *a, const struct heap_side *b,
                                    const struct heap_match_options *options,
                                    struct heap_match *out)
{
    *out = (struct heap_match){ 0 };
    struct heap_matching m = { .a = a, .b = b, .options = options };
    enum heap_status status = check_side(a, options);
    if (status == HEAP_OK) status = check_side(b, options);
    if (status == HEAP_OK) status = match_rows(&m);
    if (status == HEAP_OK) status = heap_growth(&m, out);
    heap_free(m.moved);
    if (status == HEAP_OK) {
        out->a_to_b = m.a_to_b;
        out->b_to_a = m.b_to_a;
        out->replaced_a = m.replaced_a;
        out->replaced_b = m.replaced_b;
    } else {
        heap_free(m.a_to_b);
        heap_free(m.b_to_a);
        heap_free(m.replaced_a);
        heap_free(m.replaced_b);
    }
    return status;
}

void heap_match_free(struct heap_match *m)
{
    if (!m) return;
    heap_free(m->b_to_a);
    heap_free(m->a_to_b);
    heap_free(m->replaced_a);
    heap_free(m->replaced_b);
    heap_free(m->whole_b);
    heap_free(m->beside_b);
    heap_free(m->owners);
    free(m->clusters);
    *m = (struct heap_match){ 0 };
}

void heap_path_hashes(const struct heap_side *side, uint64_t *out)
{
    for (uint32_t row = 0; row < side->n_rows; row++) {
        if (heap_is_virtual(side, row))
            out[row] = heap_mix(0, row == 0 ? 1 : 2);
        else
            out[row] = heap_mix(out[side->dominator[row]], side->step[row]);
    }
}
