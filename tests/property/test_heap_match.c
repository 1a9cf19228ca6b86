/* SPDX-License-Identifier: MIT */
/*
 * Matching and growth against their definitions written down literally, object by object, on
 * pairs of small random graphs of which the second grew out of the first: edges and objects
 * come and go, identities stay, are used again by other objects, or are new.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include "cu.h"
#include "heap/match.h"
#include "heap_random.h"

#define PAIRS 20000u
#define ROWS (SMALL_NODES + 2)
#define TYPES 3u
#define NAMES 8u

static uint64_t failing_seed;

#define WANT(cond)                                                                                 \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            printf("  pair with seed %" PRIu64 ": ", failing_seed);                                \
            CHECK(cond);                                                                           \
            return;                                                                                \
        }                                                                                          \
    } while (0)

/* A graph, its analysis, and the columns that matching needs, by row. */
struct snapshot {
    struct small small;
    struct heap_analysis analysis;
    uint64_t id[SMALL_NODES];       /* by node */
    uint32_t kind[SMALL_NODES];
    uint64_t shallow[ROWS], native[ROWS], identity[ROWS], step[ROWS], check[ROWS];
    uint32_t type[ROWS];
    struct heap_side side;
};

static void fill_columns(struct snapshot *s, uint64_t *seed)
{
    const struct heap_analysis *a = &s->analysis;
    const struct heap_graph *g = &s->small.graph;
    for (uint32_t row = 0; row < a->n_rows; row++) {
        uint32_t v = a->node[row];
        bool none = v == HEAP_NONE;
        s->type[row] = none ? HEAP_NONE : s->kind[v];
        s->shallow[row] = none ? 0 : g->shallow[v];
        s->native[row] = none || !g->native ? 0 : g->native[v];
        s->identity[row] = none ? 0 : s->id[v];
        s->step[row] = none ? 0 : 10 * s->kind[v] + s->id[v] % 2;
        s->check[row] = random_below(seed, 8) ? 0 : 1 + random_below(seed, 2);
    }
    s->side = (struct heap_side){ .n_rows = a->n_rows, .garbage_root = a->garbage_root,
                                  .last = a->last, .dominator = a->dominator,
                                  .parent = random_below(seed, 8) ? a->parent : NULL,
                                  .type = s->type, .shallow_size = s->shallow,
                                  .retained_size = a->retained_size, .identity = s->identity,
                                  .native_size = g->native ? s->native : NULL,
                                  .retained_native = a->retained_native, .step = s->step,
                                  .check = random_below(seed, 4) ? NULL : s->check };
}

static bool first_snapshot(struct snapshot *s, uint64_t *seed)
{
    small_random(&s->small, seed);
    s->small.graph.blocks = NULL; /* who compares counts shared memory to one object each */
    for (uint32_t v = 0; v < SMALL_NODES; v++) {
        s->id[v] = 100 + v;
        s->kind[v] = random_below(seed, TYPES);
    }
    return heap_analyse(&s->small.graph, HEAP_WANT_PATHS, 1, &s->analysis) == HEAP_OK;
}

/* The second graph has the objects of the first, or fewer, or more; most edges lead where they
 * led. */
static bool second_snapshot(struct snapshot *b, const struct snapshot *a, uint64_t *seed)
{
    const struct heap_graph *from = &a->small.graph;
    struct small *s = &b->small;
    memset(s, 0, sizeof *s);
    uint32_t n = random_below(seed, SMALL_NODES) + 1, m = 0;
    if (random_below(seed, 2) && from->n) n = from->n;
    for (uint32_t v = 0; v < n; v++) {
        bool old = v < from->n;
        for (uint64_t e = old ? from->off[v] : 0; old && e < from->off[v + 1]; e++)
            if (from->target[e] < n && m < SMALL_EDGES && random_below(seed, 10))
                s->target[m++] = from->target[e];
        for (uint32_t k = random_below(seed, old ? 2 : 4); k > 0 && m < SMALL_EDGES; k--)
            s->target[m++] = random_below(seed, n);
        s->off[v + 1] = m;
        bool same = old && random_below(seed, 8);
        s->shallow[v] = same ? from->shallow[v] : random_below(seed, 50);
        s->native[v] = same ? a->small.native[v] : random_below(seed, 3) * 2500;
        b->id[v] = old && random_below(seed, 8) ? a->id[v] : 100 + random_below(seed, 40);
        b->kind[v] = old && random_below(seed, 8) ? a->kind[v] : random_below(seed, TYPES);
    }
    uint32_t n_roots = 0;
    for (uint32_t i = 0; i < from->n_roots; i++)
        if (from->root[i] < n) s->root[n_roots++] = from->root[i];
    if (random_below(seed, 2)) s->root[n_roots++] = random_below(seed, n);
    s->graph = (struct heap_graph){ .n = n, .off = s->off, .target = s->target, .root = s->root,
                                    .n_roots = n_roots, .shallow = s->shallow,
                                    .native = from->native ? s->native : NULL };
    return heap_analyse(&s->graph, HEAP_WANT_PATHS, 1, &b->analysis) == HEAP_OK;
}

