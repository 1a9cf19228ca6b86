/* SPDX-License-Identifier: MIT */
/*
 * Growth by owner on random trees of which the second is made from the first by a list of known
 * changes, so that what matches is known without matching: owners, holders, other ways (`beside`),
 * places, lines and what stands for them, clusters and their examples, orders, native sizes.
 * And what names are asked about where there are more of them than are looked at.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "cu.h"
#include "heap/match.h"
#include "heap_random.h"

#define ROWS  220u
#define TYPES 4u
#define PAIRS 6000u

static uint64_t failing_seed;

#define WANT(cond)                                                                                 \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            printf("  pair with seed %" PRIu64 ": ", failing_seed);                                \
            CHECK(cond);                                                                           \
            return;                                                                                \
        }                                                                                          \
    } while (0)

struct tree {
    uint32_t n, garbage_root;
    uint32_t last[ROWS], dominator[ROWS], parent[ROWS], type[ROWS];
    uint64_t shallow[ROWS], native[ROWS], retained[ROWS], retained_native[ROWS];
    uint64_t identity[ROWS], step[ROWS];
    struct heap_side side;
};

static uint64_t next_identity;

static uint32_t add_row(struct tree *t, uint32_t dominator, uint64_t identity, uint64_t *seed)
{
    uint32_t row = t->n++;
    t->dominator[row] = dominator;
    t->identity[row] = identity ? identity : ++next_identity;
    t->type[row] = dominator == HEAP_NONE ? HEAP_NONE : random_below(seed, TYPES);
    t->step[row] = random_below(seed, 3);
    t->shallow[row] = dominator == HEAP_NONE ? 0 : random_below(seed, 5) * 16;
    t->native[row] = dominator == HEAP_NONE ? 0 : random_below(seed, 2) * 100;
    return row;
}

/* Ranges and sums, and a parent for every live row: a row before it below the same dominator. */
static void close_tree(struct tree *t, bool native, bool parents, uint64_t *seed)
{
    for (uint32_t row = 0; row < t->n; row++) {
        uint32_t d = t->dominator[row];
        t->last[row] = row;
        t->retained[row] = t->shallow[row];
        t->retained_native[row] = t->native[row];
        t->parent[row] = HEAP_NONE;
        if (d == HEAP_NONE || row > t->garbage_root) continue;
        t->parent[row] = d + random_below(seed, row - d);
        if (d == 0 && random_below(seed, 3) == 0) t->parent[row] = 0;
    }
    for (uint32_t row = t->n; row-- > 0;) {
        uint32_t d = t->dominator[row];
        if (d == HEAP_NONE) continue;
        if (t->last[row] > t->last[d]) t->last[d] = t->last[row];
        t->retained[d] += t->retained[row];
        t->retained_native[d] += t->retained_native[row];
    }
    t->side = (struct heap_side){ .n_rows = t->n, .garbage_root = t->garbage_root,
                                  .last = t->last, .dominator = t->dominator,
                                  .parent = parents ? t->parent : NULL, .type = t->type,
                                  .shallow_size = t->shallow, .retained_size = t->retained,
                                  .native_size = native ? t->native : NULL,
                                  .retained_native = native ? t->retained_native : NULL,
                                  .identity = t->identity, .step = t->step };
}

static void random_rows(struct tree *t, uint32_t root, uint32_t n, uint64_t *seed)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t d = t->n - 1;
        for (uint32_t up = random_below(seed, 4); up > 0 && d != root; up--) d = t->dominator[d];
        add_row(t, d, 0, seed);
    }
}

static void first_tree(struct tree *t, uint64_t *seed)
{
    t->n = 0;
    add_row(t, HEAP_NONE, 0, seed);
    random_rows(t, 0, random_below(seed, 50), seed);
    t->garbage_root = add_row(t, HEAP_NONE, 0, seed);
    random_rows(t, t->garbage_root, random_below(seed, 12), seed);
}

/* B from A: subtrees go, sizes change, new subtrees hang below what is there. match[] is the truth:
 * the row of A for every row of B. */
