/* SPDX-License-Identifier: MIT */
/* Wrappers opened by their bytes: what comes out is what went in, or the bytes before the damage. */
#include "cu.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include <zlib.h>
#include <zstd.h>

#include "cli/message.h"
#include "import/unwrap.h"

enum { CONTENTS = 700001 };

static unsigned char contents[CONTENTS];
static char path[] = "/tmp/unwrap-test-XXXXXX";

struct bytes {
    unsigned char *at;
    size_t n, cap;
};

static void add(struct bytes *b, const void *at, size_t n)
{
    if (b->n + n > b->cap) b->at = realloc(b->at, b->cap = 2 * (b->n + n));
    memcpy(b->at + b->n, at, n);
    b->n += n;
}

static void add_number(struct bytes *b, uint64_t value, unsigned n)
{
    for (unsigned i = 0; i < n; i++, value >>= 8) add(b, &(unsigned char){ value & 255 }, 1);
}

static void fill_contents(void)
{
    uint32_t x = 1;
    for (size_t i = 0; i < CONTENTS; i++) {
        x = x * 1664525u + 1013904223u;
        contents[i] = i % 5 ? (unsigned char)(i >> 9) : (unsigned char)(x >> 24);
    }
    contents[0] = 'J';
}

static void add_deflate(struct bytes *b, const unsigned char *from, size_t n, bool raw)
{
    z_stream z = { 0 };
    unsigned char *out = malloc(n + 1024);
    deflateInit2(&z, 1, Z_DEFLATED, raw ? -15 : 31, 8, Z_DEFAULT_STRATEGY);
    z.next_in = (unsigned char *)from;
    z.avail_in = (uInt)n;
    z.next_out = out;
    z.avail_out = (uInt)n + 1024;
    CHECK_I64(deflate(&z, Z_FINISH), Z_STREAM_END);
    add(b, out, z.total_out);
    deflateEnd(&z);
    free(out);
}

static void add_zstd(struct bytes *b, const unsigned char *from, size_t n)
{
    size_t room = ZSTD_compressBound(n);
    unsigned char *out = malloc(room);
    add(b, out, ZSTD_compress(out, room, from, n, 1));
    free(out);
}

static void write_file(const struct bytes *b, size_t n)
{
    FILE *f = fopen(path, "wb");
    CHECK(f && (!n || fwrite(b->at, 1, n, f) == n) && fclose(f) == 0);
}

/* Reads everything in odd pieces, some of it passed over; returns the size. */
static size_t read_all(struct unwrap *u, bool *same)
{
    unsigned char piece[4099];
    size_t at = 0, got;
    for (unsigned i = 1;; i++) {
        size_t n = 1 + i * 37 % sizeof piece;
        got = i % 3 ? unwrap_read(u, piece, n) : (size_t)unwrap_skip(u, n);
        if (at + got > CONTENTS || (i % 3 && memcmp(piece, contents + at, got) != 0)) *same = false;
        at += got;
        if (got < n) return at;
        if (*same && unwrap_offset(u) != at) *same = false;
    }
}

static void expect_whole(const struct bytes *b, const char *wrapper)
{
    struct unwrap_problem p;
    write_file(b, b->n);
    struct unwrap *u = unwrap_open(path, &p);
    if (!CHECK(u != NULL)) return;
    bool same = true;
    CHECK_STR(unwrap_wrapper(u), wrapper);
    CHECK_U64(unwrap_size(u), wrapper ? UNWRAP_UNKNOWN : CONTENTS);
    CHECK_U64(read_all(u, &same), CONTENTS);
    CHECK(same);
    CHECK(unwrap_problem(u) == NULL);
    unwrap_close(u);
}

/* The first `n` bytes of the wrapped file give a beginning of the contents, and a problem. Flipped
 * bits show only in a member's checksum at its end. */
