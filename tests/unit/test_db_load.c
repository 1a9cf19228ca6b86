/* SPDX-License-Identifier: MIT */
/*
 * A small snapshot with known answers, loaded and asked: a module with a registry, a thread with a
 * local variable, something that C holds, something immortal, a weak reference, native memory that
 * two objects share, native blocks and events, a cycle of garbage, a duplicate, a reference to nowhere, hashed keys.
 */
#include "cu.h"

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <snap/writer.h>

#include "cli/message.h"
#include "db/heapdb.h"
#include "db/load.h"

enum {
    MODULE = 0x1000, DICT = 0x2000, LIST = 0x3000, REQUEST_A = 0x4000, REQUEST_B = 0x4100,
    BODY = 0x5000, LOCAL = 0x6000, FROM_C = 0x7000, NONE = 0x8000, CACHE = 0x9000, TRASH_A = 0xa000,
    TRASH_B = 0xa100, HIGH = 0xb000
};

static char directory[] = "/tmp/test_db_load.XXXXXX";
static char snap_path[64], db_path[64];
static uint64_t dict_refcount = 1; /* of the module's dictionary */
static const char *pid_text = "4711";

static uint64_t text(snap_writer *w, const char *s)
{
    uint64_t id = 0;
    CHECK_I64(snap_writer_string(w, s, strlen(s), &id), SNAP_OK);
    return id;
}

static uint64_t new_type(snap_writer *w, const char *module, const char *name)
{
    uint64_t id = 0;
    snap_type t = { .name = text(w, name), .module = module ? text(w, module) : 0,
                    .kind = SNAP_TYPE_CLASS };
    CHECK_I64(snap_writer_type(w, &t, &id), SNAP_OK);
    return id;
}

static void object(snap_writer *w, uint64_t id, uint64_t type, uint64_t size, uint64_t refcount)
{
    snap_object o = { .id = id, .type = type, .shallow_size = size, .refcount = refcount };
    if (refcount) o.have = SNAP_HAS_REFCOUNT;
    if (id == NONE) o.flags = SNAP_OBJECT_IMMORTAL;
    if (id == BODY) {
        o.have |= SNAP_HAS_NATIVE | SNAP_HAS_BUFFER;
        o.native_size = 4096;
        o.buffer = 0x77000;
    }
    if (id == REQUEST_A) { /* a part of the body's memory */
        o.have |= SNAP_HAS_NATIVE | SNAP_HAS_BUFFER;
        o.native_size = 1000;
        o.buffer = 0x77000;
    }
    if (id == LIST) {
        o.have |= SNAP_HAS_LENGTH | SNAP_HAS_CAPACITY;
        o.length = 2;
        o.capacity = UINT64_C(1) << 40;
    }
    if (id == MODULE) o.name = text(w, "app");
    CHECK_I64(snap_writer_object(w, &o, NULL), SNAP_OK);
}

static void edge(snap_writer *w, uint64_t target, unsigned kind, uint64_t name, int64_t index,
                 int64_t key)
{
    snap_edge e = { .target = target, .name = name, .kind = (uint16_t)kind,
                    .flags = SNAP_EDGE_OWNS };
    if (index >= 0) {
        e.flags |= SNAP_EDGE_HAS_INDEX;
        e.index = (uint64_t)index;
    }
    if (key >= 0) {
        e.flags |= SNAP_EDGE_HAS_KEY_HASH;
        e.key_hash = (uint32_t)key;
    }
    if (kind == SNAP_EDGE_WEAK) e.flags &= (uint16_t)~SNAP_EDGE_OWNS;
    CHECK_I64(snap_writer_edges(w, &e, 1), SNAP_OK);
}

/* Sizes: module 100, dict 200, list 50, request 30 each, body 10, local 5, from C 7, none 1,
 * cache 11, garbage 3 and 4. */