static void second_tree(struct tree *b, const struct tree *a, uint32_t *match, uint64_t *seed)
{
    uint32_t to_b[ROWS];
    b->n = 0;
    for (uint32_t x = 0; x < a->n; x++) {
        uint32_t d = a->dominator[x];
        if (d != HEAP_NONE && (to_b[d] == HEAP_NONE || random_below(seed, 9) == 0)) {
            to_b[x] = HEAP_NONE; /* gone with its dominator, or now */
            continue;
        }
        uint32_t y = add_row(b, d == HEAP_NONE ? HEAP_NONE : to_b[d], a->identity[x], seed);
        match[y] = x;
        to_b[x] = y;
        b->type[y] = a->type[x];
        b->step[y] = a->step[x];
        if (random_below(seed, 8)) {
            b->shallow[y] = a->shallow[x];
            b->native[y] = a->native[x];
        }
        if (x == a->garbage_root) b->garbage_root = y;
        for (uint32_t k = random_below(seed, 3); k > 0 && b->n < ROWS - 80; k--) {
            uint32_t top = add_row(b, y, 0, seed);
            match[top] = HEAP_NONE;
            for (uint32_t below = random_below(seed, 3); below > 0; below--)
                match[add_row(b, top, 0, seed)] = HEAP_NONE;
        }
    }
}

/* ---- the definition ---- */

struct truth {
    const struct tree *a, *b;
    const struct heap_match_options *o;
    uint32_t b_to_a[ROWS], a_to_b[ROWS];
};

/* Another way to hold: some row, matched or not, virtual or not, there or not. */
static uint32_t beside_rule(void *opaque, bool in_b, uint32_t row, const uint32_t *matched)
{
    const struct truth *t = opaque;
    const struct tree *s = in_b ? t->b : t->a;
    (void)matched;
    uint32_t answer = (uint32_t)(s->identity[row] * 7 % (s->n + 6));
    return answer >= s->n + 3 ? HEAP_NONE : answer;
}

static uint64_t place_rule(void *opaque, bool in_b, uint32_t row)
{
    const struct truth *t = opaque;
    return (in_b ? t->b : t->a)->identity[row] % 4; /* 0 among them: the line of the root */
}

struct verdict {
    uint32_t owner; /* a row of its own side */
    uint64_t place;
    bool beside;
};

static bool is_virtual(const struct tree *s, uint32_t row)
{
    return row == 0 || row == s->garbage_root;
}

static bool is_top(const struct tree *s, const uint32_t *match, uint32_t row)
{
    return match[row] == HEAP_NONE && match[s->dominator[row]] != HEAP_NONE;
}

/* The first matched row up the shortest path. */
static uint32_t plain_holder(const struct tree *s, const uint32_t *match, uint32_t top)
{
    for (uint32_t x = s->parent[top]; s->side.parent && x != HEAP_NONE && !is_virtual(s, x);
         x = s->parent[x])
        if (match[x] != HEAP_NONE) return x;
    return HEAP_NONE;
}

/* What holds a top of the live root by another way; HEAP_NONE: nothing, or it is not asked about.
 */
static uint32_t other_way(const struct truth *t, bool in_b, uint32_t top)
{
    const struct tree *s = in_b ? t->b : t->a;
    const uint32_t *match = in_b ? t->b_to_a : t->a_to_b;
    if (!t->o->beside || !s->side.parent || s->dominator[top] != 0) return HEAP_NONE;
    if (plain_holder(s, match, top) != HEAP_NONE) return HEAP_NONE;
    uint32_t by = t->o->beside(t->o->opaque, in_b, top, match);
    return by < s->n && !is_virtual(s, by) && match[by] != HEAP_NONE ? by : HEAP_NONE;
}

/* The same where tops on the way count as what holds them by another way. */
static uint32_t holder(const struct truth *t, bool in_b, uint32_t top)
{
    const struct tree *s = in_b ? t->b : t->a;
    const uint32_t *match = in_b ? t->b_to_a : t->a_to_b;
    for (uint32_t x = s->parent[top]; s->side.parent && x != HEAP_NONE && !is_virtual(s, x);
         x = s->parent[x]) {
        if (match[x] != HEAP_NONE) return x;
        if (is_top(s, match, x) && other_way(t, in_b, x) != HEAP_NONE)
            return other_way(t, in_b, x);
    }
    return HEAP_NONE;
}

