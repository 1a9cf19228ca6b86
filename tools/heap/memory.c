/* SPDX-License-Identifier: MIT */
/* Allocation with overflow checks, on huge pages where the system offers them on request. Every
 * allocation of the core comes through here, except that growing arrays use realloc. */
#if defined(__linux__)
#define _DEFAULT_SOURCE /* madvise */
#include <sys/mman.h>
#endif
#include <stdlib.h>
#include <string.h>

#include "heap/memory.h"

#define HUGE_PAGE ((size_t)2 << 20)
/* Below this the rounding to whole pages could cost more than it gives. */
#define HUGE_FROM (4 * HUGE_PAGE)

static void *allocate(size_t bytes)
{
#if defined(MADV_HUGEPAGE)
    if (bytes >= HUGE_FROM) {
        size_t rounded = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
        void *p = aligned_alloc(HUGE_PAGE, rounded);
        /* Advice only: without it the array is on small pages. */
        if (p) (void)madvise(p, rounded, MADV_HUGEPAGE);
        return p;
    }
#endif
    return malloc(bytes ? bytes : 1);
}

void *heap_new(uint64_t n, size_t size)
{
    if (n > (PTRDIFF_MAX - HUGE_PAGE) / size) return NULL;
    return allocate((size_t)n * size);
}

void *heap_new_zeroed(uint64_t n, size_t size)
{
    if (n > (PTRDIFF_MAX - HUGE_PAGE) / size) return NULL;
    size_t bytes = (size_t)n * size;
    void *p = allocate(bytes);
    if (p) memset(p, 0, bytes);
    return p;
}

uint32_t *heap_new_none(uint64_t n)
{
    uint32_t *p = heap_new(n, sizeof *p);
    if (p) memset(p, 0xff, (size_t)n * sizeof *p);
    return p;
}
