/* SPDX-License-Identifier: MIT */
/*
 * Shapes that defeat heap analysers, at moderate size: invariants of the result, both dominator
 * algorithms against each other, answers known in advance, and the number of elementary operations
 * per object and reference, which must stay where it is when the shape is four times as large.
 * Run once more with a stack of 64 KiB: nothing may recurse over heap data.
 */
#include <stdio.h>
#include <stdlib.h>
#include "cu.h"
#include "heap/memory.h"
#include "heap/path.h"
#include "shapes.h"

#define SMALL 50000u
#define LARGE (4 * SMALL)

static struct heap_graph graph_of(const struct shape *s)
{
    return (struct heap_graph){ .n = s->n,
                                .off = s->off,
                                .target = s->target,
                                .root = s->root,
                                .n_roots = s->n_roots,
                                .shallow = s->shallow };
}

/* The invariants that the database's SQL assertions state too, counted instead of asserted. */
static uint64_t broken_rows(const struct heap_graph *g, const struct heap_analysis *a)
{
    uint64_t broken = 0;
    uint64_t *sum = calloc(a->n_rows, sizeof *sum);
    for (uint32_t row = a->n_rows; row-- > 0;) {
        uint32_t d = a->dominator[row], v = a->node[row];
        sum[row] += v == HEAP_NONE ? 0 : g->shallow[v];
        broken += sum[row] != a->retained_size[row];
        if (d == HEAP_NONE) continue;
        sum[d] += sum[row];
        broken += d >= row || a->last[row] > a->last[d] || a->row_of[v] != row;
        broken += heap_is_garbage(a, row) != (a->distance[row] == HEAP_NONE);
    }
    broken += a->live_size != a->retained_size[0];
    broken += a->garbage_size != a->retained_size[a->garbage_root];
    free(sum);
    return broken;
}

static double steps_per_item(const struct heap_graph *g, const struct heap_analysis *a)
{
    const struct heap_steps *s = &a->steps;
    uint64_t all = s->edges_walked + s->edges_reduced + s->compress + s->nca + s->path_edges +
                   s->component_edges;
    return (double)all / ((double)g->n + (double)g->off[g->n]);
}

static double analyse_shape(const char *name, uint32_t n)
{
    struct shape s;
    if (!CHECK(shape_make(name, n, 5, &s) == 0)) return 0;
    struct heap_graph g = graph_of(&s);
    struct heap_analysis a, lt;
    double steps = 0;
    if (CHECK(heap_analyse(&g, HEAP_WANT_ALL, 1, &a) == HEAP_OK) &&
        CHECK(heap_analyse(&g, HEAP_WANT_ALL | HEAP_USE_LENGAUER_TARJAN, 1, &lt) == HEAP_OK)) {
        size_t words = a.n_rows * sizeof(uint32_t);
        CHECK_U64(broken_rows(&g, &a), 0);
        CHECK(memcmp(a.dominator, lt.dominator, words) == 0);
        CHECK(memcmp(a.node, lt.node, words) == 0);
        CHECK(memcmp(a.component, lt.component, words) == 0);
        CHECK(a.n_components == lt.n_components &&
              memcmp(a.components, lt.components, a.n_components * sizeof *a.components) == 0);
        steps = steps_per_item(&g, &a);
        heap_analysis_free(&lt);
        heap_analysis_free(&a);
    }
    shape_free(&s);
    return steps;
}

static void test_all_shapes(void)
{
    printf("\n");
    for (unsigned i = 0; i < shape_count; i++) {
        double small = analyse_shape(shape_names[i], SMALL);
        double large = analyse_shape(shape_names[i], LARGE);
        printf("    %-14s %6.2f operations per object and reference, %6.2f at four times the "
               "size\n",
               shape_names[i], small, large);
        CHECK(large <= 1.6 * small);
        CHECK(large < 16);
    }
    printf("  ");
}

