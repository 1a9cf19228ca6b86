/* SPDX-License-Identifier: MIT */
/*
 * XXH3 under a seed, finished by SipHash-1-3. The contract is in keyhash.h.
 */
#define _GNU_SOURCE
#include "keyhash.h"

#include <errno.h>
#include <sys/random.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t keyhash_inner(const struct hash_key *key, uint64_t tag, const void *bytes, size_t size)
{
    return XXH3_64bits_withSeed(bytes, size, key->seed ^ tag);
}

static inline uint64_t rotl(uint64_t x, unsigned n)
{
    return (x << n) | (x >> (64 - n));
}

static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotl(v[1], 13) ^ v[0];
    v[0] = rotl(v[0], 32);
    v[2] += v[3];
    v[3] = rotl(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotl(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotl(v[1], 17) ^ v[2];
    v[2] = rotl(v[2], 32);
}

uint64_t keyhash_outer(const struct hash_key *key, uint64_t inner, uint64_t size)
{
    uint64_t v[4] = {
        key->k0 ^ UINT64_C(0x736f6d6570736575),
        key->k1 ^ UINT64_C(0x646f72616e646f6d),
        key->k0 ^ UINT64_C(0x6c7967656e657261),
        key->k1 ^ UINT64_C(0x7465646279746573),
    };
    /* The message is 16 bytes: the inner hash, the size; then SipHash's length block. */
    const uint64_t blocks[3] = { inner, size, (uint64_t)16 << 56 };

    for (int i = 0; i < 3; i++) {
        v[3] ^= blocks[i];
        sip_round(v);
        v[0] ^= blocks[i];
    }
    v[2] ^= 0xff;
    sip_round(v);
    sip_round(v);
    sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

int keyhash_new_key(struct hash_key *key)
{
    unsigned char *at = (unsigned char *)key;
    size_t left = sizeof(*key);

    while (left > 0) {
        ssize_t n = getrandom(at, left, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        at += n;
        left -= (size_t)n;
    }
    return 0;
}
