/* SPDX-License-Identifier: MIT */
/*
 * Encoding a column of numbers. One pass finds what distinguishes the candidates (range, common
 * factor of the differences, number of runs), a second one sums exact sizes of those that are left,
 * a third one writes. O(n), no allocation.
 *
 * Invariant of writing in place: after value i has been consumed, at most 8 (i + 1) + COLUMN_SLACK
 * bytes have been written, so that output never overtakes input. FIXED keeps it by its width; the
 * others are only candidates while no single value takes more bytes than that (see limits below).
 */
#include "column.h"

#include "bytes.h"
#include "varint.h"

/* Varints below this take at most 8 bytes; a run of one takes value and length in at most 8. */
#define LIMIT_VARINT ((uint64_t)1 << 56)
#define LIMIT_RUN    ((uint64_t)1 << 49)

struct facts {
    uint64_t all;         /* OR of the values */
    uint64_t differ;      /* OR of value XOR first value; 0: constant */
    uint64_t steps;       /* OR of the differences: its trailing zeros are common to all */
    uint64_t runs;        /* number of runs of equal values */
};

struct candidate {
    uint8_t encoding;
    uint64_t size; /* bytes it takes */
    uint64_t all;  /* OR of the numbers that it writes as varints */
};

static struct facts look(const uint64_t *v, size_t n)
{
    struct facts f = { .all = v[0], .runs = 1 };
    for (size_t i = 1; i < n; i++) {
        uint64_t step = v[i] - v[i - 1];
        f.all |= v[i];
        f.differ |= v[i] ^ v[0];
        f.steps |= step;
        f.runs += step != 0;
    }
    return f;
}

/* Differences are stored without the zero bits that all of them have at the bottom. The shift is
 * arithmetic, so that a negative difference keeps its sign. */
static uint64_t shifted(uint64_t step, unsigned shift)
{
    uint64_t sign = 0 - (step >> 63);
    return varint_zigzag((((step ^ sign) >> shift) ^ sign));
}

static unsigned bytes_of(uint64_t all)
{
    unsigned bits = 64u - (unsigned)__builtin_clzll(all | 1);
    return (bits + 7) / 8;
}

/* Bytes that VARINT and DELTA take, and the OR of all numbers in them. */
static void sizes(const uint64_t *v, size_t n, unsigned shift, struct candidate *varint,
                  struct candidate *delta)
{
    uint64_t sum = varint_size(v[0]);
    uint64_t delta_sum = 1 + sum;
    uint64_t all = v[0];
    uint64_t delta_all = v[0];
    for (size_t i = 1; i < n; i++) {
        uint64_t d = shifted(v[i] - v[i - 1], shift);
        sum += varint_size(v[i]);
        delta_sum += varint_size(d);
        all |= v[i];
        delta_all |= d;
    }
    varint->size = sum;
    varint->all = all;
    delta->size = delta_sum;
    delta->all = delta_all;
}

static uint8_t *put_varint(const uint64_t *v, size_t n, uint8_t *p)
{
    for (size_t i = 0; i < n; i++) p = varint_put(p, v[i]);
    return p;
}

static uint8_t *put_delta(const uint64_t *v, size_t n, unsigned shift, uint8_t *p)
{
    uint64_t last = v[0];
    *p++ = (uint8_t)shift;
    p = varint_put(p, last);
    for (size_t i = 1; i < n; i++) {
        uint64_t x = v[i];
        p = varint_put(p, shifted(x - last, shift));
        last = x;
    }
    return p;
}

static uint8_t *put_runs(const uint64_t *v, size_t n, uint8_t *p)
{
    for (size_t i = 0; i < n;) {
        uint64_t x = v[i];
        size_t start = i;
        do {
            i++;
        } while (i < n && v[i] == x);
        p = varint_put(p, x);
        p = varint_put(p, i - start - 1);
    }
    return p;
}

static uint8_t *put_delta_runs(const uint64_t *v, size_t n, unsigned shift, uint8_t *p)
{
    uint64_t last = v[0];
    *p++ = (uint8_t)shift;
    p = varint_put(p, last);
    for (size_t i = 1, start = 0;; i++) {
        if (i < n && v[i] == last) continue;
        uint64_t x = i < n ? v[i] : 0;
        p = varint_put(p, i - start - 1);
        if (i == n) return p;
        p = varint_put(p, shifted(x - last, shift));
        last = x;
        start = i;
    }
}

static uint8_t *put_fixed(const uint64_t *v, size_t n, unsigned width, uint8_t *p)
{
    *p++ = (uint8_t)width;
    for (size_t i = 0; i < n; i++) {
        uint64_t x = v[i];
        for (unsigned b = 0; b < width; b++) *p++ = (uint8_t)(x >> (8 * b));
    }
    return p;
}

/* Bytes that RUNS and DELTA_RUNS take, and the OR of all numbers in them. */
static void run_sizes(const uint64_t *v, size_t n, unsigned shift, struct candidate *runs,
                      struct candidate *delta_runs)
{
    uint64_t last = v[0];
    runs->size = varint_size(last);
    runs->all = last;
    delta_runs->size = 1 + varint_size(last);
    delta_runs->all = last;
    for (size_t i = 1, start = 0;; i++) {
        if (i < n && v[i] == last) continue;
        uint64_t length = varint_size(i - start - 1);
        runs->size += length;
        delta_runs->size += length;
        if (i == n) return;
        uint64_t d = shifted(v[i] - last, shift);
        last = v[i];
        start = i;
        runs->size += varint_size(last);
        runs->all |= last;
        delta_runs->size += varint_size(d);
        delta_runs->all |= d;
    }
}

/* Takes `c` as the best so far where it is allowed and smaller. */
static void consider(struct candidate *best, const struct candidate *c, uint64_t limit)
{
    if (c->all < limit && c->size < best->size) *best = *c;
}

size_t column_encode(uint64_t *v, size_t n, uint8_t *to, uint8_t *encoding)
{
    struct facts f = look(v, n);
    if (f.differ == 0) {
        *encoding = COLUMN_CONSTANT;
        return (size_t)(varint_put(to, v[0]) - to);
    }
    unsigned width = bytes_of(f.all);
    unsigned shift = (unsigned)__builtin_ctzll(f.steps);
    struct candidate best = { COLUMN_FIXED, 1 + (uint64_t)width * n, 0 };
    if (f.runs <= n / 2) {
        struct candidate runs = { .encoding = COLUMN_RUNS };
        struct candidate delta_runs = { .encoding = COLUMN_DELTA_RUNS };
        run_sizes(v, n, shift, &runs, &delta_runs);
        consider(&best, &runs, LIMIT_RUN);
        consider(&best, &delta_runs, LIMIT_RUN);
    }
    if (width > 1 || best.encoding == COLUMN_FIXED) {
        struct candidate varint = { .encoding = COLUMN_VARINT };
        struct candidate delta = { .encoding = COLUMN_DELTA };
        sizes(v, n, shift, &varint, &delta);
        consider(&best, &varint, LIMIT_VARINT);
        consider(&best, &delta, LIMIT_VARINT);
    }
    uint8_t *end = to;
    switch (best.encoding) {
    case COLUMN_VARINT: end = put_varint(v, n, to); break;
    case COLUMN_DELTA: end = put_delta(v, n, shift, to); break;
    case COLUMN_RUNS: end = put_runs(v, n, to); break;
    case COLUMN_DELTA_RUNS: end = put_delta_runs(v, n, shift, to); break;
    default: end = put_fixed(v, n, width, to); break;
    }
    *encoding = best.encoding;
    return (size_t)(end - to);
}
