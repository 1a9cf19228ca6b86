/* SPDX-License-Identifier: MIT */
/*
 * Whole files that libsnap writes, read by nothing but the specification (prop_snap_plain.c): every
 * rule of its sections 2 to 7 that a writer has to keep, chunk by chunk; and what libsnap's reader
 * gives of each chunk against the same columns decoded plainly: numbers, bytes, presence,
 * positions.
 */
#include <stdlib.h>
#define XXH_INLINE_ALL
#include <xxhash.h>
#include <zstd.h>

#include "cu.h"
#include "prop_snap_plain.h"
#include "random_rows.h"
#include "snap_memory.h"

static uint64_t failing_seed;

#define WANT(cond)                                                                                 \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            printf("  file with seed %" PRIu64 ": ", failing_seed);                                \
            CHECK(cond);                                                                           \
            return;                                                                                \
        }                                                                                          \
    } while (0)

/* ---- the tables of section 5 ---- */

enum { FILE_WIDE, OF_SNAPSHOT, EITHER };

/* needed: bits of the columns that every chunk has in full; bytes: those that hold bytes. */
static const struct {
    int required, scope, definition;
    uint32_t needed, sparse, bytes, absent_is_0;
} kinds[21] = {
    [1] = { 0, EITHER, 0, 1 << 1 | 1 << 2, 0, 1 << 1 | 1 << 2, 0 },
    [2] = { 0, EITHER, 0, 1 << 1 | 1 << 2, 0, 1 << 1 | 1 << 2, 0 },
    [3] = { 0, OF_SNAPSHOT, 0, 1 << 1 | 1 << 3, 0, 1 << 1, 0 },
    [4] = { 1, FILE_WIDE, 1, 1 << 1, 1 << 3, 1 << 1, 0 },
    [5] = { 1, FILE_WIDE, 1, 1 << 1, 1 << 2 | 0xf << 5, 0, 1 << 3 | 1 << 4 },
    [6] = { 1, FILE_WIDE, 1, 1 << 1, 7 << 2 | 1 << 6, 0, 1 << 5 },
    [7] = { 1, FILE_WIDE, 1, 1 << 2, 1 << 1, 0, 0 },
    [8] = { 1, OF_SNAPSHOT, 1, 1 << 1, 0xf << 2, 0, 0 },
    [9] = { 1, FILE_WIDE, 1, 1 << 1, 7 << 2, 1 << 2, 0 },
    [10] = { 1, OF_SNAPSHOT, 0, 3 << 2, 1 << 1, 1 << 1, 0 },
    [11] = { 1, OF_SNAPSHOT, 0, 7 << 1 | 1 << 5, 0, 0, 1 << 4 },
    [12] = { 1, OF_SNAPSHOT, 0, 7 << 1, 1 << 4 | 0x7ff << 6, 0, 1 << 5 },
    [13] = { 1, OF_SNAPSHOT, 0, 1 << 1 | 1 << 4, 7 << 6, 0, 1 << 5 },
    [14] = { 1, OF_SNAPSHOT, 0, 1 << 3, 0xf << 4, 0, 0 },
    [15] = { 1, OF_SNAPSHOT, 0, 3 << 1, 7 << 3, 0, 0 },
    [16] = { 1, EITHER, 0, 7 << 1, 7 << 4, 0, 0 },
    [17] = { 0, EITHER, 0, 1 << 1 | 3 << 3, 0, 1 << 1, 0 },
    [18] = { 0, OF_SNAPSHOT, 0, 1 << 2 | 1 << 5, 0, 1 << 2, 0 },
    [19] = { 0, FILE_WIDE, 0, 0x3f << 1, 0, 0, 0 },
    [20] = { 1, FILE_WIDE, 0, 0x1f << 1, 0, 0, 0 },
};

/* Which columns name definitions, and of which kind. */
static const struct {
    unsigned kind, column, names;
} references[] = {
    { 5, 1, 4 }, { 5, 2, 4 }, { 6, 1, 4 }, { 6, 2, 4 }, { 6, 4, 9 }, { 7, 2, 6 }, { 8, 3, 4 },
    { 8, 4, 7 }, { 9, 1, 4 }, { 12, 2, 5 }, { 12, 11, 7 }, { 12, 12, 4 }, { 13, 6, 4 },
    { 14, 4, 4 }, { 14, 5, 8 }, { 14, 6, 6 }, { 15, 3, 7 }, { 16, 5, 7 },
};

