/* SPDX-License-Identifier: MIT */
/*
 * Laws that hold between the analyses of two graphs of which one is made from the other:
 * renumbered, in another order, with an edge more or less, an object more, every size doubled. No
 * law needs to know the right answer, so the graphs can be larger than brute force could judge. A
 * failure tells the seed that makes its graph.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "cu_seed.h"
#include "heap/analysis.h"
#include "heap_random.h"

#define NODES  160u
#define EDGES  640u
#define ROOTS  16u
#define GRAPHS 700u

/* A graph as a list of edges, which is easy to change. */
struct net {
    uint32_t n, m, n_roots;
    struct {
        uint32_t from, to;
        bool weak;
    } edge[EDGES];
    uint32_t root[ROOTS];
    uint64_t shallow[NODES], native[NODES];
};

/* The same as arrays: points into itself. */
struct arrays {
    struct heap_graph graph;
    uint64_t off[NODES + 1], holds[EDGES / 64 + 1];
    uint32_t target[EDGES];
};

/* Edges keep their order among those of one source. */
static void to_arrays(const struct net *net, struct arrays *a)
{
    memset(a, 0, sizeof *a);
    for (uint32_t v = 0, at = 0; v < net->n; v++) {
        for (uint32_t e = 0; e < net->m; e++) {
            if (net->edge[e].from != v) continue;
            if (!net->edge[e].weak) heap_holds_set(a->holds, at);
            a->target[at++] = net->edge[e].to;
        }
        a->off[v + 1] = at;
    }
    a->graph = (struct heap_graph){ .n = net->n, .off = a->off, .target = a->target,
                                    .holds = a->holds, .root = net->root,
                                    .n_roots = net->n_roots, .shallow = net->shallow,
                                    .native = net->native };
}

static bool analyse(const struct net *net, struct arrays *arrays, struct heap_analysis *a)
{
    to_arrays(net, arrays);
    return heap_analyse(&arrays->graph, HEAP_WANT_ALL, 1, a) == HEAP_OK;
}

static void add_edge(struct net *net, uint32_t from, uint32_t to)
{
    net->edge[net->m].from = from;
    net->edge[net->m].to = to;
    net->edge[net->m++].weak = false;
}

/* Any shape, with room for ten nodes and forty edges more. */
static void random_net(struct net *net, uint64_t *seed)
{
    memset(net, 0, sizeof *net);
    net->n = 1 + random_below(seed, NODES - 11);
    unsigned near = random_below(seed, 3), degree = 1 + random_below(seed, 5);
    for (uint32_t v = 0; v < net->n; v++) {
        net->shallow[v] = random_below(seed, 4) ? 8 * random_below(seed, 9) : 48;
        net->native[v] = random_below(seed, 6) ? 0 : random_below(seed, 5000);
        for (uint32_t k = random_below(seed, degree + 1); k > 0 && net->m < EDGES - 40; k--) {
            uint32_t to = near ? v + random_below(seed, 7) : random_below(seed, net->n);
            add_edge(net, v, to < 3 ? to % net->n : (to - 2) % net->n);
            net->edge[net->m - 1].weak = random_below(seed, 12) == 0;
        }
    }
    net->n_roots = random_below(seed, ROOTS - 1);
    for (uint32_t i = 0; i < net->n_roots; i++) net->root[i] = random_below(seed, net->n);
}

/* The dominator as a node; the virtual roots as two numbers beyond all nodes. */
static uint32_t dominator_node(const struct heap_analysis *a, uint32_t node)
{
    uint32_t d = a->dominator[a->row_of[node]];
    if (a->node[d] != HEAP_NONE) return a->node[d];
    return d == 0 ? NODES : NODES + 1;
}

static bool is_live(const struct heap_analysis *a, uint32_t node)
{
    return !heap_is_garbage(a, a->row_of[node]);
}

/* What is by itself the same about node u of one analysis and node v of another. */
static bool same_sizes(const struct heap_analysis *a, uint32_t u, const struct heap_analysis *b,
                       uint32_t v)
{
    uint32_t x = a->row_of[u], y = b->row_of[v];
    return is_live(a, u) == is_live(b, v) && a->retained_size[x] == b->retained_size[y] &&
           a->retained_native[x] == b->retained_native[y] &&
           a->last[x] - x == b->last[y] - y;
}

