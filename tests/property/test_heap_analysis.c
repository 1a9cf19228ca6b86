/* SPDX-License-Identifier: MIT */
/*
 * The analysis against brute force: dominators by taking each object out, components by
 * reachability, retained sizes of objects, components and any set by reachability around them,
 * distances by rounds. Thousands of small random graphs; a failure prints the seed that makes
 * its graph.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include "cu_seed.h"
#include "heap/analysis.h"
#include "heap_random.h"

#define GRAPHS 20000u

static uint32_t rows_to_set(const struct heap_analysis *a, uint32_t first, uint32_t last)
{
    uint32_t set = 0;
    for (uint32_t row = first; row <= last; row++)
        if (a->node[row] != HEAP_NONE) set |= UINT32_C(1) << a->node[row];
    return set;
}

/* The strict dominator that all other strict dominators dominate: the one that retains least. */
static uint32_t brute_idom(const struct brute *b, uint32_t node)
{
    uint32_t best = HEAP_NONE, least = 33;
    for (uint32_t v = 0; v < b->g->n; v++) {
        uint32_t held = brute_retained(b, UINT32_C(1) << v);
        if (v == node || !(held >> node & 1)) continue;
        uint32_t size = (uint32_t)__builtin_popcount(held);
        if (size < least) {
            least = size;
            best = v;
        }
    }
    return best;
}

static void check_tree(const struct brute *b, const struct heap_analysis *a)
{
    const struct heap_graph *g = b->g;
    WANT(a->n_rows == g->n + 2 && a->n_nodes == g->n);
    WANT(a->n_live == (uint32_t)__builtin_popcount(b->live));
    WANT(a->garbage_root == a->n_live + 1);
    WANT(a->node[0] == HEAP_NONE && a->node[a->garbage_root] == HEAP_NONE);
    WANT(a->last[0] == a->n_live && a->last[a->garbage_root] == a->n_rows - 1);
    WANT(a->dominator[0] == HEAP_NONE && a->dominator[a->garbage_root] == HEAP_NONE);
    WANT(a->live_size == brute_sum(b->live, g->shallow));
    WANT(a->garbage_size == brute_sum(b->garbage, g->shallow));
    WANT(a->live_native == brute_native(b, b->live));
    WANT(a->garbage_native == brute_native(b, b->garbage));
    WANT(a->retained_size[0] == a->live_size);
    WANT(a->retained_size[a->garbage_root] == a->garbage_size);
    for (uint32_t v = 0; v < g->n; v++) {
        uint32_t row = a->row_of[v], held = brute_retained(b, UINT32_C(1) << v);
        WANT(a->node[row] == v);
        WANT(heap_is_garbage(a, row) == (int)(b->garbage >> v & 1));
        WANT(rows_to_set(a, row, a->last[row]) == held);
        WANT(a->retained_size[row] == brute_sum(held, g->shallow));
        WANT(!g->native == !a->retained_native);
        WANT(!g->native || a->retained_native[row] == brute_native(b, held));
        uint32_t idom = brute_idom(b, v), top = b->garbage >> v & 1 ? a->garbage_root : 0;
        WANT(a->dominator[row] == (idom == HEAP_NONE ? top : a->row_of[idom]));
    }
}

/* Siblings by retained size descending, ties by node ascending, in contiguous ranges. */
static void check_order(const struct heap_analysis *a)
{
    for (uint32_t row = 0; row < a->n_rows; row++) {
        uint32_t child = row + 1, before = HEAP_NONE;
        for (; child <= a->last[row]; before = child, child = a->last[child] + 1) {
            WANT(a->dominator[child] == row);
            if (before == HEAP_NONE) continue;
            WANT(a->retained_size[before] >= a->retained_size[child]);
            WANT(a->retained_size[before] != a->retained_size[child] ||
                 a->node[before] < a->node[child]);
        }
        WANT(child == a->last[row] + 1);
    }
}

static void check_garbage_entries(const struct brute *b, const struct heap_analysis *a)
{
    uint32_t set = 0;
    for (uint32_t i = 0; i < a->n_garbage_entry; i++) {
        WANT(i == 0 || a->garbage_entry[i - 1] < a->garbage_entry[i]);
        set |= UINT32_C(1) << a->node[a->garbage_entry[i]];
    }
    WANT(set == b->garbage_entry);
}