static void write_heap(snap_writer *w)
{
    uint64_t module = new_type(w, "builtins", "module"), dict = new_type(w, "builtins", "dict");
    uint64_t list = new_type(w, "builtins", "list"), request = new_type(w, "app.web", "Request");
    object(w, MODULE, module, 100, 1);
    edge(w, DICT, SNAP_EDGE_ATTRIBUTE, text(w, "__dict__"), -1, -1);
    object(w, DICT, dict, 200, dict_refcount);
    edge(w, LIST, SNAP_EDGE_VALUE, text(w, "REGISTRY"), -1, -1);
    edge(w, CACHE, SNAP_EDGE_VALUE, 0, -1, 0x5e1c90);
    edge(w, 0xdead, SNAP_EDGE_VALUE, 0, -1, -1); /* nowhere */
    edge(w, NONE, SNAP_EDGE_VALUE, text(w, "nothing"), -1, -1);
    object(w, LIST, list, 50, 1);
    edge(w, REQUEST_A, SNAP_EDGE_ELEMENT, 0, 0, -1);
    edge(w, 0xdead, SNAP_EDGE_ELEMENT, 0, 1, -1); /* nowhere: the next keeps its index */
    edge(w, REQUEST_B, SNAP_EDGE_ELEMENT, 0, 2, -1);
    object(w, REQUEST_A, request, 30, 1);
    edge(w, BODY, SNAP_EDGE_ATTRIBUTE, text(w, "body"), -1, -1);
    object(w, REQUEST_B, request, 30, 1);
    edge(w, BODY, SNAP_EDGE_ATTRIBUTE, text(w, "body"), -1, -1);
    object(w, BODY, dict, 10, 2);
    object(w, LOCAL, request, 5, 1);
    edge(w, CACHE, SNAP_EDGE_WEAK, 0, -1, -1);
    object(w, FROM_C, list, 7, 2); /* nobody owns it: two references from outside */
    object(w, NONE, dict, 1, 99);
    object(w, CACHE, dict, 11, 1);
    object(w, LIST, dict, 999, 1); /* the same id again: dropped with its references */
    edge(w, FROM_C, SNAP_EDGE_ELEMENT, 0, -1, -1);
    object(w, TRASH_A, request, 3, 1);
    edge(w, TRASH_B, SNAP_EDGE_ATTRIBUTE, text(w, "other"), -1, -1);
    object(w, TRASH_B, request, 4, 1);
    edge(w, TRASH_A, SNAP_EDGE_ATTRIBUTE, text(w, "other"), -1, -1);
    edge(w, BODY, SNAP_EDGE_ATTRIBUTE, text(w, "kept"), -1, -1); /* holds nothing: from garbage */
}

static void write_roots(snap_writer *w)
{
    uint64_t frame = 0, stack = 0, thread = 0;
    snap_frame f = { .function = text(w, "serve"), .file = text(w, "app.py"), .line = 12,
                     .language = SNAP_LANGUAGE_PYTHON };
    CHECK_I64(snap_writer_frame(w, &f, &frame), SNAP_OK);
    CHECK_I64(snap_writer_stack(w, 0, frame, &stack), SNAP_OK);
    snap_thread t = { .id = 1, .os_id = 4711, .name = text(w, "MainThread"), .stack = stack };
    CHECK_I64(snap_writer_thread(w, &t, &thread), SNAP_OK);
    snap_root global = { .object = MODULE, .kind = SNAP_ROOT_GLOBAL, .name = text(w, "app") };
    snap_root local = { .object = LOCAL, .kind = SNAP_ROOT_LOCAL, .name = text(w, "request"),
                        .thread = thread, .frame = frame, .depth = 0 };
    snap_root lost = { .object = 0xdead, .kind = SNAP_ROOT_LOCAL };
    CHECK_I64(snap_writer_root(w, &global), SNAP_OK);
    CHECK_I64(snap_writer_root(w, &local), SNAP_OK);
    CHECK_I64(snap_writer_root(w, &lost), SNAP_OK);
}

