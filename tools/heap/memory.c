/* SPDX-License-Identifier: MIT */
/* Allocation with overflow checks for the graph core. Every allocation of the core comes through here,
 * except that growing arrays use realloc. O(1) beyond what the C library does. */
#include "heap/internal.h"

void *heap_new(uint64_t n, size_t size)
{
    if (n > PTRDIFF_MAX / size) return NULL;
    return malloc(n ? (size_t)n * size : 1);
}

void *heap_new_zeroed(uint64_t n, size_t size)
{
    if (n > PTRDIFF_MAX / size) return NULL;
    return calloc(n ? (size_t)n : 1, size);
}

uint32_t *heap_new_none(uint64_t n)
{
    uint32_t *p = heap_new(n, sizeof *p);
    if (p) memset(p, 0xff, (size_t)n * sizeof *p);
    return p;
}
