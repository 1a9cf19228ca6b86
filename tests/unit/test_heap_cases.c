/* SPDX-License-Identifier: MIT */
/*
 * What the contract of matching and growth says in sentences, as small heaps whose answer is known:
 * a list that got a new head, a slot that is used again, a table that a thread holds for a moment,
 * two registries that share, tenants by the thousand, a history that is made anew with each entry,
 * two processes; and every argument that is refused.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "cu.h"
#include "heap/match.h"
#include "heap/analysis.h"

#define MOST 3100u

/* Objects are written down in a row: identity, type, size; references by place in that row. Place 0
 * is the first; roots are listed. */
struct heap {
    uint32_t n, m, n_roots;
    uint64_t identity[MOST], shallow[MOST];
    uint32_t type[MOST], from[2 * MOST], to[2 * MOST], root[MOST];
    /* made from these */
    uint64_t off[MOST + 1];
    uint32_t target[2 * MOST];
    struct heap_analysis a;
    uint32_t row_type[MOST + 2];
    uint64_t row_shallow[MOST + 2], row_identity[MOST + 2], row_step[MOST + 2];
    struct heap_side side;
};

static struct heap A, B;

static uint32_t object(struct heap *h, uint64_t identity, uint32_t type, uint64_t size)
{
    h->identity[h->n] = identity;
    h->type[h->n] = type;
    h->shallow[h->n] = size;
    return h->n++;
}

static void refer(struct heap *h, uint32_t from, uint32_t to)
{
    h->from[h->m] = from;
    h->to[h->m++] = to;
}

/* A new object that one other refers to. */
static uint32_t below(struct heap *h, uint32_t from, uint64_t identity, uint32_t type,
                      uint64_t size)
{
    uint32_t v = object(h, identity, type, size);
    refer(h, from, v);
    return v;
}

static void analyse(struct heap *h)
{
    heap_analysis_free(&h->a);
    for (uint32_t v = 0, at = 0; v < h->n; v++) {
        for (uint32_t e = 0; e < h->m; e++)
            if (h->from[e] == v) h->target[at++] = h->to[e];
        h->off[v + 1] = at;
    }
    const struct heap_graph g = { .n = h->n, .off = h->off, .target = h->target, .root = h->root,
                                  .n_roots = h->n_roots, .shallow = h->shallow };
    if (!CHECK(heap_analyse(&g, HEAP_WANT_PATHS, 1, &h->a) == HEAP_OK)) abort();
    for (uint32_t row = 0; row < h->a.n_rows; row++) {
        uint32_t v = h->a.node[row];
        h->row_type[row] = v == HEAP_NONE ? HEAP_NONE : h->type[v];
        h->row_shallow[row] = v == HEAP_NONE ? 0 : h->shallow[v];
        h->row_identity[row] = v == HEAP_NONE ? 0 : h->identity[v];
        h->row_step[row] = v == HEAP_NONE ? 0 : h->type[v];
    }
    h->side = (struct heap_side){ .n_rows = h->a.n_rows, .garbage_root = h->a.garbage_root,
                                  .last = h->a.last, .dominator = h->a.dominator,
                                  .parent = h->a.parent, .type = h->row_type,
                                  .shallow_size = h->row_shallow,
                                  .retained_size = h->a.retained_size,
                                  .identity = h->row_identity, .step = h->row_step };
}

static void begin(void)
{
    heap_analysis_free(&A.a);
    heap_analysis_free(&B.a);
    A.n = A.m = A.n_roots = B.n = B.m = B.n_roots = 0;
}

static const uint8_t resizable[8] = { 0, 1, 0, 0, 0, 0, 0, 0 }; /* 1: lists */
enum { THING = 0, LIST = 1, LINK = 2, TABLE = 3, FRAME = 4 };

static struct heap_match match(enum heap_match_mode mode, struct heap_match_options o)
{
    struct heap_match m = { 0 };
    o.mode = mode;
    o.n_types = 8;
    o.resizable = resizable;
    analyse(&A);
    analyse(&B);
    CHECK(heap_match_compute(&A.side, &B.side, &o, &m) == HEAP_OK);
    return m;
}

