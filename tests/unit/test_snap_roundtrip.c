/* SPDX-License-Identifier: MIT */
/*
 * What is written is read: every kind of row with every field, through memory, and the facts that
 * frame them.
 */
#include "cu.h"
#include "snap_memory.h"

static snap_reader *open_memory(const struct memory_file *f)
{
    snap_reader *r = NULL;
    snap_error err;
    snap_status s = snap_reader_open_memory(&r, f->bytes, f->size, NULL, &err);
    CHECK_I64(s, SNAP_OK);
    return r;
}

/* The next chunk of a kind; NULL at the end. */
static const snap_batch *find(snap_reader *r, unsigned kind)
{
    const snap_batch *b;
    while (snap_reader_next(r, &b, NULL) == SNAP_OK) {
        if (snap_batch_kind(b) == kind) return b;
    }
    return NULL;
}

static int bytes_are(const snap_batch *b, unsigned column, uint32_t row, const char *want)
{
    size_t size;
    const char *got = snap_batch_bytes(b, column, row, &size);
    return got && size == strlen(want) && memcmp(got, want, size) == 0;
}

static void check_complete(snap_reader *r)
{
    const snap_batch *b;
    snap_status s;
    while ((s = snap_reader_next(r, &b, NULL)) == SNAP_OK) continue;
    CHECK_I64(s, SNAP_END);
    snap_reader_summary sum;
    snap_reader_get_summary(r, &sum);
    CHECK(sum.complete);
    CHECK_U64(sum.damaged, 0);
    CHECK_U64(sum.lost_chunks, 0);
}

static void test_empty(void)
{
    struct memory_file f;
    snap_writer *w = memory_writer(&f, NULL);
    if (!CHECK(w != NULL)) return;
    CHECK_I64(snap_writer_close(w, NULL), SNAP_OK);
    snap_reader *r = open_memory(&f);
    snap_file_info info;
    snap_reader_info(r, &info);
    CHECK_U64(info.major, SNAP_FORMAT_MAJOR);
    CHECK_U64(info.uuid[15], 16);
    const snap_batch *b = find(r, SNAP_KIND_METADATA);
    if (CHECK(b != NULL)) {
        CHECK(bytes_are(b, SNAP_COL_PAIR_KEY, 0, "library"));
        CHECK(bytes_are(b, SNAP_COL_PAIR_VALUE, 0, "libsnap " SNAP_VERSION_STRING));
        CHECK_U64(snap_batch_snapshot(b), 0);
    }
    check_complete(r);
    snap_reader_close(r);
    memory_free(&f);
}

