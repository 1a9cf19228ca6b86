/* SPDX-License-Identifier: MIT */
/*
 * Asking for memory before it is needed.
 *
 * The empty statement behind it has a reason: to GCC __builtin_prefetch is no effect, so that it
 * takes a function that only prefetches, and returns nothing, for one that does nothing, and drops
 * every call of it, unless it was inlined before.
 */
#ifndef HEAP_PREFETCH_H
#define HEAP_PREFETCH_H

#if defined(__GNUC__)
#define HEAP_PREFETCH(address)                                                                     \
    do {                                                                                           \
        __builtin_prefetch(address);                                                               \
        __asm__ volatile("");                                                                      \
    } while (0)
#else
#define HEAP_PREFETCH(address) ((void)(address))
#endif

#endif