/* The line of an object of B; NULL where it has none. */
static const struct heap_owner *line_of(const struct heap_match *m, uint32_t node)
{
    for (uint32_t i = 0; i < m->n_owners; i++)
        if (m->owners[i].b_row == B.a.row_of[node]) return &m->owners[i];
    return NULL;
}

static bool is_matched(const struct heap_match *m, uint32_t a_node, uint32_t b_node)
{
    return m->b_to_a[B.a.row_of[b_node]] == A.a.row_of[a_node] &&
           m->a_to_b[A.a.row_of[a_node]] == B.a.row_of[b_node];
}

static int64_t all_growth(const struct heap_match *m)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < m->n_owners; i++) sum += heap_owner_growth(&m->owners[i]);
    return sum;
}

/* ---- cases ---- */

/* A chain below an owner gets a new head: the rest counts as gone and as come, and as moved; what
 * is left is the head. */
static void test_prepended(void)
{
    begin();
    uint32_t a = object(&A, 100, THING, 16), b = object(&B, 100, THING, 16), at = a;
    A.root[A.n_roots++] = a;
    B.root[B.n_roots++] = b;
    for (uint64_t i = 0; i < 10; i++) at = below(&A, at, 200 + i, LINK, 32);
    at = below(&B, b, 999, LINK, 32);
    for (uint64_t i = 0; i < 10; i++) at = below(&B, at, 200 + i, LINK, 32);
    struct heap_match m = match(HEAP_MATCH_ADDRESS, (struct heap_match_options){ 0 });
    CHECK_U64(m.n_owners, 1);
    const struct heap_owner *o = line_of(&m, b);
    if (CHECK(o != NULL)) {
        CHECK_I64(heap_owner_growth(o), 32);
        CHECK_U64(o->added.count, 11);
        CHECK_U64(o->removed.count, 10);
        CHECK_U64(o->moved.count, 10);
        CHECK_I64(o->retained_delta, 32);
    }
    heap_match_free(&m);
}

/* The address of something that is gone, with another owner, is another object; in the same place
 * and of the same sort it cannot be told from the old one. */
static void test_slot_used_again(void)
{
    begin();
    uint32_t a = object(&A, 1, THING, 16), a2 = object(&A, 2, THING, 16);
    uint32_t b = object(&B, 1, THING, 16), b2 = object(&B, 2, THING, 16);
    A.root[A.n_roots++] = a, A.root[A.n_roots++] = a2;
    B.root[B.n_roots++] = b, B.root[B.n_roots++] = b2;
    uint32_t old = below(&A, a, 50, THING, 64), fresh = below(&B, b2, 50, THING, 64);
    uint32_t stays = below(&A, a, 51, THING, 64), same = below(&B, b, 51, THING, 64);
    uint32_t other = below(&A, a, 52, THING, 64), typed = below(&B, b, 52, TABLE, 64);
    uint32_t size = below(&A, a, 53, THING, 64), sized = below(&B, b, 53, THING, 72);
    uint32_t list = below(&A, a, 54, LIST, 64), grown = below(&B, b, 54, LIST, 80);
    struct heap_match m = match(HEAP_MATCH_ADDRESS, (struct heap_match_options){ 0 });
    CHECK(is_matched(&m, stays, same) && is_matched(&m, list, grown));
    CHECK(!is_matched(&m, old, fresh) && !is_matched(&m, other, typed));
    CHECK(!is_matched(&m, size, sized)); /* what cannot resize has not */
    const struct heap_owner *o = line_of(&m, b2);
    CHECK(o && o->added.count == 1 && o->moved.count == 1);
    o = line_of(&m, b);
    CHECK(o && o->added.count == 2 && o->removed.count == 3 && o->moved.count == 0);
    o = line_of(&m, grown);
    CHECK(o && o->resized_shallow == 16 && o->added.count == 0);
    heap_match_free(&m);
    /* By id, type and size do not matter: the runtime vouches for the id. */
    m = match(HEAP_MATCH_ID, (struct heap_match_options){ 0 });
    CHECK(is_matched(&m, other, typed) && is_matched(&m, size, sized));
    CHECK(!is_matched(&m, old, fresh));
    heap_match_free(&m);
}

static bool held_anyway(void *opaque, uint32_t x, uint32_t y, const uint32_t *a_to_b,
                        const uint32_t *b_to_a)
{
    (void)x, (void)y, (void)a_to_b, (void)b_to_a;
    return *(bool *)opaque;
}

