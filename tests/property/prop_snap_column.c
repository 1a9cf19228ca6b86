/* SPDX-License-Identifier: MIT */
/*
 * The encodings of columns against a second implementation, written from the specification alone
 * (prop_snap_plain.c): what one side encodes the other decodes, every encoding for numbers that no
 * writer would choose it for, damaged bytes judged alike by both, and the choice of the encoder.
 */
#include <stdlib.h>

#include "column.h"
#include "cu.h"
#include "prop_snap_plain.h"

#define MOST 400u

static uint64_t state = 42;

static uint64_t rnd(void)
{
    state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static const unsigned encodings[] = { COLUMN_CONSTANT, COLUMN_VARINT, COLUMN_DELTA, COLUMN_RUNS,
                                      COLUMN_DELTA_RUNS, COLUMN_FIXED, COLUMN_NEXT };
#define ENCODINGS (sizeof encodings / sizeof *encodings)

/* Ids of a heap in the order of their addresses, owners, counters, hashes, new numbers among old
 * ones, extremes. */
static void random_column(uint64_t *v, size_t n)
{
    static const uint64_t extreme[] = { 0, 1, UINT64_MAX, UINT64_MAX - 1, INT64_MAX,
                                        (uint64_t)1 << 63, (uint64_t)1 << 56, (uint64_t)1 << 49 };
    unsigned pattern = (unsigned)(rnd() % 8), width = (unsigned)(rnd() % 64);
    uint64_t x = rnd() >> width, fresh = rnd() % 1000, unit = (uint64_t)1 << rnd() % 40;
    for (size_t i = 0; i < n; i++) {
        switch (pattern) {
        case 0: break; /* constant */
        case 1: x += unit * (1 + rnd() % 9); break;
        case 2: x -= unit * (rnd() % 3); break;
        case 3: x = rnd() % 6 ? x : rnd() >> width; break;
        case 4: x = rnd() >> width; break;
        case 5: x = rnd() % 3 ? fresh++ : rnd() % (fresh + 1); break;
        case 6: x = rnd() % 4 ? rnd() % 128 : rnd() % 70000; break;
        default: x = extreme[rnd() % (sizeof extreme / sizeof *extreme)]; break;
        }
        v[i] = x;
    }
}

static uint8_t *exactly(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy) abort();
    if (size) memcpy(copy, bytes, size);
    return copy;
}

/* Both decoders of the same bytes: the same verdict, and where it is good the same numbers. */
static int agree(const uint8_t *bytes, size_t size, unsigned encoding, size_t n, int *good)
{
    static uint64_t fast[MOST], plain[MOST];
    uint64_t all = 0, want_all = 0;
    uint8_t *copy = exactly(bytes, size);
    int status = column_decode(copy, size, encoding, fast, n, &all);
    *good = plain_decode(copy, size, encoding, plain, n);
    free(copy);
    if ((status == 0) != (*good != 0)) return 0;
    if (!*good) return 1;
    for (size_t i = 0; i < n; i++) want_all |= plain[i];
    return all == want_all && memcmp(fast, plain, n * sizeof *fast) == 0;
}

/* What libsnap encodes, the plain decoder reads. */
static void test_written(void)
{
    static uint64_t room[MOST + COLUMN_SLACK / 8], v[MOST], back[MOST];
    uint64_t *in = room + COLUMN_SLACK / 8, wrong = 0;
    for (unsigned round = 0; round < 20000; round++) {
        size_t n = 1 + (size_t)(rnd() % (round % 16 ? 40 : MOST));
        uint8_t encoding = 0;
        random_column(v, n);
        memcpy(in, v, n * sizeof *v);
        size_t size = column_encode(in, n, (uint8_t *)room, &encoding);
        int good = plain_decode((uint8_t *)room, size, encoding, back, n);
        wrong += !good || memcmp(v, back, n * sizeof *v) != 0;
    }
    CHECK_U64(wrong, 0);
}

/* Every encoding of any numbers, also where a writer would take another. */
static void test_read(void)
{
    static uint64_t v[MOST], back[MOST];
    static uint8_t bytes[22 * MOST + 12];
    uint64_t wrong = 0, tried[ENCODINGS] = { 0 };
    for (unsigned round = 0; round < 8000; round++) {
        size_t n = 1 + (size_t)(rnd() % (round % 16 ? 30 : MOST));
        random_column(v, n);
        for (size_t e = 0; e < ENCODINGS; e++) {
            uint64_t all;
            size_t size = plain_encode(v, n, encodings[e], bytes);
            if (size == 0) continue;
            tried[e]++;
            uint8_t *copy = exactly(bytes, size);
            wrong += column_decode(copy, size, encodings[e], back, n, &all) != 0 ||
                     memcmp(v, back, n * sizeof *v) != 0;
            free(copy);
        }
    }
    CHECK_U64(wrong, 0);
    for (size_t e = 0; e < ENCODINGS; e++) CHECK(tried[e] > 500);
}