static void test_facts(void)
{
    struct memory_file f;
    snap_writer *w = memory_writer(&f, NULL);
    snap_begin begin = { .reason = "who \xC3\xA4sked\xFF", .wall_ns = 7, .mono_ns = 9 };
    CHECK_I64(snap_writer_label(w, "service", "check\nout"), SNAP_OK);
    CHECK_I64(snap_writer_begin(w, &begin), SNAP_OK);
    CHECK_I64(snap_writer_metadata(w, "gc", ""), SNAP_OK);
    CHECK_I64(snap_writer_counter(w, "rss", INT64_MIN), SNAP_OK);
    CHECK_I64(snap_writer_counter(w, "pss", INT64_MAX), SNAP_OK);
    CHECK_I64(snap_writer_sample(w, "rss", UINT64_MAX, -5), SNAP_OK);
    snap_finish finish = { .flags = SNAP_FINISH_COMPLETE, .mono_ns = 11 };
    CHECK_I64(snap_writer_finish(w, &finish), SNAP_OK);
    CHECK_I64(snap_writer_close(w, NULL), SNAP_OK);

    snap_reader *r = open_memory(&f);
    const snap_batch *b = find(r, SNAP_KIND_LABEL);
    CHECK(b && bytes_are(b, SNAP_COL_PAIR_VALUE, 0, "check\nout"));
    if ((b = find(r, SNAP_KIND_BEGIN))) {
        snap_begin got;
        snap_batch_begin(b, 0, &got);
        CHECK_U64(got.wall_ns, 7);
        CHECK_U64(got.mono_ns, 9);
        CHECK_U64(snap_batch_snapshot(b), 1);
        CHECK(bytes_are(b, SNAP_COL_BEGIN_REASON, 0, "who \xC3\xA4sked?"));
    } else {
        CHECK(b != NULL);
    }
    if (CHECK((b = find(r, SNAP_KIND_SAMPLE)) != NULL)) {
        CHECK_I64(snap_batch_i64(b, SNAP_COL_PAIR_NUMBER, 0), -5);
        CHECK_U64(snap_batch_u64(b, SNAP_COL_PAIR_TIME)[0], UINT64_MAX);
    }
    if (CHECK((b = find(r, SNAP_KIND_COUNTER)) != NULL)) {
        CHECK_U64(snap_batch_rows(b), 2);
        CHECK_I64(snap_batch_i64(b, SNAP_COL_PAIR_NUMBER, 0), INT64_MIN);
        CHECK_I64(snap_batch_i64(b, SNAP_COL_PAIR_NUMBER, 1), INT64_MAX);
        CHECK(bytes_are(b, SNAP_COL_PAIR_KEY, 1, "pss"));
    }
    if (CHECK((b = find(r, SNAP_KIND_METADATA)) != NULL)) {
        CHECK_U64(snap_batch_snapshot(b), 1);
        CHECK(bytes_are(b, SNAP_COL_PAIR_VALUE, 0, ""));
    }
    if (CHECK((b = find(r, SNAP_KIND_FINISH)) != NULL)) {
        snap_finish got;
        snap_batch_finish(b, 0, &got);
        CHECK_U64(got.flags, SNAP_FINISH_COMPLETE);
        CHECK_U64(got.mono_ns, 11);
        CHECK_U64(got.objects, 0);
    }
    check_complete(r);
    snap_reader_close(r);
    memory_free(&f);
}

/* Defines one of everything; returns the ids by writing them to the caller's variables. */
struct ids {
    uint64_t name, other, module, frame, stack, leaf, type, sub;
};

static void define(snap_writer *w, struct ids *id)
{
    uint8_t build[3] = { 1, 0, 255 };
    CHECK_I64(snap_writer_string(w, "list", 4, &id->name), SNAP_OK);
    CHECK_I64(snap_writer_string(w, "a\0b", 3, &id->other), SNAP_OK);
    CHECK_I64(snap_writer_module(w, &(snap_module){ .path = id->other, .build_id = build,
                                                    .build_id_size = 3, .start = 4096,
                                                    .end = UINT64_MAX }, &id->module), SNAP_OK);
    CHECK_I64(snap_writer_frame(w, &(snap_frame){ .function = id->name, .file = id->other,
                                                  .module = id->module, .address = 77,
                                                  .line = UINT32_MAX,
                                                  .language = SNAP_LANGUAGE_PYTHON }, &id->frame),
              SNAP_OK);
    CHECK_I64(snap_writer_stack(w, 0, id->frame, &id->stack), SNAP_OK);
    CHECK_I64(snap_writer_stack(w, id->stack, id->frame, &id->leaf), SNAP_OK);
    CHECK_I64(snap_writer_type(w, &(snap_type){ .name = id->name }, &id->type), SNAP_OK);
    CHECK_I64(snap_writer_type(w, &(snap_type){ .name = id->other, .module = id->name,
                                                .object = 1, .base = id->type, .loader = 2,
                                                .size = SNAP_MAX_SIZE, .kind = SNAP_TYPE_CLASS,
                                                .flags = SNAP_TYPE_TRACKED }, &id->sub), SNAP_OK);
}