/* Distances by rounds; the parent is the first finder in a plain queue. */
static void check_paths(const struct brute *b, const struct heap_analysis *a)
{
    const struct heap_graph *g = b->g;
    uint32_t queue[SMALL_NODES], met = 0, seen = 0;
    WANT(a->distance[0] == 0 && a->parent[0] == HEAP_NONE);
    WANT(a->distance[a->garbage_root] == HEAP_NONE && a->parent[a->garbage_root] == HEAP_NONE);
    for (uint32_t i = 0; i < g->n_roots; i++) {
        uint32_t v = g->root[i], row = a->row_of[v];
        if (seen >> v & 1) continue;
        seen |= UINT32_C(1) << v;
        queue[met++] = v;
        WANT(a->distance[row] == 1 && a->parent[row] == 0 && a->parent_position[row] == i);
    }
    for (uint32_t i = 0; i < met; i++) {
        uint32_t u = queue[i];
        for (uint64_t e = g->off[u]; e < g->off[u + 1]; e++) {
            uint32_t v = g->target[e], row = a->row_of[v];
            if (!heap_holds_get(g->holds, e) || (seen >> v & 1)) continue;
            seen |= UINT32_C(1) << v;
            queue[met++] = v;
            WANT(a->parent[row] == a->row_of[u] && a->parent_position[row] == e - g->off[u]);
            WANT(a->distance[row] == a->distance[a->row_of[u]] + 1);
        }
    }
    for (uint32_t v = 0; v < g->n; v++) {
        uint32_t row = a->row_of[v], rounds = 1, reached = b->roots;
        if (b->garbage >> v & 1) {
            WANT(a->distance[row] == HEAP_NONE && a->parent[row] == HEAP_NONE);
            WANT(a->parent_position[row] == HEAP_NONE);
            continue;
        }
        for (; !(reached >> v & 1); rounds++) {
            uint32_t more = reached;
            for (uint32_t u = 0; u < g->n; u++)
                if (reached >> u & 1) more |= b->edges[u];
            reached = more;
        }
        WANT(a->distance[row] == rounds);
    }
}

/* Shared memory that counts to one of a set: to its first live object, else to its first. */
static uint64_t brute_counted(const struct brute *b, uint32_t set)
{
    const struct heap_blocks *k = b->g->blocks;
    uint64_t sum = 0;
    for (uint32_t i = 0; k && i < k->n; i++) {
        uint32_t node = k->node[k->off[i]];
        for (uint32_t m = k->off[i + 1]; m-- > k->off[i];)
            if (b->live >> k->node[m] & 1) node = k->node[m];
        if (set >> node & 1) sum += k->size[i];
    }
    return sum;
}

static void check_component(const struct brute *b, const struct heap_analysis *a, uint32_t i)
{
    const struct heap_component *c = &a->components[i];
    uint32_t set = 0;
    for (uint32_t row = 0; row < a->n_rows; row++)
        if (a->component[row] == i) set |= UINT32_C(1) << a->node[row];
    uint32_t held = brute_retained(b, set);
    WANT(set != 0 && set == brute_component(b, a->node[c->first_row]));
    WANT(c->n == (uint32_t)__builtin_popcount(set));
    WANT(c->shallow_size == brute_sum(set, b->g->shallow));
    WANT(c->native_size == brute_sum(set, b->g->native) + brute_counted(b, set));
    WANT(c->retained_size == brute_sum(held, b->g->shallow));
    WANT(c->retained_native == brute_native(b, held));
    for (uint32_t row = 0; row < c->first_row; row++) WANT(a->component[row] != i);
    if (i == 0) return;
    const struct heap_component *before = c - 1;
    WANT(before->retained_size > c->retained_size ||
         (before->retained_size == c->retained_size && before->first_row < c->first_row));
}

static void check_components(const struct brute *b, const struct heap_analysis *a)
{
    WANT(a->component[0] == HEAP_NONE && a->component[a->garbage_root] == HEAP_NONE);
    for (uint32_t v = 0; v < b->g->n && v < SMALL_NODES; v++) {
        int cyclic = (b->reach[v] >> v & 1) != 0;
        uint32_t i = a->component[a->row_of[v]];
        WANT(cyclic == (i != HEAP_NONE) && (!cyclic || i < a->n_components));
    }
    for (uint32_t i = 0; i < a->n_components; i++) check_component(b, a, i);
}

static void check_sets(const struct brute *b, const struct heap_analysis *a, uint64_t *seed)
{
    for (int round = 0; round < 6; round++) {
        uint32_t rows[8], n = random_below(seed, 5), set = 0;
        uint64_t held[1] = { ~UINT64_C(0) };
        for (uint32_t i = 0; i < n; i++) {
            rows[i] = random_below(seed, a->n_rows);
            if (a->node[rows[i]] != HEAP_NONE) set |= UINT32_C(1) << a->node[rows[i]];
            if (rows[i] == 0) set |= b->live;
            if (rows[i] == a->garbage_root) set |= b->garbage;
        }
        struct heap_retained got;
        WANT(heap_retained_set(b->g, a, rows, n, held, &got) == HEAP_OK);
        uint32_t want = brute_retained(b, set);
        WANT(got.count == (uint32_t)__builtin_popcount(want));
        WANT(got.shallow_size == brute_sum(want, b->g->shallow));
        WANT(got.native_size == brute_native(b, want));
        for (uint32_t v = 0; v < b->g->n; v++)
            WANT(heap_holds_get(held, a->row_of[v]) == (int)(want >> v & 1));
    }
}

static int same_u32(const uint32_t *x, const uint32_t *y, uint64_t n)
{
    return memcmp(x, y, (size_t)n * sizeof *x) == 0;
}

