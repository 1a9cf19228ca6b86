/* SPDX-License-Identifier: MIT */
/*
 * The back edges by target: a counting sort whose random accesses are prefetched, from the list
 * that the walk kept, or, if that grew too long, from the input's edges. O(n + m) time; 4 B a
 * vertex + 4 B a back edge, all of it the result.
 */
#include "heap/internal.h"

/* Counts become the ends of the ranges; filling backwards makes them the beginnings. */
static enum heap_status sum_counts(struct heap_reverse *r)
{
    uint64_t sum = 0;
    for (uint32_t v = 0; v < r->n; v++) {
        sum += r->off[v];
        if (sum >= UINT32_MAX) return HEAP_TOO_LARGE;
        r->off[v] = (uint32_t)sum;
    }
    r->off[r->n] = (uint32_t)sum;
    r->source = heap_new(sum, sizeof *r->source);
    return r->source ? HEAP_OK : HEAP_NO_MEMORY;
}

static enum heap_status from_list(const struct heap_back_edge *edge, uint64_t n,
                                  struct heap_reverse *r)
{
    uint32_t *off = r->off, first = r->first;
    if (n >= UINT32_MAX) return HEAP_TOO_LARGE; /* a count could overflow */
    for (uint64_t i = 0; i < n; i++) {
        if (i + HEAP_AHEAD < n) HEAP_PREFETCH(&off[edge[i + HEAP_AHEAD].to - first]);
        off[edge[i].to - first]++;
    }
    enum heap_status status = sum_counts(r);
    if (status != HEAP_OK) return status;
    for (uint64_t i = n; i-- > 0;) {
        if (i >= 2 * HEAP_AHEAD) HEAP_PREFETCH(&off[edge[i - 2 * HEAP_AHEAD].to - first]);
        if (i >= HEAP_AHEAD) HEAP_PREFETCH(&r->source[off[edge[i - HEAP_AHEAD].to - first] - 1]);
        r->source[--off[edge[i].to - first]] = edge[i].from;
    }
    return HEAP_OK;
}

/* The target's number if edge e of vertex v is a back edge into the range, HEAP_NONE if not. */
static inline uint32_t back_target(const struct heap_walk *w, uint32_t v, uint64_t e,
                                   uint32_t first)
{
    if (!heap_holds_get(w->g->holds, e)) return HEAP_NONE;
    uint32_t to = w->num[w->g->target[e]];
    return to < v && to >= first ? to : HEAP_NONE;
}

/* One pass over the edges of the vertices of one tree, last vertex first: counts or fills. */
static bool pass(const struct heap_walk *w, uint32_t root, uint32_t end, struct heap_reverse *r)
{
    const struct heap_graph *g = w->g;
    for (uint32_t v = end; --v > root;) {
        uint32_t node = w->vertex[v];
        if (v > root + HEAP_AHEAD) HEAP_PREFETCH(&g->off[w->vertex[v - HEAP_AHEAD]]);
        if (v > root + 4) heap_prefetch_targets(g, w->vertex[v - 4]);
        for (uint64_t e = g->off[node + 1]; e-- > g->off[node];) {
            if (e >= HEAP_AHEAD) HEAP_PREFETCH(&w->num[g->target[e - HEAP_AHEAD]]);
            uint32_t to = back_target(w, v, e, root);
            if (to == HEAP_NONE) continue;
            if (r->source)
                r->source[--r->off[to - r->first]] = v;
            else if (r->off[to - r->first]++ == UINT32_MAX - 1)
                return false;
        }
    }
    return true;
}

/* Live objects never refer to garbage, and what garbage refers to in the live part lies below
 * its root: so each of the two trees is a range of its own. */
static enum heap_status from_graph(const struct heap_walk *w, struct heap_reverse *r)
{
    uint32_t end = w->count;
    bool two = r->first < w->root;
    if (!pass(w, w->root, end, r) || (two && !pass(w, r->first, w->root, r))) return HEAP_TOO_LARGE;
    enum heap_status status = sum_counts(r);
    if (status != HEAP_OK) return status;
    (void)pass(w, w->root, end, r);
    if (two) (void)pass(w, r->first, w->root, r);
    return HEAP_OK;
}

enum heap_status heap_reverse_build(const struct heap_walk *w, uint64_t skip, uint32_t first,
                                    struct heap_reverse *out)
{
    *out = (struct heap_reverse){ .first = first, .n = w->count - first };
    out->off = heap_new_zeroed((uint64_t)out->n + 1, sizeof *out->off);
    enum heap_status status = HEAP_NO_MEMORY;
    if (out->off && w->overflowed)
        status = from_graph(w, out);
    else if (out->off)
        status = from_list(w->back ? w->back + skip : NULL, w->n_back - skip, out);
    if (status != HEAP_OK) heap_reverse_free(out);
    return status;
}

void heap_reverse_free(struct heap_reverse *r)
{
    heap_free(r->off);
    heap_free(r->source);
    *r = (struct heap_reverse){ 0 };
}