/* A thread's frame refers to a table while B is taken: the table hangs below the live root then.
 * Asked whether something holds it as before, the caller says so, and nothing has grown. */
static void test_held_for_a_moment(void)
{
    for (int says = 0; says <= 1; says++) {
        bool yes = says != 0;
        begin();
        uint32_t a = object(&A, 1, THING, 16), b = object(&B, 1, THING, 16);
        A.root[A.n_roots++] = a;
        uint32_t middle_a = below(&A, a, 2, THING, 16), middle_b = below(&B, b, 2, THING, 16);
        uint32_t table_a = below(&A, middle_a, 3, TABLE, 64);
        uint32_t table_b = below(&B, middle_b, 3, TABLE, 64);
        uint32_t entry_a = below(&A, table_a, 4, THING, 8),
                 entry_b = below(&B, table_b, 4, THING, 8);
        uint32_t frame = object(&B, 900, FRAME, 100);
        B.root[B.n_roots++] = frame; /* met first: the shortest path leads through it */
        B.root[B.n_roots++] = b;
        refer(&B, frame, table_b);
        struct heap_match m = match(HEAP_MATCH_ADDRESS,
                                    (struct heap_match_options){ .held = held_anyway,
                                                                 .opaque = &yes });
        CHECK(is_matched(&m, table_a, table_b) == yes);
        CHECK(is_matched(&m, entry_a, entry_b) == yes);
        const struct heap_owner *o = m.n_owners ? &m.owners[0] : NULL;
        CHECK(o && o->b_row == 0 && o->added.count == (yes ? 1 : 3)); /* the frame */
        CHECK_I64(all_growth(&m), 100);
        heap_match_free(&m);
    }
}

/* What two registries hold hangs below neither: it goes to the first on the shortest path, as
 * shared; with to_holders what hangs below a real object goes to its holder, too. */
static void test_two_registries(void)
{
    for (int to_holders = 0; to_holders <= 1; to_holders++) {
        begin();
        uint32_t a = object(&A, 1, LIST, 16), a2 = object(&A, 2, LIST, 16);
        uint32_t top_a = object(&A, 3, THING, 16);
        uint32_t b = object(&B, 1, LIST, 16), b2 = object(&B, 2, LIST, 16);
        uint32_t top_b = object(&B, 3, THING, 16);
        uint32_t near_a = below(&A, top_a, 4, LIST, 16), near_b = below(&B, top_b, 4, LIST, 16);
        uint32_t far_a = below(&A, top_a, 5, LIST, 16), far_b = below(&B, top_b, 5, LIST, 16);
        uint32_t *roots[] = { &A.root[0], &B.root[0] };
        roots[0][0] = a, roots[0][1] = a2, roots[0][2] = top_a, A.n_roots = 3;
        roots[1][0] = b, roots[1][1] = b2, roots[1][2] = top_b, B.n_roots = 3;
        for (uint64_t i = 0; i < 5; i++) {
            uint32_t v = below(&B, b, 100 + i, THING, 1000);
            refer(&B, b2, v);
            uint32_t w = below(&B, near_b, 200 + i, THING, 10);
            refer(&B, far_b, w);
        }
        (void)near_a, (void)far_a;
        struct heap_match m =
            match(HEAP_MATCH_ADDRESS, (struct heap_match_options){ .to_holders = to_holders != 0 });
        const struct heap_owner *o = line_of(&m, b);
        CHECK(o && o->added.shallow_size == 5000 && o->shared.shallow_size == 5000);
        CHECK(line_of(&m, b2) == NULL);
        o = line_of(&m, to_holders ? near_b : top_b);
        CHECK(o && o->added.shallow_size == 50);
        CHECK(o && o->shared.shallow_size == (to_holders ? 50 : 0));
        if (o) CHECK_U64(m.clusters[o->first_cluster].holder, B.a.row_of[near_b]);
        CHECK_U64(m.n_owners, 2);
        heap_match_free(&m);
    }
}

