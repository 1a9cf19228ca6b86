/* SPDX-License-Identifier: MIT */
/*
 * Encoding a column of numbers. One pass finds what distinguishes the candidates (range, common
 * factor of the differences, number of runs, how often the next new number comes); sizes of those
 * that are left are summed, over samples where the column is long; a last pass writes. O(n), no
 * allocation.
 *
 * What counts in the end is the size after zstd, which finds repetitions in plain values that
 * differences hide and that runs leave little of. So sizes are weighted before they are compared:
 * the weights were found on real heaps, where they choose the encoding that is smallest after
 * compression in nearly every column (tests/bench/README.md has the table).
 *
 * Invariant of writing in place: before value i is written, at most 8i + 2 bytes have been, and
 * `to` lies COLUMN_SLACK = 16 bytes before the values. So even a store of 8 bytes, of which only
 * the first few count, ends before value i + 1. FIXED keeps the invariant by its width; the others
 * are only candidates while no single value can take more than 8 bytes (see the limits below).
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

/* Sizes are summed over SAMPLE of every SAMPLE_EVERY values. */
#define SAMPLE       32u
#define SAMPLE_EVERY 256u

struct facts {
    uint64_t all;    /* OR of the values */
    uint64_t steps;  /* OR of the differences: its trailing zeros are common to all */
    uint64_t zigzag; /* has as many significant bits as the widest difference's zigzag */
    uint64_t runs;   /* number of runs of equal values */
};

struct candidate {
    uint8_t encoding;
    uint8_t weight;
    uint64_t size; /* bytes it takes, or an estimate */
};

static int is_constant(const uint64_t *v, size_t n)
{
    uint64_t differ = 0;
    size_t i = 0;
    for (; i + 64 <= n && differ == 0; i += 64) {
        for (size_t k = 0; k < 64; k++) differ |= v[i + k] ^ v[0];
    }
    for (; i < n && differ == 0; i++) differ |= v[i] ^ v[0];
    return differ == 0;
}

/* Plain enough for a compiler to take several values at once. For the last fact: a signed number
 * differs from itself shifted left by one first where its zigzag begins. */
static struct facts look(const uint64_t *v, size_t n)
{
    struct facts f = { .all = v[0], .runs = 1 };
    for (size_t i = 1; i < n; i++) {
        uint64_t step = v[i] - v[i - 1];
        f.all |= v[i];
        f.steps |= step;
        f.zigzag |= step ^ step << 1;
        f.runs += step != 0;
    }
    return f;
}

/* How many values are one more than the greatest before. */
static uint64_t count_fresh(const uint64_t *v, size_t n)
{
    uint64_t fresh = 0;
    uint64_t next = v[0] + 1;
    for (size_t i = 1; i < n; i++) {
        fresh += v[i] == next;
        next = v[i] >= next ? v[i] + 1 : next;
    }
    return fresh;
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

/* Bytes that VARINT and DELTA take, over samples where the column is long. Two values or more: a
 * single one is CONSTANT. */
static void plain_sizes(const uint64_t *v, size_t n, unsigned shift, uint64_t *varint,
                        uint64_t *delta)
{
    size_t skip = n > 16 * SAMPLE_EVERY ? SAMPLE_EVERY - SAMPLE : 0;
    uint64_t sum = 0, delta_sum = 0, seen = 0;
    for (size_t i = 1; i < n; i += skip) {
        size_t end = n - i < SAMPLE ? n : i + SAMPLE;
        for (; i < end; i++) {
            sum += varint_size(v[i]);
            delta_sum += varint_size(shifted(v[i] - v[i - 1], shift));
            seen++;
        }
    }
    /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): n > 1 */
    *varint = varint_size(v[0]) + sum * (n - 1) / seen;
    *delta = 1 + varint_size(v[0]) + delta_sum * (n - 1) / seen;
}

/* Bytes that RUNS and DELTA_RUNS take. */
static void run_sizes(const uint64_t *v, size_t n, unsigned shift, uint64_t *runs,
                      uint64_t *delta_runs)
{
    uint64_t last = v[0];
    uint64_t sum = varint_size(last);
    uint64_t delta_sum = 1 + sum;
    for (size_t i = 1, start = 0;; i++) {
        if (i < n && v[i] == last) continue;
        uint64_t length = varint_size(i - start - 1);
        sum += length;
        delta_sum += length;
        if (i == n) break;
        delta_sum += varint_size(shifted(v[i] - last, shift));
        last = v[i];
        start = i;
        sum += varint_size(last);
    }
    *runs = sum;
    *delta_runs = delta_sum;
}

static void consider(struct candidate *best, uint8_t encoding, uint8_t weight, uint64_t size)
{
    if (size * weight < best->size * best->weight) {
        *best = (struct candidate){ encoding, weight, size };
    }
}

