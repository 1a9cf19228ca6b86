/* SPDX-License-Identifier: MIT */
/*
 * The phases of an analysis one by one, against the plainest form of each: the depth-first search
 * and how it sorts edges, edges by target from the list and from the graph, strongly connected
 * components, dominators by both algorithms. Thousands of small random graphs; a failure tells its
 * seed.
 */
#include <stdlib.h>

#include "cu_seed.h"
#include "heap/internal.h"
#include "heap_random.h"

#define GRAPHS 20000u
#define ROWS   (SMALL_NODES + 2)

/* ---- the walk ---- */

/* Preorder by recursion, as the textbook has it; at most SMALL_NODES deep. */
struct plain_walk {
    const struct heap_graph *g;
    uint32_t num[SMALL_NODES], vertex[ROWS], tree[ROWS], count;
};

static void visit(struct plain_walk *p, uint32_t node, uint32_t parent)
{
    uint32_t v = p->count++;
    p->num[node] = v;
    p->vertex[v] = node;
    p->tree[v] = parent;
    for (uint64_t e = p->g->off[node]; e < p->g->off[node + 1]; e++)
        if (heap_holds_get(p->g->holds, e) && p->num[p->g->target[e]] == HEAP_NONE)
            visit(p, p->g->target[e], v);
}

static void plain_root(struct plain_walk *p)
{
    p->vertex[p->count] = p->tree[p->count] = HEAP_NONE;
    p->count++;
}

/* Everything from the live root, then everything else from the garbage root, node by node. */
static void plain(struct plain_walk *p, const struct heap_graph *g, uint32_t *garbage_root)
{
    *p = (struct plain_walk){ .g = g };
    memset(p->num, 0xff, sizeof p->num);
    plain_root(p);
    for (uint64_t i = 0; i < g->n_roots; i++)
        if (p->num[g->root[i]] == HEAP_NONE) visit(p, g->root[i], 0);
    *garbage_root = p->count;
    plain_root(p);
    for (uint32_t v = 0; v < g->n; v++)
        if (p->num[v] == HEAP_NONE) visit(p, v, *garbage_root);
}

static enum heap_status both_walks(struct heap_walk *w, const struct heap_graph *g, bool save)
{
    enum heap_status status = heap_walk_begin(w, g, save);
    if (status != HEAP_OK) return status;
    heap_walk_root(w);
    for (uint64_t i = 0; i < g->n_roots; i++) heap_walk_from(w, g->root[i]);
    for (uint64_t i = 0; i < g->n_roots; i++) heap_walk_root_edge(w, g->root[i]);
    heap_walk_root(w);
    for (uint32_t v = 0; v < g->n; v++) heap_walk_from(w, v);
    return HEAP_OK;
}

/* The smallest number with an edge into v from in front, the virtual root of its tree included. */
static uint32_t smallest_source(const struct plain_walk *p, uint32_t v, uint32_t root)
{
    uint32_t least = p->tree[v];
    for (uint64_t i = 0; root == 0 && i < p->g->n_roots; i++)
        if (p->g->root[i] == p->vertex[v]) least = 0;
    for (uint32_t u = root + 1; u < v; u++) {
        uint32_t node = p->vertex[u];
        for (uint64_t e = p->g->off[node]; node != HEAP_NONE && e < p->g->off[node + 1]; e++)
            if (heap_holds_get(p->g->holds, e) && p->num[p->g->target[e]] == v && u < least)
                least = u;
    }
    return least;
}

static int refers_to_itself(const struct heap_graph *g, uint32_t node)
{
    for (uint64_t e = g->off[node]; e < g->off[node + 1]; e++)
        if (heap_holds_get(g->holds, e) && g->target[e] == node) return 1;
    return 0;
}

/* Edges from v to a smaller number of its own tree, as many as there are. */
static uint32_t back_edges(const struct plain_walk *p, uint32_t v, uint32_t to, uint32_t root)
{
    uint32_t n = 0, node = p->vertex[v];
    if (to <= root || to >= v) return 0;
    for (uint64_t e = p->g->off[node]; e < p->g->off[node + 1]; e++)
        n += heap_holds_get(p->g->holds, e) && p->num[p->g->target[e]] == to;
    return n;
}

