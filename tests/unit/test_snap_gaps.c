/* SPDX-License-Identifier: MIT */
/*
 * Long damage, and the index: gaps around the size of the window that is searched at a time, false
 * beginnings in them, the same answer from every sort of source, how little is read where the index
 * is whole, and that an index which lies is found out and made anew.
 */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "bytes.h"
#include "checksum.h"
#include "chunk.h"
#include "cu.h"
#include "random_rows.h"
#include "snap_memory.h"

#define SCAN 65536u /* bytes that are searched at a time (reader_damage.c) */

static struct memory_file whole;
static uint64_t chunk_at[512]; /* offsets of chunks */
static size_t chunks;

static void make_whole(uint32_t chunk_rows, size_t rows)
{
    snap_reader *r;
    const snap_batch *b;
    snap_reader_options ro = { .size = sizeof ro, .strict = 1, .kinds = UINT64_MAX };
    snap_writer_options o = memory_options();
    o.chunk_rows = chunk_rows;
    snap_writer *w = memory_writer(&whole, &o);
    CHECK_I64(gen_random(w, 3, rows, 0, NULL), SNAP_OK);
    CHECK_I64(snap_writer_close(w, NULL), SNAP_OK);
    CHECK_I64(snap_reader_open_memory(&r, whole.bytes, whole.size, &ro, NULL), SNAP_OK);
    chunks = 0;
    while (snap_reader_next(r, &b, NULL) == SNAP_OK && chunks < 512)
        chunk_at[chunks++] = snap_batch_offset(b);
    snap_reader_close(r);
}

/* ---- what a reader tells of a file, in numbers that can be compared ---- */

struct verdict {
    snap_status open, end;
    uint64_t chunks, rows, told, truncated, sum; /* sum: of what and where, in order */
    snap_reader_summary summary;
};

static void mix(struct verdict *v, uint64_t x)
{
    v->sum = (v->sum ^ x) * UINT64_C(1099511628211);
}

static void note(void *opaque, const snap_error *what)
{
    struct verdict *v = opaque;
    v->told++;
    v->truncated += what->code == SNAP_E_TRUNCATED;
    mix(v, what->offset);
    mix(v, (uint64_t)(int64_t)what->code);
}

static snap_reader_options options_for(struct verdict *v)
{
    return (snap_reader_options){ .size = sizeof(snap_reader_options), .kinds = UINT64_MAX,
                                  .on_damage = note, .opaque = v };
}

static void read_all(struct verdict *v, snap_reader *r)
{
    const snap_batch *b;
    if (v->open != SNAP_OK) return;
    while ((v->end = snap_reader_next(r, &b, NULL)) == SNAP_OK) {
        v->chunks++;
        v->rows += snap_batch_rows(b);
        mix(v, snap_batch_offset(b));
        mix(v, snap_batch_kind(b));
    }
    snap_reader_get_summary(r, &v->summary);
    snap_reader_close(r);
}

static struct verdict from_memory(const uint8_t *bytes, size_t size)
{
    struct verdict v = { .sum = 1 };
    snap_reader *r;
    snap_reader_options o = options_for(&v);
    v.open = snap_reader_open_memory(&r, bytes, size, &o, NULL);
    read_all(&v, r);
    return v;
}

/* The file with `n` bytes put in at `at`: any bytes, with the first one of a chunk's magic in
 * places, a whole magic, and a header whose checksum is wrong. */
static uint8_t *with_gap(size_t at, size_t n, size_t *size)
{
    *size = whole.size + n;
    uint8_t *bytes = malloc(*size);
    if (!bytes) abort();
    memcpy(bytes, whole.bytes, at);
    for (size_t i = 0; i < n; i++) bytes[at + i] = (uint8_t)(i * i % 251);
    for (size_t i = 100; i + 80 < n; i += 1000) bytes[at + i] = CHUNK_MAGIC_0;
    for (size_t i = 500; i + 80 < n; i += 5000) memcpy(bytes + at + i, whole.bytes + 48, 4);
    for (size_t i = 700; i + 80 < n; i += 9000) {
        memcpy(bytes + at + i, whole.bytes + 48, 64);
        bytes[at + i + 20] ^= 1;
    }
    memcpy(bytes + at + n, whole.bytes + at, whole.size - at);
    return bytes;
}

