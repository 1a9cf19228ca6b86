/* SPDX-License-Identifier: MIT */
/* Random graphs and literal definitions. See heap_random.h. */
#include <string.h>
#include "heap_random.h"

uint64_t random_next(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint32_t random_below(uint64_t *seed, uint32_t n)
{
    return (uint32_t)(random_next(seed) % n);
}

/* Half of all graphs take targets near their source, which makes chains, ladders and nested loops;
 * the other half takes any. */
static uint32_t random_target(uint64_t *seed, uint32_t v, uint32_t n, int near)
{
    if (!near || random_below(seed, 5) == 0) return random_below(seed, n);
    uint32_t t = v + random_below(seed, 4);
    return t == 0 ? 0 : (t - 1) % n;
}

static void random_blocks(struct small *s, uint64_t *seed, uint32_t n)
{
    uint32_t blocks = n ? random_below(seed, SMALL_BLOCKS + 1) : 0, at = 0;
    for (uint32_t i = 0; i < blocks; i++) {
        uint32_t first = random_below(seed, n), step = 1 + random_below(seed, 7);
        uint32_t most = 1 + random_below(seed, 4), members = 0;
        for (uint32_t v = first; v < n && members < most; v += step, members++)
            s->block_node[at++] = v;
        s->block_off[i + 1] = at;
        s->block_size[i] = 1 + random_below(seed, 1000);
    }
    s->blocks = (struct heap_blocks){ blocks, s->block_off, s->block_node, s->block_size };
}

/* What does not depend on the edges, which are there. */
static void random_rest(struct small *s, uint64_t *seed, uint32_t n, uint32_t n_roots)
{
    s->graph = (struct heap_graph){ .n = n,
                                    .off = s->off,
                                    .target = s->target,
                                    .root = s->root,
                                    .n_roots = n_roots,
                                    .shallow = s->shallow,
                                    .native = random_below(seed, 3) ? s->native : NULL };
    random_blocks(s, seed, n);
    if (s->graph.native && random_below(seed, 2)) s->graph.blocks = &s->blocks;
}

void small_random(struct small *s, uint64_t *seed)
{
    memset(s, 0, sizeof *s);
    uint32_t n = random_below(seed, SMALL_NODES + 1), m = 0;
    uint32_t degree = 1 + random_below(seed, 4), weak = random_below(seed, 3) * 8;
    int near = (int)random_below(seed, 2), sized = (int)random_below(seed, 2);
    for (uint32_t v = 0; v < n; v++) {
        uint32_t k = random_below(seed, 2 * degree);
        for (; k > 0 && m < SMALL_EDGES; k--) {
            s->target[m] = random_target(seed, v, n, near);
            if (weak == 0 || random_below(seed, 32) >= weak) heap_holds_set(s->holds, m);
            m++;
        }
        s->off[v + 1] = m;
        s->shallow[v] = sized ? random_below(seed, 100) : random_below(seed, 3) * 8;
        s->native[v] = random_below(seed, 2) ? random_below(seed, 5) * 1000 : 0;
    }
    uint32_t n_roots = n ? random_below(seed, 5) : 0;
    for (uint32_t i = 0; i < n_roots; i++) s->root[i] = random_below(seed, n);
    random_rest(s, seed, n, n_roots);
    if (weak) s->graph.holds = s->holds;
}

/* Edges into a cycle, all from one vertex or each from any; from none, it is a root or garbage. */
static void enter_cycle(uint32_t *edges, uint32_t *roots, uint64_t *seed, uint32_t first,
                        uint32_t size)
{
    uint32_t entries = 1 + random_below(seed, 3), one = random_below(seed, first + 1);
    int same = (int)random_below(seed, 3), garbage = random_below(seed, 3) == 0;
    for (uint32_t i = 0; i < entries; i++) {
        uint32_t from = same ? one : random_below(seed, first + 1);
        uint32_t to = UINT32_C(1) << (first + random_below(seed, size));
        if (from < first)
            edges[from] |= to;
        else if (!garbage)
            *roots |= to;
    }
}

static void shuffle(uint32_t *order, uint32_t n, uint64_t *seed)
{
    for (uint32_t i = 0; i < n; i++) order[i] = i;
    for (uint32_t i = n; i > 1; i--) {
        uint32_t k = random_below(seed, i), last = order[i - 1];
        order[i - 1] = order[k];
        order[k] = last;
    }
}

void small_cycles(struct small *s, uint64_t *seed)
{
    uint32_t edges[SMALL_NODES] = { 0 }, order[SMALL_NODES], place[SMALL_NODES], roots = 0, m = 0;
    uint32_t most = 3 + random_below(seed, SMALL_NODES - 4), n = 0, n_roots = 0;
    memset(s, 0, sizeof *s);
    while (n < most) {
        uint32_t size = 1 + random_below(seed, 3), first = n;
        if (size > SMALL_NODES - n) size = SMALL_NODES - n;
        for (; n < first + size; n++)
            if (size > 1 || random_below(seed, 4) == 0)
                edges[n] = UINT32_C(1) << (n + 1 < first + size ? n + 1 : first);
        enter_cycle(edges, &roots, seed, first, size);
    }
    for (uint32_t i = random_below(seed, 3); i > 0; i--)
        edges[random_below(seed, n)] |= UINT32_C(1) << random_below(seed, n);
    shuffle(order, n, seed);
    for (uint32_t v = 0; v < n; v++) place[order[v]] = v;
    for (uint32_t v = 0; v < n; v++) {
        uint32_t from = random_below(seed, n);
        for (uint32_t i = 0; i < n && m < SMALL_EDGES; i++)
            if (edges[order[v]] >> (from + i) % n & 1) s->target[m++] = place[(from + i) % n];
        s->off[v + 1] = m;
        s->shallow[v] = 1 + random_below(seed, 100);
        s->native[v] = random_below(seed, 100);
    }
    for (uint32_t v = 0; v < n && n_roots < 8; v++)
        if (roots >> v & 1) s->root[n_roots++] = place[v];
    random_rest(s, seed, n, n_roots);
}

uint32_t brute_search(const struct brute *b, uint32_t start, uint32_t avoid)
{
    uint32_t met = start & ~avoid;
    for (;;) {
        uint32_t more = met;
        for (uint32_t v = 0; v < b->g->n; v++)
            if (met >> v & 1) more |= b->edges[v] & ~avoid;
        if (more == met) return met;
        met = more;
    }
}

uint32_t brute_component(const struct brute *b, uint32_t node)
{
    uint32_t set = UINT32_C(1) << node;
    for (uint32_t v = 0; v < b->g->n; v++)
        if ((b->reach[node] >> v & 1) && (b->reach[v] >> node & 1)) set |= UINT32_C(1) << v;
    return set;
}

void brute_build(struct brute *b, const struct heap_graph *g)
{
    memset(b, 0, sizeof *b);
    b->g = g;
    for (uint32_t v = 0; v < g->n; v++)
        for (uint64_t e = g->off[v]; e < g->off[v + 1]; e++)
            if (heap_holds_get(g->holds, e)) b->edges[v] |= UINT32_C(1) << g->target[e];
    for (uint64_t i = 0; i < g->n_roots; i++) b->roots |= UINT32_C(1) << g->root[i];
    b->live = brute_search(b, b->roots, 0);
    b->garbage = ((UINT32_C(1) << g->n) - 1) & ~b->live;
    for (uint32_t v = 0; v < g->n; v++) b->reach[v] = brute_search(b, b->edges[v], 0);
    for (uint32_t v = 0; v < g->n; v++) {
        if (!(b->garbage >> v & 1)) continue;
        uint32_t component = brute_component(b, v), entered = 0;
        for (uint32_t u = 0; u < g->n; u++)
            if ((b->garbage & ~component) >> u & 1) entered |= b->edges[u] & component;
        if (!entered) b->garbage_entry |= UINT32_C(1) << v;
    }
}

uint32_t brute_retained(const struct brute *b, uint32_t set)
{
    uint32_t live = b->live & ~brute_search(b, b->roots, set);
    uint32_t around = set | b->live; /* edges from garbage to live objects hold nothing */
    return live | (b->garbage & ~brute_search(b, b->garbage_entry, around));
}

uint64_t brute_sum(uint32_t set, const uint64_t *size)
{
    uint64_t sum = 0;
    for (uint32_t v = 0; size && v < SMALL_NODES; v++)
        if (set >> v & 1) sum += size[v];
    return sum;
}

uint64_t brute_native(const struct brute *b, uint32_t set)
{
    const struct heap_blocks *k = b->g->blocks;
    uint64_t sum = brute_sum(set, b->g->native);
    for (uint32_t i = 0; k && i < k->n; i++) {
        uint32_t all = 0;
        for (uint32_t m = k->off[i]; m < k->off[i + 1]; m++) all |= UINT32_C(1) << k->node[m];
        uint32_t holding = all & b->live ? all & b->live : all;
        if ((holding & ~set) == 0) sum += k->size[i];
    }
    return sum;
}
