/* SPDX-License-Identifier: MIT */
/*
 * The writer against a model of its contract: random sequences of calls, good and bad, in any
 * order, to a writer and to a plain list in memory that knows which ids were handed out, where
 * positions stand and what each call must answer. A sequence ends by closing, by giving up, or by
 * the call that the contract forbids; then what was written is read back and held against the list.
 */
#include <stdlib.h>

#include "cu.h"
#include "prop_snap_read.h"
#include "random_rows.h"
#include "snap_memory.h"

#define SEQUENCES 500u
#define CALLS     400u

struct model {
    snap_writer *w;
    struct gen_log log;
    struct memory_file file;
    uint64_t random;
    int bad;            /* now and then a call that the contract forbids */
    snap_status status; /* what every call answers from now on, once it is not SNAP_OK */
    uint64_t ids[SNAP_KIND_LAST + 1]; /* handed out so far, strings in normal form aside */
    uint64_t rows[SNAP_KIND_LAST + 1];
    uint32_t snapshots, open;         /* begun; the open one or 0 */
    uint64_t objects;                 /* of the open snapshot */
    uint64_t next;                    /* position after the last edge of the last object */
    uint64_t from, from_next;         /* the same of the source that edges_from had last */
    int from_known;
    uint64_t seen[40]; /* ids of the strings "0", "1", ..: the cache never fails here */
    unsigned calls[2];                /* answered well, answered by an error */
};

static uint64_t below(struct model *m, uint64_t n)
{
    m->random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = m->random;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % n;
}

/* Now and then true, where a sequence may go wrong. */
static int slip(struct model *m)
{
    return m->bad && below(m, 900) == 0;
}

/* An id that was handed out, 0 where `optional` says so, or one too many. */
static uint64_t some_id(struct model *m, unsigned kind, int optional, snap_status *want)
{
    if (slip(m) || (!optional && m->ids[kind] == 0)) {
        *want = SNAP_E_MISUSE;
        return optional || below(m, 2) ? m->ids[kind] + 1 : 0;
    }
    if (optional && (m->ids[kind] == 0 || below(m, 2))) return 0;
    return 1 + below(m, m->ids[kind]);
}

/* A size, now and then one beyond the limit. */
static uint64_t some_size(struct model *m, snap_status *want)
{
    static const uint64_t edge[] = { 0, 1, 127, 128, SNAP_MAX_SIZE - 1, SNAP_MAX_SIZE };
    if (slip(m)) {
        if (*want == SNAP_OK) *want = SNAP_E_LIMIT;
        return (uint64_t)SNAP_MAX_SIZE + 1 + below(m, 2) * SNAP_MAX_SIZE;
    }
    return below(m, 3) ? below(m, 5000) : edge[below(m, 6)];
}

static void outside(const struct model *m, snap_status *want)
{
    if (!m->open) *want = SNAP_E_MISUSE;
}

/* What the call answered is what the model says; a row that was taken is in the list. */
static int told(struct model *m, snap_status got, snap_status want, unsigned kind,
                const struct gen_row *row)
{
    if (m->status != SNAP_OK) want = m->status;
    m->status = want;
    m->calls[want != SNAP_OK]++;
    if (want == SNAP_OK && row) {
        gen_log_add(&m->log, kind, row);
        m->rows[kind]++;
    }
    return got == want || CHECK_I64(got, want);
}

static void do_string(struct model *m)
{
    char text[16];
    unsigned which = (unsigned)below(m, 40);
    uint64_t id = 0;
    int size = snprintf(text, sizeof text, "%u", which);
    snap_status got = snap_writer_string(m->w, text, (size_t)size, &id);
    int fresh = m->seen[which] == 0;
    struct gen_row row = { .bytes = gen_hash(text, (size_t)size), .v = { (uint64_t)size } };
    told(m, got, SNAP_OK, SNAP_KIND_STRING, fresh && m->status == SNAP_OK ? &row : NULL);
    if (m->status != SNAP_OK) return;
    if (fresh) m->seen[which] = ++m->ids[SNAP_KIND_STRING];
    CHECK_U64(id, m->seen[which]);
}