static struct verdict judge(const struct truth *t, bool in_b, uint32_t top)
{
    const struct tree *s = in_b ? t->b : t->a;
    struct verdict v = { .owner = s->dominator[top] };
    uint32_t way = other_way(t, in_b, top);
    if (way != HEAP_NONE) {
        v.owner = way;
        v.beside = true;
    } else if (is_virtual(s, v.owner) || t->o->to_holders) {
        uint32_t held = holder(t, in_b, top);
        if (held != HEAP_NONE) v.owner = held;
    }
    if (v.owner == 0 && t->o->place) v.place = t->o->place(t->o->opaque, in_b, top);
    return v;
}

/* One owner object, before lines. */
struct entry {
    struct heap_owner owner;
    int64_t growth;
};

static void add_subtree(struct heap_amount *to, const struct tree *s, uint32_t top)
{
    for (uint32_t row = top; row <= s->last[top]; row++) {
        to->count++;
        to->shallow_size += s->shallow[row];
        to->native_size += s->side.native_size ? s->native[row] : 0;
    }
}

/* The entry of an owner and place; *n of them. */
static struct heap_owner *entry_of(const struct truth *t, struct entry *entries, uint32_t *n,
                                   uint32_t b_row, uint64_t place)
{
    uint32_t i = 0, a_row = t->b_to_a[b_row];
    while (i < *n && (entries[i].owner.b_row != b_row || entries[i].owner.place != place)) i++;
    if (i < *n) return &entries[i].owner;
    entries[(*n)++].owner = (struct heap_owner){
        .a_row = a_row, .b_row = b_row, .place = place, .n_owners = 1,
        .retained_delta = (int64_t)(t->b->retained[b_row] - t->a->retained[a_row]),
        .retained_native_delta =
            t->b->side.native_size
                ? (int64_t)(t->b->retained_native[b_row] - t->a->retained_native[a_row])
                : 0,
    };
    return &entries[i].owner;
}

static uint32_t define(const struct truth *t, struct entry *entries)
{
    uint32_t n = 0;
    for (uint32_t y = 0; y < t->b->n; y++) {
        uint32_t x = t->b_to_a[y];
        if (x != HEAP_NONE) {
            int64_t shallow = (int64_t)(t->b->shallow[y] - t->a->shallow[x]), native = 0;
            if (t->b->side.native_size) native = (int64_t)(t->b->native[y] - t->a->native[x]);
            if (!shallow && !native) continue;
            struct heap_owner *o = entry_of(t, entries, &n, y, 0);
            o->resized_shallow = shallow;
            o->resized_native = native;
        } else if (is_top(t->b, t->b_to_a, y)) {
            struct verdict v = judge(t, true, y);
            struct heap_owner *o = entry_of(t, entries, &n, v.owner, v.place);
            add_subtree(&o->added, t->b, y);
            if (v.owner != t->b->dominator[y] && !v.beside) add_subtree(&o->shared, t->b, y);
        }
    }
    for (uint32_t x = 0; x < t->a->n; x++) {
        if (t->a_to_b[x] != HEAP_NONE || !is_top(t->a, t->a_to_b, x)) continue;
        struct verdict v = judge(t, false, x);
        add_subtree(&entry_of(t, entries, &n, t->a_to_b[v.owner], v.place)->removed, t->a, x);
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct heap_owner *o = &entries[i].owner;
        entries[i].growth =
            (int64_t)(o->added.shallow_size + o->added.native_size) -
            (int64_t)(o->removed.shallow_size + o->removed.native_size) + o->resized_shallow +
            o->resized_native;
    }
    return n;
}

/* ---- the checks ---- */

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

static bool in_line(const struct heap_owner *line, const struct heap_owner *o, const uint64_t *hash)
{
    if (line->place != o->place) return false;
    return hash ? hash[line->b_row] == hash[o->b_row] : line->b_row == o->b_row;
}

static int64_t size_of(int64_t x)
{
    return x < 0 ? -x : x;
}

