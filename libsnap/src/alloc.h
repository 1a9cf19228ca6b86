/* SPDX-License-Identifier: MIT */
/*
 * The only door to memory: the caller's allocator, or malloc and free.
 */
#ifndef SNAP_SRC_ALLOC_H
#define SNAP_SRC_ALLOC_H

#include <snap/writer.h>

/* A copy of *given, or the default where `given` is NULL. */
snap_allocator alloc_choose(const snap_allocator *given);

/* `size` bytes aligned to 16, contents undefined; NULL when there are none. */
void *alloc_take(const snap_allocator *allocator, size_t size);

/* Gives back what alloc_take returned, with the same size. NULL is allowed. */
void alloc_give(const snap_allocator *allocator, void *ptr, size_t size);

#endif