static void event(snap_writer *w, uint32_t op, uint64_t address, uint64_t size, uint64_t stack)
{
    snap_event e = { .mono_ns = 1, .op = op, .address = address, .size = size, .stack = stack };
    CHECK_I64(snap_writer_event(w, &e), SNAP_OK);
}

/* Two blocks of one place and one of an unknown one. Of four allocations one is freed and another
 * one's address was used again. */
static void write_native(snap_writer *w)
{
    uint64_t frame = 0, stack = 0;
    snap_frame f = { .function = text(w, "make"), .file = text(w, "lib.c"), .line = 7,
                     .language = SNAP_LANGUAGE_C };
    CHECK_I64(snap_writer_frame(w, &f, &frame), SNAP_OK);
    CHECK_I64(snap_writer_stack(w, 0, frame, &stack), SNAP_OK);
    const snap_block blocks[] = { { .address = 0x77000, .size = 4096, .stack = stack, .owner = BODY },
                                  { .address = 0x78000, .size = 100, .stack = stack, .domain = 3 },
                                  { .address = 0x79000, .size = 5 } };
    for (size_t i = 0; i < 3; i++) CHECK_I64(snap_writer_block(w, &blocks[i]), SNAP_OK);
    event(w, SNAP_EVENT_ALLOC, 0x77000, 4096, stack);
    event(w, SNAP_EVENT_ALLOC, 0x7a000, 60, stack);
    event(w, SNAP_EVENT_FREE, 0x7a000, 0, 0);
    event(w, SNAP_EVENT_ALLOC, 0x78000, 50, stack);
    event(w, SNAP_EVENT_ALLOC, 0x78000, 70, 0);
    event(w, SNAP_EVENT_FREE, 0x7f000, 0, 0);
}

static void write_snapshot(uint32_t finish_flags)
{
    snap_writer *w;
    snap_error err;
    snap_writer_options o = { .size = sizeof o, .replace = 1, .no_sync = 1 };
    if (!CHECK_I64(snap_writer_open_path(&w, snap_path, &o, &err), SNAP_OK)) return;
    CHECK_I64(snap_writer_metadata(w, "runtime.name", "cpython"), SNAP_OK);
    CHECK_I64(snap_writer_metadata(w, "process.pid", pid_text), SNAP_OK);
    CHECK_I64(snap_writer_label(w, "service", "checkout"), SNAP_OK);
    snap_begin begin = { .reason = "a test", .wall_ns = UINT64_C(1700000000500000000), .mono_ns = 5 };
    CHECK_I64(snap_writer_begin(w, &begin), SNAP_OK);
    CHECK_I64(snap_writer_counter(w, "rss", 100000), SNAP_OK);
    write_heap(w);
    write_roots(w);
    write_native(w);
    CHECK_I64(snap_writer_finish(w, &(snap_finish){ .flags = finish_flags }), SNAP_OK);
    CHECK_I64(snap_writer_close(w, &err), SNAP_OK);
}

static struct heapdb *load(bool summary, uint32_t finish_flags)
{
    struct heapdb *db = NULL;
    struct load_result result;
    struct load_options o = { .summary = summary, .quiet_warnings = true };
    const char *path = snap_path;
    unlink(db_path);
    write_snapshot(finish_flags);
    if (!CHECK_I64(load_files(&path, 1, db_path, db_path, &o, &result), 0)) return NULL;
    CHECK_I64(heapdb_open(&db, db_path, &(struct heapdb_options){ .need_refs = false }), 0);
    return db;
}

