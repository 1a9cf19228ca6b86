/* SPDX-License-Identifier: MIT */
/* Numbers and texts of large exports: across the ends of the buffer, hostile texts, cut ones. */
#include <stdlib.h>
#include <string.h>

#include "cu.h"
#include "export/emit.h"

static struct emit e; /* too large for a small stack */

/* What `put` writes. */
static char *written(void (*put)(void))
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) abort();
    emit_begin(&e, out);
    put();
    emit_flush(&e);
    fclose(out);
    return text;
}

static void put_numbers(void)
{
    static const uint64_t numbers[] = { 0, 9, 10, 4294967295u, UINT64_MAX };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        emit_number(&e, numbers[i]);
        emit_char(&e, ' ');
    }
}

static void test_numbers(void)
{
    char *got = written(put_numbers);
    CHECK_STR(got, "0 9 10 4294967295 18446744073709551615 ");
    free(got);
}

/* More than the buffer, in pieces that do not divide it. */
enum { PIECES = 30000 };

static void put_many(void)
{
    for (uint64_t i = 0; i < PIECES; i++) {
        emit_number(&e, i);
        emit_text(&e, "::");
        emit_char(&e, '\n');
    }
}

static void test_many(void)
{
    char *got = written(put_many), *at = got;
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < PIECES; i++) {
        wrong += strtoull(at, &at, 10) != i || strncmp(at, "::\n", 3) != 0;
        at += 3;
    }
    CHECK_U64(wrong, 0);
    CHECK_STR(at, "");
    free(got);
}

static void put_texts(void)
{
    static const char nul[] = { 'a', 0, 'b' };
    emit_json(&e, "\"\\\n\x1b\x7f", 5, 100); /* what JSON and terminals escape */
    emit_json(&e, nul, 3, 100);
    emit_json(&e, "\xc3\xa4\xe2\x80\xae\xf0\x9f\x98\x80", 9, 100);
    emit_json(&e, "\xff\xc3", 2, 100);
}

static void put_cut(void)
{
    emit_char(&e, emit_json(&e, "abcd", 4, 4) ? '!' : '.');
    emit_char(&e, emit_json(&e, "abcd", 4, 3) ? '!' : '.');
    emit_char(&e, emit_json(&e, "ab\xc3\xa4", 4, 3) ? '!' : '.');
    emit_char(&e, emit_json(&e, "", 0, 0) ? '!' : '.');
}

static void test_texts(void)
{
    char *got = written(put_texts);
    CHECK_STR(got, "\"\\\"\\\\\\u000a\\u001b\\u007f\"\"a\\u0000b\""
                   "\"\\u00e4\\u202e\\ud83d\\ude00\"\"\\ufffd\\ufffd\"");
    free(got);
    got = written(put_cut);
    CHECK_STR(got, "\"abcd\".\"abc\"!\"ab\"!\"\".");
    free(got);
}

static void test_full(void)
{
    FILE *out = fopen("/dev/full", "w");
    if (!out) return;
    setvbuf(out, NULL, _IONBF, 0);
    emit_begin(&e, out);
    put_many();
    emit_flush(&e);
    CHECK(e.failed);
    fclose(out);
}

CU_MAIN("export", { "numbers", test_numbers }, { "more than the buffer", test_many },
        { "texts", test_texts }, { "a full disk", test_full })