/* A thousand tenants with a list each that grew by one: a line each, or one line by signature. */
static void test_tenants(void)
{
    for (int grouped = 0; grouped <= 1; grouped++) {
        begin();
        uint32_t a = object(&A, 1, TABLE, 64), b = object(&B, 1, TABLE, 64);
        A.root[A.n_roots++] = a;
        B.root[B.n_roots++] = b;
        for (uint64_t i = 0; i < 1000; i++) {
            below(&A, a, 1000 + i, LIST, 56);
            uint32_t list = below(&B, b, 1000 + i, LIST, 56 + 8 * (i == 500));
            below(&B, list, 5000 + i, THING, 24);
        }
        struct heap_match m =
            match(HEAP_MATCH_ID, (struct heap_match_options){ .group = grouped
                                                                           ? HEAP_GROUP_SIGNATURE
                                                                           : HEAP_GROUP_OBJECT });
        CHECK_U64(m.n_owners, grouped ? 1 : 1000);
        CHECK_U64(m.n_clusters, grouped ? 1 : 1000);
        CHECK_U64(m.owners[0].n_owners, grouped ? 1000 : 1);
        CHECK_U64(B.row_identity[m.owners[0].b_row], 1500); /* the one that changed most */
        CHECK_I64(all_growth(&m), 24008);
        CHECK_U64(m.clusters[0].tops_added, grouped ? 1000 : 1);
        CHECK_U64(m.clusters[0].type, THING);
        heap_match_free(&m);
    }
}

static uint64_t place_by_type(void *opaque, bool in_b, uint32_t row, const uint32_t *matched)
{
    const struct heap *h = in_b ? &B : &A;
    (void)opaque, (void)matched;
    return h->row_type[row] == LIST ? 77 : 0; /* `app.history`, wherever it is now */
}

/* history = history + [x]: another list each time, which is the successor of the one before; what
 * both hold is still there. */
static void test_history(void)
{
    for (int named = 0; named <= 1; named++) {
        begin();
        uint32_t a = object(&A, 1, TABLE, 64), b = object(&B, 1, TABLE, 64);
        A.root[A.n_roots++] = a;
        B.root[B.n_roots++] = b;
        uint32_t old = below(&A, a, 10, LIST, 80), now = below(&B, b, 20, LIST, 96);
        for (uint64_t i = 0; i < 8; i++) below(&A, old, 100 + i, THING, 24);
        for (uint64_t i = 0; i < 10; i++) below(&B, now, 100 + i, THING, 24);
        struct heap_match m = match(HEAP_MATCH_ADDRESS, (struct heap_match_options){
                                                            .name = named ? place_by_type : NULL,
                                                            .held = held_anyway,
                                                            .opaque = &(bool){ true } });
        CHECK(is_matched(&m, old, now) == (named != 0));
        const struct heap_owner *o = line_of(&m, named ? now : b);
        CHECK(o && heap_owner_growth(o) == 2 * 24 + 16 && m.n_owners == 1);
        CHECK(o && o->added.count == (named ? 2 : 11));
        CHECK(o && o->resized_shallow == (named ? 16 : 0));
        CHECK(!m.replaced_b == !named);
        if (named) {
            CHECK(heap_holds_get(m.replaced_b, B.a.row_of[now]));
            CHECK(heap_holds_get(m.replaced_a, A.a.row_of[old]));
            CHECK(!heap_holds_get(m.replaced_b, B.a.row_of[b]));
        }
        heap_match_free(&m);
    }
}

/* Two processes: by type below the same dominator, those that retain the same first, then the
 * others in order, each with the nearest that leaves enough for those after it: what is new and
 * large does not pass for a small one that grew. */