/* The first column of the first row of a query, as text; "-" for null or no row. */
static const char *ask(struct heapdb *db, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static const char *ask(struct heapdb *db, const char *format, ...)
{
    static char answer[512];
    char sql[512];
    va_list args;
    va_start(args, format);
    vsnprintf(sql, sizeof sql, format, args);
    va_end(args);
    sqlite3_stmt *q;
    snprintf(answer, sizeof answer, "-");
    if (heapdb_prepare(db, &q, sql)) return "error";
    if (heapdb_step(db, q) > 0 && sqlite3_column_text(q, 0))
        snprintf(answer, sizeof answer, "%s", (const char *)sqlite3_column_text(q, 0));
    sqlite3_finalize(q);
    return answer;
}

static const char *of(struct heapdb *db, uint64_t address, const char *column)
{
    return ask(db, "SELECT %s FROM objects WHERE address = %llu", column,
               (unsigned long long)address);
}

static void test_facts(void)
{
    struct heapdb *db = load(false, SNAP_FINISH_COMPLETE);
    if (!db) return;
    CHECK_U64(db->n_snapshots, 1);
    CHECK_STR(db->snapshots[0].runtime, "cpython");
    CHECK_STR(db->snapshots[0].service, "checkout");
    CHECK_I64(db->snapshots[0].pid, 4711);
    CHECK(db->snapshots[0].complete && db->snapshots[0].has_refs);
    CHECK_I64(db->snapshots[0].n_objects, 12);
    CHECK_I64(db->snapshots[0].n_live, 10);
    CHECK_I64(db->snapshots[0].live_size, 444);
    CHECK_I64(db->snapshots[0].garbage_size, 7);
    CHECK_STR(ask(db, "SELECT captured_at FROM snapshots"), "2023-11-14T22:13:20.500Z");
    CHECK_STR(ask(db, "SELECT reason FROM snapshots"), "a test");
    CHECK_STR(ask(db, "SELECT value FROM counter WHERE name = 'rss'"), "100000");
    CHECK_STR(ask(db, "SELECT sum(bytes) FROM memory_map"), "100000");
    CHECK_STR(ask(db, "SELECT group_concat(message, '; ') FROM warning"),
              "snapshot 1: objects dropped that have the id of an earlier one: 1; "
              "snapshot 1: references dropped that lead to no object: 3; "
              "snapshot 1: roots dropped that name no object: 1; "
              "snapshot 1: objects with fewer counted references than were found (what holds them "
              "from outside is not known): 1");
    heapdb_close(db);
}

static void test_heap(void)
{
    struct heapdb *db = load(false, SNAP_FINISH_COMPLETE);
    if (!db) return;
    CHECK_STR(of(db, MODULE, "retained_size"), "431"); /* all but local, from C and the immortal */
    CHECK_STR(of(db, MODULE, "label"), "module app");
    CHECK_STR(of(db, DICT, "retained_size"), "331");
    CHECK_STR(of(db, LIST, "retained_size"), "120");
    CHECK_STR(of(db, LIST, "length"), "2");
    CHECK_STR(of(db, LIST, "capacity"), "1099511627776");
    CHECK_STR(of(db, LIST, "type"), "list"); /* the first of the two */
    CHECK_STR(of(db, REQUEST_A, "retained_size"), "30");
    CHECK_STR(of(db, REQUEST_A, "distance"), "4");
    CHECK_STR(of(db, BODY, "(SELECT address_hex FROM objects d WHERE d.id = objects.dominator_id)"),
              "0x3000");
    CHECK_STR(of(db, LIST, "retained_native"), "4096");
    CHECK_STR(of(db, CACHE, "retained_size"), "11");
    CHECK_STR(of(db, TRASH_A, "is_garbage"), "1");
    CHECK_STR(of(db, TRASH_A, "retained_size"), "3");
    CHECK_STR(of(db, TRASH_A, "component_id IS NOT NULL"), "1");
    CHECK_STR(of(db, BODY, "is_garbage"), "0");
    CHECK_STR(of(db, FROM_C, "external_refs"), "2");
    CHECK_STR(of(db, LOCAL, "external_refs"), "0"); /* the frame has its reference */
    CHECK_STR(of(db, BODY, "external_refs"), "-"); /* three edges own it, two references exist */
    CHECK_STR(of(db, NONE, "external_refs"), "-");
    CHECK_STR(ask(db, "SELECT group_concat(kind || ' ' || coalesce(name, '-'), ', ') FROM"
                      " (SELECT * FROM roots ORDER BY kind, id)"),
              "external -, external -, global app, immortal -, local request");
    CHECK_STR(ask(db, "SELECT module || '.' || name || ' ' || type || ' ' || retained_size"
                      " FROM globals ORDER BY retained_size DESC"),
              "app.REGISTRY list 120");
    CHECK_STR(ask(db, "SELECT thread || ' ' || function || ':' || line FROM roots"
                      " WHERE kind = 'local'"),
              "MainThread serve:12");
    CHECK_STR(ask(db, "SELECT name || ' ' || n FROM packages WHERE depth = 1 AND name = 'app'"),
              "app 3");
    heapdb_close(db);
}

/* C holds the module's dictionary too: it is a root by the module's name, and no variable. */
static void test_namespace(void)
{
    dict_refcount = 2;
    struct heapdb *db = load(false, SNAP_FINISH_COMPLETE);
    dict_refcount = 1;
    if (!db) return;
    CHECK_STR(of(db, DICT, "external_refs || ' ' || distance"), "1 1");
    CHECK_STR(ask(db, "SELECT group_concat(kind || ' ' || coalesce(name, '-'), ', ') FROM"
                      " (SELECT * FROM roots WHERE object_id = %lld ORDER BY id)",
                  (long long)strtoll(of(db, DICT, "id"), NULL, 10)),
              "global app, external -");
    CHECK_STR(ask(db, "SELECT group_concat(module || '.' || name, ' ') FROM globals"),
              "app.REGISTRY app.nothing");
    heapdb_close(db);
}

static void test_native(void)
{
    struct heapdb *db = load(false, SNAP_FINISH_COMPLETE);
    if (!db) return;
    /* Shared by the body and a request, so it is the list's, which holds both. */
    CHECK_STR(of(db, BODY, "native_size"), "4096");
    CHECK_STR(of(db, REQUEST_A, "native_size"), "1000");
    CHECK_STR(of(db, BODY, "retained_native"), "0");
    CHECK_STR(of(db, REQUEST_A, "retained_native"), "0");
    CHECK_STR(of(db, LIST, "retained_native"), "4096");
    CHECK_STR(ask(db, "SELECT live_native || ' ' || native_size FROM snapshot"), "4096 4096");
    CHECK_STR(ask(db, "SELECT sum(native_size) FROM types"), "4096");
    CHECK_STR(ask(db, "SELECT b.n || ' ' || b.native_size || ' ' || b.type || ' ' || o.address_hex"
                      " FROM shared_buffers b JOIN objects o ON o.id = b.holder_id"),
              "2 4096 Request 0x3000");
    CHECK_STR(ask(db, "SELECT n_blocks || ' ' || block_size FROM snapshot"), "3 4201");
    CHECK_STR(ask(db, "SELECT group_concat(address_hex || ' ' || size || ' ' || coalesce(domain, '-')"
                      " || ' ' || coalesce((SELECT address_hex FROM objects WHERE id = owner_id),"
                      " '-'), ', ') FROM (SELECT * FROM blocks ORDER BY id)"),
              "0x77000 4096 - 0x5000, 0x78000 100 3 -, 0x79000 5 - -");
    CHECK_STR(ask(db, "SELECT group_concat(op || ' ' || address_hex, ', ') FROM"
                      " (SELECT * FROM events ORDER BY id)"),
              "alloc 0x77000, alloc 0x7a000, free 0x7a000, alloc 0x78000, alloc 0x78000, "
              "free 0x7f000");
    CHECK_STR(ask(db, "SELECT group_concat(coalesce(function || ':' || line, '?') || ' ' || n_blocks"
                      " || ' ' || block_size || ' ' || n_allocated || ' ' || allocated_size || ' '"
                      " || n_live || ' ' || live_size, ', ') FROM (SELECT * FROM native_sites"
                      " ORDER BY id)"),
              "? 1 5 1 70 1 70, make:7 2 4196 3 4206 1 4096");
    heapdb_close(db);
}

static void test_bad_pids(void)
{
    static const char *const bad[] = { "4711x", " 4711", "-5", "0", "0x12", "99999999999999999999" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        pid_text = bad[i];
        struct heapdb *db = load(true, SNAP_FINISH_COMPLETE);
        if (!db) continue;
        CHECK_STR(ask(db, "SELECT pid FROM snapshot"), "-");
        CHECK_I64(db->snapshots[0].pid, 0);
        heapdb_close(db);
    }
    pid_text = "4711";
}

static int64_t id_of(struct heapdb *db, const char *argument)
{
    int64_t id = 0;
    const struct heapdb_snapshot *s;
    CHECK_I64(heapdb_pick(db, NULL, &s), 0);
    CHECK_I64(heapdb_resolve(db, s, argument, &id), 0);
    return id;
}

static void test_refs(void)
{
    struct heapdb *db = load(false, SNAP_FINISH_COMPLETE);
    if (!db) return;
    CHECK_STR(ask(db, "SELECT group_concat(label, ' ') FROM (SELECT label FROM refs WHERE source_id ="
                      " %lld ORDER BY position)", (long long)id_of(db, "0x2000")),
              "['REGISTRY'] [#5e1c90] ['nothing']");
    CHECK_STR(ask(db, "SELECT group_concat(label, ' ') FROM (SELECT label FROM refs WHERE source_id ="
                      " %lld ORDER BY position)", (long long)id_of(db, "0x3000")),
              "[0] [2]");
    CHECK_STR(ask(db, "SELECT group_concat(position, ' ') FROM refs WHERE source_id = %lld",
                  (long long)id_of(db, "0x3000")),
              "0 1");
    CHECK_STR(ask(db, "SELECT count(*) FROM referrers WHERE target_id = %lld",
                  (long long)id_of(db, "0x5000")),
              "3");
    CHECK_STR(ask(db, "SELECT group_concat(label, ' ') FROM (SELECT label FROM path WHERE object_id ="
                      " %lld ORDER BY step)", (long long)id_of(db, "0x4100")),
              "global app .__dict__ ['REGISTRY'] [2]");
    heapdb_close(db);
}

static void test_helpers(void)
{
    struct heapdb *db = load(false, SNAP_FINISH_COMPLETE);
    if (!db) return;
    struct heapdb_path p;
    struct heapdb_object o;
    struct heapdb_ids types;
    sqlite3_stmt *q;
    int64_t id = id_of(db, "0x4110"); /* inside the request */
    CHECK_I64(id, id_of(db, "0x4100"));
    CHECK_I64(heapdb_shortest_path(db, id, 100, &p), 0);
    CHECK_U64(p.n, 4);
    CHECK_I64(p.length, 4);
    if (p.n == 4) {
        CHECK_STR(p.steps[0].label, "global app");
        CHECK_I64(p.steps[0].root_kind, SNAP_ROOT_GLOBAL);
        CHECK_STR(p.steps[3].label, "[2]");
        CHECK_STR(p.steps[3].type, "Request");
    }
    heapdb_path_free(&p);
    CHECK_I64(heapdb_shortest_path(db, id, 2, &p), 0);
    CHECK_U64(p.n, 2);
    CHECK_I64(p.length, 4);
    heapdb_path_free(&p);
    CHECK_I64(heapdb_shortest_path(db, id_of(db, "0xa000"), 100, &p), 0);
    CHECK_U64(p.n, 0); /* garbage */
    heapdb_path_free(&p);

    CHECK_I64(heapdb_object(db, id, &o), 0);
    CHECK_STR(o.type, "Request");
    CHECK_STR(o.module, "app.web");
    CHECK(o.has_refcount && o.refcount == 1 && !o.has_length && !o.virtual_root);
    heapdb_object_free(&o);

    CHECK_I64(heapdb_types(db, &db->snapshots[0], "app.web.Request", &types), 0);
    CHECK_U64(types.n, 1);
    heapdb_ids_free(&types);
    CHECK_I64(heapdb_types(db, &db->snapshots[0], "*i*t", &types), 0);
    CHECK_U64(types.n, 2); /* dict, list */
    heapdb_ids_free(&types);

    CHECK_I64(heapdb_retained_types(db, id_of(db, "0x2000"), &q), 0);
    CHECK_I64(heapdb_step(db, q), 1);
    CHECK_STR((const char *)sqlite3_column_text(q, 1), "dict");
    CHECK_I64(sqlite3_column_int64(q, 2), 3);
    CHECK_I64(sqlite3_column_int64(q, 3), 221);
    sqlite3_finalize(q);
    heapdb_close(db);
}

static void test_wrong_arguments(void)
{
    struct heapdb *db = load(false, SNAP_FINISH_COMPLETE);
    const char *wrong[] = { "#0", "#99999", "", "#", "0x", "0x1", "0xffffffffffffffff", "abc", "#1",
                            "-5", "99999999999999999999" };
    struct heapdb_ids types;
    const struct heapdb_snapshot *s;
    int64_t id;
    if (!db) return;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CHECK_I64(heapdb_resolve(db, &db->snapshots[0], wrong[i], &id), STATUS_UNUSABLE);
    CHECK_I64(heapdb_types(db, &db->snapshots[0], "Reqest", &types), STATUS_UNUSABLE);
    CHECK_I64(heapdb_pick(db, "2", &s), STATUS_UNUSABLE);
    CHECK_I64(heapdb_pick(db, "x", &s), STATUS_UNUSABLE);
    heapdb_close(db);
}

static void test_incomplete(void)
{
    struct heapdb *db = load(false, 0);
    if (!db) return;
    CHECK(!db->snapshots[0].complete);
    CHECK_I64(db->snapshots[0].n_garbage, 0);
    CHECK_STR(of(db, TRASH_A, "is_garbage"), "0");
    CHECK_STR(of(db, FROM_C, "external_refs"), "-");
    CHECK_STR(ask(db, "SELECT count(*) FROM roots WHERE kind = 'external'"), "0");
    CHECK_STR(ask(db, "SELECT count(*) FROM roots WHERE kind = 'unreachable'"), "3");
    heapdb_close(db);
}

/* Inverts a byte of the payload of the first chunk of a kind. */
static void damage_chunk(const char *path, unsigned kind)
{
    static const uint8_t magic[4] = { 0xc5, 'c', 'h', 'k' };
    uint8_t bytes[65536];
    FILE *f = fopen(path, "r+b");
    if (!CHECK(f != NULL)) return;
    size_t n = fread(bytes, 1, sizeof bytes, f), at = 0;
    while (at + 65 < n && !(memcmp(bytes + at, magic, 4) == 0 && bytes[at + 4] == kind)) at++;
    if (CHECK(at + 65 < n)) {
        fseek(f, (long)at + 64, SEEK_SET);
        putc(bytes[at + 64] ^ 255, f);
    }
    fclose(f);
}

/* Every object and reference is there, but where the snapshot begins is lost. */
static void test_lost_begin(void)
{
    struct heapdb *db = NULL;
    struct load_result result;
    struct load_options o = { .quiet_warnings = true };
    const char *path = snap_path;
    write_snapshot(SNAP_FINISH_COMPLETE);
    damage_chunk(snap_path, SNAP_KIND_BEGIN);
    unlink(db_path);
    if (!CHECK_I64(load_files(&path, 1, db_path, db_path, &o, &result), 0)) return;
    CHECK(!result.complete);
    CHECK_I64(heapdb_open(&db, db_path, NULL), 0);
    if (!db) return;
    CHECK(!db->snapshots[0].complete);
    CHECK_I64(db->snapshots[0].n_objects, 12);
    CHECK_I64(db->snapshots[0].n_garbage, 0);
    heapdb_close(db);
}

/* What is missing is told at every opening, what is only odd when it is loaded. */
static void test_told_again(void)
{
    struct heapdb *db = load(false, SNAP_FINISH_COMPLETE);
    uint64_t before = message_warnings();
    heapdb_close(db);
    CHECK_I64(heapdb_open(&db, db_path, NULL), 0);
    if (!db) return;
    CHECK_STR(ask(db, "SELECT count(*) FROM warning"), "4");
    CHECK_U64(message_warnings() - before, 0);
    heapdb_close(db);
    db = load(false, 0);
    heapdb_close(db);
    before = message_warnings();
    CHECK_I64(heapdb_open(&db, db_path, NULL), 0);
    CHECK_U64(message_warnings() - before, 4);
    heapdb_close(db);
}

static void test_summary(void)
{
    struct heapdb *db = load(true, SNAP_FINISH_COMPLETE), *again = NULL;
    if (!db) return;
    CHECK(!db->snapshots[0].has_refs);
    CHECK_STR(ask(db, "SELECT count(*) FROM ref"), "0");
    CHECK_STR(of(db, LIST, "retained_size"), "120");
    int64_t id = id_of(db, "0x4100");
    heapdb_close(db);
    CHECK_I64(heapdb_open(&again, db_path, &(struct heapdb_options){ .need_refs = true }), 0);
    if (!again) return;
    CHECK(again->snapshots[0].has_refs);
    CHECK_I64(id_of(again, "0x4100"), id);
    CHECK_STR(ask(again, "SELECT group_concat(label, ' ') FROM (SELECT label FROM path WHERE object_id"
                         " = %lld ORDER BY step)", (long long)id),
              "global app .__dict__ ['REGISTRY'] [2]");
    heapdb_close(again);
    /* The file that it was made from has gone: said, and nothing changed. */
    db = load(true, SNAP_FINISH_COMPLETE);
    heapdb_close(db);
    unlink(snap_path);
    CHECK_I64(heapdb_open(&again, db_path, &(struct heapdb_options){ .need_refs = true }),
              STATUS_UNUSABLE);
    CHECK_I64(heapdb_open(&db, db_path, &(struct heapdb_options){ .need_refs = false }), 0);
    heapdb_close(db);
}

static void prepare(void)
{
    if (snap_path[0]) return;
    if (!mkdtemp(directory)) exit(97);
    snprintf(snap_path, sizeof snap_path, "%s/a.snap", directory);
    snprintf(db_path, sizeof db_path, "%s/a.db", directory);
    message_setup("test_db_load", MESSAGE_QUIET);
}

static void test_prepare(void)
{
    prepare();
    CHECK(snap_path[0] != 0);
}

static void test_clean_up(void)
{
    unlink(snap_path);
    unlink(db_path);
    CHECK_I64(rmdir(directory), 0);
}

CU_MAIN("db_load", { "prepare", test_prepare }, { "facts", test_facts }, { "heap", test_heap },
        { "namespace", test_namespace }, { "bad pids", test_bad_pids },
        { "native memory", test_native },
        { "references", test_refs }, { "helpers", test_helpers },
        { "wrong arguments", test_wrong_arguments }, { "incomplete", test_incomplete },
        { "lost beginning", test_lost_begin }, { "told again", test_told_again },
        { "summary", test_summary }, { "clean up", test_clean_up })
