/* SPDX-License-Identifier: MIT */
/*
 * Text that may be shown: escaping of hostile names, their width on a terminal, growing strings.
 *
 * Escaped are: bytes that are no UTF-8 (`\xff`), control characters (`\n`, `\t`, `\r`, else `\x1b`,
 * and U+0080 to U+009F as `\u0085`), the characters that change direction or break lines or have no
 * width (U+061C, U+200B to U+200F, U+2028 to U+202E, U+2060 to U+2069, U+FEFF, `\u202e`), tag
 * characters (`\U000e0041`), and the backslash (`\\`), which makes the result reversible. All else
 * is left as it is. No locale is consulted: text is UTF-8.
 *
 * Threads: all functions are pure but for the buffer given. Cost: linear in the input.
 */
#ifndef SNAP_TOOLS_CLI_TEXT_H
#define SNAP_TOOLS_CLI_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/** A string that grows: `{0}` is empty. After a failed allocation `failed` is set, what is there
 *  stays valid, and further appends do nothing; check once at the end. `s` is NULL or ends in 0. */
struct text {
    char *s;
    size_t n;      /* bytes, without the final 0 */
    size_t cap;
    bool failed;
    bool borrowed; /* s is the caller's: it does not grow, and text_free leaves it alone */
};

/** An empty string in `size` > 0 bytes of the caller's. What does not fit sets `failed`. */
struct text text_fixed(char *buffer, size_t size);

/** Appends n bytes as they are. */
void text_add(struct text *t, const char *s, size_t n);

/** Appends a C string as it is; NULL adds nothing. */
void text_adds(struct text *t, const char *s);

/** Appends formatted text as it is. */
void text_addf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_addv(struct text *t, const char *format, va_list args);

/** Appends n bytes, escaped. */
void text_escape(struct text *t, const char *s, size_t n);

/** Shortens the string to n bytes; one that is no longer stays. */
void text_truncate(struct text *t, size_t n);

/** Empties the string and keeps its memory. */
void text_clear(struct text *t);

/** Frees the memory; *t is empty afterwards. */
void text_free(struct text *t);

/** The string, "" when there is none. */
const char *text_str(const struct text *t);

/** Writes n bytes to `out`, escaped. */
void text_put(FILE *out, const char *s, size_t n);

/**
 * Decodes one character at s (n > 0 bytes left). Returns its length in bytes, 1 to 4, and the code
 * point in *c; for a byte that starts no valid UTF-8 sequence returns 1 with *c = TEXT_INVALID.
 * Overlong forms, surrogates and values beyond U+10FFFF are invalid.
 */
#define TEXT_INVALID UINT32_MAX
size_t text_decode(const char *s, size_t n, uint32_t *c);

/** Encodes a code point of at most U+10FFFF; returns the bytes, 1 to 4. */
size_t text_encode(char out[4], uint32_t c);

/** Whether a code point must be escaped wherever it is shown: control characters, those that change
 *  direction, break lines or have no width. Not the backslash: see text_escape. */
bool text_is_hostile(uint32_t c);

/** Columns that n bytes of valid UTF-8 take on a terminal: 0 for combining marks, 2 for East Asian
 *  wide characters and emoji, 1 for others. */
size_t text_width(const char *s, size_t n);

/** Prints n bytes of words, a text of our own, from column `at` on, wrapped at `width` columns, every
 *  line from column `indent` on; ends the line. */
void text_wrap(FILE *out, const char *s, size_t n, size_t at, size_t indent, size_t width);

enum text_cut { TEXT_CUT_END, TEXT_CUT_MIDDLE, TEXT_CUT_START };

/** Appends at most `columns` columns of s; where it is longer, an ellipsis stands for the cut part.
 *  Never cuts within a character. */
void text_shorten(struct text *t, const char *s, size_t n, size_t columns, enum text_cut cut);

#endif
