/* SPDX-License-Identifier: MIT */
/*
 * The set of objects met so far, which is at the same time the queue of the walk.
 *
 * `queue[i]` is the address of the i-th object discovered; its index is the object's ordinal in
 * the file. `table` is open addressing with linear probing over 32-bit queue indexes, so that the
 * table costs 4 bytes a slot and can be rebuilt from the queue when it grows. With a load between
 * 0.35 and 0.7 the set needs 14 to 20 bytes an object.
 *
 * A look-up costs two cache misses, the slot and the queue entry behind it. The caller hides them
 * by prefetching both for a batch of addresses before it asks (objset_prefetch_*).
 */
#ifndef HEAPSNAP_OBJSET_H
#define HEAPSNAP_OBJSET_H

#include <stdint.h>

#include "mem.h"

struct objset {
    struct mem *mem;
    uintptr_t *queue;
    uint32_t *table; /* queue index + 1; 0: free; NULL until objset_index */
    uint64_t count;
    uint64_t queue_room;
    uint64_t table_room; /* entries before the table grows */
    unsigned shift;      /* 64 - log2(slots) */
};

/** Most objects that one set can hold: indexes are 32 bits wide. */
#define OBJSET_MAX  (UINT32_MAX - 1u)

#define OBJSET_NONE UINT64_MAX

/** Empty, without a table: objects can be appended but not looked up. False: no memory. */
bool objset_init(struct objset *set, struct mem *mem);

/** Append an address known not to be there, before objset_index. False: no memory or full. */
bool objset_append(struct objset *set, uintptr_t addr);

/** Build the table over what was appended, with room for `expected` entries. False: no memory. */
bool objset_index(struct objset *set, uint64_t expected);

/** The ordinal of an address, added at the end of the queue if it is new; OBJSET_NONE when there
 *  is no memory left or the set is full. O(1) amortised. */
uint64_t objset_add(struct objset *set, uintptr_t addr);

/** The ordinal, or OBJSET_NONE if it is not there. */
uint64_t objset_find(const struct objset *set, uintptr_t addr);

void objset_free(struct objset *set);

/* Multiplicative hashing (Knuth, TAOCP 3, 6.4) over the address without its alignment bits: the
 * upper bits of the product depend on all bits of the address. */
static inline uint64_t objset_slot(const struct objset *set, uintptr_t addr)
{
    return ((uint64_t)(addr >> 3) * UINT64_C(0x9E3779B97F4A7C15)) >> set->shift;
}

static inline void objset_prefetch_slot(const struct objset *set, uintptr_t addr)
{
    __builtin_prefetch(&set->table[objset_slot(set, addr)]);
}

static inline void objset_prefetch_entry(const struct objset *set, uintptr_t addr)
{
    uint32_t index = set->table[objset_slot(set, addr)];

    if (index != 0) __builtin_prefetch(&set->queue[index - 1]);
}

#endif
