/* SPDX-License-Identifier: MIT */
/*
 * Structures that a program makes of its own nodes: trees, chains, linked lists. What comes to one
 * hangs below many of its nodes, or deep inside, where no path is of use; it is the structure that
 * grew. Contract in match_internal.h.
 *
 * An object of B is a node of a structure where an object of its type dominates it, at most
 * HEAP_NODE_STEPS further up: `node.left`, `node.children[3]`, `node.__dict__['next']`. The topmost
 * of them is the head. Rows are in preorder, so one pass over all rows finds head and depth.
 */
#include "heap/match_internal.h"

struct places {
    uint32_t *head;  /* by row of B: of its structure; itself where it is no node, or the topmost */
    uint32_t *depth; /* nodes above it */
};

/* The nearest row of a type upwards from `row`, itself included, all of them matched; or none. */
static uint32_t nearest(const struct heap_matching *m, uint32_t row, uint32_t type)
{
    for (unsigned i = 0; i <= HEAP_NODE_STEPS; i++, row = m->b->dominator[row]) {
        if (heap_is_virtual(m->b, row) || m->b_to_a[row] == HEAP_NONE) return HEAP_NONE;
        if (m->b->type[row] == type) return row;
    }
    return HEAP_NONE;
}

uint32_t heap_node_above(const struct heap_matching *m, uint32_t owner, uint32_t top)
{
    return nearest(m, owner, m->b->type[top]);
}

static bool find_places(const struct heap_matching *m, struct places *p)
{
    const struct heap_side *b = m->b;
    p->head = heap_new(b->n_rows, sizeof *p->head);
    p->depth = heap_new_zeroed(b->n_rows, sizeof *p->depth);
    if (!p->head || !p->depth) return false;
    for (uint32_t row = 0; row < b->n_rows; row++) {
        p->head[row] = row;
        if (heap_is_virtual(b, row) || m->b_to_a[row] == HEAP_NONE) continue;
        uint32_t above = nearest(m, b->dominator[row], b->type[row]);
        if (above == HEAP_NONE) continue;
        p->head[row] = p->head[above];
        p->depth[row] = p->depth[above] + 1;
    }
    return true;
}

/* For sorting: owners that could become one. */
static int by_into(const void *x, const void *y)
{
    const struct heap_node_owner *a = x, *b = y;
    if (a->into != b->into) return a->into < b->into ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

static int by_row(const void *x, const void *y)
{
    const struct heap_node_owner *a = x, *b = y;
    return a->row < b->row ? -1 : a->row > b->row;
}

static const struct heap_node_owner *find(const struct heap_node_owner *at, uint64_t n,
                                          uint32_t row)
{
    const struct heap_node_owner key = { .row = row };
    return bsearch(&key, at, (size_t)n, sizeof key, by_row);
}

/* Where the growth of an owner would go: to the head of the nodes above it; of a node that none
 * dominates (of a list that is linked both ways) to what dominates it, if that grew. */
static uint32_t target(const struct heap_matching *m, const struct places *p,
                       const struct heap_node_owner *at, uint64_t n, const struct heap_node_owner *o)
{
    if (o->node == HEAP_NONE) return HEAP_NONE;
    if (p->depth[o->node] > 0) return p->head[o->node];
    uint32_t d = m->b->dominator[o->node];
    if (heap_is_virtual(m->b, d) || d == o->row) return HEAP_NONE;
    const struct heap_node_owner *holder = find(at, n, d);
    return holder && holder->added ? d : HEAP_NONE;
}

/* Do the owners at[0 .. n-1], of one structure, each hold too little of what came to be named? */
static bool is_splintered(const struct heap_matching *m, const struct heap_node_owner *at,
                          uint64_t n, uint64_t own)
{
    uint64_t sum = 0, most = 0;
    uint32_t type = m->b->type[at->node];
    if (!m->options->part || !(m->options->part[type] & HEAP_NODE)) return false;
    for (uint64_t i = 0; i < n; i++) {
        sum += at[i].added;
        if (at[i].added > most) most = at[i].added;
    }
    return own ? sum <= own : n >= HEAP_NODE_OWNERS && most < sum / 2;
}

/* Decides about owners with one target. */
static void decide(const struct heap_matching *m, const struct places *p,
                   const struct heap_node_owner *all, uint64_t n_all, struct heap_node_owner *at,
                   uint64_t n)
{
    bool flat = p->depth[at->node] == 0;
    const struct heap_node_owner *holder = flat ? find(all, n_all, at->into) : NULL;
    bool whole = is_splintered(m, at, n, holder ? holder->added : 0);
    for (uint64_t i = 0; i < n; i++)
        if (!whole && p->depth[at[i].node] < HEAP_NODE_DEPTH) at[i].into = HEAP_NONE;
}

bool heap_fold_nodes(const struct heap_matching *m, struct heap_node_owner *at, uint64_t n)
{
    struct places p = { 0 };
    struct heap_node_owner *all = heap_new(n, sizeof *all);
    bool ok = all && find_places(m, &p);
    if (ok && n) {
        qsort(at, (size_t)n, sizeof *at, by_row);
        memcpy(all, at, (size_t)n * sizeof *at);
        for (uint64_t i = 0; i < n; i++) at[i].into = target(m, &p, all, n, &at[i]);
        qsort(at, (size_t)n, sizeof *at, by_into);
        for (uint64_t i = 0, end; i < n && at[i].into != HEAP_NONE; i = end) {
            for (end = i + 1; end < n && at[end].into == at[i].into; end++)
                ;
            decide(m, &p, all, n, &at[i], end - i);
        }
    }
    heap_free(p.head);
    heap_free(p.depth);
    heap_free(all);
    return ok;
}
