/* SPDX-License-Identifier: MIT */
/* The loader's small parts: ranges of ids, interned texts and records, sorting, the budget. */
#include "cu.h"

#include <stdlib.h>

#include "db/idmap.h"
#include "db/intern.h"
#include "db/packed.h"
#include "db/resolve.h"
#include "db/sort.h"
#include "db/sort_dense.h"
#include "db/strings.h"

static struct budget unlimited(void)
{
    return (struct budget){ 0, UINT64_MAX };
}

static void test_idmap(void)
{
    struct budget b = unlimited();
    struct idmap m = { 0 };
    uint64_t at;
    CHECK(!idmap_find(&m, 1, &at));
    CHECK_I64(idmap_add(&b, &m, 1, 10), IDMAP_OK);
    CHECK_I64(idmap_add(&b, &m, 11, 5), IDMAP_OK);
    CHECK_U64(m.n, 1); /* they continue each other */
    CHECK_I64(idmap_add(&b, &m, 100, 2), IDMAP_OK);
    CHECK_I64(idmap_add(&b, &m, 50, 3), IDMAP_OK); /* between */
    CHECK_U64(m.count, 20);
    CHECK(idmap_find(&m, 15, &at) && at == 14);
    CHECK(idmap_find(&m, 101, &at) && at == 16);
    CHECK(idmap_find(&m, 50, &at) && at == 17);
    CHECK(!idmap_find(&m, 0, &at));
    CHECK(!idmap_find(&m, 16, &at));
    CHECK(!idmap_find(&m, 53, &at));
    CHECK(!idmap_find(&m, 102, &at));
    CHECK_I64(idmap_add(&b, &m, 15, 2), IDMAP_TAKEN);
    CHECK_I64(idmap_add(&b, &m, 40, 11), IDMAP_TAKEN);
    CHECK_I64(idmap_add(&b, &m, 90, 100), IDMAP_TAKEN);
    CHECK_I64(idmap_add(&b, &m, UINT64_MAX, 2), IDMAP_TAKEN); /* would wrap */
    CHECK_I64(idmap_add(&b, &m, UINT64_MAX, 1), IDMAP_OK);
    CHECK(idmap_find(&m, UINT64_MAX, &at) && at == 20);
    CHECK_U64(m.count, 21);
    idmap_free(&m);
}

static void test_strings(void)
{
    struct budget b = unlimited();
    struct strings s;
    strings_init(&s, &b);
    uint32_t a = strings_add(&s, "alpha", 5), e = strings_add(&s, "", 0);
    CHECK(a && e && a != e);
    CHECK_U64(strings_add(&s, "alphabet", 5), a);
    CHECK_STR(strings_text(&s, a), "alpha");
    CHECK_U64(strings_size(&s, e), 0);
    CHECK(strings_text(&s, 0) == NULL);
    /* Rows are given in the order of use, once. */
    uint32_t unused = strings_add(&s, "unused", 6);
    CHECK_U64(strings_row(&s, e), 1);
    CHECK_U64(strings_row(&s, a), 2);
    CHECK_U64(strings_row(&s, e), 1);
    CHECK_U64(strings_row(&s, 0), 0);
    CHECK_U64(s.n_used, 2);
    CHECK(unused != 0);
    /* What is no UTF-8, and the byte 0, can be shown afterwards. */
    CHECK_STR(strings_text(&s, strings_add(&s, "a\xff" "b", 3)), "a\xef\xbf\xbd" "b");
    CHECK_STR(strings_text(&s, strings_add(&s, "a\0b", 3)), "a\xef\xbf\xbd" "b");
    CHECK_STR(strings_text(&s, strings_add(&s, "\xc3\xa9", 2)), "\xc3\xa9");
    strings_free(&s);
}

static void test_strings_long(void)
{
    struct budget b = unlimited();
    struct strings s;
    size_t n = 3 << 20;
    char *text = malloc(n);
    if (!CHECK(text != NULL)) return;
    memset(text, 'x', n);
    strings_init(&s, &b);
    uint32_t a = strings_add(&s, text, n);
    CHECK(strings_size(&s, a) <= STRINGS_MAX_TEXT);
    CHECK(strings_size(&s, a) > STRINGS_MAX_TEXT - 16);
    uint32_t whole = strings_add(&s, text, STRINGS_MAX_TEXT);
    CHECK_U64(strings_size(&s, whole), STRINGS_MAX_TEXT);
    CHECK(a != whole);
    strings_free(&s);
    free(text);
}