/* A definition got the next id. */
static void defined(struct model *m, unsigned kind, uint64_t id)
{
    if (m->status == SNAP_OK) CHECK_U64(id, ++m->ids[kind]);
}

static void do_type(struct model *m)
{
    snap_status want = SNAP_OK;
    uint64_t id = 0;
    snap_type t = { .object = below(m, 3), .loader = below(m, 2), .kind = (uint32_t)below(m, 9),
                    .flags = (uint32_t)below(m, 32) };
    t.name = some_id(m, SNAP_KIND_STRING, 0, &want);
    t.module = some_id(m, SNAP_KIND_STRING, 1, &want);
    t.base = some_id(m, SNAP_KIND_TYPE, 1, &want);
    t.size = some_size(m, &want);
    const struct gen_row row = { .v = { t.name, t.module, t.object, t.base, t.loader, t.size,
                                        t.kind, t.flags } };
    told(m, snap_writer_type(m->w, &t, &id), want, SNAP_KIND_TYPE, &row);
    defined(m, SNAP_KIND_TYPE, id);
}

static void do_frame(struct model *m)
{
    snap_status want = SNAP_OK;
    uint64_t id = 0;
    snap_frame f = { .address = below(m, 2) * below(m, 1u << 30), .line = (uint32_t)below(m, 99),
                     .language = (uint32_t)below(m, 6) };
    f.function = some_id(m, SNAP_KIND_STRING, 0, &want);
    f.file = some_id(m, SNAP_KIND_STRING, 1, &want);
    f.module = some_id(m, SNAP_KIND_MODULE, 1, &want);
    const struct gen_row row = { .v = { f.function, f.file, f.module, f.address, f.line,
                                        f.language } };
    told(m, snap_writer_frame(m->w, &f, &id), want, SNAP_KIND_FRAME, &row);
    defined(m, SNAP_KIND_FRAME, id);
}

static void do_stack(struct model *m)
{
    snap_status want = SNAP_OK;
    uint64_t id = 0, parent = some_id(m, SNAP_KIND_STACK, 1, &want);
    uint64_t frame = some_id(m, SNAP_KIND_FRAME, 0, &want);
    const struct gen_row row = { .v = { parent, frame } };
    told(m, snap_writer_stack(m->w, parent, frame, &id), want, SNAP_KIND_STACK, &row);
    defined(m, SNAP_KIND_STACK, id);
}

static void do_module(struct model *m)
{
    static const uint8_t build[SNAP_MAX_BUILD_ID + 1] = { 1, 2, 3 };
    snap_status want = SNAP_OK;
    uint64_t id = 0;
    snap_module x = { .start = below(m, 2) * 4096, .end = below(m, 2) * 8192 };
    x.path = some_id(m, SNAP_KIND_STRING, 0, &want);
    if (below(m, 2)) x.build_id = build;
    x.build_id_size = below(m, 4) ? (size_t)below(m, 40) : SNAP_MAX_BUILD_ID;
    if (x.build_id && want == SNAP_OK && slip(m)) {
        x.build_id_size = SNAP_MAX_BUILD_ID + 1;
        want = SNAP_E_LIMIT;
    }
    size_t size = x.build_id ? x.build_id_size : 0;
    const struct gen_row row = { .bytes = gen_hash(build, size),
                                 .v = { x.path, size, x.start, x.end } };
    told(m, snap_writer_module(m->w, &x, &id), want, SNAP_KIND_MODULE, &row);
    defined(m, SNAP_KIND_MODULE, id);
}

