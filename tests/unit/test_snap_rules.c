/* SPDX-License-Identifier: MIT */
/*
 * The contract from the caller's side: what the writer refuses, limits, options, long strings and
 * their parts, ends of files that contradict what stands before, stack use, statuses.
 */
#define _POSIX_C_SOURCE 200809L /* pthread_attr_setstack */
#include <pthread.h>
#include <stddef.h>

#include "cu.h"
#include "bytes.h"
#include "checksum.h"
#include "chunk.h"
#include "random_rows.h"
#include "snap_memory.h"

static struct memory_file f;

/* A writer with one string, type, frame, stack, module, thread and object, in a snapshot. */
static snap_writer *ready(void)
{
    uint64_t id;
    snap_writer *w = memory_writer(&f, NULL);
    if (!CHECK(w != NULL)) abort();
    CHECK_I64(snap_writer_string(w, "s", 1, &id), SNAP_OK);
    CHECK_I64(snap_writer_type(w, &(snap_type){ .name = 1 }, NULL), SNAP_OK);
    CHECK_I64(snap_writer_module(w, &(snap_module){ .path = 1 }, NULL), SNAP_OK);
    CHECK_I64(snap_writer_frame(w, &(snap_frame){ .function = 1 }, NULL), SNAP_OK);
    CHECK_I64(snap_writer_stack(w, 0, 1, NULL), SNAP_OK);
    CHECK_I64(snap_writer_begin(w, &(snap_begin){ .reason = "rules" }), SNAP_OK);
    CHECK_I64(snap_writer_thread(w, &(snap_thread){ .id = 1 }, NULL), SNAP_OK);
    CHECK_I64(snap_writer_object(w, &(snap_object){ .id = 1, .type = 1 }, NULL), SNAP_OK);
    return w;
}

/* The call made `s` of it; from then on everything is refused alike, and close says it again. */
static void refused(snap_writer *w, snap_status s, snap_status want, unsigned line)
{
    uint64_t id;
    snap_error err = { .code = SNAP_OK };
    if (!cu_i64(s, want, line, "status of the call", __FILE__)) printf("called in line %u\n", line);
    CHECK_I64(snap_writer_status(w, &err), want);
    CHECK(err.code == want && err.text[0] != 0);
    CHECK_I64(snap_writer_string(w, "x", 1, &id), want);
    CHECK_I64(snap_writer_type(w, &(snap_type){ .name = 1 }, NULL), want);
    CHECK_I64(snap_writer_frame(w, &(snap_frame){ .function = 1 }, NULL), want);
    CHECK_I64(snap_writer_stack(w, 0, 1, NULL), want);
    CHECK_I64(snap_writer_module(w, &(snap_module){ .path = 1 }, NULL), want);
    CHECK_I64(snap_writer_thread(w, &(snap_thread){ .id = 1 }, NULL), want);
    CHECK_I64(snap_writer_object(w, &(snap_object){ .type = 1 }, NULL), want);
    CHECK_I64(snap_writer_edges(w, NULL, 0), want);
    CHECK_I64(snap_writer_edges_from(w, 0, NULL, 0), want);
    CHECK_I64(snap_writer_root(w, &(snap_root){ .object = 1 }), want);
    CHECK_I64(snap_writer_value(w, 0, "v", 1), want);
    CHECK_I64(snap_writer_block(w, &(snap_block){ .size = 1 }), want);
    CHECK_I64(snap_writer_event(w, &(snap_event){ .op = 1 }), want);
    CHECK_I64(snap_writer_label(w, "k", "v"), want);
    CHECK_I64(snap_writer_counter(w, "c", 1), want);
    CHECK_I64(snap_writer_sample(w, "c", 1, 1), want);
    CHECK_I64(snap_writer_begin(w, &(snap_begin){ .reason = "" }), want);
    CHECK_I64(snap_writer_finish(w, &(snap_finish){ .flags = 0 }), want);
    CHECK_I64(snap_writer_flush(w), want);
    CHECK_I64(snap_writer_close(w, &err), want);
    CHECK_I64(err.code, want);
    memory_free(&f);
}

#define REFUSED(status, call)                                                                      \
    do {                                                                                           \
        snap_writer *w = ready();                                                                  \
        snap_status s = call;                                                                      \
        refused(w, s, status, __LINE__);                                                           \
    } while (0)