/* A line is the sum of its owners; the one that changed most stands for it. */
static void check_line(const struct heap_owner *line, const struct entry *entries, uint32_t n,
                       const uint64_t *hash, uint32_t *owners)
{
    struct heap_owner sum = { .b_row = HEAP_NONE };
    int64_t most = -1;
    for (uint32_t i = 0; i < n; i++) {
        const struct heap_owner *o = &entries[i].owner;
        if (!in_line(line, o, hash)) continue;
        int64_t size = size_of(entries[i].growth);
        if (size > most || (size == most && o->b_row < sum.b_row)) {
            most = size;
            sum.b_row = o->b_row;
            sum.a_row = o->a_row;
        }
        sum.n_owners++;
        sum_amount(&sum.added, o->added);
        sum_amount(&sum.removed, o->removed);
        sum_amount(&sum.shared, o->shared);
        sum.resized_shallow += o->resized_shallow;
        sum.resized_native += o->resized_native;
        sum.retained_delta += o->retained_delta;
        sum.retained_native_delta += o->retained_native_delta;
    }
    *owners += sum.n_owners;
    WANT(line->n_owners == sum.n_owners && sum.n_owners > 0);
    WANT(line->b_row == sum.b_row && line->a_row == sum.a_row);
    WANT(same_amount(line->added, sum.added) && same_amount(line->removed, sum.removed));
    WANT(same_amount(line->shared, sum.shared) && line->moved.count == 0);
    WANT(line->resized_shallow == sum.resized_shallow);
    WANT(line->resized_native == sum.resized_native);
    WANT(line->retained_delta == sum.retained_delta);
    WANT(line->retained_native_delta == sum.retained_native_delta);
}

static uint64_t weight(const struct tree *s, uint32_t row)
{
    return s->retained[row] + (s->side.native_size ? s->retained_native[row] : 0);
}

/* Tops of one side in a cluster: how many, what they hold, the largest. */
static void check_cluster_side(const struct truth *t, const struct heap_match *m,
                               const struct heap_cluster *c, bool in_b, const uint64_t *hash)
{
    const struct tree *s = in_b ? t->b : t->a;
    const uint32_t *match = in_b ? t->b_to_a : t->a_to_b;
    struct heap_amount sum = { 0 };
    uint32_t largest = HEAP_NONE;
    uint64_t tops = 0, alike = 0;
    for (uint32_t row = 0; row < s->n; row++) {
        if (match[row] != HEAP_NONE || !is_top(s, match, row)) continue;
        struct verdict v = judge(t, in_b, row);
        struct heap_owner o = { .b_row = in_b ? v.owner : t->a_to_b[v.owner], .place = v.place };
        if (!in_line(&m->owners[c->owner], &o, hash) || s->type[row] != c->type ||
            s->step[row] != c->step)
            continue;
        tops++;
        for (uint32_t x = row; x <= s->last[row]; x++) alike += s->type[x] == c->type;
        add_subtree(&sum, s, row);
        if (largest == HEAP_NONE || weight(s, row) > weight(s, largest)) largest = row;
    }
    WANT(same_amount(in_b ? c->added : c->removed, sum));
    WANT((in_b ? c->tops_added : c->tops_removed) == tops);
    WANT((in_b ? c->type_added : c->type_removed) == alike);
    WANT((in_b ? c->example_b : c->example_a) == largest);
}

/* Whether a cluster may stand before the next one of its line. */
static bool in_order(const struct heap_cluster *x, const struct heap_cluster *y)
{
    int64_t p = (int64_t)(x->added.shallow_size + x->added.native_size) -
                (int64_t)(x->removed.shallow_size + x->removed.native_size);
    int64_t q = (int64_t)(y->added.shallow_size + y->added.native_size) -
                (int64_t)(y->removed.shallow_size + y->removed.native_size);
    if (p != q) return p > q;
    if (x->example_b != y->example_b) return x->example_b < y->example_b;
    return x->example_a < y->example_a;
}

static void check_clusters(const struct truth *t, const struct heap_match *m, const uint64_t *hash)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < m->n_owners; i++) {
        const struct heap_owner *o = &m->owners[i];
        WANT(o->n_clusters == 0 || o->first_cluster == at);
        for (uint32_t k = 0; k < o->n_clusters; k++, at++) {
            const struct heap_cluster *c = &m->clusters[at];
            WANT(c->owner == i && (k == 0 || in_order(c - 1, c)));
            check_cluster_side(t, m, c, true, hash);
            check_cluster_side(t, m, c, false, hash);
            uint32_t held = HEAP_NONE;
            if (c->example_b != HEAP_NONE) {
                held = other_way(t, true, c->example_b);
                if (held == HEAP_NONE) held = holder(t, true, c->example_b);
            }
            WANT(c->holder == held);
        }
    }
    WANT(at == m->n_clusters);
}