static void check_walk(const struct heap_graph *g)
{
    struct heap_walk w;
    struct plain_walk p;
    uint32_t garbage_root;
    uint64_t back = 0;
    plain(&p, g, &garbage_root);
    WANT(both_walks(&w, g, false) == HEAP_OK);
    WANT(w.count == p.count && w.count == g->n + 2 && w.root == garbage_root);
    WANT(w.edges_walked == g->off[g->n]); /* each edge is looked at once, weak ones too */
    for (uint32_t v = 0; v < g->n; v++) WANT(w.num[v] == p.num[v]);
    for (uint32_t v = 0; v < w.count; v++) {
        WANT(w.vertex[v] == p.vertex[v] && w.tree[v] == p.tree[v]);
        if (v == 0 || v == garbage_root) continue;
        uint32_t root = v < garbage_root ? 0 : garbage_root;
        WANT(w.fold[v] == smallest_source(&p, v, root));
        WANT(heap_holds_get(w.self, v) == refers_to_itself(g, p.vertex[v]));
        for (uint32_t to = 0; to < v; to++) {
            uint32_t n = back_edges(&p, v, to, root), listed = 0;
            for (uint64_t i = 0; i < w.n_back; i++)
                listed += w.back[i].from == v && w.back[i].to == to;
            WANT(w.overflowed || listed == n);
            back += n;
        }
    }
    WANT(w.overflowed ? w.n_back == 0 && back > w.back_limit : w.n_back == back);
    heap_walk_free(&w);
}

/* ---- edges by target ---- */

static void check_range(const struct plain_walk *p, const struct heap_reverse *r,
                        uint32_t garbage_root)
{
    WANT(r->n == p->count - r->first && r->off[0] == 0);
    for (uint32_t to = r->first; to < p->count; to++) {
        uint32_t at = r->off[to - r->first], root = to < garbage_root ? 0 : garbage_root;
        uint32_t end = to < garbage_root ? garbage_root : p->count;
        for (uint32_t v = to + 1; v < end; v++) {
            uint32_t n = back_edges(p, v, to, root), found = 0;
            for (uint32_t i = at; i < r->off[to - r->first + 1]; i++) found += r->source[i] == v;
            WANT(found == n);
        }
        uint32_t total = r->off[to - r->first + 1] - at, want = 0;
        for (uint32_t v = to + 1; v < end; v++) want += back_edges(p, v, to, root);
        WANT(total == want);
    }
}

/* The list and the second look at the graph give the same ranges. */
static void check_reverse(const struct heap_graph *g)
{
    struct heap_walk kept, saved;
    struct heap_reverse r;
    struct plain_walk p;
    uint32_t garbage_root;
    plain(&p, g, &garbage_root);
    WANT(both_walks(&kept, g, false) == HEAP_OK && both_walks(&saved, g, true) == HEAP_OK);
    WANT(saved.overflowed && saved.n_back == 0);
    for (int save = 0; save <= 1; save++) {
        const struct heap_walk *w = save ? &saved : &kept;
        WANT(heap_reverse_build(w, 0, 0, &r) == HEAP_OK);
        check_range(&p, &r, garbage_root);
        heap_reverse_free(&r);
        uint64_t of_live = 0;
        while (of_live < w->n_back && w->back[of_live].from < garbage_root) of_live++;
        WANT(heap_reverse_build(w, of_live, garbage_root, &r) == HEAP_OK);
        check_range(&p, &r, garbage_root);
        heap_reverse_free(&r);
    }
    heap_walk_free(&kept);
    heap_walk_free(&saved);
}

/* ---- components and dominators ---- */

/* Numbers that v reaches within its own tree, v's own bit only if it is on a cycle. */
static uint32_t reached(const struct plain_walk *p, uint32_t start, uint32_t avoid,
                        uint32_t garbage_root)
{
    uint32_t met = 0, todo = start;
    while (todo) {
        uint32_t v = (uint32_t)__builtin_ctz(todo), node = p->vertex[v];
        todo &= todo - 1;
        for (uint64_t e = p->g->off[node]; e < p->g->off[node + 1]; e++) {
            uint32_t to = p->num[p->g->target[e]];
            bool crosses = v > garbage_root && to < garbage_root;
            if (!heap_holds_get(p->g->holds, e) || crosses) continue;
            if ((met | avoid) >> to & 1) continue;
            met |= UINT32_C(1) << to;
            todo |= UINT32_C(1) << to;
        }
    }
    return met;
}

