/* SPDX-License-Identifier: MIT */
/*
 * Strongly connected components without a second depth-first search.
 *
 * In preorder space a component is a connected piece of the depth-first tree (Tarjan, 1972), so its
 * smallest number is an ancestor of all its members. Take the numbers in increasing order. An
 * unassigned v is the smallest of its component, and a vertex x belongs to it if and only if
 *   x lies in v's subtree (so v reaches x), and
 *   x reaches v: found by a search backwards from v over tree edges and back edges.
 * Edges from ancestors that are not tree edges can be left out: the tree path is there instead.
 * Only unassigned vertices need a look: a path from x to v stays inside the component.
 *
 * The order of the search does not matter; it is breadth first, since a queue is known ahead, so
 * that what a large component has all over the heap is asked for before its turn.
 *
 * O(n + back edges): every vertex is in the queue once. 8 B a vertex during the call.
 */
#include "heap/internal.h"

/* The last number in v's subtree, for each v of the range. */
static void subtree_ends(const uint32_t *tree, uint32_t first, uint32_t n, uint32_t *end)
{
    for (uint32_t i = 0; i < n; i++) end[i] = first + i;
    for (uint32_t i = n; i-- > 0;) {
        uint32_t parent = tree[first + i];
        if (parent != HEAP_NONE && parent >= first && end[i] > end[parent - first])
            end[parent - first] = end[i];
    }
}

struct search {
    const struct heap_reverse *reverse;
    const uint32_t *tree;
    uint32_t *rep;
    uint32_t *queue; /* of one component at a time */
    uint32_t length;
};

static inline void take(struct search *s, uint32_t x, uint32_t v)
{
    s->rep[x] = v;
    s->queue[s->length++] = x;
}

/* For what is behind place i: where it has its edges; then these and its tree parent's component;
 * then the components of the first sources. */
static inline void prefetch_ahead(const struct search *s, uint32_t i)
{
    const struct heap_reverse *r = s->reverse;
    if (s->length - i <= HEAP_AHEAD / 2) return;
    if (i + HEAP_AHEAD + HEAP_AHEAD / 2 < s->length) {
        uint32_t far = s->queue[i + HEAP_AHEAD + HEAP_AHEAD / 2];
        HEAP_PREFETCH(&r->off[far - r->first]);
        HEAP_PREFETCH(&s->tree[far]);
    }
    if (i + HEAP_AHEAD < s->length) {
        uint32_t next = s->queue[i + HEAP_AHEAD];
        HEAP_PREFETCH(&r->source[r->off[next - r->first]]);
        HEAP_PREFETCH(&s->rep[s->tree[next]]);
    }
    uint32_t near = s->queue[i + HEAP_AHEAD / 2] - r->first;
    uint32_t k = r->off[near], stop = r->off[near + 1];
    if (stop - k > 4) stop = k + 4;
    for (; k < stop; k++) HEAP_PREFETCH(&s->rep[r->source[k]]);
}

/* Assigns the component whose smallest number is v, and whose members lie in v .. end. */
static uint64_t search_back(struct search *s, uint32_t v, uint32_t end)
{
    const struct heap_reverse *r = s->reverse;
    uint64_t edges = 0;
    s->length = 0;
    take(s, v, v);
    for (uint32_t next = 0; next < s->length; next++) {
        prefetch_ahead(s, next);
        uint32_t u = s->queue[next];
        if (u != v && s->rep[s->tree[u]] == HEAP_NONE) take(s, s->tree[u], v);
        uint32_t i = r->off[u - r->first], stop = r->off[u - r->first + 1];
        edges += stop - i;
        for (; i < stop; i++) {
            uint32_t x = r->source[i];
            if (x <= end && s->rep[x] == HEAP_NONE) take(s, x, v);
        }
    }
    return edges;
}

enum heap_status heap_components_find(const struct heap_reverse *r, const uint32_t *tree,
                                      uint32_t *rep, struct heap_steps *steps)
{
    uint32_t first = r->first, n = r->n;
    uint32_t *end = heap_new(n, sizeof *end);
    struct search s = { .reverse = r, .tree = tree, .rep = rep };
    s.queue = heap_new(n, sizeof *s.queue);
    enum heap_status status = end && s.queue ? HEAP_OK : HEAP_NO_MEMORY;
    if (status == HEAP_OK) {
        subtree_ends(tree, first, n, end);
        for (uint32_t v = first; v < first + n; v++) rep[v] = HEAP_NONE;
        for (uint32_t v = first; v < first + n; v++)
            if (rep[v] == HEAP_NONE) steps->component_edges += search_back(&s, v, end[v - first]);
    }
    heap_free(end);
    heap_free(s.queue);
    return status;
}