/* The same trees over the same nodes. */
static bool same_trees(const struct heap_analysis *a, const struct heap_analysis *b)
{
    for (uint32_t v = 0; v < a->n_nodes; v++)
        if (!same_sizes(a, v, b, v) || dominator_node(a, v) != dominator_node(b, v)) return false;
    return a->live_size == b->live_size && a->garbage_size == b->garbage_size;
}

static bool same_components(const struct heap_analysis *a, const struct heap_analysis *b)
{
    bool same = a->n_components == b->n_components;
    for (uint32_t i = 0; same && i < a->n_components; i++) {
        const struct heap_component *x = &a->components[i], *y = &b->components[i];
        same = x->retained_size == y->retained_size;
    }
    for (uint32_t v = 0; same && v < a->n_nodes; v++) {
        uint32_t i = a->component[a->row_of[v]], k = b->component[b->row_of[v]];
        same = (i == HEAP_NONE) == (k == HEAP_NONE) &&
               (i == HEAP_NONE || (a->components[i].n == b->components[k].n &&
                                   a->components[i].retained_size ==
                                       b->components[k].retained_size &&
                                   a->components[i].retained_native ==
                                       b->components[k].retained_native));
    }
    return same;
}

/* One law: what it is about, the net before and after. */
struct law {
    struct net net, other;
    struct arrays arrays, other_arrays;
    struct heap_analysis a, b;
    uint64_t *seed;
};

static uint32_t any(struct law *l, uint32_t n)
{
    return random_below(l->seed, n);
}

/* Other numbers for the same nodes change the order of what is equal, nothing else. */
static void law_renumbered(struct law *l)
{
    uint32_t name[NODES] = { 0 };
    for (uint32_t v = 0; v < l->net.n; v++) name[v] = v;
    for (uint32_t i = l->net.n; i > 1; i--) {
        uint32_t k = any(l, i), swap = name[i - 1];
        name[i - 1] = name[k];
        name[k] = swap;
    }
    for (uint32_t e = 0; e < l->net.m; e++) {
        l->other.edge[e].from = name[l->net.edge[e].from];
        l->other.edge[e].to = name[l->net.edge[e].to];
    }
    for (uint32_t i = 0; i < l->net.n_roots; i++) l->other.root[i] = name[l->net.root[i]];
    for (uint32_t v = 0; v < l->net.n; v++) {
        l->other.shallow[name[v]] = l->net.shallow[v];
        l->other.native[name[v]] = l->net.native[v];
    }
    WANT(analyse(&l->other, &l->other_arrays, &l->b));
    for (uint32_t v = 0; v < l->net.n; v++) {
        uint32_t x = l->a.row_of[v], y = l->b.row_of[name[v]], d = dominator_node(&l->a, v);
        WANT(same_sizes(&l->a, v, &l->b, name[v]));
        WANT(dominator_node(&l->b, name[v]) == (d < NODES ? name[d] : d));
        WANT(l->a.distance[x] == l->b.distance[y]);
        WANT((l->a.component[x] == HEAP_NONE) == (l->b.component[y] == HEAP_NONE));
    }
    WANT(l->a.n_components == l->b.n_components && l->a.n_garbage_entry == l->b.n_garbage_entry);
    for (uint32_t i = 0; i < l->a.n_components; i++)
        WANT(l->a.components[i].retained_size == l->b.components[i].retained_size);
}

/* Edges and roots in another order, and some of them twice. */
static void law_reordered(struct law *l)
{
    for (uint32_t i = l->net.m; i > 1; i--) {
        uint32_t k = any(l, i);
        l->other.edge[EDGES - 1] = l->other.edge[i - 1];
        l->other.edge[i - 1] = l->other.edge[k];
        l->other.edge[k] = l->other.edge[EDGES - 1];
    }
    for (uint32_t k = 0; k < 20 && l->net.m; k++)
        l->other.edge[l->other.m++] = l->net.edge[any(l, l->net.m)];
    for (uint32_t i = 0; i < l->net.n_roots; i++)
        l->other.root[i] = l->net.root[l->net.n_roots - 1 - i];
    if (l->net.n_roots) l->other.root[l->other.n_roots++] = l->net.root[any(l, l->net.n_roots)];
    WANT(analyse(&l->other, &l->other_arrays, &l->b));
    WANT(same_trees(&l->a, &l->b) && same_components(&l->a, &l->b));
    for (uint32_t row = 0; row < l->a.n_rows; row++) {
        WANT(l->a.node[row] == l->b.node[row]); /* rows go by sizes and nodes alone */
        WANT(l->a.distance[row] == l->b.distance[row]);
    }
}

