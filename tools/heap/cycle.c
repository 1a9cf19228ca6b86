/* SPDX-License-Identifier: MIT */
/*
 * What components with several entries hold beyond what hangs below their members.
 *
 * Taking out a whole component C is taking out one vertex of the graph in which each component is
 * one vertex, since a path in that graph and a path in the heap that avoid C come from each other.
 * What C dominates there follows from the ordinary dominator tree ("below" speaks of that tree) and
 * from the few edges that can make a difference:
 *
 *   (1) The topmost members of C, those whose dominator is no member, hang below the same vertex d.
 *       For let d dominate a topmost member x, and y be another. A path to y around d would go on
 *       to x inside C, around d. So d dominates y too, and y's dominator x.
 *   (2) Let every way to w lead through C, but w be below no member. The ways to members lead
 *       through d: so w is below d, and C has several topmost members, as a single one would
 *       dominate w. Let e be the child of d that is w or is above it. No member is below e: the
 *       topmost one above that would be e itself, and w below it. So a way to e around C could go
 *       on to w around C: every way to e leads through C, as w's do.
 *   (3) So let d be split if a component with several topmost members hangs below it, and let its
 *       children be siblings, except those in d's own component, which go with d. An edge into what
 *       is below a sibling, from elsewhere, leads to the sibling itself, and comes from what is
 *       below another one, or from d and what goes with it. Let each sibling with all that is below
 *       it be one vertex, siblings of one component one vertex together, and the rest of the graph
 *       the root: what dominates a sibling in this small graph, and only that, does so in the graph
 *       of components, and C retains what is below its topmost members and below siblings that it
 *       dominates.
 *   (4) The small graph has no cycle, as siblings that reach each other are of one component. So
 *       the dominator of a vertex is the nearest common ancestor, in the dominator tree so far, of
 *       all that refers to it, if that has been placed before. What the root refers to is settled:
 *       it hangs below the root.
 *   (5) Such an order is the one in which a depth-first search leaves vertices, reversed. What is
 *       below a vertex, and a component, is one connected piece of the depth-first tree, entered at
 *       its smallest number; so the small graph inherits a depth-first tree in preorder. Among the
 *       sources on a path from the root, the smallest number lies in the piece that is nearest to
 *       the root, so the smallest one (`fold`) is enough here as well.
 *
 * All split vertices are treated together, as a forest below one root. Edges into siblings are
 * rewritten in place, from numbers to siblings. Split vertices can be nested; the inner ones, which
 * are larger, come first, so that no search for the sibling below an outer one has to stop at them
 * again: paths are compressed. Nothing recurses.
 *
 * O(n + (siblings + edges into them) log siblings). Memory: 2 bits a vertex if all siblings are
 * settled by an edge from d itself, else 4 B a vertex and 16 B a sibling; later 20 B a sibling.
 */
#include "heap/internal.h"
#include "heap/jump.h"

/* One sibling stands for all of its component: the smallest member, which is one of the topmost. It
 * is called a first, the others are followers. Followers of settled ones are of no interest, except
 * as places of shared memory. */
struct siblings {
    struct heap_walk *walk;
    struct heap_reverse *reverse;
    const uint32_t *idom, *rep;
    uint64_t *split;        /* bit by number */
    uint64_t *settled;      /* bit by number, of firsts */
    uint32_t *at;           /* by number: the first of the sibling at or above it, or HEAP_NONE */
    uint32_t n_firsts;      /* indexes 0 .. n_firsts-1, by number; it also stands for the root */
    uint32_t n;             /* firsts and followers */
    uint32_t *number;       /* [n] */
    uint32_t *next;         /* [n] first's followers, then another first below the same vertex */
    uint32_t *below;        /* by first: the split vertex, as a number */
    uint32_t *above;        /* by first: what `at` has there, later perhaps one further up */
    struct heap_jump *tree; /* by first, and the root: dominators */
    uint32_t *order;        /* of firsts: those that refer before those that are referred to */
    struct heap_steps *steps;
};

