/* SPDX-License-Identifier: MIT */
/*
 * Damaged files: cut at every byte, every bit flipped, bytes missing or added, chunks repeated.
 * What must hold: no wrong row is ever given as right, no damaged file is ever called complete,
 * and what is whole is found.
 */
#include <stddef.h>

#include "cu.h"
#include "bytes.h"
#include "checksum.h"
#include "chunk.h"
#include "random_rows.h"
#include "snap_memory.h"

#define MAX_CHUNKS 4096

/* A chunk as it is in the whole file. */
struct piece {
    uint64_t offset, end, hash;
    unsigned kind;
};

static struct memory_file whole;
static struct piece piece[MAX_CHUNKS];
static size_t pieces;

/* A hash of everything that a batch shows. */
static uint64_t hash_batch(const snap_batch *b)
{
    unsigned ids[SNAP_MAX_COLUMNS];
    size_t n = snap_batch_columns(b, ids, SNAP_MAX_COLUMNS);
    uint64_t h = snap_batch_kind(b) + 31 * snap_batch_rows(b) + 37 * snap_batch_first(b) +
                 41 * snap_batch_snapshot(b);
    for (size_t c = 0; c < n; c++) {
        const uint64_t *v = snap_batch_u64(b, ids[c]);
        for (uint32_t i = 0; i < snap_batch_rows(b); i++) {
            size_t size;
            const char *bytes = snap_batch_bytes(b, ids[c], i, &size);
            h = h * 1099511628211u + (v ? v[i] : 0) + (uint64_t)snap_batch_has(b, ids[c], i);
            if (bytes) h = h * 31 + gen_hash(bytes, size);
        }
    }
    return h;
}

static void make_whole(size_t rows)
{
    snap_writer_options o = memory_options();
    snap_writer *w = memory_writer(&whole, &o);
    snap_reader *r;
    const snap_batch *b;
    snap_reader_options ro = { .size = sizeof ro, .strict = 1, .kinds = UINT64_MAX };
    pieces = 0;
    if (!CHECK(w != NULL)) return;
    CHECK_I64(gen_random(w, 5, rows, 0, NULL), SNAP_OK);
    CHECK_I64(snap_writer_close(w, NULL), SNAP_OK);
    CHECK_I64(snap_reader_open_memory(&r, whole.bytes, whole.size, &ro, NULL), SNAP_OK);
    while (snap_reader_next(r, &b, NULL) == SNAP_OK && pieces < MAX_CHUNKS) {
        uint64_t at = snap_batch_offset(b);
        uint64_t end = at + SNAP_CHUNK_HEADER_SIZE + snap_batch_stored_size(b);
        piece[pieces++] = (struct piece){ at, end, hash_batch(b), snap_batch_kind(b) };
    }
    snap_reader_close(r);
    CHECK(pieces > 20);
}

struct result {
    snap_status open, end;
    size_t chunks; /* given, each equal to one of the whole file */
    size_t wrong;  /* given, equal to none */
    int complete;
    unsigned told, told_truncated;
    snap_reader_summary sum;
};

static void on_damage(void *opaque, const snap_error *what)
{
    struct result *x = opaque;
    x->told++;
    x->told_truncated += what->code == SNAP_E_TRUNCATED;
}

static int is_known(const snap_batch *b)
{
    uint64_t h = hash_batch(b);
    for (size_t i = 0; i < pieces; i++) {
        if (piece[i].hash == h) return 1;
    }
    return 0;
}

static struct result read_bytes(const uint8_t *bytes, size_t size, int strict)
{
    struct result x = { .open = SNAP_OK };
    snap_reader *r;
    const snap_batch *b;
    snap_reader_options ro = { .size = sizeof ro, .strict = strict, .kinds = UINT64_MAX,
                               .on_damage = on_damage, .opaque = &x };
    x.open = snap_reader_open_memory(&r, bytes, size, &ro, NULL);
    if (x.open != SNAP_OK) return x;
    while ((x.end = snap_reader_next(r, &b, NULL)) == SNAP_OK) {
        if (is_known(b)) x.chunks++;
        else x.wrong++;
    }
    snap_reader_get_summary(r, &x.sum);
    x.complete = x.sum.complete;
    snap_reader_close(r);
    return x;
}

/* A copy in memory of exactly the right size, so that sanitizers see every step beyond it. */
static uint8_t *copy(const uint8_t *bytes, size_t size)
{
    uint8_t *c = malloc(size ? size : 1);
    if (!c) abort();
    if (size) memcpy(c, bytes, size);
    return c;
}

static size_t pieces_before(size_t end)
{
    size_t n = 0;
    for (size_t i = 0; i < pieces; i++) n += piece[i].end <= end;
    return n;
}

static void show(const char *what, size_t at, const struct result *x)
{
    printf("%s %zu: open %d, end %d, %zu chunks\n", what, at, x->open, x->end, x->chunks);
}