static void test_strings_many(void)
{
    struct budget b = unlimited();
    struct strings s;
    uint64_t wrong = 0;
    strings_init(&s, &b);
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 50000; i++) {
            char text[16];
            int n = snprintf(text, sizeof text, "name%u", i);
            wrong += strings_add(&s, text, (size_t)n) != i + 1;
        }
    }
    CHECK_U64(wrong, 0);
    CHECK_U64(s.n, 50000);
    strings_free(&s);
}

static void test_intern(void)
{
    struct budget b = unlimited();
    struct intern t;
    uint64_t wrong = 0;
    intern_init(&t, &b, sizeof(uint64_t));
    for (int round = 0; round < 2; round++)
        for (uint64_t i = 0; i < 10000; i++) wrong += intern_add(&t, &i) != i + 1;
    CHECK_U64(wrong, 0);
    uint64_t seven;
    memcpy(&seven, intern_at(&t, 8), sizeof seven);
    CHECK_U64(seven, 7);
    intern_free(&t);
}

static void check_order(const uint64_t *key, uint32_t n, const uint32_t *order, bool distinct)
{
    uint64_t wrong = 0, sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        sum += order[i];
        if (i == 0) continue;
        int64_t before = (int64_t)key[order[i - 1]], now = (int64_t)key[order[i]];
        wrong += before > now || (before == now && (distinct || order[i - 1] > order[i]));
    }
    CHECK_U64(wrong, 0);
    CHECK_U64(sum, (uint64_t)n * (n ? n - 1 : 0) / 2);
}

/* Sorts; how it was done is told by `distinct`. */
static bool check_sorted(const uint64_t *key, uint32_t n)
{
    struct budget b = unlimited();
    uint32_t *order;
    bool distinct;
    if (!CHECK(sort_ids(&b, key, n, &order, &distinct))) return false;
    check_order(key, n, order, distinct);
    memory_free(&b, order, n, sizeof *order);
    CHECK_U64(b.used, 0);
    return distinct;
}

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 32;
}

static void test_sort(void)
{
    uint64_t key[5000], state = 1;
    for (unsigned shift = 0; shift < 64; shift += 9) {
        for (uint32_t i = 0; i < 5000; i++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            key[i] = state >> shift;
        }
        check_sorted(key, 5000);
    }
    for (uint32_t i = 0; i < 5000; i++) key[i] = i / 3;
    CHECK(!check_sorted(key, 5000)); /* in order already, with ties */
    for (uint32_t i = 0; i < 5000; i++) key[i] = i * 3;
    CHECK(check_sorted(key, 5000));
    for (uint32_t i = 0; i < 5000; i++) key[i] = i % 3 - 1u;
    CHECK(!check_sorted(key, 5000)); /* around 0: the order is that of signed numbers */
    CHECK(check_sorted(key, 1));
    CHECK(check_sorted(key, 0));
}

/* Different multiples of 16 in parts of memory, about `spread` of them for each key. */
static void put_addresses(uint64_t *key, uint32_t n, unsigned parts, uint32_t spread,
                          uint64_t *state)
{
    for (uint32_t i = 0; i < n; i++) {
        uint64_t part = next_random(state) % parts;
        uint64_t within = (uint64_t)i * spread + next_random(state) % spread;
        key[i] = (part * 0x2a5500123450u + within * 16) ^ (part & 1) << 63;
    }
    for (uint32_t i = n; i > 1; i--) {
        uint32_t other = (uint32_t)(next_random(state) % i);
        uint64_t was = key[i - 1];
        key[i - 1] = key[other];
        key[other] = was;
    }
}

