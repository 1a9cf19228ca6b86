/* SPDX-License-Identifier: MIT */
/*
 * XXH3 by the inlined header, so that no symbol of xxhash is exported or imported.
 */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "checksum.h"

uint64_t checksum64(const void *data, size_t size)
{
    return XXH3_64bits(data, size);
}

struct checksum128 checksum128(const void *data, size_t size, uint64_t seed)
{
    XXH128_hash_t h = XXH3_128bits_withSeed(data, size, seed);
    return (struct checksum128){ .low = h.low64, .high = h.high64 };
}
