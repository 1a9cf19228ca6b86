/* SPDX-License-Identifier: MIT */
/*
 * Files whose checksums are right and whose contents lie: every rule of the specification about
 * headers, directories, encodings and kinds, broken one at a time.
 */
#define _POSIX_C_SOURCE 200809L
#include "cu.h"

#include <stdio.h>

#include "bytes.h"
#include "checksum.h"
#include "chunk.h"
#include "column.h"
#include "snap_memory.h"
#include <zstd.h>

static struct memory_file f;

static void begin_file(void)
{
    uint8_t header[SNAP_FILE_HEADER_SIZE];
    uint8_t uuid[16] = { 1 };
    memset(&f, 0, sizeof f);
    chunk_file_header_put(header, uuid);
    memory_write(&f, header, sizeof header);
}

/* A header that fits a stored payload of `size` bytes. */
static struct chunk_header header_for(unsigned kind, const void *payload, size_t size,
                                      uint32_t rows)
{
    return (struct chunk_header){ .kind = (uint16_t)kind, .flags = CHUNK_REQUIRED,
                                  .stored_size = (uint32_t)size, .raw_size = (uint32_t)size,
                                  .rows = rows, .first = 1,
                                  .checksum = checksum64(payload, size) };
}

static void add_chunk(const struct chunk_header *h, const void *payload)
{
    uint8_t bytes[SNAP_CHUNK_HEADER_SIZE];
    chunk_header_put(bytes, h);
    memory_write(&f, bytes, sizeof bytes);
    memory_write(&f, payload, h->stored_size);
}

struct verdict {
    snap_status status;  /* of the reader in strict mode */
    snap_error damage;   /* the first piece, when not strict */
    snap_status lenient; /* how the lenient walk ended */
    uint32_t rows;       /* given, when not strict */
};

static void note(void *opaque, const snap_error *what)
{
    struct verdict *v = opaque;
    if (v->damage.code == SNAP_OK) v->damage = *what;
}

/* Reads the file made so far and frees it. */
static struct verdict judge(void)
{
    struct verdict v = { .status = SNAP_OK };
    snap_reader *r;
    const snap_batch *b;
    snap_reader_options o = { .size = sizeof o, .kinds = UINT64_MAX, .on_damage = note,
                              .opaque = &v };
    for (o.strict = 0; o.strict < 2; o.strict++) {
        snap_status s = snap_reader_open_memory(&r, f.bytes, f.size, &o, NULL);
        while (s == SNAP_OK && (s = snap_reader_next(r, &b, NULL)) == SNAP_OK) {
            if (!o.strict) v.rows += snap_batch_rows(b);
        }
        if (o.strict) v.status = s;
        else v.lenient = s;
        snap_reader_close(r);
    }
    memory_free(&f);
    return v;
}

/* One chunk with a stored payload; what does a strict reader say? */
static snap_status payload_status(unsigned kind, uint32_t rows, const void *payload, size_t size)
{
    begin_file();
    struct chunk_header h = header_for(kind, payload, size, rows);
    h.snapshot = kind >= SNAP_KIND_BEGIN && kind <= SNAP_KIND_BLOCK ? 1 : 0;
    add_chunk(&h, payload);
    struct verdict v = judge();
    /* Whatever it is, a lenient reader ends in order, or with the same error. */
    if (v.lenient != SNAP_END) CHECK_I64(v.lenient, v.status);
    return v.status;
}

#define STATUS(kind, rows, bytes) payload_status(kind, rows, bytes, sizeof bytes - 1)

/* A STACK chunk of two rows: parent sparse, frame constant 1. */
static const char stack_good[] = "\x02" "\x01\x82\x02" "\x02\x01\x01" "\x02\x01" "\x01";

static void test_good(void)
{
    /* What follows is only worth something if this much is accepted: the end is all that lacks. */
    CHECK_I64(STATUS(SNAP_KIND_STACK, 2, stack_good), SNAP_E_TRUNCATED);
}

