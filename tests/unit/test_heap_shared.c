/* SPDX-License-Identifier: MIT */
/*
 * Memory that several objects share, on trees larger than the stretches that the search for the
 * nearest common dominator prepares: against climbing from both ends, step by step. And what the
 * check of blocks refuses, at its edges.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "cu.h"
#include "heap/internal.h"
#include "heap_random.h"

#define MOST 700u /* places: ten stretches of 64, and some */

/* A random tree in preorder in each of the two parts: dominators are smaller places. */
struct tree {
    uint32_t n, garbage_root;
    uint32_t dominator[MOST], place[MOST], depth[MOST];
};

/* The dominator of the next place is the place before it or one of that one's dominators. */
static uint32_t next_dominator(const struct tree *t, uint32_t at, uint32_t root, unsigned shape,
                               uint64_t *seed)
{
    uint32_t d = at - 1;
    unsigned up = shape == 0 ? 0 : random_below(seed, shape * 3);
    while (up-- > 0 && d != root) d = t->dominator[d];
    return d;
}

static void make_tree(struct tree *t, uint64_t *seed)
{
    unsigned shape = random_below(seed, 4);
    t->n = 2 + random_below(seed, MOST - 2);
    t->garbage_root = 1 + random_below(seed, t->n - 1);
    if (random_below(seed, 3) == 0) t->garbage_root = t->n - 1;
    for (uint32_t at = 0; at < t->n; at++) {
        uint32_t root = at < t->garbage_root ? 0 : t->garbage_root;
        bool is_root = at == root;
        t->dominator[at] = is_root ? HEAP_NONE : next_dominator(t, at, root, shape, seed);
        t->depth[at] = is_root ? 0 : t->depth[t->dominator[at]] + 1;
    }
    /* Nodes take the places that are not virtual, in a random order. */
    uint32_t n = 0;
    for (uint32_t at = 1; at < t->n; at++)
        if (at != t->garbage_root) t->place[n++] = at;
    for (uint32_t i = n; i > 1; i--) {
        uint32_t k = random_below(seed, i), swap = t->place[i - 1];
        t->place[i - 1] = t->place[k];
        t->place[k] = swap;
    }
}

static uint32_t climb(const struct tree *t, uint32_t a, uint32_t b)
{
    while (a != b) {
        if (t->depth[a] < t->depth[b]) b = t->dominator[b];
        else a = t->dominator[a];
    }
    return a;
}

/* The definition: of its live objects if there are any, else of all. */
static uint32_t common(const struct tree *t, const uint32_t *node, uint32_t n)
{
    uint32_t live = HEAP_NONE, garbage = HEAP_NONE;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = t->place[node[i]];
        uint32_t *to = at < t->garbage_root ? &live : &garbage;
        *to = *to == HEAP_NONE ? at : climb(t, *to, at);
    }
    return live != HEAP_NONE ? live : garbage;
}

static uint32_t counted(const struct tree *t, const uint32_t *node, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (t->place[node[i]] < t->garbage_root) return node[i];
    return node[0];
}

static void test_places(void)
{
    uint64_t seed = 17, wrong = 0;
    for (unsigned round = 0; round < 2000; round++) {
        static struct tree t;
        uint32_t off[21] = { 0 }, node[20 * 6], out[20], at = 0, blocks = 0;
        uint64_t size[20] = { 0 };
        make_tree(&t, &seed);
        uint32_t nodes = t.n - 2;
        for (; blocks < 20 && nodes; blocks++) {
            uint32_t n = 1 + random_below(&seed, 6), first = random_below(&seed, nodes);
            for (uint32_t i = 0; i < n; i++)
                node[at++] = random_below(&seed, 2) ? (first + i) % nodes
                                                    : random_below(&seed, nodes);
            off[blocks + 1] = at;
        }
        const struct heap_blocks b = { blocks, off, node, size };
        const struct heap_places p = { t.place, t.dominator, t.n, t.garbage_root };
        if (!CHECK(heap_blocks_place(&b, &p, out) == HEAP_OK)) return;
        for (uint32_t i = 0; i < blocks; i++) {
            const uint32_t *of = node + off[i];
            uint32_t n = off[i + 1] - off[i];
            wrong += out[i] != common(&t, of, n);
            wrong += heap_blocks_counted(&b, t.place, t.garbage_root, i) != counted(&t, of, n);
        }
    }
    CHECK_U64(wrong, 0);
}

/* The whole analysis of a chain whose first and last object share memory: what hangs between them
 * holds none of it, the first one does. */
