/* SPDX-License-Identifier: MIT */
/*
 * Disjoint paths from roots, by repeated breadth-first search backwards. Contract in path.h. A
 * search runs over what earlier paths have left: marks on objects (node-disjoint) or on
 * references and root edges (edge-disjoint). Only rows that a search met are reset after it, so
 * k short paths in a large heap cost their surroundings, not k times the heap.
 */
#include "heap/internal.h"
#include "heap/path.h"

struct finder {
    const struct heap_graph *g;
    const struct heap_analysis *a;
    const struct heap_referrers *r;
    uint32_t target;
    enum heap_disjoint mode;
    uint64_t *is_root; /* bit by row: a root object whose root edge is still free */
    uint64_t *used;    /* bit by row, or by referrer index: lies on an earlier path */
    uint32_t *next;    /* by row: the row after it on the way to the target; HEAP_NONE: not met */
    uint64_t *via;     /* by row: the referrer index by which the search got there */
    uint32_t *queue;
    struct heap_paths *out;
    uint64_t capacity; /* of out->step and out->position */
};

static bool blocked(const struct finder *f, uint64_t referrer)
{
    uint32_t source = f->r->source[referrer];
    if (f->next[source] != HEAP_NONE || heap_is_garbage(f->a, source)) return true;
    if (heap_holds_get(f->used, f->mode == HEAP_NODE_DISJOINT ? source : referrer)) return true;
    uint64_t edge = f->g->off[f->a->node[source]] + f->r->position[referrer];
    return !heap_holds_get(f->g->holds, edge);
}

/* Meets rows until one is a root object that may begin a path. *met rows stand in the queue then.
 * Returns that row, or HEAP_NONE. */
static uint32_t search(struct finder *f, uint32_t *met)
{
    f->queue[0] = f->target;
    f->next[f->target] = f->target;
    *met = 1;
    for (uint32_t i = 0; i < *met; i++) {
        uint32_t row = f->queue[i];
        if (heap_holds_get(f->is_root, row)) return row;
        for (uint64_t e = f->r->off[row]; e < f->r->off[row + 1]; e++) {
            if (blocked(f, e)) continue;
            uint32_t source = f->r->source[e];
            f->next[source] = row;
            f->via[source] = e;
            f->queue[(*met)++] = source;
        }
    }
    return HEAP_NONE;
}

static bool reserve(struct finder *f, uint64_t steps)
{
    if (steps <= f->capacity) return true;
    uint64_t wanted = steps + steps / 2 + 64;
    if (wanted > PTRDIFF_MAX / sizeof(uint32_t)) return false;
    uint32_t *step = realloc(f->out->step, (size_t)wanted * sizeof *step);
    if (!step) return false;
    f->out->step = step;
    uint32_t *position = realloc(f->out->position, (size_t)wanted * sizeof *position);
    if (!position) return false;
    f->out->position = position;
    f->capacity = wanted;
    return true;
}

/* Writes the path from `first` down and marks what it uses. */
static bool keep_path(struct finder *f, uint32_t first)
{
    struct heap_paths *p = f->out;
    uint64_t length = 1, at = p->start[p->n];
    for (uint32_t row = first; row != f->target; row = f->next[row]) length++;
    if (!reserve(f, at + length)) return false;
    f->is_root[first / 64] &= ~(UINT64_C(1) << (first % 64));
    for (uint32_t row = first; row != f->target; row = f->next[row]) {
        p->step[at] = row;
        p->position[at++] = f->r->position[f->via[row]];
        heap_holds_set(f->used, f->mode == HEAP_NODE_DISJOINT ? row : f->via[row]);
    }
    p->step[at] = f->target;
    p->position[at++] = HEAP_NONE;
    p->start[++p->n] = at;
    return true;
}

static enum heap_status find_paths(struct finder *f, uint32_t k)
{
    while (f->out->n < k) {
        uint32_t met, first = search(f, &met);
        if (first == HEAP_NONE) return HEAP_OK;
        if (!keep_path(f, first)) return HEAP_NO_MEMORY;
        while (met > 0) f->next[f->queue[--met]] = HEAP_NONE;
    }
    return HEAP_OK;
}

static enum heap_status start(struct finder *f, uint32_t k)
{
    uint32_t rows = f->a->n_rows;
    uint64_t marks = f->mode == HEAP_NODE_DISJOINT ? rows : f->g->off[f->g->n];
    f->is_root = heap_new_zeroed(heap_holds_words(rows), sizeof *f->is_root);
    f->used = heap_new_zeroed(heap_holds_words(marks), sizeof *f->used);
    f->next = heap_new_none(rows);
    f->via = heap_new(rows, sizeof *f->via);
    f->queue = heap_new(rows, sizeof *f->queue);
    f->out->start = heap_new((uint64_t)k + 1, sizeof *f->out->start);
    if (!f->is_root || !f->used || !f->next || !f->via || !f->queue || !f->out->start)
        return HEAP_NO_MEMORY;
    f->out->start[0] = 0;
    for (uint64_t i = 0; i < f->g->n_roots; i++)
        heap_holds_set(f->is_root, f->a->row_of[f->g->root[i]]);
    return HEAP_OK;
}

enum heap_status heap_disjoint_paths(const struct heap_graph *g, const struct heap_analysis *a,
                                     const struct heap_referrers *r, uint32_t target, uint32_t k,
                                     enum heap_disjoint mode, struct heap_paths *out)
{
    *out = (struct heap_paths){ 0 };
    if (target >= a->n_rows) return HEAP_BAD_GRAPH;
    if (k > a->n_rows) k = a->n_rows; /* each path takes a root object of its own */
    struct finder f = { .g = g, .a = a, .r = r, .target = target, .mode = mode, .out = out };
    enum heap_status status = start(&f, k);
    if (status == HEAP_OK && target != 0 && !heap_is_garbage(a, target)) status = find_paths(&f, k);
    heap_free(f.is_root);
    heap_free(f.used);
    heap_free(f.next);
    heap_free(f.via);
    heap_free(f.queue);
    if (status != HEAP_OK) heap_paths_free(out);
    return status;
}

void heap_paths_free(struct heap_paths *p)
{
    if (!p) return;
    heap_free(p->start);
    free(p->step);
    free(p->position);
    *p = (struct heap_paths){ 0 };
}