/* The definition */

struct truth {
    const struct heap_side *a, *b;
    const struct heap_match_options *o;
    uint32_t b_to_a[ROWS], a_to_b[ROWS];
    bool moved[ROWS], replaced[ROWS]; /* rows of B */
    struct heap_owner owner[ROWS]; /* by owner's row of B, before any grouping */
    bool changed[ROWS];
};

static bool is_virtual(const struct heap_side *s, uint32_t row)
{
    return row == 0 || row == s->garbage_root;
}

static bool same_by_rule(const struct truth *t, uint32_t x, uint32_t y)
{
    const struct heap_side *a = t->a, *b = t->b;
    if (a->check && b->check && a->check[x] && b->check[y] && a->check[x] != b->check[y])
        return false;
    if (t->o->mode == HEAP_MATCH_ID) return true;
    return a->type[x] == b->type[y] &&
           (t->o->resizable[a->type[x]] || a->shallow_size[x] == b->shallow_size[y]);
}

static uint32_t first_of_identity(const struct truth *t, uint64_t identity)
{
    for (uint32_t x = 0; x < t->a->n_rows; x++)
        if (!is_virtual(t->a, x) && t->a->identity[x] == identity) return x;
    return HEAP_NONE;
}

/* What a caller might find in the references: here a rule that is as good as any. */
static bool held_rule(void *opaque, uint32_t x, uint32_t y, const uint32_t *a_to_b,
                      const uint32_t *b_to_a)
{
    const struct truth *t = opaque;
    uint32_t before = t->a->parent[x];
    (void)b_to_a;
    return before != HEAP_NONE && a_to_b[before] != HEAP_NONE && (t->b->identity[y] + x) % 3 == 0;
}

/* The same place to hang: a matched dominator, and below the live root a matched way there. */
static bool hangs_alike(const struct truth *t, uint32_t x, uint32_t y)
{
    if (t->b_to_a[t->b->dominator[y]] != t->a->dominator[x]) return false;
    if (!t->o->held || t->b->dominator[y] != 0 || !t->a->parent || !t->b->parent) return true;
    uint32_t p = t->a->parent[x], q = t->b->parent[y];
    if (p == 0 || q == 0) return p == q;
    return t->a->identity[p] == t->b->identity[q];
}

static bool held_again(const struct truth *t, uint32_t x, uint32_t y)
{
    uint32_t p = t->a->parent[x], q = t->b->parent[y];
    if (p != HEAP_NONE && q != HEAP_NONE && p != 0 && q != 0 && t->b_to_a[q] == p) return true;
    return t->o->held(t->o->opaque, x, y, t->a_to_b, t->b_to_a);
}

/* Rows of B in order, again and again, until nothing more is found. */
static void define_again(struct truth *t)
{
    bool found = t->o->held && t->o->mode != HEAP_MATCH_SIGNATURE && t->a->parent && t->b->parent;
    while (found) {
        found = false;
        for (uint32_t y = 0; y < t->b->n_rows; y++) {
            if (!t->moved[y] || t->b_to_a[t->b->dominator[y]] == HEAP_NONE) continue;
            uint32_t x = first_of_identity(t, t->b->identity[y]);
            if (t->a_to_b[x] != HEAP_NONE || t->a_to_b[t->a->dominator[x]] == HEAP_NONE) continue;
            if ((x < t->a->garbage_root) != (y < t->b->garbage_root)) continue;
            if (!hangs_alike(t, x, y) && !held_again(t, x, y)) continue;
            t->b_to_a[y] = x;
            t->a_to_b[x] = y;
            t->moved[y] = false;
            found = true;
        }
    }
}