/* A byte changed, lost or more; the number of values wrong; any bytes at all. */
static void test_damaged(void)
{
    static uint64_t v[MOST];
    static uint8_t bytes[22 * MOST + 12 + 8];
    unsigned wrong = 0, refused = 0, accepted = 0;
    for (unsigned round = 0; round < 60000; round++) {
        unsigned encoding = encodings[rnd() % ENCODINGS];
        size_t n = 1 + (size_t)(rnd() % 24);
        int good;
        random_column(v, n);
        size_t size = plain_encode(v, n, encoding, bytes);
        if (size == 0) {
            size = (size_t)(rnd() % 30);
            for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)(rnd() >> rnd() % 8);
        }
        switch (rnd() % 5) {
        case 0: if (size) bytes[rnd() % size] = (uint8_t)rnd(); break;
        case 1: if (size) bytes[rnd() % size] ^= (uint8_t)(1u << rnd() % 8); break;
        case 2: if (size) size -= 1 + (size_t)(rnd() % size); break;
        case 3: bytes[size++] = (uint8_t)(rnd() % 3); break;
        default: n = 1 + (size_t)(rnd() % 26); break;
        }
        if (!agree(bytes, size, encoding, n, &good) && wrong++ < 5)
            printf("  round %u, encoding %u, %zu values in %zu bytes\n", round, encoding, n, size);
        refused += !good;
        accepted += good;
    }
    CHECK_U64(wrong, 0);
    CHECK(refused > 10000 && accepted > 5000);
}