/* A STACK chunk of two rows with so many columns, of which all but two are unknown and empty. */
static snap_status columns_status(unsigned n)
{
    uint8_t payload[512] = { (uint8_t)n, 1, 0x82, 2, 2, 1, 1 };
    size_t size = 7;
    for (unsigned id = 3; id <= n; id++) {
        payload[size++] = (uint8_t)id;
        payload[size++] = 1;
        payload[size++] = 0;
    }
    memcpy(payload + size, stack_good + 7, sizeof stack_good - 8);
    return payload_status(SNAP_KIND_STACK, 2, (const char *)payload, size + sizeof stack_good - 8);
}

static void test_directory(void)
{
    CHECK_I64(columns_status(64), SNAP_E_TRUNCATED);
    CHECK_I64(columns_status(65), SNAP_E_CORRUPT);
    CHECK_I64(STATUS(SNAP_KIND_STACK, 2, "\x80\x00"), SNAP_E_CORRUPT);       /* not the shortest */
    CHECK_I64(STATUS(SNAP_KIND_STACK, 2, "\x01"), SNAP_E_CORRUPT);           /* ends early */
    CHECK_I64(STATUS(SNAP_KIND_STACK, 2, "\x01\x02"), SNAP_E_CORRUPT);
    CHECK_I64(STATUS(SNAP_KIND_STACK, 2, "\x01\x02\x01"), SNAP_E_CORRUPT);
    CHECK_I64(STATUS(SNAP_KIND_STACK, 2, "\x01\x02\x01\x7f\x01"), SNAP_E_CORRUPT); /* too long */
    CHECK_I64(STATUS(SNAP_KIND_STACK, 2, "\x01\x02\x01\x01\x01\x00"), SNAP_E_CORRUPT); /* rest */
    CHECK_I64(STATUS(SNAP_KIND_STACK, 2, "\x02\x02\x01\x01\x02\x01\x01\x01\x01"), SNAP_E_CORRUPT);
    CHECK_I64(STATUS(SNAP_KIND_STACK, 2, "\x01\x00\x01\x01\x01"), SNAP_E_CORRUPT); /* id 0 */
    CHECK_I64(STATUS(SNAP_KIND_STACK, 2, "\x00"), SNAP_E_CORRUPT); /* needed column missing */
    CHECK_I64(STATUS(SNAP_KIND_STACK, 2,
                     "\x01\x02\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01"), SNAP_E_CORRUPT);
    /* A column that nobody knows is skipped. */
    CHECK_I64(STATUS(SNAP_KIND_STACK, 2, "\x02\x02\x01\x01\x3c\x1f\x02\x01zz"), SNAP_E_TRUNCATED);
}

static void test_sparse(void)
{
    CHECK_I64(STATUS(SNAP_KIND_STACK, 2, "\x01\x02\x82\x02\x02\x01"), SNAP_E_CORRUPT); /* frame */
    CHECK_I64(STATUS(SNAP_KIND_STACK, 2, "\x02\x01\x82\x02\x02\x01\x01\x06\x01\x01"),
              SNAP_E_CORRUPT); /* a bit beyond the rows */
    CHECK_I64(STATUS(SNAP_KIND_STACK, 2, "\x02\x01\x82\x01\x02\x01\x01\x00\x01"),
              SNAP_E_CORRUPT); /* no bit */
    CHECK_I64(STATUS(SNAP_KIND_STACK, 2, "\x02\x01\x82\x00\x02\x01\x01\x01"),
              SNAP_E_CORRUPT); /* no bitmap */
    CHECK_I64(STATUS(SNAP_KIND_STACK, 2, "\x02\x01\x82\x03\x02\x01\x01\x03\x01\x01\x01"),
              SNAP_E_TRUNCATED); /* all bits: fine */
}

/* A STACK chunk of four rows whose frame column has the given encoding. */
static snap_status frames(const char *encoding_and_bytes, size_t size)
{
    uint8_t p[64] = { 1, SNAP_COL_STACK_FRAME };
    p[2] = (uint8_t)encoding_and_bytes[0];
    p[3] = (uint8_t)(size - 1);
    memcpy(p + 4, encoding_and_bytes + 1, size - 1);
    return payload_status(SNAP_KIND_STACK, 4, p, size + 3);
}
#define FRAMES(s) frames(s, sizeof s - 1)