/* An edge from anything below the dominator of y, or from that itself, to y: no dominator moves. */
static void law_edge_from_below(struct law *l)
{
    for (int k = 0; k < 10 && l->a.n_live > 0; k++) {
        uint32_t y = 1 + any(l, l->a.n_live), d = l->a.dominator[y];
        uint32_t x = d + any(l, l->a.last[d] - d + 1);
        if (x == 0) continue; /* the virtual root has no edges of its own here */
        add_edge(&l->other, l->a.node[x], l->a.node[y]);
    }
    WANT(analyse(&l->other, &l->other_arrays, &l->b));
    for (uint32_t v = 0; v < l->net.n; v++) {
        if (!is_live(&l->a, v)) continue;
        WANT(same_sizes(&l->a, v, &l->b, v));
        WANT(dominator_node(&l->a, v) == dominator_node(&l->b, v));
        WANT(l->b.distance[l->b.row_of[v]] <= l->a.distance[l->a.row_of[v]]);
    }
}

/* One edge less: nothing more is reached, nothing gets nearer. One that is weak instead of missing
 * is the same. */
static void law_edge_removed(struct law *l)
{
    if (l->net.m == 0) return;
    uint32_t e = any(l, l->net.m);
    l->other.edge[e].weak = true;
    WANT(analyse(&l->other, &l->other_arrays, &l->b));
    WANT(l->b.n_live <= l->a.n_live && l->b.live_size <= l->a.live_size);
    WANT(l->b.live_size + l->b.garbage_size == l->a.live_size + l->a.garbage_size);
    for (uint32_t v = 0; v < l->net.n; v++) {
        uint32_t x = l->a.row_of[v], y = l->b.row_of[v];
        if (!is_live(&l->b, v)) continue;
        WANT(is_live(&l->a, v) && l->b.distance[y] >= l->a.distance[x]);
    }
    struct heap_analysis gone;
    static struct arrays without;
    static struct net shorter;
    shorter = l->other;
    shorter.m--;
    for (uint32_t i = e; i < shorter.m; i++) shorter.edge[i] = shorter.edge[i + 1];
    WANT(analyse(&shorter, &without, &gone));
    bool same = same_trees(&l->b, &gone) && same_components(&l->b, &gone);
    heap_analysis_free(&gone);
    WANT(same);
}

/* An object between the ends of an edge holds what lies behind it, and costs its own size. */
static void law_edge_split(struct law *l)
{
    if (l->net.m == 0) return;
    uint32_t e = any(l, l->net.m), middle = l->net.n, from = l->net.edge[e].from;
    l->other.n++;
    l->other.shallow[middle] = 0;
    l->other.native[middle] = 0;
    l->other.edge[e].to = middle;
    l->other.edge[e].weak = l->net.edge[e].weak;
    add_edge(&l->other, middle, l->net.edge[e].to);
    WANT(analyse(&l->other, &l->other_arrays, &l->b));
    if (l->net.edge[e].weak) return;
    for (uint32_t v = 0; v < l->net.n; v++) {
        uint32_t x = l->a.row_of[v], y = l->b.row_of[v], d = dominator_node(&l->b, v);
        if (!is_live(&l->a, v)) continue;
        WANT(is_live(&l->b, v) && l->a.retained_size[x] == l->b.retained_size[y]);
        WANT(l->a.retained_native[x] == l->b.retained_native[y]);
        WANT((d == middle ? from : d) == dominator_node(&l->a, v));
    }
    if (is_live(&l->a, from)) WANT(dominator_node(&l->b, middle) == from);
}

/* A new leaf adds its size to all that dominates its parent, and to nothing else. */
static void law_leaf(struct law *l)
{
    uint32_t leaf = l->net.n, parent = any(l, l->net.n);
    l->other.n++;
    l->other.shallow[leaf] = 1000;
    l->other.native[leaf] = 7;
    add_edge(&l->other, parent, leaf);
    WANT(analyse(&l->other, &l->other_arrays, &l->b));
    WANT(dominator_node(&l->b, leaf) == parent && is_live(&l->b, leaf) == is_live(&l->a, parent));
    for (uint32_t v = 0; v < l->net.n; v++) {
        uint32_t x = l->a.row_of[v], y = l->b.row_of[v];
        uint64_t more = (uint64_t)heap_dominates(&l->a, x, l->a.row_of[parent]);
        WANT(l->b.retained_size[y] == l->a.retained_size[x] + more * 1000);
        WANT(l->b.retained_native[y] == l->a.retained_native[x] + more * 7);
        WANT(dominator_node(&l->a, v) == dominator_node(&l->b, v));
    }
}

