/* SPDX-License-Identifier: MIT */
/*
 * Huge pages that one large array leaves to the next.
 *
 * An analysis of ten million objects makes 3.5 GB of arrays, one after the other, and never has a
 * third of that at a time. Each page that comes from the system is cleared by it first, which costs
 * as much as a pass of the algorithm that writes it (on a virtual machine whose unused memory went
 * back to the host, thirty times as much). So what an array leaves is kept, and the next gets it.
 *
 * The memory that a process holds at its peak does not grow by that: before pages are asked of the
 * system, as many of those that are kept, and did not fit, go back to it.
 *
 * Thread-safe; all threads share what is kept. Sanitizers would not see that memory is used after
 * it was given back, so under them none is kept. Linear in the number of pieces (PAGES_KEPT).
 */
#ifndef HEAP_PAGES_H
#define HEAP_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HUGE_PAGE ((size_t)2 << 20)

/* Arrays from so many bytes on are made here: below, rounding and calls would cost more than they
 * give. Systems without pages to ask for have none. */
#if defined(__linux__)
#define PAGES_FROM (2 * HUGE_PAGE)
#else
#define PAGES_FROM SIZE_MAX
#endif

/* The unit of all lengths here: whole pages on every system, and little beside a large array. What
 * is left of a huge page at the end of an array is not memory. */
#define PAGES_UNIT ((size_t)64 << 10)

/* Pieces of memory that are kept at most. */
#define PAGES_KEPT 64

/* `length` bytes, a multiple of PAGES_UNIT; NULL where the system gives none. `*zero` is set where
 * all of them are zero. */
void *pages_take(size_t length, bool *zero);

/* The same memory, `length` bytes, with room for `more`; NULL where the system gives none, and then
 * it stays as it is. The pages are moved, not copied, where the system can. */
void *pages_grow(void *base, size_t length, size_t more);

/* Gives back what pages_take gave, whole. What was never touched at its end is not kept. */
void pages_give(void *base, size_t length);

#endif