static uint64_t name_rule(void *opaque, bool in_b, uint32_t row, const uint32_t *matched)
{
    const struct truth *t = opaque;
    const struct heap_side *s = in_b ? t->b : t->a;
    return matched[row] == HEAP_NONE ? s->identity[row] % NAMES : 99;
}

static bool is_top(const struct heap_side *s, const uint32_t *match, uint32_t row)
{
    return match[row] == HEAP_NONE && match[s->dominator[row]] != HEAP_NONE;
}

/* The k-th topmost unmatched row of a side that has a name. */
static uint32_t kth_named(struct truth *t, bool in_b, const bool *top, uint64_t name, uint32_t k)
{
    const struct heap_side *s = in_b ? t->b : t->a;
    for (uint32_t x = 0; x < s->n_rows; x++)
        if (top[x] && s->identity[x] % NAMES == name && k-- == 0) return x;
    return HEAP_NONE;
}

static bool define_named(struct truth *t)
{
    bool top_a[ROWS] = { false }, top_b[ROWS] = { false }, found = false;
    for (uint32_t x = 0; x < t->a->n_rows; x++) top_a[x] = is_top(t->a, t->a_to_b, x);
    for (uint32_t y = 0; y < t->b->n_rows; y++) top_b[y] = is_top(t->b, t->b_to_a, y);
    for (uint64_t name = 1; name < NAMES; name++)
        for (uint32_t k = 0; k < ROWS; k++) {
            uint32_t x = kth_named(t, false, top_a, name, k);
            uint32_t y = kth_named(t, true, top_b, name, k);
            if (x == HEAP_NONE || y == HEAP_NONE || t->a->type[x] != t->b->type[y]) continue;
            if ((x < t->a->garbage_root) != (y < t->b->garbage_root)) continue;
            t->b_to_a[y] = x;
            t->a_to_b[x] = y;
            found = true;
        }
    return found;
}

static bool is_worth(const struct heap_side *s, uint32_t row)
{
    return s->last[row] != row || (s->native_size && s->native_size[row] >= HEAP_PLACE_MIN);
}

/* Is one of the next objects up the path, all of them successors, of the same type? */
static bool hangs_in_link(const struct truth *t, bool in_b, uint32_t row)
{
    const struct heap_side *s = in_b ? t->b : t->a;
    uint32_t x = row;
    for (int i = 0; s->parent && i < HEAP_PLACE_CLIMB; i++) {
        x = s->parent[x];
        if (x == HEAP_NONE || is_virtual(s, x)) return false;
        uint32_t y = in_b ? x : t->a_to_b[x];
        if (y == HEAP_NONE || !t->replaced[y]) return false;
        if (s->type[x] == s->type[row]) return true;
    }
    return false;
}

/* What took the place of another object: a name that one topmost row of each side has. */
static bool define_places(struct truth *t)
{
    bool top_a[ROWS] = { false }, top_b[ROWS] = { false }, found = false;
    for (uint32_t x = 0; x < t->a->n_rows; x++) top_a[x] = is_top(t->a, t->a_to_b, x);
    for (uint32_t y = 0; y < t->b->n_rows; y++) top_b[y] = is_top(t->b, t->b_to_a, y);
    for (uint64_t name = 1; name < NAMES; name++) {
        uint32_t x = kth_named(t, false, top_a, name, 0), y = kth_named(t, true, top_b, name, 0);
        if (x == HEAP_NONE || y == HEAP_NONE || t->a->type[x] != t->b->type[y] ||
            kth_named(t, false, top_a, name, 1) != HEAP_NONE ||
            kth_named(t, true, top_b, name, 1) != HEAP_NONE ||
            (!is_worth(t->a, x) && !is_worth(t->b, y)) ||
            hangs_in_link(t, false, x) || hangs_in_link(t, true, y) ||
            (x < t->a->garbage_root) != (y < t->b->garbage_root))
            continue;
        t->b_to_a[y] = x;
        t->a_to_b[x] = y;
        t->moved[y] = false;
        t->replaced[y] = found = true;
    }
    return found;
}