/* Garbage that refers to anything at all changes nothing that is live. */
static void law_more_garbage(struct law *l)
{
    for (uint32_t k = 0; k < 5; k++) {
        uint32_t v = l->other.n++;
        l->other.shallow[v] = 16;
        add_edge(&l->other, v, any(l, l->other.n));
        add_edge(&l->other, v, any(l, l->net.n));
    }
    WANT(analyse(&l->other, &l->other_arrays, &l->b));
    WANT(l->a.n_live == l->b.n_live && l->a.live_size == l->b.live_size);
    WANT(l->b.garbage_size == l->a.garbage_size + 5 * 16);
    for (uint32_t row = 0; row <= l->a.n_live; row++) {
        WANT(l->a.node[row] == l->b.node[row] && l->a.last[row] == l->b.last[row]);
        WANT(l->a.distance[row] == l->b.distance[row] && l->a.parent[row] == l->b.parent[row]);
        WANT(l->a.parent_position[row] == l->b.parent_position[row]);
    }
}

/* One object that holds all roots: one step further away, otherwise the same. */
static void law_one_root(struct law *l)
{
    uint32_t top = l->net.n;
    if (l->net.n_roots == 0) return;
    l->other.n++;
    for (uint32_t i = 0; i < l->net.n_roots; i++) add_edge(&l->other, top, l->net.root[i]);
    l->other.n_roots = 1;
    l->other.root[0] = top;
    WANT(analyse(&l->other, &l->other_arrays, &l->b));
    WANT(l->b.n_live == l->a.n_live + 1 && l->b.retained_size[1] == l->a.live_size);
    for (uint32_t v = 0; v < l->net.n; v++) {
        uint32_t x = l->a.row_of[v], y = l->b.row_of[v], d = dominator_node(&l->a, v);
        WANT(same_sizes(&l->a, v, &l->b, v));
        WANT(dominator_node(&l->b, v) == (d == NODES ? top : d));
        if (is_live(&l->a, v)) WANT(l->b.distance[y] == l->a.distance[x] + 1);
    }
}

/* Twice the sizes: twice the answers, in the same order; another first id: other ids. */
static void law_doubled(struct law *l)
{
    for (uint32_t v = 0; v < l->net.n; v++) {
        l->other.shallow[v] *= 2;
        l->other.native[v] *= 2;
    }
    to_arrays(&l->other, &l->other_arrays);
    WANT(heap_analyse(&l->other_arrays.graph, HEAP_WANT_ALL, 1000, &l->b) == HEAP_OK);
    for (uint32_t row = 0; row < l->a.n_rows; row++) {
        WANT(l->b.retained_size[row] == 2 * l->a.retained_size[row]);
        WANT(l->b.retained_native[row] == 2 * l->a.retained_native[row]);
        WANT(l->a.node[row] == l->b.node[row] && l->a.component[row] == l->b.component[row]);
        WANT(heap_id(&l->b, row) == heap_id(&l->a, row) + 999);
    }
    for (uint32_t i = 0; i < l->a.n_components; i++) {
        WANT(l->b.components[i].retained_size == 2 * l->a.components[i].retained_size);
        WANT(l->b.components[i].native_size == 2 * l->a.components[i].native_size);
    }
}

/* Sets: what each holds is in what both hold; holding what is held anyway adds nothing; one object
 * alone holds its rows; all roots together hold all. */