static uint32_t smallest_member(const struct plain_walk *p, uint32_t v, uint32_t garbage_root)
{
    uint32_t mine = reached(p, UINT32_C(1) << v, 0, garbage_root);
    for (uint32_t u = 1; u < v; u++)
        if (u != garbage_root && (mine >> u & 1) &&
            (reached(p, UINT32_C(1) << u, 0, garbage_root) >> v & 1))
            return u;
    return v;
}

/* What the virtual root of a tree refers to: root objects; in the garbage, the trees' roots. */
static uint32_t entries(const struct plain_walk *p, uint32_t root)
{
    uint32_t set = 0;
    for (uint64_t i = 0; root == 0 && i < p->g->n_roots; i++)
        set |= UINT32_C(1) << p->num[p->g->root[i]];
    for (uint32_t v = root + 1; root && v < p->count; v++)
        if (p->tree[v] == root) set |= UINT32_C(1) << v;
    return set;
}

/* Is v met from the tree's root around a set of numbers? */
static bool met_without(const struct plain_walk *p, uint32_t v, uint32_t set, uint32_t root,
                        uint32_t garbage_root)
{
    uint32_t start = entries(p, root) & ~set;
    return ((start | reached(p, start, set, garbage_root)) >> v & 1) != 0;
}

/* The strict dominator that is largest: dominators of one vertex are ancestors of each other, so
 * the nearest one has the largest number. */
static uint32_t plain_idom(const struct plain_walk *p, uint32_t v, uint32_t root,
                           uint32_t garbage_root)
{
    for (uint32_t u = v; --u > root;)
        if (!met_without(p, v, UINT32_C(1) << u, root, garbage_root)) return u;
    return root;
}

static void check_flow(const struct plain_walk *p, const struct heap_walk *w,
                       const struct heap_reverse *r, uint32_t root, uint32_t garbage_root)
{
    uint32_t end = root == 0 ? garbage_root : p->count;
    struct heap_flow flow = { .root = root, .end = end, .tree = w->tree, .fold = w->fold,
                              .reverse = r };
    for (int lt = 0; lt <= 1; lt++) {
        uint32_t idom[ROWS];
        struct heap_steps steps = { 0 };
        memset(idom, 0xee, sizeof idom);
        WANT(heap_dominators(&flow, lt != 0, idom, &steps) == HEAP_OK);
        WANT(steps.lengauer_tarjan == (lt && end - root > 0));
        for (uint32_t v = root + 1; v < end; v++)
            WANT(idom[v] == plain_idom(p, v, root, garbage_root));
        for (uint32_t v = end; v < p->count; v++) WANT(idom[v] == 0xeeeeeeee);
    }
}

static void check_flows(const struct heap_graph *g)
{
    struct heap_walk w;
    struct heap_reverse r;
    struct plain_walk p;
    struct heap_steps steps = { 0 };
    uint32_t garbage_root, rep[ROWS];
    plain(&p, g, &garbage_root);
    WANT(both_walks(&w, g, false) == HEAP_OK);
    /* The trees' roots are what the garbage root refers to here. */
    for (uint32_t v = garbage_root + 1; v < w.count; v++)
        if (w.tree[v] == garbage_root) heap_walk_root_edge(&w, w.vertex[v]);
    WANT(heap_reverse_build(&w, 0, 0, &r) == HEAP_OK);
    WANT(heap_components_find(&r, w.tree, rep, &steps) == HEAP_OK);
    for (uint32_t v = 1; v < w.count; v++)
        if (v != garbage_root) WANT(rep[v] == smallest_member(&p, v, garbage_root));
    check_flow(&p, &w, &r, 0, garbage_root);
    check_flow(&p, &w, &r, garbage_root, garbage_root);
    heap_reverse_free(&r);
    heap_walk_free(&w);
}

