/* SPDX-License-Identifier: MIT */
/* The hash map and set of numbers, against arrays over a small range of keys. */
#include "cu.h"

#include "info/u64map.h"

enum { KEYS = 5000, STEPS = 200000 };

static uint64_t state = 88172645463325252u;

static uint64_t rnd(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Keys that collide in their low bits, and 0. */
static uint64_t key_of(uint64_t i)
{
    return i << 40;
}

static void test_map(void)
{
    static uint64_t model[KEYS];
    static bool present[KEYS];
    struct u64map m = { 0 };
    unsigned wrong = 0;
    size_t n = 0;
    CHECK(u64map_get(&m, 7) == NULL);
    for (int step = 0; step < STEPS; step++) {
        uint64_t i = rnd() % KEYS;
        if (rnd() & 1) {
            bool is_new;
            uint64_t *v = u64map_put(&m, key_of(i), &is_new);
            if (!CHECK(v != NULL)) break;
            wrong += is_new == present[i] || *v != model[i];
            *v = model[i] = rnd();
            n += !present[i];
            present[i] = true;
        } else {
            const uint64_t *v = u64map_get(&m, key_of(i));
            wrong += (v != NULL) != present[i] || (v && *v != model[i]);
        }
    }
    CHECK_U64(wrong, 0);
    CHECK_U64(m.n, n);
    u64map_clear(&m);
    CHECK_U64(m.n, 0);
    CHECK(u64map_get(&m, key_of(1)) == NULL);
    CHECK(u64map_get(&m, 0) == NULL);
    u64map_free(&m);
}

static void test_set(void)
{
    static bool present[KEYS];
    struct u64set s = { 0 };
    unsigned wrong = 0;
    CHECK(!u64set_has(&s, 7));
    for (int step = 0; step < STEPS; step++) {
        uint64_t i = rnd() % KEYS;
        if (rnd() & 1) {
            wrong += u64set_add(&s, key_of(i)) != (present[i] ? U64SET_KNOWN : U64SET_NEW);
            present[i] = true;
        } else {
            wrong += u64set_has(&s, key_of(i)) != present[i];
        }
    }
    CHECK_U64(wrong, 0);
    u64set_clear(&s);
    CHECK(!u64set_has(&s, key_of(1)));
    CHECK(!u64set_has(&s, 0));
    u64set_free(&s);
}

CU_MAIN("cli u64map", { "map", test_map }, { "set", test_set })
