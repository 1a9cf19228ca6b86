/* SPDX-License-Identifier: MIT */
/*
 * Growing strings, escaping and UTF-8; the contract is in text.h. Everything is linear in its input
 * (appends are amortised: capacity doubles).
 */
#include "text.h"

#include <stdlib.h>
#include <string.h>

#include "text_width.h"

/* Makes room for n more bytes and the final 0. */
static bool text_reserve(struct text *t, size_t n)
{
    if (t->failed) return false;
    if (n < t->cap - t->n && t->s) return true;
    if (t->borrowed || n > SIZE_MAX / 4 || t->n > SIZE_MAX / 4) {
        t->failed = true;
        return false;
    }
    size_t cap = t->cap ? t->cap : 64;
    while (cap - t->n <= n) cap *= 2;
    char *s = realloc(t->s, cap);
    if (!s) {
        t->failed = true;
        return false;
    }
    t->s = s;
    t->cap = cap;
    return true;
}

struct text text_fixed(char *buffer, size_t size)
{
    buffer[0] = 0;
    return (struct text){ .s = buffer, .cap = size, .borrowed = true };
}

void text_add(struct text *t, const char *s, size_t n)
{
    if (!text_reserve(t, n)) return;
    if (n) memcpy(t->s + t->n, s, n);
    t->n += n;
    t->s[t->n] = 0;
}

void text_adds(struct text *t, const char *s)
{
    if (s) text_add(t, s, strlen(s));
}

void text_addv(struct text *t, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    if (n < 0) {
        t->failed = true;
    } else if (text_reserve(t, (size_t)n)) {
        vsnprintf(t->s + t->n, (size_t)n + 1, format, again);
        t->n += (size_t)n;
    }
    va_end(again);
}

void text_addf(struct text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    text_addv(t, format, args);
    va_end(args);
}

void text_truncate(struct text *t, size_t n)
{
    if (n >= t->n) return;
    t->n = n;
    t->s[n] = 0;
}

void text_clear(struct text *t)
{
    t->n = 0;
    t->failed = false;
    if (t->s) t->s[0] = 0;
}

void text_free(struct text *t)
{
    if (!t->borrowed) free(t->s);
    *t = (struct text){ 0 };
}

const char *text_str(const struct text *t)
{
    return t->s ? t->s : "";
}

/* Whether bytes 1 to k of s are continuation bytes. */
static bool text_continues(const unsigned char *s, size_t n, size_t k)
{
    if (n <= k) return false;
    for (size_t i = 1; i <= k; i++)
        if ((s[i] & 0xc0) != 0x80) return false;
    return true;
}

size_t text_decode(const char *chars, size_t n, uint32_t *c)
{
    const unsigned char *s = (const unsigned char *)chars;
    if (s[0] < 0x80) {
        *c = s[0];
        return 1;
    }
    if (s[0] >= 0xc2 && s[0] <= 0xdf && text_continues(s, n, 1)) {
        *c = (uint32_t)(s[0] & 0x1f) << 6 | (s[1] & 0x3f);
        return 2;
    }
    if ((s[0] & 0xf0) == 0xe0 && text_continues(s, n, 2)) {
        uint32_t v = (uint32_t)(s[0] & 0x0f) << 12 | (uint32_t)(s[1] & 0x3f) << 6 | (s[2] & 0x3f);
        if (v >= 0x800 && (v < 0xd800 || v > 0xdfff)) {
            *c = v;
            return 3;
        }
    }
    if (s[0] >= 0xf0 && s[0] <= 0xf4 && text_continues(s, n, 3)) {
        uint32_t v = (uint32_t)(s[0] & 0x07) << 18 | (uint32_t)(s[1] & 0x3f) << 12 |
                     (uint32_t)(s[2] & 0x3f) << 6 | (s[3] & 0x3f);
        if (v >= 0x10000 && v <= 0x10ffff) {
            *c = v;
            return 4;
        }
    }
    *c = TEXT_INVALID;
    return 1;
}

size_t text_encode(char out[4], uint32_t c)
{
    static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    out[0] = (char)(n == 1 ? c : lead[n] | c >> 6 * (n - 1));
    for (size_t i = 1; i < n; i++) out[i] = (char)(0x80 | (c >> 6 * (n - 1 - i) & 0x3f));
    return n;
}

bool text_is_hostile(uint32_t c)
{
    if (c < 0x20) return true;
    if (c < 0x7f) return false;
    if (c <= 0x9f) return true;
    return c == 0x61c || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x2069) || c == 0xfeff || (c >= 0xe0000 && c <= 0xe007f);
}

enum { TEXT_ESCAPED_MAX = 12 };

