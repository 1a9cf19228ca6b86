/* SPDX-License-Identifier: MIT */
/* Escaping, UTF-8, widths and shortening. */
#include "cu.h"

#include <stdlib.h>

#include "cli/text.h"

/* Escapes `s` both ways (into a buffer, to a stream) and compares with `want`. */
static void expect_escaped(const char *s, size_t n, const char *want)
{
    struct text t = { 0 };
    text_escape(&t, s, n);
    CHECK_STR(text_str(&t), want);
    text_free(&t);
    char *written = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&written, &size);
    text_put(f, s, n);
    fclose(f);
    CHECK_STR(written, want);
    free(written);
}

#define ESCAPED(s, want) expect_escaped(s, sizeof(s) - 1, want)

static void test_escape(void)
{
    ESCAPED("", "");
    ESCAPED("plain text", "plain text");
    ESCAPED("a\nb\tc\rd", "a\\nb\\tc\\rd");
    ESCAPED("\033[31mred", "\\x1b[31mred");
    ESCAPED("nul\0inside", "nul\\x00inside");
    ESCAPED("del\x7f", "del\\x7f");
    ESCAPED("back\\slash", "back\\\\slash");
    ESCAPED("\xc2\x9b" "31m", "\\u009b31m");              /* C1: a CSI in one character */
    ESCAPED("\xe2\x80\xae" "evil", "\\u202eevil");        /* right-to-left override */
    ESCAPED("\xef\xbb\xbf" "bom", "\\ufeffbom");
    ESCAPED("\xf3\xa0\x81\x81", "\\U000e0041");           /* a tag character */
    ESCAPED("gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f");  /* letters stay */
    ESCAPED("\xf0\x9f\x90\x8d", "\xf0\x9f\x90\x8d");      /* emoji stay */
}

static void test_invalid(void)
{
    ESCAPED("\xff", "\\xff");
    ESCAPED("a\x80z", "a\\x80z");
    ESCAPED("\xc3", "\\xc3");                      /* cut off */
    ESCAPED("\xc0\xaf", "\\xc0\\xaf");             /* overlong '/' */
    ESCAPED("\xe0\x80\xaf", "\\xe0\\x80\\xaf");    /* overlong */
    ESCAPED("\xed\xa0\x80", "\\xed\\xa0\\x80");    /* surrogate */
    ESCAPED("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* beyond U+10FFFF */
    ESCAPED("\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80");
    ESCAPED("\xf0\x9f\x90", "\\xf0\\x9f\\x90");
}

/* Every code point decodes to itself, and every encoded form is the only one. */
static void test_decode_all(void)
{
    unsigned wrong = 0;
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        char b[4];
        size_t n;
        uint32_t got;
        if (c < 0x80) {
            b[0] = (char)c;
            n = 1;
        } else if (c < 0x800) {
            b[0] = (char)(0xc0 | c >> 6);
            b[1] = (char)(0x80 | (c & 0x3f));
            n = 2;
        } else if (c < 0x10000) {
            b[0] = (char)(0xe0 | c >> 12);
            b[1] = (char)(0x80 | (c >> 6 & 0x3f));
            b[2] = (char)(0x80 | (c & 0x3f));
            n = 3;
        } else {
            b[0] = (char)(0xf0 | c >> 18);
            b[1] = (char)(0x80 | (c >> 12 & 0x3f));
            b[2] = (char)(0x80 | (c >> 6 & 0x3f));
            b[3] = (char)(0x80 | (c & 0x3f));
            n = 4;
        }
        int surrogate = c >= 0xd800 && c <= 0xdfff;
        size_t len = text_decode(b, n, &got);
        if (surrogate ? got != TEXT_INVALID || len != 1 : got != c || len != n) wrong++;
    }
    CHECK_U64(wrong, 0);
}

static size_t width(const char *s)
{
    return text_width(s, strlen(s));
}

static void test_width(void)
{
    CHECK_U64(width(""), 0);
    CHECK_U64(width("abc"), 3);
    CHECK_U64(width("\xc3\xbc"), 1);
    CHECK_U64(width("u\xcc\x88"), 1);                     /* u and a combining diaeresis */
    CHECK_U64(width("\xe6\xbc\xa2\xe5\xad\x97"), 4);      /* two Han characters */
    CHECK_U64(width("\xf0\x9f\x90\x8d"), 2);
    CHECK_U64(width("\xea\xb0\x80"), 2);                  /* a Hangul syllable */
    CHECK_U64(width("\xe1\x84\x80\xe1\x85\xa1"), 2);      /* the same, conjoining */
}

