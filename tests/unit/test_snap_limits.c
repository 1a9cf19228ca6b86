/* SPDX-License-Identifier: MIT */
/*
 * Limits of the specification from the writer's side: at the edge everything is written and read
 * back, one beyond is refused by the right name; texts of every kind, strings around the borders of
 * parts up to the longest, rows of a chunk, chunks of an index, numbers; options; and which kinds a
 * reader delivers.
 */
#include <stdlib.h>

#include "cu.h"
#include "chunk.h"
#include "random_rows.h"
#include "snap_memory.h"

static struct memory_file f;
static char text[SNAP_MAX_TEXT + 2]; /* 'k' all over: cut where it is needed */

static const char *of_size(size_t size)
{
    memset(text, 'k', sizeof text);
    text[size] = 0;
    return text;
}

/* A writer inside a snapshot, with one string, type and object. */
static snap_writer *ready(const snap_writer_options *o)
{
    uint64_t id;
    snap_writer *w = memory_writer(&f, o);
    if (!w) abort();
    CHECK_I64(snap_writer_string(w, "s", 1, &id), SNAP_OK);
    CHECK_I64(snap_writer_type(w, &(snap_type){ .name = 1 }, NULL), SNAP_OK);
    CHECK_I64(snap_writer_begin(w, &(snap_begin){ .mono_ns = 1, .wall_ns = 1 }), SNAP_OK);
    CHECK_I64(snap_writer_object(w, &(snap_object){ .id = 1, .type = 1 }, NULL), SNAP_OK);
    return w;
}

static void close_good(snap_writer *w)
{
    CHECK_I64(snap_writer_finish(w, &(snap_finish){ .mono_ns = 2 }), SNAP_OK);
    CHECK_I64(snap_writer_close(w, NULL), SNAP_OK);
}

/* The longest text of a kind's column in the file. */
static size_t longest(unsigned kind, unsigned column)
{
    snap_reader *r;
    const snap_batch *b;
    size_t most = 0;
    snap_reader_options o = { .size = sizeof o, .strict = 1, .kinds = (uint64_t)1 << kind };
    CHECK_I64(snap_reader_open_memory(&r, f.bytes, f.size, &o, NULL), SNAP_OK);
    snap_status s;
    while ((s = snap_reader_next(r, &b, NULL)) == SNAP_OK) {
        CHECK_U64(snap_batch_kind(b), kind); /* nothing else was asked for */
        for (uint32_t i = 0; i < snap_batch_rows(b); i++) {
            size_t size;
            const char *bytes = snap_batch_bytes(b, column, i, &size);
            if (bytes && size > most) most = size;
        }
    }
    CHECK_I64(s, SNAP_END);
    snap_reader_close(r);
    return most;
}

/* ---- texts ---- */

static snap_status put_text(snap_writer *w, unsigned what, const char *t, size_t size)
{
    switch (what) {
    case 0: return snap_writer_metadata(w, t, "v");
    case 1: return snap_writer_metadata(w, "k", t);
    case 2: return snap_writer_label(w, t, "v");
    case 3: return snap_writer_label(w, "k", t);
    case 4: return snap_writer_counter(w, t, -1);
    case 5: return snap_writer_sample(w, t, 1, -1);
    case 6: return snap_writer_value(w, 0, t, size);
    default: break;
    }
    snap_status s = snap_writer_finish(w, &(snap_finish){ .mono_ns = 2 });
    if (s == SNAP_OK && what == 7)
        s = snap_writer_begin(w, &(snap_begin){ .reason = t, .mono_ns = 1, .wall_ns = 1 });
    if (s == SNAP_OK && what == 8)
        s = snap_writer_begin(w, &(snap_begin){ .reason = t, .reason_size = size, .mono_ns = 1,
                                                .wall_ns = 1 });
    return s;
}

