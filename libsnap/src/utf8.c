/* SPDX-License-Identifier: MIT */
/*
 * Checks and repairs of UTF-8, by the table of well-formed sequences in the Unicode standard.
 */
#include "utf8.h"

#include <string.h>

static int is_tail(uint8_t c)
{
    return (c & 0xC0) == 0x80;
}

size_t utf8_sequence(const uint8_t *s, size_t n)
{
    uint8_t c = s[0];
    if (c < 0x80) return 1;
    if (c >= 0xC2 && c <= 0xDF) return n >= 2 && is_tail(s[1]) ? 2 : 0;
    if (c >= 0xE0 && c <= 0xEF) {
        if (n < 3 || !is_tail(s[1]) || !is_tail(s[2])) return 0;
        if (c == 0xE0 && s[1] < 0xA0) return 0; /* overlong */
        if (c == 0xED && s[1] > 0x9F) return 0; /* surrogate */
        return 3;
    }
    if (c >= 0xF0 && c <= 0xF4) {
        if (n < 4 || !is_tail(s[1]) || !is_tail(s[2]) || !is_tail(s[3])) return 0;
        if (c == 0xF0 && s[1] < 0x90) return 0; /* overlong */
        if (c == 0xF4 && s[1] > 0x8F) return 0; /* beyond U+10FFFF */
        return 4;
    }
    return 0;
}

int utf8_is_name(const uint8_t *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t length = utf8_sequence(s + i, n - i);
        if (length == 0) return 0;
        if (length == 1 && (s[i] < 0x20 || s[i] == 0x7F)) return 0;
        if (length == 2 && s[i] == 0xC2 && s[i + 1] < 0xA0) return 0;
        i += length;
    }
    return 1;
}

void utf8_copy_repaired(uint8_t *to, const uint8_t *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t length = utf8_sequence(s + i, n - i);
        if (length == 0) {
            to[i++] = '?';
        } else {
            memcpy(to + i, s + i, length);
            i += length;
        }
    }
}
