/* SPDX-License-Identifier: MIT */
/*
 * Varints, checked bytes and columns of numbers: every encoding at its edges, the choice among
 * them, and the promise that encoding in place never overtakes its input.
 */
#include <stdlib.h>

#include "cu.h"
#include "bytes.h"
#include "column.h"
#include "utf8.h"
#include "varint.h"

static uint64_t state = 1;

static uint64_t rnd(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void test_varint(void)
{
    uint8_t buf[VARINT_MAX];
    uint64_t x;
    for (unsigned bits = 0; bits <= 64; bits++) {
        for (int off = -1; off <= 1; off++) {
            uint64_t v = (bits == 64 ? 0 : (uint64_t)1 << bits) + (uint64_t)(int64_t)off;
            size_t n = (size_t)(varint_put(buf, v) - buf);
            CHECK_U64(varint_size(v), n);
            CHECK(varint_get(buf, buf + n, &x) == buf + n);
            CHECK_U64(x, v);
            CHECK(varint_get(buf, buf + n - 1, &x) == NULL); /* one byte short */
            CHECK_U64(varint_unzigzag(varint_zigzag(v)), v);
        }
    }
    CHECK_U64(varint_zigzag((uint64_t)-1), 1);
    CHECK_U64(varint_zigzag(1), 2);
    CHECK(varint_get(NULL, NULL, &x) == NULL);
}

static void test_bytes(void)
{
    uint8_t b[8];
    bytes_put64(b, 0x0102030405060708u);
    CHECK(b[0] == 8 && b[7] == 1);
    CHECK_U64(bytes_get64(b), 0x0102030405060708u);
    CHECK_U64(bytes_get32(b), 0x05060708u);
    CHECK_U64(bytes_get16(b), 0x0708u);
    bytes_put32(b, 0xA1B2C3D4u);
    CHECK_U64(bytes_get32(b), 0xA1B2C3D4u);
    bytes_put16(b, 0xBEEF);
    CHECK_U64(bytes_get16(b), 0xBEEF);
    CHECK_U64(bytes_swap64(0x0102030405060708u), 0x0807060504030201u);
}

static void test_utf8(void)
{
    static const char *const good[] = { "a", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF",
                                        "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF" };
    static const char *const bad[] = { "\x80", "\xC1\xBF", "\xC2", "\xC2\x61", "\xE0\x9F\xBF",
                                       "\xED\xA0\x80", "\xE2\x82", "\xF0\x8F\xBF\xBF", "\xFF",
                                       "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xF0\x9F\x98" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        CHECK_U64(utf8_sequence((const uint8_t *)good[i], strlen(good[i])), strlen(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_U64(utf8_sequence((const uint8_t *)bad[i], strlen(bad[i])), 0);
    }
    CHECK(utf8_is_name((const uint8_t *)"key.\xC3\xA4", 6));
    CHECK(!utf8_is_name((const uint8_t *)"a\x1b", 2));
    CHECK(!utf8_is_name((const uint8_t *)"\xC2\x85", 2)); /* NEL */
    CHECK(!utf8_is_name((const uint8_t *)"\x7f", 1));
    uint8_t out[6] = { 0 };
    utf8_copy_repaired(out, (const uint8_t *)"a\xFF\xC3\xA4\xE2", 5);
    CHECK_STR((const char *)out, "a?\xC3\xA4?");
}

/* Encodes a copy, where the output begins `slack` bytes before the input as in an open chunk, in
 * memory without a byte to spare; decodes; compares. Returns the encoding. */
static unsigned there_and_back(const uint64_t *values, size_t n)
{
    uint8_t *memory = malloc(COLUMN_SLACK + 8 * n);
    uint64_t *in = (uint64_t *)(void *)(memory + COLUMN_SLACK);
    uint64_t *back = malloc(8 * n);
    uint8_t encoding = 0;
    uint64_t all = 1, want_all = 0;
    if (!memory || !back) abort();
    memcpy(in, values, 8 * n);
    size_t size = column_encode(in, n, memory, &encoding);
    CHECK(size <= 8 * n + 2);
    uint8_t *exact = malloc(size);
    if (!exact) abort();
    memcpy(exact, memory, size);
    CHECK_I64(column_decode(exact, size, encoding, back, n, &all), 0);
    CHECK(memcmp(back, values, 8 * n) == 0);
    for (size_t i = 0; i < n; i++) want_all |= values[i];
    CHECK_U64(all, want_all);
    if (size > 1) CHECK_I64(column_decode(exact, size - 1, encoding, back, n, &all), -1);
    free(exact);
    free(back);
    free(memory);
    return encoding;
}

static const uint64_t edge[] = { 0, 1, 127, 128, 16383, 16384, ((uint64_t)1 << 49) - 1,
                                 (uint64_t)1 << 49, ((uint64_t)1 << 56) - 2,
                                 ((uint64_t)1 << 56) - 1, (uint64_t)1 << 56,
                                 (uint64_t)INT64_MAX, (uint64_t)1 << 63, UINT64_MAX - 1,
                                 UINT64_MAX };
#define EDGES (sizeof edge / sizeof *edge)

static void test_edges(void)
{
    uint64_t v[6];
    for (size_t a = 0; a < EDGES; a++) {
        CHECK_U64(there_and_back(&edge[a], 1), COLUMN_CONSTANT);
        for (size_t b = 0; b < EDGES; b++) {
            for (size_t c = 0; c < EDGES; c++) {
                v[0] = edge[a], v[1] = edge[b], v[2] = edge[c];
                there_and_back(v, 3);
                v[3] = edge[c], v[4] = edge[c], v[5] = edge[a];
                there_and_back(v, 6);
            }
        }
    }
}

#define N 1000
static uint64_t values[N];

static void test_choice(void)
{
    for (size_t i = 0; i < N; i++) values[i] = 7;
    CHECK_U64(there_and_back(values, N), COLUMN_CONSTANT);
    for (size_t i = 0; i < N; i++) values[i] = rnd();
    CHECK_U64(there_and_back(values, N), COLUMN_FIXED);
    for (size_t i = 0; i < N; i++) values[i] = rnd() % 8 ? rnd() % 100 : rnd() % 100000;
    CHECK_U64(there_and_back(values, N), COLUMN_VARINT);
    for (size_t i = 0; i < N; i++) values[i] = 0x7f0000000000u + 16 * (rnd() % 1000) + 48 * i;
    CHECK_U64(there_and_back(values, N), COLUMN_DELTA);
    for (size_t i = 0; i < N; i++) values[i] = 1000 * (i / 100 % 3);
    CHECK_U64(there_and_back(values, N), COLUMN_RUNS);
    for (size_t i = 0; i < N; i++) values[i] = 500000 + i / 20;
    CHECK_U64(there_and_back(values, N), COLUMN_DELTA_RUNS);
    for (size_t i = 0, u = 5000; i < N; i++) values[i] = i % 2 ? rnd() % u : u++;
    CHECK_U64(there_and_back(values, N), COLUMN_NEXT);
}

/* Mixtures of all widths, runs and steps, at all lengths. */
static void test_random(void)
{
    for (unsigned round = 0; round < 20000; round++) {
        size_t n = 1 + (size_t)(rnd() % 60);
        unsigned width = (unsigned)(rnd() % 64);
        unsigned repeat = (unsigned)(1 + rnd() % 8), shift = (unsigned)(rnd() % 30);
        int rising = rnd() % 2 == 0;
        uint64_t x = rnd() >> width;
        for (size_t i = 0; i < n; i++) {
            if (rnd() % repeat == 0) x = rising ? x + ((rnd() >> width) << shift) : rnd() >> width;
            values[i] = x;
        }
        there_and_back(values, n);
    }
}

CU_MAIN("snap_column", { "varint", test_varint }, { "bytes", test_bytes }, { "utf8", test_utf8 },
        { "edges", test_edges }, { "choice", test_choice }, { "random", test_random })