/* ---- a file as it is read ---- */

struct file {
    struct memory_file memory;
    uint64_t sequence, chunks[21], rows[21], raw[21], stored[21];
    uint64_t next_id[21];     /* definitions in earlier chunks are below it */
    uint64_t in_file[21];     /* rows outside snapshots */
    uint64_t in_snapshot[21]; /* rows of this snapshot */
    uint32_t snapshots;
    int open;
    uint64_t index_offset;    /* of the last INDEX chunk */
    uint64_t listed;          /* offset of the last chunk that an index lists */
    uint64_t unlisted;        /* chunks since the last INDEX chunk */
    uint64_t offset[8192];    /* of these */
    struct plain_chunk since[8192];
};

static uint8_t raw_room[1 << 24];
static uint64_t values[65536 * 17 + 16];

/* The payload as it was before it was packed. */
static const uint8_t *unpack(const struct plain_chunk *c)
{
    if (c->codec == 0) return c->payload;
    if (ZSTD_getFrameContentSize(c->payload, c->stored_size) != c->raw_size) return NULL;
    size_t n = ZSTD_decompress(raw_room, sizeof raw_room, c->payload, c->stored_size);
    return n == c->raw_size ? raw_room : NULL;
}

/* Sections 4.1, 4.2, 5: which columns there are, and that each holds its values and no more. */
static int columns_fit(const struct plain_chunk *c, const struct plain_column *col, int n)
{
    uint32_t there = 0;
    static uint64_t room[65536];
    for (int i = 0; i < n; i++) {
        uint32_t bit = UINT32_C(1) << col[i].id;
        int part_or_target = (c->kind == 4 && col[i].id == 2) || (c->kind == 13 && col[i].id < 4) ||
                             (c->kind == 14 && col[i].id < 3);
        uint32_t known = kinds[c->kind].needed | kinds[c->kind].sparse | kinds[c->kind].absent_is_0;
        if (col[i].id > 16 || (!(known & bit) && !part_or_target)) return 0;
        if (col[i].sparse && !(kinds[c->kind].sparse & bit)) return 0;
        if (((kinds[c->kind].bytes & bit) != 0) != (col[i].encoding == 7)) return 0;
        if (col[i].encoding != 7 &&
            !plain_decode(col[i].bytes, col[i].size, col[i].encoding, room, col[i].n))
            return 0;
        there |= bit;
    }
    if (c->kind == 13 && ((there >> 2 & 1) + (there >> 3 & 1)) != 1) return 0;
    if (c->kind == 14 && ((there >> 1 & 1) + (there >> 2 & 1)) != 1) return 0;
    return (there & kinds[c->kind].needed) == kinds[c->kind].needed;
}

static uint64_t first_should_be(const struct file *f, const struct plain_chunk *c)
{
    if (kinds[c->kind].definition) return f->next_id[c->kind];
    if (c->kind == 19) return f->index_offset;
    if (c->kind == 20) return 0;
    return c->snapshot ? f->in_snapshot[c->kind] : f->in_file[c->kind];
}

/* Section 3.3: snapshots, and definitions before their use. */
static void check_order(struct file *f, const struct plain_chunk *c, const struct plain_column *col,
                        int n)
{
    if (c->kind == 10) {
        WANT(!f->open && c->snapshot == ++f->snapshots && c->rows == 1);
        f->open = 1;
        memset(f->in_snapshot, 0, sizeof f->in_snapshot);
    }
    WANT(c->snapshot == 0 || (f->open && c->snapshot == f->snapshots));
    for (size_t k = 0; k < sizeof references / sizeof *references; k++) {
        if (references[k].kind != c->kind) continue;
        for (int i = 0; i < n; i++) {
            if (col[i].id != references[k].column) continue;
            WANT(plain_decode(col[i].bytes, col[i].size, col[i].encoding, values, col[i].n));
            for (size_t v = 0; v < col[i].n; v++)
                WANT(values[v] > 0 && values[v] < f->next_id[references[k].names]);
        }
    }
    for (int i = 0; i < n; i++) {
        int own = (c->kind == 5 && col[i].id == 7) || (c->kind == 7 && col[i].id == 1);
        int source = c->kind == 13 && col[i].id == 1;
        if (!own && !source) continue;
        WANT(plain_decode(col[i].bytes, col[i].size, col[i].encoding, values, col[i].n));
        for (uint32_t row = 0; own && row < c->rows; row++) {
            size_t which;
            if (plain_has(&col[i], row, &which)) WANT(values[which] < c->first + row);
        }
        for (size_t v = 0; source && v < col[i].n; v++) WANT(values[v] < f->in_snapshot[12]);
    }
    if (c->kind == 11) {
        WANT(f->open && c->rows == 1);
        for (int i = 0; i < 3; i++) {
            static const unsigned counted[] = { 12, 13, 14 };
            uint64_t x;
            WANT(plain_decode(col[i].bytes, col[i].size, col[i].encoding, &x, 1));
            WANT(x == f->in_snapshot[counted[i]]);
        }
    }
}