static void expect_short(const char *s, size_t columns, enum text_cut cut, const char *want)
{
    struct text t = { 0 };
    text_shorten(&t, s, strlen(s), columns, cut);
    CHECK_STR(text_str(&t), want);
    CHECK(text_width(text_str(&t), t.n) <= columns);
    text_free(&t);
}

#define DOTS "\xe2\x80\xa6"

static void test_shorten(void)
{
    expect_short("abcdef", 6, TEXT_CUT_END, "abcdef");
    expect_short("abcdef", 5, TEXT_CUT_END, "abcd" DOTS);
    expect_short("abcdef", 5, TEXT_CUT_START, DOTS "cdef");
    expect_short("abcdefgh", 5, TEXT_CUT_MIDDLE, "ab" DOTS "gh");
    expect_short("abcdefgh", 6, TEXT_CUT_MIDDLE, "abc" DOTS "gh");
    expect_short("abc", 1, TEXT_CUT_END, DOTS);
    expect_short("abc", 0, TEXT_CUT_END, "");
    /* A wide character that would straddle the edge is left out. */
    expect_short("\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2", 4, TEXT_CUT_END, "\xe6\xbc\xa2" DOTS);
    /* A mark goes with the character before it. */
    expect_short("u\xcc\x88" "bc", 2, TEXT_CUT_START, DOTS "c");
}

static void test_growing(void)
{
    struct text t = { 0 };
    CHECK_STR(text_str(&t), "");
    for (int i = 0; i < 1000; i++) text_addf(&t, "%d,", i);
    CHECK_U64(t.n, 10 * 2 + 90 * 3 + 900 * 4);
    CHECK_U64(strlen(t.s), t.n);
    text_clear(&t);
    CHECK_STR(text_str(&t), "");
    text_adds(&t, NULL);
    text_add(&t, "x\0y", 3);
    CHECK_U64(t.n, 3);
    text_free(&t);
    CHECK(t.s == NULL);
}

static void test_no_memory(void)
{
    struct text t = { 0 };
    text_adds(&t, "kept");
    text_add(&t, "x", SIZE_MAX / 2);
    CHECK(t.failed);
    CHECK_STR(text_str(&t), "kept");
    text_adds(&t, "more");
    CHECK_STR(text_str(&t), "kept");
    text_free(&t);
}

static void test_fixed(void)
{
    char buffer[8];
    struct text t = text_fixed(buffer, sizeof buffer);
    CHECK_STR(text_str(&t), "");
    text_adds(&t, "1234567"); /* and the 0 */
    CHECK(!t.failed);
    text_add(&t, "", 0);
    CHECK(!t.failed);
    text_adds(&t, "8");
    CHECK(t.failed);
    CHECK_STR(text_str(&t), "1234567");
    text_free(&t);
    CHECK(t.s == NULL);
}

/* Control characters, and those that turn the direction of a line or take no room: each range at its
 * edges and one beyond. */
static void test_hostile_characters(void)
{
    static const struct {
        uint32_t c;
        bool hostile;
    } at[] = {
        { 0, true },       { 0x1f, true },    { 0x20, false },    { 0x7e, false },
        { 0x7f, true },    { 0x9f, true },    { 0xa0, false },    { 0x61b, false },
        { 0x61c, true },   { 0x61d, false },  { 0x200a, false },  { 0x200b, true },
        { 0x200f, true },  { 0x2010, false }, { 0x2027, false },  { 0x2028, true },
        { 0x202e, true },  { 0x202f, false }, { 0x205f, false },  { 0x2060, true },
        { 0x2069, true },  { 0x206a, false }, { 0xfefe, false },  { 0xfeff, true },
        { 0xff00, false }, { 0xdffff, false }, { 0xe0000, true }, { 0xe007f, true },
        { 0xe0080, false },
    };
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++)
        if (text_is_hostile(at[i].c) != at[i].hostile) CHECK_U64(at[i].c, UINT64_MAX);
    CHECK(!text_is_hostile('a'));
}

CU_MAIN("cli text", { "hostile characters", test_hostile_characters },
        { "escape", test_escape }, { "invalid UTF-8", test_invalid },
        { "every code point", test_decode_all }, { "width", test_width },
        { "shorten", test_shorten }, { "growing", test_growing }, { "no memory", test_no_memory },
        { "fixed", test_fixed })