/* The rows below a dominator with a step that have no match yet; their number. */
static uint32_t free_children(const struct heap_side *s, const uint32_t *match, uint32_t dominator,
                              uint64_t step, uint32_t rows[ROWS])
{
    uint32_t n = 0;
    for (uint32_t x = 0; x < s->n_rows; x++)
        if (!is_virtual(s, x) && s->dominator[x] == dominator && s->step[x] == step &&
            match[x] == HEAP_NONE)
            rows[n++] = x;
    return n;
}

static uint64_t apart(const struct truth *t, uint32_t x, uint32_t y)
{
    uint64_t a = t->a->retained_size[x], b = t->b->retained_size[y];
    return a > b ? a - b : b - a;
}

/* Where each has its partner in the longer list: as near in size as it goes from there on, without
 * leaving too few for those after it. */
static void define_nearest(struct truth *t, uint32_t d, uint32_t e, uint64_t step)
{
    uint32_t xs[ROWS], ys[ROWS], n = free_children(t->a, t->a_to_b, d, step, xs);
    uint32_t m = free_children(t->b, t->b_to_a, e, step, ys), few = n < m ? n : m;
    uint32_t many = n < m ? m : n, k = 0;
    for (uint32_t i = 0; i < few; i++, k++) {
        while (many - k > few - i) {
            uint64_t here = n < m ? apart(t, xs[i], ys[k]) : apart(t, xs[k], ys[i]);
            uint64_t next = n < m ? apart(t, xs[i], ys[k + 1]) : apart(t, xs[k + 1], ys[i]);
            if (next > here) break;
            k++;
        }
        uint32_t x = n < m ? xs[i] : xs[k], y = n < m ? ys[k] : ys[i];
        t->b_to_a[y] = x;
        t->a_to_b[x] = y;
    }
}

/* Siblings of one step that have no match yet, below what has: those of one size, then the rest. */
static void define_siblings(struct truth *t)
{
    for (uint32_t e = 0; e < t->b->n_rows; e++) {
        uint32_t d = t->b_to_a[e], xs[ROWS];
        for (uint32_t y = 0; d != HEAP_NONE && y < t->b->n_rows; y++) {
            if (is_virtual(t->b, y) || t->b->dominator[y] != e || t->b_to_a[y] != HEAP_NONE)
                continue;
            uint32_t n = free_children(t->a, t->a_to_b, d, t->b->step[y], xs), i = 0;
            while (i < n && apart(t, xs[i], y) != 0) i++;
            if (i == n) continue;
            t->b_to_a[y] = xs[i];
            t->a_to_b[xs[i]] = y;
        }
        for (uint32_t y = 0; d != HEAP_NONE && y < t->b->n_rows; y++)
            if (!is_virtual(t->b, y) && t->b->dominator[y] == e && t->b_to_a[y] == HEAP_NONE)
                define_nearest(t, d, e, t->b->step[y]);
    }
}

static void define_matches(struct truth *t)
{
    memset(t->b_to_a, 0xff, sizeof t->b_to_a);
    memset(t->a_to_b, 0xff, sizeof t->a_to_b);
    for (uint32_t y = 0; y < t->b->n_rows; y++) {
        uint32_t x = HEAP_NONE;
        if (is_virtual(t->b, y)) {
            x = y == 0 ? 0 : t->a->garbage_root;
        } else if (t->o->mode == HEAP_MATCH_SIGNATURE) {
            continue; /* below, from dominator to dominator */
        } else {
            x = first_of_identity(t, t->b->identity[y]);
            if (x == HEAP_NONE || t->a_to_b[x] != HEAP_NONE || !same_by_rule(t, x, y)) continue;
            if (!hangs_alike(t, x, y)) {
                t->moved[y] = true;
                continue;
            }
        }
        if (x == HEAP_NONE) continue;
        t->b_to_a[y] = x;
        t->a_to_b[x] = y;
    }
    if (t->o->mode == HEAP_MATCH_SIGNATURE)
        define_siblings(t);
    else
        define_again(t);
    while (t->o->name && t->o->mode == HEAP_MATCH_SIGNATURE && define_named(t)) define_siblings(t);
    while (t->o->name && t->o->mode != HEAP_MATCH_SIGNATURE && define_places(t)) define_again(t);
}

