/* SPDX-License-Identifier: MIT */
/*
 * The slow half of reading LEB128: numbers of several bytes, every check in place. O(10).
 */
#include "varint.h"

const uint8_t *varint_get_long(const uint8_t *p, const uint8_t *end, uint64_t *x)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && p < end; shift += 7) {
        uint64_t byte = *p++;
        value |= (byte & 0x7f) << shift;
        *x = value;
        if (byte < 0x80) {
            /* A zero last byte means that a shorter form exists; the tenth byte holds one bit. */
            if (shift > 0 && byte == 0) return NULL;
            if (shift == 63 && byte > 1) return NULL;
            return p;
        }
    }
    *x = value;
    return NULL;
}
