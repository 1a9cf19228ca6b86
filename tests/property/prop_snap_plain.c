/* SPDX-License-Identifier: MIT */
/* The format, plainly. See prop_snap_plain.h; sections are those of format/snap-format.md. */
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "prop_snap_plain.h"

static uint8_t next_byte(struct plain_bytes *b)
{
    if (b->bad || b->at == b->end) {
        b->bad = true;
        return 0;
    }
    return *b->at++;
}

uint64_t plain_number(struct plain_bytes *b, unsigned bytes)
{
    uint64_t x = 0;
    for (unsigned i = 0; i < bytes; i++) x += (uint64_t)next_byte(b) << (8 * i);
    return x;
}

/* Section 1.3. */
uint64_t plain_varint(struct plain_bytes *b)
{
    uint64_t x = 0;
    for (unsigned i = 0; i < 10; i++) {
        uint8_t byte = next_byte(b);
        if (i == 9 && byte > 1) b->bad = true;
        x += (uint64_t)(byte % 128) << (7 * i);
        if (byte < 128) {
            if (i > 0 && byte == 0) b->bad = true;
            return x;
        }
    }
    b->bad = true;
    return x;
}

size_t plain_put_varint(uint8_t *to, uint64_t x)
{
    size_t n = 0;
    do {
        to[n++] = (uint8_t)(x % 128 + (x >= 128 ? 128 : 0));
        x /= 128;
    } while (x);
    return n;
}

/* Section 1.4, as the sentence about signed numbers has it. */
static uint64_t zigzag(uint64_t x)
{
    return x >> 63 ? 2 * (0 - x) - 1 : 2 * x;
}

static uint64_t unzigzag(uint64_t x)
{
    return x % 2 ? 0 - (x / 2 + 1) : x / 2;
}

/* `times` more of the same. */
static void repeat(struct plain_bytes *b, uint64_t *values, size_t n, size_t *at, uint64_t x,
                   uint64_t times)
{
    for (uint64_t i = 0; !b->bad && i < times; i++) {
        if (*at == n) b->bad = true;
        else values[(*at)++] = x;
    }
}

static void decode_delta(struct plain_bytes *b, uint64_t *values, size_t n, bool runs)
{
    unsigned shift = next_byte(b);
    uint64_t x = plain_varint(b);
    size_t at = 0;
    if (shift > 63) b->bad = true;
    for (bool first = true; !b->bad && at < n; first = false) {
        if (!first) x += unzigzag(plain_varint(b)) << (shift % 64);
        uint64_t more = runs ? plain_varint(b) : 0;
        if (more >= n) b->bad = true;
        repeat(b, values, n, &at, x, more + 1);
    }
}

static void decode_next(struct plain_bytes *b, uint64_t *values, size_t n)
{
    uint64_t u = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t c = plain_varint(b);
        values[i] = c == 0 ? u : c - 1;
        if (values[i] >= u) u = values[i] + 1;
    }
}

bool plain_decode(const uint8_t *from, size_t size, unsigned encoding, uint64_t *values, size_t n)
{
    struct plain_bytes b = { from, from + size, false };
    size_t at = 0;
    unsigned width = 0;
    switch (encoding) {
    case 1: {
        uint64_t x = plain_varint(&b);
        repeat(&b, values, n, &at, x, n);
        break;
    }
    case 2:
        for (size_t i = 0; i < n; i++) values[i] = plain_varint(&b);
        break;
    case 3:
    case 5: decode_delta(&b, values, n, encoding == 5); break;
    case 4:
        while (!b.bad && at < n) {
            uint64_t x = plain_varint(&b), more = plain_varint(&b);
            if (more >= n) b.bad = true;
            repeat(&b, values, n, &at, x, more + 1);
        }
        break;
    case 6:
        width = next_byte(&b);
        if (width < 1 || width > 8) return false;
        for (size_t i = 0; i < n; i++) values[i] = plain_number(&b, width);
        break;
    case 8: decode_next(&b, values, n); break;
    default: return false;
    }
    return !b.bad && b.at == b.end;
}

/* The largest shift that all differences allow. */
static unsigned common_shift(const uint64_t *values, size_t n)
{
    unsigned shift = 0;
    for (; shift < 63; shift++)
        for (size_t i = 1; i < n; i++)
            if ((values[i] - values[i - 1]) >> shift & 1) return shift;
    return shift;
}

/* The difference of two values, divided by 2^shift with its sign. */
static uint64_t step(uint64_t from, uint64_t to, unsigned shift)
{
    uint64_t d = to - from;
    return d >> 63 ? zigzag(0 - ((0 - d) >> shift)) : zigzag(d >> shift);
}

static size_t run_at(const uint64_t *values, size_t n, size_t i)
{
    size_t length = 1;
    while (i + length < n && values[i + length] == values[i]) length++;
    return length;
}

static size_t encode_delta(const uint64_t *values, size_t n, uint8_t *to, bool runs)
{
    unsigned shift = common_shift(values, n);
    size_t size = 0;
    to[size++] = (uint8_t)shift;
    for (size_t i = 0; i < n;) {
        size_t length = runs ? run_at(values, n, i) : 1;
        size += plain_put_varint(to + size,
                                 i ? step(values[i - 1], values[i], shift) : values[i]);
        if (runs) size += plain_put_varint(to + size, length - 1);
        i += length;
    }
    return size;
}

