/* SPDX-License-Identifier: MIT */
/*
 * Memory for large arrays, of the graph core and of those who feed it.
 *
 * Two reasons not to take them from malloc. Graph algorithms read them at random, and on small
 * pages almost every cache miss pays for a walk of the page table too: huge pages save a third
 * of the time of an analysis of ten million objects laid out like a real heap, a tenth where
 * every access misses. And the C library keeps arrays of up to 32 MiB for itself when they are
 * freed, which doubles the peak of an analysis of a few million objects; what these leave serves
 * the next ones, whatever their sizes, and the process never holds more than it once had in use
 * (heap/pages.h).
 *
 * All allocating functions: n elements of `size` bytes, to be freed with heap_free (not free, not
 * realloc); NULL when out of memory or beyond the address space; n = 0 gives a pointer that can be
 * freed. Aligned for every type. Pages that are never touched cost address space only.
 */
#ifndef HEAP_MEMORY_H
#define HEAP_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* Uninitialised. */
void *heap_new(uint64_t n, size_t size);
/* All bits zero. */
void *heap_new_zeroed(uint64_t n, size_t size);
/* n numbers of 32 bits, each HEAP_NONE. */
uint32_t *heap_new_none(uint64_t n);

/* The same array with room for n elements, of which the first `keep` are those of p, which is gone,
 * and the others uninitialised. NULL for p is an empty array. On failure p stays as it is. A large
 * array grows without a copy where the system can move its pages. */
void *heap_resize(void *p, uint64_t keep, uint64_t n, size_t size);

/* NULL is fine. */
void heap_free(void *p);

#endif