static void test_definitions(void)
{
    struct memory_file f;
    struct ids id;
    snap_writer *w = memory_writer(&f, NULL);
    uint64_t again;
    define(w, &id);
    CHECK_I64(snap_writer_string(w, "list", 4, &again), SNAP_OK);
    CHECK_U64(again, id.name);
    CHECK_U64(id.other, id.name + 1);
    CHECK_I64(snap_writer_close(w, NULL), SNAP_OK);

    snap_reader *r = open_memory(&f);
    const snap_batch *b = find(r, SNAP_KIND_STRING);
    size_t size;
    if (CHECK(b != NULL)) {
        CHECK_U64(snap_batch_rows(b), 2);
        CHECK_U64(snap_batch_first(b), 1);
        CHECK(bytes_are(b, SNAP_COL_STRING_BYTES, 0, "list"));
        const char *bytes = snap_batch_bytes(b, SNAP_COL_STRING_BYTES, 1, &size);
        CHECK(size == 3 && memcmp(bytes, "a\0b", 3) == 0);
    }
    if (CHECK((b = find(r, SNAP_KIND_MODULE)) != NULL)) {
        snap_module m;
        snap_batch_module(b, 0, &m);
        CHECK_U64(m.path, id.other);
        CHECK_U64(m.build_id_size, 3);
        CHECK(m.build_id && m.build_id[2] == 255);
        CHECK_U64(m.end, UINT64_MAX);
    }
    if (CHECK((b = find(r, SNAP_KIND_FRAME)) != NULL)) {
        snap_frame fr;
        snap_batch_frame(b, 0, &fr);
        CHECK_U64(fr.line, UINT32_MAX);
        CHECK_U64(fr.address, 77);
        CHECK_U64(fr.file, id.other);
        CHECK_U64(fr.language, SNAP_LANGUAGE_PYTHON);
    }
    if (CHECK((b = find(r, SNAP_KIND_STACK)) != NULL)) {
        uint64_t parent, frame;
        snap_batch_stack(b, 0, &parent, &frame);
        CHECK_U64(parent, 0);
        snap_batch_stack(b, 1, &parent, &frame);
        CHECK_U64(parent, id.stack);
        CHECK_U64(frame, id.frame);
        CHECK(!snap_batch_has(b, SNAP_COL_STACK_PARENT, 0));
    }
    if (CHECK((b = find(r, SNAP_KIND_TYPE)) != NULL)) {
        snap_type t;
        snap_batch_type(b, 0, &t);
        CHECK(t.name == id.name && !t.module && !t.object && !t.base && !t.kind && !t.size);
        snap_batch_type(b, 1, &t);
        CHECK(t.module == id.name && t.object == 1 && t.base == id.type && t.loader == 2);
        CHECK_U64(t.size, SNAP_MAX_SIZE);
        CHECK_U64(t.flags, SNAP_TYPE_TRACKED);
    }
    check_complete(r);
    snap_reader_close(r);
    memory_free(&f);
}

static snap_object full_object(const struct ids *id)
{
    return (snap_object){ .id = UINT64_MAX, .type = id->sub, .shallow_size = SNAP_MAX_SIZE,
                          .have = 0x3ff, .flags = SNAP_OBJECT_FROZEN, .stack = id->leaf,
                          .name = id->name, .native_size = 1, .refcount = UINT64_MAX, .length = 3,
                          .capacity = 4, .hash = 5, .bound = 6, .buffer = 7, .generation = 255,
                          .resource = SNAP_RESOURCE_SOCKET, .state = SNAP_STATE_CLOSED };
}