static void test_unknown_ids(void)
{
    const snap_status m = SNAP_E_MISUSE;
    REFUSED(m, snap_writer_type(w, &(snap_type){ .name = 0 }, NULL));
    REFUSED(m, snap_writer_type(w, &(snap_type){ .name = 2 }, NULL));
    REFUSED(m, snap_writer_type(w, &(snap_type){ .name = 1, .module = 2 }, NULL));
    REFUSED(m, snap_writer_type(w, &(snap_type){ .name = 1, .base = 2 }, NULL));
    REFUSED(m, snap_writer_frame(w, &(snap_frame){ .function = 0 }, NULL));
    REFUSED(m, snap_writer_frame(w, &(snap_frame){ .function = 1, .file = 2 }, NULL));
    REFUSED(m, snap_writer_frame(w, &(snap_frame){ .function = 1, .module = 2 }, NULL));
    REFUSED(m, snap_writer_stack(w, 2, 1, NULL));
    REFUSED(m, snap_writer_stack(w, 0, 2, NULL));
    REFUSED(m, snap_writer_stack(w, 0, 0, NULL));
    REFUSED(m, snap_writer_module(w, &(snap_module){ .path = 2 }, NULL));
    REFUSED(m, snap_writer_thread(w, &(snap_thread){ .name = 2 }, NULL));
    REFUSED(m, snap_writer_thread(w, &(snap_thread){ .stack = 2 }, NULL));
    REFUSED(m, snap_writer_object(w, &(snap_object){ .type = 0 }, NULL));
    REFUSED(m, snap_writer_object(w, &(snap_object){ .type = 2 }, NULL));
    REFUSED(m, snap_writer_object(w, &(snap_object){ .type = 1, .stack = 2 }, NULL));
    REFUSED(m, snap_writer_object(w, &(snap_object){ .type = 1, .name = 2 }, NULL));
    REFUSED(m, snap_writer_edges(w, &(snap_edge){ .name = 2 }, 1));
    REFUSED(m, snap_writer_edges(w, &(snap_edge){ .flags = SNAP_EDGE_HAS_KEY_HASH,
                                                  .key_hash = 1u << 24 }, 1));
    REFUSED(m, snap_writer_edges(w, &(snap_edge){ .flags = SNAP_EDGE_HAS_INDEX,
                                                  .index = UINT64_MAX }, 1));
    REFUSED(m, snap_writer_edges_from(w, 1, &(snap_edge){ .kind = 1 }, 1));
    REFUSED(m, snap_writer_root(w, &(snap_root){ .name = 2 }));
    REFUSED(m, snap_writer_root(w, &(snap_root){ .thread = 2 }));
    REFUSED(m, snap_writer_root(w, &(snap_root){ .frame = 2 }));
    REFUSED(m, snap_writer_value(w, 1, "v", 1));
    REFUSED(m, snap_writer_block(w, &(snap_block){ .stack = 2 }));
    REFUSED(m, snap_writer_event(w, &(snap_event){ .stack = 2 }));
}

static void test_order(void)
{
    const snap_status m = SNAP_E_MISUSE;
    snap_finish fin = { .flags = 0 };
    REFUSED(m, snap_writer_begin(w, &(snap_begin){ .reason = "twice" }));
    REFUSED(m, (CHECK_I64(snap_writer_finish(w, &fin), SNAP_OK), snap_writer_finish(w, &fin)));
    REFUSED(m, (CHECK_I64(snap_writer_finish(w, &fin), SNAP_OK),
                snap_writer_object(w, &(snap_object){ .type = 1 }, NULL)));
    REFUSED(m, (CHECK_I64(snap_writer_finish(w, &fin), SNAP_OK),
                snap_writer_edges(w, &(snap_edge){ .kind = 1 }, 1)));
    REFUSED(m, (CHECK_I64(snap_writer_finish(w, &fin), SNAP_OK),
                snap_writer_edges_from(w, 0, &(snap_edge){ .kind = 1 }, 1)));
    REFUSED(m, (CHECK_I64(snap_writer_finish(w, &fin), SNAP_OK),
                snap_writer_root(w, &(snap_root){ .object = 1 })));
    REFUSED(m, (CHECK_I64(snap_writer_finish(w, &fin), SNAP_OK),
                snap_writer_thread(w, &(snap_thread){ .id = 1 }, NULL)));
    REFUSED(m, (CHECK_I64(snap_writer_finish(w, &fin), SNAP_OK),
                snap_writer_block(w, &(snap_block){ .size = 1 })));
    REFUSED(m, (CHECK_I64(snap_writer_finish(w, &fin), SNAP_OK), snap_writer_value(w, 0, "v", 1)));
    REFUSED(m, (CHECK_I64(snap_writer_finish(w, &fin), SNAP_OK), snap_writer_counter(w, "c", 1)));
    /* The next snapshot has no object of its own yet. */
    REFUSED(m, (CHECK_I64(snap_writer_finish(w, &fin), SNAP_OK),
                CHECK_I64(snap_writer_begin(w, &(snap_begin){ .reason = "2" }), SNAP_OK),
                snap_writer_edges(w, &(snap_edge){ .kind = 1 }, 1)));
    snap_writer *w = ready();
    snap_error err;
    CHECK_I64(snap_writer_close(w, &err), m); /* inside a snapshot */
    memory_free(&f);
}