/* One gap between two chunks: everything else is found, and told is the gap alone. */
static int found_past(size_t at, size_t n)
{
    size_t size;
    uint8_t *bytes = with_gap(at, n, &size);
    struct verdict v = from_memory(bytes, size);
    free(bytes);
    return v.open == SNAP_OK && v.end == SNAP_END && v.chunks == chunks && !v.summary.complete &&
           v.told == 1 && v.truncated == 0 && v.summary.first_damage == at &&
           v.summary.lost_chunks == 0;
}

/* The next chunk, or the trailer, begins at every place around the ends of the search's windows. */
static void test_gaps(void)
{
    make_whole(0, 30);
    size_t places[] = { (size_t)chunk_at[0], (size_t)chunk_at[chunks / 2],
                        whole.size - SNAP_TRAILER_SIZE };
    for (size_t p = 0; p < 3; p++) {
        unsigned wrong = 0;
        for (size_t n = 1; n < 200; n++) wrong += !found_past(places[p], n);
        for (size_t n = SCAN - 100; n < SCAN + 10; n++) wrong += !found_past(places[p], n);
        for (size_t n = 2 * SCAN - 200; n < 2 * SCAN; n += 3) wrong += !found_past(places[p], n);
        wrong += !found_past(places[p], 1000000);
        if (!CHECK_U64(wrong, 0)) printf("  at place %zu\n", p);
    }
    memory_free(&whole);
}

/* ---- sources ---- */

struct pieces {
    const uint8_t *bytes;
    size_t size;
    uint64_t calls, read;
};

static int read_at(void *opaque, uint64_t offset, void *data, size_t size, size_t *got)
{
    struct pieces *p = opaque;
    size_t left = offset < p->size ? p->size - (size_t)offset : 0;
    *got = size < left ? size : left;
    if (*got) memcpy(data, p->bytes + offset, *got);
    p->calls++;
    p->read += *got;
    return 0;
}

static struct verdict from_callback(const uint8_t *bytes, size_t size, uint64_t told_size)
{
    struct verdict v = { .sum = 1 };
    struct pieces p = { bytes, size, 0, 0 };
    snap_reader *r;
    snap_reader_options o = options_for(&v);
    v.open = snap_reader_open_source(&r, &(snap_source){ read_at, &p, told_size }, &o, NULL);
    read_all(&v, r);
    return v;
}

static struct verdict from_file(const uint8_t *bytes, size_t size, int by_path)
{
    char name[] = "/tmp/test_snap_gaps.XXXXXX";
    struct verdict v = { .sum = 1 };
    snap_reader *r;
    snap_reader_options o = options_for(&v);
    int fd = mkstemp(name);
    if (fd < 0) abort();
    for (size_t done = 0; done < size;) {
        ssize_t n = write(fd, bytes + done, size - done);
        if (n <= 0) abort();
        done += (size_t)n;
    }
    v.open = by_path ? snap_reader_open_path(&r, name, &o, NULL)
                     : snap_reader_open_fd(&r, fd, &o, NULL);
    read_all(&v, r);
    close(fd);
    unlink(name);
    return v;
}

struct feeding {
    const uint8_t *bytes;
    size_t size;
    int fd;
};

/* In pieces of odd sizes, so that the reader has to wait in the middle of everything. */
static void *feed(void *opaque)
{
    struct feeding *f = opaque;
    for (size_t done = 0, piece = 1; done < f->size; piece = piece * 7 % 4099) {
        size_t n = f->size - done < piece ? f->size - done : piece;
        ssize_t written = write(f->fd, f->bytes + done, n);
        if (written <= 0) break;
        done += (size_t)written;
    }
    close(f->fd);
    return NULL;
}

static struct verdict from_pipe(const uint8_t *bytes, size_t size)
{
    struct verdict v = { .sum = 1 };
    snap_reader *r;
    snap_reader_options o = options_for(&v);
    pthread_t thread;
    int fd[2];
    if (pipe(fd)) abort();
    struct feeding f = { bytes, size, fd[1] };
    if (pthread_create(&thread, NULL, feed, &f)) abort();
    v.open = snap_reader_open_fd(&r, fd[0], &o, NULL);
    read_all(&v, r);
    char rest[4096];
    while (read(fd[0], rest, sizeof rest) > 0) continue; /* what a reader did not want */
    pthread_join(thread, NULL);
    close(fd[0]);
    return v;
}

