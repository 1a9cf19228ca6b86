/* SPDX-License-Identifier: MIT */
/*
 * Immediate dominators of one depth-first tree, in preorder space.
 *
 * Step 1, semidominators (Lengauer and Tarjan, "A fast algorithm for finding dominators in a
 * flowgraph", 1979, simple version): vertices in decreasing order; each joins a forest linked
 * along the tree, and the smallest semidominator on a path of that forest is found with path
 * compression. Step 2, Semi-NCA (Georgiadis, Tarjan, Werneck, "Finding Dominators in Practice",
 * 2006): vertices in increasing order; the immediate dominator is the nearest ancestor of the
 * tree parent, in the dominator tree built so far, that is not larger than the semidominator.
 *
 * Step 1 is O((n + m) log n) always. Step 2 walks up chains and is linear on real heaps, but
 * quadratic on some (a long chain whose end has many children that the beginning refers to as
 * well). So it counts, and beyond NCA_BUDGET steps a vertex gives way to Lengauer and Tarjan's
 * own second step, which is O(n log n): buckets by semidominator, which are found once more, since
 * step 2 has put dominators in their place.
 *
 * Only edges to smaller numbers are read here; of the others, which all come from ancestors, the
 * smallest source is enough (`fold`). Memory beside the flow and the result: 8 B a vertex in step 1,
 * none in step 2; the fall-back 16. Nothing recurses: compression reverses the pointers of the path
 * that it climbs.
 */
#include "heap/internal.h"

#define NCA_BUDGET 16u
/* How many back edges before their turn their sources are asked for. */
#define ASK_AHEAD 32u

/* One vertex of the forest: the end of its compressed path, and a label that stands for the
 * vertices on it. Together, since they are read together. */
struct link {
    uint32_t ancestor;
    uint32_t label;
};

/* A vertex is in the forest when its number is above `limit`. Climbs from x to the last vertex
 * below which nothing is compressed yet, pointers reversed, and comes back down with the best
 * label. Here a label is a semidominator, the smallest on the path. */
static void compress(struct link *link, uint32_t x, uint32_t limit, uint64_t *steps)
{
    uint32_t below = HEAP_NONE;
    for (uint32_t up; (up = link[x].ancestor) > limit; x = up) {
        link[x].ancestor = below;
        below = x;
        ++*steps;
    }
    uint32_t top = link[x].ancestor, best = link[x].label;
    while (below != HEAP_NONE) {
        x = below;
        below = link[x].ancestor;
        link[x].ancestor = top;
        if (best < link[x].label)
            link[x].label = best;
        else
            best = link[x].label;
    }
}

/* The same with vertices as labels, the one with the smallest semidominator. */
static void compress_by(struct link *link, const uint32_t *semi, uint32_t x, uint32_t limit,
                        uint64_t *steps)
{
    uint32_t below = HEAP_NONE;
    for (uint32_t up; (up = link[x].ancestor) > limit; x = up) {
        link[x].ancestor = below;
        below = x;
        ++*steps;
    }
    uint32_t top = link[x].ancestor, best = link[x].label;
    while (below != HEAP_NONE) {
        x = below;
        below = link[x].ancestor;
        link[x].ancestor = top;
        if (semi[best] < semi[link[x].label])
            link[x].label = best;
        else
            best = link[x].label;
    }
}

static inline uint32_t smallest_on_path(struct link *link, uint32_t v, uint32_t limit,
                                        uint64_t *steps)
{
    if (link[v].ancestor > limit) compress(link, v, limit, steps);
    return link[v].label;
}

/* The semidominator of w. One that the root refers to cannot do better. */
static inline uint32_t semidominator(const struct heap_flow *f, struct link *link, uint32_t w,
                                     struct heap_steps *steps)
{
    const struct heap_reverse *r = f->reverse;
    uint32_t semi = f->fold[w];
    if (semi == f->root) return semi;
    uint32_t i = r->off[w - r->first], end = r->off[w - r->first + 1];
    steps->edges_reduced += end - i;
    for (; i < end; i++) {
        uint32_t s = smallest_on_path(link, r->source[i], w, &steps->compress);
        if (s < semi) semi = s;
    }
    return semi;
}

/* Before the turn of vertex w: back edges from `asked` on are asked for; more are, so that those of
 * w and of the next ones will be there. What takes long on scattered heaps are the paths of the
 * forest: where one begins is asked for first, and half way to its turn where that leads, if it is
 * in the forest by then. `end` is that of all back edges. */