static void do_thread(struct model *m)
{
    snap_status want = SNAP_OK;
    uint64_t id = 0;
    if (!m->open && !slip(m)) return;
    snap_thread t = { .id = below(m, 1000), .os_id = below(m, 3), .object = below(m, 2) };
    t.name = some_id(m, SNAP_KIND_STRING, 1, &want);
    t.stack = some_id(m, SNAP_KIND_STACK, 1, &want);
    outside(m, &want);
    const struct gen_row row = { m->open, 0, { t.id, t.os_id, t.name, t.stack, t.object } };
    told(m, snap_writer_thread(m->w, &t, &id), want, SNAP_KIND_THREAD, &row);
    defined(m, SNAP_KIND_THREAD, id);
}

static void do_begin(struct model *m)
{
    snap_status want = SNAP_OK;
    if (m->open && !slip(m)) return;
    if (m->open) want = SNAP_E_MISUSE;
    told(m, snap_writer_begin(m->w, &(snap_begin){ .reason = below(m, 2) ? "model" : NULL }), want,
         SNAP_KIND_BEGIN, NULL);
    if (m->status != SNAP_OK) return;
    m->rows[SNAP_KIND_BEGIN]++;
    m->open = ++m->snapshots;
    m->objects = m->next = m->from_next = 0;
    m->from_known = 0;
}

static void do_finish(struct model *m)
{
    snap_status want = SNAP_OK;
    if (!m->open && !slip(m)) return;
    if (m->open && below(m, 4)) return;
    outside(m, &want);
    const struct gen_row row = { m->open, 0, { m->objects } };
    told(m, snap_writer_finish(m->w, &(snap_finish){ .flags = 1 }), want, SNAP_KIND_FINISH, &row);
    if (m->status == SNAP_OK) m->open = 0;
}

static void do_object(struct model *m)
{
    snap_status want = SNAP_OK;
    uint64_t ordinal = UINT64_MAX;
    if (!m->open && !slip(m)) return;
    snap_object o = { .id = below(m, 1000) * 16, .have = (uint32_t)below(m, 1u << 10),
                      .flags = (uint32_t)below(m, 3), .refcount = below(m, 9), .hash = below(m, 9),
                      .buffer = below(m, 9), .generation = (uint8_t)below(m, 3),
                      .resource = (uint8_t)below(m, 3), .state = (uint8_t)below(m, 3) };
    o.type = some_id(m, SNAP_KIND_TYPE, 0, &want);
    o.stack = some_id(m, SNAP_KIND_STACK, 1, &want);
    o.name = some_id(m, SNAP_KIND_STRING, 1, &want);
    outside(m, &want);
    uint64_t *sizes[] = { &o.shallow_size, &o.native_size, &o.length, &o.capacity, &o.bound };
    static const uint32_t in_use[] = { 0, SNAP_HAS_NATIVE, SNAP_HAS_LENGTH, SNAP_HAS_CAPACITY,
                                       SNAP_HAS_BOUND };
    for (int i = 0; i < 5; i++) {
        snap_status unused = SNAP_OK; /* a field that is not in use may hold anything */
        *sizes[i] = some_size(m, i == 0 || o.have & in_use[i] ? &want : &unused);
    }
    const struct gen_row row = gen_row_of_object(m->open, &o);
    told(m, snap_writer_object(m->w, &o, below(m, 8) ? &ordinal : NULL), want, SNAP_KIND_OBJECT,
         &row);
    if (m->status != SNAP_OK) return;
    if (ordinal != UINT64_MAX) CHECK_U64(ordinal, m->objects);
    m->objects++;
    m->next = 0;
}

/* Positions: of the last object one counter, whichever call writes its edges; of an earlier one
 * another, which begins anew when edges_from goes to a different source. */
