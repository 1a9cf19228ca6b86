/* SPDX-License-Identifier: MIT */
/* Texts on their way into the page; page_text.h. */
#include "page/page_text.h"

#include <string.h>

#include "cli/number.h"

/* The largest number of bytes up to `most` that ends between two characters. */
static size_t head_bytes(const char *s, size_t n, size_t most)
{
    size_t at = 0;
    while (at < n) {
        uint32_t c;
        size_t len = text_decode(s + at, n - at, &c);
        if (at + len > most) break;
        at += len;
    }
    return at;
}

/* Where the last bytes begin, at most `most`: after the rest of a character that was cut. */
static size_t tail_at(const char *s, size_t n, size_t most)
{
    size_t at = n - most;
    for (int i = 0; i < 3 && at < n && ((unsigned char)s[at] & 0xc0) == 0x80; i++) at++;
    return at;
}

void page_words(struct text *out, const char *s, size_t n, size_t most)
{
    char count[NUMBER_MAX];
    if (n <= most + PAGE_TAIL) {
        text_escape(out, s, n);
        return;
    }
    size_t tail = tail_at(s, n, PAGE_TAIL);
    text_escape(out, s, head_bytes(s, n, most));
    text_addf(out, "\xe2\x80\xa6(%s bytes)\xe2\x80\xa6", number_count(count, n));
    text_escape(out, s + tail, n - tail);
}

void page_name(struct text *out, const char *s, size_t n)
{
    page_words(out, s, n, PAGE_HEAD);
}

void page_html(FILE *out, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        switch (s[i]) {
        case '<': fputs("&lt;", out); break;
        case '>': fputs("&gt;", out); break;
        case '&': fputs("&amp;", out); break;
        case '"': fputs("&quot;", out); break;
        case '\'': fputs("&#39;", out); break;
        default: fputc(s[i], out);
        }
    }
}

void page_put_words(FILE *out, const char *s, size_t most)
{
    struct text t = { 0 };
    if (!s) return;
    page_words(&t, s, strlen(s), most);
    page_html(out, text_str(&t), t.n);
    text_free(&t);
}

void page_put(FILE *out, const char *s)
{
    page_put_words(out, s, PAGE_HEAD);
}

void page_json(FILE *out, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '<' || s[i] == '>' || s[i] == '&')
            fprintf(out, "\\u%04x", (unsigned)s[i]);
        else
            fputc(s[i], out);
    }
}

static unsigned hex_digit(char c)
{
    return c >= 'a' ? (unsigned)(c - 'a') + 10 : (unsigned)(c - '0');
}

void page_base64(FILE *out, const char *hex)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t n = strlen(hex) / 2;
    for (size_t i = 0; i < n; i += 3) {
        uint32_t three = 0;
        for (size_t k = 0; k < 3; k++) {
            unsigned byte = i + k < n ? hex_digit(hex[2 * (i + k)]) * 16 +
                                            hex_digit(hex[2 * (i + k) + 1])
                                      : 0;
            three = three << 8 | byte;
        }
        for (size_t k = 0; k < 4; k++)
            fputc(i + k <= n ? digits[three >> (18 - 6 * k) & 63] : '=', out);
    }
}
