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
 * O(n + back edges): every vertex is taken from the stack once. 8 B a vertex during the call.
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
    uint32_t *stack;
    uint32_t depth;
};

static inline void take(struct search *s, uint32_t x, uint32_t v)
{
    s->rep[x] = v;
    s->stack[s->depth++] = x;
}

/* Assigns the component whose smallest number is v, and whose members lie in v .. end. */
static uint64_t search_back(struct search *s, uint32_t v, uint32_t end)
{
    const struct heap_reverse *r = s->reverse;
    uint64_t edges = 0;
    take(s, v, v);
    while (s->depth > 0) {
        uint32_t u = s->stack[--s->depth];
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
    s.stack = heap_new(n, sizeof *s.stack);
    enum heap_status status = end && s.stack ? HEAP_OK : HEAP_NO_MEMORY;
    if (status == HEAP_OK) {
        subtree_ends(tree, first, n, end);
        for (uint32_t v = first; v < first + n; v++) rep[v] = HEAP_NONE;
        for (uint32_t v = first; v < first + n; v++)
            if (rep[v] == HEAP_NONE) steps->component_edges += search_back(&s, v, end[v - first]);
    }
    heap_free(end);
    heap_free(s.stack);
    return status;
}