static void test_chain(void)
{
    enum { N = 1000 };
    static uint64_t off[N + 1], shallow[N], native[N];
    static uint32_t target[N];
    for (uint32_t v = 0; v < N; v++) {
        off[v + 1] = v + 1 < N ? v + 1 : v;
        if (v + 1 < N) target[v] = v + 1;
        shallow[v] = 8;
        native[v] = 2;
    }
    const uint32_t root = 0, block_off[] = { 0, 2, 4 }, node[] = { 3, N - 1, 500, 400 };
    const uint64_t size[] = { 1000, 50 };
    const struct heap_blocks blocks = { 2, block_off, node, size };
    const struct heap_graph g = { .n = N, .off = off, .target = target, .root = &root, .n_roots = 1,
                                  .shallow = shallow, .native = native, .blocks = &blocks };
    struct heap_analysis a;
    if (!CHECK(heap_analyse(&g, HEAP_WANT_ALL, 1, &a) == HEAP_OK)) return;
    CHECK_U64(a.block_holder[0], 4); /* row of node 3 */
    CHECK_U64(a.block_holder[1], 401);
    CHECK_U64(a.block_counted[0], 3);
    CHECK_U64(a.block_counted[1], 500); /* the first of its objects in the list, not in the tree */
    CHECK_U64(a.retained_native[4], 2 * (N - 3) + 1000 + 50);
    CHECK_U64(a.retained_native[5], 2 * (N - 4) + 50);
    CHECK_U64(a.retained_native[402], 2 * (N - 401));
    CHECK_U64(a.live_native, 2 * N + 1050);
    /* A set that leaves one of the two keeps the block; both take it along. */
    struct heap_retained held;
    const uint32_t last[] = { N }, both[] = { N, 4 };
    CHECK(heap_retained_set(&g, &a, last, 1, NULL, &held) == HEAP_OK);
    CHECK_U64(held.native_size, 2);
    CHECK(heap_retained_set(&g, &a, both, 2, NULL, &held) == HEAP_OK);
    CHECK_U64(held.native_size, 2 * (N - 3) + 1050);
    heap_analysis_free(&a);
}

/* What is refused, and what just passes. */
static void test_check(void)
{
    const uint64_t off[] = { 0, 0, 0, 0 }, shallow[] = { 1, 1, 1 };
    uint64_t native[] = { 1, 2, 3 }, size[] = { 10, 20 };
    uint32_t block_off[] = { 0, 1, 3 }, node[] = { 0, 1, 2 };
    struct heap_blocks b = { 2, block_off, node, size };
    struct heap_graph g = { .n = 3, .off = off, .shallow = shallow, .native = native,
                            .blocks = &b };
    struct heap_analysis a;
    CHECK(heap_analyse(&g, 0, 1, &a) == HEAP_OK);
    CHECK_U64(a.garbage_native, 36);
    heap_analysis_free(&a);
    g.native = NULL; /* blocks without a column of native sizes */
    CHECK(heap_analyse(&g, 0, 1, &a) == HEAP_BAD_GRAPH);
    g.native = native;
    node[1] = 3; /* beyond the last node */
    CHECK(heap_analyse(&g, 0, 1, &a) == HEAP_BAD_GRAPH);
    node[1] = 1;
    block_off[0] = 1; /* not from the start */
    CHECK(heap_analyse(&g, 0, 1, &a) == HEAP_BAD_GRAPH);
    block_off[0] = 0;
    block_off[1] = 0; /* a block of nobody */
    CHECK(heap_analyse(&g, 0, 1, &a) == HEAP_BAD_GRAPH);
    block_off[1] = 4; /* offsets that fall */
    CHECK(heap_analyse(&g, 0, 1, &a) == HEAP_BAD_GRAPH);
    block_off[1] = 1;
    size[1] = (uint64_t)INT64_MAX - 16; /* with 6 and 10 just 2^63-1 */
    CHECK(heap_analyse(&g, 0, 1, &a) == HEAP_OK);
    CHECK_U64(a.garbage_native, INT64_MAX);
    heap_analysis_free(&a);
    size[1]++;
    CHECK(heap_analyse(&g, 0, 1, &a) == HEAP_TOO_LARGE);
    size[1] = UINT64_MAX; /* wraps around */
    CHECK(heap_analyse(&g, 0, 1, &a) == HEAP_TOO_LARGE);
    b.n = 0;
    CHECK(heap_analyse(&g, 0, 1, &a) == HEAP_OK);
    CHECK_U64(a.garbage_native, 6);
    heap_analysis_free(&a);
}

CU_MAIN("heap shared memory", { "places of blocks", test_places }, { "a chain", test_chain },
        { "what is refused", test_check })