static char big[SNAP_MAX_TEXT + 2];

static void test_limits(void)
{
    const snap_status l = SNAP_E_LIMIT, m = SNAP_E_MISUSE;
    const uint64_t n = (uint64_t)1 << 63;
    memset(big, 'k', sizeof big - 1);
    REFUSED(l, snap_writer_type(w, &(snap_type){ .name = 1, .size = n }, NULL));
    REFUSED(l, snap_writer_object(w, &(snap_object){ .type = 1, .shallow_size = n }, NULL));
    REFUSED(l, snap_writer_object(w, &(snap_object){ .type = 1, .have = SNAP_HAS_NATIVE,
                                                     .native_size = n }, NULL));
    REFUSED(l, snap_writer_object(w, &(snap_object){ .type = 1, .have = SNAP_HAS_LENGTH,
                                                     .length = n }, NULL));
    REFUSED(l, snap_writer_object(w, &(snap_object){ .type = 1, .have = SNAP_HAS_CAPACITY,
                                                     .capacity = n }, NULL));
    REFUSED(l, snap_writer_object(w, &(snap_object){ .type = 1, .have = SNAP_HAS_BOUND,
                                                     .bound = n }, NULL));
    REFUSED(l, snap_writer_block(w, &(snap_block){ .size = n }));
    REFUSED(l, snap_writer_event(w, &(snap_event){ .size = n }));
    REFUSED(l, snap_writer_label(w, big, "v"));
    REFUSED(l, snap_writer_label(w, "k", big));
    REFUSED(l, snap_writer_counter(w, big, 1));
    REFUSED(l, snap_writer_value(w, 0, big, sizeof big - 1));
    REFUSED(l, (CHECK_I64(snap_writer_finish(w, &(snap_finish){ .flags = 0 }), SNAP_OK),
                snap_writer_begin(w, &(snap_begin){ .reason = big })));
    const uint8_t *id = (const uint8_t *)big;
    REFUSED(l, snap_writer_module(w, &(snap_module){ .path = 1, .build_id = id,
                                                     .build_id_size = SNAP_MAX_BUILD_ID + 1 },
                                  NULL));
    REFUSED(l, snap_writer_string(w, big, (size_t)SNAP_MAX_STRING + 1, &(uint64_t){ 0 }));
    REFUSED(m, snap_writer_label(w, "", "v"));
    REFUSED(m, snap_writer_label(w, NULL, "v"));
    REFUSED(m, snap_writer_label(w, "k", NULL));
    REFUSED(m, snap_writer_metadata(w, "a\nb", "v"));
    REFUSED(m, snap_writer_sample(w, "\xFF", 1, 1));
    /* Just within: fields that are not in use do not count. */
    snap_writer *w = ready();
    big[SNAP_MAX_TEXT] = 0;
    CHECK_I64(snap_writer_label(w, big, big), SNAP_OK);
    snap_object unused = { .type = 1, .native_size = n, .length = n, .capacity = n, .bound = n };
    CHECK_I64(snap_writer_object(w, &unused, NULL), SNAP_OK);
    snap_writer_abort(w, 0);
    memory_free(&f);
}

