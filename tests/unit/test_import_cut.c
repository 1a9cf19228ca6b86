/* SPDX-License-Identifier: MIT */
/*
 * Dumps that end early, at every byte, plain and in each wrapper: refused, or loaded as far as they
 * go, with a warning and without being called complete. Only the whole file is whole.
 */
#include "cu.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>
#include <zstd.h>

#include "cli/message.h"
#include "import/import.h"

struct bytes {
    unsigned char at[16384];
    size_t n;
};

static void add(struct bytes *b, const void *at, size_t n)
{
    if (!CHECK(n <= sizeof b->at - b->n)) return;
    memcpy(b->at + b->n, at, n);
    b->n += n;
}

static unsigned char byte_of(uint64_t value, unsigned i)
{
    return (unsigned char)(i < 8 ? value >> 8 * i : 0);
}

static void add_big(struct bytes *b, uint64_t value, unsigned n)
{
    for (unsigned i = n; i-- > 0;) add(b, &(unsigned char){ byte_of(value, i) }, 1);
}

static void add_little(struct bytes *b, uint64_t value, unsigned n)
{
    for (unsigned i = 0; i < n; i++) add(b, &(unsigned char){ byte_of(value, i) }, 1);
}

/* ---- dumps --------------------------------------------------------------------------------- */

static struct bytes read_dump(const char *name)
{
    struct bytes b = { .n = 0 };
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", SNAP_FOREIGN, name);
    FILE *f = fopen(path, "rb");
    if (!CHECK(f != NULL)) return b;
    b.n = fread(b.at, 1, sizeof b.at, f);
    fclose(f);
    return b;
}

static void add_record(struct bytes *b, unsigned tag, const struct bytes *body)
{
    add_big(b, tag, 1);
    add_big(b, 0, 4);
    add_big(b, body->n, 4);
    add(b, body->at, body->n);
}

static void add_java_class(struct bytes *b, struct bytes *heap, uint64_t id, uint64_t super,
                           const char *name)
{
    struct bytes text = { .n = 0 }, load = { .n = 0 };
    add_big(&text, 0x9000 + id, 4);
    add(&text, name, strlen(name));
    add_record(b, 0x01, &text);
    add_big(&load, id, 4);
    add_big(&load, id, 4);
    add_big(&load, 0, 4);
    add_big(&load, 0x9000 + id, 4);
    add_record(b, 0x02, &load);
    add_big(heap, 0x20, 1);
    add_big(heap, id, 4);
    add_big(heap, 0, 4);
    add_big(heap, super, 4);
    add_big(heap, 0, 5 * 4 + 4 + 3 * 2);
}

/* Three classes, an instance and an array, in a segment that is closed. */
static struct bytes java_dump(void)
{
    static struct bytes b, heap, none;
    b.n = heap.n = none.n = 0;
    add(&b, "JAVA PROFILE 1.0.2", 19);
    add_big(&b, 4, 4);
    add_big(&b, 0, 8);
    add_java_class(&b, &heap, 0x100, 0, "java/lang/Object");
    add_java_class(&b, &heap, 0x108, 0x100, "java/lang/Class");
    add_java_class(&b, &heap, 0x110, 0x100, "[Ljava/lang/Object;");
    add_big(&heap, 0xff, 1); /* a root */
    add_big(&heap, 0x200, 4);
    add_big(&heap, 0x22, 1); /* an array of one object */
    add_big(&heap, 0x200, 4);
    add_big(&heap, 0, 4);
    add_big(&heap, 1, 4);
    add_big(&heap, 0x110, 4);
    add_big(&heap, 0x300, 4);
    add_big(&heap, 0x21, 1); /* an instance without fields */
    add_big(&heap, 0x300, 4);
    add_big(&heap, 0, 4);
    add_big(&heap, 0x100, 4);
    add_big(&heap, 0, 4);
    add_record(&b, 0x1c, &heap);
    add_record(&b, 0x2c, &none);
    return b;
}

/* ---- wrappers ------------------------------------------------------------------------------ */

static struct bytes gzipped(const struct bytes *from)
{
    struct bytes b = { .n = 0 };
    z_stream z = { 0 };
    deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
    z.next_in = (unsigned char *)(uintptr_t)from->at;
    z.avail_in = (uInt)from->n;
    z.next_out = b.at;
    z.avail_out = sizeof b.at;
    CHECK_I64(deflate(&z, Z_FINISH), Z_STREAM_END);
    b.n = z.total_out;
    deflateEnd(&z);
    return b;
}

static struct bytes zstd_framed(const struct bytes *from)
{
    struct bytes b = { .n = 0 };
    ZSTD_CCtx *c = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
    b.n = ZSTD_compress2(c, b.at, sizeof b.at, from->at, from->n);
    CHECK(!ZSTD_isError(b.n));
    ZSTD_freeCCtx(c);
    return b;
}

