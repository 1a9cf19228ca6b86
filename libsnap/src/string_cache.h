/* SPDX-License-Identifier: MIT */
/*
 * A bounded memory of strings that were written lately, by a seeded 128-bit hash. Sets of four,
 * the least recently used leaves. A string that was forgotten is simply defined again.
 */
#ifndef SNAP_SRC_STRING_CACHE_H
#define SNAP_SRC_STRING_CACHE_H

#include "checksum.h"

#define STRING_CACHE_WAYS 4u
#define STRING_CACHE_SETS 8192u

struct string_cache_entry {
    struct checksum128 hash;
    uint64_t id; /* 0: free */
};

struct string_cache {
    uint64_t seed; /* secret, so that nobody can choose strings that collide */
    struct string_cache_entry set[STRING_CACHE_SETS][STRING_CACHE_WAYS];
};

void string_cache_init(struct string_cache *cache, uint64_t seed);

/* The id under which a string with this hash is remembered, or 0; then `id` is remembered from now
 * on. O(1). */
uint64_t string_cache_meet(struct string_cache *cache, struct checksum128 hash, uint64_t id);

#endif
