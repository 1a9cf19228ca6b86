/* SPDX-License-Identifier: MIT */
/*
 * Every allocation of the graph core made to fail in turn: the answer is HEAP_NO_MEMORY,
 * nothing is kept by the call, and the same call works when memory is back. The linker puts the
 * functions here in place of malloc and its relatives (--wrap).
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include "cu.h"
#include "heap/match.h"
#include "heap/memory.h"
#include "heap/pages.h"
#include "heap/path.h"
#include "shapes.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
void *__real_pages_take(size_t length, bool *zero);
void *__real_pages_grow(void *base, size_t length, size_t more);
void __real_pages_give(void *base, size_t length);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void __wrap_free(void *p);
void *__wrap_pages_take(size_t length, bool *zero);
void *__wrap_pages_grow(void *base, size_t length, size_t more);
void __wrap_pages_give(void *base, size_t length);

static uint64_t left = UINT64_MAX; /* allocations until one fails, once */

static bool fails(void)
{
    if (left == UINT64_MAX) return false;
    if (left-- > 0) return false;
    left = UINT64_MAX;
    return true;
}

static int64_t outstanding; /* small and large arrays that nobody gave back */

static void *counted(void *p)
{
    if (p) outstanding++;
    return p;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : counted(__real_calloc(n, size));
}

void *__wrap_realloc(void *p, size_t size)
{
    if (fails()) return NULL;
    void *larger = __real_realloc(p, size);
    return p ? larger : counted(larger);
}

void __wrap_free(void *p)
{
    if (p) outstanding--;
    __real_free(p);
}

void *__wrap_pages_take(size_t length, bool *zero)
{
    *zero = false;
    return fails() ? NULL : counted(__real_pages_take(length, zero));
}

void *__wrap_pages_grow(void *base, size_t length, size_t more)
{
    return fails() ? NULL : __real_pages_grow(base, length, more);
}

void __wrap_pages_give(void *base, size_t length)
{
    outstanding--;
    __real_pages_give(base, length);
}

struct world {
    struct shape shape;
    uint64_t *native;
    uint32_t *block_off, *block_node;
    struct heap_blocks blocks; /* one for every ten nodes, of two that need not be neighbours */
    struct heap_graph graph;
    struct heap_analysis analysis;
    struct heap_referrers referrers;
    uint32_t *key;     /* by row */
    uint64_t *address; /* by row */
    struct heap_side old_side, new_side;
    uint64_t *sizes;
};

/* Runs a call with its first, second, .. allocation failing, until it needs no more of them. */
static uint64_t fail_each(enum heap_status (*call)(struct world *), struct world *w)
{
    uint64_t n = 0;
    for (;; n++) {
        int64_t before = outstanding;
        left = n;
        enum heap_status status = call(w);
        bool used_up = left == UINT64_MAX;
        left = UINT64_MAX;
        if (!CHECK_I64(outstanding, before)) return n;
        if (status == HEAP_OK && !used_up) return n;
        if (!CHECK(status == HEAP_NO_MEMORY)) return n;
    }
}

static enum heap_status call_analyse(struct world *w)
{
    struct heap_analysis a;
    enum heap_status status = heap_analyse(&w->graph, HEAP_WANT_ALL, 1, &a);
    if (status == HEAP_OK) heap_analysis_free(&a);
    return status;
}

static enum heap_status call_analyse_lt(struct world *w)
{
    struct heap_analysis a;
    enum heap_status status =
        heap_analyse(&w->graph, HEAP_WANT_COMPONENTS | HEAP_USE_LENGAUER_TARJAN, 1, &a);
    if (status == HEAP_OK) status = heap_add_paths(&w->graph, &a);
    heap_analysis_free(&a);
    return status;
}

static enum heap_status call_order(struct world *w)
{
    uint32_t *order;
    struct heap_lists lists;
    enum heap_status status = heap_order(&w->analysis, &order);
    if (status != HEAP_OK) return status;
    status = heap_group(&w->analysis, order, w->analysis.n_nodes, w->key, 50, 10, &lists);
    if (status == HEAP_OK) heap_lists_free(&lists);
    heap_free(order);
    return status;
}