static int same(const struct verdict *a, const struct verdict *b)
{
    return a->open == b->open && a->end == b->end && a->sum == b->sum && a->rows == b->rows &&
           a->told == b->told && a->summary.complete == b->summary.complete &&
           a->summary.bytes == b->summary.bytes && a->summary.chunks == b->summary.chunks &&
           a->summary.lost_chunks == b->summary.lost_chunks &&
           a->summary.first_damage == b->summary.first_damage;
}

static void check_sources(const uint8_t *bytes, size_t size, const char *what)
{
    struct verdict want = from_memory(bytes, size);
    struct verdict got[] = { from_callback(bytes, size, size),
                             from_callback(bytes, size, UINT64_MAX), from_file(bytes, size, 0),
                             from_file(bytes, size, 1), from_pipe(bytes, size) };
    for (size_t i = 0; i < sizeof got / sizeof *got; i++)
        if (!CHECK(same(&got[i], &want))) printf("  %s, source %zu\n", what, i);
}

static void test_sources(void)
{
    make_whole(50, 700);
    check_sources(whole.bytes, whole.size, "whole");
    for (size_t cut = 0; cut < whole.size; cut += whole.size / 23)
        check_sources(whole.bytes, cut, "cut");
    for (size_t at = 60; at < whole.size; at += whole.size / 19) {
        whole.bytes[at] ^= 0x10;
        check_sources(whole.bytes, whole.size, "changed");
        whole.bytes[at] ^= 0x10;
    }
    size_t size;
    uint8_t *bytes = with_gap((size_t)chunk_at[chunks / 3], SCAN + 5, &size);
    check_sources(bytes, size, "gap");
    check_sources(bytes, size - 20, "gap, and cut in the trailer");
    free(bytes);
    memory_free(&whole);
}

/* ---- the index ---- */

/* A sum over the index that is loaded; 0 where it cannot be. */
static uint64_t index_sum(const uint8_t *bytes, size_t size, uint64_t *read, size_t *n)
{
    struct verdict v = { .sum = 1 };
    struct pieces p = { bytes, size, 0, 0 };
    snap_reader *r;
    *n = 0;
    if (snap_reader_open_source(&r, &(snap_source){ read_at, &p, size }, NULL, NULL) != SNAP_OK)
        return 0;
    snap_status s = snap_reader_load_index(r, n, NULL);
    for (size_t i = 0; s == SNAP_OK && i < *n; i++) {
        const snap_chunk_info *c = snap_reader_chunk(r, i);
        const uint64_t parts[] = { c->offset, c->first, c->snapshot, c->rows, c->stored_size,
                                   c->kind };
        for (size_t k = 0; k < 6; k++) mix(&v, parts[k]);
    }
    snap_reader_close(r);
    if (read) *read = p.read;
    return s == SNAP_OK ? v.sum : 0;
}

/* Where trailer and index are whole, little else is read; where they are not, all headers are, and
 * the result is the same. */
static void test_index_read(void)
{
    uint64_t little, much, rows = 0;
    size_t n, again;
    make_whole(1, 2600); /* several INDEX chunks */
    uint64_t want = index_sum(whole.bytes, whole.size, &little, &n);
    CHECK(want != 0 && n > 8192);
    whole.bytes[whole.size - 1] ^= 1;
    CHECK_U64(index_sum(whole.bytes, whole.size, &much, &again), want);
    CHECK_U64(again, n);
    whole.bytes[whole.size - 1] ^= 1;
    CHECK(little < whole.size / 3 && little * 2 < much);
    /* Each INDEX chunk damaged in turn. */
    for (size_t at = 48; at + 64 < whole.size; at++) {
        struct chunk_header h;
        const char *text;
        if (whole.bytes[at] != CHUNK_MAGIC_0) continue;
        if (chunk_header_get(whole.bytes + at, &h, &text) != CHUNK_GOOD) continue;
        rows += h.rows;
        if (h.kind == SNAP_KIND_INDEX) {
            whole.bytes[at + 64] ^= 1;
            CHECK_U64(index_sum(whole.bytes, whole.size, NULL, &again), want);
            CHECK_U64(again, n);
            whole.bytes[at + 64] ^= 1;
        }
        at += 63 + (size_t)h.stored_size;
    }
    CHECK(rows > 2600);
    memory_free(&whole);
}

/* ---- an index that lies ---- */

/* The last INDEX chunk, stored raw with fixed numbers of eight bytes, so that it can be changed. */
struct listed {
    uint64_t column[6][256];
    uint32_t rows;
    uint64_t first; /* the INDEX chunk before */
};