static void write_snapshot(snap_writer *w, const struct ids *id)
{
    uint64_t ordinal, thread;
    snap_object full = full_object(id);
    CHECK_I64(snap_writer_begin(w, &(snap_begin){ .reason = NULL }), SNAP_OK);
    CHECK_I64(snap_writer_thread(w, &(snap_thread){ .id = 5, .os_id = 6, .name = id->name,
                                                    .stack = id->leaf, .object = 16 }, &thread),
              SNAP_OK);
    CHECK_I64(snap_writer_object(w, &(snap_object){ .id = 16, .type = id->type }, &ordinal),
              SNAP_OK);
    CHECK_U64(ordinal, 0);
    snap_edge edges[] = {
        { .target = UINT64_MAX, .kind = SNAP_EDGE_ELEMENT, .flags = SNAP_EDGE_OWNS },
        { .target = 99, .kind = SNAP_EDGE_VALUE, .key_hash = 0xFFFFFF,
          .flags = SNAP_EDGE_HAS_KEY_HASH },
        { .target = 16, .kind = SNAP_EDGE_WEAK, .name = id->other, .index = 10,
          .flags = SNAP_EDGE_HAS_INDEX },
        { .target = 16, .kind = SNAP_EDGE_WEAK },
    };
    CHECK_I64(snap_writer_edges(w, edges, 2), SNAP_OK);
    CHECK_I64(snap_writer_edges(w, edges + 2, 2), SNAP_OK);
    CHECK_I64(snap_writer_object(w, &full, &ordinal), SNAP_OK);
    CHECK_U64(ordinal, 1);
    snap_edge by_ordinal = { .target = 7, .flags = SNAP_EDGE_TO_ORDINAL, .kind = 1 };
    CHECK_I64(snap_writer_edges(w, &by_ordinal, 1), SNAP_OK);
    CHECK_I64(snap_writer_edges_from(w, 0, edges, 1), SNAP_OK);
    CHECK_I64(snap_writer_flush(w), SNAP_OK);
    CHECK_I64(snap_writer_root(w, &(snap_root){ .object = 16, .kind = SNAP_ROOT_LOCAL,
                                                .name = id->name, .thread = thread,
                                                .frame = id->frame, .depth = 0 }), SNAP_OK);
    CHECK_I64(snap_writer_root(w, &(snap_root){ .object = 1, .kind = SNAP_ROOT_GLOBAL,
                                                .by_ordinal = 1 }), SNAP_OK);
    CHECK_I64(snap_writer_value(w, 1, "text\0x", 6), SNAP_OK);
    CHECK_I64(snap_writer_block(w, &(snap_block){ 1, 2, id->stack, 3, 4 }), SNAP_OK);
    CHECK_I64(snap_writer_event(w, &(snap_event){ .mono_ns = 8, .address = 9, .size = 10,
                                                  .stack = id->leaf, .thread = 11,
                                                  .op = SNAP_EVENT_ALLOC }), SNAP_OK);
    CHECK_I64(snap_writer_finish(w, &(snap_finish){ .flags = 0 }), SNAP_OK);
}

static void check_edges(snap_reader *r, const struct ids *id)
{
    uint64_t source;
    snap_edge e;
    const snap_batch *b = find(r, SNAP_KIND_EDGE);
    if (!CHECK(b && snap_batch_rows(b) == 4)) return;
    snap_batch_edge(b, 0, &source, &e);
    CHECK(source == 0 && e.target == UINT64_MAX && e.index == 0 && e.kind == SNAP_EDGE_ELEMENT);
    CHECK_U64(e.flags, SNAP_EDGE_OWNS | SNAP_EDGE_HAS_INDEX);
    snap_batch_edge(b, 1, &source, &e);
    CHECK(e.index == 1 && e.key_hash == 0xFFFFFF && (e.flags & SNAP_EDGE_HAS_KEY_HASH));
    snap_batch_edge(b, 2, &source, &e);
    CHECK(e.index == 10 && e.name == id->other && !(e.flags & SNAP_EDGE_HAS_KEY_HASH));
    snap_batch_edge(b, 3, &source, &e);
    CHECK_U64(e.index, 11);
    b = find(r, SNAP_KIND_EDGE);
    if (!CHECK(b && snap_batch_rows(b) == 1)) return;
    snap_batch_edge(b, 0, &source, &e);
    CHECK(source == 1 && e.target == 7 && e.index == 0 && (e.flags & SNAP_EDGE_TO_ORDINAL));
    b = find(r, SNAP_KIND_EDGE);
    if (!CHECK(b && snap_batch_rows(b) == 1)) return;
    snap_batch_edge(b, 0, &source, &e);
    CHECK(source == 0 && e.index == 0 && e.target == UINT64_MAX);
    CHECK_U64(snap_batch_first(b), 5);
}

