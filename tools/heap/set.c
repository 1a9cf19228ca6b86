/* SPDX-License-Identifier: MIT */
/*
 * Exact retained size of a set. What the set holds hangs below the nearest common dominator p
 * of its members, and a path from p to anything below p stays below p. So only p's subtree is
 * searched: from p, over edges that hold, around the members; what is not met goes with the
 * set. If p is a member, it is all of the subtree. Live rows and garbage are two trees, done
 * one after the other. O(rows and edges of the subtree).
 */
#include "heap/internal.h"

struct set {
    const struct heap_graph *g;
    const struct heap_analysis *a;
    uint64_t *bits;     /* by row - base: a member; later also: met by the search */
    uint32_t base, end; /* the subtree's rows: base .. end */
    uint32_t *stack;
    uint32_t depth;
};

/* The nearest common dominator of the members in rows first .. last; HEAP_NONE if there are
 * none. A dominator's row is smaller, so climb from the smallest member until its subtree holds
 * the largest. */
static uint32_t common_dominator(const struct heap_analysis *a, const uint32_t *rows, uint64_t n,
                                 uint32_t first, uint32_t last)
{
    uint32_t low = HEAP_NONE, high = 0;
    for (uint64_t i = 0; i < n; i++) {
        if (rows[i] < first || rows[i] > last) continue;
        if (low == HEAP_NONE || rows[i] < low) low = rows[i];
        if (rows[i] > high) high = rows[i];
    }
    if (low == HEAP_NONE) return HEAP_NONE;
    while (a->last[low] < high) low = a->dominator[low];
    return low;
}

static inline void meet(struct set *s, uint32_t row)
{
    if (row <= s->base || row > s->end || heap_holds_get(s->bits, row - s->base)) return;
    heap_holds_set(s->bits, row - s->base);
    s->stack[s->depth++] = row;
}

static void meet_targets(struct set *s, uint32_t row)
{
    const struct heap_graph *g = s->g;
    uint32_t node = s->a->node[row];
    for (uint64_t e = g->off[node]; e < g->off[node + 1]; e++)
        if (heap_holds_get(g->holds, e)) meet(s, s->a->row_of[g->target[e]]);
}

/* From p, whose own edges are those of a virtual root or of an object. */
static void search(struct set *s)
{
    const struct heap_analysis *a = s->a;
    if (s->base == 0) {
        for (uint64_t i = 0; i < s->g->n_roots; i++) meet(s, a->row_of[s->g->root[i]]);
    } else if (s->base == a->garbage_root) {
        for (uint32_t i = 0; i < a->n_garbage_entry; i++) meet(s, a->garbage_entry[i]);
    } else {
        meet_targets(s, s->base);
    }
    while (s->depth > 0) meet_targets(s, s->stack[--s->depth]);
}

static void count(const struct set *s, uint32_t row, uint64_t *held, struct heap_retained *out)
{
    if (held) heap_holds_set(held, row);
    uint32_t node = s->a->node[row];
    if (node == HEAP_NONE) return;
    out->count++;
    out->shallow_size += s->g->shallow[node];
    if (s->g->native) out->native_size += s->g->native[node];
}

/* The members' own bits are set before the search, which goes around them so, and cleared after it:
 * then a clear bit says that the row goes. */
static enum heap_status retained_below(struct set *s, const uint32_t *rows, uint64_t n,
                                       uint64_t *held, struct heap_retained *out)
{
    uint64_t size = (uint64_t)s->end - s->base + 1;
    s->bits = heap_new_zeroed(heap_holds_words(size), sizeof *s->bits);
    s->stack = heap_new(size, sizeof *s->stack);
    enum heap_status status = s->bits && s->stack ? HEAP_OK : HEAP_NO_MEMORY;
    if (status == HEAP_OK) {
        for (uint64_t i = 0; i < n; i++)
            if (rows[i] >= s->base && rows[i] <= s->end) heap_holds_set(s->bits, rows[i] - s->base);
        if (!heap_holds_get(s->bits, 0)) {
            search(s);
            heap_holds_set(s->bits, 0);
            for (uint64_t i = 0; i < n; i++)
                if (rows[i] >= s->base && rows[i] <= s->end)
                    s->bits[(rows[i] - s->base) / 64] &=
                        ~(UINT64_C(1) << ((rows[i] - s->base) % 64));
        } else {
            memset(s->bits, 0, (size_t)heap_holds_words(size) * sizeof *s->bits);
        }
        for (uint64_t i = 0; i < size; i++)
            if (!heap_holds_get(s->bits, i)) count(s, s->base + (uint32_t)i, held, out);
    }
    heap_free(s->bits);
    heap_free(s->stack);
    return status;
}

/* Live rows and garbage. `held` may be NULL. */
static enum heap_status retained(const struct heap_graph *g, const struct heap_analysis *a,
                                 const uint32_t *rows, uint64_t n_rows, uint64_t *held,
                                 struct heap_retained *out)
{
    const uint32_t first[2] = { 0, a->garbage_root };
    const uint32_t last[2] = { a->n_live, a->n_rows - 1 };
    for (int part = 0; part < 2; part++) {
        uint32_t top = common_dominator(a, rows, n_rows, first[part], last[part]);
        if (top == HEAP_NONE) continue;
        struct set s = { .g = g, .a = a, .base = top, .end = a->last[top] };
        enum heap_status status = retained_below(&s, rows, n_rows, held, out);
        if (status != HEAP_OK) return status;
    }
    return HEAP_OK;
}

enum heap_status heap_retained_set(const struct heap_graph *g, const struct heap_analysis *a,
                                   const uint32_t *rows, uint64_t n_rows, uint64_t *held,
                                   struct heap_retained *out)
{
    uint64_t words = heap_holds_words(a->n_rows), *bits = held;
    *out = (struct heap_retained){ 0 };
    if (held) memset(held, 0, (size_t)words * sizeof *held);
    for (uint64_t i = 0; i < n_rows; i++)
        if (rows[i] >= a->n_rows) return HEAP_BAD_GRAPH;
    if (!held && g->blocks && !(bits = heap_new_zeroed(words, sizeof *bits))) return HEAP_NO_MEMORY;
    enum heap_status status = retained(g, a, rows, n_rows, bits, out);
    if (status == HEAP_OK && g->blocks) out->native_size += heap_blocks_held(g, a, bits);
    if (bits != held) heap_free(bits);
    return status;
}