/* Finds split vertices and, of what hangs below any vertex, what is settled by its reference; false
 * if no vertex is split. */
static bool mark(struct siblings *s)
{
    const uint32_t *idom = s->idom, *rep = s->rep, *fold = s->walk->fold;
    bool any = false;
    for (uint32_t v = 0; v < s->walk->count; v++) {
        uint32_t d = idom[v], first = rep[v];
        if (d == HEAP_NONE || (first != v && rep[d] == first)) continue;
        if (fold[v] == d) heap_holds_set(s->settled, first);
        if (first == v) continue;
        heap_holds_set(s->split, d);
        any = true;
    }
    return any;
}

static inline bool is_sibling(const struct siblings *s, uint32_t v)
{
    uint32_t d = s->idom[v];
    return d != HEAP_NONE && heap_holds_get(s->split, d) && s->rep[d] != s->rep[v];
}

/* True if there is anything to find: a sibling that is not settled, or shared memory. */
static bool count(struct siblings *s, bool blocks)
{
    bool any = blocks;
    for (uint32_t v = 0; v < s->walk->count; v++) {
        if (!is_sibling(s, v)) continue;
        bool open = !heap_holds_get(s->settled, s->rep[v]);
        s->n_firsts += s->rep[v] == v;
        s->n += s->rep[v] == v || open || blocks;
        any |= open;
    }
    return any;
}

static enum heap_status allocate(struct siblings *s)
{
    s->at = heap_new(s->walk->count, sizeof *s->at);
    s->number = heap_new(s->n, sizeof *s->number);
    s->next = heap_new(s->n, sizeof *s->next);
    s->below = heap_new(s->n_firsts, sizeof *s->below);
    s->above = heap_new(s->n_firsts, sizeof *s->above);
    return s->at && s->number && s->next && s->below && s->above ? HEAP_OK : HEAP_NO_MEMORY;
}

static void add_first(struct siblings *s, uint32_t first, uint32_t v)
{
    uint32_t d = s->idom[v];
    s->number[first] = v;
    s->next[first] = HEAP_NONE;
    s->below[first] = d;
    s->above[first] = s->at[d];
    s->at[v] = first;
}

static void add_follower(struct siblings *s, uint32_t follower, uint32_t v)
{
    uint32_t first = s->at[s->rep[v]];
    s->number[follower] = v;
    s->next[follower] = s->next[first];
    s->next[first] = follower;
}

static void list(struct siblings *s, bool blocks)
{
    uint32_t first = 0, follower = s->n_firsts;
    for (uint32_t v = 0; v < s->walk->count; v++) {
        uint32_t d = s->idom[v], rep = s->rep[v];
        if (!is_sibling(s, v)) {
            s->at[v] = d == HEAP_NONE ? HEAP_NONE : s->at[d];
        } else if (rep == v) {
            add_first(s, first++, v);
        } else {
            s->at[v] = s->at[rep];
            if (blocks || !heap_holds_get(s->settled, rep)) add_follower(s, follower++, v);
        }
    }
}

/* Until its turn, a split vertex has the first of the chain of what hangs below it in `at`. */
static void chain(struct siblings *s)
{
    for (uint32_t first = 0; first < s->n_firsts; first++) {
        uint32_t last = first, *head = &s->at[s->below[first]];
        while (s->next[last] != HEAP_NONE) last = s->next[last];
        if (*head != HEAP_NONE && s->below[*head] == s->below[first]) s->next[last] = *head;
        *head = first;
    }
}

/* The first of the sibling below d that x is, or is below; HEAP_NONE if x goes with d. Known: d
 * dominates x, or is it. */
static inline uint32_t sibling_below(struct siblings *s, uint32_t x, uint32_t d)
{
    uint32_t i = s->at[x];
    while (i != HEAP_NONE && s->below[i] > d) {
        uint32_t up = s->above[i];
        if (up != HEAP_NONE && s->below[up] > d) s->above[i] = s->above[up];
        i = up;
        s->steps->compress++;
    }
    return i != HEAP_NONE && s->below[i] == d ? i : HEAP_NONE;
}