/* Writes the escape of one character (`c`, whose first byte is `byte`); returns its length. */
static size_t text_escape_one(char out[TEXT_ESCAPED_MAX], uint32_t c, unsigned char byte)
{
    int n;
    if (c == '\n') {
        n = snprintf(out, TEXT_ESCAPED_MAX, "\\n");
    } else if (c == '\t') {
        n = snprintf(out, TEXT_ESCAPED_MAX, "\\t");
    } else if (c == '\r') {
        n = snprintf(out, TEXT_ESCAPED_MAX, "\\r");
    } else if (c == '\\') {
        n = snprintf(out, TEXT_ESCAPED_MAX, "\\\\");
    } else if (c == TEXT_INVALID || c < 0x80) {
        n = snprintf(out, TEXT_ESCAPED_MAX, "\\x%02x", byte);
    } else if (c <= 0xffff) {
        n = snprintf(out, TEXT_ESCAPED_MAX, "\\u%04x", (unsigned)c);
    } else {
        n = snprintf(out, TEXT_ESCAPED_MAX, "\\U%08x", (unsigned)c);
    }
    return (size_t)n;
}

/* The length of the longest prefix of s that may be shown as it is. */
static size_t text_plain_span(const char *s, size_t n)
{
    size_t i = 0;
    while (i < n) {
        uint32_t c;
        size_t len = text_decode(s + i, n - i, &c);
        if (c == TEXT_INVALID || c == '\\' || text_is_hostile(c)) break;
        i += len;
    }
    return i;
}

void text_escape(struct text *t, const char *s, size_t n)
{
    size_t i = 0;
    while (i < n) {
        size_t plain = text_plain_span(s + i, n - i);
        text_add(t, s + i, plain);
        i += plain;
        if (i == n) break;
        char escaped[TEXT_ESCAPED_MAX];
        uint32_t c;
        size_t len = text_decode(s + i, n - i, &c);
        text_add(t, escaped, text_escape_one(escaped, c, (unsigned char)s[i]));
        i += len;
    }
    if (n == 0) text_add(t, "", 0);
}

void text_put(FILE *out, const char *s, size_t n)
{
    size_t i = 0;
    while (i < n) {
        size_t plain = text_plain_span(s + i, n - i);
        fwrite(s + i, 1, plain, out);
        i += plain;
        if (i == n) break;
        char escaped[TEXT_ESCAPED_MAX];
        uint32_t c;
        size_t len = text_decode(s + i, n - i, &c);
        size_t wide = text_escape_one(escaped, c, (unsigned char)s[i]);
        fwrite(escaped, 1, wide, out);
        i += len;
    }
}

void text_wrap(FILE *out, const char *s, size_t n, size_t at, size_t indent, size_t width)
{
    const char *end = s + n;
    while (s < end) {
        size_t word = strcspn(s, " \n");
        if (at > indent && at + 1 + word > width) {
            fputc('\n', out);
            at = 0;
        }
        if (at < indent) {
            fprintf(out, "%*s", (int)(indent - at), "");
            at = indent;
        } else if (at > indent) {
            fputc(' ', out);
            at++;
        }
        fwrite(s, 1, word, out);
        at += word;
        s += word;
        s += strspn(s, " ");
    }
    fputc('\n', out);
}

static bool text_in_ranges(uint32_t c, const struct text_range *ranges, size_t n)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c > ranges[middle].last) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < n && c >= ranges[low].first;
}

static unsigned text_char_width(uint32_t c)
{
    if (c < 0x300) return 1;
    if (text_in_ranges(c, text_zero_ranges, text_zero_ranges_n)) return 0;
    return text_in_ranges(c, text_wide_ranges, text_wide_ranges_n) ? 2 : 1;
}

size_t text_width(const char *s, size_t n)
{
    size_t width = 0;
    for (size_t i = 0; i < n;) {
        uint32_t c;
        i += text_decode(s + i, n - i, &c);
        width += c == TEXT_INVALID ? 1 : text_char_width(c);
    }
    return width;
}

/* Bytes of the longest prefix that takes at most `columns` columns. */
static size_t text_prefix(const char *s, size_t n, size_t columns)
{
    size_t i = 0, width = 0;
    while (i < n) {
        uint32_t c;
        size_t len = text_decode(s + i, n - i, &c);
        width += c == TEXT_INVALID ? 1 : text_char_width(c);
        if (width > columns) break;
        i += len;
    }
    return i;
}

/* Where the longest suffix that takes at most `columns` columns starts. */
static size_t text_suffix(const char *s, size_t n, size_t columns)
{
    size_t width = text_width(s, n), i = 0;
    /* A mark without width belongs to the character before it: it is dropped along. */
    while (i < n) {
        uint32_t c;
        size_t len = text_decode(s + i, n - i, &c);
        unsigned w = c == TEXT_INVALID ? 1 : text_char_width(c);
        if (width <= columns && w > 0) break;
        width -= w;
        i += len;
    }
    return i;
}

void text_shorten(struct text *t, const char *s, size_t n, size_t columns, enum text_cut cut)
{
    static const char ellipsis[] = "\xe2\x80\xa6";
    if (text_width(s, n) <= columns) {
        text_add(t, s, n);
        return;
    }
    if (columns == 0) return;
    size_t keep = columns - 1; /* one column is the ellipsis */
    size_t head = cut == TEXT_CUT_START ? 0 : cut == TEXT_CUT_END ? keep : keep - keep / 2;
    text_add(t, s, text_prefix(s, n, head));
    text_adds(t, ellipsis);
    size_t from = text_suffix(s, n, keep - head);
    text_add(t, s + from, n - from);
}