static inline uint32_t ask_ahead(const struct heap_reverse *r, const struct link *link, uint32_t w,
                                 uint32_t asked, uint32_t end)
{
    uint32_t next = r->off[w - r->first];
    while (asked > 0 && (asked > next || next - asked < ASK_AHEAD)) {
        HEAP_PREFETCH(&link[r->source[--asked]]);
        if (end - asked <= ASK_AHEAD / 2) continue;
        uint32_t near = r->source[asked + ASK_AHEAD / 2];
        if (near > w) HEAP_PREFETCH(&link[link[near].ancestor]);
    }
    return asked;
}

/* Step 1. semi[] is indexed by v - root; `link` by v - root too, through a shifted view that stays
 * inside the array because every number that is looked up is a vertex above the root. */
static void semidominators(const struct heap_flow *f, struct link *link, uint32_t *semi,
                           struct heap_steps *steps)
{
    const struct heap_reverse *r = f->reverse;
    uint32_t end = r->off[f->end - r->first], asked = end;
    for (uint32_t w = f->end; --w > f->root;) {
        asked = ask_ahead(r, link, w, asked, end);
        semi[w] = semidominator(f, link, w, steps);
        link[w] = (struct link){ f->tree[w], semi[w] };
    }
}

/* Step 2, in the place of the semidominators: of a vertex its own is read, of those before it the
 * immediate dominators. False when the budget is spent; idom is useless then. */
static bool nearest_ancestors(const struct heap_flow *f, uint32_t *idom, struct heap_steps *steps)
{
    uint64_t budget = (uint64_t)NCA_BUDGET * (f->end - f->root), used = 0;
    for (uint32_t w = f->root + 1; w < f->end; w++) {
        uint32_t d = f->tree[w], s = idom[w];
        for (; d > s; d = idom[d]) used++;
        idom[w] = d;
        if (HEAP_UNLIKELY(used > budget)) break;
    }
    steps->nca += used;
    return used <= budget;
}

/* Step 2 of Lengauer and Tarjan. A vertex waits in the bucket of its semidominator p until the
 * child of p above it has been linked; bucket chains run through idom, which has no use for a
 * waiting vertex yet. */
static void lengauer_tarjan_step(const struct heap_flow *f, const uint32_t *semi, struct link *link,
                                 uint32_t *bucket, uint32_t *idom, struct heap_steps *steps)
{
    for (uint32_t w = f->end; --w > f->root;) {
        uint32_t parent = f->tree[w];
        idom[w] = bucket[semi[w]];
        bucket[semi[w]] = w;
        link[w] = (struct link){ parent, w };
        for (uint32_t v = bucket[parent], after; v != HEAP_NONE; v = after) {
            after = idom[v];
            if (link[v].ancestor > w - 1) compress_by(link, semi, v, w - 1, &steps->compress);
            uint32_t u = link[v].label;
            idom[v] = semi[u] < semi[v] ? u : parent;
        }
        bucket[parent] = HEAP_NONE;
    }
    for (uint32_t w = f->root + 1; w < f->end; w++)
        if (idom[w] != semi[w]) idom[w] = idom[idom[w]];
    steps->lengauer_tarjan++;
}

/* Step 1 with memory of its own for the forest. */
static enum heap_status first_step(const struct heap_flow *f, uint32_t *semi,
                                   struct heap_steps *steps)
{
    /* Indexed by number from 0, so that no subtraction stands in the inner loop: the part below the
     * root is never touched and costs address space only. */
    struct link *link = heap_new(f->end, sizeof *link);
    if (!link) return HEAP_NO_MEMORY;
    semidominators(f, link, semi, steps);
    heap_free(link);
    return HEAP_OK;
}

static enum heap_status fall_back(const struct heap_flow *f, uint32_t *idom,
                                  struct heap_steps *steps)
{
    uint32_t *semi = heap_new(f->end, sizeof *semi), *bucket = NULL;
    struct link *link = NULL;
    enum heap_status status = semi ? first_step(f, semi, steps) : HEAP_NO_MEMORY;
    if (status == HEAP_OK) {
        link = heap_new(f->end, sizeof *link);
        bucket = heap_new_none(f->end);
        if (!link || !bucket) status = HEAP_NO_MEMORY;
    }
    if (status == HEAP_OK) lengauer_tarjan_step(f, semi, link, bucket, idom, steps);
    heap_free(semi);
    heap_free(link);
    heap_free(bucket);
    return status;
}

enum heap_status heap_dominators(const struct heap_flow *f, bool lengauer_tarjan, uint32_t *idom,
                                 struct heap_steps *steps)
{
    if (!lengauer_tarjan) {
        enum heap_status status = first_step(f, idom, steps);
        if (status != HEAP_OK || nearest_ancestors(f, idom, steps)) return status;
    }
    return fall_back(f, idom, steps);
}