static uint32_t literal_holder(const struct heap_side *s, const uint32_t *match, uint32_t top)
{
    if (!s->parent) return HEAP_NONE;
    for (uint32_t x = s->parent[top]; x != HEAP_NONE && !is_virtual(s, x); x = s->parent[x])
        if (match[x] != HEAP_NONE) return x;
    return HEAP_NONE;
}

/* The owner of any unmatched object: up to the first matched dominator, and from a top below a
 * virtual root (or any top) along the shortest path. *top is the last unmatched one on the way. */
static uint32_t literal_owner(const struct heap_side *s, const uint32_t *match, bool to_holders,
                              uint32_t row, uint32_t *top)
{
    for (; match[s->dominator[row]] == HEAP_NONE; row = s->dominator[row]) {}
    *top = row;
    uint32_t d = s->dominator[row], holder;
    if (!is_virtual(s, d) && !to_holders) return d;
    holder = literal_holder(s, match, row);
    return holder == HEAP_NONE ? d : holder;
}

static void add_one(struct heap_amount *to, const struct heap_side *s, uint32_t row)
{
    to->count++;
    to->shallow_size += s->shallow_size[row];
    if (s->native_size) to->native_size += s->native_size[row];
}

static void define_growth(struct truth *t)
{
    for (uint32_t y = 0; y < t->b->n_rows; y++) {
        uint32_t x = t->b_to_a[y], top;
        if (x != HEAP_NONE) {
            struct heap_owner *o = &t->owner[y];
            o->resized_shallow = (int64_t)(t->b->shallow_size[y] - t->a->shallow_size[x]);
            if (t->b->native_size)
                o->resized_native = (int64_t)(t->b->native_size[y] - t->a->native_size[x]);
            t->changed[y] |= o->resized_shallow || o->resized_native;
            continue;
        }
        uint32_t owner = literal_owner(t->b, t->b_to_a, t->o->to_holders, y, &top);
        t->changed[owner] = true;
        add_one(&t->owner[owner].added, t->b, y);
        if (t->moved[y]) add_one(&t->owner[owner].moved, t->b, y);
        if (t->b->dominator[top] != owner) add_one(&t->owner[owner].shared, t->b, y);
    }
    for (uint32_t x = 0; x < t->a->n_rows; x++) {
        uint32_t top;
        if (t->a_to_b[x] != HEAP_NONE) continue;
        uint32_t owner = t->a_to_b[literal_owner(t->a, t->a_to_b, t->o->to_holders,
                                                x, &top)];
        t->changed[owner] = true;
        add_one(&t->owner[owner].removed, t->a, x);
    }
}

/* The checks */

static bool same_amount(struct heap_amount x, struct heap_amount y)
{
    return x.count == y.count && x.shallow_size == y.shallow_size && x.native_size == y.native_size;
}

static void sum_amount(struct heap_amount *to, struct heap_amount x)
{
    to->count += x.count;
    to->shallow_size += x.shallow_size;
    to->native_size += x.native_size;
}

static void check_line(const struct truth *t, const struct heap_owner *got, const uint64_t *hash)
{
    struct heap_owner want = { 0 };
    for (uint32_t y = 0; y < t->b->n_rows; y++) {
        bool in = hash ? hash[y] == hash[got->b_row] : y == got->b_row;
        if (!in || !t->changed[y]) continue;
        const struct heap_owner *o = &t->owner[y];
        uint32_t x = t->b_to_a[y];
        want.n_owners++;
        sum_amount(&want.added, o->added);
        sum_amount(&want.removed, o->removed);
        sum_amount(&want.shared, o->shared);
        sum_amount(&want.moved, o->moved);
        want.resized_shallow += o->resized_shallow;
        want.resized_native += o->resized_native;
        want.retained_delta += (int64_t)(t->b->retained_size[y] - t->a->retained_size[x]);
    }
    WANT(t->changed[got->b_row] && t->b_to_a[got->b_row] == got->a_row);
    WANT(got->n_owners == want.n_owners && got->retained_delta == want.retained_delta);
    WANT(same_amount(got->added, want.added) && same_amount(got->removed, want.removed));
    WANT(same_amount(got->shared, want.shared) && same_amount(got->moved, want.moved));
    WANT(got->resized_shallow == want.resized_shallow);
    WANT(got->resized_native == want.resized_native);
}

