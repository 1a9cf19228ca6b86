/* SPDX-License-Identifier: MIT */
/*
 * Memory of the graph core: every size around the change from malloc to mappings, alignment, zeros,
 * refusal of what cannot be, independence of arrays, and that what large ones leave serves others.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cu.h"
#include "heap/memory.h"
#include "heap/status.h"

#define MIB ((size_t)1 << 20)

/* Sizes at which something changes: nothing, a word, a page, a huge page, two of them (from where
 * on arrays are mapped), and their neighbours. */
static const size_t sizes[] = { 0, 1, 7, 8, 15, 16, 17, 4095, 4096, 4097, 2 * MIB - 1, 2 * MIB,
                                4 * MIB - 17, 4 * MIB - 16, 4 * MIB - 1, 4 * MIB, 4 * MIB + 1,
                                6 * MIB - 1, 6 * MIB, 6 * MIB + 1 };
#define SIZES (sizeof sizes / sizeof *sizes)

static size_t not_zero(const uint8_t *p, size_t n)
{
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++) wrong += p[i] != 0;
    return wrong;
}

static void test_sizes(void)
{
    uint8_t *array[SIZES];
    for (size_t i = 0; i < SIZES; i++) {
        array[i] = heap_new(sizes[i], 1);
        if (!CHECK(array[i] != NULL)) return;
        CHECK_U64((uintptr_t)array[i] % _Alignof(max_align_t), 0);
        memset(array[i], (int)(i + 1), sizes[i]);
    }
    /* Each still holds its own: no two overlap, and no header stands in another. */
    for (size_t i = 0; i < SIZES; i++) {
        size_t wrong = 0;
        for (size_t k = 0; k < sizes[i]; k++) wrong += array[i][k] != (uint8_t)(i + 1);
        CHECK_U64(wrong, 0);
    }
    for (size_t i = SIZES; i-- > 0;) heap_free(array[i]);
}

/* Zeros also where the memory was in use, and full of something else, just before. */
static void test_zeroed(void)
{
    for (size_t i = 0; i < SIZES; i++) {
        uint8_t *dirty = heap_new(sizes[i], 1);
        if (!CHECK(dirty != NULL)) return;
        memset(dirty, 0xA5, sizes[i]);
        heap_free(dirty);
        uint8_t *clean = heap_new_zeroed(sizes[i], 1);
        if (!CHECK(clean != NULL)) return;
        CHECK_U64(not_zero(clean, sizes[i]), 0);
        CHECK_U64((uintptr_t)clean % _Alignof(max_align_t), 0);
        heap_free(clean);
    }
}

static void test_none(void)
{
    static const uint64_t counts[] = { 0, 1, 2, 1000, MIB - 1, MIB, MIB + 1 };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        uint64_t wrong = 0;
        uint32_t *p = heap_new_none(counts[i]);
        if (!CHECK(p != NULL)) return;
        for (uint64_t k = 0; k < counts[i]; k++) wrong += p[k] != HEAP_NONE;
        CHECK_U64(wrong, 0);
        heap_free(p);
    }
}

/* What is beyond the address space is refused, whichever way the product would wrap around. */
static void test_refused(void)
{
    static const struct {
        uint64_t n;
        size_t size;
    } asked[] = { { UINT64_MAX, 1 }, { UINT64_MAX, 8 }, { UINT64_MAX / 8 + 1, 8 },
                  { (uint64_t)1 << 61, 8 }, { (uint64_t)1 << 62, 4 }, { (uint64_t)1 << 63, 2 },
                  { PTRDIFF_MAX, 1 }, { PTRDIFF_MAX / 8, 8 }, { ((uint64_t)1 << 61) + 1, 8 } };
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        CHECK(heap_new(asked[i].n, asked[i].size) == NULL);
        CHECK(heap_new_zeroed(asked[i].n, asked[i].size) == NULL);
    }
    CHECK(heap_new_none(UINT64_MAX) == NULL);
    CHECK(heap_new_none((uint64_t)1 << 62) == NULL);
    heap_free(NULL);
}

#if defined(__linux__)
/* Pages of this process: all, and those in memory. */
static int pages(unsigned long *all, unsigned long *resident)
{
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f) return 0;
    int read = fscanf(f, "%lu %lu", all, resident);
    fclose(f);
    return read == 2;
}