static enum heap_status call_sums(struct world *w)
{
    struct heap_sum sum[50];
    struct heap_prefix *rows;
    const struct heap_sizes size = { w->sizes, NULL };
    uint64_t n;
    enum heap_status status =
        heap_sums(&size, &w->analysis, 0, w->analysis.n_rows - 1, w->key, 50, sum);
    if (status == HEAP_OK) status = heap_prefixes(&size, &w->analysis, w->key, 50, &rows, &n);
    if (status == HEAP_OK) free(rows);
    return status;
}

static enum heap_status call_backward(struct world *w)
{
    struct heap_backward b;
    const struct heap_graph *g = &w->graph;
    struct heap_backward_sorted in;
    const struct heap_backward_edges edges = { g->off, g->target, w->analysis.row_of, g->n,
                                               w->analysis.n_rows, w->analysis.n_rows };
    enum heap_status status = heap_backward_begin(&edges, &b);
    for (uint64_t e = 0; status == HEAP_OK && e < g->off[g->n]; e++)
        heap_backward_add(&b, 0, g->target[e], 0, 0);
    for (uint32_t i = 0; status == HEAP_OK && i < b.n_buckets; i++)
        status = heap_backward_sort(&b, i, &in);
    heap_backward_free(&b);
    return status;
}

static enum heap_status call_paths(struct world *w)
{
    struct heap_referrers r;
    struct heap_paths p;
    enum heap_status status = heap_referrers(&w->graph, &w->analysis, &r);
    if (status != HEAP_OK) return status;
    status = heap_disjoint_paths(&w->graph, &w->analysis, &r, w->analysis.n_live, 3,
                                 HEAP_EDGE_DISJOINT, &p);
    if (status == HEAP_OK) heap_paths_free(&p);
    heap_referrers_free(&r);
    return status;
}

static enum heap_status call_set(struct world *w)
{
    const uint32_t rows[] = { 3, w->analysis.n_live, w->analysis.n_rows - 1 };
    struct heap_retained held;
    return heap_retained_set(&w->graph, &w->analysis, rows, 3, NULL, &held);
}

/* Answers that make lines of places, and owners that hold beside the shortest path. */
static uint32_t any_owner(void *opaque, bool in_b, uint32_t row, const uint32_t *matched)
{
    (void)opaque, (void)in_b, (void)matched;
    return row % 3 ? row / 2 : HEAP_NONE;
}

/* Names that are there on both sides, and some that stand more than once. */
static uint64_t any_name(void *opaque, bool in_b, uint32_t row, const uint32_t *matched)
{
    (void)opaque, (void)in_b, (void)matched;
    return row % 7 ? row / 2 + 1 : 0;
}

static uint64_t any_place(void *opaque, bool in_b, uint32_t row)
{
    (void)opaque, (void)in_b;
    return row % 5;
}

static enum heap_status match_with(struct world *w, enum heap_match_mode mode,
                                   enum heap_group_mode group)
{
    const struct heap_match_options o = { .mode = mode, .group = group, .n_types = 50,
                                          .beside = any_owner, .place = any_place,
                                          .name = any_name };
    struct heap_match m;
    enum heap_status status = heap_match_compute(&w->old_side, &w->new_side, &o, &m);
    if (status == HEAP_OK) heap_match_free(&m);
    return status;
}

static enum heap_status call_match_address(struct world *w)
{
    return match_with(w, HEAP_MATCH_ADDRESS, HEAP_GROUP_OBJECT);
}

static enum heap_status call_match_signature(struct world *w)
{
    return match_with(w, HEAP_MATCH_SIGNATURE, HEAP_GROUP_SIGNATURE);
}

static void add_blocks(struct world *w)
{
    uint32_t n = w->shape.n / 10;
    for (uint32_t i = 0; i < n; i++) {
        w->block_node[2 * i] = i;
        w->block_node[2 * i + 1] = w->shape.n - 1 - 7 * i;
        w->block_off[i + 1] = 2 * i + 2;
    }
    w->blocks = (struct heap_blocks){ n, w->block_off, w->block_node, w->sizes };
    w->graph.blocks = &w->blocks;
}