/* Bytes that are just beyond each rule, and just within. */
static void test_edges(void)
{
    static const struct {
        unsigned encoding, n, good;
        size_t size;
        const char *bytes;
    } cases[] = {
        { COLUMN_CONSTANT, 9, 1, 10, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" },
        { COLUMN_CONSTANT, 9, 0, 10, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02" },
        { COLUMN_CONSTANT, 9, 0, 11, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00" },
        { COLUMN_CONSTANT, 9, 0, 2, "\x80\x00" },
        { COLUMN_CONSTANT, 9, 0, 2, "\x01\x01" },
        { COLUMN_CONSTANT, 9, 0, 0, "" },
        { COLUMN_VARINT, 9, 1, 9, "\1\2\3\4\5\6\7\x7f\x7f" },
        { COLUMN_VARINT, 9, 0, 9, "\1\2\3\4\5\6\7\x7f\x80" },
        { COLUMN_VARINT, 9, 0, 10, "\1\2\3\4\5\6\7\x80\x00\1" },
        { COLUMN_VARINT, 8, 0, 9, "\1\2\3\4\5\6\7\x7f\x7f" },
        { COLUMN_DELTA, 2, 1, 3, "\x3f\x01\x01" },
        { COLUMN_DELTA, 2, 0, 3, "\x40\x01\x01" },
        { COLUMN_DELTA, 1, 1, 2, "\x3f\x05" },
        { COLUMN_DELTA, 2, 0, 2, "\x00\x01" },
        { COLUMN_DELTA, 2, 0, 0, "" },
        { COLUMN_RUNS, 5, 1, 2, "\x07\x04" },
        { COLUMN_RUNS, 5, 0, 2, "\x07\x03" },
        { COLUMN_RUNS, 5, 0, 2, "\x07\x05" },
        { COLUMN_RUNS, 5, 1, 4, "\x07\x03\x07\x00" }, /* a run that could have been one */
        { COLUMN_RUNS, 5, 0, 11, "\x07\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" },
        { COLUMN_DELTA_RUNS, 5, 1, 3, "\x00\x07\x04" },
        { COLUMN_DELTA_RUNS, 5, 0, 3, "\x00\x07\x05" },
        { COLUMN_DELTA_RUNS, 5, 1, 5, "\x3f\x07\x00\x01\x03" },
        { COLUMN_DELTA_RUNS, 5, 0, 5, "\x40\x07\x00\x01\x03" },
        { COLUMN_DELTA_RUNS, 5, 0, 5, "\x00\x07\x00\x01\x04" },
        { COLUMN_FIXED, 2, 1, 3, "\x01\xff\x00" },
        { COLUMN_FIXED, 2, 0, 3, "\x02\xff\x00" },
        { COLUMN_FIXED, 2, 0, 1, "\x00" },
        { COLUMN_FIXED, 1, 1, 9, "\x08\1\2\3\4\5\6\7\x80" },
        { COLUMN_FIXED, 1, 0, 10, "\x09\1\2\3\4\5\6\7\x80\1" },
        { COLUMN_FIXED, 1, 0, 0, "" },
        { COLUMN_NEXT, 3, 1, 3, "\x00\x00\x00" },
        { COLUMN_NEXT, 3, 1, 12, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00\x00" },
        { COLUMN_NEXT, 3, 0, 2, "\x00\x00" },
        { 0, 1, 0, 1, "\x00" }, { COLUMN_BYTES, 1, 0, 1, "\x00" }, { 9, 1, 0, 1, "\x00" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int good;
        if (!CHECK(agree((const uint8_t *)cases[i].bytes, cases[i].size, cases[i].encoding,
                         cases[i].n, &good)) ||
            !CHECK_I64(good, cases[i].good))
            printf("  case %zu\n", i);
    }
}

/* The weights by which sizes are compared, in tenths: bytes that zstd leaves more of. */
static uint64_t weight(unsigned encoding)
{
    if (encoding == COLUMN_RUNS || encoding == COLUMN_DELTA_RUNS) return 25;
    return encoding == COLUMN_DELTA ? 17 : 10;
}

/* What is chosen is never larger than plain numbers, weighted or not; in short columns, whose sizes
 * are not sampled, it is the smallest of all by weight. */
static void test_choice(void)
{
    static uint64_t room[MOST + COLUMN_SLACK / 8], v[MOST];
    static uint8_t bytes[22 * MOST + 12];
    uint64_t larger = 0, dearer = 0;
    for (unsigned round = 0; round < 10000; round++) {
        size_t n = 2 + (size_t)(rnd() % (MOST - 2));
        uint8_t encoding = 0;
        random_column(v, n);
        memcpy(room + COLUMN_SLACK / 8, v, n * sizeof *v);
        size_t size = column_encode(room + COLUMN_SLACK / 8, n, (uint8_t *)room, &encoding);
        if (encoding == COLUMN_CONSTANT) continue;
        uint64_t best = UINT64_MAX;
        for (size_t e = 0; e < ENCODINGS; e++) {
            size_t other = plain_encode(v, n, encodings[e], bytes);
            if (encodings[e] == COLUMN_FIXED) larger += size > other;
            if (encodings[e] == COLUMN_FIXED && other * 10 < best) best = other * 10;
        }
        dearer += size * weight(encoding) > best;
    }
    CHECK_U64(larger, 0);
    CHECK_U64(dearer, 0);
}

/* Owners as runs: the same numbers as one by one. */
static void test_runs(void)
{
    static uint64_t v[MOST], length[MOST], flat[MOST * 40], back[MOST * 40];
    static uint8_t to[16 * MOST + 32];
    uint64_t wrong = 0;
    for (unsigned round = 0; round < 4000; round++) {
        size_t runs = 1 + (size_t)(rnd() % (round % 8 ? 20 : MOST)), n = 0;
        uint64_t x = rnd() % (round % 3 ? 1000 : COLUMN_RUN_LIMIT - 1000000);
        for (size_t i = 0; i < runs; i++) {
            x = round % 5 ? x + 1 + rnd() % 3 : (x + 1 + rnd() % 1000000) % COLUMN_RUN_LIMIT;
            if (i && x == v[i - 1]) x = (x + 1) % COLUMN_RUN_LIMIT;
            v[i] = x;
            length[i] = 1 + rnd() % (rnd() % 4 ? 3 : 39);
            for (uint64_t k = 0; k < length[i]; k++) flat[n++] = x;
        }
        uint8_t encoding = 0;
        size_t size = column_encode_runs(v, length, runs, to, &encoding);
        wrong += size > sizeof to - 8 || !plain_decode(to, size, encoding, back, n) ||
                 memcmp(flat, back, n * sizeof *flat) != 0;
        wrong += (encoding == COLUMN_CONSTANT) != (runs == 1);
    }
    CHECK_U64(wrong, 0);
}

/* Long columns, of which sizes are sampled: still right, and still never larger than plain. */
static void test_long(void)
{
    enum { N = 65536 };
    uint64_t *room = malloc(8 * N + COLUMN_SLACK), *v = malloc(8 * N), *back = malloc(8 * N);
    uint8_t *bytes = malloc(9 * N);
    if (!room || !v || !back || !bytes) abort();
    for (unsigned round = 0; round < 16; round++) {
        uint8_t encoding = 0;
        random_column(v, N);
        memcpy(room + COLUMN_SLACK / 8, v, 8 * N);
        size_t size = column_encode(room + COLUMN_SLACK / 8, N, (uint8_t *)room, &encoding);
        CHECK(plain_decode((uint8_t *)room, size, encoding, back, N));
        CHECK(memcmp(v, back, 8 * N) == 0);
        CHECK(size <= plain_encode(v, N, COLUMN_FIXED, bytes));
    }
    free(room);
    free(v);
    free(back);
    free(bytes);
}

CU_MAIN("snap columns against the specification", { "written", test_written },
        { "read", test_read }, { "damaged", test_damaged }, { "at the edges", test_edges },
        { "the choice", test_choice }, { "runs", test_runs }, { "long columns", test_long })