static void law_sets(struct law *l)
{
    uint32_t first[4], second[4], both[8], all[NODES], n = 0;
    uint64_t held[3][NODES / 64 + 1];
    struct heap_retained r[3], again;
    for (int i = 0; i < 4; i++) {
        both[i] = first[i] = any(l, l->a.n_rows);
        both[4 + i] = second[i] = any(l, l->a.n_rows);
    }
    WANT(heap_retained_set(&l->arrays.graph, &l->a, first, 4, held[0], &r[0]) == HEAP_OK);
    WANT(heap_retained_set(&l->arrays.graph, &l->a, second, 4, held[1], &r[1]) == HEAP_OK);
    WANT(heap_retained_set(&l->arrays.graph, &l->a, both, 8, held[2], &r[2]) == HEAP_OK);
    WANT(r[2].count >= r[0].count && r[2].count >= r[1].count);
    for (uint32_t row = 0; row < l->a.n_rows; row++) {
        int one = heap_holds_get(held[0], row) || heap_holds_get(held[1], row);
        WANT(!one || heap_holds_get(held[2], row));
        if (heap_holds_get(held[2], row)) all[n++] = row;
    }
    WANT(heap_retained_set(&l->arrays.graph, &l->a, all, n, held[1], &again) == HEAP_OK);
    WANT(again.count == r[2].count && again.native_size == r[2].native_size);
    WANT(memcmp(held[1], held[2], (size_t)heap_holds_words(l->a.n_rows) * sizeof held[0][0]) == 0);
    uint32_t row = any(l, l->a.n_rows);
    WANT(heap_retained_set(&l->arrays.graph, &l->a, &row, 1, NULL, &again) == HEAP_OK);
    WANT(again.shallow_size == l->a.retained_size[row]);
    WANT(again.native_size == l->a.retained_native[row]);
    n = 0;
    for (uint32_t i = 0; i < l->net.n_roots; i++) all[n++] = l->a.row_of[l->net.root[i]];
    WANT(heap_retained_set(&l->arrays.graph, &l->a, all, n, NULL, &again) == HEAP_OK);
    WANT(again.count == l->a.n_live && again.shallow_size == l->a.live_size);
}

/* The same input: the same bytes, whatever else is computed beside it. */
static void law_same_again(struct law *l)
{
    size_t words = l->a.n_rows * sizeof(uint32_t);
    WANT(heap_analyse(&l->arrays.graph, HEAP_WANT_ALL | HEAP_SAVE_MEMORY, 1, &l->b) == HEAP_OK);
    WANT(memcmp(l->a.node, l->b.node, words) == 0 && memcmp(l->a.last, l->b.last, words) == 0);
    WANT(memcmp(l->a.dominator, l->b.dominator, words) == 0);
    WANT(memcmp(l->a.distance, l->b.distance, words) == 0);
    WANT(memcmp(l->a.parent, l->b.parent, words) == 0);
    WANT(memcmp(l->a.parent_position, l->b.parent_position, words) == 0);
    WANT(memcmp(l->a.component, l->b.component, words) == 0);
    WANT(l->a.n_components == 0 ||
         memcmp(l->a.components, l->b.components,
                l->a.n_components * sizeof *l->a.components) == 0);
    WANT(l->a.n_garbage_entry == l->b.n_garbage_entry);
    WANT(l->a.n_garbage_entry == 0 ||
         memcmp(l->a.garbage_entry, l->b.garbage_entry,
                l->a.n_garbage_entry * sizeof *l->a.garbage_entry) == 0);
}

static void try_law(void (*law)(struct law *), uint64_t seed)
{
    static struct law l;
    unsigned failed = CU_get_number_of_failures();
    for (unsigned i = 0; i < GRAPHS && CU_get_number_of_failures() == failed; i++) {
        failing_seed = seed;
        random_net(&l.net, &seed);
        l.other = l.net;
        l.seed = &seed;
        l.b = (struct heap_analysis){ 0 };
        if (!CHECK(analyse(&l.net, &l.arrays, &l.a))) return;
        law(&l);
        heap_analysis_free(&l.a);
        heap_analysis_free(&l.b);
    }
}

static void test_names_and_orders(void)
{
    try_law(law_renumbered, 1);
    try_law(law_reordered, 2);
    try_law(law_same_again, 3);
    try_law(law_doubled, 4);
}

static void test_edges(void)
{
    try_law(law_edge_from_below, 5);
    try_law(law_edge_removed, 6);
    try_law(law_edge_split, 7);
}

static void test_objects(void)
{
    try_law(law_leaf, 8);
    try_law(law_more_garbage, 9);
    try_law(law_one_root, 10);
}

static void test_sets(void)
{
    try_law(law_sets, 11);
}

CU_MAIN("heap laws", { "other names and orders", test_names_and_orders },
        { "an edge more or less", test_edges }, { "an object more", test_objects },
        { "sets of objects", test_sets })
