/* SPDX-License-Identifier: MIT */
/*
 * The pull parser: values, strictness with offsets, windows of any size, early ends, depth.
 */
#include "import/json_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cu.h"

/* A text that comes in pieces of `piece` bytes; fails at the end where `fails`. */
struct pieces {
    const char *text;
    size_t size, at, piece;
    bool fails;
};

static ptrdiff_t pieces_read(void *opaque, void *to, size_t n)
{
    struct pieces *p = opaque;
    if (n > p->piece) n = p->piece;
    if (n > p->size - p->at) n = p->size - p->at;
    if (!n && p->fails) {
        errno = EIO;
        return -1;
    }
    memcpy(to, p->text + p->at, n);
    p->at += n;
    return (ptrdiff_t)n;
}

/* Skips the whole text; the message of the error, or "". */
static const char *skip_all(const char *text, size_t size, size_t piece, uint64_t *offset,
                            bool *ended)
{
    struct pieces p = { text, size, 0, piece, false };
    struct jstream j;
    if (!jstream_start(&j, pieces_read, &p)) return "no memory";
    jstream_skip(&j);
    jstream_finish(&j);
    const char *error = j.error ? j.error : "";
    *offset = j.error_offset;
    *ended = j.ended;
    if (!j.error) CHECK_U64(j.depth, 0);
    jstream_stop(&j);
    return error;
}

static void check_skip(const char *text, const char *want, uint64_t at)
{
    for (size_t piece = 1; piece <= 64; piece = piece * 3 + 1) {
        uint64_t offset;
        bool ended;
        CHECK_STR(skip_all(text, strlen(text), piece, &offset, &ended), want);
        if (*want) CHECK_U64(offset, at);
        CHECK(ended == (strcmp(want, "the file ends early") == 0));
    }
}

static void test_skip(void)
{
    static const char *const good[] = {
        "0", "-1.5e+10", "\"a\\u00e9\\n\"", "[]", "{}", " [ 1 , 2 ] ", "[[],[[]],{}]", "null",
        "{\"a\":{\"b\":[1,2,3,{\"c\":\"]\"}]},\"d\":[true,false,null]}", "[1,2,\n3\n,4,5]", "[0]",
        "{\"a\":[1,2,3],\"b\":[4]}", "1E5",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) check_skip(good[i], "", 0);
}

static void test_wrong(void)
{
    check_skip("[1 2]", "a comma was expected", 3);
    check_skip("[1,]", "a value was expected", 3);
    check_skip("{\"a\" 1}", "a colon was expected", 5);
    check_skip("{1:2}", "a string was expected", 1);
    check_skip("[tru]", "a value was expected", 4);
    check_skip("01", "a number begins with 0", 1);
    check_skip("-", "the file ends early", 1);
    check_skip("1.x", "a digit was expected", 2);
    check_skip("[1]x", "more follows after the end", 3);
    check_skip("\"a\nb\"", "a control character in a string", 2);
    /* What is passed over is checked, too, in long arrays of numbers as well. */
    check_skip("[1,22,033]", "a number begins with 0", 7);
    check_skip("[1,22,,33]", "a value was expected", 6);
    check_skip("[1,22,33e]", "a digit was expected", 9);
    check_skip("\"a\\q\"", "an unknown escape in a string", 3);
    check_skip("\"a\\u12x4\"", "four hexadecimal digits were expected", 6);
    check_skip("[1,2", "the file ends early", 4);
    check_skip("[1,2}", "a comma was expected", 4);
    check_skip("{\"a\":", "the file ends early", 5);
    check_skip("\"abc", "the file ends early", 4);
    check_skip("", "the file ends early", 0);
    uint64_t offset;
    bool ended;
    CHECK_STR(skip_all("[1,\0]", 5, 2, &offset, &ended), "a zero byte");
    CHECK_U64(offset, 3);
    CHECK(!ended);
}

/* Takes one string. */
static void check_string(const char *text, const char *want, size_t size)
{
    for (size_t piece = 1; piece <= 40; piece += 13) {
        struct pieces p = { text, strlen(text), 0, piece, false };
        struct jstream j;
        if (!CHECK(jstream_start(&j, pieces_read, &p))) return;
        CHECK(jstream_string(&j));
        CHECK_U64(j.text_size, size);
        CHECK(j.text && memcmp(j.text, want, size + 1) == 0);
        jstream_stop(&j);
    }
}