static void do_edges(struct model *m)
{
    snap_edge e[6];
    size_t n = (size_t)below(m, 7);
    snap_status want = SNAP_OK;
    if (m->objects == 0 && (!slip(m) || n == 0)) return;
    int by_from = below(m, 3) == 0;
    uint64_t last = m->objects - 1;
    uint64_t source = !by_from || below(m, 4) == 0 ? last : below(m, m->objects + 1) % (last + 2);
    if (by_from && below(m, 3) == 0 && m->from_known && m->from < m->objects) source = m->from;
    if (!m->open || m->objects == 0 || source > last) want = SNAP_E_MISUSE;
    if (want != SNAP_OK && !slip(m)) return;
    if (by_from && source != last && (!m->from_known || m->from != source)) m->from_next = 0;
    uint64_t position = source == last ? m->next : m->from_next;
    for (size_t i = 0; i < n; i++) {
        e[i] = (snap_edge){ .target = below(m, 200), .kind = (uint16_t)(1 + below(m, 17)),
                            .flags = (uint16_t)(below(m, 16)) };
        if (e[i].flags & SNAP_EDGE_HAS_KEY_HASH) e[i].key_hash = (uint32_t)below(m, 1u << 24);
        e[i].name = some_id(m, SNAP_KIND_STRING, 1, &want);
        if (e[i].flags & SNAP_EDGE_HAS_INDEX) e[i].index = position + below(m, 5);
    }
    snap_status got = by_from ? snap_writer_edges_from(m->w, source, e, n)
                              : snap_writer_edges(m->w, e, n);
    told(m, got, want, SNAP_KIND_EDGE, NULL);
    if (m->status != SNAP_OK) return;
    for (size_t i = 0; i < n; i++) {
        if (e[i].flags & SNAP_EDGE_HAS_INDEX) position = e[i].index;
        e[i].index = position++;
        const struct gen_row row = gen_row_of_edge(m->open, source, &e[i]);
        gen_log_add(&m->log, SNAP_KIND_EDGE, &row);
        m->rows[SNAP_KIND_EDGE]++;
    }
    if (source == last) m->next = position;
    if (by_from) {
        m->from = source;
        m->from_known = 1;
    }
    if (m->from_known && m->from == source) m->from_next = position;
}

static void do_root(struct model *m)
{
    snap_status want = SNAP_OK;
    if (!m->open && !slip(m)) return;
    snap_root r = { .object = below(m, 300), .depth = (uint32_t)below(m, 9),
                    .kind = (uint16_t)(1 + below(m, 19)), .by_ordinal = (uint16_t)below(m, 2) };
    r.name = some_id(m, SNAP_KIND_STRING, 1, &want);
    r.thread = some_id(m, SNAP_KIND_THREAD, 1, &want);
    r.frame = some_id(m, SNAP_KIND_FRAME, 1, &want);
    outside(m, &want);
    const struct gen_row row = gen_row_of_root(m->open, &r);
    told(m, snap_writer_root(m->w, &r), want, SNAP_KIND_ROOT, &row);
}

static void do_block(struct model *m)
{
    snap_status want = SNAP_OK;
    if (!m->open && !slip(m)) return;
    snap_block b = { .address = below(m, 1u << 20), .domain = below(m, 3), .owner = below(m, 3) };
    b.stack = some_id(m, SNAP_KIND_STACK, 1, &want);
    b.size = some_size(m, &want);
    outside(m, &want);
    const struct gen_row row = { m->open, 0, { b.address, b.size, b.stack, b.domain, b.owner } };
    told(m, snap_writer_block(m->w, &b), want, SNAP_KIND_BLOCK, &row);
}

static void do_event(struct model *m)
{
    snap_status want = SNAP_OK;
    snap_event e = { .mono_ns = below(m, 1u << 30), .address = below(m, 1u << 30),
                     .thread = below(m, 3), .op = (uint32_t)(1 + below(m, 2)) };
    e.stack = some_id(m, SNAP_KIND_STACK, 1, &want);
    e.size = some_size(m, &want);
    const struct gen_row row = { m->open, 0,
                                 { e.mono_ns, e.address, e.size, e.stack, e.thread, e.op } };
    told(m, snap_writer_event(m->w, &e), want, SNAP_KIND_EVENT, &row);
}