static void test_options(void)
{
    snap_writer *w;
    snap_reader *r;
    snap_error err;
    snap_sink sink = { memory_write, &f };
    snap_writer_options o = memory_options();
    o.level = -1;
    CHECK_I64(snap_writer_open_sink(&w, &sink, &o, &err), SNAP_E_MISUSE);
    CHECK(w == NULL && f.size == 0);
    o.size = 0;
    CHECK_I64(snap_writer_open_sink(&w, &sink, &o, NULL), SNAP_E_MISUSE);
    snap_reader_options ro = { .size = 0 };
    CHECK_I64(snap_reader_open_memory(&r, "", 0, &ro, &err), SNAP_E_MISUSE);
    /* A caller built against an older header gives a shorter structure. */
    o = (snap_writer_options){ .size = offsetof(snap_writer_options, level) + sizeof o.level,
                               .level = 3, .chunk_rows = 1u << 30 };
    CHECK_I64(snap_writer_open_sink(&w, &sink, &o, &err), SNAP_OK);
    CHECK_I64(snap_writer_close(w, NULL), SNAP_OK);
    CHECK(f.bytes[16] | f.bytes[17] | f.bytes[18] | f.bytes[19] | f.bytes[20]); /* a random uuid */
    memory_free(&f);
}

static void test_statuses(void)
{
    for (int s = SNAP_E_MISUSE; s <= SNAP_END; s++) {
        const char *name = snap_status_name((snap_status)s);
        CHECK(name && strlen(name) > 1 && strcmp(name, "unknown status") != 0);
    }
    CHECK_STR(snap_status_name((snap_status)77), "unknown status");
    CHECK_STR(snap_version(), SNAP_VERSION_STRING);
}

/* Structures that are filled millions of times may not grow unnoticed. */
static void test_structure_sizes(void)
{
    CHECK(sizeof(snap_edge) <= 32);
    CHECK(sizeof(snap_object) <= 120);
    CHECK(sizeof(snap_root) <= 40);
    CHECK(sizeof(snap_chunk_info) <= 32);
    CHECK(sizeof(snap_error) <= 256);
}

/* The clock is asked once in 256 rows, and edges count as rows. */
static unsigned asked;

static uint64_t counting_clock(void *opaque, int which)
{
    (void)opaque;
    asked++;
    return which ? 1000 : 1700000000000000000u;
}

static void test_clock(void)
{
    static const snap_edge edges[256] = { { .kind = 1 } };
    snap_writer_options o = memory_options();
    uint64_t name;
    o.clock = counting_clock;
    for (int aged = 0; aged <= 1; aged++) {
        o.max_chunk_age_ns = aged ? 1000000 : 0;
        snap_writer *w = memory_writer(&f, &o);
        CHECK_I64(snap_writer_string(w, "t", 1, &name), SNAP_OK);
        CHECK_I64(snap_writer_type(w, &(snap_type){ .name = name }, NULL), SNAP_OK);
        CHECK_I64(snap_writer_begin(w, &(snap_begin){ .reason = "x" }), SNAP_OK);
        asked = 0;
        for (uint64_t i = 0; i < 2560; i++)
            CHECK_I64(snap_writer_object(w, &(snap_object){ .id = i, .type = 1 }, NULL), SNAP_OK);
        CHECK_U64(asked, aged ? 10 : 0);
        for (unsigned i = 0; i < 10; i++) CHECK_I64(snap_writer_edges(w, edges, 256), SNAP_OK);
        CHECK_U64(asked, aged ? 20 : 0);
        snap_writer_abort(w, 0);
        memory_free(&f);
    }
}

/* ---- long strings ---- */

static size_t given, given_size;

static int count_string(void *opaque, uint64_t id, const char *bytes, size_t size)
{
    (void)id;
    given++;
    given_size += size;
    for (size_t i = 0; i < size; i += 4099) {
        if (size > SNAP_MAX_STRING_PART && bytes[i] != (char)(i % 251)) return 1;
    }
    return *(int *)opaque;
}

/* Reads the file, leaving chunk number `leave_out` away; returns how many strings were dropped. */
static uint64_t join(int refuse, unsigned leave_out, snap_status *status)
{
    snap_reader *r;
    const snap_batch *b;
    snap_string_joiner *j;
    given = given_size = 0;
    *status = SNAP_OK;
    CHECK_I64(snap_string_joiner_new(&j, NULL, count_string, &refuse), SNAP_OK);
    CHECK_I64(snap_reader_open_memory(&r, f.bytes, f.size, NULL, NULL), SNAP_OK);
    for (unsigned i = 0; snap_reader_next(r, &b, NULL) == SNAP_OK; i++) {
        if (snap_batch_kind(b) != SNAP_KIND_STRING) {
            CHECK_I64(snap_string_joiner_feed(j, b), SNAP_E_MISUSE);
            i--;
        } else if (i != leave_out) {
            snap_status s = snap_string_joiner_feed(j, b);
            if (s != SNAP_OK) *status = s;
        }
    }
    snap_reader_close(r);
    return snap_string_joiner_free(j);
}