static void test_sort_dense(void)
{
    static uint64_t key[100000];
    struct budget b = unlimited(), none = { 0, 100 };
    uint32_t order[2] = { 7, 7 };
    uint64_t state = 2;
    for (uint32_t n = 7; n <= 100000; n = n * 3 + 1)
        for (unsigned parts = 1; parts < 6; parts++)
            for (uint32_t spread = 1; spread < 64; spread *= 3) {
                put_addresses(key, n, parts, spread, &state);
                bool distinct = check_sorted(key, n);
                if (n > 1000 && parts * spread < 10) CHECK(distinct);
                key[n / 2] = key[n - 1]; /* one twice */
                CHECK(!check_sorted(key, n));
            }
    /* The ends of what keys can be; equal ones; one, and none. */
    key[0] = INT64_MAX, key[1] = (uint64_t)INT64_MIN;
    check_sorted(key, 2);
    key[1] = key[0];
    CHECK(!sort_dense(&b, key, 2, order) && order[0] == 7 && order[1] == 7);
    CHECK(!sort_dense(&b, key, 1, order) && !sort_dense(&b, key, 0, order));
    put_addresses(key, 5000, 1, 2, &state);
    CHECK(!sort_dense(&none, key, 5000, order) && order[0] == 7);
    for (uint32_t i = 0; i < 5000; i++) key[i] = (uint64_t)i << 40 | (i & 1);
    CHECK(!sort_dense(&b, key, 5000, order)); /* too many areas */
    CHECK_U64(b.used, 0);
}

/* References held from outside, by reference counts and by counting one by one: few objects, so
 * that some are owned more often than a byte counts. */
static void test_external(void)
{
    enum { N = 9, M = 6000 };
    static uint64_t source[M], target[M], owns[M];
    uint64_t id[N], count[N], held[N] = { 0 }, state = 3, over = 0;
    struct budget b = unlimited();
    struct capture_definitions none = { 0 };
    struct capture c;
    struct resolved r;
    for (uint32_t i = 0; i < N; i++) id[i] = 4096 - 16 * i, count[i] = 256 * (i / 2) + i % 2;
    for (uint32_t e = 0; e < M; e++) {
        source[e] = (uint64_t)e * N / M;
        target[e] = next_random(&state) % (1 + next_random(&state) % (N + 1)); /* N: nowhere */
        owns[e] = next_random(&state) % 2 ? SNAP_EDGE_OWNS : 0;
        if (target[e] == 1) owns[e] = held[1] < 256 ? SNAP_EDGE_OWNS : 0;
        if (owns[e] && target[e] < N) held[target[e]]++;
    }
    count[0] = held[0], count[1] = 257, count[2] = held[2] + 300, count[3] = held[3] - 1;
    struct record_batch objects = { .rows = N }, edges = { .rows = M };
    objects.column[SNAP_COL_OBJECT_ID].value = id;
    objects.column[SNAP_COL_OBJECT_REFCOUNT].value = count;
    edges.column[SNAP_COL_EDGE_SOURCE].value = source;
    edges.column[SNAP_COL_EDGE_TARGET_ORDINAL].value = target;
    edges.column[SNAP_COL_EDGE_FLAGS].value = owns;
    capture_init(&c, &b, &none);
    CHECK_I64(capture_objects(&c, &objects), CAPTURE_OK);
    CHECK_I64(capture_edges(&c, &edges), CAPTURE_OK);
    if (CHECK(resolve(&c, true, &(struct resolve_how){ 0 }, &r))) {
        CHECK_U64(r.m + r.dangling, M);
        CHECK_U64(r.off[N], r.m);
        CHECK_U64(held[1], 256);
        for (uint32_t v = 0; v < N; v++) {
            bool known = held[v] <= count[v];
            over += !known;
            CHECK(packed_has(&r.external, v) == known);
            if (known) CHECK_U64(packed_get(&r.external, v), count[v] - held[v]);
        }
        CHECK_U64(r.over_owned, over);
    }
    resolved_free(&r);
    capture_free(&c);
}