static void with_shape(const char *name, uint32_t n,
                       void (*check)(const struct heap_graph *, const struct heap_analysis *))
{
    struct shape s;
    if (!CHECK(shape_make(name, n, 5, &s) == 0)) return;
    struct heap_graph g = graph_of(&s);
    struct heap_analysis a;
    if (CHECK(heap_analyse(&g, HEAP_WANT_ALL, 1, &a) == HEAP_OK)) {
        check(&g, &a);
        heap_analysis_free(&a);
    }
    shape_free(&s);
}

static void check_list(const struct heap_graph *g, const struct heap_analysis *a)
{
    uint64_t wrong = 0;
    for (uint32_t row = 1; row <= g->n; row++)
        wrong += a->node[row] != row - 1 || a->dominator[row] != row - 1 ||
                 a->distance[row] != row || a->last[row] != g->n ||
                 a->retained_size[row] != 56 * (uint64_t)(g->n - row + 1);
    CHECK_U64(wrong, 0);
    CHECK_U64(a->n_components, 0);
}

static void check_ring_hub(const struct heap_graph *g, const struct heap_analysis *a)
{
    uint64_t wrong = 0;
    for (uint32_t row = 2; row <= g->n; row++)
        wrong += a->dominator[row] != 1 || a->distance[row] != 2 || a->component[row] != 0;
    CHECK_U64(wrong, 0);
    CHECK_U64(a->n_components, 1);
    CHECK_U64(a->components[0].n, g->n - 1);
    /* The ring has as many entries as elements: it hangs below the hub, element by element. */
    CHECK_U64(a->components[0].retained_size, 64 * (uint64_t)(g->n - 1));
    CHECK_U64(a->retained_size[2], 64);
}

static void check_garbage_ring(const struct heap_graph *g, const struct heap_analysis *a)
{
    CHECK_U64(a->n_live, 0);
    CHECK_U64(a->garbage_root, 1);
    CHECK_U64(a->n_garbage_entry, g->n);
    CHECK_U64(a->garbage_size, 64 * (uint64_t)g->n);
    CHECK_U64(a->components[0].retained_size, a->garbage_size);
    CHECK(a->distance[2] == HEAP_NONE && a->parent[2] == HEAP_NONE);
}

static void check_braid(const struct heap_graph *g, const struct heap_analysis *a)
{
    /* Every ring holds all the rings after it, though no object of it does. */
    uint64_t wrong = 0;
    for (uint32_t i = 0; i < a->n_components; i++)
        wrong += a->components[i].retained_size != 64 * ((uint64_t)g->n - 8 * (uint64_t)i);
    CHECK_U64(wrong, 0);
    CHECK_U64(a->n_components, g->n / 8);
    CHECK_U64(a->retained_size[1], 64);
}

static void check_trap(const struct heap_graph *g, const struct heap_analysis *a)
{
    (void)g;
    CHECK(a->steps.lengauer_tarjan == 1);
}

static void test_known_answers(void)
{
    with_shape("list", LARGE, check_list);
    with_shape("ring-hub", LARGE, check_ring_hub);
    with_shape("garbage-ring", LARGE, check_garbage_ring);
    with_shape("braid", LARGE, check_braid);
    with_shape("nca-trap", LARGE, check_trap);
}

/* All objects, by retained size descending, ties by row. */
static void check_order(const struct heap_analysis *a, const uint32_t *order)
{
    uint64_t wrong = 0;
    for (uint32_t i = 1; i < a->n_nodes; i++) {
        uint64_t before = a->retained_size[order[i - 1]], now = a->retained_size[order[i]];
        wrong += before < now || (before == now && order[i - 1] >= order[i]);
    }
    CHECK_U64(wrong, 0);
}

