/* SPDX-License-Identifier: MIT */
/*
 * Orders, lists, sums, referrers and disjoint paths against their definitions, on small random
 * graphs.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include "cu_seed.h"
#include "heap/memory.h"
#include "heap/path.h"
#include "heap_random.h"

#define GRAPHS 10000u
#define KEYS   4u

static void check_order(const struct heap_analysis *a, const uint32_t *order)
{
    uint32_t seen = 0;
    for (uint32_t i = 0; i < a->n_nodes; i++) {
        WANT(order[i] < a->n_rows && a->node[order[i]] != HEAP_NONE);
        seen |= UINT32_C(1) << order[i];
        if (i == 0) continue;
        uint64_t before = a->retained_size[order[i - 1]], here = a->retained_size[order[i]];
        WANT(before > here || (before == here && order[i - 1] < order[i]));
    }
    WANT((uint32_t)__builtin_popcount(seen) == a->n_nodes);
}

/* Every group holds the first rows of its key, in the order given. */
static void check_group(const struct heap_analysis *a, const uint32_t *order, const uint32_t *key,
                        uint32_t n_keys, uint64_t cap)
{
    struct heap_lists lists;
    WANT(heap_group(a, order, a->n_nodes, key, n_keys, cap, &lists) == HEAP_OK);
    WANT(lists.n_keys == n_keys && lists.start[0] == 0);
    for (uint32_t k = 0; k < n_keys; k++) {
        uint64_t at = lists.start[k];
        for (uint32_t i = 0; i < a->n_nodes; i++) {
            if (key[order[i]] != k || (cap && at - lists.start[k] == cap)) continue;
            WANT(at < lists.start[k + 1] && lists.row[at] == order[i]);
            at++;
        }
        WANT(at == lists.start[k + 1]);
    }
    heap_lists_free(&lists);
}

static void check_lists(const struct heap_analysis *a, const uint32_t *key, uint64_t *seed)
{
    uint32_t *order = NULL;
    WANT(heap_order(a, &order) == HEAP_OK);
    check_order(a, order);
    check_group(a, order, key, KEYS, random_below(seed, 4));
    check_group(a, order, a->component, a->n_components, 0);
    check_group(a, order, a->dominator, a->n_rows, 0);
    struct heap_lists lists;
    uint32_t bad = a->n_nodes ? order[random_below(seed, a->n_nodes)] : 0;
    if (a->n_nodes && key[bad] != HEAP_NONE)
        WANT(heap_group(a, order, a->n_nodes, key, key[bad], 0, &lists) == HEAP_BAD_GRAPH);
    heap_free(order);
}

static void check_sums(const struct heap_graph *g, const struct heap_analysis *a,
                       const uint32_t *key, uint64_t *seed)
{
    struct heap_sum got[KEYS];
    uint64_t shallow[SMALL_NODES + 2], native[SMALL_NODES + 2];
    const struct heap_sizes size = { shallow, g->native ? native : NULL };
    heap_permute(a, g->shallow, 0, shallow);
    if (g->native) heap_permute(a, g->native, 0, native);
    uint32_t first = random_below(seed, a->n_rows);
    uint32_t last = first + random_below(seed, a->n_rows - first);
    WANT(heap_sums(&size, a, first, last, key, KEYS, got) == HEAP_OK);
    for (uint32_t k = 0; k < KEYS; k++) {
        struct heap_sum want = { 0 };
        for (uint32_t row = first; row <= last; row++) {
            uint32_t v = a->node[row];
            if (key[row] != k) continue;
            want.n++;
            want.shallow_size += v == HEAP_NONE ? 0 : g->shallow[v];
            if (g->native) want.native_size += v == HEAP_NONE ? 0 : g->native[v];
            bool topmost = true;
            for (uint32_t d = a->dominator[row]; d != HEAP_NONE; d = a->dominator[d])
                if (d >= first && key[d] == k) topmost = false;
            if (!topmost) continue;
            want.retained_size += a->retained_size[row];
            if (g->native) want.retained_native += a->retained_native[row];
        }
        WANT(memcmp(&want, &got[k], sizeof want) == 0);
    }
    WANT(heap_sums(&size, a, 0, a->n_rows, key, KEYS, got) == HEAP_BAD_GRAPH);
    WANT(heap_sums(&size, a, 1, 0, key, KEYS, got) == HEAP_OK);
}

