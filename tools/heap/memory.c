/* SPDX-License-Identifier: MIT */
/* Small arrays from malloc, large ones from the system, on huge pages where it offers them on
 * request. Both carry a header in front that says which and how much. Contract in memory.h. */
#if defined(__linux__)
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS, madvise */
#include <sys/mman.h>
#endif
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "heap/memory.h"

#define HUGE_PAGE ((size_t)2 << 20)
/* Below this the rounding to whole pages could cost more than it gives. */
#define HUGE_FROM (2 * HUGE_PAGE)

/* Directly in front of the array. */
union header {
    struct {
        void *base;    /* what was allocated */
        size_t length; /* bytes mapped; 0 for an array from malloc */
    } is;
    max_align_t align;
};

static void *behind(void *base, size_t offset, size_t length)
{
    union header *h = (union header *)(void *)((char *)base + offset) - 1;
    h->is.base = base;
    h->is.length = length;
    return h + 1;
}

#if defined(MAP_ANONYMOUS) && defined(MADV_HUGEPAGE)
/* An array that begins at a huge page; its header is at the end of the page before. Fresh pages are
 * zero. */
static void *map(size_t bytes)
{
    size_t rounded = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE, length = rounded + HUGE_PAGE;
    void *base = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) return NULL;
    size_t offset = HUGE_PAGE - (uintptr_t)base % HUGE_PAGE;
    /* Advice only: without it the array is on small pages. */
    (void)madvise((char *)base + offset, rounded, MADV_HUGEPAGE);
    return behind(base, offset, length);
}

static void unmap(void *base, size_t length)
{
    (void)munmap(base, length);
}
#else
#undef HUGE_FROM
#define HUGE_FROM SIZE_MAX

static void *map(size_t bytes)
{
    (void)bytes;
    return NULL;
}

static void unmap(void *base, size_t length)
{
    (void)base;
    (void)length;
}
#endif

static void *allocate(uint64_t n, size_t size, bool zeroed)
{
    if (n > (PTRDIFF_MAX - 2 * HUGE_PAGE) / size) return NULL;
    size_t bytes = (size_t)n * size;
    if (bytes >= HUGE_FROM) return map(bytes);
    bytes += sizeof(union header);
    void *base = zeroed ? calloc(1, bytes) : malloc(bytes);
    return base ? behind(base, sizeof(union header), 0) : NULL;
}

void *heap_new(uint64_t n, size_t size)
{
    return allocate(n, size, false);
}

void *heap_new_zeroed(uint64_t n, size_t size)
{
    return allocate(n, size, true);
}

uint32_t *heap_new_none(uint64_t n)
{
    uint32_t *p = heap_new(n, sizeof *p);
    if (p) memset(p, 0xff, (size_t)n * sizeof *p);
    return p;
}

void heap_free(void *p)
{
    if (!p) return;
    const union header *h = (const union header *)p - 1;
    if (h->is.length)
        unmap(h->is.base, h->is.length);
    else
        free(h->is.base);
}