static void do_value(struct model *m)
{
    static const char text[] = "preview\0of something";
    snap_status want = SNAP_OK;
    uint64_t ordinal = m->objects ? below(m, m->objects) : 0;
    size_t size = (size_t)below(m, sizeof text);
    if (slip(m)) ordinal = m->objects;
    if (!m->open || ordinal >= m->objects) want = SNAP_E_MISUSE;
    if (want != SNAP_OK && !slip(m)) return;
    const struct gen_row row = { m->open, gen_hash(text, size), { ordinal, size } };
    told(m, snap_writer_value(m->w, ordinal, text, size), want, SNAP_KIND_VALUE, &row);
}

/* Keys: good ones, and now and then one that is none. */
static const char *some_key(struct model *m, snap_status *want)
{
    static const char *const good[] = { "a", "service", "k\xC3\xA4se", "x.y.z" };
    static const char *const bad[] = { "", "a\nb", "\x7f", "\xC3", "\xED\xA0\x80", NULL };
    if (!slip(m)) return good[below(m, 4)];
    if (*want == SNAP_OK) *want = SNAP_E_MISUSE;
    return bad[below(m, 6)];
}

static void do_pair(struct model *m)
{
    static const char *const value[][2] = { { "", "" }, { "v", "v" }, { "\xFFx", "?x" },
                                            { "line\nbreak", "line\nbreak" } };
    snap_status want = SNAP_OK;
    unsigned v = (unsigned)below(m, 4), kind = below(m, 2) ? SNAP_KIND_LABEL : SNAP_KIND_METADATA;
    const char *key = some_key(m, &want);
    struct gen_row row = { .snapshot = m->open };
    row.bytes = gen_hash(key ? key : "", key ? strlen(key) : 0);
    row.v[0] = gen_hash(value[v][1], strlen(value[v][1])); /* as it is repaired */
    told(m, kind == SNAP_KIND_LABEL ? snap_writer_label(m->w, key, value[v][0])
                                    : snap_writer_metadata(m->w, key, value[v][0]),
         want, kind, &row);
}

static void do_number(struct model *m)
{
    static const int64_t edge[] = { 0, -1, 1, INT64_MIN, INT64_MAX };
    snap_status want = SNAP_OK;
    int sample = below(m, 2) != 0;
    int64_t x = below(m, 2) ? edge[below(m, 5)] : (int64_t)below(m, 100000) - 50000;
    if (!sample && !m->open && !slip(m)) return;
    const char *key = some_key(m, &want);
    if (!sample) outside(m, &want);
    struct gen_row row = { .snapshot = m->open, .v = { (uint64_t)x, sample ? 77 : 0 } };
    row.bytes = gen_hash(key ? key : "", key ? strlen(key) : 0);
    told(m, sample ? snap_writer_sample(m->w, key, 77, x) : snap_writer_counter(m->w, key, x), want,
         sample ? SNAP_KIND_SAMPLE : SNAP_KIND_COUNTER, &row);
}

static void do_flush(struct model *m)
{
    if (below(m, 4) == 0) told(m, snap_writer_flush(m->w), SNAP_OK, 0, NULL);
}

/* ---- sequences ---- */

static void check_counts(struct model *m)
{
    snap_writer_totals totals;
    snap_error err = { .code = SNAP_OK };
    snap_writer_get_totals(m->w, &totals);
    m->rows[SNAP_KIND_METADATA]++; /* the library's own */
    /* Of a call with a bad edge the edges before it may have been taken: the file has them. */
    uint64_t edges = totals.rows[SNAP_KIND_EDGE] - m->rows[SNAP_KIND_EDGE];
    if (m->status != SNAP_OK && edges < 6) m->rows[SNAP_KIND_EDGE] += edges;
    for (unsigned kind = 1; kind <= SNAP_KIND_LAST; kind++)
        if (!CHECK_U64(totals.rows[kind], m->rows[kind])) printf("  kind %u\n", kind);
    CHECK_U64(totals.bytes, m->file.size);
    CHECK_I64(snap_writer_status(m->w, &err), m->status);
    CHECK_I64(err.code, m->status);
}

