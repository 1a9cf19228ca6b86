/* SPDX-License-Identifier: MIT */
/*
 * make_snap KIND OUT: writes one of a few small snapshot files for the command-line tests, through
 * the public writer, with a fixed identity and clock, so that the same bytes come out every time.
 *
 *   small       one snapshot of a registry that holds requests; two threads; labels, counters
 *   two         the same, and a second snapshot in which the registry has grown
 *   chunks      as small, with many objects in chunks of 16 rows
 *   hostile     names with escape sequences, line ends, bytes that are no UTF-8
 *   values      previews of contents
 *   long        a name of 3 MiB, in parts
 *   dangling    references to objects that do not exist; an object id given twice
 *   unfinished  the writer stops in the middle of the snapshot
 *   none        no snapshot at all
 *   major       as small, but of major version 9
 *   kind        as small, but its end is of the unknown kind 77, which is required
 *   optional    as small, but its labels are of the unknown kind 77, which is not required
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <snap/writer.h>

static const uint64_t start_wall = 1767225600000000000u; /* 2026-01-01 00:00 UTC */
static const uint64_t start_mono = 5000000000u;

struct maker {
    snap_writer *w;
    uint64_t calls; /* of the clock: each reading is a millisecond later */
    uint64_t dict, list, request, registry, text;
    uint64_t module_app, file, stack;
    uint64_t objects;
};

static void check(snap_status s, const char *what)
{
    if (s == SNAP_OK) return;
    fprintf(stderr, "make_snap: %s: %s\n", what, snap_status_name(s));
    exit(2);
}

static uint64_t maker_clock(void *opaque, int which)
{
    struct maker *m = opaque;
    return (which ? start_mono : start_wall) + 1000000 * m->calls++;
}

static uint64_t string(struct maker *m, const char *s)
{
    uint64_t id;
    check(snap_writer_string(m->w, s, strlen(s), &id), "string");
    return id;
}

static uint64_t type(struct maker *m, const char *module, const char *name, uint32_t kind)
{
    snap_type t = { .name = string(m, name), .module = module ? string(m, module) : 0,
                    .kind = kind };
    uint64_t id;
    check(snap_writer_type(m->w, &t, &id), "type");
    return id;
}

static void define(struct maker *m)
{
    uint64_t frame, library;
    m->dict = type(m, "builtins", "dict", SNAP_TYPE_BUILTIN);
    m->list = type(m, "builtins", "list", SNAP_TYPE_BUILTIN);
    m->text = type(m, "builtins", "str", SNAP_TYPE_STRING);
    m->request = type(m, "shop.web", "Request", SNAP_TYPE_CLASS);
    m->registry = type(m, "shop.web", "Registry", SNAP_TYPE_CLASS);
    m->module_app = string(m, "shop.web");
    m->file = string(m, "/srv/shop/web.py");
    snap_module lib = { .path = string(m, "/usr/lib/libshop.so"),
                        .build_id = (const uint8_t *)"\1\2\3\4", .build_id_size = 4,
                        .start = 0x7f0000000000, .end = 0x7f0000010000 };
    check(snap_writer_module(m->w, &lib, &library), "module");
    snap_frame outer = { .function = string(m, "main"), .file = m->file, .line = 10,
                         .language = SNAP_LANGUAGE_PYTHON };
    snap_frame inner = { .function = string(m, "handle"), .file = m->file, .line = 42,
                         .language = SNAP_LANGUAGE_PYTHON };
    check(snap_writer_frame(m->w, &outer, &frame), "frame");
    check(snap_writer_stack(m->w, 0, frame, &m->stack), "stack");
    check(snap_writer_frame(m->w, &inner, &frame), "frame");
    check(snap_writer_stack(m->w, m->stack, frame, &m->stack), "stack");
}

static void describe(struct maker *m)
{
    check(snap_writer_metadata(m->w, "runtime.name", "cpython"), "metadata");
    check(snap_writer_metadata(m->w, "runtime.version", "3.11.2"), "metadata");
    check(snap_writer_metadata(m->w, "writer.name", "make_snap"), "metadata");
    check(snap_writer_metadata(m->w, "process.pid", "4711"), "metadata");
    check(snap_writer_metadata(m->w, "id.kind", "address"), "metadata");
    check(snap_writer_metadata(m->w, "values", "no"), "metadata");
    check(snap_writer_label(m->w, "service", "shop"), "label");
    check(snap_writer_label(m->w, "version", "1.2.3"), "label");
}

