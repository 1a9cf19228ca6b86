/* SPDX-License-Identifier: MIT */
/* The bytes of chunks and files; the contract is in encode.h. */
#include "encode.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <snap/format.h>

static const uint8_t chunk_magic[4] = { 0xc5, 'c', 'h', 'k' };
static const uint8_t file_magic[8] = { 0x89, 'S', 'N', 'A', 'P', '\r', '\n', 0x1a };
static const uint8_t end_magic[8] = { 0x1a, '\n', '\r', 'P', 'A', 'N', 'S', 0x89 };

/* Little-endian numbers of n bytes. */
static void put(uint8_t *at, unsigned n, uint64_t v)
{
    for (unsigned i = 0; i < n; i++) at[i] = (uint8_t)(v >> (8 * i));
}

static uint64_t get(const uint8_t *at, unsigned n)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < n; i++) v |= (uint64_t)at[i] << (8 * i);
    return v;
}

uint64_t encode_checksum(const void *bytes, size_t n)
{
    return XXH3_64bits(bytes, n);
}

bool encode_header_get(const uint8_t b[64], struct encode_header *h)
{
    if (memcmp(b, chunk_magic, sizeof chunk_magic) != 0) return false;
    if (get(b + 56, 8) != encode_checksum(b, 56)) return false;
    *h = (struct encode_header){
        .kind = (uint16_t)get(b + 4, 2), .codec = b[6], .flags = b[7],
        .stored = (uint32_t)get(b + 8, 4), .raw = (uint32_t)get(b + 12, 4),
        .rows = (uint32_t)get(b + 16, 4), .snapshot = (uint32_t)get(b + 20, 4),
        .first = get(b + 24, 8), .sequence = get(b + 32, 8), .checksum = get(b + 48, 8),
    };
    return h->stored >= 1 && h->stored <= SNAP_MAX_CHUNK_BYTES && h->raw >= 1 &&
           h->raw <= SNAP_MAX_CHUNK_BYTES && h->rows >= 1 && h->rows <= SNAP_MAX_CHUNK_ROWS &&
           get(b + 40, 8) == 0;
}

void encode_header_put(uint8_t b[64], const struct encode_header *h)
{
    memcpy(b, chunk_magic, sizeof chunk_magic);
    put(b + 4, 2, h->kind);
    b[6] = h->codec;
    b[7] = h->flags;
    put(b + 8, 4, h->stored);
    put(b + 12, 4, h->raw);
    put(b + 16, 4, h->rows);
    put(b + 20, 4, h->snapshot);
    put(b + 24, 8, h->first);
    put(b + 32, 8, h->sequence);
    put(b + 40, 8, 0); /* dictionary, reserved */
    put(b + 48, 8, h->checksum);
    put(b + 56, 8, encode_checksum(b, 56));
}

static void add_varint(struct text *out, uint64_t v)
{
    char bytes[10];
    size_t n = 0;
    for (; v >= 0x80; v >>= 7) bytes[n++] = (char)(v | 0x80);
    bytes[n++] = (char)v;
    text_add(out, bytes, n);
}

enum { ENCODING_VARINT = 2, ENCODING_BYTES = 7 };

static void add_column(struct text *out, uint32_t rows, const struct encode_column *c)
{
    for (uint32_t i = 0; i < rows; i++)
        add_varint(out, c->texts ? strlen(c->texts[i]) : c->numbers[i]);
    for (uint32_t i = 0; c->texts && i < rows; i++) text_adds(out, c->texts[i]);
}

void encode_payload(struct text *out, uint32_t rows, const struct encode_column *columns, size_t n)
{
    struct text body = { 0 };
    add_varint(out, n);
    for (size_t i = 0; i < n; i++) {
        size_t before = body.n;
        char encoding = columns[i].texts ? ENCODING_BYTES : ENCODING_VARINT;
        add_column(&body, rows, &columns[i]);
        add_varint(out, columns[i].id);
        text_add(out, &encoding, 1);
        add_varint(out, body.n - before);
    }
    text_add(out, text_str(&body), body.n);
    out->failed = out->failed || body.failed;
    text_free(&body);
}

void encode_file_header(uint8_t b[48], uint8_t major, uint8_t minor, const uint8_t uuid[16])
{
    memset(b, 0, 48);
    memcpy(b, file_magic, sizeof file_magic);
    b[8] = major;
    b[9] = minor;
    memcpy(b + 16, uuid, 16);
    put(b + 40, 8, encode_checksum(b, 40));
}

void encode_trailer(uint8_t b[32], uint64_t index_offset, uint64_t total_offset)
{
    put(b, 8, index_offset);
    put(b + 8, 8, total_offset);
    put(b + 16, 8, encode_checksum(b, 16));
    memcpy(b + 24, end_magic, sizeof end_magic);
}