static void check_referrers(const struct heap_graph *g, const struct heap_analysis *a,
                            const struct heap_referrers *r)
{
    WANT(r->off[0] == 0 && r->off[a->n_rows] == g->off[g->n]);
    for (uint32_t row = 0; row < a->n_rows; row++) {
        uint64_t at = r->off[row];
        for (uint32_t source = 0; source < a->n_rows; source++) {
            uint32_t v = a->node[source];
            if (v == HEAP_NONE) continue;
            for (uint64_t e = g->off[v]; e < g->off[v + 1]; e++) {
                if (a->row_of[g->target[e]] != row) continue;
                WANT(at < r->off[row + 1] && r->source[at] == source);
                WANT(r->position[at] == e - g->off[v]);
                at++;
            }
        }
        WANT(at == r->off[row + 1]);
    }
}

/* The same references, bucket after bucket. */
static void check_backward(const struct heap_graph *g, const struct heap_analysis *a,
                           const struct heap_referrers *r)
{
    struct heap_backward b;
    uint32_t target[SMALL_EDGES];
    uint64_t m = g->off[g->n], at = 0;
    for (uint64_t e = 0; e < m; e++) target[e] = a->row_of[g->target[e]];
    const struct heap_backward_edges edges = { g->off, target, a->row_of, g->n, a->n_rows,
                                               a->n_rows / 2 };
    struct heap_backward_sorted in;
    WANT(heap_backward_begin(&edges, &b) == HEAP_OK);
    for (uint32_t row = 0; row < a->n_rows; row++) {
        uint32_t v = a->node[row];
        for (uint64_t e = v == HEAP_NONE ? 0 : g->off[v]; v != HEAP_NONE && e < g->off[v + 1]; e++)
            heap_backward_add(&b, row >= edges.middle, target[e], row, (uint32_t)(e - g->off[v]));
    }
    for (uint32_t i = 0; i < b.n_buckets; i++) {
        WANT(heap_backward_sort(&b, i, &in) == HEAP_OK);
        for (uint32_t k = 0; k < in.n; k++, at++) {
            const struct heap_backward_ref *ref = &in.ref[in.order[k]];
            WANT(at >= r->off[ref->target] && at < r->off[ref->target + 1]);
            WANT(ref->source == r->source[at] && ref->position == r->position[at]);
        }
    }
    WANT(at == m);
    heap_backward_free(&b);
    if (m) {
        target[m - 1] = a->n_rows;
        WANT(heap_backward_begin(&edges, &b) == HEAP_BAD_GRAPH);
        heap_backward_free(&b);
    }
}

/* What paths may not use any more, in nodes and edges of the input. */
struct spent {
    uint32_t nodes, roots;
    bool edge[SMALL_EDGES];
};

/* Objects on a shortest path from a free root to `target` in what is left; 0 if there is none. */
static uint32_t steps_left(const struct heap_graph *g, const struct spent *s, uint32_t target)
{
    uint32_t reached = 0;
    for (uint64_t i = 0; i < g->n_roots; i++) reached |= UINT32_C(1) << g->root[i];
    reached &= ~s->roots & ~s->nodes;
    for (uint32_t steps = 1; steps <= g->n; steps++) {
        uint32_t more = reached;
        if (reached >> target & 1) return steps;
        for (uint32_t v = 0; v < g->n; v++)
            for (uint64_t e = g->off[v]; e < g->off[v + 1]; e++)
                if ((reached >> v & 1) && !s->edge[e] && heap_holds_get(g->holds, e) &&
                    !(s->nodes >> g->target[e] & 1))
                    more |= UINT32_C(1) << g->target[e];
        reached = more;
    }
    return 0;
}

