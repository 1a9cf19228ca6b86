/* SPDX-License-Identifier: MIT */
/*
 * The small parts below chunks: headers and trailer byte by byte, every field at its limits and one
 * beyond, checksums, packing and unpacking with what a frame can lie about, the cache of strings
 * against a model, UTF-8 against the definition of every scalar value, varints against division.
 */
#include <stdlib.h>
#include <zstd.h>

#include "checksum.h"
#include "chunk.h"
#include "cu.h"
#include "snap_memory.h"
#include "status.h"
#include "string_cache.h"
#include "utf8.h"
#include "varint.h"

static uint64_t state = 99;

static uint64_t rnd(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 11;
}

/* ---- headers ---- */

/* Section 3.1 of the specification, byte by byte. */
static void test_chunk_header(void)
{
    static const uint8_t want[56] = {
        0xC5, 'c', 'h', 'k', 0x02, 0x01, 0x01, 0x01, 0x04, 0x03, 0x02, 0x00, 0x08, 0x07, 0x06, 0x00,
        0x0C, 0x0B, 0x00, 0x00, 0x10, 0x0F, 0x0E, 0x0D, 0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12,
        0x11, 0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21, 0, 0, 0, 0, 0, 0, 0, 0, 0x38, 0x37,
        0x36, 0x35, 0x34, 0x33, 0x32, 0x31,
    };
    const struct chunk_header h = { .kind = 0x0102, .codec = 1, .flags = 1, .stored_size = 0x020304,
                                    .raw_size = 0x060708, .rows = 0x0B0C, .snapshot = 0x0D0E0F10,
                                    .first = 0x1112131415161718u, .sequence = 0x2122232425262728u,
                                    .checksum = 0x3132333435363738u };
    struct chunk_header back = { .kind = 0 };
    uint8_t bytes[SNAP_CHUNK_HEADER_SIZE];
    const char *text = NULL;
    chunk_header_put(bytes, &h);
    CHECK(memcmp(bytes, want, sizeof want) == 0);
    CHECK_I64(chunk_header_get(bytes, &back, &text), CHUNK_GOOD);
    CHECK_STR(text, "");
    CHECK(back.kind == h.kind && back.codec == h.codec && back.flags == h.flags);
    CHECK(back.stored_size == h.stored_size && back.raw_size == h.raw_size);
    CHECK(back.rows == h.rows && back.snapshot == h.snapshot && back.first == h.first);
    CHECK(back.sequence == h.sequence && back.checksum == h.checksum);
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) { /* nothing in it can change unnoticed */
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (!CHECK_I64(chunk_header_get(bytes, &back, &text), CHUNK_NOT)) break;
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

/* Each limit at its edge and one beyond, with a checksum that is right; and what is said of it. */
static void test_header_limits(void)
{
    const struct chunk_header good = { .kind = 12, .codec = CHUNK_ZSTD, .stored_size = 100,
                                       .raw_size = 200, .rows = 5 };
    static const struct {
        uint8_t codec, flags;
        uint32_t stored, raw, rows;
        enum chunk_look look;
        const char *says;
    } cases[] = {
        { 1, 0, 100, 200, 5, CHUNK_GOOD, "" },
        { 1, 1, 100, 200, 5, CHUNK_GOOD, "" },
        { 1, 2, 100, 200, 5, CHUNK_UNSUPPORTED, "flags" },
        { 1, 0x80, 100, 200, 5, CHUNK_UNSUPPORTED, "flags" },
        { 2, 0, 100, 200, 5, CHUNK_UNSUPPORTED, "codec" },
        { 255, 0, 100, 200, 5, CHUNK_UNSUPPORTED, "codec" },
        { 1, 0, 100, 1u << 24, 5, CHUNK_GOOD, "" },
        { 1, 0, 100, (1u << 24) + 1, 5, CHUNK_LIMIT, "larger" },
        { 0, 0, 1u << 24, 1u << 24, 5, CHUNK_GOOD, "" },
        { 0, 0, (1u << 24) + 1, (1u << 24) + 1, 5, CHUNK_LIMIT, "larger" },
        { 1, 0, 199, 200, 5, CHUNK_GOOD, "" },
        { 1, 0, 200, 200, 5, CHUNK_LIMIT, "codec" },
        { 1, 0, 201, 200, 5, CHUNK_LIMIT, "larger" },
        { 0, 0, 200, 200, 5, CHUNK_GOOD, "" },
        { 0, 0, 199, 200, 5, CHUNK_LIMIT, "codec" },
        { 1, 0, 100, 200, 1, CHUNK_GOOD, "" },
        { 1, 0, 100, 200, 0, CHUNK_LIMIT, "rows" },
        { 1, 0, 100, 200, 65536, CHUNK_GOOD, "" },
        { 1, 0, 100, 200, 65537, CHUNK_LIMIT, "rows" },
        { 1, 0, 100, 200, UINT32_MAX, CHUNK_LIMIT, "rows" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct chunk_header h = good, back;
        uint8_t bytes[SNAP_CHUNK_HEADER_SIZE];
        const char *text = NULL;
        h.codec = cases[i].codec;
        h.flags = cases[i].flags;
        h.stored_size = cases[i].stored;
        h.raw_size = cases[i].raw;
        h.rows = cases[i].rows;
        chunk_header_put(bytes, &h);
        if (!CHECK_I64(chunk_header_get(bytes, &back, &text), cases[i].look) ||
            !CHECK(strstr(text, cases[i].says) != NULL))
            printf("  case %zu: %s\n", i, text);
    }
    for (size_t at = 40; at < 48; at++) { /* dictionary and reserved, each byte */
        struct chunk_header back;
        uint8_t bytes[SNAP_CHUNK_HEADER_SIZE];
        const char *text;
        chunk_header_put(bytes, &good);
        bytes[at] = 1;
        uint64_t sum = checksum64(bytes, 56);
        for (int k = 0; k < 8; k++) bytes[56 + k] = (uint8_t)(sum >> (8 * k));
        CHECK_I64(chunk_header_get(bytes, &back, &text), CHUNK_UNSUPPORTED);
        CHECK(strstr(text, "dictionary") != NULL);
    }
}

static snap_status file_header(const uint8_t *bytes, size_t size, snap_error *err)
{
    uint8_t major, minor, uuid[16];
    return chunk_file_header_get(bytes, size, &major, &minor, uuid, err);
}

/* In the order that section 2.1 demands: not ours, too short, damaged, newer, not supported. */
static void test_file_header(void)
{
    static const uint8_t uuid[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
    uint8_t good[SNAP_FILE_HEADER_SIZE], bytes[SNAP_FILE_HEADER_SIZE], back[16], major = 9;
    uint8_t minor = 9;
    snap_error err;
    chunk_file_header_put(good, uuid);
    CHECK_I64(chunk_file_header_get(good, 48, &major, &minor, back, &err), SNAP_OK);
    CHECK(major == SNAP_FORMAT_MAJOR && minor == SNAP_FORMAT_MINOR && !memcmp(back, uuid, 16));
    for (size_t n = 0; n < 48; n++) {
        CHECK_I64(file_header(good, n, &err), SNAP_E_TRUNCATED);
        CHECK_U64(err.offset, n);
    }
    for (size_t at = 0; at < 48; at++) {
        memcpy(bytes, good, 48);
        bytes[at] ^= 0x20;
        CHECK_I64(file_header(bytes, 48, &err), at < 8 ? SNAP_E_NOT_SNAP : SNAP_E_CORRUPT);
        if (at < 8) CHECK_I64(file_header(bytes, at + 1, &err), SNAP_E_NOT_SNAP); /* so early */
        uint64_t sum = checksum64(bytes, 40);
        for (int k = 0; k < 8; k++) bytes[40 + k] = (uint8_t)(sum >> (8 * k));
        snap_status want = at < 8                 ? SNAP_E_NOT_SNAP
                           : at == 8              ? SNAP_E_NEWER
                           : at == 9              ? SNAP_OK /* a later minor version is read */
                           : at < 16              ? SNAP_E_UNSUPPORTED
                           : at < 32 || at >= 40  ? SNAP_OK
                                                  : SNAP_E_UNSUPPORTED;
        CHECK_I64(file_header(bytes, 48, &err), want);
        if (want == SNAP_E_NEWER) CHECK(strstr(err.text, "version 32,") != NULL);
    }
}

static void test_trailer(void)
{
    uint8_t bytes[SNAP_TRAILER_SIZE];
    uint64_t index = 0, total = 0;
    chunk_trailer_put(bytes, 0x0102030405060708u, UINT64_MAX);
    CHECK(bytes[0] == 8 && bytes[7] == 1 && bytes[8] == 0xFF && bytes[24] == 0x1A);
    CHECK_I64(chunk_trailer_get(bytes, &index, &total), 0);
    CHECK(index == 0x0102030405060708u && total == UINT64_MAX);
    for (size_t at = 0; at < sizeof bytes; at++) {
        bytes[at] ^= 4;
        CHECK_I64(chunk_trailer_get(bytes, &index, &total), at < 24 ? 1 : -1);
        bytes[at] ^= 4;
    }
}

/* XXH3 as others compute it: the vectors of its own test suite for the empty input, and one byte.
 */
static void test_checksums(void)
{
    CHECK_U64(checksum64("", 0), 0x2D06800538D394C2u);
    CHECK_U64(checksum128("", 0, 0).low, 0x6001C324468D497Fu);
    CHECK_U64(checksum128("", 0, 0).high, 0x99AA06D3014798D8u);
    CHECK(checksum128("a", 1, 0).low != checksum128("a", 1, 1).low); /* the seed counts */
    CHECK(checksum64("ab", 2) != checksum64("ba", 2));
}

/* ---- packing ---- */

#define PAYLOAD (1u << 16)

struct packing {
    struct chunk_packer packer;
    struct chunk_unpacker unpacker;
    void *packer_memory, *unpacker_memory;
};

static void open_packing(struct packing *p, int level)
{
    static uint8_t scratch[PAYLOAD], out[PAYLOAD];
    size_t size = chunk_packer_memory(level, PAYLOAD);
    p->packer_memory = aligned_alloc(64, size);
    p->unpacker_memory = aligned_alloc(64, chunk_unpacker_memory());
    if (!p->packer_memory || !p->unpacker_memory) abort();
    CHECK_I64(chunk_packer_init(&p->packer, level, PAYLOAD, p->packer_memory, size, scratch, out,
                                PAYLOAD), 0);
    CHECK_I64(chunk_unpacker_init(&p->unpacker, p->unpacker_memory, chunk_unpacker_memory()), 0);
}

static void close_packing(struct packing *p)
{
    free(p->packer_memory);
    free(p->unpacker_memory);
}

/* Bytes that compress, in parts of random ends. */
static unsigned make_payload(uint8_t *bytes, size_t size, size_t *end)
{
    unsigned parts = 1 + (unsigned)(rnd() % 16);
    uint8_t x = (uint8_t)rnd();
    for (size_t i = 0; i < size; i++) bytes[i] = rnd() % 5 ? x : (x = (uint8_t)rnd());
    for (unsigned i = 0; i < parts; i++) end[i] = (size_t)(rnd() % (size + 1));
    end[parts - 1] = size;
    for (unsigned i = 1; i < parts; i++)
        for (unsigned k = i; k > 0 && end[k - 1] > end[k]; k--) {
            size_t swap = end[k];
            end[k] = end[k - 1];
            end[k - 1] = swap;
        }
    return parts;
}

static void test_packing(void)
{
    static uint8_t bytes[PAYLOAD], out[PAYLOAD], raw[PAYLOAD];
    for (int level = 1; level <= 19; level += 6) {
        struct packing p;
        unsigned packed = 0;
        open_packing(&p, level);
        for (unsigned round = 0; round < 60; round++) {
            size_t end[16], size = round < 3 ? 63 + round : 64 + (size_t)(rnd() % (PAYLOAD - 64));
            unsigned parts = make_payload(bytes, size, end);
            size_t n = chunk_pack(&p.packer, bytes, end, parts, out, sizeof out);
            CHECK(n < size);
            if (size < 64) CHECK_U64(n, 0); /* not worth a frame */
            if (n == 0) continue;
            packed++;
            CHECK_U64(ZSTD_getFrameContentSize(out, n), size);
            CHECK_I64(chunk_unpack(&p.unpacker, out, n, raw, size), 0);
            CHECK(memcmp(raw, bytes, size) == 0);
            if (round % 10) continue;
            CHECK_I64(chunk_unpack(&p.unpacker, out, n, raw, size - 1), -1); /* another size */
            CHECK_I64(chunk_unpack(&p.unpacker, out, n, raw, size + 1), -1);
            CHECK_I64(chunk_unpack(&p.unpacker, out, n - 1, raw, size), -1); /* cut */
            CHECK_U64(chunk_pack(&p.packer, bytes, end, parts, out, n - 1), 0); /* no room */
        }
        CHECK(packed > 50);
        close_packing(&p);
    }
}

/* What does not get smaller is stored; two frames, a frame that can be skipped, and one without its
 * size are no payloads. */
static void test_not_packed(void)
{
    static uint8_t noise[4096], out[3 * PAYLOAD], raw[PAYLOAD];
    struct packing p;
    open_packing(&p, 1);
    for (size_t i = 0; i < sizeof noise; i++) noise[i] = (uint8_t)(rnd() >> 7);
    size_t end = sizeof noise;
    CHECK_U64(chunk_pack(&p.packer, noise, &end, 1, out, sizeof out), 0);
    memset(noise, 7, sizeof noise);
    size_t n = chunk_pack(&p.packer, noise, &end, 1, out, sizeof out);
    CHECK(n > 0 && n < 100);
    memcpy(out + n, out, n);
    CHECK_I64(chunk_unpack(&p.unpacker, out, n, raw, end), 0);
    CHECK_I64(chunk_unpack(&p.unpacker, out, 2 * n, raw, end), -1);
    CHECK_I64(chunk_unpack(&p.unpacker, out, 2 * n, raw, 2 * end), -1);
    static const uint8_t skippable[] = { 0x50, 0x2A, 0x4D, 0x18, 4, 0, 0, 0, 1, 2, 3, 4 };
    CHECK_I64(chunk_unpack(&p.unpacker, skippable, sizeof skippable, raw, 4), -1);
    CHECK_I64(chunk_unpack(&p.unpacker, out, 0, raw, end), -1);
    ZSTD_CCtx *c = ZSTD_createCCtx();
    if (!c) abort();
    ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0);
    n = ZSTD_compress2(c, out, sizeof out, noise, end);
    CHECK(!ZSTD_isError(n));
    CHECK_I64(chunk_unpack(&p.unpacker, out, n, raw, end), -1);
    ZSTD_freeCCtx(c);
    for (size_t bit = 0; bit < 64; bit++) { /* any bit of a frame's beginning: never beyond raw */
        n = chunk_pack(&p.packer, noise, &end, 1, out, sizeof out);
        out[bit / 8] ^= (uint8_t)(1u << bit % 8);
        (void)chunk_unpack(&p.unpacker, out, n, raw, end);
    }
    close_packing(&p);
}

static void test_levels(void)
{
    CHECK_U64(chunk_packer_memory(0, PAYLOAD), 0);
    CHECK_U64(chunk_packer_memory(-1, PAYLOAD), 0);
    CHECK_U64(chunk_packer_memory(20, PAYLOAD), 0);
    for (int level = 1; level <= 19; level++) {
        size_t size = chunk_packer_memory(level, PAYLOAD);
        CHECK(size > 0 && size % 64 == 0);
    }
    static uint8_t scratch[PAYLOAD], out[PAYLOAD];
    struct chunk_packer packer;
    void *little = aligned_alloc(64, 128);
    if (!little) abort();
    CHECK_I64(chunk_packer_init(&packer, 1, PAYLOAD, little, 128, scratch, out, PAYLOAD), -1);
    struct chunk_unpacker unpacker;
    CHECK_I64(chunk_unpacker_init(&unpacker, little, 128), -1);
    free(little);
}

/* ---- the cache ---- */

/* Of each set the four that were met last, the latest first. */
struct model_set {
    uint64_t high[4], id[4];
    unsigned n;
};

static uint64_t model_meet(struct model_set *s, uint64_t high, uint64_t id)
{
    unsigned i = 0;
    while (i < s->n && s->high[i] != high) i++;
    uint64_t known = i < s->n ? s->id[i] : 0;
    if (!known && s->n < 4) s->n++;
    if (i > 3) i = 3;
    for (; i > 0; i--) {
        s->high[i] = s->high[i - 1];
        s->id[i] = s->id[i - 1];
    }
    s->high[0] = high;
    s->id[0] = known ? known : id;
    return known;
}

static void test_cache(void)
{
    static struct string_cache cache;
    static struct model_set sets[4];
    unsigned wrong = 0, hits = 0;
    string_cache_init(&cache, 77);
    CHECK_U64(cache.seed, 77);
    for (uint64_t id = 1; id < 20000; id++) {
        unsigned set = (unsigned)(rnd() % 4);
        uint64_t high = rnd() % 7;
        /* Two hashes of one set differ in the bits above the set's number, or only in `high`. */
        const struct checksum128 hash = { set + STRING_CACHE_SETS * (uint64_t)(high == 6), high };
        uint64_t got = string_cache_meet(&cache, hash, id);
        wrong += got != model_meet(&sets[set], high, id);
        hits += got != 0;
    }
    CHECK_U64(wrong, 0);
    CHECK(hits > 5000 && hits < 15000);
    string_cache_init(&cache, 1);
    CHECK_U64(string_cache_meet(&cache, (struct checksum128){ 1, 1 }, 1), 0); /* forgotten */
    CHECK_U64(string_cache_meet(&cache, (struct checksum128){ 2, 1 }, 2), 0); /* another set */
    CHECK_U64(string_cache_meet(&cache, (struct checksum128){ 1, 2 }, 3), 0);
    CHECK_U64(string_cache_meet(&cache, (struct checksum128){ 1, 1 }, 4), 1);
    CHECK_U64(string_cache_meet(&cache, (struct checksum128){ 0, 0 }, 5), 0);
    CHECK_U64(string_cache_meet(&cache, (struct checksum128){ 0, 0 }, 6), 5);
}

/* ---- UTF-8 ---- */

static size_t utf8_put(uint8_t *to, uint32_t c, size_t bytes)
{
    static const uint8_t lead[] = { 0, 0x00, 0xC0, 0xE0, 0xF0 };
    for (size_t i = bytes - 1; i > 0; i--, c >>= 6) to[i] = (uint8_t)(0x80 | (c & 0x3F));
    to[0] = (uint8_t)(lead[bytes] | c);
    return bytes;
}

/* Every scalar value in its shortest form is good, in every longer form it is not; nor are halves
 * of pairs and what lies beyond U+10FFFF. */
static void test_utf8(void)
{
    uint64_t wrong = 0;
    for (uint32_t c = 0; c < 0x200000; c++) {
        uint8_t s[4];
        size_t least = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        int scalar = c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
        for (size_t bytes = least; bytes <= 4; bytes++) {
            utf8_put(s, c, bytes);
            size_t want = scalar && bytes == least ? bytes : 0;
            wrong += utf8_sequence(s, bytes) != want;
            if (want > 1) wrong += utf8_sequence(s, bytes - 1) != 0; /* its end is missing */
        }
        utf8_put(s, c, least);
        int control = c < 0x20 || (c >= 0x7F && c < 0xA0);
        wrong += utf8_is_name(s, least) != (scalar && !control);
    }
    CHECK_U64(wrong, 0);
}

/* Two bytes of any kind: tails must be tails. */
static void test_utf8_pairs(void)
{
    uint64_t wrong = 0;
    for (unsigned a = 0; a < 256; a++)
        for (unsigned b = 0; b < 256; b++) {
            const uint8_t s[2] = { (uint8_t)a, (uint8_t)b };
            size_t want = a < 0x80 ? 1 : a >= 0xC2 && a < 0xE0 && b >= 0x80 && b < 0xC0 ? 2 : 0;
            uint8_t repaired[2], again[2];
            wrong += utf8_sequence(s, 2) != want;
            utf8_copy_repaired(repaired, s, 2);
            wrong += repaired[0] != (want ? a : '?');
            wrong += repaired[1] != (want == 2 || b < 0x80 ? b : '?');
            utf8_copy_repaired(again, repaired, 2);
            wrong += memcmp(again, repaired, 2) != 0; /* what was repaired stays */
        }
    CHECK_U64(wrong, 0);
    CHECK(utf8_is_name((const uint8_t *)"", 0));
    /* What stands behind the end is not looked at, though it would make a sequence whole. */
    uint8_t cut[4] = { 0, 0, 0, 0 };
    utf8_copy_repaired(cut, (const uint8_t *)"ab\xC3\xA4", 3);
    CHECK_STR((const char *)cut, "ab?");
    CHECK(!utf8_is_name((const uint8_t *)"ab\xC3\xA4", 3));
}

/* ---- varints and statuses ---- */

static void test_varint(void)
{
    uint64_t wrong = 0;
    for (unsigned i = 0; i < 200000; i++) {
        uint64_t x = i < 40000 ? i : rnd() * rnd() >> (i % 64), back = ~x, y = x;
        uint8_t bytes[VARINT_MAX + 1], n = 0;
        memset(bytes, 0xEE, sizeof bytes);
        size_t size = (size_t)(varint_put(bytes, x) - bytes);
        do {
            wrong += bytes[n] != y % 128 + (y >= 128 ? 128 : 0);
            n++;
            y /= 128;
        } while (y);
        wrong += n != size || varint_size(x) != size || bytes[size] != 0xEE;
        wrong += varint_get(bytes, bytes + size, &back) != bytes + size || back != x;
        wrong += varint_unzigzag(varint_zigzag(x)) != x;
        int64_t sign = (int64_t)x;
        wrong += varint_zigzag(x) != (sign < 0 ? 2 * (0 - x) - 1 : 2 * x);
    }
    CHECK_U64(wrong, 0);
}

static void test_status(void)
{
    char longer[400];
    snap_error err;
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    CHECK_I64(status_set(NULL, SNAP_E_IO, 5, 7, "told to nobody"), SNAP_E_IO);
    CHECK_I64(status_set_number(NULL, SNAP_E_IO, 7, "a", 1, "b"), SNAP_E_IO);
    CHECK_I64(status_set(&err, SNAP_E_LIMIT, 5, 7, longer), SNAP_E_LIMIT);
    CHECK_U64(strlen(err.text), sizeof err.text - 1); /* cut, with its end */
    CHECK(err.code == SNAP_E_LIMIT && err.os_errno == 5 && err.offset == 7);
    CHECK_I64(status_set_number(&err, SNAP_E_NEWER, 9, "kind ", UINT64_MAX, "!"), SNAP_E_NEWER);
    CHECK_STR(err.text, "kind 18446744073709551615!");
    CHECK(err.code == SNAP_E_NEWER && err.os_errno == 0 && err.offset == 9);
    status_set_number(&err, SNAP_E_NEWER, 9, "kind ", 0, "");
    CHECK_STR(err.text, "kind 0");
    status_set_number(&err, SNAP_E_NEWER, 9, longer, 123, longer);
    CHECK_U64(strlen(err.text), sizeof err.text - 1);
}

CU_MAIN("snap codec", { "chunk header", test_chunk_header }, { "its limits", test_header_limits },
        { "file header", test_file_header }, { "trailer", test_trailer },
        { "checksums", test_checksums }, { "packing", test_packing },
        { "what is not packed", test_not_packed }, { "levels", test_levels },
        { "cache of strings", test_cache }, { "every scalar value", test_utf8 },
        { "pairs of bytes", test_utf8_pairs }, { "varints", test_varint },
        { "statuses", test_status })