static void check(const struct truth *t, const struct heap_match *m)
{
    static struct entry entries[2 * ROWS];
    uint64_t hash[ROWS];
    uint32_t n = define(t, entries), owners = 0;
    bool grouped = t->o->group == HEAP_GROUP_SIGNATURE;
    WANT(memcmp(m->b_to_a, t->b_to_a, t->b->n * sizeof *m->b_to_a) == 0);
    WANT(memcmp(m->a_to_b, t->a_to_b, t->a->n * sizeof *m->a_to_b) == 0);
    heap_path_hashes(&t->b->side, hash);
    for (uint32_t i = 0; i < m->n_owners; i++) {
        const struct heap_owner *o = &m->owners[i];
        check_line(o, entries, n, grouped ? hash : NULL, &owners);
        if (i == 0) continue;
        int64_t before = heap_owner_growth(o - 1), here = heap_owner_growth(o);
        WANT(before > here || (before == here && (o - 1)->b_row <= o->b_row));
    }
    WANT(owners == n); /* each owner in one line, none left out */
    check_clusters(t, m, grouped ? hash : NULL);
    WANT(!m->beside_b == !(t->o->beside && t->b->side.parent));
    for (uint32_t y = 0; m->beside_b && y < t->b->n; y++) {
        bool top = t->b_to_a[y] == HEAP_NONE && is_top(t->b, t->b_to_a, y);
        WANT(heap_holds_get(m->beside_b, y) == (top && judge(t, true, y).beside));
    }
}

/* Two trees, and what of them is the same. */
static void random_pair(struct tree *a, struct tree *b, struct truth *t, uint64_t *seed)
{
    first_tree(a, seed);
    second_tree(b, a, t->b_to_a, seed);
    bool native = random_below(seed, 3) > 0, parents = random_below(seed, 5) > 0;
    close_tree(a, native, parents, seed);
    close_tree(b, native, parents, seed);
    memset(t->a_to_b, 0xff, sizeof t->a_to_b);
    for (uint32_t y = 0; y < b->n; y++)
        if (t->b_to_a[y] != HEAP_NONE) t->a_to_b[t->b_to_a[y]] = y;
    t->a = a;
    t->b = b;
}

static void test_random(void)
{
    uint64_t seed = 2025, lines = 0, places = 0, ways = 0;
    unsigned failed = CU_get_number_of_failures();
    for (unsigned i = 0; i < PAIRS && CU_get_number_of_failures() == failed; i++) {
        static struct tree a, b;
        static struct truth t;
        struct heap_match m;
        failing_seed = seed;
        random_pair(&a, &b, &t, &seed);
        const struct heap_match_options o = {
            .mode = HEAP_MATCH_ID, .group = (enum heap_group_mode)random_below(&seed, 2),
            .n_types = TYPES, .to_holders = random_below(&seed, 2),
            .beside = random_below(&seed, 2) ? beside_rule : NULL,
            .place = random_below(&seed, 2) ? place_rule : NULL, .opaque = &t
        };
        t.o = &o;
        if (!CHECK(heap_match_compute(&a.side, &b.side, &o, &m) == HEAP_OK)) return;
        check(&t, &m);
        lines += m.n_owners;
        for (uint32_t k = 0; k < m.n_owners; k++) places += m.owners[k].place != 0;
        for (uint32_t y = 0; m.beside_b && y < b.n; y++) ways += heap_holds_get(m.beside_b, y) != 0;
        heap_match_free(&m);
    }
    printf("  %u pairs, %" PRIu64 " lines, %" PRIu64 " of a place, %" PRIu64 " held beside ", PAIRS,
           lines, places, ways);
    CHECK(places > PAIRS / 4 && ways > PAIRS / 16);
}

/* ---- owners that lasted ---- */