/* Rewrites the edges into a sibling; false if one comes from the root. The others do not matter
 * then. */
static bool rewrite(struct siblings *s, uint32_t v, uint32_t d)
{
    const struct heap_reverse *r = s->reverse;
    uint32_t *fold = &s->walk->fold[v], i = r->off[v], end = r->off[v + 1];
    *fold = sibling_below(s, *fold, d);
    for (; *fold != HEAP_NONE && i < end; i++) {
        if (i + HEAP_AHEAD / 2 < end) HEAP_PREFETCH(&s->at[r->source[i + HEAP_AHEAD / 2]]);
        s->steps->component_edges++;
        r->source[i] = sibling_below(s, r->source[i], d);
        if (r->source[i] == HEAP_NONE) return false;
    }
    return *fold != HEAP_NONE;
}

/* A first's parent in the depth-first tree of the small graph takes the place of its own. */
static void rewrite_all(struct siblings *s)
{
    for (uint32_t d = s->walk->count; d-- > 0;) {
        if (!heap_holds_get(s->split, d)) continue;
        uint32_t i = s->at[d];
        s->at[d] = s->above[i];
        for (; i != HEAP_NONE; i = s->next[i]) {
            uint32_t v = s->number[i], rep = s->rep[v];
            if (v == rep) s->walk->tree[v] = sibling_below(s, s->walk->tree[v], d);
            if (!heap_holds_get(s->settled, rep) && !rewrite(s, v, d))
                heap_holds_set(s->settled, rep);
        }
    }
}

static void free_search(struct siblings *s)
{
    heap_free(s->split);
    heap_free(s->at);
    heap_free(s->below);
    heap_free(s->above);
    s->split = NULL;
    s->at = s->below = s->above = NULL;
}

/* Fact (5). Until a first is placed, `up` is its parent in the depth-first tree, `depth` the size
 * of its subtree, and `jump` the end of the room that its children have not taken yet. */
static enum heap_status sort(struct siblings *s)
{
    uint32_t n = s->n_firsts;
    struct heap_jump *t = s->tree = heap_new((uint64_t)n + 1, sizeof *t);
    if (!t) return HEAP_NO_MEMORY;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t parent = s->walk->tree[s->number[i]];
        t[i] = (struct heap_jump){ parent == HEAP_NONE ? n : parent, 0, 1 };
    }
    t[n] = (struct heap_jump){ n, n, 0 };
    heap_free(s->walk->tree);
    s->walk->tree = NULL;
    s->order = heap_new(n, sizeof *s->order);
    if (!s->order) return HEAP_NO_MEMORY;
    for (uint32_t i = n; i-- > 0;) t[t[i].up].depth += t[i].depth;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t place = t[t[i].up].jump -= t[i].depth;
        s->order[place] = i;
        t[i].jump = place + t[i].depth;
    }
    heap_jump_root(t, n);
    return HEAP_OK;
}

/* Followers come right after their first, and have larger indexes than all firsts. */
static inline uint32_t next_follower(const struct siblings *s, uint32_t sibling)
{
    uint32_t next = s->next[sibling];
    return next == HEAP_NONE || next < s->n_firsts ? HEAP_NONE : next;
}

/* The nearest common ancestor of `up` and of all that refers to a sibling but its own component. */
static uint32_t common_source(struct siblings *s, uint32_t sibling, uint32_t first, uint32_t up)
{
    const struct heap_reverse *r = s->reverse;
    uint32_t v = s->number[sibling], from = s->walk->fold[v];
    for (uint32_t i = r->off[v], end = r->off[v + 1]; up != s->n_firsts; i++) {
        if (from != first) up = heap_jump_common(s->tree, up, from, &s->steps->nca);
        if (i == end) break;
        from = r->source[i];
    }
    return up;
}