static uint64_t object(struct maker *m, uint64_t id, uint64_t type_id, uint64_t size)
{
    snap_object o = { .id = id, .type = type_id, .shallow_size = size, .have = SNAP_HAS_REFCOUNT,
                      .refcount = 1, .flags = SNAP_OBJECT_TRACKED, .stack = m->stack };
    uint64_t ordinal;
    if (type_id == m->text) {
        o.have |= SNAP_HAS_HASH;
        o.hash = id * 0x9e3779b97f4a7c15u;
        o.refcount = 2; /* heap() has two keys lead to it */
    }
    check(snap_writer_object(m->w, &o, &ordinal), "object");
    m->objects++;
    return ordinal;
}

static void edge(struct maker *m, uint64_t target, const char *name, uint16_t kind)
{
    snap_edge e = { .target = target, .kind = kind, .flags = SNAP_EDGE_OWNS };
    if (name) {
        e.name = string(m, name);
    } else if (kind == SNAP_EDGE_VALUE) {
        e.flags |= SNAP_EDGE_HAS_KEY_HASH;
        e.key_hash = (uint32_t)target & 0xffffff;
    }
    check(snap_writer_edges(m->w, &e, 1), "edge");
}

/* registry -> dict -> n requests, each with a dict of two keys and a string. */
static void heap(struct maker *m, unsigned n, const char *attribute)
{
    const uint64_t at = 0x7f1000000000;
    object(m, at, m->registry, 48);
    edge(m, at + 64, attribute, SNAP_EDGE_ATTRIBUTE);
    object(m, at + 64, m->list, 56 + 8 * n);
    for (unsigned i = 0; i < n; i++) edge(m, at + 1024 * (i + 1), NULL, SNAP_EDGE_ELEMENT);
    for (unsigned i = 0; i < n; i++) {
        uint64_t base = at + 1024 * (i + 1);
        object(m, base, m->request, 48);
        edge(m, base + 64, "__dict__", SNAP_EDGE_ATTRIBUTE);
        object(m, base + 64, m->dict, 232);
        edge(m, base + 512, "path", SNAP_EDGE_VALUE);
        edge(m, base + 512, NULL, SNAP_EDGE_VALUE);
        object(m, base + 512, m->text, 71);
    }
}

static void begin(struct maker *m, const char *reason)
{
    check(snap_writer_begin(m->w, &(snap_begin){ .reason = reason }), "begin");
    snap_thread t = { .id = 1, .os_id = 4711, .name = string(m, "MainThread"), .stack = m->stack };
    uint64_t id;
    check(snap_writer_thread(m->w, &t, &id), "thread");
    check(snap_writer_counter(m->w, "rss", 123456789), "counter");
    check(snap_writer_counter(m->w, "pymalloc.blocks", -1), "counter");
}

static void end(struct maker *m)
{
    snap_root r = { .object = 0x7f1000000000, .kind = SNAP_ROOT_GLOBAL,
                    .name = string(m, "registry") };
    check(snap_writer_root(m->w, &r), "root");
    check(snap_writer_finish(m->w, &(snap_finish){ .flags = SNAP_FINISH_COMPLETE }), "finish");
}

static void make_hostile(struct maker *m)
{
    check(snap_writer_label(m->w, "title", "\033]0;owned\007 \342\200\256txt"), "label");
    m->request = type(m, "evil\nmodule", "\033[31mRed\377", SNAP_TYPE_CLASS);
    begin(m, "because\r\n\033[2J");
    heap(m, 3, "=cmd|' /C calc'!A0");
    end(m);
}

static void make_values(struct maker *m)
{
    check(snap_writer_metadata(m->w, "values", "yes"), "metadata");
    begin(m, "values");
    heap(m, 2, "items");
    check(snap_writer_value(m->w, 4, "the secret", 10), "value");
    end(m);
}

static void make_long(struct maker *m)
{
    size_t n = 3u << 20;
    char *name = malloc(n + 1);
    if (!name) exit(2);
    memset(name, 'n', n);
    name[n] = 0;
    m->request = type(m, "long", name, SNAP_TYPE_CLASS);
    free(name);
    begin(m, "long");
    heap(m, 2, "items");
    end(m);
}