static void test_texts(void)
{
    static const struct {
        unsigned kind, column;
    } where[] = { { SNAP_KIND_METADATA, SNAP_COL_PAIR_KEY }, { SNAP_KIND_METADATA, 2 },
                  { SNAP_KIND_LABEL, SNAP_COL_PAIR_KEY },    { SNAP_KIND_LABEL, 2 },
                  { SNAP_KIND_COUNTER, SNAP_COL_PAIR_KEY },  { SNAP_KIND_SAMPLE, 1 },
                  { SNAP_KIND_VALUE, SNAP_COL_PAIR_VALUE },  { SNAP_KIND_BEGIN, 1 },
                  { SNAP_KIND_BEGIN, 1 } };
    for (unsigned what = 0; what < sizeof where / sizeof *where; what++) {
        static const size_t sizes[] = { 1, 2, SNAP_MAX_TEXT - 1, SNAP_MAX_TEXT };
        for (size_t i = 0; i < 4; i++) {
            snap_writer *w = ready(NULL);
            CHECK_I64(put_text(w, what, of_size(sizes[i]), sizes[i]), SNAP_OK);
            CHECK_I64(put_text(w, what < 7 ? what : 0, of_size(1), 1), SNAP_OK); /* one more */
            close_good(w);
            if (!CHECK(longest(where[what].kind, where[what].column) >= sizes[i]))
                printf("  text %u of %zu bytes\n", what, sizes[i]);
            memory_free(&f);
        }
        snap_writer *w = ready(NULL);
        if (!CHECK_I64(put_text(w, what, of_size(SNAP_MAX_TEXT + 1), SNAP_MAX_TEXT + 1),
                       SNAP_E_LIMIT))
            printf("  text %u\n", what);
        CHECK_I64(snap_writer_close(w, NULL), SNAP_E_LIMIT);
        memory_free(&f);
    }
}

/* As many texts of the longest sort as do not fit one chunk: none is lost, none is cut. */
static void test_many_texts(void)
{
    snap_writer *w = ready(NULL);
    for (unsigned i = 0; i < 50; i++) {
        CHECK_I64(snap_writer_value(w, 0, of_size(SNAP_MAX_TEXT - i), SNAP_MAX_TEXT - i), SNAP_OK);
        CHECK_I64(snap_writer_label(w, of_size(SNAP_MAX_TEXT - i), ""), SNAP_OK);
    }
    snap_writer_totals t;
    snap_writer_get_totals(w, &t);
    CHECK_U64(t.rows[SNAP_KIND_VALUE], 50);
    close_good(w);
    snap_reader *r;
    const snap_batch *b;
    uint64_t bytes = 0;
    CHECK_I64(snap_reader_open_memory(&r, f.bytes, f.size, NULL, NULL), SNAP_OK);
    while (snap_reader_next(r, &b, NULL) == SNAP_OK)
        for (uint32_t i = 0; snap_batch_kind(b) == SNAP_KIND_VALUE && i < snap_batch_rows(b); i++) {
            size_t size;
            CHECK(snap_batch_bytes(b, SNAP_COL_PAIR_VALUE, i, &size) != NULL);
            bytes += size;
        }
    CHECK_U64(bytes, 50 * SNAP_MAX_TEXT - 49 * 50 / 2);
    snap_reader_close(r);
    memory_free(&f);
}

/* ---- strings ---- */

/* Parts of the strings in the file; the last `total` that was announced. */
static unsigned count_parts(uint64_t *bytes, uint64_t *total)
{
    snap_reader *r;
    const snap_batch *b;
    unsigned parts = 0;
    *bytes = *total = 0;
    snap_reader_options o = { .size = sizeof o, .strict = 1,
                              .kinds = (uint64_t)1 << SNAP_KIND_STRING };
    CHECK_I64(snap_reader_open_memory(&r, f.bytes, f.size, &o, NULL), SNAP_OK);
    while (snap_reader_next(r, &b, NULL) == SNAP_OK) {
        const uint64_t *part = snap_batch_u64(b, SNAP_COL_STRING_PART);
        size_t size;
        if (!part) {
            for (uint32_t i = 0; i < snap_batch_rows(b); i++)
                if (snap_batch_bytes(b, 1, i, &size) && size > 1) *bytes += size;
            continue;
        }
        CHECK_U64(part[0], parts++);
        CHECK(snap_batch_bytes(b, 1, 0, &size) != NULL);
        *bytes += size;
        if (snap_batch_u64(b, SNAP_COL_STRING_TOTAL))
            *total = snap_batch_u64(b, SNAP_COL_STRING_TOTAL)[0];
    }
    snap_reader_close(r);
    return parts;
}