/* Fact (4). */
static void hang(struct siblings *s)
{
    for (uint32_t k = 0; k < s->n_firsts; k++) {
        uint32_t first = s->order[k], up = s->tree[first].up;
        if (heap_holds_get(s->settled, s->number[first])) up = s->n_firsts;
        for (uint32_t i = first; up != s->n_firsts && i != HEAP_NONE; i = next_follower(s, i))
            up = common_source(s, i, first, up);
        heap_jump_add(s->tree, first, up);
    }
}

/* Puts a first, with `blocks` its followers too, into the result. From here on its `jump` is its
 * place there. */
static void put(struct siblings *s, uint32_t first, bool blocks, struct heap_cycles *out)
{
    uint32_t up = s->tree[first].up;
    uint32_t mine = s->tree[first].jump = out->n++;
    out->number[mine] = s->number[first];
    out->into[mine] = up == s->n_firsts ? HEAP_NONE : s->tree[up].jump;
    for (uint32_t i = first; blocks && (i = next_follower(s, i)) != HEAP_NONE; out->n++) {
        out->number[out->n] = s->number[i];
        out->into[out->n] = mine;
    }
}

/* What hangs below the root, with nothing below it, does not matter, but for shared memory. What
 * does is marked by number in `settled`. The edges, which are used up, make room. */
static enum heap_status put_all(struct siblings *s, bool blocks, struct heap_cycles *out)
{
    uint32_t n = 0, root = s->n_firsts;
    uint64_t *matters = s->settled;
    heap_reverse_free(s->reverse);
    heap_free(s->walk->fold);
    s->walk->fold = NULL;
    memset(matters, 0, (size_t)heap_holds_words(s->walk->count) * sizeof *matters);
    for (uint32_t i = 0; i < root; i++) {
        uint32_t up = s->tree[i].up;
        if (up != root) heap_holds_set(matters, s->number[up]);
        if (up != root || (blocks && next_follower(s, i) != HEAP_NONE))
            heap_holds_set(matters, s->number[i]);
    }
    for (uint32_t i = 0; i < root; i++) n += (uint32_t)heap_holds_get(matters, s->number[i]);
    if (blocks) n += s->n - root;
    out->number = heap_new(n, sizeof *out->number);
    out->into = heap_new(n, sizeof *out->into);
    if (!out->number || !out->into) return HEAP_NO_MEMORY;
    for (uint32_t k = 0; k < root; k++)
        if (heap_holds_get(matters, s->number[s->order[k]])) put(s, s->order[k], blocks, out);
    return HEAP_OK;
}

static enum heap_status find(struct siblings *s, bool blocks, struct heap_cycles *out)
{
    s->split = heap_new_zeroed(heap_holds_words(s->walk->count), sizeof *s->split);
    s->settled = heap_new_zeroed(heap_holds_words(s->walk->count), sizeof *s->settled);
    if (!s->split || !s->settled) return HEAP_NO_MEMORY;
    if (!mark(s) || !count(s, blocks)) return HEAP_OK;
    enum heap_status status = allocate(s);
    if (status != HEAP_OK) return status;
    list(s, blocks);
    chain(s);
    rewrite_all(s);
    free_search(s);
    if ((status = sort(s)) != HEAP_OK) return status;
    hang(s);
    return put_all(s, blocks, out);
}

enum heap_status heap_cycles_find(struct heap_walk *w, struct heap_reverse *r, const uint32_t *idom,
                                  const uint32_t *rep, struct heap_cycles *out,
                                  struct heap_steps *steps)
{
    struct siblings s = { .walk = w, .reverse = r, .idom = idom, .rep = rep, .steps = steps };
    const struct heap_blocks *blocks = w->g->blocks;
    *out = (struct heap_cycles){ 0 };
    enum heap_status status = find(&s, blocks && blocks->n > 0, out);
    free_search(&s);
    heap_free(s.settled);
    heap_free(s.number);
    heap_free(s.next);
    heap_free(s.tree);
    heap_free(s.order);
    if (status != HEAP_OK) heap_cycles_free(out);
    return status;
}

void heap_cycles_free(struct heap_cycles *c)
{
    heap_free(c->number);
    heap_free(c->into);
    *c = (struct heap_cycles){ 0 };
}
