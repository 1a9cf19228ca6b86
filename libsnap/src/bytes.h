/* SPDX-License-Identifier: MIT */
/*
 * Little-endian numbers in memory, whatever the machine's own order. Compilers turn each of these
 * into one load or store where the orders agree. No alignment is needed.
 */
#ifndef SNAP_SRC_BYTES_H
#define SNAP_SRC_BYTES_H

#include <stdint.h>
#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define BYTES_SWAP 1
#else
#define BYTES_SWAP 0
#endif

static inline uint64_t bytes_swap64(uint64_t x)
{
    x = ((x & 0x00FF00FF00FF00FFu) << 8) | ((x >> 8) & 0x00FF00FF00FF00FFu);
    x = ((x & 0x0000FFFF0000FFFFu) << 16) | ((x >> 16) & 0x0000FFFF0000FFFFu);
    return (x << 32) | (x >> 32);
}

static inline uint64_t bytes_get64(const void *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
    return BYTES_SWAP ? bytes_swap64(x) : x;
}

static inline void bytes_put64(void *p, uint64_t x)
{
    if (BYTES_SWAP) x = bytes_swap64(x);
    memcpy(p, &x, sizeof x);
}

static inline uint32_t bytes_get32(const void *p)
{
    const uint8_t *b = p;
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline void bytes_put32(void *p, uint32_t x)
{
    uint8_t *b = p;
    for (int i = 0; i < 4; i++) b[i] = (uint8_t)(x >> (8 * i));
}

static inline uint16_t bytes_get16(const void *p)
{
    const uint8_t *b = p;
    return (uint16_t)(b[0] | b[1] << 8);
}

static inline void bytes_put16(void *p, uint16_t x)
{
    uint8_t *b = p;
    b[0] = (uint8_t)x;
    b[1] = (uint8_t)(x >> 8);
}

#endif
