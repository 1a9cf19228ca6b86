/* SPDX-License-Identifier: MIT */
/* Graph shapes, node after node. O(n + m) each. See shapes.h. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "shapes.h"

/* Nodes are opened in order, each followed by its edges. A failed allocation makes every later
 * call a no-op and is reported once, at the end. */
struct maker {
    struct shape *out;
    uint32_t n;    /* nodes wanted */
    uint32_t open; /* nodes opened */
    uint64_t m, edge_capacity, root_capacity;
    uint64_t seed;
    bool failed;
};

static uint64_t next(struct maker *k)
{
    uint64_t z = k->seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint32_t below(struct maker *k, uint32_t n)
{
    return (uint32_t)((next(k) >> 32) * n >> 32);
}

static bool reserve(struct maker *k, uint32_t **array, uint64_t used, uint64_t *capacity)
{
    if (used < *capacity) return true;
    uint64_t wanted = *capacity * 2 + 1024;
    bool fits = !k->failed && wanted <= SIZE_MAX / sizeof **array;
    uint32_t *larger = fits ? realloc(*array, (size_t)wanted * sizeof *larger) : NULL;
    if (!larger) {
        k->failed = true;
        return false;
    }
    *array = larger;
    *capacity = wanted;
    return true;
}

static void node(struct maker *k, uint64_t size)
{
    k->out->off[k->open] = k->m;
    k->out->shallow[k->open++] = size;
}

static void edge(struct maker *k, uint32_t target)
{
    if (reserve(k, &k->out->target, k->m, &k->edge_capacity)) k->out->target[k->m++] = target;
}

static void root(struct maker *k, uint32_t v)
{
    if (reserve(k, &k->out->root, k->out->n_roots, &k->root_capacity))
        k->out->root[k->out->n_roots++] = v;
}

static void make_list(struct maker *k)
{
    root(k, 0);
    for (uint32_t v = 0; v < k->n; v++) {
        node(k, 56);
        if (v + 1 < k->n) edge(k, v + 1);
    }
}

static void make_list_hub(struct maker *k)
{
    root(k, 0);
    for (uint32_t v = 0; v + 1 < k->n; v++) {
        node(k, 56);
        if (v + 2 < k->n) edge(k, v + 1);
        edge(k, k->n - 1);
    }
    node(k, 1064);
}

static void make_ring_hub(struct maker *k)
{
    uint32_t ring = k->n - 1;
    root(k, 0);
    node(k, 8 * (uint64_t)ring);
    for (uint32_t v = 1; v <= ring; v++) edge(k, v);
    for (uint32_t v = 1; v <= ring; v++) {
        node(k, 64);
        edge(k, v == ring ? 1 : v + 1);
        edge(k, v == 1 ? ring : v - 1);
    }
}

static void make_ladder(struct maker *k)
{
    root(k, 0);
    for (uint32_t v = 0; v < k->n; v++) {
        node(k, 48);
        if (v + 2 < k->n) edge(k, v + 2);
        if ((v ^ 1) < k->n) edge(k, v ^ 1);
    }
}

static void make_bipartite(struct maker *k)
{
    for (uint32_t v = 0; v < 16; v++) root(k, v);
    for (uint32_t v = 0; v < k->n; v++) {
        node(k, 128);
        uint32_t first = v / 16 * 16 + 16;
        for (uint32_t t = first; t < first + 16 && t < k->n; t++) edge(k, t);
    }
}

/* Spine elements are the multiples of the tooth length. */
static void make_comb(struct maker *k)
{
    uint32_t tooth = 1;
    while ((uint64_t)tooth * tooth < k->n) tooth++;
    root(k, 0);
    for (uint32_t v = 0; v < k->n; v++) {
        node(k, 56);
        if ((v + 1) % tooth && v + 1 < k->n) edge(k, v + 1);
        if (v % tooth == 0 && (uint64_t)v + tooth < k->n) edge(k, v + tooth);
    }
}

static void make_tree(struct maker *k)
{
    root(k, 0);
    for (uint32_t v = 0; v < k->n; v++) {
        node(k, 40);
        for (uint64_t c = 2 * (uint64_t)v + 1; c <= 2 * (uint64_t)v + 2; c++)
            if (c < k->n) edge(k, (uint32_t)c);
    }
}

static void make_star(struct maker *k)
{
    root(k, 0);
    node(k, 8 * (uint64_t)k->n);
    for (uint32_t v = 1; v < k->n; v++) edge(k, v);
    for (uint32_t v = 1; v < k->n; v++) node(k, 16 + 8 * (uint64_t)below(k, 8));
}

static void make_roots(struct maker *k)
{
    for (uint32_t v = 0; v < k->n; v++) {
        root(k, v);
        node(k, 32);
        edge(k, below(k, k->n));
    }
}

static void make_parallel(struct maker *k)
{
    root(k, 0);
    for (uint32_t v = 0; v < k->n; v++) {
        node(k, 72);
        edge(k, v);
        if (v + 1 < k->n) edge(k, v + 1);
        if (v + 1 < k->n) edge(k, v + 1);
    }
}

static void make_garbage_ring(struct maker *k)
{
    for (uint32_t v = 0; v < k->n; v++) {
        node(k, 64);
        edge(k, v + 1 == k->n ? 0 : v + 1);
    }
}

static void make_braid(struct maker *k)
{
    for (uint32_t v = 0; v < 8; v++) root(k, v);
    for (uint32_t v = 0; v < k->n; v++) {
        node(k, 64);
        uint32_t t = v % 8 == 7 ? v - 7 : v + 1;
        edge(k, t < k->n ? t : v);
        if (v + 8 < k->n) edge(k, v + 8);
    }
}

static void make_nca_trap(struct maker *k)
{
    uint32_t chain = k->n / 2;
    root(k, 0);
    node(k, 64);
    edge(k, 1);
    for (uint32_t v = chain; v < k->n; v++) edge(k, v);
    for (uint32_t v = 1; v < chain; v++) {
        node(k, 64);
        if (v + 1 < chain) edge(k, v + 1);
        for (uint32_t t = chain; v + 1 == chain && t < k->n; t++) edge(k, t);
    }
    for (uint32_t v = chain; v < k->n; v++) node(k, 64);
}

/* One object in 12 has no reference, the others have 3.26 on average. */
static void make_hostile(struct maker *k)
{
    for (uint32_t i = 0; i < k->n / 1000 + 4; i++) root(k, below(k, k->n));
    uint32_t hubs = k->n / 4096 + 1;
    for (uint32_t v = 0; v < k->n; v++) {
        node(k, 16 + 8 * (uint64_t)below(k, 16));
        bool chain = v % (1u << 20) < k->n / 64; /* long lists among the rest */
        if (chain && v + 1 < k->n) edge(k, v + 1);
        if (chain || below(k, 12) == 0) continue;
        uint32_t degree = 1 + below(k, 5) + (below(k, 4) == 0);
        for (uint32_t i = 0; i < degree; i++)
            edge(k, below(k, 16) == 0 ? below(k, hubs) * 4096 % k->n : below(k, k->n));
    }
}

static void make_unreachable(struct maker *k)
{
    make_hostile(k);
    k->out->n_roots = 0;
}

/* The leaves of the record that begins at v, 1 to 4; asked twice, so it comes from v alone. */
static uint32_t record_leaves(const struct maker *k, uint32_t v)
{
    uint64_t z = (v ^ k->out->n_roots) * UINT64_C(0x9e3779b97f4a7c15);
    return 1 + (uint32_t)(z >> 62);
}

static void real_record(struct maker *k, uint32_t v, uint32_t first, uint32_t leaves)
{
    node(k, 48); /* the instance: its dictionary and its type */
    edge(k, v + 1);
    edge(k, below(k, 64));
    node(k, 104 + 8 * (uint64_t)leaves);
    for (uint32_t i = 0; i < leaves; i++) edge(k, v + 2 + i);
    if (below(k, 3) == 0) edge(k, 64 + below(k, 960));
    if (below(k, 24) == 0) edge(k, first + below(k, k->n - first));
    for (uint32_t i = 0; i < leaves; i++) node(k, 24 + 8 * (uint64_t)below(k, 8));
}

/* Objects 0 .. 1023 are types and constants: types refer to each other, constants to nothing.
 * Then a long chain, one large list, and the records in it: an instance, its dictionary, and
 * fresh leaves beside them. One record in 64 is not in the list: garbage, unless another record
 * refers to it. */
static void make_real(struct maker *k)
{
    uint32_t types = 1024, chain = k->n / 16, list = types + chain, first = list + 1;
    for (uint32_t v = 0; v < types; v += 7) root(k, v);
    root(k, types);
    root(k, list);
    for (uint32_t v = 0; v < types; v++) {
        node(k, v < 64 ? 1064 : 56);
        for (uint32_t i = 0; v < 64 && i < 6; i++) edge(k, below(k, types));
    }
    for (uint32_t v = 0; v < chain; v++) {
        node(k, 56);
        if (v + 1 < chain) edge(k, types + v + 1);
        edge(k, v % 2 ? 3 : 5);
    }
    node(k, 8 * (uint64_t)(k->n - first));
    for (uint32_t v = first, i = 0; v + 6 <= k->n; v += 2 + record_leaves(k, v), i++)
        if (i % 64) edge(k, v);
    uint32_t v = first;
    for (; v + 6 <= k->n; v += 2 + record_leaves(k, v))
        real_record(k, v, first, record_leaves(k, v));
    for (; v < k->n; v++) node(k, 24);
}

const char *const shape_names[] = { "list",      "list-hub", "ring-hub",    "ladder",
                                    "bipartite", "comb",     "tree",        "star",
                                    "roots",     "parallel", "unreachable", "garbage-ring",
                                    "braid",     "nca-trap", "hostile",     "real" };
static void (*const makers[])(struct maker *) = {
    make_list,  make_list_hub, make_ring_hub, make_ladder,   make_bipartite,   make_comb,
    make_tree,  make_star,     make_roots,    make_parallel, make_unreachable, make_garbage_ring,
    make_braid, make_nca_trap, make_hostile,  make_real
};
const unsigned shape_count = sizeof makers / sizeof makers[0];

int shape_make(const char *name, uint32_t n, uint64_t seed, struct shape *out)
{
    *out = (struct shape){ 0 };
    unsigned which = 0;
    while (which < shape_count && strcmp(shape_names[which], name) != 0) which++;
    if (which == shape_count || n < 2048 || n > UINT32_C(1) << 31) return -1;
    struct maker k = { .out = out, .n = n, .seed = seed };
    out->off = malloc(((size_t)n + 1) * sizeof *out->off);
    out->shallow = malloc((size_t)n * sizeof *out->shallow);
    k.failed = !out->off || !out->shallow;
    if (!k.failed) makers[which](&k);
    if (k.failed) {
        shape_free(out);
        return -1;
    }
    out->n = k.open;
    out->off[k.open] = k.m;
    return 0;
}

void shape_free(struct shape *s)
{
    free(s->off);
    free(s->target);
    free(s->root);
    free(s->shallow);
    *s = (struct shape){ 0 };
}
