/* SPDX-License-Identifier: MIT */
/*
 * The writer's memory of strings. Entry 0 of a set is the one used last. O(1).
 */
#include "string_cache.h"

#include <string.h>

void string_cache_init(struct string_cache *cache, uint64_t seed)
{
    memset(cache->set, 0, sizeof cache->set);
    cache->seed = seed;
}

uint64_t string_cache_meet(struct string_cache *cache, struct checksum128 hash, uint64_t id)
{
    struct string_cache_entry *set = cache->set[hash.low % STRING_CACHE_SETS];
    unsigned way = 0;
    uint64_t known = 0;
    for (; way < STRING_CACHE_WAYS - 1; way++) {
        if (set[way].id == 0) break;
        if (set[way].hash.low == hash.low && set[way].hash.high == hash.high) break;
    }
    if (set[way].id && set[way].hash.low == hash.low && set[way].hash.high == hash.high) {
        known = set[way].id;
    }
    for (; way > 0; way--) set[way] = set[way - 1];
    set[0] = (struct string_cache_entry){ hash, known ? known : id };
    return known;
}
