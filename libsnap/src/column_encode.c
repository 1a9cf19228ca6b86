/* SPDX-License-Identifier: MIT */
/*
 * Encoding a column of numbers. One pass finds what distinguishes the candidates (range, common
 * factor of the differences, number of runs), a second one sums exact sizes of those that are left,
 * a third one writes. O(n), no allocation.
 *
 * What counts in the end is the size after zstd, which finds repetitions in plain values that
 * differences hide and that runs leave little of. So sizes are weighted before they are compared:
 * the weights were found on real heaps, where they choose the encoding that is smallest after
 * compression in nearly every column (tests/bench/README.md has the table).
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

/* Weights of a byte, by encoding. */
#define WEIGHT_PLAIN 10u /* VARINT, FIXED, NEXT */
#define WEIGHT_DELTA 17u
#define WEIGHT_RUNS  25u /* RUNS, DELTA_RUNS */

struct facts {
    uint64_t all;         /* OR of the values */
    uint64_t differ;      /* OR of value XOR first value; 0: constant */
    uint64_t steps;       /* OR of the differences: its trailing zeros are common to all */
    uint64_t runs;        /* number of runs of equal values */
};

struct candidate {
    uint8_t encoding;
    uint8_t weight;
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

/* Bytes that VARINT, DELTA and NEXT take, and the OR of all numbers in them. */
static void sizes(const uint64_t *v, size_t n, unsigned shift, struct candidate *varint,
                  struct candidate *delta, struct candidate *next)
{
    uint64_t sum = varint_size(v[0]);
    uint64_t delta_sum = 1 + sum;
    uint64_t next_sum = varint_size(v[0] + 1);
    uint64_t all = v[0];
    uint64_t delta_all = v[0];
    uint64_t fresh = v[0] + 1;
    for (size_t i = 1; i < n; i++) {
        uint64_t x = v[i];
        uint64_t d = shifted(x - v[i - 1], shift);
        unsigned size = varint_size(x);
        sum += size;
        next_sum += x == fresh ? 1 : size;
        fresh = x >= fresh ? x + 1 : fresh;
        delta_sum += varint_size(d);
        all |= x;
        delta_all |= d;
    }
    varint->size = sum;
    varint->all = all;
    delta->size = delta_sum;
    delta->all = delta_all;
    /* A value and the value plus 1 take the same number of bytes but at powers of 128. */
    next->size = next_sum;
    next->all = all == UINT64_MAX ? all : all + 1;
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

static uint8_t *put_next(const uint64_t *v, size_t n, uint8_t *p)
{
    uint64_t fresh = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t x = v[i];
        p = varint_put(p, x == fresh ? 0 : x + 1);
        if (x >= fresh) fresh = x + 1;
    }
    return p;
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

/* Takes `c` as the best so far where it is allowed and cheaper. */
static void consider(struct candidate *best, const struct candidate *c, uint64_t limit)
{
    if (c->all < limit && c->size * c->weight < best->size * best->weight) *best = *c;
}

static struct candidate choose(const uint64_t *v, size_t n, const struct facts *f, unsigned width,
                               unsigned shift)
{
    struct candidate best = { COLUMN_FIXED, WEIGHT_PLAIN, 1 + (uint64_t)width * n, 0 };
    if (f->runs <= n / 2) {
        struct candidate runs = { COLUMN_RUNS, WEIGHT_RUNS, 0, 0 };
        struct candidate delta_runs = { COLUMN_DELTA_RUNS, WEIGHT_RUNS, 0, 0 };
        run_sizes(v, n, shift, &runs, &delta_runs);
        consider(&best, &runs, LIMIT_RUN);
        consider(&best, &delta_runs, LIMIT_RUN);
    }
    /* One byte a value is what the others cannot beat, unless runs did. */
    if (width > 1) {
        struct candidate varint = { COLUMN_VARINT, WEIGHT_PLAIN, 0, 0 };
        struct candidate delta = { COLUMN_DELTA, WEIGHT_DELTA, 0, 0 };
        struct candidate next = { COLUMN_NEXT, WEIGHT_PLAIN, 0, 0 };
        sizes(v, n, shift, &varint, &delta, &next);
        consider(&best, &varint, LIMIT_VARINT);
        consider(&best, &next, LIMIT_VARINT);
        consider(&best, &delta, LIMIT_VARINT);
    }
    return best;
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
    uint8_t *end = to;
    *encoding = choose(v, n, &f, width, shift).encoding;
    switch (*encoding) {
    case COLUMN_VARINT: end = put_varint(v, n, to); break;
    case COLUMN_DELTA: end = put_delta(v, n, shift, to); break;
    case COLUMN_RUNS: end = put_runs(v, n, to); break;
    case COLUMN_DELTA_RUNS: end = put_delta_runs(v, n, shift, to); break;
    case COLUMN_NEXT: end = put_next(v, n, to); break;
    default: end = put_fixed(v, n, width, to); break;
    }
    return (size_t)(end - to);
}
