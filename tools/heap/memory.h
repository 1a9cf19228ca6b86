/* SPDX-License-Identifier: MIT */
/*
 * Memory for large arrays. Graph algorithms read them at random, and on small pages almost every
 * cache miss pays for a walk of the page table too. Huge pages save a third of the time of an
 * analysis of ten million objects laid out like a real heap, a tenth where every access misses.
 * Callers use these for the arrays of a heap_graph and for columns by node.
 *
 * All functions: n elements of `size` bytes, to be freed with free(); NULL when out of memory or
 * beyond the address space; n = 0 gives a pointer that can be freed. Not for realloc: it would lose
 * nothing but the huge pages. Pages that are never touched cost address space only.
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

#endif