static void test_processes(void)
{
    static const uint64_t sizes[] = { 100, 110, 120, 230 };
    begin();
    uint32_t a = object(&A, 1, TABLE, 64), b = object(&B, 9001, TABLE, 64);
    A.root[A.n_roots++] = a;
    B.root[B.n_roots++] = b;
    for (uint64_t i = 0; i < 4; i++) below(&A, a, 10 + i, THING, sizes[i]);
    for (uint64_t i = 0; i < 5; i++) below(&B, b, 9100 + i, THING, 200 + 10 * i);
    below(&A, a, 30, LINK, 7);
    struct heap_match m = match(HEAP_MATCH_SIGNATURE, (struct heap_match_options){ 0 });
    CHECK(is_matched(&m, a, b) && is_matched(&m, 4, 4)); /* 230 and 230 */
    CHECK(is_matched(&m, 3, 3) && is_matched(&m, 2, 2) && is_matched(&m, 1, 1));
    const struct heap_owner *o = line_of(&m, b);
    CHECK(o && o->added.count == 1 && o->added.shallow_size == 240);
    CHECK(o && o->removed.count == 1 && o->removed.shallow_size == 7 && o->n_clusters == 2);
    CHECK(o && o->moved.count == 0); /* nothing is known of that here */
    CHECK_U64(m.n_owners, 1 + 3); /* and each of three matched ones is 100 larger */
    CHECK_I64(all_growth(&m), 240 - 7 + 300);
    heap_match_free(&m);
}

/* Nothing at all, the same twice, all garbage. */
static void test_least(void)
{
    begin();
    struct heap_match m = match(HEAP_MATCH_ID, (struct heap_match_options){ 0 });
    CHECK(m.n_owners == 0 && m.n_clusters == 0 && m.b_to_a[0] == 0 && m.b_to_a[1] == 1);
    heap_match_free(&m);
    heap_match_free(NULL);
    begin();
    for (uint64_t i = 0; i < 5; i++) {
        object(&A, i, THING, 8);
        object(&B, i, THING, 8);
    }
    object(&B, 77, THING, 9);
    m = match(HEAP_MATCH_ADDRESS, (struct heap_match_options){ 0 });
    CHECK(m.n_owners == 1 && m.owners[0].b_row == B.a.garbage_root);
    CHECK(m.owners[0].added.count == 1 && m.owners[0].shared.count == 0);
    heap_match_free(&m);
}

/* ---- arguments ---- */

static enum heap_status status_of(const struct heap_side *a, struct heap_match_options o)
{
    struct heap_match m;
    o.n_types = o.n_types ? o.n_types : 8;
    enum heap_status status = heap_match_compute(a, &B.side, &o, &m);
    if (status == HEAP_OK) heap_match_free(&m);
    else CHECK(m.b_to_a == NULL && m.owners == NULL && m.clusters == NULL);
    return status;
}

static void test_arguments(void)
{
    const struct heap_match_options id = { .mode = HEAP_MATCH_ID };
    begin();
    uint32_t a = object(&A, 1, THING, 8), b = object(&B, 1, THING, 8);
    A.root[A.n_roots++] = a;
    B.root[B.n_roots++] = b;
    analyse(&A);
    analyse(&B);
    const struct heap_side good = A.side;
    struct heap_side s;
    CHECK_I64(status_of(&good, id), HEAP_OK);
#define REFUSED(field, value)                                                                      \
    do {                                                                                           \
        s = good;                                                                                  \
        s.field = value;                                                                           \
        CHECK_I64(status_of(&s, id), HEAP_BAD_GRAPH);                                              \
    } while (0)
    REFUSED(last, NULL);
    REFUSED(dominator, NULL);
    REFUSED(type, NULL);
    REFUSED(shallow_size, NULL);
    REFUSED(retained_size, NULL);
    REFUSED(identity, NULL);
    REFUSED(native_size, good.shallow_size); /* without retained native sizes */
    REFUSED(retained_native, good.shallow_size);
    REFUSED(n_rows, 1);
    REFUSED(garbage_root, 0);
    REFUSED(garbage_root, good.n_rows);
#undef REFUSED
    s = good;
    s.parent = NULL; /* no holders are named: that is all */
    CHECK_I64(status_of(&s, id), HEAP_OK);
    s = good;
    s.identity = NULL;
    CHECK_I64(status_of(&s, (struct heap_match_options){ .mode = HEAP_MATCH_SIGNATURE }), HEAP_OK);
    s = good;
    s.step = NULL;
    CHECK_I64(status_of(&s, id), HEAP_OK);
    CHECK_I64(status_of(&s, (struct heap_match_options){ .mode = HEAP_MATCH_SIGNATURE }),
              HEAP_BAD_GRAPH);
    CHECK_I64(status_of(&s, (struct heap_match_options){ .group = HEAP_GROUP_SIGNATURE }),
              HEAP_BAD_GRAPH);
    A.row_type[1] = 8;
    CHECK_I64(status_of(&good, id), HEAP_BAD_GRAPH);
    A.row_type[1] = 7;
    CHECK_I64(status_of(&good, id), HEAP_OK);
    uint32_t parent[] = { HEAP_NONE, 3, HEAP_NONE };
    s = good;
    s.parent = parent;
    CHECK_I64(status_of(&s, id), HEAP_BAD_GRAPH);
    const uint64_t huge[] = { 0, UINT64_C(1) << 63, 0 }, most[] = { 0, INT64_MAX, 0 };
    s = good;
    s.shallow_size = huge;
    CHECK_I64(status_of(&s, id), HEAP_TOO_LARGE);
    s.shallow_size = most;
    CHECK_I64(status_of(&s, id), HEAP_OK);
    s.native_size = s.retained_native = huge;
    CHECK_I64(status_of(&s, id), HEAP_TOO_LARGE);
    begin();
}