static void test_strings(void)
{
    const size_t part = SNAP_MAX_STRING_PART;
    const struct {
        size_t size;
        unsigned parts;
    } cases[] = { { part - 1, 0 },     { part, 0 },         { part + 1, 2 },  { 2 * part - 1, 2 },
                  { 2 * part, 2 },     { 2 * part + 1, 3 }, { 65536, 0 },     { 65537, 0 },
                  { SNAP_MAX_STRING - 1, 256 }, { SNAP_MAX_STRING, 256 } };
    char *bytes = calloc(1, (size_t)SNAP_MAX_STRING + 1);
    if (!bytes) return; /* 256 MiB of address space, hardly any of it memory */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t id = 0, after = 0, got, total;
        snap_writer *w = ready(NULL);
        CHECK_I64(snap_writer_string(w, bytes, cases[i].size, &id), SNAP_OK);
        CHECK_U64(id, 2);
        CHECK_I64(snap_writer_string(w, "z", 1, &after), SNAP_OK);
        CHECK_U64(after, 3); /* parts share one id */
        close_good(w);
        CHECK_U64(count_parts(&got, &total), cases[i].parts);
        CHECK_U64(got, cases[i].size);
        CHECK_U64(total, cases[i].parts ? cases[i].size : 0);
        memory_free(&f);
    }
    snap_writer *w = ready(NULL);
    uint64_t id;
    CHECK_I64(snap_writer_string(w, bytes, (size_t)SNAP_MAX_STRING + 1, &id), SNAP_E_LIMIT);
    snap_writer_abort(w, 0);
    memory_free(&f);
    free(bytes);
}

/* ---- rows, chunks ---- */

static void test_rows_of_a_chunk(void)
{
    static const uint32_t rows[] = { 1, 2, 32767, 32768, 32769, SNAP_MAX_CHUNK_ROWS };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snap_writer_options o = memory_options();
        snap_reader *r;
        const snap_batch *b;
        uint32_t seen[3] = { 0 };
        unsigned n = 0;
        o.chunk_rows = rows[i];
        snap_writer *w = ready(&o);
        for (uint32_t k = 1; k < rows[i] + 1; k++)
            if (snap_writer_object(w, &(snap_object){ .id = k, .type = 1 }, NULL) != SNAP_OK) break;
        close_good(w);
        snap_reader_options ro = { .size = sizeof ro, .strict = 1,
                                   .kinds = (uint64_t)1 << SNAP_KIND_OBJECT };
        CHECK_I64(snap_reader_open_memory(&r, f.bytes, f.size, &ro, NULL), SNAP_OK);
        while (snap_reader_next(r, &b, NULL) == SNAP_OK && n < 3) seen[n++] = snap_batch_rows(b);
        CHECK_U64(n, 2);
        CHECK(seen[0] == rows[i] && seen[1] == 1);
        snap_reader_close(r);
        memory_free(&f);
    }
}

