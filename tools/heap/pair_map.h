/* SPDX-License-Identifier: MIT */
/*
 * A map from two 64-bit numbers to an index: open addressing, at most half full, so that a look-up
 * takes O(1) on average. The order of its slots depends on where memory was, and never on the keys
 * alone. 24 bytes a slot. Not thread-safe; {0} is an empty map.
 */
#ifndef HEAP_PAIR_MAP_H
#define HEAP_PAIR_MAP_H

#include <stdint.h>

#include "heap/status.h"

struct pair_entry {
    uint64_t key, key2;
    uint32_t value; /* HEAP_NONE: empty */
};

struct pair_map {
    struct pair_entry *entry;
    uint64_t size, used; /* size is a power of two */
    uint64_t seed;
};

/* The entry of a key, with room for one more. NULL when out of memory. An entry whose value is
 * HEAP_NONE is new: the caller gives it one. */
struct pair_entry *pair_map_get(struct pair_map *map, uint64_t key, uint64_t key2);

/* The entry of a key in a map that is not empty; where there is none, its value is HEAP_NONE. */
struct pair_entry *pair_map_slot(const struct pair_map *map, uint64_t key, uint64_t key2);

/* Frees what the map holds; it is empty then. */
void pair_map_clear(struct pair_map *map);

#endif
