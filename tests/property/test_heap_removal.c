/* SPDX-License-Identifier: MIT */
/*
 * Every shape with two thousand objects: each object is taken out in turn, and what a search no
 * longer reaches must be exactly the rows that the analysis says it retains; the same for cycles.
 * Paths are long enough here for path compression and for its bugs, which graphs of twenty objects
 * are not.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include "cu.h"
#include "heap/analysis.h"
#include "heap_random.h"
#include "shapes.h"

#define NODES 2048u

struct removal {
    const struct heap_graph *g;
    const struct heap_analysis *a;
    bool out[NODES + 2]; /* by row: taken out */
    bool met[NODES + 2];
    uint32_t stack[NODES + 2];
    uint32_t depth;
};

static void meet(struct removal *r, uint32_t row, bool garbage)
{
    if (r->met[row] || r->out[row] || heap_is_garbage(r->a, row) != garbage) return;
    r->met[row] = true;
    r->stack[r->depth++] = row;
}

/* Meets all that a virtual root reaches around what is out. */
static void search(struct removal *r, bool garbage)
{
    const struct heap_graph *g = r->g;
    for (uint64_t i = 0; !garbage && i < g->n_roots; i++) meet(r, r->a->row_of[g->root[i]], false);
    for (uint32_t i = 0; garbage && i < r->a->n_garbage_entry; i++)
        meet(r, r->a->garbage_entry[i], true);
    while (r->depth > 0) {
        uint32_t node = r->a->node[r->stack[--r->depth]];
        for (uint64_t e = g->off[node]; e < g->off[node + 1]; e++)
            if (heap_holds_get(g->holds, e)) meet(r, r->a->row_of[g->target[e]], garbage);
    }
}

/* Rows below first .. last that are wrongly met, or wrongly not met, with `row` out. */
static uint64_t wrong_without(struct removal *r, uint32_t row)
{
    bool garbage = heap_is_garbage(r->a, row);
    uint32_t first = garbage ? r->a->garbage_root + 1 : 1;
    uint32_t last = garbage ? r->a->n_rows - 1 : r->a->n_live;
    uint64_t wrong = 0;
    memset(r->met, 0, sizeof r->met);
    r->out[row] = true;
    search(r, garbage);
    r->out[row] = false;
    for (uint32_t x = first; x <= last; x++)
        wrong += r->met[x] == (bool)heap_dominates(r->a, row, x);
    return wrong;
}

static uint64_t held_without(struct removal *r, uint32_t component)
{
    uint64_t size = 0;
    memset(r->met, 0, sizeof r->met);
    for (uint32_t row = 0; row < r->a->n_rows; row++)
        r->out[row] = r->a->component[row] == component;
    search(r, false);
    search(r, true);
    memset(r->out, 0, sizeof r->out);
    for (uint32_t row = 0; row < r->a->n_rows; row++)
        if (r->a->node[row] != HEAP_NONE && !r->met[row]) size += r->g->shallow[r->a->node[row]];
    return size;
}

/* Some edges of every other shape hold nothing. */
static void weaken(struct heap_graph *g, uint64_t *holds, uint64_t seed)
{
    for (uint64_t e = 0; e < g->off[g->n]; e++)
        if (random_below(&seed, 10)) heap_holds_set(holds, e);
    g->holds = holds;
}

static void test_shape(const char *name, bool weak, unsigned want)
{
    struct shape s;
    struct heap_analysis a;
    static struct removal r;
    if (!CHECK(shape_make(name, NODES, 11, &s) == 0)) return;
    struct heap_graph g = { .n = s.n,
                            .off = s.off,
                            .target = s.target,
                            .root = s.root,
                            .n_roots = s.n_roots,
                            .shallow = s.shallow };
    uint64_t *holds = calloc((size_t)heap_holds_words(s.off[s.n]) + 1, sizeof *holds), wrong = 0;
    if (weak) weaken(&g, holds, 5);
    if (CHECK(heap_analyse(&g, want, 1, &a) == HEAP_OK)) {
        r = (struct removal){ .g = &g, .a = &a };
        for (uint32_t row = 0; row < a.n_rows; row++)
            if (a.node[row] != HEAP_NONE) wrong += wrong_without(&r, row);
        CHECK_U64(wrong, 0);
        for (uint32_t i = 0; i < a.n_components; i += 1 + a.n_components / 64)
            wrong += held_without(&r, i) != a.components[i].retained_size;
        if (wrong) printf("  %s: ", name);
        CHECK_U64(wrong, 0);
        heap_analysis_free(&a);
    }
    free(holds);
    shape_free(&s);
}

static void test_all(void)
{
    for (unsigned i = 0; i < shape_count; i++) {
        test_shape(shape_names[i], false, HEAP_WANT_COMPONENTS);
        test_shape(shape_names[i], true, HEAP_WANT_COMPONENTS | HEAP_SAVE_MEMORY);
    }
}

static void test_lengauer_tarjan(void)
{
    for (unsigned i = 0; i < shape_count; i++)
        test_shape(shape_names[i], i % 2, HEAP_WANT_COMPONENTS | HEAP_USE_LENGAUER_TARJAN);
}

CU_MAIN("heap shapes by removal", { "every object of every shape", test_all },
        { "the same by Lengauer and Tarjan", test_lengauer_tarjan })