/* References bucket after bucket are those that heap_referrers has. */
static void check_backward(const struct heap_graph *g, const struct heap_analysis *a,
                           const struct heap_referrers *r)
{
    struct heap_backward b;
    uint64_t m = g->off[g->n], at = 0, wrong = 0;
    uint32_t *target = malloc((size_t)(m + 1) * sizeof *target);
    if (!CHECK(target != NULL)) return;
    for (uint64_t e = 0; e < m; e++) target[e] = a->row_of[g->target[e]];
    const struct heap_backward_edges edges = { g->off, target, a->row_of, g->n, a->n_rows,
                                               a->n_rows / 3 };
    struct heap_backward_sorted in;
    CHECK(heap_backward_begin(&edges, &b) == HEAP_OK);
    CHECK(b.n_buckets > 1);
    for (uint32_t row = 0; row < a->n_rows; row++) {
        uint32_t v = a->node[row];
        for (uint64_t e = v == HEAP_NONE ? 0 : g->off[v]; v != HEAP_NONE && e < g->off[v + 1]; e++)
            heap_backward_add(&b, row >= edges.middle, target[e], row, (uint32_t)(e - g->off[v]));
    }
    for (uint32_t i = 0; i < b.n_buckets; i++) {
        CHECK(heap_backward_sort(&b, i, &in) == HEAP_OK);
        for (uint32_t k = 0; k < in.n; k++, at++) {
            const struct heap_backward_ref *ref = &in.ref[in.order[k]];
            wrong += at < r->off[ref->target] || at >= r->off[ref->target + 1] ||
                     ref->source != r->source[at] || ref->position != r->position[at];
        }
    }
    CHECK_U64(wrong, 0);
    CHECK_U64(at, m);
    heap_backward_free(&b);
    free(target);
}

/* Everything else that walks the heap, on the deepest and on the widest shape. */
static void walk_all(const struct heap_graph *g, const struct heap_analysis *a)
{
    uint32_t *order = NULL, rows[2] = { 2, a->n_rows - 1 };
    struct heap_referrers r;
    struct heap_paths p;
    struct heap_retained held;
    CHECK(heap_order(a, &order) == HEAP_OK);
    check_order(a, order);
    CHECK(heap_referrers(g, a, &r) == HEAP_OK);
    check_backward(g, a, &r);
    CHECK(heap_disjoint_paths(g, a, &r, a->n_live, 3, HEAP_NODE_DISJOINT, &p) == HEAP_OK);
    CHECK(p.n >= 1);
    CHECK(heap_retained_set(g, a, rows, 2, NULL, &held) == HEAP_OK);
    CHECK(held.shallow_size >= a->retained_size[2]);
    heap_paths_free(&p);
    heap_referrers_free(&r);
    heap_free(order);
}

static void test_walks(void)
{
    with_shape("list", LARGE, walk_all);
    with_shape("star", LARGE, walk_all);
    with_shape("real", LARGE, walk_all);
}

/* The cumulative histogram against counting, over several blocks, ids not beginning at 1. */
static void test_prefixes(void)
{
    struct shape s;
    if (!CHECK(shape_make("real", 100000, 9, &s) == 0)) return;
    struct heap_graph g = graph_of(&s);
    struct heap_analysis a;
    const uint32_t n_keys = 50;
    uint64_t first_id = 40000, at = 0, n = 0, wrong = 0, count[50] = { 0 }, size[50] = { 0 };
    struct heap_prefix *rows = NULL;
    uint32_t *key = calloc((size_t)s.n + 2, sizeof *key);
    uint64_t *shallow = calloc((size_t)s.n + 2, sizeof *shallow);
    const struct heap_sizes own = { shallow, NULL };
    CHECK(heap_analyse(&g, 0, first_id, &a) == HEAP_OK);
    heap_permute(&a, s.shallow, 0, shallow);
    for (uint32_t row = 0; row < a.n_rows; row++)
        key[row] = a.node[row] == HEAP_NONE ? HEAP_NONE : a.node[row] * 7 % n_keys;
    CHECK(heap_prefixes(&own, &a, key, n_keys, &rows, &n) == HEAP_OK);
    for (uint32_t row = 0; row < a.n_rows; row++) {
        if (key[row] != HEAP_NONE) {
            count[key[row]]++;
            size[key[row]] += s.shallow[a.node[row]];
        }
        if ((first_id + row) % HEAP_PREFIX_ROWS) continue;
        for (uint32_t k = 0; k < n_keys; k++) {
            if (count[k] == 0) continue;
            wrong += at >= n || rows[at].block != (first_id + row) / HEAP_PREFIX_ROWS ||
                     rows[at].key != k || rows[at].n != count[k] ||
                     rows[at].shallow_size != size[k];
            at++;
        }
    }
    CHECK_U64(wrong, 0);
    CHECK_U64(at, n);
    CHECK(n >= 3 * n_keys);
    key[5] = n_keys;
    free(rows);
    CHECK(heap_prefixes(&own, &a, key, n_keys, &rows, &n) == HEAP_BAD_GRAPH);
    CHECK(rows == NULL && n == 0);
    free(key);
    free(shallow);
    heap_analysis_free(&a);
    shape_free(&s);
}