static void expect_problem(const struct bytes *b, size_t n, const char *text, bool cut)
{
    struct unwrap_problem p;
    write_file(b, n);
    struct unwrap *u = unwrap_open(path, &p);
    if (!CHECK(u != NULL)) return;
    bool same = true;
    CHECK(read_all(u, &same) <= CONTENTS); /* all of it where only the checksum is missing */
    CHECK(same || !cut);
    CHECK(unwrap_problem(u) && strcmp(unwrap_problem(u)->text, text) == 0);
    unwrap_close(u);
}

static void expect_cut(const struct bytes *b, size_t n, const char *text)
{
    expect_problem(b, n, text, true);
}

static void test_plain(void)
{
    struct bytes b = { 0 };
    add(&b, contents, CONTENTS);
    expect_whole(&b, NULL);
    free(b.at);
}

static void test_gzip(void)
{
    struct bytes b = { 0 };
    for (size_t at = 0; at < CONTENTS; at += 100000)
        add_deflate(&b, contents + at, CONTENTS - at < 100000 ? CONTENTS - at : 100000, false);
    expect_whole(&b, "gzip");
    expect_cut(&b, b.n - 1, "the compressed file ends early");
    expect_cut(&b, b.n / 2, "the compressed file ends early");
    add(&b, "\0\0\0", 3); /* a tape's padding is no damage */
    expect_whole(&b, "gzip");
    b.at[b.n / 2] ^= 0x55;
    b.at[b.n / 2 + 1] ^= 0x55;
    expect_problem(&b, b.n, "the compressed data is damaged", false);
    free(b.at);
}

static void test_zstd(void)
{
    struct bytes b = { 0 }, twice = { 0 };
    add(&b, "\x50\x2a\x4d\x18\x04\0\0\0skip", 12);
    add_zstd(&b, contents, 300000);
    add_zstd(&b, contents + 300000, CONTENTS - 300000);
    expect_whole(&b, "zstd");
    expect_cut(&b, b.n - 5, "the compressed file ends early");
    add_deflate(&twice, b.at, b.n, false);
    expect_whole(&twice, "gzip");
    free(b.at);
    free(twice.at);
}

/* One member with its local header, and its directory entry for later. */
static void add_member(struct bytes *b, struct bytes *directory, unsigned method,
                       const struct bytes *stored, uint64_t size, uint32_t crc, bool wide)
{
    struct bytes *both[] = { b, directory };
    uint64_t start = b->n;
    for (unsigned i = 0; i < 2; i++) {
        struct bytes *to = both[i];
        bool big = wide && i == 1;
        add(to, i ? "PK\1\2\x14\0" : "PK\3\4", i ? 6 : 4);
        add_number(to, 20, 2);
        add_number(to, 0, 2); /* flags */
        add_number(to, method, 2);
        add_number(to, 0, 4);
        add_number(to, crc, 4);
        add_number(to, big ? UINT32_MAX : stored->n, 4);
        add_number(to, big ? UINT32_MAX : size, 4);
        add_number(to, 1, 2); /* name */
        add_number(to, big ? 28 : 0, 2);
        if (i) {
            add_number(to, 0, 10); /* comment, disk, attributes */
            add_number(to, big ? UINT32_MAX : start, 4);
        }
        add(to, "x", 1);
        if (!big) continue;
        add_number(to, 1, 2);
        add_number(to, 24, 2);
        add_number(to, size, 8);
        add_number(to, stored->n, 8);
        add_number(to, start, 8);
    }
    add(b, stored->at, stored->n);
}

static void add_end(struct bytes *b, const struct bytes *directory, unsigned entries)
{
    size_t start = b->n;
    add(b, directory->at, directory->n);
    add(b, "PK\5\6\0\0\0\0", 8);
    add_number(b, entries, 2);
    add_number(b, entries, 2);
    add_number(b, directory->n, 4);
    add_number(b, start, 4);
    add_number(b, 2, 2);
    add(b, "hi", 2);
}