/* Clusters of a line add up to it, have no two alike, and name tops that belong to them. */
static void check_clusters(const struct truth *t, const struct heap_match *m, uint32_t line)
{
    const struct heap_owner *o = &m->owners[line];
    struct heap_amount added = { 0 }, removed = { 0 };
    for (uint32_t i = o->first_cluster; i < o->first_cluster + o->n_clusters; i++) {
        const struct heap_cluster *c = &m->clusters[i];
        WANT(i < m->n_clusters && c->owner == line);
        sum_amount(&added, c->added);
        sum_amount(&removed, c->removed);
        WANT((c->tops_added == 0) == (c->example_b == HEAP_NONE));
        WANT((c->tops_removed == 0) == (c->example_a == HEAP_NONE));
        if (c->example_b != HEAP_NONE) {
            uint32_t y = c->example_b;
            WANT(t->b_to_a[y] == HEAP_NONE && t->b_to_a[t->b->dominator[y]] != HEAP_NONE);
            WANT(t->b->type[y] == c->type && t->b->step[y] == c->step);
            WANT(c->holder == literal_holder(t->b, t->b_to_a, y));
        }
        for (uint32_t j = o->first_cluster; j < i; j++)
            WANT(m->clusters[j].type != c->type || m->clusters[j].step != c->step);
    }
    WANT(same_amount(added, o->added) && same_amount(removed, o->removed));
}

static void check_match(const struct truth *t, const struct heap_match *m)
{
    uint64_t hash[ROWS];
    bool grouped = t->o->group == HEAP_GROUP_SIGNATURE;
    WANT(memcmp(m->b_to_a, t->b_to_a, t->b->n_rows * sizeof *m->b_to_a) == 0);
    WANT(memcmp(m->a_to_b, t->a_to_b, t->a->n_rows * sizeof *m->a_to_b) == 0);
    for (uint32_t y = 0; y < t->b->n_rows; y++) {
        uint32_t x = t->b_to_a[y];
        WANT((m->replaced_b && heap_holds_get(m->replaced_b, y)) == t->replaced[y]);
        WANT(!t->replaced[y] || heap_holds_get(m->replaced_a, x));
    }
    heap_path_hashes(t->b, hash);
    int64_t growth = 0;
    uint32_t owners = 0, clusters = 0, changed = 0;
    for (uint32_t i = 0; i < m->n_owners; i++) {
        check_line(t, &m->owners[i], grouped ? hash : NULL);
        check_clusters(t, m, i);
        growth += heap_owner_growth(&m->owners[i]);
        owners += m->owners[i].n_owners;
        clusters += m->owners[i].n_clusters;
        WANT(i == 0 ||
             heap_owner_growth(&m->owners[i - 1]) >= heap_owner_growth(&m->owners[i]));
    }
    for (uint32_t y = 0; y < t->b->n_rows; y++) changed += t->changed[y];
    WANT(owners == changed && clusters == m->n_clusters);
    uint64_t size_a = t->a->retained_size[0] + t->a->retained_size[t->a->garbage_root];
    uint64_t size_b = t->b->retained_size[0] + t->b->retained_size[t->b->garbage_root];
    if (t->a->native_size) {
        size_a += t->a->retained_native[0] + t->a->retained_native[t->a->garbage_root];
        size_b += t->b->retained_native[0] + t->b->retained_native[t->b->garbage_root];
    }
    WANT(growth == (int64_t)(size_b - size_a));
}