static void test_budget(void)
{
    struct budget b = { 0, 1000 };
    void *a = memory_new(&b, 100, 8), *c = memory_new(&b, 100, 8);
    CHECK(a != NULL);
    CHECK(c == NULL);
    memory_free(&b, a, 100, 8);
    CHECK_U64(b.used, 0);
    CHECK(memory_new(&b, SIZE_MAX / 2, 8) == NULL);
    uint64_t *array = NULL;
    size_t cap = 0;
    CHECK(memory_grow(&b, (void **)&array, &cap, 100, sizeof *array));
    CHECK(cap >= 100);
    size_t before = cap;
    CHECK(!memory_grow(&b, (void **)&array, &cap, 100000, sizeof *array));
    CHECK_U64(cap, before);
    CHECK(!memory_grow(&b, (void **)&array, &cap, SIZE_MAX / 2, sizeof *array));
    heap_free(array);
}

/* What a row of a pattern has: nothing, the same as all, or numbers of a width that changes. */
static bool pattern(unsigned which, uint32_t row, uint64_t *value)
{
    uint64_t mixed = row * UINT64_C(0x9e3779b97f4a7c15);
    unsigned bits = row / 150 * 7 % 65;
    *value = which == 0 ? 7 : bits == 64 ? mixed : (mixed >> 32) % (UINT64_C(1) << bits);
    if (which == 2) *value = mixed % 2 ? UINT64_MAX : 0;
    if (which == 3) return row > 1000 && row % 64 == 63;
    if (which == 4) return mixed >> 40 & 1;
    return which != 5;
}

/* All rows of a column as the pattern has them, but those whose number `drop` divides. */
static void check_packed(const struct packed *p, unsigned which, uint32_t n, uint32_t drop)
{
    uint64_t wrong = 0, value;
    for (uint32_t row = 0, at = 0; row < n; row++) {
        if (drop && row % drop == 0) continue;
        bool has = pattern(which, row, &value);
        wrong += packed_has(p, at) != has || packed_get(p, at) != (has ? value : 0);
        packed_prefetch_block(p, at);
        packed_prefetch_run(p, at);
        packed_prefetch(p, at++);
    }
    CHECK_U64(wrong, 0);
}

static void test_packed(void)
{
    static const uint32_t sizes[] = { 0, 1, 63, 64, 65, 20000 };
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (unsigned which = 0; which < 6; which++) {
            struct budget b = unlimited();
            struct packed p = { 0 };
            uint32_t n = sizes[i];
            uint64_t value, drop[20000 / 64 + 1] = { 0 };
            for (uint32_t row = 0; row < n; row++)
                if (pattern(which, row, &value)) CHECK(packed_set(&p, &b, row, value));
            CHECK(packed_end(&p, &b, n));
            check_packed(&p, which, n, 0);
            for (uint32_t row = 0; row < n; row += 3) drop[row / 64] |= UINT64_C(1) << (row % 64);
            CHECK(packed_drop(&p, &b, n, drop));
            check_packed(&p, which, n, 3);
            packed_free(&p, &b);
            CHECK_U64(b.used, 0);
        }
    }
}

/* Equal values cost their blocks only; small distances a byte; and the budget is kept. */
static void test_packed_size(void)
{
    struct budget b = unlimited(), small = { 0, 4096 };
    struct packed p = { 0 };
    for (uint32_t row = 0; row < 6400; row++) CHECK(packed_set(&p, &b, row, UINT64_MAX));
    for (uint32_t row = 6400; row < 12800; row++)
        CHECK(packed_set(&p, &b, row, UINT64_C(1) << 60 | row % 256));
    CHECK(packed_end(&p, &b, 12800));
    CHECK_U64(p.n, 200);
    CHECK_U64(p.used, 6400);
    packed_free(&p, &b);
    bool ok = true;
    for (uint32_t row = 0; ok && row < 1000000; row++) ok = packed_set(&p, &small, row, row * row);
    CHECK(!ok);
    CHECK(small.used <= small.limit);
    packed_free(&p, &small);
    packed_free(&p, NULL); /* of an empty one there is nothing to give back */
}

CU_MAIN("db_parts", { "packed columns", test_packed }, { "packed size", test_packed_size }, { "ranges of ids", test_idmap }, { "texts", test_strings },
        { "long texts", test_strings_long }, { "many texts", test_strings_many },
        { "records", test_intern }, { "sorting ids", test_sort },
        { "sorting addresses", test_sort_dense },
        { "held from outside", test_external }, { "budget", test_budget })
