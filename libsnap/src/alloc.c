/* SPDX-License-Identifier: MIT */
/*
 * Default allocator (malloc and free) and dispatch to the caller's.
 */
#include "alloc.h"

#include <stdlib.h>

static void *default_alloc(void *opaque, size_t size)
{
    (void)opaque;
    return malloc(size);
}

static void default_free(void *opaque, void *ptr, size_t size)
{
    (void)opaque;
    (void)size;
    free(ptr);
}

snap_allocator alloc_choose(const snap_allocator *given)
{
    if (given) return *given;
    return (snap_allocator){ .alloc = default_alloc, .free = default_free, .opaque = NULL };
}

void *alloc_take(const snap_allocator *allocator, size_t size)
{
    return allocator->alloc(allocator->opaque, size);
}

void alloc_give(const snap_allocator *allocator, void *ptr, size_t size)
{
    if (ptr) allocator->free(allocator->opaque, ptr, size);
}