static void test_truncated(void)
{
    unsigned bad = 0;
    make_whole(60);
    for (size_t n = 0; n < whole.size; n++) {
        uint8_t *c = copy(whole.bytes, n);
        struct result x = read_bytes(c, n, 0);
        struct result y = read_bytes(c, n, 1);
        int ok;
        if (n < SNAP_FILE_HEADER_SIZE) {
            ok = x.open == SNAP_E_TRUNCATED && y.open == SNAP_E_TRUNCATED;
        } else {
            ok = x.end == SNAP_END && !x.complete && x.wrong == 0 && x.told_truncated == 1 &&
                 x.chunks == pieces_before(n) && y.end == SNAP_E_TRUNCATED && y.wrong == 0;
        }
        if (!ok && bad++ < 5) show("cut at byte", n, &x);
        free(c);
    }
    CHECK_U64(bad, 0);
    memory_free(&whole);
}

static void test_flipped(void)
{
    unsigned bad = 0;
    make_whole(6);
    uint8_t *c = copy(whole.bytes, whole.size);
    for (size_t bit = 0; bit < 8 * whole.size; bit++) {
        c[bit / 8] ^= (uint8_t)(1u << bit % 8);
        struct result x = read_bytes(c, whole.size, 0);
        int ok;
        if (bit / 8 < SNAP_FILE_HEADER_SIZE) {
            ok = x.open == (bit / 8 < 8 ? SNAP_E_NOT_SNAP : SNAP_E_CORRUPT);
        } else {
            size_t trailer = whole.size - SNAP_TRAILER_SIZE;
            size_t lost = bit / 8 < trailer ? 1 : 0;
            ok = x.end == SNAP_END && !x.complete && x.wrong == 0 && x.told >= 1 &&
                 x.chunks == pieces - lost;
        }
        if (!ok && bad++ < 5) show("flipped bit", bit, &x);
        c[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(c);
    CHECK_U64(bad, 0);
    memory_free(&whole);
}

/* Takes [from, to) out of the file, puts `n` bytes of garbage there, and reads. */
static struct result replace(uint64_t first, uint64_t last, const uint8_t *garbage, size_t n)
{
    size_t from = (size_t)first, to = (size_t)last;
    size_t size = whole.size - (to - from) + n;
    uint8_t *c = malloc(size);
    if (!c) abort();
    memcpy(c, whole.bytes, from);
    if (n) memcpy(c + from, garbage, n);
    memcpy(c + from + n, whole.bytes + to, whole.size - to);
    struct result x = read_bytes(c, size, 0);
    free(c);
    return x;
}

static void test_moved_bytes(void)
{
    uint8_t garbage[300];
    unsigned bad = 0;
    make_whole(60);
    for (size_t i = 0; i < sizeof garbage; i++) garbage[i] = (uint8_t)(i * 197);
    memcpy(garbage + 100, "\xC5" "chk", 4); /* a magic without a header */
    for (size_t at = SNAP_FILE_HEADER_SIZE; at < whole.size - SNAP_TRAILER_SIZE; at++) {
        /* One byte less: at most the chunk that it belonged to is lost. */
        struct result x = replace(at, at + 1, NULL, 0);
        if (x.end != SNAP_END || x.complete || x.wrong || x.chunks + 1 != pieces) bad++;
        /* Some bytes more: between chunks nothing is lost, within one that one. */
        if (at % 7 && at != piece[3].offset) continue;
        x = replace(at, at, garbage, sizeof garbage);
        if (x.end != SNAP_END || x.complete || x.wrong || x.chunks + 1 < pieces) bad++;
    }
    CHECK_U64(bad, 0);
    struct result x = replace(piece[3].offset, piece[3].offset, garbage, sizeof garbage);
    CHECK_U64(x.chunks, pieces);
    CHECK_U64(x.sum.first_damage, piece[3].offset);
    x = replace(whole.size, whole.size, garbage, 1);
    CHECK(!x.complete && x.end == SNAP_END && x.told == 1 && x.chunks == pieces);
    CHECK_U64(x.sum.first_damage, whole.size);
    memory_free(&whole);
}

static void test_moved_chunks(void)
{
    make_whole(60);
    const struct piece *p = &piece[7];
    size_t size = (size_t)(p->end - p->offset);
    /* A chunk taken out without a trace is missed by its number. */
    struct result x = replace(p->offset, p->end, NULL, 0);
    CHECK(!x.complete && x.told >= 1 && x.wrong == 0);
    CHECK_U64(x.sum.lost_chunks, 1);
    CHECK_U64(x.chunks, pieces - 1);
    CHECK_U64(x.sum.first_damage, p->offset);
    /* A chunk that comes twice is given once. */
    x = replace(p->end, p->end, whole.bytes + p->offset, size);
    CHECK(!x.complete && x.told >= 1);
    CHECK_U64(x.chunks, pieces);
    /* Zeros where a disk lost a sector. */
    uint8_t zeros[512] = { 0 };
    x = replace(p->offset + 10, p->offset + 10 + sizeof zeros, zeros, sizeof zeros);
    CHECK(!x.complete && x.wrong == 0 && x.chunks < pieces && x.chunks + 8 > pieces);
    memory_free(&whole);
}

/* The flag REQUIRED is for kinds that a decoder does not know: known ones are read under either. */
static void test_wrong_flag(void)
{
    make_whole(60);
    for (size_t i = 0; i < pieces; i++) {
        uint8_t *bytes = copy(whole.bytes, whole.size), *header = bytes + piece[i].offset;
        header[7] ^= CHUNK_REQUIRED;
        bytes_put64(header + 56, checksum64(header, 56));
        struct result x = read_bytes(bytes, whole.size, 1);
        if (!CHECK(x.end == SNAP_END && x.complete && x.told == 0 && x.wrong == 0) ||
            !CHECK_U64(x.chunks, pieces))
            show("flag of chunk", i, &x);
        free(bytes);
    }
    memory_free(&whole);
}

/* Loads the index and reads every chunk it names. */
static size_t by_index(const uint8_t *bytes, size_t size, size_t *wrong)
{
    snap_reader *r;
    const snap_batch *b;
    snap_reader_options ro = { .size = sizeof ro };
    size_t n = 0, good = 0;
    *wrong = 0;
    if (snap_reader_open_memory(&r, bytes, size, &ro, NULL) != SNAP_OK) return 0;
    CHECK_I64(snap_reader_load_index(r, &n, NULL), SNAP_OK);
    for (size_t i = n; i-- > 0;) {
        const snap_chunk_info *info = snap_reader_chunk(r, i);
        CHECK_I64(snap_reader_seek(r, i, NULL), SNAP_OK);
        if (snap_reader_next(r, &b, NULL) != SNAP_OK) continue;
        if (is_known(b)) good++;
        else ++*wrong;
        (void)info;
    }
    CHECK(snap_reader_chunk(r, n) == NULL);
    snap_reader_close(r);
    return good;
}

static void test_index(void)
{
    size_t wrong, listed = 0;
    make_whole(60);
    for (size_t i = 0; i < pieces; i++) {
        listed += piece[i].kind != SNAP_KIND_INDEX && piece[i].kind != SNAP_KIND_TOTAL;
    }
    CHECK_U64(by_index(whole.bytes, whole.size, &wrong), listed);
    for (size_t n = SNAP_FILE_HEADER_SIZE; n < whole.size; n += 13) {
        uint8_t *c = copy(whole.bytes, n);
        size_t want = pieces_before(n);
        if (want > listed) want = listed;
        CHECK_U64(by_index(c, n, &wrong), want);
        free(c);
    }
    uint8_t *c = copy(whole.bytes, whole.size);
    for (size_t i = SNAP_FILE_HEADER_SIZE; i < whole.size; i += 11) {
        c[i] ^= 0x40;
        /* Seeking to the lost chunk gives the one after it. */
        CHECK(by_index(c, whole.size, &wrong) + 1 >= listed);
        CHECK_U64(wrong, 0);
        c[i] ^= 0x40;
    }
    free(c);
    memory_free(&whole);
}

static void test_not_ours(void)
{
    static const char text[] = "JAVA PROFILE 1.0.2 and more text than a header is long, to be sure";
    snap_reader *r;
    snap_error err;
    CHECK_I64(snap_reader_open_memory(&r, text, sizeof text, NULL, &err), SNAP_E_NOT_SNAP);
    CHECK(r == NULL && err.offset == 0);
    CHECK_I64(snap_reader_open_memory(&r, text, 3, NULL, &err), SNAP_E_NOT_SNAP);
    CHECK_I64(snap_reader_open_memory(&r, NULL, 0, NULL, &err), SNAP_E_TRUNCATED);
    CHECK_I64(snap_reader_open_path(&r, "/nonexistent/x.snap", NULL, &err), SNAP_E_IO);
    CHECK_I64(err.os_errno, ENOENT);
    CHECK_I64(snap_reader_open_path(&r, "/", NULL, &err), SNAP_E_IO);
    CHECK_I64(err.os_errno, EISDIR);
    CHECK_I64(snap_reader_open_fd(&r, -1, NULL, NULL), SNAP_E_MISUSE);
    CHECK_I64(snap_reader_open_fd(&r, 999, NULL, &err), SNAP_E_IO);
    CHECK_I64(err.os_errno, EBADF);
}

CU_MAIN("snap_damage", { "cut at every byte", test_truncated },
        { "every bit flipped", test_flipped }, { "bytes missing and added", test_moved_bytes },
        { "chunks missing and twice", test_moved_chunks },
        { "a flag that is not the kind's", test_wrong_flag },
        { "index of damaged files", test_index }, { "not a snapshot", test_not_ours })