/* A large array costs address space until it is written to. Freed, it leaves what was written, and
 * no more, to the next: what the process holds stays within what it once had in use. */
static void test_given_back(void)
{
    unsigned long all[5], resident[5];
    const size_t size = 256 * MIB;
    if (!pages(&all[0], &resident[0])) return;
    uint8_t *p = heap_new(size, 1);
    if (!CHECK(p != NULL) || !pages(&all[1], &resident[1])) return;
    memset(p, 1, 64 * MIB);
    if (!pages(&all[2], &resident[2])) return;
    heap_free(p);
    if (!pages(&all[3], &resident[3])) return;
    const unsigned long mib = (unsigned long)(MIB / (size_t)sysconf(_SC_PAGESIZE));
    CHECK(all[1] >= all[0] + 256 * mib);
    CHECK(resident[1] < resident[0] + 8 * mib);
    CHECK(resident[2] >= resident[0] + 60 * mib);
    CHECK(all[3] < all[1] - 180 * mib);
    uint8_t *small = heap_new(24 * MIB, 1), *large = heap_new(80 * MIB, 1);
    if (!CHECK(small && large)) return;
    memset(small, 2, 24 * MIB);
    memset(large, 3, 80 * MIB);
    if (!pages(&all[4], &resident[4])) return;
    CHECK(resident[4] < resident[0] + (24 + 80 + 12) * mib);
    heap_free(small);
    heap_free(large);
}

/* Arrays of random sizes come and go, some grow: each keeps its own, zeroed ones are zero, and no
 * more is resident than was in use at the peak. */
#define ARRAYS 16

struct kept {
    uint8_t *at;
    size_t size;
    uint8_t byte;
};

static uint64_t random_state = 1;

static size_t random_below(size_t n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (size_t)(random_state >> 33) % n;
}

/* Each byte is the first, and that is what it should be. */
static bool whole(const uint8_t *at, size_t size, uint8_t byte)
{
    return !size || (at[0] == byte && memcmp(at, at + 1, size - 1) == 0);
}

static bool put(struct kept *k, uint8_t byte)
{
    bool zeroed = random_below(3) == 0;
    *k = (struct kept){ NULL, random_below(20 * MIB), byte };
    k->at = zeroed ? heap_new_zeroed(k->size, 1) : heap_new(k->size, 1);
    if (!CHECK(k->at != NULL)) return false;
    if (zeroed) CHECK(whole(k->at, k->size, 0));
    memset(k->at, byte, k->size);
    return true;
}

static bool grow(struct kept *k)
{
    size_t size = k->size + random_below(12 * MIB);
    uint8_t *larger = heap_resize(k->at, k->size, size, 1);
    if (!CHECK(larger != NULL)) return false;
    k->at = larger;
    CHECK(whole(k->at, k->size, k->byte));
    k->size = size;
    memset(k->at, k->byte, size);
    return true;
}

static void test_come_and_go(void)
{
    struct kept kept[ARRAYS] = { 0 };
    unsigned long all, first, now, used = 0, most = 0, resident = 0;
    if (!pages(&all, &first)) return;
    for (unsigned round = 0; round < 200; round++) {
        struct kept *k = &kept[random_below(ARRAYS)];
        used -= k->size;
        if (k->at && random_below(3) == 0) {
            if (!grow(k)) return;
        } else {
            CHECK(whole(k->at, k->size, k->byte));
            heap_free(k->at);
            if (!put(k, (uint8_t)(round % 255 + 1))) return;
        }
        used += k->size;
        if (used > most) most = used;
        if (!pages(&all, &now)) return;
        if (now - first > resident && now > first) resident = now - first;
    }
    for (unsigned i = 0; i < ARRAYS; i++) heap_free(kept[i].at);
    /* Beside it: small arrays of the C library, and a copy where an array grows. */
    CHECK(resident * (size_t)sysconf(_SC_PAGESIZE) < most + 96 * MIB);
}
#else
static void test_given_back(void)
{
    CHECK(1);
}

static void test_come_and_go(void)
{
    CHECK(1);
}
#endif

CU_MAIN("heap memory", { "given back", test_given_back }, /* first: nothing is kept yet */
        { "sizes", test_sizes }, { "zeroed", test_zeroed }, { "none", test_none },
        { "refused", test_refused },
        { "come and go", test_come_and_go })