/* One path: from a free root object to the target, over references that exist and are free. */
static void check_path(const struct heap_graph *g, const struct heap_analysis *a,
                       const struct heap_paths *p, uint32_t i, enum heap_disjoint mode,
                       struct spent *s)
{
    uint32_t root = a->node[p->step[p->start[i]]];
    bool is_root = false;
    for (uint64_t k = 0; k < g->n_roots; k++) is_root |= g->root[k] == root;
    WANT(is_root && !(s->roots >> root & 1));
    s->roots |= UINT32_C(1) << root;
    for (uint64_t j = p->start[i]; j + 1 < p->start[i + 1]; j++) {
        uint32_t v = a->node[p->step[j]];
        uint64_t e = g->off[v] + p->position[j];
        WANT(e < g->off[v + 1] && g->target[e] == a->node[p->step[j + 1]]);
        WANT(heap_holds_get(g->holds, e) && !s->edge[e] && !(s->nodes >> v & 1));
        if (mode == HEAP_EDGE_DISJOINT) s->edge[e] = true;
        if (mode == HEAP_NODE_DISJOINT) s->nodes |= UINT32_C(1) << v;
    }
    WANT(p->position[p->start[i + 1] - 1] == HEAP_NONE);
}

static void check_paths(const struct heap_graph *g, const struct heap_analysis *a,
                        const struct heap_referrers *r, uint64_t *seed)
{
    enum heap_disjoint mode = (enum heap_disjoint)random_below(seed, 2);
    uint32_t target = random_below(seed, a->n_rows), k = random_below(seed, 6);
    struct heap_paths p;
    struct spent spent = { 0 };
    WANT(heap_disjoint_paths(g, a, r, a->n_rows, k, mode, &p) == HEAP_BAD_GRAPH);
    WANT(heap_disjoint_paths(g, a, r, target, k, mode, &p) == HEAP_OK);
    WANT(p.n <= k);
    for (uint32_t i = 0; i < p.n; i++) {
        WANT(p.step[p.start[i + 1] - 1] == target && !heap_is_garbage(a, target));
        WANT(p.start[i + 1] - p.start[i] == steps_left(g, &spent, a->node[target]));
        check_path(g, a, &p, i, mode, &spent);
    }
    if (p.n < k && a->node[target] != HEAP_NONE) WANT(steps_left(g, &spent, a->node[target]) == 0);
    heap_paths_free(&p);
}

static void test_random(void)
{
    uint64_t seed = 4711;
    unsigned failed = CU_get_number_of_failures();
    for (uint32_t i = 0; i < GRAPHS && CU_get_number_of_failures() == failed; i++) {
        struct small s;
        struct heap_analysis a;
        struct heap_referrers r;
        uint32_t by_node[SMALL_NODES], key[SMALL_NODES + 2];
        failing_seed = seed;
        small_random(&s, &seed);
        for (uint32_t v = 0; v < s.graph.n; v++)
            by_node[v] = random_below(&seed, 6) ? random_below(&seed, KEYS) : HEAP_NONE;
        if (!CHECK(heap_analyse(&s.graph, HEAP_WANT_ALL, 1, &a) == HEAP_OK)) return;
        key[0] = key[a.garbage_root] = random_below(&seed, 2) ? HEAP_NONE : 0;
        for (uint32_t v = 0; v < s.graph.n; v++) key[a.row_of[v]] = by_node[v];
        check_lists(&a, key, &seed);
        check_sums(&s.graph, &a, key, &seed);
        if (!CHECK(heap_referrers(&s.graph, &a, &r) == HEAP_OK)) return;
        check_referrers(&s.graph, &a, &r);
        check_backward(&s.graph, &a, &r);
        for (int round = 0; round < 4; round++) check_paths(&s.graph, &a, &r, &seed);
        heap_referrers_free(&r);
        heap_analysis_free(&a);
    }
    CHECK(CU_get_number_of_failures() == failed);
}

CU_MAIN("heap lists, sums and paths against their definitions", { "random graphs", test_random })
