/* SPDX-License-Identifier: MIT */
/*
 * Well-formed UTF-8 (no overlong forms, no surrogates, at most U+10FFFF).
 */
#ifndef SNAP_SRC_UTF8_H
#define SNAP_SRC_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the well-formed sequence at the start of [s, s + n), n >= 1; 0 where there is none. */
size_t utf8_sequence(const uint8_t *s, size_t n);

/* Whether the text is well-formed and free of control characters (C0, DEL, C1). O(n). */
int utf8_is_name(const uint8_t *s, size_t n);

/* Copies `n` bytes, each byte that is not part of a well-formed sequence as '?'. O(n). */
void utf8_copy_repaired(uint8_t *to, const uint8_t *s, size_t n);

#endif