static void test_strings(void)
{
    check_string("\"\"", "", 0);
    check_string("\"a b\"", "a b", 3);
    check_string("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8);
    check_string("\"\\u0041\\u00e9\\u20ac\"", "A\xc3\xa9\xe2\x82\xac", 6);
    check_string("\"\\ud83d\\ude00!\"", "\xf0\x9f\x98\x80!", 5);
    check_string("\"\\ud83d!\"", "\xef\xbf\xbd!", 4);
    check_string("\"\\ud83d\"", "\xef\xbf\xbd", 3);
    check_string("\"\\ude00\"", "\xef\xbf\xbd", 3);
    check_string("\"\\ud83d\\ud83d\\ude00\"", "\xef\xbf\xbd\xf0\x9f\x98\x80", 7);
    check_string("\"\\ud83d\\n\"", "\xef\xbf\xbd\n", 4);
    check_string("\"a\\u0000b\"", "a\0b", 3);
}

static void check_number(const char *text, bool good, uint64_t want, const char *error)
{
    struct pieces p = { text, strlen(text), 0, 1, false };
    struct jstream j;
    uint64_t value;
    if (!CHECK(jstream_start(&j, pieces_read, &p))) return;
    struct jstream_place place = jstream_enter(&j, '[');
    CHECK(jstream_element(&j, &place));
    CHECK(jstream_number(&j, &value) == good);
    if (good) CHECK_U64(value, want);
    else CHECK_STR(j.error, error);
    jstream_stop(&j);
}

static void test_numbers(void)
{
    check_number("[0]", true, 0, NULL);
    check_number("[18446744073709551615]", true, UINT64_MAX, NULL);
    check_number("[18446744073709551616]", false, 0, "a number beyond 64 bits");
    check_number("[-1]", false, 0, "a whole number was expected");
    check_number("[1.0]", false, 0, "a whole number was expected");
    check_number("[1e3]", false, 0, "a whole number was expected");
    check_number("[01]", false, 0, "a number begins with 0");
    check_number("[\"1\"]", false, 0, "a whole number was expected");
}

/* The fast way through an array of numbers and the long one agree, wherever the window ends. */
static void test_arrays(void)
{
    char *text = malloc(1 << 20);
    if (!CHECK(text != NULL)) return;
    size_t n = 0;
    uint64_t x = 88172645463325252u;
    text[n++] = '[';
    for (int i = 0; i < 20000; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        n += (size_t)sprintf(text + n, "%s%llu%s", i ? "," : "",
                             (unsigned long long)(x >> (x % 64)), x % 7 ? "" : "\n");
    }
    text[n++] = ']';
    for (size_t piece = 1; piece <= n; piece = piece * 7 + 3) {
        struct pieces p = { text, n, 0, piece, false };
        struct jstream j;
        uint64_t y = 88172645463325252u, value;
        int count = 0, same = 0;
        if (!CHECK(jstream_start(&j, pieces_read, &p))) break;
        struct jstream_place place = jstream_enter(&j, '[');
        for (; jstream_array_number(&j, &place, &value); count++) {
            y ^= y << 13, y ^= y >> 7, y ^= y << 17;
            same += value == y >> (y % 64);
        }
        CHECK_I64(count, 20000);
        CHECK_I64(same, 20000);
        CHECK(jstream_finish(&j));
        jstream_stop(&j);
    }
    free(text);
}

/* What the long way refuses, the fast way does not let through. */
static void test_array_errors(void)
{
    static const struct {
        const char *text, *error;
    } wrong[] = {
        { "[1,02,3,                                              4]", "a number begins with 0" },
        { "[1,2.5,3,                                             4]",
          "a whole number was expected" },
        { "[1,-2,3,                                              4]",
          "a whole number was expected" },
        { "[1,,2,3,                                              4]",
          "a whole number was expected" },
        { "[1,18446744073709551616,3,                            4]", "a number beyond 64 bits" },
        { "[1,2 3                                                4]", "a comma was expected" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct pieces p = { wrong[i].text, strlen(wrong[i].text), 0, 1000, false };
        struct jstream j;
        uint64_t value;
        if (!CHECK(jstream_start(&j, pieces_read, &p))) return;
        struct jstream_place place = jstream_enter(&j, '[');
        while (jstream_array_number(&j, &place, &value)) continue;
        CHECK_STR(j.error, wrong[i].error);
        jstream_stop(&j);
    }
}

static void test_limits(void)
{
    size_t n = JSTREAM_MAX_DEPTH;
    char *deep = malloc(2 * n + 2);
    uint64_t offset;
    bool ended;
    if (!CHECK(deep != NULL)) return;
    memset(deep, '[', n);
    memset(deep + n, ']', n);
    CHECK_STR(skip_all(deep, 2 * n, 1000, &offset, &ended), "");
    memset(deep, '[', n + 1);
    CHECK_STR(skip_all(deep, 2 * n, 1000, &offset, &ended), "nested too deeply");
    free(deep);
}

static void test_failed_read(void)
{
    struct pieces p = { "[1,2", 4, 0, 2, true };
    struct jstream j;
    if (!CHECK(jstream_start(&j, pieces_read, &p))) return;
    CHECK(!jstream_skip(&j));
    CHECK_I64(j.error_errno, EIO);
    CHECK(!j.ended);
    CHECK(!jstream_finish(&j));
    jstream_stop(&j);
}

CU_MAIN("json_stream", { "skip", test_skip }, { "wrong", test_wrong }, { "strings", test_strings },
        { "numbers", test_numbers }, { "arrays", test_arrays },
        { "array_errors", test_array_errors }, { "limits", test_limits },
        { "failed_read", test_failed_read })