/* Some of what is matched, and all that dominates it. */
static void choose_lasting(const struct truth *t, struct truth *own, uint64_t *bits, uint64_t *seed)
{
    memset(own->a_to_b, 0xff, sizeof own->a_to_b);
    memset(own->b_to_a, 0xff, sizeof own->b_to_a);
    memset(bits, 0, (size_t)heap_holds_words(ROWS) * sizeof *bits);
    for (uint32_t x = 0; x < t->a->n; x++) {
        uint32_t d = t->a->dominator[x], y = t->a_to_b[x];
        bool root = d == HEAP_NONE;
        if (y == HEAP_NONE || (!root && (own->a_to_b[d] == HEAP_NONE || random_below(seed, 3) == 0)))
            continue;
        own->a_to_b[x] = y;
        own->b_to_a[y] = x;
        if (!root) heap_holds_set(bits, x);
    }
}

/* Each owner grew by what it would if nothing else were the same in both. */
static void check_lasting(const struct truth *own, const struct heap_match *m, uint64_t *deep)
{
    static struct entry entries[2 * ROWS];
    uint32_t n = define(own, entries);
    int64_t sum = 0;
    for (uint32_t i = 0; i < m->n_owners; i++) {
        const struct heap_owner *o = &m->owners[i];
        uint32_t k = 0;
        while (k < n && (entries[k].owner.b_row != o->b_row || entries[k].owner.place != o->place))
            k++;
        WANT(heap_owner_growth(o) == (k < n ? entries[k].growth : 0));
        WANT(own->b_to_a[o->b_row] == o->a_row);
        *deep += o->deep;
        sum += heap_owner_growth(o);
        if (k < n) entries[k].growth = 0;
    }
    for (uint32_t k = 0; k < n; k++) WANT(entries[k].growth == 0);
    WANT(m->n_clusters == 0);
    const struct tree *a = own->a, *b = own->b;
    int64_t all = (int64_t)(b->retained[0] + b->retained[b->garbage_root] - a->retained[0] -
                            a->retained[a->garbage_root]);
    if (b->side.native_size)
        all += (int64_t)(b->retained_native[0] + b->retained_native[b->garbage_root] -
                         a->retained_native[0] - a->retained_native[a->garbage_root]);
    WANT(sum == all);
}

static void test_lasting(void)
{
    uint64_t seed = 77, deep = 0, lines = 0;
    unsigned failed = CU_get_number_of_failures();
    for (unsigned i = 0; i < PAIRS && CU_get_number_of_failures() == failed; i++) {
        static struct tree a, b;
        static struct truth t, own;
        uint64_t bits[ROWS / 64 + 1];
        struct heap_match m;
        failing_seed = seed;
        random_pair(&a, &b, &t, &seed);
        const struct heap_match_options o = {
            .mode = HEAP_MATCH_ID, .group = HEAP_GROUP_OBJECT, .n_types = TYPES,
            .to_holders = true, .beside = random_below(&seed, 2) ? beside_rule : NULL,
            .place = random_below(&seed, 2) ? place_rule : NULL, .lasting = bits, .opaque = &own
        };
        own.a = &a;
        own.b = &b;
        own.o = &o;
        choose_lasting(&t, &own, bits, &seed);
        if (!CHECK(heap_match_compute(&a.side, &b.side, &o, &m) == HEAP_OK)) return;
        check_lasting(&own, &m, &deep);
        lines += m.n_owners;
        heap_match_free(&m);
    }
    printf("  %u pairs, %" PRIu64 " lines, %" PRIu64 " of them deep ", PAIRS, lines, deep);
    CHECK(deep > PAIRS);
}

/* ---- names of more than are looked at ---- */

struct many {
    const struct heap_side *a, *b;
    uint64_t asked;
};

static uint64_t name_of(void *opaque, bool in_b, uint32_t row, const uint32_t *matched)
{
    struct many *m = opaque;
    (void)matched;
    m->asked++;
    return 1 + (in_b ? m->b : m->a)->identity[row] % 1000000;
}