/* INDEX chunks: one after 4,096 chunks, one at the end unless there is nothing new to list. */
static void test_index_chunks(void)
{
    static const struct {
        unsigned chunks, index;
    } cases[] = { { 100, 1 }, { 4095, 1 }, { 4096, 1 }, { 4097, 2 }, { 8192, 2 }, { 8193, 3 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snap_writer_options o = memory_options();
        snap_reader *r;
        const snap_batch *b;
        unsigned index = 0, rows = 0;
        o.chunk_rows = 1;
        snap_writer *w = ready(&o);
        /* library, string, type, begin, object, finish: six chunks beside those of the loop */
        for (unsigned k = 6; k < cases[i].chunks; k++)
            CHECK_I64(snap_writer_object(w, &(snap_object){ .id = k, .type = 1 }, NULL), SNAP_OK);
        close_good(w);
        snap_reader_options ro = { .size = sizeof ro, .strict = 1,
                                   .kinds = (uint64_t)1 << SNAP_KIND_INDEX };
        CHECK_I64(snap_reader_open_memory(&r, f.bytes, f.size, &ro, NULL), SNAP_OK);
        while (snap_reader_next(r, &b, NULL) == SNAP_OK) {
            index++;
            rows += snap_batch_rows(b);
        }
        CHECK_U64(index, cases[i].index);
        CHECK_U64(rows, cases[i].chunks);
        snap_reader_close(r);
        memory_free(&f);
    }
}

/* ---- numbers ---- */

static void test_numbers(void)
{
    const uint64_t most = SNAP_MAX_SIZE;
    snap_writer *w = ready(NULL);
    const snap_object o = { .id = UINT64_MAX, .type = 1, .shallow_size = most, .have = 0x3ff,
                            .flags = UINT32_MAX, .native_size = most, .refcount = UINT64_MAX,
                            .length = most, .capacity = most, .hash = UINT64_MAX, .bound = most,
                            .buffer = UINT64_MAX, .generation = 255, .resource = 255,
                            .state = 255 };
    const snap_edge edge = { .target = UINT64_MAX, .index = most, .key_hash = 0xFFFFFF,
                             .kind = UINT16_MAX,
                             .flags = SNAP_EDGE_HAS_INDEX | SNAP_EDGE_HAS_KEY_HASH };
    CHECK_I64(snap_writer_object(w, &o, NULL), SNAP_OK);
    CHECK_I64(snap_writer_edges(w, &edge, 1), SNAP_OK);
    CHECK_I64(snap_writer_counter(w, "least", INT64_MIN), SNAP_OK);
    CHECK_I64(snap_writer_counter(w, "most", INT64_MAX), SNAP_OK);
    CHECK_I64(snap_writer_block(w, &(snap_block){ UINT64_MAX, most, 0, UINT64_MAX, UINT64_MAX }),
              SNAP_OK);
    close_good(w);
    snap_reader *r;
    const snap_batch *b;
    unsigned seen = 0;
    CHECK_I64(snap_reader_open_memory(&r, f.bytes, f.size, NULL, NULL), SNAP_OK);
    while (snap_reader_next(r, &b, NULL) == SNAP_OK) {
        snap_object got;
        snap_edge e;
        uint64_t source;
        unsigned kind = snap_batch_kind(b);
        if (kind == SNAP_KIND_OBJECT) {
            snap_batch_object(b, 1, &got);
            seen += memcmp(&got, &o, offsetof(snap_object, generation)) == 0 &&
                    got.generation == 255 && got.resource == 255 && got.state == 255;
        } else if (kind == SNAP_KIND_EDGE) {
            snap_batch_edge(b, 0, &source, &e);
            seen += source == 1 && e.target == UINT64_MAX && e.index == most &&
                    e.key_hash == 0xFFFFFF && e.kind == UINT16_MAX;
        } else if (kind == SNAP_KIND_COUNTER) {
            seen += snap_batch_i64(b, SNAP_COL_PAIR_NUMBER, 0) == INT64_MIN;
            seen += snap_batch_i64(b, SNAP_COL_PAIR_NUMBER, 1) == INT64_MAX;
        }
    }
    CHECK_U64(seen, 4);
    snap_reader_close(r);
    memory_free(&f);
    /* The position after the last one there is: refused, though no field says it. */
    w = ready(NULL);
    CHECK_I64(snap_writer_edges(w, &edge, 1), SNAP_OK);
    CHECK_I64(snap_writer_edges(w, &(snap_edge){ .kind = 1 }, 1), SNAP_E_MISUSE);
    snap_writer_abort(w, 0);
    memory_free(&f);
}

/* ---- options ---- */

static size_t asked_for;

static void *note_size(void *opaque, size_t size)
{
    (void)opaque;
    asked_for = size;
    return malloc(size);
}

static void give(void *opaque, void *ptr, size_t size)
{
    (void)opaque;
    CHECK_U64(size, asked_for);
    free(ptr);
}

static void test_options(void)
{
    const snap_allocator a = { note_size, give, NULL };
    static const struct {
        int level;
        uint32_t rows;
        int good;
    } cases[] = { { 0, 0, 1 },  { 1, 1, 1 },   { 19, 65536, 1 }, { 20, 0, 0 },
                  { -1, 0, 0 }, { 3, 65537, 0 }, { 3, UINT32_MAX, 0 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snap_writer_options o = memory_options();
        snap_writer *w = NULL;
        snap_sink sink = { memory_write, &f };
        o.level = cases[i].level;
        o.chunk_rows = cases[i].rows;
        o.allocator = &a;
        size_t size = snap_writer_memory(&o);
        CHECK_I64(size != 0, cases[i].good);
        CHECK_I64(snap_writer_open_sink(&w, &sink, &o, NULL),
                  cases[i].good ? SNAP_OK : SNAP_E_MISUSE);
        CHECK_I64(w != NULL, cases[i].good);
        if (!w) continue;
        CHECK_U64(asked_for, size); /* the one allocation there is, exactly as told */
        CHECK_I64(snap_writer_close(w, NULL), SNAP_OK);
        memory_free(&f);
    }
    snap_writer_options o = memory_options();
    o.chunk_rows = 1000;
    size_t little = snap_writer_memory(&o);
    o.chunk_rows = SNAP_MAX_CHUNK_ROWS;
    CHECK(little < snap_writer_memory(NULL) && snap_writer_memory(NULL) < snap_writer_memory(&o));
    CHECK(snap_writer_memory(NULL) < (size_t)16 << 20); /* "about 13 MiB with the defaults" */
    o.size = 1;
    CHECK_U64(snap_writer_memory(&o), 0);
    CHECK_I64(snap_writer_close(NULL, NULL), SNAP_OK);
    snap_writer_abort(NULL, 1);
    snap_reader_close(NULL);
}

/* Which kinds come: those whose bits are set; INDEX and TOTAL only where they are asked for. */
static void test_kinds(void)
{
    uint64_t every = 0, all = 0;
    snap_writer *w = memory_writer(&f, NULL);
    CHECK_I64(gen_random(w, 21, 300, 0, NULL), SNAP_OK);
    CHECK_I64(snap_writer_close(w, NULL), SNAP_OK);
    for (unsigned kind = 0; kind <= SNAP_KIND_LAST + 1; kind++) {
        snap_reader *r;
        const snap_batch *b;
        snap_reader_summary sum;
        uint64_t seen = 0;
        snap_reader_options o = { .size = sizeof o, .strict = 1,
                                  .kinds = kind ? (uint64_t)1 << kind : 0 };
        CHECK_I64(snap_reader_open_memory(&r, f.bytes, f.size, &o, NULL), SNAP_OK);
        while (snap_reader_next(r, &b, NULL) == SNAP_OK)
            seen |= (uint64_t)1 << snap_batch_kind(b);
        snap_reader_get_summary(r, &sum);
        CHECK(sum.complete); /* whatever was skipped was looked at */
        snap_reader_close(r);
        if (kind == 0) every = seen;
        else CHECK_U64(seen & ~((uint64_t)1 << kind), 0);
        if (kind) all |= seen;
    }
    uint64_t ends = (uint64_t)1 << SNAP_KIND_INDEX | (uint64_t)1 << SNAP_KIND_TOTAL;
    CHECK_U64(every, all & ~ends);
    CHECK_U64(all & ends, ends);
    CHECK_I64(__builtin_popcountll(all), SNAP_KIND_LAST - 1); /* all but COUNTER */
    memory_free(&f);
}

CU_MAIN("snap limits", { "texts", test_texts }, { "many texts", test_many_texts },
        { "strings", test_strings }, { "rows of a chunk", test_rows_of_a_chunk },
        { "chunks of an index", test_index_chunks }, { "numbers", test_numbers },
        { "options", test_options }, { "kinds", test_kinds })