static void make_dangling(struct maker *m)
{
    begin(m, "dangling");
    heap(m, 2, "items");
    edge(m, 0xdead, NULL, SNAP_EDGE_ELEMENT);
    edge(m, 0xbeef, NULL, SNAP_EDGE_ELEMENT);
    object(m, 0x7f1000000000, m->dict, 8);
    end(m);
}

static int make(struct maker *m, const char *kind)
{
    define(m);
    describe(m);
    if (strcmp(kind, "none") == 0) return 1;
    if (strcmp(kind, "hostile") == 0) return make_hostile(m), 1;
    if (strcmp(kind, "values") == 0) return make_values(m), 1;
    if (strcmp(kind, "long") == 0) return make_long(m), 1;
    if (strcmp(kind, "dangling") == 0) return make_dangling(m), 1;
    begin(m, "test");
    heap(m, strcmp(kind, "chunks") == 0 ? 100 : 3, "items");
    if (strcmp(kind, "unfinished") == 0) return 0;
    end(m);
    if (strcmp(kind, "two") == 0) {
        begin(m, "test again");
        heap(m, 8, "items");
        end(m);
    }
    return 1;
}

/* Little-endian number of n bytes. */
static uint64_t get(const unsigned char *at, int n)
{
    uint64_t v = 0;
    while (n--) v = v << 8 | at[n];
    return v;
}

/* Puts the XXH3 of the n bytes at `at` after them. */
static void seal(unsigned char *at, size_t n)
{
    uint64_t h = XXH3_64bits(at, n);
    for (size_t i = 0; i < 8; i++) at[n + i] = (unsigned char)(h >> 8 * i);
}

/* Changes a finished file: its major version where `kind` is 0, else that kind of chunk into 77. */
static void patch(const char *path, unsigned kind)
{
    static unsigned char bytes[65536];
    FILE *f = fopen(path, "r+b");
    if (!f) exit(2);
    size_t n = fread(bytes, 1, sizeof bytes, f);
    if (kind == 0) {
        bytes[8] = 9;
        seal(bytes, 40);
    }
    for (size_t at = SNAP_FILE_HEADER_SIZE; kind && at + SNAP_CHUNK_HEADER_SIZE < n;
         at += SNAP_CHUNK_HEADER_SIZE + (size_t)get(bytes + at + 8, 4)) {
        if (get(bytes + at + 4, 2) != kind) continue;
        bytes[at + 4] = 77;
        seal(bytes + at, 56);
        break;
    }
    rewind(f);
    fwrite(bytes, 1, n, f);
    if (fclose(f)) exit(2);
}

int main(int argc, char **argv)
{
    static const char *const kinds[] = { "small", "two", "chunks", "hostile", "values", "long",
                                         "dangling", "unfinished", "none", "major", "kind",
                                         "optional" };
    struct maker m = { 0 };
    snap_writer_options o = { .size = sizeof o, .clock = maker_clock, .clock_opaque = &m,
                              .replace = 1 };
    snap_error err;
    size_t known = 0;
    while (argc == 3 && known < sizeof kinds / sizeof kinds[0] &&
           strcmp(kinds[known], argv[1]) != 0)
        known++;
    if (argc != 3 || known == sizeof kinds / sizeof kinds[0]) {
        fprintf(stderr, "usage: make_snap KIND OUT\n");
        return 2;
    }
    for (int i = 0; i < 16; i++) o.uuid[i] = (uint8_t)(0x10 + i);
    if (strcmp(argv[1], "chunks") == 0) o.chunk_rows = 16;
    check(snap_writer_open_path(&m.w, argv[2], &o, &err), "open");
    if (make(&m, argv[1])) {
        check(snap_writer_close(m.w, &err), "close");
    } else {
        check(snap_writer_flush(m.w), "flush");
        snap_writer_abort(m.w, 1); /* leaves OUT.part */
    }
    if (strcmp(argv[1], "major") == 0) patch(argv[2], 0);
    if (strcmp(argv[1], "kind") == 0) patch(argv[2], SNAP_KIND_FINISH);
    if (strcmp(argv[1], "optional") == 0) patch(argv[2], SNAP_KIND_LABEL);
    return 0;
}