/* A map keeps a table, the table links, each link a thing and the next link: what came below links
 * and table is the map's, as long as the parts are in both; so are what went, and the larger table.
 * A table that no collection dominates is an owner itself. */
static void test_parts(void)
{
    enum { MAP = 5, TABLE_INSIDE = 6 };
    static const uint8_t part[8] = { [LINK] = HEAP_PART, [MAP] = HEAP_WHOLE,
                                     [TABLE_INSIDE] = HEAP_PART_INSIDE, [LIST] = HEAP_PART_INSIDE };
    for (int with = 0; with <= 1; with++) {
        struct heap *side[2] = { &A, &B };
        uint32_t map[2], table[2], bare[2], bare_below[2];
        begin();
        for (int i = 0; i < 2; i++) {
            struct heap *h = side[i];
            uint32_t root = object(h, 1, THING, 16);
            h->root[h->n_roots++] = root;
            map[i] = below(h, root, 2, MAP, 48);
            table[i] = below(h, map[i], 3, LIST, i ? 96 : 64); /* made larger where it is */
            uint32_t link = below(h, table[i], 4, LINK, 32), deep = below(h, link, 5, LINK, 32);
            below(h, deep, 6, THING, 24);
            bare[i] = below(h, root, 7, TABLE_INSIDE, 64);
            bare_below[i] = below(h, bare[i], 8, THING, 24);
            if (i == 0) below(h, deep, 50, THING, 24);       /* goes */
            if (i == 1) below(h, table[i], 60, LINK, 32);    /* comes in the table */
            if (i == 1) below(h, deep, 61, LINK, 32);        /* and at the end of a chain */
            if (i == 1) below(h, bare[i], 62, THING, 24);
        }
        struct heap_match m = match(HEAP_MATCH_ADDRESS, (struct heap_match_options){
            .part = with ? part : NULL, .to_holders = true });
        CHECK_I64(all_growth(&m), 96 - 64 + 32 + 32 + 24 - 24);
        const struct heap_owner *o = line_of(&m, map[1]);
        CHECK_U64(m.n_owners, with ? 2 : 3);
        CHECK((o != NULL) == (with != 0));
        if (with && o) {
            CHECK_U64(o->added.count, 2);
            CHECK_U64(o->added.shallow_size, 64);
            CHECK_U64(o->removed.shallow_size, 24);
            CHECK_I64(o->resized_shallow, 32);
            CHECK_U64(o->shared.count, 0);
            CHECK_U64(o->a_row, A.a.row_of[map[0]]);
            CHECK(m.whole_b[B.a.row_of[table[1]]] == B.a.row_of[map[1]]);
            CHECK(m.whole_b[B.a.row_of[bare_below[1]]] == B.a.row_of[bare_below[1]]);
        }
        CHECK(line_of(&m, bare[1]) != NULL);
        CHECK((m.whole_b != NULL) == (with != 0));
        heap_match_free(&m);
    }
}

CU_MAIN("heap cases", { "a new head", test_prepended },
        { "a slot used again", test_slot_used_again },
        { "held for a moment", test_held_for_a_moment }, { "two registries", test_two_registries },
        { "a thousand tenants", test_tenants }, { "a history made anew", test_history },
        { "two processes", test_processes },
        { "parts of collections", test_parts }, { "the least", test_least },
        { "arguments", test_arguments })
