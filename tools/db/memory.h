/* SPDX-License-Identifier: MIT */
/*
 * Arrays that grow, under a budget: a snapshot from a stranger may claim any number of rows in few
 * bytes, so the loader stops with a sentence before the machine runs out of memory.
 *
 * Growth doubles the address space, not the memory: the pages of large arrays are touched by use
 * only. All arrays are those of heap/memory.h: heap_free frees them where their bytes are not given
 * back to the budget.
 */
#ifndef SNAP_TOOLS_DB_MEMORY_H
#define SNAP_TOOLS_DB_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heap/memory.h"

/** Bytes in use and the most that may be. Two threads may take from one budget. */
struct budget {
    _Atomic uint64_t used;
    uint64_t limit;
};

/** A budget of most of the memory that is available now (MemAvailable, the control group's limit,
 *  RLIMIT_AS), or of `limit` bytes where it is not 0. */
void budget_init(struct budget *b, uint64_t limit);

/** Grows `*array` of `size`-byte elements, `*cap` of them, so that it holds at least `need`. False
 *  without memory or beyond the budget; then nothing has changed. */
bool memory_grow(struct budget *b, void **array, size_t *cap, size_t need, size_t size);

/** Frees an array that grew, and gives its bytes back to the budget. NULL is allowed. */
void memory_give(struct budget *b, void **array, size_t *cap, size_t size);

/** n zeroed elements under the budget; NULL like memory_grow's false. n = 0 gives a valid
 *  pointer. */
void *memory_zeroed(struct budget *b, uint64_t n, size_t size);

/** n elements that are written before they are read. */
void *memory_new(struct budget *b, uint64_t n, size_t size);

/** Frees an array of n elements and gives its bytes back to the budget. NULL is allowed. */
void memory_free(struct budget *b, void *array, uint64_t n, size_t size);

#endif
