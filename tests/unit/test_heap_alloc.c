/* SPDX-License-Identifier: MIT */
/*
 * Memory of the graph core: every size around the change from malloc to mappings, alignment, zeros,
 * refusal of what cannot be, independence of arrays, and that large arrays go back to the system.
 */
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

/* A large array costs address space until it is written to, and neither after it is freed. */
static void test_given_back(void)
{
    unsigned long all[4], resident[4];
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
    CHECK(resident[3] < resident[0] + 16 * mib);
    CHECK(all[3] < all[1] - 200 * mib);
}
#else
static void test_given_back(void)
{
    CHECK(1);
}
#endif

CU_MAIN("heap memory", { "sizes", test_sizes }, { "zeroed", test_zeroed }, { "none", test_none },
        { "refused", test_refused }, { "given back", test_given_back })