/* Section 7: an INDEX chunk lists what came since the one before. */
static void check_index(struct file *f, const struct plain_chunk *c, const struct plain_column *col,
                        uint64_t offset)
{
    WANT(c->rows == f->unlisted && c->rows <= 4096);
    for (int i = 0; i < 6; i++) {
        WANT(col[i].id == (unsigned)i + 1);
        WANT(plain_decode(col[i].bytes, col[i].size, col[i].encoding, values, c->rows));
        for (uint32_t row = 0; row < c->rows; row++) {
            const struct plain_chunk *s = &f->since[row];
            const uint64_t want[] = { f->offset[row], s->kind, s->rows, s->snapshot, s->first,
                                      s->stored_size };
            WANT(values[row] == want[i]);
        }
    }
    f->index_offset = offset;
    f->unlisted = 0;
}

static void check_total(struct file *f, const struct plain_chunk *c, const struct plain_column *col)
{
    uint64_t row = 0;
    for (unsigned kind = 1; kind <= 18; kind++) {
        const uint64_t want[] = { kind, f->chunks[kind], f->rows[kind], f->raw[kind],
                                  f->stored[kind] };
        if (f->chunks[kind] == 0) continue;
        for (int i = 0; i < 5; i++) {
            WANT(plain_decode(col[i].bytes, col[i].size, col[i].encoding, values, c->rows));
            WANT(row < c->rows && values[row] == want[i]);
        }
        row++;
    }
    WANT(row == c->rows);
}

/* ---- against libsnap's reader ---- */

static void check_bytes(const snap_batch *b, const struct plain_column *col, uint32_t rows)
{
    struct plain_bytes p = { col->bytes, col->bytes + col->size, false };
    uint64_t at = 0;
    for (size_t i = 0; i < col->n; i++) values[i] = plain_varint(&p);
    for (uint32_t row = 0; row < rows; row++) {
        size_t which, size;
        const char *got = snap_batch_bytes(b, col->id, row, &size);
        int has = plain_has(col, row, &which);
        WANT(!p.bad && (got != NULL) == has && snap_batch_has(b, col->id, row) == has);
        if (!has) continue;
        WANT(size == values[which] && size <= (uint64_t)(p.end - p.at) - at);
        WANT(memcmp(got, p.at + at, size) == 0);
        at += size;
    }
    WANT(at == (uint64_t)(p.end - p.at));
    WANT(snap_batch_u64(b, col->id) == NULL);
}

static void check_numbers(const snap_batch *b, const struct plain_column *col, uint32_t rows)
{
    const uint64_t *got = snap_batch_u64(b, col->id);
    const uint8_t *present = snap_batch_present(b, col->id);
    int is_position = snap_batch_kind(b) == 13 && col->id == 8;
    size_t at = 0;
    WANT(plain_decode(col->bytes, col->size, col->encoding, values, col->n) && got);
    for (uint32_t row = 0; row < rows; row++) {
        int has = !col->sparse || (col->bitmap[row / 8] >> row % 8 & 1);
        uint64_t x = has ? values[at++] : 0;
        if (is_position) continue; /* every edge has one: check_positions */
        WANT(got[row] == x && snap_batch_has(b, col->id, row) == has);
        WANT((present ? present[row / 8] >> row % 8 & 1 : 1) == has);
        int64_t sign = (int64_t)(x % 2 ? 0 - (x / 2 + 1) : x / 2);
        WANT(snap_batch_i64(b, col->id, row) == sign);
    }
}

/* Section 5.11: its index, or one more than the edge before where that has the same source, or 0.
 */
