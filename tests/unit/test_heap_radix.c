/* SPDX-License-Identifier: MIT */
/*
 * The radix sort against the plainest sort there is, on keys of every pattern that it treats apart:
 * below and above one digit, equal in some digits, in the highest one only, all equal; from orders
 * that are not ascending, of which equal keys must keep theirs.
 */
#include <stdlib.h>

#include "cu.h"
#include "heap/internal.h"
#include "heap_random.h"

#define DIGIT 2048u /* keys below it are sorted by counting alone */

/* Insertion: an index moves in front of those with a smaller key, never of one with the same. */
static void plain_sort(const uint64_t *key, uint32_t *index, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        uint32_t moving = index[i], at = i;
        for (; at > 0 && key[index[at - 1]] < key[moving]; at--) index[at] = index[at - 1];
        index[at] = moving;
    }
}

static void *exactly(uint64_t n, size_t size)
{
    void *p = malloc(n ? (size_t)n * size : 1);
    if (!p) abort();
    return p;
}

/* Sorts the indexes of `order` both ways, in memory without an element to spare. */
static int sorts(const uint64_t *key, const uint32_t *order, uint32_t n)
{
    uint32_t *got = exactly(n, sizeof *got), *want = exactly(n, sizeof *want);
    uint32_t *scratch = exactly(n, sizeof *scratch);
    if (n) memcpy(got, order, n * sizeof *got);
    if (n) memcpy(want, order, n * sizeof *want);
    plain_sort(key, want, n);
    heap_sort_descending(key, got, scratch, n);
    int same = n == 0 || memcmp(got, want, n * sizeof *got) == 0;
    free(got);
    free(want);
    free(scratch);
    return same;
}

enum pattern { EQUAL, SMALL, EDGE, MIXED, TOP_DIGIT, ONE_DIGIT, ANY_WIDTH, EXTREMES, PATTERNS };

static uint64_t key_of(enum pattern pattern, uint64_t *seed, unsigned digit)
{
    static const uint64_t extreme[] = { 0, 1, DIGIT - 1, DIGIT, UINT32_MAX, INT64_MAX,
                                        (uint64_t)1 << 63, UINT64_MAX - 1, UINT64_MAX };
    uint64_t x = random_next(seed);
    switch (pattern) {
    case EQUAL: return 77777;
    case SMALL: return x % DIGIT;
    case EDGE: return DIGIT - 2 + x % 4;
    case MIXED: return x % 3 ? x % 100 : x % 100000;
    case TOP_DIGIT: return x << 55;
    case ONE_DIGIT: return (x % 5) << (11 * digit) | DIGIT << 12;
    case ANY_WIDTH: return x >> (x % 64);
    default: return extreme[x % (sizeof extreme / sizeof *extreme)];
    }
}

static void test_patterns(void)
{
    uint64_t seed = 31, key[300];
    uint32_t order[300];
    unsigned wrong = 0;
    for (unsigned round = 0; round < 4000; round++) {
        enum pattern pattern = (enum pattern)(round % PATTERNS);
        uint32_t n = round < 64 ? round / PATTERNS : random_below(&seed, 300);
        for (uint32_t i = 0; i < n; i++) {
            key[i] = key_of(pattern, &seed, round / PATTERNS % 6);
            order[i] = i;
        }
        for (uint32_t i = n; i > 1 && round % 2; i--) {
            uint32_t k = random_below(&seed, i), swap = order[i - 1];
            order[i - 1] = order[k];
            order[k] = swap;
        }
        if (!sorts(key, order, n) && wrong++ < 5)
            printf("  round %u, pattern %d, %u keys\n", round, (int)pattern, n);
    }
    CHECK_U64(wrong, 0);
}

/* Keys of things that are not all in the list: only those in it are moved, none is invented. */
static void test_subset(void)
{
    uint64_t key[1000], seed = 8;
    uint32_t order[500];
    for (uint32_t i = 0; i < 1000; i++) key[i] = random_next(&seed) % 5000;
    for (uint32_t i = 0; i < 500; i++) order[i] = 999 - 2 * i;
    CHECK(sorts(key, order, 500));
    for (uint32_t i = 0; i < 500; i++) order[i] = 7; /* one thing five hundred times */
    CHECK(sorts(key, order, 500));
}

/* Large enough that counts pass 16 bits, with keys on both sides of a digit. */
static void test_many(void)
{
    const uint32_t n = 200000;
    uint64_t *key = exactly(n, sizeof *key), seed = 5, wrong = 0;
    uint32_t *index = exactly(n, sizeof *index), *scratch = exactly(n, sizeof *scratch);
    for (uint32_t i = 0; i < n; i++) {
        key[i] = i % 3 ? i % 8 : random_next(&seed) >> (i % 50);
        index[i] = i;
    }
    heap_sort_descending(key, index, scratch, n);
    for (uint32_t i = 1; i < n; i++) {
        uint64_t before = key[index[i - 1]], here = key[index[i]];
        wrong += before < here || (before == here && index[i - 1] >= index[i]);
    }
    CHECK_U64(wrong, 0); /* strictly ordered by (key, place): so it is a permutation, too */
    free(key);
    free(index);
    free(scratch);
}

CU_MAIN("heap radix sort", { "every pattern of keys", test_patterns },
        { "some of the keys", test_subset }, { "many keys", test_many })