static void test_bad_input(void)
{
    const uint64_t off[] = { 0, 1, 1 }, back[] = { 0, 1, 0 }, late[] = { 1, 1, 1 };
    const uint32_t target[] = { 1 }, beyond[] = { 2 };
    const uint64_t size[] = { 8, 8 }, huge[] = { INT64_MAX, 1 };
    const struct heap_graph good = {
        .n = 2, .off = off, .target = target, .root = target, .n_roots = 1, .shallow = size
    };
    struct heap_analysis a;
    struct heap_graph g = good;
    CHECK(heap_analyse(&g, HEAP_WANT_ALL, 1, &a) == HEAP_OK);
    CHECK_U64(heap_id(&a, 1), 2);
    heap_analysis_free(&a);
    g.off = back;
    CHECK(heap_analyse(&g, HEAP_WANT_ALL, 1, &a) == HEAP_BAD_GRAPH);
    g.off = late;
    CHECK(heap_analyse(&g, HEAP_WANT_ALL, 1, &a) == HEAP_BAD_GRAPH);
    g = good;
    g.target = beyond;
    CHECK(heap_analyse(&g, HEAP_WANT_ALL, 1, &a) == HEAP_BAD_GRAPH);
    g = good;
    g.root = beyond;
    CHECK(heap_analyse(&g, HEAP_WANT_ALL, 1, &a) == HEAP_BAD_GRAPH);
    g = good;
    g.shallow = huge;
    CHECK(heap_analyse(&g, HEAP_WANT_ALL, 1, &a) == HEAP_TOO_LARGE);
    g = good;
    g.native = huge;
    CHECK(heap_analyse(&g, HEAP_WANT_ALL, 1, &a) == HEAP_TOO_LARGE);
    g.n = HEAP_MAX_NODES + 1;
    CHECK(heap_analyse(&g, HEAP_WANT_ALL, 1, &a) == HEAP_TOO_LARGE);
    CHECK(a.n_rows == 0 && a.node == NULL);
    heap_analysis_free(&a);
    heap_analysis_free(NULL);
    CHECK_STR(heap_status_text(HEAP_NO_MEMORY), "out of memory");
    CHECK(heap_status_text((enum heap_status)99) != NULL);
}

static void test_empty(void)
{
    const uint64_t off[] = { 0 };
    const struct heap_graph g = { .n = 0, .off = off };
    struct heap_analysis a;
    CHECK(heap_analyse(&g, HEAP_WANT_ALL, 7, &a) == HEAP_OK);
    CHECK_U64(a.n_rows, 2);
    CHECK_U64(a.garbage_root, 1);
    CHECK_U64(heap_id(&a, a.garbage_root), 8);
    CHECK(a.last[0] == 0 && a.last[1] == 1 && a.n_components == 0);
    heap_analysis_free(&a);
}

CU_MAIN("heap shapes", { "all shapes", test_all_shapes }, { "known answers", test_known_answers },
        { "walks over deep and wide heaps", test_walks }, { "prefixes", test_prefixes },
        { "bad input", test_bad_input }, { "empty heap", test_empty })