static void test_zip(void)
{
    static const unsigned methods[] = { 0, 8, 93 };
    uint32_t crc = (uint32_t)crc32(0, contents, CONTENTS);
    for (unsigned i = 0; i < 6; i++) {
        struct bytes zip = { 0 }, directory = { 0 }, small = { 0 }, large = { 0 };
        unsigned method = methods[i % 3];
        add(&small, "small", 5);
        if (method == 0) add(&large, contents, CONTENTS);
        if (method == 8) add_deflate(&large, contents, CONTENTS, true);
        if (method == 93) add_zstd(&large, contents, CONTENTS);
        add_member(&zip, &directory, 0, &small, 5, 0, false);
        add_member(&zip, &directory, method, &large, CONTENTS, crc, i >= 3);
        add_end(&zip, &directory, 2);
        expect_whole(&zip, "zip");
        free(zip.at);
        free(directory.at);
        free(small.at);
        free(large.at);
    }
}

static void expect_refused(const struct bytes *b, size_t n, const char *text)
{
    struct unwrap_problem p;
    write_file(b, n);
    struct unwrap *u = unwrap_open(path, &p);
    CHECK(u == NULL);
    if (!u) CHECK_STR(p.text, text);
    unwrap_close(u);
}

static void test_bad_zip(void)
{
    struct bytes zip = { 0 }, directory = { 0 }, stored = { 0 };
    add(&stored, contents, CONTENTS);
    add_member(&zip, &directory, 0, &stored, CONTENTS, 1, false);
    add_end(&zip, &directory, 1);
    write_file(&zip, zip.n);
    struct unwrap *u = unwrap_open(path, NULL);
    bool same = true;
    if (CHECK(u != NULL)) {
        CHECK_U64(read_all(u, &same), CONTENTS);
        CHECK(same && unwrap_problem(u));
        if (unwrap_problem(u))
            CHECK_STR(unwrap_problem(u)->text, "the zip archive's checksum does not match");
    }
    unwrap_close(u);
    expect_refused(&zip, zip.n / 2, "the zip archive has no directory at its end: it is cut off "
                                    "or damaged");
    size_t entry = zip.n - 24 - directory.n;
    zip.at[entry + 8] = 1;
    expect_refused(&zip, zip.n, "the zip archive is encrypted");
    zip.at[entry + 8] = 0;
    zip.at[entry + 10] = 12;
    expect_refused(&zip, zip.n, "the zip archive is compressed by a method that is not known here");
    /* Every byte of the directory at its worst: no crash, whatever comes out. */
    for (size_t i = entry; i < zip.n; i++) {
        unsigned char was = zip.at[i];
        zip.at[i] = 0xff;
        write_file(&zip, zip.n);
        unsigned char head[16];
        struct unwrap_problem p;
        ptrdiff_t got = unwrap_head(path, head, sizeof head, &p);
        CHECK(got >= 0 || p.text);
        zip.at[i] = was;
    }
    free(zip.at);
    free(directory.at);
    free(stored.at);
}

static void test_not_files(void)
{
    struct unwrap_problem p;
    CHECK(unwrap_open("/", &p) == NULL && p.os_errno == EISDIR);
    CHECK(unwrap_open("/dev/null", &p) == NULL && p.os_errno == ESPIPE);
    CHECK(unwrap_open("/nowhere/at/all", &p) == NULL && p.os_errno == ENOENT);
    struct bytes empty = { 0 };
    write_file(&empty, 0);
    struct unwrap *u = unwrap_open(path, &p);
    CHECK(u && unwrap_read(u, &p, 1) == 0 && !unwrap_problem(u));
    unwrap_close(u);
    unlink(path);
}

static void test_set_up(void)
{
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    close(fd);
    fill_contents();
}

CU_MAIN("unwrap", { "set up", test_set_up }, { "plain", test_plain }, { "gzip", test_gzip },
        { "zstd", test_zstd }, { "zip", test_zip }, { "bad zip", test_bad_zip },
        { "not files", test_not_files })