static uint8_t choose(const uint64_t *v, size_t n, const struct facts *f, unsigned width,
                      unsigned shift)
{
    struct candidate best = { COLUMN_FIXED, WEIGHT_PLAIN, 1 + (uint64_t)width * n };
    uint64_t a, b;
    uint64_t widest = (f->zigzag >> shift) | v[0]; /* of the numbers that DELTA writes */
    if (f->runs <= n / 2) {
        run_sizes(v, n, shift, &a, &b);
        if (f->all < LIMIT_RUN) consider(&best, COLUMN_RUNS, WEIGHT_RUNS, a);
        if (widest < LIMIT_RUN) consider(&best, COLUMN_DELTA_RUNS, WEIGHT_RUNS, b);
    }
    /* One byte a value is what the others cannot beat, unless runs did. */
    if (width > 1) {
        plain_sizes(v, n, shift, &a, &b);
        /* What is new is as wide as the greatest value, and takes one byte by NEXT. */
        uint64_t fresh = count_fresh(v, n);
        uint64_t saved = fresh * (varint_size(f->all) - 1u);
        uint64_t next = a > saved ? a - saved : 0;
        if (f->all < LIMIT_VARINT - 1) {
            consider(&best, COLUMN_VARINT, WEIGHT_PLAIN, a);
            if (fresh > n / 64) consider(&best, COLUMN_NEXT, WEIGHT_PLAIN, next);
        }
        if (widest < LIMIT_VARINT) consider(&best, COLUMN_DELTA, WEIGHT_DELTA, b);
    }
    return best.encoding;
}

/* varint_put for a number below 2^56 without a branch: seven bits to each of eight bytes, by halves
 * of halves; then the marks of continuation; then one store, of which the first bytes count. */
static uint8_t *put(uint8_t *p, uint64_t x)
{
    unsigned size = varint_size(x);
    x = (x & 0x000000000FFFFFFFu) | (x & 0x00FFFFFFF0000000u) << 4;
    x = (x & 0x00003FFF00003FFFu) | (x & 0x0FFFC0000FFFC000u) << 2;
    x = (x & 0x007F007F007F007Fu) | (x & 0x3F803F803F803F80u) << 1;
    x |= 0x8080808080808080u & (((uint64_t)1 << (8 * (size - 1))) - 1);
    bytes_put64(p, x);
    return p + size;
}

static uint8_t *put_varint(const uint64_t *v, size_t n, uint8_t *p)
{
    for (size_t i = 0; i < n; i++) p = put(p, v[i]);
    return p;
}

static uint8_t *put_next(const uint64_t *v, size_t n, uint8_t *p)
{
    uint64_t next = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t x = v[i];
        p = put(p, x == next ? 0 : x + 1);
        next = x >= next ? x + 1 : next;
    }
    return p;
}

static uint8_t *put_delta(const uint64_t *v, size_t n, unsigned shift, uint8_t *p)
{
    uint64_t last = v[0];
    *p++ = (uint8_t)shift;
    p = put(p, last);
    for (size_t i = 1; i < n; i++) {
        uint64_t x = v[i];
        p = put(p, shifted(x - last, shift));
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
        bytes_put64(p, v[i]);
        p += width;
    }
    return p;
}

size_t column_encode(uint64_t *v, size_t n, uint8_t *to, uint8_t *encoding)
{
    if (is_constant(v, n)) {
        *encoding = COLUMN_CONSTANT;
        return (size_t)(varint_put(to, v[0]) - to);
    }
    struct facts f = look(v, n);
    unsigned width = bytes_of(f.all);
    unsigned shift = (unsigned)__builtin_ctzll(f.steps);
    uint8_t *end = to;
    *encoding = choose(v, n, &f, width, shift);
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

/* A difference below 2^34 takes at most 5 bytes and a length at most 3, so that the invariant of
 * writing in place holds for pairs as it does for values. */
size_t column_encode_runs(const uint64_t *v, const uint64_t *length, size_t runs, uint8_t *to,
                          uint8_t *encoding)
{
    uint8_t *p = to;
    uint64_t last = v[0];
    if (runs == 1) {
        *encoding = COLUMN_CONSTANT;
        return (size_t)(put(p, last) - to);
    }
    *encoding = COLUMN_DELTA_RUNS;
    *p++ = 0; /* shift: owners mostly follow each other */
    p = put(p, last);
    p = put(p, length[0] - 1);
    for (size_t i = 1; i < runs; i++) {
        uint64_t x = v[i];
        p = put(p, varint_zigzag(x - last));
        p = put(p, length[i] - 1);
        last = x;
    }
    return (size_t)(p - to);
}