/* After a failure: what reached the file is whole chunks, and nothing but the end is missing. */
static void check_rest(const struct model *m)
{
    snap_reader *r;
    const snap_batch *b;
    snap_reader_summary sum;
    uint64_t rows = 0;
    snap_status s;
    if (!CHECK_I64(snap_reader_open_memory(&r, m->file.bytes, m->file.size, NULL, NULL), SNAP_OK))
        return;
    while ((s = snap_reader_next(r, &b, NULL)) == SNAP_OK) rows += snap_batch_rows(b);
    snap_reader_get_summary(r, &sum);
    CHECK_I64(s, SNAP_END);
    CHECK(!sum.complete && sum.damaged == 1 && sum.lost_chunks == 0);
    CHECK_U64(sum.first_damage, m->file.size);
    uint64_t most = 0;
    for (unsigned kind = 1; kind <= SNAP_KIND_LAST; kind++) most += m->rows[kind];
    CHECK(rows <= most);
    snap_reader_close(r);
}

static void sequence(struct model *m, uint64_t seed, int bad)
{
    static void (*const calls[])(struct model *) = {
        do_string, do_string, do_type, do_frame, do_stack, do_module, do_thread, do_begin,
        do_finish, do_object, do_object, do_object, do_edges, do_edges, do_edges, do_edges,
        do_root, do_block, do_event, do_value, do_pair, do_number, do_flush
    };
    snap_writer_options o = memory_options();
    memset(m, 0, sizeof *m);
    m->random = seed;
    m->bad = bad;
    o.chunk_rows = below(m, 3) ? (uint32_t)(1 + below(m, 20)) : 0;
    o.max_chunk_age_ns = below(m, 4) ? 0 : 1;
    m->w = memory_writer(&m->file, &o);
    if (!CHECK(m->w != NULL)) return;
    for (int i = 0; i < 5; i++) calls[i](m); /* so that no id is wanted before there is one */
    for (unsigned i = CALLS / 2 + (unsigned)below(m, CALLS / 2); i > 0; i--)
        calls[below(m, sizeof calls / sizeof *calls)](m);
    if (m->open && m->status == SNAP_OK && below(m, 10)) {
        const struct gen_row row = { m->open, 0, { m->objects } };
        told(m, snap_writer_finish(m->w, &(snap_finish){ .flags = 0 }), SNAP_OK, SNAP_KIND_FINISH,
             &row);
        m->open = 0;
    }
    check_counts(m);
    if (m->open && m->status == SNAP_OK) m->status = SNAP_E_MISUSE; /* closed inside a snapshot */
    CHECK_I64(snap_writer_close(m->w, NULL), m->status);
}

static void test_sequences(int bad, unsigned *whole, unsigned *failed)
{
    unsigned before = CU_get_number_of_failures();
    for (uint64_t seed = 1; seed <= SEQUENCES; seed++) {
        static struct model m;
        struct gen_log got = { .n = { 0 } };
        sequence(&m, seed * 31 + (uint64_t)bad, bad);
        if (m.status == SNAP_OK) {
            ++*whole;
            CHECK(read_whole(m.file.bytes, m.file.size, &got) && logs_agree(&got, &m.log));
        } else {
            ++*failed;
            check_rest(&m);
        }
        gen_log_free(&got);
        gen_log_free(&m.log);
        memory_free(&m.file);
        if (CU_get_number_of_failures() != before) {
            printf("  sequence %" PRIu64 "\n", seed);
            return;
        }
    }
}

static void test_good(void)
{
    unsigned whole = 0, failed = 0;
    test_sequences(0, &whole, &failed);
    printf("  %u whole, %u closed inside a snapshot ", whole, failed);
    CHECK(whole > SEQUENCES / 2);
}

static void test_bad(void)
{
    unsigned whole = 0, failed = 0;
    test_sequences(1, &whole, &failed);
    printf("  %u whole, %u ended by a forbidden call ", whole, failed);
    CHECK(failed > SEQUENCES / 4 && whole > SEQUENCES / 50);
}

CU_MAIN("snap writer against a model", { "good calls", test_good }, { "bad calls", test_bad })
