/* SPDX-License-Identifier: MIT */
/*
 * Keyed hashes of contents: equal contents give equal hashes within one process, and nobody
 * without the key can find a content by trying candidates.
 *
 * A content is first shortened by XXH3 (64 bits, under a secret seed), which costs a few
 * nanoseconds and runs at memory speed; the result and the length then go through SipHash-1-3
 * (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012; the variant that CPython uses
 * for str), which makes the value that is written unpredictable. The key is random per process and
 * is never written.
 */
#ifndef HEAPSNAP_KEYHASH_H
#define HEAPSNAP_KEYHASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_key {
    uint64_t seed; /* of XXH3 */
    uint64_t k0, k1;
};

/** The inner hash: for tables in memory only, never written. `tag` separates kinds of contents. */
uint64_t keyhash_inner(const struct hash_key *key, uint64_t tag, const void *bytes, size_t size);

/** The hash to write, made of an inner hash and the content's size. */
uint64_t keyhash_outer(const struct hash_key *key, uint64_t inner, uint64_t size);

/** Fill a key with random bytes of the kernel. 0, or -1 with errno set. */
int keyhash_new_key(struct hash_key *key);

#endif
