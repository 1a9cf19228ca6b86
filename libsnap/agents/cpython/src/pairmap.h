/* SPDX-License-Identifier: MIT */
/*
 * A map from pairs of 64-bit numbers to one: which frame a code object and a line are, which stack
 * a parent and a frame are. Open addressing with linear probing, grown at a load of one half.
 */
#ifndef HEAPSNAP_PAIRMAP_H
#define HEAPSNAP_PAIRMAP_H

#include <stdint.h>

#include "mem.h"

struct pairmap {
    struct mem *mem;
    struct pairmap_slot *slots;
    uint64_t count;
    unsigned bits;
};

bool pairmap_init(struct pairmap *map, struct mem *mem);

/** Where the value of (a, b) stands, to be read or filled in; 0 there means: new. Not both a and b
 *  may be 0. NULL: no memory. Valid until the next call. O(1) amortised. */
uint64_t *pairmap_at(struct pairmap *map, uint64_t a, uint64_t b);

void pairmap_free(struct pairmap *map);

#endif