/* `n` leaves below the live root, as large as `size` says; identities from `first` on. */
static bool make_flat(struct heap_side *s, uint32_t n, uint64_t first)
{
    uint32_t *word = calloc(3 * (size_t)(n + 2), sizeof *word);
    uint64_t *wide = calloc(3 * (size_t)(n + 2), sizeof *wide);
    if (!word || !wide) return false;
    uint32_t *last = word, *dominator = word + n + 2, *type = word + 2 * (size_t)(n + 2);
    uint64_t *shallow = wide, *identity = wide + n + 2, *step = wide + 2 * (size_t)(n + 2);
    for (uint32_t row = 0; row < n + 2; row++) {
        bool root = row == 0 || row == n + 1;
        last[row] = row == 0 ? n : row;
        dominator[row] = root ? HEAP_NONE : 0;
        type[row] = root ? HEAP_NONE : 0;
        shallow[row] = root ? 0 : 10000 + (uint64_t)row * 7919 % (n + 1);
        identity[row] = first + row;
        step[row] = identity[row]; /* no two alike */
    }
    *s = (struct heap_side){ .n_rows = n + 2, .garbage_root = n + 1, .last = last,
                             .dominator = dominator, .type = type, .shallow_size = shallow,
                             .retained_size = shallow, .identity = identity, .step = step };
    return true;
}

static void free_flat(struct heap_side *s)
{
    free((void *)(uintptr_t)s->last);
    free((void *)(uintptr_t)s->shallow_size);
}

/* Of 30,000 objects without a match the 20,000 largest are asked for their names. */
static void test_many_names(void)
{
    const uint32_t n = HEAP_NAMED_MAX + 10000;
    struct heap_side a, b;
    struct heap_match m;
    if (!CHECK(make_flat(&a, n, 5000000) && make_flat(&b, n, 6000000))) return;
    struct many many = { &a, &b, 0 };
    const struct heap_match_options o = { .mode = HEAP_MATCH_SIGNATURE, .n_types = 1,
                                          .name = name_of, .opaque = &many };
    if (!CHECK(heap_match_compute(&a, &b, &o, &m) == HEAP_OK)) return;
    /* The largest 20,000 have names first; what is left of both is asked in a second round. */
    uint64_t matched = 0, wrong = 0;
    for (uint32_t row = 1; row <= n; row++) {
        matched += m.b_to_a[row] != HEAP_NONE;
        wrong += m.b_to_a[row] != row;
    }
    CHECK_U64(matched, n);
    CHECK_U64(wrong, 0);
    CHECK_U64(many.asked, 2 * (uint64_t)HEAP_NAMED_MAX + 2 * 10000);
    CHECK_U64(m.n_owners, 0);
    heap_match_free(&m);
    free_flat(&a);
    free_flat(&b);
}

/* Names that stand twice are the name of no place; half of the 30,000 share one. */
static uint64_t name_of_few(void *opaque, bool in_b, uint32_t row, const uint32_t *matched)
{
    struct many *m = opaque;
    const struct heap_side *s = in_b ? m->b : m->a;
    (void)matched;
    m->asked++;
    return s->shallow_size[row] % 2 ? 77 : s->shallow_size[row];
}

static void test_places_of_many(void)
{
    const uint32_t n = HEAP_NAMED_MAX + 10000;
    struct heap_side a, b;
    struct heap_match m;
    if (!CHECK(make_flat(&a, n, 5000000) && make_flat(&b, n, 9000000))) return;
    struct many many = { &a, &b, 0 };
    const struct heap_match_options o = { .mode = HEAP_MATCH_ID, .n_types = 1,
                                          .name = name_of_few, .opaque = &many };
    if (!CHECK(heap_match_compute(&a, &b, &o, &m) == HEAP_OK)) return;
    uint64_t replaced = 0, wrong = 0;
    uint64_t least = UINT64_MAX; /* the smallest that found its successor */
    for (uint32_t row = 1; row <= n; row++) {
        if (!heap_holds_get(m.replaced_b, row)) continue;
        replaced++;
        wrong += m.b_to_a[row] != row || !heap_holds_get(m.replaced_a, row) ||
                 b.shallow_size[row] % 2 != 0;
        if (b.shallow_size[row] < least) least = b.shallow_size[row];
    }
    CHECK(replaced > 9000 && replaced <= 15000);
    CHECK_U64(wrong, 0);
    CHECK(least > 10000);
    heap_match_free(&m);
    free_flat(&a);
    free_flat(&b);
}

CU_MAIN("heap growth", { "random trees", test_random }, { "owners that lasted", test_lasting },
        { "many names", test_many_names },
        { "places of many", test_places_of_many })