static void test_parts(void)
{
    size_t part = SNAP_MAX_STRING_PART, size = 3 * part;
    char *text = malloc(size);
    uint64_t id, last;
    snap_status s;
    if (!text) abort();
    for (size_t i = 0; i < size; i++) text[i] = (char)(i % 251);
    snap_writer *w = memory_writer(&f, NULL);
    CHECK_I64(snap_writer_string(w, "a", 1, &id), SNAP_OK);
    CHECK_I64(snap_writer_string(w, text, part, &id), SNAP_OK);     /* one row still */
    CHECK_I64(snap_writer_string(w, text, part + 1, &id), SNAP_OK); /* 2 parts: chunks 2, 3 */
    CHECK_I64(snap_writer_string(w, text, size, &last), SNAP_OK);   /* 3 parts: chunks 4, 5, 6 */
    CHECK_U64(last, id + 1);
    CHECK_I64(snap_writer_string(w, "z", 1, &id), SNAP_OK);
    CHECK_U64(id, last + 1);
    CHECK_I64(snap_writer_close(w, NULL), SNAP_OK);
    CHECK_U64(join(0, 99, &s), 0);
    CHECK_U64(given, 5);
    CHECK_U64(given_size, 1 + part + part + 1 + size + 1);
    static const struct {
        unsigned leave_out;
        uint64_t dropped;
        size_t given;
    } cases[] = { { 2, 1, 4 }, { 3, 1, 4 }, { 4, 1, 4 }, { 5, 1, 4 }, { 6, 1, 4 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_U64(join(0, cases[i].leave_out, &s), cases[i].dropped);
        CHECK_U64(given, cases[i].given);
        CHECK_I64(s, SNAP_OK);
    }
    join(1, 99, &s);
    CHECK_I64(s, SNAP_E_IO);
    CHECK_U64(snap_string_joiner_free(NULL), 0);
    free(text);
    memory_free(&f);
}

/* ---- ends that lie ---- */

struct seen {
    unsigned n;
    snap_error first;
};

static void on_damage(void *opaque, const snap_error *what)
{
    struct seen *s = opaque;
    if (s->n++ == 0) s->first = *what;
}

static int complete(struct seen *seen)
{
    snap_reader *r;
    const snap_batch *b;
    snap_reader_summary sum;
    snap_reader_options o = { .size = sizeof o, .on_damage = on_damage, .opaque = seen };
    memset(seen, 0, sizeof *seen);
    CHECK_I64(snap_reader_open_memory(&r, f.bytes, f.size, &o, NULL), SNAP_OK);
    while (snap_reader_next(r, &b, NULL) == SNAP_OK) continue;
    snap_reader_get_summary(r, &sum);
    snap_reader_close(r);
    return sum.complete;
}

static void test_lying_ends(void)
{
    struct seen seen;
    snap_writer *w = ready();
    CHECK_I64(snap_writer_finish(w, &(snap_finish){ .flags = 0 }), SNAP_OK);
    CHECK_I64(snap_writer_close(w, NULL), SNAP_OK);
    CHECK(complete(&seen) && seen.n == 0);
    uint8_t *trailer = f.bytes + f.size - SNAP_TRAILER_SIZE;
    uint64_t index = bytes_get64(trailer), total = bytes_get64(trailer + 8);
    chunk_trailer_put(trailer, index + 1, total);
    CHECK(!complete(&seen));
    CHECK_U64(seen.first.offset, f.size - SNAP_TRAILER_SIZE);
    chunk_trailer_put(trailer, index, 0);
    CHECK(!complete(&seen));
    chunk_trailer_put(trailer, index, total);
    CHECK(complete(&seen));
    /* The totals say one chunk of strings; count one more. Small chunks are stored as they are, or
     * the test could not reach in. */
    struct chunk_header h;
    const char *text;
    uint8_t *header = f.bytes + total;
    CHECK_I64(chunk_header_get(header, &h, &text), CHUNK_GOOD);
    if (CHECK_I64(h.codec, CHUNK_STORED)) {
        uint8_t *last = header + SNAP_CHUNK_HEADER_SIZE + h.stored_size - 1;
        *last ^= 1;
        h.checksum = checksum64(header + SNAP_CHUNK_HEADER_SIZE, h.stored_size);
        chunk_header_put(header, &h);
        CHECK(!complete(&seen));
        CHECK_U64(seen.first.offset, total);
        CHECK_I64(seen.first.code, SNAP_E_CORRUPT);
    }
    memory_free(&f);
}

/* ---- many chunks, several readers ---- */

static void test_long_index(void)
{
    snap_reader *r;
    const snap_batch *b;
    snap_error err;
    size_t chunks;
    uint64_t name, objects = 10000;
    snap_writer_options o = memory_options();
    o.chunk_rows = 1;
    snap_writer *w = memory_writer(&f, &o);
    CHECK_I64(snap_writer_string(w, "t", 1, &name), SNAP_OK);
    CHECK_I64(snap_writer_type(w, &(snap_type){ .name = name }, NULL), SNAP_OK);
    CHECK_I64(snap_writer_begin(w, &(snap_begin){ .reason = "x" }), SNAP_OK);
    for (uint64_t i = 0; i < objects; i++) {
        CHECK_I64(snap_writer_object(w, &(snap_object){ .id = i, .type = 1 }, NULL), SNAP_OK);
    }
    CHECK_I64(snap_writer_finish(w, &(snap_finish){ .flags = 0 }), SNAP_OK);
    CHECK_I64(snap_writer_close(w, NULL), SNAP_OK);
    CHECK_I64(snap_reader_open_memory(&r, f.bytes, f.size, NULL, NULL), SNAP_OK);
    CHECK_I64(snap_reader_seek(r, 0, &err), SNAP_E_MISUSE); /* no index yet */
    CHECK_I64(snap_reader_load_index(r, &chunks, NULL), SNAP_OK);
    CHECK_U64(chunks, objects + 5); /* library, string, type, begin, finish */
    CHECK_I64(snap_reader_seek(r, chunks + 1, &err), SNAP_E_MISUSE);
    CHECK_I64(snap_reader_seek(r, chunks, &err), SNAP_OK);
    CHECK_I64(snap_reader_next(r, &b, &err), SNAP_END);
    for (size_t i = chunks; i-- > 0;) {
        const snap_chunk_info *c = snap_reader_chunk(r, i);
        if (c->kind != SNAP_KIND_OBJECT) continue;
        CHECK_I64(snap_reader_seek(r, i, &err), SNAP_OK);
        CHECK_I64(snap_reader_next(r, &b, &err), SNAP_OK);
        if (!CHECK_U64(snap_batch_u64(b, SNAP_COL_OBJECT_ID)[0], c->first)) break;
        CHECK_U64(snap_batch_offset(b), c->offset);
    }
    /* From here on the walk goes to the end. */
    uint64_t rest = 0;
    CHECK_I64(snap_reader_seek(r, chunks / 2, &err), SNAP_OK);
    while (snap_reader_next(r, &b, &err) == SNAP_OK) rest++;
    CHECK_U64(rest, chunks - chunks / 2);
    snap_reader_summary sum;
    snap_reader_get_summary(r, &sum);
    CHECK(!sum.complete); /* not seen as a whole in one go */
    CHECK_U64(sum.damaged, 0);
    snap_reader_close(r);
    memory_free(&f);
}

struct share {
    size_t number;
    uint64_t rows;
};

static void *read_share(void *opaque)
{
    struct share *s = opaque;
    snap_reader *r;
    const snap_batch *b;
    size_t chunks;
    if (snap_reader_open_memory(&r, f.bytes, f.size, NULL, NULL) != SNAP_OK) return NULL;
    if (snap_reader_load_index(r, &chunks, NULL) == SNAP_OK) {
        for (size_t i = s->number; i < chunks; i += 4) {
            if (snap_reader_seek(r, i, NULL) != SNAP_OK) break;
            if (snap_reader_next(r, &b, NULL) == SNAP_OK) s->rows += snap_batch_rows(b);
        }
    }
    snap_reader_close(r);
    return NULL;
}

static void test_parallel(void)
{
    snap_writer_totals totals;
    pthread_t thread[4];
    struct share share[4];
    uint64_t rows = 0, want = 0;
    snap_writer_options o = memory_options();
    o.chunk_rows = 500;
    snap_writer *w = memory_writer(&f, &o);
    CHECK_I64(gen_random(w, 9, 20000, 0, NULL), SNAP_OK);
    snap_writer_get_totals(w, &totals);
    CHECK_I64(snap_writer_close(w, NULL), SNAP_OK);
    for (unsigned k = 0; k <= SNAP_KIND_LAST; k++) want += totals.rows[k];
    for (size_t i = 0; i < 4; i++) {
        share[i] = (struct share){ i, 0 };
        CHECK_I64(pthread_create(&thread[i], NULL, read_share, &share[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(thread[i], NULL);
        rows += share[i].rows;
    }
    CHECK_U64(rows, want);
    memory_free(&f);
}

/* ---- stack ---- */

#if !defined(WITH_TSAN)
#define PAINT 0xA5u
#define STACK (256u << 10)

static void *write_and_close(void *opaque)
{
    snap_writer *w = opaque;
    uint64_t name;
    snap_edge e[4] = { { .kind = 1 } };
    if (snap_writer_string(w, big, 1000, &name) != SNAP_OK) return NULL;
    if (snap_writer_type(w, &(snap_type){ .name = name }, NULL) != SNAP_OK) return NULL;
    if (snap_writer_begin(w, &(snap_begin){ .reason = "stack" }) != SNAP_OK) return NULL;
    for (uint64_t i = 0; i < 100000; i++) {
        snap_object o = { .id = i * 7919, .type = 1, .shallow_size = i % 1000 };
        if (snap_writer_object(w, &o, NULL) != SNAP_OK) return NULL;
        e[3].target = i * i;
        if (snap_writer_edges(w, e, 4) != SNAP_OK) return NULL;
    }
    if (snap_writer_finish(w, &(snap_finish){ .flags = 1 }) != SNAP_OK) return NULL;
    return snap_writer_flush(w) == SNAP_OK ? w : NULL;
}

static void *read_to_end(void *opaque)
{
    snap_reader *r = opaque;
    const snap_batch *b;
    snap_status s;
    while ((s = snap_reader_next(r, &b, NULL)) == SNAP_OK) continue;
    return s == SNAP_END ? r : NULL;
}

/* Runs `work` on a painted stack; returns how many bytes of it were touched. */
static size_t stack_used(void *(*work)(void *), void *argument)
{
    pthread_attr_t attr;
    pthread_t thread;
    void *result = NULL;
    uint8_t *stack = aligned_alloc(4096, STACK);
    size_t untouched = 0;
    if (!stack) abort();
    memset(stack, PAINT, STACK);
    pthread_attr_init(&attr);
    CHECK_I64(pthread_attr_setstack(&attr, stack, STACK), 0);
    CHECK_I64(pthread_create(&thread, &attr, work, argument), 0);
    pthread_join(thread, &result);
    pthread_attr_destroy(&attr);
    CHECK(result != NULL);
    while (untouched < STACK && stack[untouched] == PAINT) untouched++;
    free(stack);
    return STACK - untouched;
}
#endif

static void test_stack(void)
{
#if defined(WITH_TSAN)
    CHECK(1); /* it keeps its own books in a thread's stack: ours would be overwritten */
#else
    snap_reader *r;
    snap_writer *w = memory_writer(&f, NULL);
    memset(big, 'b', 1000);
    size_t writer = stack_used(write_and_close, w);
    CHECK_I64(snap_writer_close(w, NULL), SNAP_OK);
    CHECK_I64(snap_reader_open_memory(&r, f.bytes, f.size, NULL, NULL), SNAP_OK);
    size_t reader = stack_used(read_to_end, r);
    snap_reader_close(r);
    memory_free(&f);
    printf("stack: writer %zu, reader %zu bytes, the thread's own included\n", writer, reader);
#if !defined(WITH_ASAN) && defined(__OPTIMIZE__)
    /* Padded or unoptimised frames say nothing. */
    CHECK(writer < 16384);
    CHECK(reader < 16384);
#endif
#endif
}

CU_MAIN("snap_rules", { "unknown ids", test_unknown_ids }, { "order", test_order },
        { "limits", test_limits }, { "options", test_options }, { "statuses", test_statuses },
        { "sizes of structures", test_structure_sizes }, { "the clock", test_clock },
        { "strings in parts", test_parts }, { "ends that lie", test_lying_ends },
        { "long index", test_long_index }, { "several readers", test_parallel },
        { "stack", test_stack })