/* An archive of one member, which is not compressed. */
static struct bytes archived(const struct bytes *from)
{
    struct bytes b = { .n = 0 };
    uint32_t crc = (uint32_t)crc32(0, from->at, (uInt)from->n);
    for (int directory = 0; directory < 2; directory++) {
        size_t start = b.n;
        add_little(&b, directory ? 0x02014b50 : 0x04034b50, 4);
        if (directory) add_little(&b, 20, 2);
        add_little(&b, 20, 2);
        add_little(&b, 0, 8); /* flags, stored, time */
        add_little(&b, crc, 4);
        add_little(&b, from->n, 4);
        add_little(&b, from->n, 4);
        add_little(&b, 1, 2);
        add_little(&b, 0, 2);
        if (directory) add_little(&b, 0, 2 + 2 + 2 + 4), add_little(&b, 0, 4);
        add(&b, "d", 1);
        if (!directory) {
            add(&b, from->at, from->n);
            continue;
        }
        size_t size = b.n - start;
        add_little(&b, 0x06054b50, 4);
        add_little(&b, 0, 4);
        add_little(&b, 1, 2);
        add_little(&b, 1, 2);
        add_little(&b, size, 4);
        add_little(&b, start, 4);
        add_little(&b, 0, 2);
    }
    return b;
}

/* ---- reading ------------------------------------------------------------------------------- */

static unsigned damages;

static void on_damage(void *opaque, uint64_t offset, const char *text)
{
    (void)opaque, (void)offset;
    CHECK(text != NULL);
    damages++;
}

enum outcome { REFUSED, SALVAGED, WHOLE };

static int on_finish(void *opaque, uint32_t snapshot, const snap_finish *finish)
{
    (void)snapshot;
    *(bool *)opaque = finish->flags & SNAP_FINISH_COMPLETE;
    return 0;
}

/* What an importer makes of the first n bytes. */
static enum outcome import_part(const struct bytes *b, size_t n)
{
    char path[] = "/tmp/snap-cut-XXXXXX";
    bool finished = false;
    const struct record_sink sink = { .opaque = &finished, .finish = on_finish,
                                      .damage = on_damage };
    struct import_result result;
    int fd = mkstemp(path);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "wb");
    if (!CHECK(f && (!n || fwrite(b->at, 1, n, f) == n) && fclose(f) == 0)) return REFUSED;
    damages = 0;
    const struct import_format *format = import_known(path);
    int status = format ? format->read(path, &sink, NULL, &result) : RECORD_STOP;
    unlink(path);
    if (status != RECORD_OK) return REFUSED;
    CHECK(finished == result.complete || !finished);
    CHECK((damages == 0) == result.complete);
    return result.complete ? WHOLE : SALVAGED;
}

/* `may_be_whole`: shorter files that cannot be told from whole ones. */
static void check_cuts(const struct bytes *b, size_t least_salvaged, const size_t *may_be_whole)
{
    size_t salvaged = 0;
    if (!CHECK(b->n > 0)) return;
    CHECK_I64(import_part(b, b->n), WHOLE);
    for (size_t n = 0; n < b->n; n++) {
        enum outcome o = import_part(b, n);
        if (may_be_whole && *may_be_whole == n) {
            CHECK_I64(o, WHOLE);
            may_be_whole++;
            continue;
        }
        if (o == WHOLE) {
            printf("cut at %zu of %zu: called complete\n", n, b->n);
            CHECK(false);
        }
        salvaged += o == SALVAGED;
    }
    CHECK(salvaged >= least_salvaged);
}

static void check_dump(const struct bytes *plain, size_t least_salvaged)
{
    struct bytes b = gzipped(plain);
    check_cuts(&b, least_salvaged ? 8 : 0, NULL);
    b = zstd_framed(plain);
    check_cuts(&b, least_salvaged ? 1 : 0, NULL);
    b = archived(plain);
    check_cuts(&b, 0, NULL);
}

static void test_v8(void)
{
    struct bytes b = read_dump("page.heapsnapshot");
    check_cuts(&b, b.n / 3, NULL);
    check_dump(&b, 1);
}

/* Its last line is not referred to: without it the dump is one, too. */
static void test_ruby(void)
{
    struct bytes b = read_dump("items.ruby.json");
    size_t last = b.n - 1;
    while (last > 0 && b.at[last - 1] != '\n') last--;
    const size_t whole[] = { last, SIZE_MAX };
    check_cuts(&b, b.n / 2, whole);
    check_dump(&b, 1);
}

/* Part of a pickle is none. */
static void test_tracemalloc(void)
{
    struct bytes b = read_dump("app.tracemalloc");
    check_cuts(&b, 0, NULL);
    check_dump(&b, 0);
}

static void test_hprof(void)
{
    struct bytes b = java_dump();
    check_cuts(&b, b.n / 2, NULL);
    check_dump(&b, 1);
}

/* A wrapper whose checksum is wrong: all of the dump is there, but is it that one? */
static void test_checksums(void)
{
    struct bytes plain[] = { read_dump("page.heapsnapshot"), read_dump("items.ruby.json"),
                             read_dump("app.tracemalloc"), java_dump() };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        struct bytes b = gzipped(&plain[i]);
        b.at[b.n - 5] ^= 1;
        CHECK_I64(import_part(&b, b.n), SALVAGED);
        b = zstd_framed(&plain[i]);
        b.at[b.n - 1] ^= 1;
        CHECK(import_part(&b, b.n) != WHOLE);
        b = archived(&plain[i]);
        size_t crc = b.n - 22 - 47 + 16;
        b.at[crc] ^= 1;
        CHECK_I64(import_part(&b, b.n), SALVAGED);
    }
}

CU_MAIN("import_cut", { "v8", test_v8 }, { "ruby", test_ruby },
        { "tracemalloc", test_tracemalloc }, { "hprof", test_hprof },
        { "checksums", test_checksums })