/* The second snapshot is the first with other addresses here and there: gone and come at once. */
static bool build_world(struct world *w, const char *name, uint32_t n)
{
    *w = (struct world){ 0 };
    if (shape_make(name, n, 3, &w->shape)) return false;
    struct shape *s = &w->shape;
    size_t rows = (size_t)s->n + 2;
    w->native = calloc(s->n, sizeof *w->native);
    w->block_off = calloc(s->n / 10 + 1, sizeof *w->block_off);
    w->block_node = calloc(s->n / 5 + 1, sizeof *w->block_node);
    w->key = calloc(rows, sizeof *w->key);
    w->address = calloc(2 * rows, sizeof *w->address);
    w->sizes = calloc(rows, sizeof *w->sizes);
    w->graph = (struct heap_graph){ .n = s->n,
                                    .off = s->off,
                                    .target = s->target,
                                    .root = s->root,
                                    .n_roots = s->n_roots,
                                    .shallow = s->shallow,
                                    .native = w->native };
    add_blocks(w);
    struct heap_analysis *a = &w->analysis;
    if (heap_analyse(&w->graph, HEAP_WANT_ALL, 1, a) != HEAP_OK) return false;
    for (uint32_t row = 0; row < a->n_rows; row++) {
        bool none = a->node[row] == HEAP_NONE;
        w->key[row] = none ? HEAP_NONE : a->node[row] % 50;
        w->address[row] = 16 * (uint64_t)row;
        w->address[rows + row] = 16 * (uint64_t)row + (row % 97 == 5);
        w->sizes[row] = none ? 0 : s->shallow[a->node[row]];
    }
    w->old_side = (struct heap_side){ .n_rows = a->n_rows,
                                      .garbage_root = a->garbage_root,
                                      .last = a->last,
                                      .dominator = a->dominator,
                                      .parent = a->parent,
                                      .type = w->key,
                                      .shallow_size = w->sizes,
                                      .retained_size = a->retained_size,
                                      .identity = w->address,
                                      .step = w->address };
    w->new_side = w->old_side;
    w->new_side.identity = w->new_side.step = w->address + rows;
    return true;
}

static void free_world(struct world *w)
{
    heap_analysis_free(&w->analysis);
    shape_free(&w->shape);
    free(w->native);
    free(w->block_off);
    free(w->block_node);
    free(w->key);
    free(w->address);
    free(w->sizes);
}

static void test_small(void)
{
    static const struct {
        const char *name;
        enum heap_status (*call)(struct world *);
        uint64_t at_least; /* allocations that must have been seen */
    } calls[] = { { "analyse", call_analyse, 25 },
                  { "lengauer-tarjan", call_analyse_lt, 25 },
                  { "order", call_order, 5 },
                  { "sums", call_sums, 2 },
                  { "backward", call_backward, 3 },
                  { "paths", call_paths, 9 },
                  { "set", call_set, 2 },
                  { "match by address", call_match_address, 8 },
                  { "match by signature", call_match_signature, 10 } };
    static const char *const shapes[] = { "hostile", "real", "unreachable", "braid", "nca-trap" };
    for (size_t k = 0; k < sizeof shapes / sizeof shapes[0]; k++) {
        struct world w;
        if (!CHECK(build_world(&w, shapes[k], 4096))) return;
        for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
            uint64_t n = fail_each(calls[i].call, &w);
            if (n < calls[i].at_least) printf("  %s of %s: ", calls[i].name, shapes[k]);
            CHECK(n >= calls[i].at_least);
        }
        free_world(&w);
    }
}

/* Enough rows for sums by block. */
static void test_blocks(void)
{
    struct world w;
    if (!CHECK(build_world(&w, "real", 2 * HEAP_PREFIX_ROWS))) return;
    CHECK(fail_each(call_sums, &w) >= 3);
    free_world(&w);
}

/* Large enough for arrays that come from the system. */
static void test_large(void)
{
    struct world w;
    if (!CHECK(build_world(&w, "star", 1200000))) return;
    CHECK(fail_each(call_set, &w) >= 2);
    CHECK(fail_each(call_order, &w) >= 5);
    CHECK(fail_each(call_analyse, &w) >= 25);
    free_world(&w);
}

CU_MAIN("heap out of memory", { "small heaps", test_small }, { "blocks", test_blocks },
        { "large arrays", test_large })