static void each_graph(void (*check)(const struct heap_graph *), uint64_t seed, unsigned graphs)
{
    unsigned failed = CU_get_number_of_failures();
    for (unsigned i = 0; i < graphs && CU_get_number_of_failures() == failed; i++) {
        struct small s;
        failing_seed = seed;
        small_random(&s, &seed);
        check(&s.graph);
    }
    CHECK_U64(CU_get_number_of_failures(), failed);
}

static void test_walk(void)
{
    each_graph(check_walk, 1, GRAPHS);
}

static void test_reverse(void)
{
    each_graph(check_reverse, 2, GRAPHS);
}

static void test_flows(void)
{
    each_graph(check_flows, 3, GRAPHS / 2);
}

/* ---- what an analysis refuses, wherever in its arrays it stands ---- */

static uint64_t *at_random; /* the seed that places are chosen by */

/* One wrong value in a good graph, put right afterwards. */
static enum heap_status with_target(struct small *s, uint32_t wrong)
{
    struct heap_analysis a;
    uint32_t e = random_below(at_random, (uint32_t)s->off[s->graph.n]), right = s->target[e];
    s->target[e] = wrong;
    enum heap_status status = heap_analyse(&s->graph, 0, 1, &a);
    s->target[e] = right;
    if (status == HEAP_OK) heap_analysis_free(&a);
    return status;
}

static enum heap_status with_root(struct small *s, uint32_t wrong)
{
    struct heap_analysis a;
    uint32_t i = random_below(at_random, (uint32_t)s->graph.n_roots), right = s->root[i];
    s->root[i] = wrong;
    enum heap_status status = heap_analyse(&s->graph, 0, 1, &a);
    s->root[i] = right;
    if (status == HEAP_OK) heap_analysis_free(&a);
    return status;
}

static enum heap_status with_size(struct small *s, uint64_t *sizes, uint64_t wrong)
{
    struct heap_analysis a;
    uint32_t v = random_below(at_random, s->graph.n);
    uint64_t right = sizes[v];
    sizes[v] = wrong;
    enum heap_status status = heap_analyse(&s->graph, 0, 1, &a);
    sizes[v] = right;
    if (status == HEAP_OK) heap_analysis_free(&a);
    return status;
}

static void test_refused(void)
{
    uint64_t seed = 12;
    unsigned tried[3] = { 0 }, failed = CU_get_number_of_failures();
    at_random = &seed;
    for (unsigned i = 0; i < 2000 && CU_get_number_of_failures() == failed; i++) {
        struct small s;
        failing_seed = seed;
        small_random(&s, &seed);
        uint32_t n = s.graph.n;
        if (n == 0) continue;
        s.graph.blocks = NULL;
        s.graph.native = s.native;
        if (s.off[n]) {
            WANT(with_target(&s, n) == HEAP_BAD_GRAPH);
            WANT(with_target(&s, UINT32_MAX) == HEAP_BAD_GRAPH);
            WANT(with_target(&s, n - 1) == HEAP_OK);
            tried[0]++;
        }
        if (s.graph.n_roots) {
            WANT(with_root(&s, n) == HEAP_BAD_GRAPH && with_root(&s, n - 1) == HEAP_OK);
            tried[1]++;
        }
        WANT(with_size(&s, s.shallow, UINT64_MAX) == HEAP_TOO_LARGE);
        WANT(with_size(&s, s.native, (uint64_t)1 << 63) == HEAP_TOO_LARGE);
        uint32_t v = random_below(&seed, n); /* offsets that fall, or leave no room for a number */
        uint64_t right = s.off[v + 1];
        struct heap_analysis a;
        s.off[v + 1] = s.off[v] + UINT32_MAX;
        if (v + 1 < n) WANT(heap_analyse(&s.graph, 0, 1, &a) == HEAP_TOO_LARGE);
        s.off[v + 1] = s.off[v] - 1;
        if (s.off[v]) {
            WANT(heap_analyse(&s.graph, 0, 1, &a) == HEAP_BAD_GRAPH);
            tried[2]++;
        }
        s.off[v + 1] = right;
    }
    CHECK(tried[0] > 1000 && tried[1] > 1000 && tried[2] > 500);
}

CU_MAIN("heap core", { "depth-first search", test_walk }, { "edges by target", test_reverse },
        { "components and dominators", test_flows }, { "what is refused", test_refused })
