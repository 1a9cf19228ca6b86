/* SPDX-License-Identifier: MIT */
/*
 * Decoding a column of numbers from bytes that nobody vouches for. Each decoder consumes exactly
 * its input and produces exactly n values, or fails. O(n + size), no allocation.
 */
#include "column.h"

#include "bytes.h"
#include "varint.h"

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
};

/* Reads a varint; 0, or -1 at the end or for a malformed one (the cursor is then spent). */
static inline int next(struct cursor *c, uint64_t *x)
{
    const uint8_t *p = varint_get(c->at, c->end, x);
    if (!p) return -1;
    c->at = p;
    return 0;
}

static int next_shift(struct cursor *c, unsigned *shift)
{
    if (c->at == c->end || *c->at > 63) return -1;
    *shift = *c->at++;
    return 0;
}

static void fill(uint64_t *v, size_t n, uint64_t x)
{
    for (size_t i = 0; i < n; i++) v[i] = x;
}

static int get_constant(struct cursor *c, uint64_t *v, size_t n, uint64_t *all)
{
    uint64_t x;
    if (next(c, &x)) return -1;
    fill(v, n, x);
    *all = x;
    return 0;
}

/* Where eight single-byte numbers stand in a row, they are taken at once. */
static int get_varint(struct cursor *c, uint64_t *v, size_t n, uint64_t *all)
{
    uint64_t seen = 0;
    size_t i = 0;
    while (i < n) {
        if (n - i >= 8 && c->end - c->at >= 8) {
            uint64_t word = bytes_get64(c->at);
            if ((word & 0x8080808080808080u) == 0) {
                for (unsigned k = 0; k < 8; k++) v[i + k] = (word >> (8 * k)) & 0x7f;
                seen |= 0x7f & (word | word >> 8 | word >> 16 | word >> 24 | word >> 32 |
                                word >> 40 | word >> 48 | word >> 56);
                c->at += 8;
                i += 8;
                continue;
            }
        }
        if (next(c, &v[i])) return -1;
        seen |= v[i++];
    }
    *all = seen;
    return 0;
}

static int get_delta(struct cursor *c, uint64_t *v, size_t n, uint64_t *all)
{
    unsigned shift;
    uint64_t x, d;
    if (next_shift(c, &shift) || next(c, &x)) return -1;
    uint64_t seen = v[0] = x;
    for (size_t i = 1; i < n; i++) {
        if (next(c, &d)) return -1;
        x += varint_unzigzag(d) << shift;
        v[i] = x;
        seen |= x;
    }
    *all = seen;
    return 0;
}

/* Takes a run's length and repeats `x` that often at v[*i]. */
static int get_run(struct cursor *c, uint64_t *v, size_t n, size_t *i, uint64_t x)
{
    uint64_t more;
    if (next(c, &more) || more >= n - *i) return -1;
    fill(v + *i, (size_t)more + 1, x);
    *i += (size_t)more + 1;
    return 0;
}

static int get_runs(struct cursor *c, uint64_t *v, size_t n, uint64_t *all)
{
    uint64_t seen = 0;
    uint64_t x;
    for (size_t i = 0; i < n;) {
        if (next(c, &x) || get_run(c, v, n, &i, x)) return -1;
        seen |= x;
    }
    *all = seen;
    return 0;
}

static int get_delta_runs(struct cursor *c, uint64_t *v, size_t n, uint64_t *all)
{
    unsigned shift;
    uint64_t x, d;
    size_t i = 0;
    if (next_shift(c, &shift) || next(c, &x) || get_run(c, v, n, &i, x)) return -1;
    uint64_t seen = x;
    while (i < n) {
        if (next(c, &d)) return -1;
        x += varint_unzigzag(d) << shift;
        if (get_run(c, v, n, &i, x)) return -1;
        seen |= x;
    }
    *all = seen;
    return 0;
}

static int get_next(struct cursor *c, uint64_t *v, size_t n, uint64_t *all)
{
    uint64_t seen = 0;
    uint64_t fresh = 0; /* one more than the greatest value so far */
    uint64_t x;
    for (size_t i = 0; i < n; i++) {
        if (next(c, &x)) return -1;
        x = x ? x - 1 : fresh;
        if (x >= fresh) fresh = x + 1;
        v[i] = x;
        seen |= x;
    }
    *all = seen;
    return 0;
}

static int get_fixed(struct cursor *c, uint64_t *v, size_t n, uint64_t *all)
{
    if (c->at == c->end) return -1;
    unsigned width = *c->at++;
    if (width < 1 || width > 8 || (size_t)(c->end - c->at) != n * width) return -1;
    uint64_t mask = UINT64_MAX >> (64 - 8 * width);
    uint64_t seen = 0;
    size_t i = 0;
    const uint8_t *p = c->at;
    /* Whole words while eight bytes are there, so that one load takes any width. */
    for (; i < n && c->end - p >= 8; i++, p += width) {
        v[i] = bytes_get64(p) & mask;
        seen |= v[i];
    }
    for (; i < n; i++) {
        uint64_t x = 0;
        for (unsigned b = 0; b < width; b++) x |= (uint64_t)*p++ << (8 * b);
        v[i] = x;
        seen |= x;
    }
    c->at = p;
    *all = seen;
    return 0;
}

int column_decode(const uint8_t *from, size_t size, unsigned encoding, uint64_t *values, size_t n,
                  uint64_t *all)
{
    struct cursor c = { from, from + size };
    int status = -1;
    switch (encoding) {
    case COLUMN_CONSTANT: status = get_constant(&c, values, n, all); break;
    case COLUMN_VARINT: status = get_varint(&c, values, n, all); break;
    case COLUMN_DELTA: status = get_delta(&c, values, n, all); break;
    case COLUMN_RUNS: status = get_runs(&c, values, n, all); break;
    case COLUMN_DELTA_RUNS: status = get_delta_runs(&c, values, n, all); break;
    case COLUMN_NEXT: status = get_next(&c, values, n, all); break;
    case COLUMN_FIXED: status = get_fixed(&c, values, n, all); break;
    }
    return status == 0 && c.at == c.end ? 0 : -1;
}