static size_t encode_fixed(const uint64_t *values, size_t n, uint8_t *to)
{
    unsigned width = 1;
    size_t size = 1;
    for (size_t i = 0; i < n; i++)
        while (width < 8 && values[i] >> (8 * width)) width++;
    to[0] = (uint8_t)width;
    for (size_t i = 0; i < n; i++)
        for (unsigned k = 0; k < width; k++) to[size++] = (uint8_t)(values[i] >> (8 * k));
    return size;
}

static size_t encode_next(const uint64_t *values, size_t n, uint8_t *to)
{
    uint64_t u = 0;
    size_t size = 0;
    for (size_t i = 0; i < n; i++) {
        if (values[i] != u && values[i] == UINT64_MAX) return 0;
        size += plain_put_varint(to + size, values[i] == u ? 0 : values[i] + 1);
        if (values[i] >= u) u = values[i] + 1;
    }
    return size;
}

size_t plain_encode(const uint64_t *values, size_t n, unsigned encoding, uint8_t *to)
{
    size_t size = 0;
    switch (encoding) {
    case 1: return run_at(values, n, 0) == n ? plain_put_varint(to, values[0]) : 0;
    case 2:
        for (size_t i = 0; i < n; i++) size += plain_put_varint(to + size, values[i]);
        return size;
    case 3:
    case 5: return encode_delta(values, n, to, encoding == 5);
    case 4:
        for (size_t i = 0; i < n; i += run_at(values, n, i)) {
            size += plain_put_varint(to + size, values[i]);
            size += plain_put_varint(to + size, run_at(values, n, i) - 1);
        }
        return size;
    case 6: return encode_fixed(values, n, to);
    case 8: return encode_next(values, n, to);
    default: return 0;
    }
}

bool plain_chunk_next(struct plain_bytes *b, struct plain_chunk *c)
{
    const uint8_t *header = b->at;
    if (b->end - b->at < 64 || memcmp(header, "\xC5" "chk", 4) != 0) return false;
    b->at += 4;
    c->kind = (unsigned)plain_number(b, 2);
    c->codec = (unsigned)plain_number(b, 1);
    c->flags = (unsigned)plain_number(b, 1);
    c->stored_size = (uint32_t)plain_number(b, 4);
    c->raw_size = (uint32_t)plain_number(b, 4);
    c->rows = (uint32_t)plain_number(b, 4);
    c->snapshot = (uint32_t)plain_number(b, 4);
    c->first = plain_number(b, 8);
    c->sequence = plain_number(b, 8);
    if (plain_number(b, 8) != 0) return false; /* dictionary, reserved */
    uint64_t payload_sum = plain_number(b, 8), header_sum = plain_number(b, 8);
    c->payload = b->at;
    if (header_sum != XXH3_64bits(header, 56) || c->flags > 1 || c->codec > 1) return false;
    if (c->raw_size < 1 || c->raw_size > 1u << 24 || c->rows < 1 || c->rows > 65536) return false;
    if (c->codec ? c->stored_size >= c->raw_size : c->stored_size != c->raw_size) return false;
    if ((size_t)(b->end - b->at) < c->stored_size) return false;
    b->at += c->stored_size;
    return payload_sum == XXH3_64bits(c->payload, c->stored_size);
}

/* Cuts the bitmap off a sparse column and counts it. */
static bool take_bitmap(struct plain_column *c, uint32_t rows)
{
    size_t bytes = (rows + 7) / 8;
    if (c->size < bytes) return false;
    c->bitmap = c->bytes;
    c->bytes += bytes;
    c->size -= bytes;
    c->n = 0;
    for (size_t i = 0; i < 8 * bytes; i++) {
        bool set = c->bitmap[i / 8] >> i % 8 & 1;
        if (set && i >= rows) return false;
        c->n += set;
    }
    return c->n > 0;
}

int plain_columns(const uint8_t *payload, size_t size, uint32_t rows,
                  struct plain_column columns[PLAIN_COLUMNS])
{
    struct plain_bytes b = { payload, payload + size, false };
    uint64_t n = plain_varint(&b), length[PLAIN_COLUMNS], before = 0;
    if (b.bad || n > PLAIN_COLUMNS) return -1;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t id = plain_varint(&b);
        unsigned encoding = next_byte(&b);
        length[i] = plain_varint(&b);
        if (b.bad || id <= before || id > 65535) return -1;
        before = id;
        columns[i] = (struct plain_column){ .id = (unsigned)id, .encoding = encoding & 0x7f,
                                            .sparse = encoding >= 0x80, .n = rows };
    }
    for (uint64_t i = 0; i < n; i++) {
        if (length[i] > (uint64_t)(b.end - b.at)) return -1;
        columns[i].bytes = b.at;
        columns[i].size = (size_t)length[i];
        b.at += length[i];
        if (columns[i].sparse && !take_bitmap(&columns[i], rows)) return -1;
    }
    return b.at == b.end ? (int)n : -1;
}

bool plain_has(const struct plain_column *c, uint32_t row, size_t *which)
{
    *which = row;
    if (!c->sparse) return true;
    *which = 0;
    for (uint32_t i = 0; i < row; i++) *which += c->bitmap[i / 8] >> i % 8 & 1;
    return c->bitmap[row / 8] >> row % 8 & 1;
}