static void test_random(void)
{
    uint64_t seed = 77;
    uint64_t matched = 0, shared = 0, moved = 0, replaced = 0;
    unsigned failed = CU_get_number_of_failures();
    for (uint32_t i = 0; i < PAIRS && CU_get_number_of_failures() == failed; i++) {
        static struct snapshot a, b;
        static struct truth t;
        struct heap_match m;
        failing_seed = seed;
        const uint8_t resizable[TYPES] = { 0, 1, (uint8_t)random_below(&seed, 2) };
        const struct heap_match_options o = {
            .mode = (enum heap_match_mode)random_below(&seed, 3),
            .group = (enum heap_group_mode)random_below(&seed, 2),
            .n_types = TYPES, .resizable = resizable, .to_holders = random_below(&seed, 2),
            .held = random_below(&seed, 2) ? held_rule : NULL,
            .name = random_below(&seed, 2) ? name_rule : NULL, .opaque = &t
        };
        if (!CHECK(first_snapshot(&a, &seed) && second_snapshot(&b, &a, &seed))) return;
        fill_columns(&a, &seed);
        fill_columns(&b, &seed);
        memset(&t, 0, sizeof t);
        t.a = &a.side;
        t.b = &b.side;
        t.o = &o;
        define_matches(&t);
        define_growth(&t);
        if (!CHECK(heap_match_compute(t.a, t.b, &o, &m) == HEAP_OK)) return;
        check_match(&t, &m);
        for (uint32_t y = 1; y < t.b->n_rows; y++) {
            matched += t.b_to_a[y] != HEAP_NONE;
            moved += t.moved[y];
            replaced += t.replaced[y];
        }
        for (uint32_t k = 0; k < m.n_owners; k++) shared += m.owners[k].shared.count;
        heap_match_free(&m);
        heap_analysis_free(&a.analysis);
        heap_analysis_free(&b.analysis);
    }
    printf("  %u pairs: %" PRIu64 " objects matched, %" PRIu64 " shared, %" PRIu64 " moved, %" PRIu64
           " replaced ", PAIRS, matched, shared, moved, replaced);
    CHECK(matched > PAIRS && shared > PAIRS / 4 && moved > PAIRS / 4 && replaced > PAIRS / 40);
}

/* Columns as a damaged database may hold them: any numbers, parents that run in circles. The answer
 * may be wrong, but it comes, and only rows that exist are touched (which the sanitizers watch). */
static void damage(struct heap_side *s, uint32_t *column, uint64_t *seed)
{
    const uint32_t *const source[] = { s->last, s->dominator, s->parent, s->type };
    const uint32_t **const target[] = { &s->last, &s->dominator, &s->parent, &s->type };
    uint32_t which = random_below(seed, 4), hits = 1 + random_below(seed, 6);
    if (!source[which]) return;
    memcpy(column, source[which], s->n_rows * sizeof *column);
    for (; hits > 0; hits--)
        column[random_below(seed, s->n_rows)] =
            random_below(seed, 8) ? random_below(seed, s->n_rows) : random_below(seed, 4) - 2;
    *target[which] = column;
}

static void test_damaged(void)
{
    uint64_t seed = 99;
    unsigned refused = 0, answered = 0;
    for (uint32_t i = 0; i < PAIRS; i++) {
        static struct snapshot a, b;
        uint32_t column[3][ROWS];
        struct heap_match m;
        const struct heap_match_options o = {
            .mode = (enum heap_match_mode)random_below(&seed, 3),
            .group = (enum heap_group_mode)random_below(&seed, 2), .n_types = TYPES
        };
        if (!CHECK(first_snapshot(&a, &seed) && second_snapshot(&b, &a, &seed))) return;
        fill_columns(&a, &seed);
        fill_columns(&b, &seed);
        damage(&a.side, column[0], &seed);
        damage(&b.side, column[1], &seed);
        if (random_below(&seed, 8) == 0) b.side.garbage_root = random_below(&seed, ROWS + 2);
        enum heap_status status = heap_match_compute(&a.side, &b.side, &o, &m);
        if (status == HEAP_OK) heap_match_free(&m);
        refused += status == HEAP_BAD_GRAPH;
        answered += status == HEAP_OK;
        heap_analysis_free(&a.analysis);
        heap_analysis_free(&b.analysis);
    }
    CHECK_U64(refused + answered, PAIRS);
    CHECK(refused > PAIRS / 4 && answered > PAIRS / 16);
    printf("  %u refused, %u answered ", refused, answered);
}

CU_MAIN("heap matching against its definition", { "random pairs", test_random },
        { "damaged columns", test_damaged })
