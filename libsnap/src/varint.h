/* SPDX-License-Identifier: MIT */
/*
 * Unsigned LEB128: seven bits a byte, least significant first, the top bit set in all bytes but
 * the last; at most 10 bytes; only the shortest form is valid. Signed numbers go through zigzag.
 */
#ifndef SNAP_SRC_VARINT_H
#define SNAP_SRC_VARINT_H

#include <stddef.h>
#include <stdint.h>

#define VARINT_MAX 10u

static inline uint64_t varint_zigzag(uint64_t x)
{
    return (x << 1) ^ (0 - (x >> 63));
}

static inline uint64_t varint_unzigzag(uint64_t x)
{
    return (x >> 1) ^ (0 - (x & 1));
}

/* Bytes that `x` takes, 1..10. With b significant bits (at least 1) it is ceil(b / 7), which equals
 * (9b + 64) / 64 for b in 1..64. */
static inline unsigned varint_size(uint64_t x)
{
    unsigned bits = 64u - (unsigned)__builtin_clzll(x | 1);
    return (bits * 9 + 64) >> 6;
}

/* Writes `x` and returns the position after it; the caller has made sure of VARINT_MAX bytes. */
static inline uint8_t *varint_put(uint8_t *p, uint64_t x)
{
    while (x >= 0x80) {
        *p++ = (uint8_t)(x | 0x80);
        x >>= 7;
    }
    *p++ = (uint8_t)x;
    return p;
}

/* Reads a number of two bytes and more; see varint_get. */
const uint8_t *varint_get_long(const uint8_t *p, const uint8_t *end, uint64_t *x);

/* Reads a number from [p, end) and returns the position after it; NULL where it runs beyond `end`,
 * beyond 64 bits, or is not in its shortest form. *x is set in every case. */
static inline const uint8_t *varint_get(const uint8_t *p, const uint8_t *end, uint64_t *x)
{
    if (p < end && *p < 0x80) {
        *x = *p;
        return p + 1;
    }
    return varint_get_long(p, end, x);
}

#endif
