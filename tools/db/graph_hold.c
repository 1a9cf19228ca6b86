/* SPDX-License-Identifier: MIT */
/*
 * Which objects one group of roots alone holds; the contract is in graph_hold.h. Labels only rise
 * in the order none < a group < several < other, and a node is pushed when its label rises. The
 * roots of no group go first: what they reach is final at once.
 */
#include "graph_hold.h"

#include <stdlib.h>
#include <string.h>

struct hold {
    const struct heap_graph *g;
    uint32_t *label; /* [n] HEAP_NONE: not reached */
    uint32_t *stack; /* [2n + 1] */
    uint64_t depth;
    uint32_t several;
};

static uint32_t hold_join(const struct hold *h, uint32_t a, uint32_t b)
{
    if (a == HEAP_NONE || a == b) return b;
    if (a == 0 || b == 0) return 0;
    return h->several;
}

static void hold_reach(struct hold *h, uint32_t node, uint32_t label)
{
    uint32_t joined = hold_join(h, h->label[node], label);
    if (joined == h->label[node]) return;
    h->label[node] = joined;
    h->stack[h->depth++] = node;
}

static void hold_spread(struct hold *h)
{
    const struct heap_graph *g = h->g;
    while (h->depth > 0) {
        uint32_t node = h->stack[--h->depth];
        for (uint64_t e = g->off[node]; e < g->off[node + 1]; e++)
            if (heap_holds_get(g->holds, e)) hold_reach(h, g->target[e], h->label[node]);
    }
}

/* Memory that several objects share is held by whoever holds any of them. */
static void hold_blocks(const struct hold *h, struct graph_hold_sum *sum)
{
    const struct heap_blocks *b = h->g->blocks;
    for (uint32_t i = 0; b && i < b->n; i++) {
        uint32_t label = HEAP_NONE;
        for (uint32_t k = b->off[i]; k < b->off[i + 1]; k++)
            if (h->label[b->node[k]] != HEAP_NONE)
                label = hold_join(h, label, h->label[b->node[k]]);
        if (label != HEAP_NONE) sum[label].native_size += b->size[i];
    }
}

enum heap_status graph_hold(const struct heap_graph *g, const struct graph_hold_root *roots,
                            uint64_t n_roots, uint32_t n_groups, struct graph_hold_sum *sum)
{
    struct hold h = { .g = g, .several = n_groups + 1 };
    enum heap_status status = HEAP_NO_MEMORY;
    for (uint64_t i = 0; i < n_roots; i++)
        if (roots[i].node >= g->n || roots[i].group > n_groups) return HEAP_BAD_GRAPH;
    memset(sum, 0, ((size_t)n_groups + 2) * sizeof *sum);
    h.label = malloc((size_t)g->n * sizeof *h.label + 1);
    h.stack = malloc(((size_t)g->n * 2 + 1) * sizeof *h.stack);
    if (h.label && h.stack) {
        memset(h.label, 0xff, (size_t)g->n * sizeof *h.label);
        for (int grouped = 0; grouped < 2; grouped++) {
            for (uint64_t i = 0; i < n_roots; i++) {
                if ((roots[i].group != 0) != grouped) continue;
                hold_reach(&h, roots[i].node, roots[i].group);
                hold_spread(&h);
            }
        }
        for (uint32_t v = 0; v < g->n; v++) {
            if (h.label[v] == HEAP_NONE) continue;
            struct graph_hold_sum *s = &sum[h.label[v]];
            s->n++;
            s->shallow_size += g->shallow[v];
            if (g->native) s->native_size += g->native[v];
        }
        hold_blocks(&h, sum);
        status = HEAP_OK;
    }
    free(h.label);
    free(h.stack);
    return status;
}