static size_t put_index(uint8_t *to, const struct listed *x, uint64_t sequence)
{
    static const uint8_t directory_id[6] = { 1, 2, 3, 4, 5, 6 };
    uint8_t *payload = to + SNAP_CHUNK_HEADER_SIZE, *p = payload;
    *p++ = 6;
    for (int c = 0; c < 6; c++) {
        uint32_t length = 1 + 8 * x->rows;
        *p++ = directory_id[c];
        *p++ = 6; /* FIXED */
        *p++ = (uint8_t)(length | 0x80);
        *p++ = (uint8_t)(length >> 7);
    }
    for (int c = 0; c < 6; c++) {
        *p++ = 8;
        for (uint32_t row = 0; row < x->rows; row++, p += 8) bytes_put64(p, x->column[c][row]);
    }
    uint32_t size = (uint32_t)(p - payload);
    struct chunk_header h = { .kind = SNAP_KIND_INDEX, .stored_size = size, .raw_size = size,
                              .rows = x->rows, .first = x->first, .sequence = sequence,
                              .checksum = checksum64(payload, size) };
    chunk_header_put(to, &h);
    return SNAP_CHUNK_HEADER_SIZE + size;
}

/* The whole file up to its INDEX chunk, then this one, the totals as they were, a trailer. */
static uint8_t *with_index(const struct listed *x, int64_t index_off, int64_t total_off,
                           size_t *size)
{
    size_t index_at = (size_t)chunk_at[chunks - 2], total_at = (size_t)chunk_at[chunks - 1];
    size_t total_size = whole.size - SNAP_TRAILER_SIZE - total_at;
    uint8_t *bytes = malloc(whole.size + 20000);
    if (!bytes) abort();
    memcpy(bytes, whole.bytes, index_at);
    size_t at = index_at + put_index(bytes + index_at, x, chunks - 2);
    memcpy(bytes + at, whole.bytes + total_at, total_size);
    chunk_trailer_put(bytes + at + total_size, (uint64_t)((int64_t)index_at + index_off),
                      (uint64_t)((int64_t)at + total_off));
    *size = at + total_size + SNAP_TRAILER_SIZE;
    return bytes;
}

/* How much was read says whether the chain was believed: headers are not walked then. */
static uint64_t read_by(const struct listed *x, int64_t index_off, int64_t total_off,
                        uint64_t *sum, size_t *n)
{
    size_t size;
    uint64_t read;
    uint8_t *bytes = with_index(x, index_off, total_off, &size);
    *sum = index_sum(bytes, size, &read, n);
    free(bytes);
    return read;
}

static void list_chunks(struct listed *x)
{
    memset(x, 0, sizeof *x);
    for (size_t i = 0; i + 2 < chunks && i < 256; i++) {
        struct chunk_header h;
        const char *text;
        CHECK_I64(chunk_header_get(whole.bytes + chunk_at[i], &h, &text), CHUNK_GOOD);
        const uint64_t row[] = { chunk_at[i], h.kind, h.rows, h.snapshot, h.first, h.stored_size };
        for (int c = 0; c < 6; c++) x->column[c][i] = row[c];
        x->rows++;
    }
}

static void test_lying_index(void)
{
    struct listed x, good;
    uint64_t want, sum;
    size_t n, count;
    make_whole(60, 400);
    list_chunks(&good);
    if (!CHECK(good.rows > 20 && good.rows + 2 == chunks)) return;
    uint64_t honest = read_by(&good, 0, 0, &want, &n);
    CHECK(want != 0 && n == good.rows);
    uint64_t walked = read_by(&good, 0, 1 << 20, &sum, &count); /* no totals there: walked */
    CHECK(sum == want && count == n && walked > honest);
    for (unsigned lie = 0; lie < 9; lie++) {
        int64_t index_off = 0, total_off = 0;
        x = good;
        switch (lie) {
        case 0: x.column[0][3] = x.column[0][2]; break;      /* the same chunk twice */
        case 1: x.column[0][3] = x.column[0][5]; break;      /* not in order */
        case 2: x.column[0][x.rows - 1] = UINT64_C(1) << 40; break; /* beyond itself */
        case 3: x.column[0][0] = 0; break;                   /* before the first chunk */
        case 4: x.first = chunk_at[chunks - 2]; break;       /* the one before is itself */
        case 5: x.first = chunk_at[4]; break;                /* the one before is no INDEX chunk */
        case 6: index_off = 1; break;                        /* no chunk where the trailer says */
        case 7: index_off = 100000; break;                   /* behind the totals */
        default: x.column[5][0] = UINT64_C(1) << 32; break;  /* a size that no chunk has */
        }
        (void)read_by(&x, index_off, total_off, &sum, &count);
        if (!CHECK(sum == want && count == n)) printf("  lie %u\n", lie);
    }
    memory_free(&whole);
}