static void check_positions(const snap_batch *b, const struct plain_column *col, int n)
{
    uint32_t rows = snap_batch_rows(b);
    const uint64_t *source = snap_batch_u64(b, 1), *got = snap_batch_u64(b, 8);
    const struct plain_column *index = NULL;
    size_t at = 0;
    for (int i = 0; i < n; i++)
        if (col[i].id == 8) index = &col[i];
    if (index)
        WANT(plain_decode(index->bytes, index->size, index->encoding, values, index->n));
    for (uint32_t row = 0; row < rows; row++) {
        uint64_t want = row && source[row] == source[row - 1] ? got[row - 1] + 1 : 0;
        if (index && (!index->sparse || (index->bitmap[row / 8] >> row % 8 & 1)))
            want = values[at++];
        WANT(got[row] == want && snap_batch_has(b, 8, row));
    }
}

static void check_batch(const snap_batch *b, const struct plain_chunk *c,
                        const struct plain_column *col, int n, uint64_t offset)
{
    unsigned ids[PLAIN_COLUMNS] = { 0 };
    WANT(snap_batch_kind(b) == c->kind && snap_batch_rows(b) == c->rows);
    WANT(snap_batch_snapshot(b) == c->snapshot && snap_batch_first(b) == c->first);
    WANT(snap_batch_offset(b) == offset && snap_batch_raw_size(b) == c->raw_size);
    WANT(snap_batch_stored_size(b) == c->stored_size);
    WANT(snap_batch_columns(b, ids, PLAIN_COLUMNS) == (size_t)n);
    for (unsigned id = 0; id < 70; id++) {
        const struct plain_column *found = NULL;
        for (int i = 0; i < n; i++)
            if (col[i].id == id) found = &col[i];
        if (!found) {
            size_t size = 1;
            int position = c->kind == 13 && id == 8;
            WANT(position || (!snap_batch_u64(b, id) && !snap_batch_has(b, id, 0)));
            WANT(!snap_batch_bytes(b, id, 0, &size) && size == 0 && !snap_batch_present(b, id));
            WANT(position || snap_batch_i64(b, id, 0) == 0);
            continue;
        }
        WANT(ids[found - col] == id);
        if (found->encoding == 7) check_bytes(b, found, c->rows);
        else check_numbers(b, found, c->rows);
    }
    if (c->kind == 13) check_positions(b, col, n);
}

/* ---- the walk ---- */

static void count(struct file *f, const struct plain_chunk *c, uint64_t offset)
{
    f->chunks[c->kind]++;
    f->rows[c->kind] += c->rows;
    f->raw[c->kind] += c->raw_size;
    f->stored[c->kind] += c->stored_size;
    if (c->snapshot) f->in_snapshot[c->kind] += c->rows;
    else f->in_file[c->kind] += c->rows;
    if (c->kind == 11) f->open = 0;
    if (c->kind >= 19) return;
    f->offset[f->unlisted] = offset;
    f->since[f->unlisted++] = *c;
}

static void check_chunk(struct file *f, const struct plain_chunk *c, uint64_t offset,
                        const snap_batch *b)
{
    struct plain_column col[PLAIN_COLUMNS];
    WANT(c->kind >= 1 && c->kind <= 20 && c->sequence == f->sequence++);
    WANT(c->flags == (unsigned)kinds[c->kind].required);
    WANT(kinds[c->kind].scope != FILE_WIDE || c->snapshot == 0);
    WANT(kinds[c->kind].scope != OF_SNAPSHOT || c->snapshot != 0);
    WANT(c->kind == 10 || c->first == first_should_be(f, c));
    const uint8_t *payload = unpack(c);
    WANT(payload != NULL);
    int n = plain_columns(payload, c->raw_size, c->rows, col);
    WANT(n > 0 && columns_fit(c, col, n));
    check_order(f, c, col, n);
    check_batch(b, c, col, n, offset);
    if (c->kind == 19) check_index(f, c, col, offset);
    if (c->kind == 20) check_total(f, c, col);
    /* The parts of a string have one id, which is handed out with the last of them. */
    int part = 0;
    for (int i = 0; i < n; i++) part |= c->kind == 4 && col[i].id == 2;
    WANT(!part || c->rows == 1);
    uint64_t total = 0;
    if (part) {
        uint64_t number;
        WANT(plain_decode(col[1].bytes, col[1].size, col[1].encoding, &number, 1));
        static uint64_t left;
        if (number == 0) {
            WANT(n == 3 && plain_decode(col[2].bytes, col[2].size, col[2].encoding, &left, 1));
            WANT(left > SNAP_MAX_STRING_PART);
        }
        struct plain_bytes p = { col[0].bytes, col[0].bytes + col[0].size, false };
        uint64_t size = plain_varint(&p);
        WANT(size == (left < SNAP_MAX_STRING_PART ? left : SNAP_MAX_STRING_PART));
        left -= size;
        total = left; /* 0: it was the last part */
    }
    if (kinds[c->kind].definition && !(part && total)) f->next_id[c->kind] += c->rows;
    count(f, c, offset);
}

