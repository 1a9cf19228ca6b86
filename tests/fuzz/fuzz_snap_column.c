/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target of the encodings of one column: bytes into every decoder, and what decodes, as any
 * numbers, through the encoders and back. Three bytes say the encoding and how many values.
 */
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "column.h"
#include "fuzz_target.h"

enum { HEAD = 3, MOST = 2048 };

/* values[0..n) must come back from `size` bytes at `from`. */
static void expect_decodes(const uint8_t *from, size_t size, unsigned encoding,
                           const uint64_t *values, size_t n)
{
    static uint64_t again[MOST];
    uint64_t all = 0, want = 0;
    uint8_t *exact = fuzz_copy(from, size);
    expect(column_decode(exact, size, encoding, again, n, &all) == 0);
    free(exact);
    for (size_t i = 0; i < n; i++) want |= values[i];
    expect(all == want && memcmp(again, values, n * sizeof *values) == 0);
}

static void encode(const uint64_t *values, size_t n)
{
    static uint64_t room[MOST + COLUMN_SLACK / 8];
    uint8_t encoding = 0;
    uint8_t *to = (uint8_t *)room;
    memcpy(room + COLUMN_SLACK / 8, values, n * sizeof *values);
    size_t size = column_encode(room + COLUMN_SLACK / 8, n, to, &encoding);
    expect(size <= 8 * n + 2 && encoding >= COLUMN_CONSTANT && encoding <= COLUMN_LAST);
    expect(encoding != COLUMN_BYTES);
    expect_decodes(to, size, encoding, values, n);
}

static void encode_runs(const uint64_t *values, size_t n)
{
    static uint64_t run[MOST], length[MOST];
    static uint8_t to[8 * MOST + 64];
    uint8_t encoding = 0;
    size_t runs = 0;
    for (size_t i = 0; i < n; i++) {
        if (values[i] >= COLUMN_RUN_LIMIT) return;
        if (runs && run[runs - 1] == values[i]) {
            length[runs - 1]++;
        } else {
            run[runs] = values[i];
            length[runs++] = 1;
        }
    }
    size_t size = column_encode_runs(run, length, runs, to, &encoding);
    expect(size <= sizeof to);
    expect_decodes(to, size, encoding, values, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint64_t values[MOST];
    uint64_t all = 0, or = 0;
    if (size < HEAD) return 0;
    size_t n = 1 + (data[1] | (size_t)data[2] << 8) % MOST;
    unsigned encoding = data[0] & 0x1f;
    data += HEAD;
    size -= HEAD;
    if (column_decode(data, size, encoding, values, n, &all) == 0) {
        for (size_t i = 0; i < n; i++) or |= values[i];
        expect(all == or);
    } else {
        n = size / 8 < MOST ? size / 8 : MOST;
        for (size_t i = 0; i < n; i++) values[i] = bytes_get64(data + 8 * i);
    }
    if (!n) return 0;
    encode(values, n);
    encode_runs(values, n);
    return 0;
}

/* Numbers of every pattern that the encoder tells apart, encoded. */
uint8_t *fuzz_seed(unsigned i, size_t *size)
{
    enum { N = 24, PATTERNS = 8 };
    uint64_t room[N + COLUMN_SLACK / 8];
    uint64_t *values = room + COLUMN_SLACK / 8;
    uint8_t encoding = 0;
    if (i >= PATTERNS) return NULL;
    for (uint64_t k = 0; k < N; k++) {
        const uint64_t pattern[PATTERNS] = {
            7, k * 16, k / 8, k % 5 ? 3 : UINT64_MAX - k, k * 0x9E3779B97F4A7C15u, 1000 - k * 8,
            k % 3 ? k / 3 : k, k / 6 * 4096,
        };
        values[k] = pattern[i];
    }
    size_t n = column_encode(values, N, (uint8_t *)room, &encoding);
    uint8_t *seed = malloc(HEAD + n);
    if (!seed) abort();
    seed[0] = encoding;
    seed[1] = N - 1;
    seed[2] = 0;
    memcpy(seed + HEAD, room, n);
    *size = HEAD + n;
    return seed;
}