static void test_no_index(void)
{
    snap_reader *r;
    const snap_batch *b;
    snap_error err = { .code = SNAP_OK };
    size_t n = 77;
    make_whole(60, 100);
    struct pieces p = { whole.bytes, whole.size, 0, 0 };
    CHECK_I64(snap_reader_open_source(&r, &(snap_source){ read_at, &p, UINT64_MAX }, NULL, NULL),
              SNAP_OK);
    CHECK_I64(snap_reader_load_index(r, &n, &err), SNAP_E_UNSUPPORTED);
    CHECK_I64(err.code, SNAP_E_UNSUPPORTED);
    CHECK_I64(snap_reader_next(r, &b, &err), SNAP_OK); /* not sticky: the walk goes on */
    CHECK(snap_reader_chunk(r, 0) == NULL);
    CHECK_I64(snap_reader_seek(r, 0, &err), SNAP_E_MISUSE);
    snap_reader_close(r);
    /* In the middle of a walk: it goes on where it was. */
    uint64_t rows = 0, all = 0;
    CHECK_I64(snap_reader_open_memory(&r, whole.bytes, whole.size, NULL, NULL), SNAP_OK);
    while (snap_reader_next(r, &b, NULL) == SNAP_OK) all += snap_batch_rows(b);
    snap_reader_close(r);
    CHECK_I64(snap_reader_open_memory(&r, whole.bytes, whole.size, NULL, NULL), SNAP_OK);
    for (unsigned i = 0; snap_reader_next(r, &b, NULL) == SNAP_OK; i++) {
        rows += snap_batch_rows(b);
        if (i == 5) CHECK_I64(snap_reader_load_index(r, &n, NULL), SNAP_OK);
    }
    CHECK_U64(rows, all);
    snap_reader_summary sum;
    snap_reader_get_summary(r, &sum);
    CHECK(sum.complete); /* loading the index does not take that away */
    snap_reader_close(r);
    memory_free(&whole);
}

/* ---- out of memory is no fault of the system's ---- */

static size_t allowed;

static void *take_some(void *opaque, size_t size)
{
    (void)opaque;
    return allowed-- > 0 ? malloc(size) : NULL;
}

static void give_back(void *opaque, void *ptr, size_t size)
{
    (void)opaque, (void)size;
    free(ptr);
}

static void test_memory(void)
{
    const snap_allocator a = { take_some, give_back, NULL };
    snap_reader_options o = { .size = sizeof o, .allocator = &a };
    unsigned failed = 0;
    size_t n;
    make_whole(0, 3000);
    for (size_t k = 0; k < 60; k++) {
        snap_reader *r;
        const snap_batch *b;
        snap_error err = { .os_errno = 99 };
        struct pieces p = { whole.bytes, whole.size, 0, 0 };
        allowed = k;
        snap_status s = snap_reader_open_source(&r, &(snap_source){ read_at, &p, whole.size }, &o,
                                                &err);
        while (s == SNAP_OK) s = snap_reader_next(r, &b, &err);
        if (s != SNAP_END) {
            failed++;
            CHECK_I64(s, SNAP_E_MEMORY);
            CHECK(err.code == SNAP_E_MEMORY && err.os_errno == 0 && err.text[0]);
            if (r) CHECK_I64(snap_reader_load_index(r, &n, &err), SNAP_E_MEMORY); /* sticky */
            if (r) CHECK_I64(snap_reader_seek(r, 0, &err), SNAP_E_MEMORY);
        }
        allowed = SIZE_MAX;
        snap_reader_close(r);
    }
    CHECK(failed >= 4 && failed < 60);
    memory_free(&whole);
}

CU_MAIN("snap gaps", { "long gaps", test_gaps }, { "every source", test_sources },
        { "what the index costs", test_index_read }, { "an index that lies", test_lying_index },
        { "without an index", test_no_index }, { "out of memory", test_memory })
