/* SPDX-License-Identifier: MIT */
/* From batches to rows in normal form. See prop_snap_read.h. */
#include "cu.h"
#include "prop_snap_read.h"
#include "snap_memory.h"

struct reading {
    struct gen_log log;
    snap_string_joiner *joiner;
};

static int whole_string(void *opaque, uint64_t id, const char *bytes, size_t size)
{
    struct reading *g = opaque;
    (void)id;
    gen_log_add(&g->log, SNAP_KIND_STRING,
                &(struct gen_row){ .bytes = gen_hash(bytes, size), .v = { size } });
    return 0;
}

static uint32_t hash_of(const snap_batch *b, unsigned column, uint32_t row, size_t *size)
{
    size_t n;
    const char *bytes = snap_batch_bytes(b, column, row, &n);
    if (size) *size = n;
    return gen_hash(bytes ? bytes : "", n);
}

static uint64_t value(const snap_batch *b, unsigned column, uint32_t row)
{
    const uint64_t *v = snap_batch_u64(b, column);
    return v ? v[row] : 0;
}

/* Definitions in normal form. */
static struct gen_row definition(const snap_batch *b, uint32_t i)
{
    switch (snap_batch_kind(b)) {
    case SNAP_KIND_MODULE: {
        snap_module m;
        snap_batch_module(b, i, &m);
        return (struct gen_row){ .bytes = hash_of(b, SNAP_COL_MODULE_BUILD_ID, i, NULL),
                                 .v = { m.path, m.build_id_size, m.start, m.end } };
    }
    case SNAP_KIND_FRAME: {
        snap_frame f;
        snap_batch_frame(b, i, &f);
        return (struct gen_row){ .v = { f.function, f.file, f.module, f.address, f.line,
                                        f.language } };
    }
    case SNAP_KIND_STACK: {
        struct gen_row row = { .snapshot = 0 };
        snap_batch_stack(b, i, &row.v[0], &row.v[1]);
        return row;
    }
    default: {
        snap_type t;
        snap_batch_type(b, i, &t);
        return (struct gen_row){ .v = { t.name, t.module, t.object, t.base, t.loader, t.size,
                                        t.kind, t.flags } };
    }
    }
}

/* Rows with texts in normal form. */
static struct gen_row fact(const snap_batch *b, uint32_t i)
{
    uint32_t s = snap_batch_snapshot(b);
    size_t size;
    struct gen_row row = { .snapshot = s, .bytes = hash_of(b, SNAP_COL_PAIR_KEY, i, NULL) };
    switch (snap_batch_kind(b)) {
    case SNAP_KIND_METADATA:
    case SNAP_KIND_LABEL:
        row.v[0] = hash_of(b, SNAP_COL_PAIR_VALUE, i, NULL);
        break;
    case SNAP_KIND_VALUE:
        row.bytes = hash_of(b, SNAP_COL_PAIR_VALUE, i, &size);
        row.v[0] = value(b, SNAP_COL_VALUE_OBJECT, i);
        row.v[1] = size;
        break;
    default:
        row.v[0] = (uint64_t)snap_batch_i64(b, SNAP_COL_PAIR_NUMBER, i);
        if (snap_batch_kind(b) == SNAP_KIND_SAMPLE) row.v[1] = value(b, SNAP_COL_PAIR_TIME, i);
    }
    return row;
}

static struct gen_row snapshot_row(const snap_batch *b, uint32_t i)
{
    uint32_t s = snap_batch_snapshot(b);
    switch (snap_batch_kind(b)) {
    case SNAP_KIND_OBJECT: {
        snap_object o;
        snap_batch_object(b, i, &o);
        return gen_row_of_object(s, &o);
    }
    case SNAP_KIND_EDGE: {
        snap_edge e;
        uint64_t source;
        snap_batch_edge(b, i, &source, &e);
        return gen_row_of_edge(s, source, &e);
    }
    case SNAP_KIND_ROOT: {
        snap_root r;
        snap_batch_root(b, i, &r);
        return gen_row_of_root(s, &r);
    }
    case SNAP_KIND_THREAD: {
        snap_thread t;
        snap_batch_thread(b, i, &t);
        return (struct gen_row){ s, 0, { t.id, t.os_id, t.name, t.stack, t.object } };
    }
    case SNAP_KIND_BLOCK: {
        snap_block k;
        snap_batch_block(b, i, &k);
        return (struct gen_row){ s, 0, { k.address, k.size, k.stack, k.domain, k.owner } };
    }
    case SNAP_KIND_EVENT: {
        snap_event e;
        snap_batch_event(b, i, &e);
        return (struct gen_row){ s, 0, { e.mono_ns, e.address, e.size, e.stack, e.thread, e.op } };
    }
    default: {
        snap_finish f;
        snap_batch_finish(b, i, &f);
        return (struct gen_row){ s, 0, { f.objects } };
    }
    }
}

static void take(struct reading *g, const snap_batch *b)
{
    unsigned kind = snap_batch_kind(b);
    if (kind == SNAP_KIND_STRING) {
        CHECK_I64(snap_string_joiner_feed(g->joiner, b), SNAP_OK);
        return;
    }
    if (kind == SNAP_KIND_BEGIN) return;
    for (uint32_t i = 0; i < snap_batch_rows(b); i++) {
        struct gen_row row;
        switch (kind) {
        case SNAP_KIND_TYPE:
        case SNAP_KIND_FRAME:
        case SNAP_KIND_STACK:
        case SNAP_KIND_MODULE: row = definition(b, i); break;
        case SNAP_KIND_METADATA:
        case SNAP_KIND_LABEL:
        case SNAP_KIND_COUNTER:
        case SNAP_KIND_SAMPLE:
        case SNAP_KIND_VALUE: row = fact(b, i); break;
        default: row = snapshot_row(b, i); break;
        }
        gen_log_add(&g->log, kind, &row);
    }
}

int read_whole(const void *bytes, size_t size, struct gen_log *log)
{
    struct reading got = { .joiner = NULL };
    snap_reader *r;
    const snap_batch *b;
    snap_status s;
    snap_reader_options ro = { .size = sizeof ro, .strict = 1 };
    snap_reader_summary sum;
    snap_error err = { .text = "" };
    CHECK_I64(snap_string_joiner_new(&got.joiner, NULL, whole_string, &got), SNAP_OK);
    s = snap_reader_open_memory(&r, bytes, size, &ro, &err);
    if (!CHECK_I64(s, SNAP_OK)) return 0;
    while ((s = snap_reader_next(r, &b, &err)) == SNAP_OK) take(&got, b);
    if (s != SNAP_END) puts(err.text);
    snap_reader_get_summary(r, &sum);
    int whole = CHECK_I64(s, SNAP_END) & CHECK(sum.complete) & CHECK_U64(sum.bytes, size) &
                CHECK_U64(snap_string_joiner_free(got.joiner), 0);
    snap_reader_close(r);
    *log = got.log;
    return whole;
}

int logs_agree(const struct gen_log *got, const struct gen_log *want)
{
    for (unsigned kind = 1; kind <= SNAP_KIND_LAST; kind++) {
        size_t skip = kind == SNAP_KIND_METADATA; /* the library's own row */
        if (!CHECK_U64(got->n[kind], want->n[kind] + skip)) {
            printf("  kind %u\n", kind);
            return 0;
        }
        for (size_t i = 0; i < want->n[kind]; i++) {
            if (memcmp(&got->row[kind][i + skip], &want->row[kind][i], sizeof(struct gen_row))) {
                printf("  kind %u, row %zu differs\n", kind, i);
                return 0;
            }
        }
    }
    return 1;
}