static void check_roots(snap_reader *r, const struct ids *id)
{
    snap_root root;
    const snap_batch *b = find(r, SNAP_KIND_ROOT);
    if (!CHECK(b != NULL)) return;
    snap_batch_root(b, 0, &root);
    CHECK(root.object == 16 && root.kind == SNAP_ROOT_LOCAL && root.name == id->name);
    CHECK(root.thread == 1 && root.frame == id->frame && root.depth == 0 && !root.by_ordinal);
    if (!CHECK((b = find(r, SNAP_KIND_ROOT)) != NULL)) return;
    snap_batch_root(b, 0, &root);
    CHECK(root.object == 1 && root.by_ordinal == 1 && root.thread == 0);
}

static void check_objects(const snap_batch *b, const struct ids *id)
{
    snap_object o, want = full_object(id);
    if (!CHECK(b && snap_batch_rows(b) == 2)) return;
    snap_batch_object(b, 0, &o);
    CHECK(o.id == 16 && o.type == id->type && o.have == 0 && o.flags == 0 && o.stack == 0);
    snap_batch_object(b, 1, &o);
    CHECK_U64(o.have, 0x3ff);
    CHECK(o.id == want.id && o.shallow_size == want.shallow_size && o.stack == want.stack);
    CHECK(o.name == want.name && o.native_size == 1 && o.refcount == UINT64_MAX && o.length == 3);
    CHECK(o.capacity == 4 && o.hash == 5 && o.bound == 6 && o.buffer == 7 && o.generation == 255);
    CHECK(o.resource == want.resource && o.state == want.state && o.flags == want.flags);
}

static void test_snapshot(void)
{
    struct memory_file f;
    struct ids id;
    snap_writer *w = memory_writer(&f, NULL);
    define(w, &id);
    write_snapshot(w, &id);
    snap_writer_totals totals;
    snap_writer_get_totals(w, &totals);
    CHECK_U64(totals.rows[SNAP_KIND_EDGE], 6);
    CHECK_U64(totals.rows[SNAP_KIND_OBJECT], 2);
    CHECK_U64(totals.bytes, f.size);
    CHECK_I64(snap_writer_close(w, NULL), SNAP_OK);

    snap_reader *r = open_memory(&f);
    const snap_batch *b = find(r, SNAP_KIND_THREAD);
    if (CHECK(b != NULL)) {
        snap_thread t;
        snap_batch_thread(b, 0, &t);
        CHECK(t.id == 5 && t.os_id == 6 && t.name == id.name && t.stack == id.leaf);
        CHECK_U64(snap_batch_snapshot(b), 1);
    }
    check_objects(find(r, SNAP_KIND_OBJECT), &id);
    check_edges(r, &id);
    check_roots(r, &id);
    if (CHECK((b = find(r, SNAP_KIND_BLOCK)) != NULL)) {
        snap_block k;
        snap_batch_block(b, 0, &k);
        CHECK(k.address == 1 && k.size == 2 && k.stack == id.stack);
        CHECK(k.domain == 3 && k.owner == 4);
    }
    if (CHECK((b = find(r, SNAP_KIND_EVENT)) != NULL)) {
        snap_event e;
        snap_batch_event(b, 0, &e);
        CHECK(e.mono_ns == 8 && e.address == 9 && e.size == 10 && e.thread == 11 && e.op == 1);
    }
    if (CHECK((b = find(r, SNAP_KIND_VALUE)) != NULL)) {
        size_t size;
        const char *text = snap_batch_bytes(b, SNAP_COL_PAIR_VALUE, 0, &size);
        CHECK(size == 6 && memcmp(text, "text\0x", 6) == 0);
        CHECK_U64(snap_batch_u64(b, SNAP_COL_VALUE_OBJECT)[0], 1);
    }
    if (CHECK((b = find(r, SNAP_KIND_FINISH)) != NULL)) {
        snap_finish fin;
        snap_batch_finish(b, 0, &fin);
        CHECK(fin.objects == 2 && fin.edges == 6 && fin.roots == 2 && fin.flags == 0);
    }
    check_complete(r);
    snap_reader_close(r);
    memory_free(&f);
}

CU_MAIN("snap_roundtrip", { "empty file", test_empty }, { "facts", test_facts },
        { "definitions", test_definitions }, { "snapshot", test_snapshot })