/* Another algorithm and partial wishes must not change anything that both compute. */
static void check_variants(const struct heap_graph *g, const struct heap_analysis *a)
{
    struct heap_analysis lt, bare;
    WANT(heap_analyse(g, HEAP_WANT_ALL | HEAP_USE_LENGAUER_TARJAN | HEAP_SAVE_MEMORY |
                             HEAP_TWO_THREADS, 1, &lt) == HEAP_OK);
    WANT(lt.steps.lengauer_tarjan == 2);
    WANT(same_u32(lt.dominator, a->dominator, a->n_rows) && same_u32(lt.node, a->node, a->n_rows));
    WANT(lt.n_components == a->n_components);
    WANT(memcmp(lt.components, a->components, a->n_components * sizeof *a->components) == 0);
    heap_analysis_free(&lt);
    WANT(heap_analyse(g, HEAP_SAVE_MEMORY, 1, &bare) == HEAP_OK);
    WANT(!bare.distance && !bare.component && same_u32(bare.node, a->node, a->n_rows));
    WANT(heap_add_paths(g, &bare) == HEAP_OK && same_u32(bare.parent, a->parent, a->n_rows));
    heap_analysis_free(&bare);
}

static void check_all(const struct brute *b, const struct heap_analysis *a, uint64_t *seed)
{
    check_tree(b, a);
    check_order(a);
    check_garbage_entries(b, a);
    check_paths(b, a);
    check_components(b, a);
    check_sets(b, a, seed);
    check_variants(b->g, a);
}

/* What has been seen, in graphs. */
struct seen {
    unsigned garbage, cycles;
    unsigned several, below, nested, shared, blocks; /* see look_at_cycles */
};

/* The row that a component with several entries hangs below, or HEAP_NONE; *own: what its topmost
 * members retain together. */
static uint32_t split_row(const struct heap_analysis *a, uint32_t i, uint64_t *own,
                          uint64_t *own_native)
{
    uint32_t top = a->components[i].first_row, d = a->dominator[top], n = 0;
    *own = *own_native = 0;
    for (uint32_t row = 0; row < a->n_rows; row++) {
        if (a->component[row] != i || a->component[a->dominator[row]] == i) continue;
        n++;
        *own += a->retained_size[row];
        if (a->retained_native) *own_native += a->retained_native[row];
    }
    return n > 1 ? d : HEAP_NONE;
}

/* Components with several entries: some, two below the same row, one below something that hangs
 * below the row of another, one that holds more than its members do, blocks included that hang
 * below none of its objects. */
static void look_at_cycles(const struct heap_analysis *a, struct seen *seen)
{
    bool several = false, below = false, nested = false, shared = false, blocks = false;
    uint32_t split[SMALL_NODES];
    for (uint32_t i = 0; i < a->n_components; i++) {
        uint64_t own, own_native;
        uint32_t d = split[i] = split_row(a, i, &own, &own_native);
        if (d == HEAP_NONE) continue;
        several = true;
        shared |= a->components[i].retained_size > own;
        blocks |= a->components[i].retained_size == own &&
                  a->components[i].retained_native > own_native;
        for (uint32_t k = 0; k < i; k++) {
            below |= split[k] == d;
            nested |= split[k] != HEAP_NONE && split[k] != d &&
                      (heap_dominates(a, split[k], d) || heap_dominates(a, d, split[k]));
        }
    }
    seen->several += several;
    seen->below += below;
    seen->nested += nested;
    seen->shared += shared;
    seen->blocks += blocks;
    seen->cycles += a->n_components > 0;
}

static void try_graphs(void (*make)(struct small *, uint64_t *), uint64_t seed, struct seen *seen)
{
    unsigned failed = CU_get_number_of_failures();
    for (uint32_t i = 0; i < GRAPHS && CU_get_number_of_failures() == failed; i++) {
        struct small s;
        struct brute b;
        struct heap_analysis a;
        failing_seed = seed;
        make(&s, &seed);
        brute_build(&b, &s.graph);
        if (!CHECK(heap_analyse(&s.graph, HEAP_WANT_ALL, 1, &a) == HEAP_OK)) return;
        check_all(&b, &a, &seed);
        look_at_cycles(&a, seen);
        seen->garbage += b.garbage != 0;
        heap_analysis_free(&a);
    }
}

static void test_random(void)
{
    struct seen seen = { 0 };
    try_graphs(small_random, 20240601, &seen);
    printf("  %u graphs, %u with garbage, %u with cycles ", GRAPHS, seen.garbage, seen.cycles);
    CHECK(seen.garbage > GRAPHS / 4 && seen.cycles > GRAPHS / 4);
}

static void test_cycles(void)
{
    struct seen seen = { 0 };
    try_graphs(small_cycles, 20261122, &seen);
    printf("  %u graphs with cycles of several entries: %u below the same, %u nested, %u that hold "
           "more together, %u that hold blocks ",
           seen.several, seen.below, seen.nested, seen.shared, seen.blocks);
    CHECK(seen.garbage > GRAPHS / 4 && seen.several > GRAPHS / 2 && seen.below > GRAPHS / 20);
    CHECK(seen.nested > GRAPHS / 20 && seen.shared > GRAPHS / 20 && seen.blocks > GRAPHS / 200);
}

CU_MAIN("heap analysis against brute force", { "random graphs", test_random },
        { "cycles with several entries", test_cycles })