static void check_ends(struct file *f, struct plain_bytes *b, uint64_t total_offset)
{
    const uint8_t *start = f->memory.bytes;
    WANT(b->end - b->at == 32);
    WANT(memcmp(b->at + 24, "\x1A\x0A\x0D\x50\x41\x4E\x53\x89", 8) == 0);
    uint64_t sum = XXH3_64bits(b->at, 16);
    WANT(plain_number(b, 8) == f->index_offset && plain_number(b, 8) == total_offset);
    WANT(plain_number(b, 8) == sum && f->unlisted == 0 && !f->open);
    WANT(memcmp(start, "\x89\x53\x4E\x41\x50\x0D\x0A\x1A\x00\x01\x00\x00\x00\x00\x00\x00", 16) ==
         0);
    struct plain_bytes tail = { start + 32, start + 48, false };
    WANT(plain_number(&tail, 8) == 0 && plain_number(&tail, 8) == XXH3_64bits(start, 40));
}

static void check_file(struct file *f)
{
    struct plain_bytes b = { f->memory.bytes + 48, f->memory.bytes + f->memory.size, false };
    struct plain_chunk c = { 0 };
    unsigned failed = CU_get_number_of_failures();
    uint64_t offset = 0;
    snap_reader *r;
    snap_reader_options ro = { .size = sizeof ro, .strict = 1, .kinds = UINT64_MAX };
    WANT(snap_reader_open_memory(&r, f->memory.bytes, f->memory.size, &ro, NULL) == SNAP_OK);
    for (unsigned kind = 0; kind < 21; kind++) f->next_id[kind] = 1;
    while (b.end - b.at > 32 && CU_get_number_of_failures() == failed) {
        const snap_batch *batch;
        offset = (uint64_t)(b.at - f->memory.bytes);
        if (!CHECK(plain_chunk_next(&b, &c))) break;
        if (!CHECK_I64(snap_reader_next(r, &batch, NULL), SNAP_OK)) break;
        check_chunk(f, &c, offset, batch);
    }
    const snap_batch *none;
    CHECK_I64(snap_reader_next(r, &none, NULL), SNAP_END);
    snap_reader_close(r);
    WANT(CU_get_number_of_failures() == failed && c.kind == 20);
    check_ends(f, &b, offset);
}

static void once(uint64_t seed, size_t rows, uint32_t chunk_rows, int level, unsigned flags)
{
    static struct file f;
    snap_writer_options o = memory_options();
    memset(&f, 0, sizeof f);
    failing_seed = seed;
    o.chunk_rows = chunk_rows;
    o.level = level;
    snap_writer *w = memory_writer(&f.memory, &o);
    if (!CHECK(w != NULL)) return;
    CHECK_I64(gen_random(w, seed, rows, flags, NULL), SNAP_OK);
    CHECK_I64(snap_writer_close(w, NULL), SNAP_OK);
    check_file(&f);
    memory_free(&f.memory);
}

static void test_small(void)
{
    for (uint64_t seed = 1; seed <= 60; seed++)
        once(seed, 1 + (size_t)seed * 2, (uint32_t)(seed % 30), 0, (unsigned)(seed % 4));
}

/* Many chunks: several INDEX chunks; long strings: parts. */
static void test_large(void)
{
    once(200, 3000, 1, 1, 0);
    once(201, 6000, 0, 0, GEN_LONG);
    once(202, 6000, SNAP_MAX_CHUNK_ROWS, 5, GEN_LONG | GEN_DANGLING);
}

CU_MAIN("snap files against the specification", { "small files", test_small },
        { "many chunks, large chunks", test_large })