static void test_encodings(void)
{
    const snap_status ok = SNAP_E_TRUNCATED, bad = SNAP_E_CORRUPT;
    CHECK_I64(FRAMES("\x01\x05"), ok);
    CHECK_I64(FRAMES("\x01\x05\x05"), bad);
    CHECK_I64(FRAMES("\x01"), bad);
    CHECK_I64(FRAMES("\x02\x01\x02\x03\x04"), ok);
    CHECK_I64(FRAMES("\x02\x01\x02\x03"), bad);
    CHECK_I64(FRAMES("\x02\x01\x02\x03\x84\x00"), bad);
    CHECK_I64(FRAMES("\x02\x01\x02\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), ok);
    CHECK_I64(FRAMES("\x02\x01\x02\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), bad);
    CHECK_I64(FRAMES("\x02\x01\x02\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), bad);
    CHECK_I64(FRAMES("\x03\x00\x05\x02\x02\x02"), ok);
    CHECK_I64(FRAMES("\x03\x40\x05\x02\x02\x02"), bad); /* shift of 64 */
    CHECK_I64(FRAMES("\x03\x3f\x05\x02\x02\x02"), ok);
    CHECK_I64(FRAMES("\x03\x00\x05\x02\x02"), bad);
    CHECK_I64(FRAMES("\x03"), bad);
    CHECK_I64(FRAMES("\x04\x05\x03"), ok);
    CHECK_I64(FRAMES("\x04\x05\x04"), bad); /* a run beyond the rows */
    CHECK_I64(FRAMES("\x04\x05\x02"), bad); /* runs that end early */
    CHECK_I64(FRAMES("\x04\x05\x01\x06\x01"), ok);
    CHECK_I64(FRAMES("\x04\x05\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), bad);
    CHECK_I64(FRAMES("\x05\x00\x05\x01\x02\x01"), ok);
    CHECK_I64(FRAMES("\x05\x00\x05\x01\x02\x02"), bad);
    CHECK_I64(FRAMES("\x05\x00\x05\x04"), bad);
    CHECK_I64(FRAMES("\x05\x00\x05"), bad);
    CHECK_I64(FRAMES("\x06\x01\x01\x02\x03\x04"), ok);
    CHECK_I64(FRAMES("\x06\x00\x01\x02\x03\x04"), bad); /* width 0 */
    CHECK_I64(FRAMES("\x06\x09\x01\x02\x03\x04"), bad); /* width 9 */
    CHECK_I64(FRAMES("\x06\x02\x01\x02\x03\x04\x05\x06\x07"), bad);
    CHECK_I64(FRAMES("\x06\x02\x01\x02\x03\x04\x05\x06\x07\x08"), ok);
    CHECK_I64(FRAMES("\x07\x00\x00\x00\x00"), bad); /* bytes in a column of numbers */
    CHECK_I64(FRAMES("\x00\x05"), SNAP_E_UNSUPPORTED);
    CHECK_I64(FRAMES("\x1f\x05"), SNAP_E_UNSUPPORTED);
    CHECK_I64(FRAMES("\x21\x05"), SNAP_E_UNSUPPORTED);
    CHECK_I64(FRAMES("\x41\x05"), SNAP_E_UNSUPPORTED);
}

static void test_bytes(void)
{
    const snap_status ok = SNAP_E_TRUNCATED, bad = SNAP_E_CORRUPT;
    CHECK_I64(STATUS(SNAP_KIND_STRING, 2, "\x01\x01\x07\x05\x01\x02" "abc"), ok);
    CHECK_I64(STATUS(SNAP_KIND_STRING, 2, "\x01\x01\x07\x05\x01\x01" "abc"), bad);
    CHECK_I64(STATUS(SNAP_KIND_STRING, 2, "\x01\x01\x07\x05\x01\x03" "abc"), bad);
    CHECK_I64(STATUS(SNAP_KIND_STRING, 2, "\x01\x01\x02\x02\x01\x03"), bad);
    CHECK_I64(STATUS(SNAP_KIND_STRING, 2, "\x01\x01\x07\x01\x01"), bad);
    CHECK_I64(STATUS(SNAP_KIND_STRING, 2, "\x01\x01\x07\x0b\x01"
                                          "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
              SNAP_E_LIMIT);
    /* Parts stand alone. */
    CHECK_I64(STATUS(SNAP_KIND_STRING, 1, "\x02\x01\x07\x02\x02\x01\x01\x01" "a\x00"), ok);
    CHECK_I64(STATUS(SNAP_KIND_STRING, 2, "\x02\x01\x07\x04\x02\x01\x01\x01\x01" "ab\x00"), bad);
    /* A key beyond 64 KiB. */
    CHECK_I64(STATUS(SNAP_KIND_LABEL, 1, "\x02\x01\x07\x03\x02\x07\x01\x81\x80\x04\x00"),
              SNAP_E_LIMIT);
}

static void test_kinds(void)
{
    const snap_status ok = SNAP_E_TRUNCATED, bad = SNAP_E_CORRUPT;
    CHECK_I64(STATUS(SNAP_KIND_EDGE, 1, "\x03\x01\x01\x01\x02\x01\x01\x04\x01\x01"
                                        "\x01\x01\x01"), ok);
    CHECK_I64(STATUS(SNAP_KIND_EDGE, 1, "\x02\x01\x01\x01\x04\x01\x01\x01\x01"), bad);
    CHECK_I64(STATUS(SNAP_KIND_EDGE, 1,
                     "\x04\x01\x01\x01\x02\x01\x01\x03\x01\x01\x04\x01\x01\x01\x01\x01\x01"), bad);
    CHECK_I64(STATUS(SNAP_KIND_ROOT, 1, "\x01\x03\x01\x01\x01"), bad);
    CHECK_I64(STATUS(SNAP_KIND_BEGIN, 2, "\x02\x02\x01\x01\x03\x01\x01\x01\x01"), bad);
    CHECK_I64(STATUS(SNAP_KIND_BEGIN, 1, "\x02\x02\x01\x01\x03\x01\x01\x01\x01"), ok);
    /* A shallow size of 2^63; a generation of 256. */
    CHECK_I64(STATUS(SNAP_KIND_OBJECT, 1, "\x03\x01\x01\x01\x02\x01\x01\x03\x01\x0a\x01\x01"
                                          "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"),
              SNAP_E_LIMIT);
    CHECK_I64(STATUS(SNAP_KIND_OBJECT, 1, "\x04\x01\x01\x01\x02\x01\x01\x03\x01\x01\x07\x01\x02"
                                          "\x01\x01\x01\x80\x02"), SNAP_E_LIMIT);
}

/* One good STACK chunk whose header is changed by the caller. */
static struct verdict changed(struct chunk_header h)
{
    begin_file();
    h.checksum = checksum64(stack_good, sizeof stack_good - 1);
    add_chunk(&h, stack_good);
    return judge();
}

static void test_headers(void)
{
    struct chunk_header good = header_for(SNAP_KIND_STACK, stack_good, sizeof stack_good - 1, 2), h;
    CHECK_I64(changed(good).status, SNAP_E_TRUNCATED);
    h = good, h.rows = 0;
    CHECK_I64(changed(h).status, SNAP_E_LIMIT);
    h = good, h.rows = SNAP_MAX_CHUNK_ROWS + 1;
    CHECK_I64(changed(h).status, SNAP_E_LIMIT);
    h = good, h.raw_size = SNAP_MAX_CHUNK_BYTES + 1;
    CHECK_I64(changed(h).status, SNAP_E_LIMIT);
    h = good, h.raw_size++;
    CHECK_I64(changed(h).status, SNAP_E_LIMIT);
    h = good, h.codec = CHUNK_ZSTD;
    CHECK_I64(changed(h).status, SNAP_E_LIMIT);
    h = good, h.codec = CHUNK_ZSTD, h.raw_size = 1000; /* not a zstd frame at all */
    CHECK_I64(changed(h).status, SNAP_E_CORRUPT);
    h = good, h.codec = 2;
    CHECK_I64(changed(h).status, SNAP_E_UNSUPPORTED);
    CHECK_I64(changed(h).lenient, SNAP_E_UNSUPPORTED);
    h = good, h.flags = 2; /* reserved, but not required */
    CHECK_I64(changed(h).status, SNAP_E_UNSUPPORTED);
    CHECK_I64(changed(h).lenient, SNAP_END);
    h = good, h.snapshot = 1;
    CHECK_I64(changed(h).status, SNAP_E_CORRUPT);
    h = good, h.first = 0;
    CHECK_I64(changed(h).status, SNAP_E_CORRUPT);
    h = good, h.first = UINT64_MAX;
    CHECK_I64(changed(h).status, SNAP_E_CORRUPT);
    h = good, h.sequence = 5;
    CHECK_I64(changed(h).status, SNAP_E_CORRUPT);
    CHECK_U64(changed(h).rows, 2); /* told, and given all the same */
    h = good, h.rows = 9; /* the bitmap then needs two bytes */
    CHECK_I64(changed(h).status, SNAP_E_CORRUPT);
    h = good, h.kind = 21;
    CHECK_I64(changed(h).status, SNAP_E_NEWER);
    CHECK_I64(changed(h).lenient, SNAP_E_NEWER);
    h = good, h.kind = SNAP_KIND_PRIVATE, h.flags = 0;
    CHECK_I64(changed(h).lenient, SNAP_END);
    CHECK_U64(changed(h).rows, 0);
    h = good, h.stored_size = h.raw_size = 5000; /* beyond the file */
    begin_file();
    uint8_t bytes[SNAP_CHUNK_HEADER_SIZE];
    chunk_header_put(bytes, &h);
    memory_write(&f, bytes, sizeof bytes);
    memory_write(&f, "short", 5);
    CHECK_I64(judge().status, SNAP_E_TRUNCATED);
}

static void test_dictionary_field(void)
{
    struct chunk_header h = header_for(SNAP_KIND_STACK, stack_good, sizeof stack_good - 1, 2);
    begin_file();
    add_chunk(&h, stack_good);
    uint8_t *header = f.bytes + SNAP_FILE_HEADER_SIZE;
    bytes_put32(header + 40, 7);
    bytes_put64(header + 56, checksum64(header, 56));
    CHECK_I64(judge().status, SNAP_E_UNSUPPORTED);
}

static void test_rising_ids(void)
{
    struct chunk_header h = header_for(SNAP_KIND_STACK, stack_good, sizeof stack_good - 1, 2);
    for (uint64_t first = 0; first < 4; first++) {
        begin_file();
        h.sequence = 0;
        h.first = 1;
        add_chunk(&h, stack_good);
        h.sequence = 1;
        h.first = first;
        add_chunk(&h, stack_good);
        CHECK_I64(judge().status, first == 3 ? SNAP_E_TRUNCATED : SNAP_E_CORRUPT);
    }
}

enum { MIB = 1 << 20 };

/* The good STACK chunk with a column that nobody knows, of zeros, so that it has `raw` bytes: what
 * is refused below is refused for how it is packed, not for what it says. */
static uint8_t *padded(size_t raw)
{
    uint8_t *payload = calloc(1, raw);
    const uint8_t directory[] = { 3, 1, 0x82, 2, 2, 1, 1, 9, 1 };
    if (!payload) abort();
    size_t length = raw - sizeof directory - 4 - 3;
    memcpy(payload, directory, sizeof directory);
    for (unsigned i = 0; i < 4; i++) {
        payload[sizeof directory + i] = (uint8_t)(length >> 7 * i | (i < 3 ? 0x80 : 0));
    }
    memcpy(payload + sizeof directory + 4, stack_good + 7, sizeof stack_good - 8);
    return payload;
}

static snap_status packed_status(const uint8_t *packed, size_t size, size_t raw)
{
    struct chunk_header h = header_for(SNAP_KIND_STACK, packed, size, 2);
    h.codec = CHUNK_ZSTD;
    h.raw_size = (uint32_t)raw;
    begin_file();
    add_chunk(&h, packed);
    return judge().status;
}

/* One frame by hand: its window, `raw` bytes announced, the first as they are, the rest zeros. */
static size_t frame_by_hand(uint8_t *to, unsigned window_log, const uint8_t *payload, size_t raw)
{
    enum { FIRST = 64, BLOCK = 1 << 17 };
    const uint8_t head[] = { 0x28, 0xB5, 0x2F, 0xFD, 0x80, (uint8_t)((window_log - 10) << 3) };
    size_t n = sizeof head;
    memcpy(to, head, n);
    bytes_put32(to + n, (uint32_t)raw);
    n += 4;
    to[n++] = (uint8_t)(FIRST << 3 & 0xff), to[n++] = FIRST >> 5, to[n++] = 0; /* stored */
    memcpy(to + n, payload, FIRST);
    n += FIRST;
    for (size_t left = raw - FIRST; left > 0;) {
        size_t size = left < BLOCK ? left : BLOCK;
        left -= size;
        uint32_t block = (uint32_t)size << 3 | 1 << 1 | (left == 0); /* one byte, repeated */
        to[n++] = (uint8_t)block, to[n++] = (uint8_t)(block >> 8), to[n++] = (uint8_t)(block >> 16);
        to[n++] = 0;
    }
    return n;
}

static void test_frames(void)
{
    const snap_status good = SNAP_E_TRUNCATED, bad = SNAP_E_CORRUPT;
    static uint8_t packed[1 << 16];
    uint8_t *payload = padded(4 * MIB);
    size_t n = ZSTD_compress(packed, sizeof packed, payload, 4 * MIB, 1);
    CHECK_I64(packed_status(packed, n, 4 * MIB), good);
    CHECK_I64(packed_status(packed, n, n + 1), bad); /* the frame says 4 MiB */
    CHECK_I64(packed_status(packed, n, 4 * MIB + 1), bad);
    CHECK_I64(packed_status(packed, n - 1, 4 * MIB), bad);
    /* A second frame, of nothing; a skippable one behind, and in front. */
    size_t empty = ZSTD_compress(packed + n, sizeof packed - n, "", 0, 1);
    CHECK_I64(packed_status(packed, n + empty, 4 * MIB), bad);
    const uint8_t skippable[] = { 0x50, 0x2A, 0x4D, 0x18, 1, 0, 0, 0, 'x' };
    memcpy(packed + n, skippable, sizeof skippable);
    CHECK_I64(packed_status(packed, n + sizeof skippable, 4 * MIB), bad);
    memmove(packed + sizeof skippable, packed, n);
    memcpy(packed, skippable, sizeof skippable);
    CHECK_I64(packed_status(packed, n + sizeof skippable, 4 * MIB), bad);
    CHECK_I64(packed_status(skippable, sizeof skippable, sizeof skippable + 1), bad);
    /* A frame that does not say how large it becomes. */
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 20);
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
    n = ZSTD_compress2(context, packed, sizeof packed, payload, 4 * MIB);
    ZSTD_freeCCtx(context);
    CHECK_I64(packed_status(packed, n, 4 * MIB), bad);
    /* Windows: as large as the largest chunk, and larger. */
    CHECK_I64(packed_status(packed, frame_by_hand(packed, 24, payload, 4 * MIB), 4 * MIB), good);
    CHECK_I64(packed_status(packed, frame_by_hand(packed, 25, payload, 4 * MIB), 4 * MIB), bad);
    free(payload);
}

static void test_bombs(void)
{
    static uint8_t zeros[MIB], packed[1 << 16];
    uint8_t *payload = padded(SNAP_MAX_CHUNK_BYTES + 1);
    size_t n = ZSTD_compress(packed, sizeof packed, payload, SNAP_MAX_CHUNK_BYTES + 1, 1);
    CHECK_I64(packed_status(packed, n, SNAP_MAX_CHUNK_BYTES + 1), SNAP_E_LIMIT);
    free(payload);
    payload = padded(SNAP_MAX_CHUNK_BYTES);
    n = ZSTD_compress(packed, sizeof packed, payload, SNAP_MAX_CHUNK_BYTES, 1);
    CHECK_I64(packed_status(packed, n, SNAP_MAX_CHUNK_BYTES), SNAP_E_TRUNCATED);
    free(payload);
    /* Right in all sizes, and full of nothing: rows without columns. */
    n = ZSTD_compress(packed, sizeof packed, zeros, sizeof zeros, 1);
    struct chunk_header h = header_for(SNAP_KIND_STACK, packed, n, SNAP_MAX_CHUNK_ROWS);
    h.codec = CHUNK_ZSTD;
    h.raw_size = sizeof zeros;
    begin_file();
    add_chunk(&h, packed);
    CHECK_I64(judge().status, SNAP_E_CORRUPT);
}

/* Memory that a reader has taken, and the most that it had. */
struct taken {
    size_t now, most;
};

static void *take(void *opaque, size_t size)
{
    struct taken *t = opaque;
    t->now += size;
    if (t->now > t->most) t->most = t->now;
    return malloc(size);
}

static void give(void *opaque, void *ptr, size_t size)
{
    ((struct taken *)opaque)->now -= size;
    free(ptr);
}

/* The largest chunks there can be, each larger than the one before, and the most numbers. */
static void write_largest(void)
{
    uint8_t objects[1 + 16 * 4] = { 16 };
    begin_file();
    for (uint32_t i = 0; i < 4; i++) {
        size_t size = (size_t)(i + 1) * 4 * MIB;
        uint8_t *payload = padded(size);
        struct chunk_header h = header_for(SNAP_KIND_STACK, payload, size, 2);
        h.sequence = i;
        h.first = 1 + 2 * i;
        add_chunk(&h, payload);
        free(payload);
    }
    for (unsigned i = 0; i < 16; i++) {
        const uint8_t column[3] = { (uint8_t)(i + 1), COLUMN_CONSTANT, 1 };
        memcpy(objects + 1 + 3 * i, column, sizeof column);
        objects[1 + 3 * 16 + i] = 1;
    }
    struct chunk_header h = header_for(SNAP_KIND_OBJECT, objects, sizeof objects,
                                       SNAP_MAX_CHUNK_ROWS);
    h.sequence = 4;
    h.snapshot = 1;
    h.first = 0;
    add_chunk(&h, objects);
}

static void test_memory(void)
{
    struct taken taken = { 0, 0 };
    snap_allocator allocator = { take, give, &taken };
    snap_reader_options o = { .size = sizeof o, .kinds = UINT64_MAX, .allocator = &allocator };
    snap_reader *r;
    const snap_batch *b;
    uint64_t rows = 0;
    FILE *file = tmpfile();
    if (!CHECK(file != NULL)) return;
    write_largest();
    CHECK_U64(fwrite(f.bytes, 1, f.size, file), f.size);
    CHECK_I64(fflush(file), 0);
    rewind(file);
    memory_free(&f);
    if (CHECK_I64(snap_reader_open_fd(&r, fileno(file), &o, NULL), SNAP_OK)) {
        while (snap_reader_next(r, &b, NULL) == SNAP_OK) rows += snap_batch_rows(b);
        snap_reader_close(r);
    }
    CHECK_U64(rows, 8 + SNAP_MAX_CHUNK_ROWS);
    CHECK(taken.most > SNAP_MAX_CHUNK_BYTES && taken.most <= 64 * MIB);
    CHECK_U64(taken.now, 0);
    fclose(file);
}

static void file_header(uint8_t *to)
{
    uint8_t uuid[16] = { 0 };
    chunk_file_header_put(to, uuid);
}

static void test_file_header(void)
{
    uint8_t h[SNAP_FILE_HEADER_SIZE];
    snap_reader *r;
    snap_error err;
    file_header(h);
    h[8] = SNAP_FORMAT_MAJOR + 1;
    bytes_put64(h + 40, checksum64(h, 40));
    CHECK_I64(snap_reader_open_memory(&r, h, sizeof h, NULL, &err), SNAP_E_NEWER);
    CHECK_U64(err.offset, 8);
    file_header(h);
    h[9] = 200; /* any minor version is read */
    bytes_put64(h + 40, checksum64(h, 40));
    CHECK_I64(snap_reader_open_memory(&r, h, sizeof h, NULL, &err), SNAP_OK);
    snap_reader_close(r);
    for (unsigned i = 10; i < 40; i += i == 15 ? 17 : 1) {
        file_header(h);
        h[i] = 1;
        bytes_put64(h + 40, checksum64(h, 40));
        CHECK_I64(snap_reader_open_memory(&r, h, sizeof h, NULL, &err), SNAP_E_UNSUPPORTED);
    }
}

CU_MAIN("snap_hostile", { "a good one", test_good }, { "directory", test_directory },
        { "sparse columns", test_sparse }, { "encodings", test_encodings }, { "bytes", test_bytes },
        { "kinds", test_kinds }, { "chunk headers", test_headers },
        { "dictionary", test_dictionary_field }, { "rising ids", test_rising_ids },
        { "frames", test_frames }, { "bombs", test_bombs },
        { "memory", test_memory }, { "file header", test_file_header })
