/* SPDX-License-Identifier: MIT */
/*
 * The random part of the generator. Every column has a style of numbers that changes now and then,
 * so that chunks see constants, runs, progressions, addresses, small and hostile numbers. O(rows).
 *
 * Each call of the generator of numbers is a statement of its own: the order of evaluation inside
 * an initialiser or an argument list is the compiler's choice, and the rows must not depend on
 * it.
 */
#include "random_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the log ---- */

void gen_log_add(struct gen_log *log, unsigned kind, const struct gen_row *row)
{
    if (!log) return;
    if (log->n[kind] == log->room[kind]) {
        size_t room = log->room[kind] ? 2 * log->room[kind] : 64;
        log->row[kind] = realloc(log->row[kind], room * sizeof *row);
        if (!log->row[kind]) abort();
        log->room[kind] = room;
    }
    log->row[kind][log->n[kind]++] = *row;
}

void gen_log_free(struct gen_log *log)
{
    for (unsigned kind = 0; kind <= SNAP_KIND_LAST; kind++) free(log->row[kind]);
    memset(log, 0, sizeof *log);
}

uint32_t gen_hash(const void *bytes, size_t size)
{
    const uint8_t *p = bytes;
    uint32_t h = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < size; i++) h = (h ^ p[i]) * 16777619u;
    return h;
}

struct gen_row gen_row_of_object(uint32_t snapshot, const snap_object *o)
{
    uint32_t have = o->have;
    return (struct gen_row){
        .snapshot = snapshot,
        .v = { o->id, o->type, o->shallow_size, have, o->flags, o->stack, o->name,
               have & SNAP_HAS_NATIVE ? o->native_size : 0,
               have & SNAP_HAS_REFCOUNT ? o->refcount : 0, have & SNAP_HAS_LENGTH ? o->length : 0,
               have & SNAP_HAS_CAPACITY ? o->capacity : 0, have & SNAP_HAS_HASH ? o->hash : 0,
               have & SNAP_HAS_BOUND ? o->bound : 0, have & SNAP_HAS_BUFFER ? o->buffer : 0,
               have & SNAP_HAS_GENERATION ? o->generation : 0u,
               have & SNAP_HAS_RESOURCE ? o->resource : 0u,
               have & SNAP_HAS_STATE ? o->state : 0u },
    };
}

struct gen_row gen_row_of_edge(uint32_t snapshot, uint64_t source, const snap_edge *e)
{
    unsigned flags = e->flags & ~(unsigned)SNAP_EDGE_HAS_INDEX;
    return (struct gen_row){
        .snapshot = snapshot,
        .v = { source, e->target, e->name, e->index, e->kind, flags,
               flags & SNAP_EDGE_HAS_KEY_HASH ? e->key_hash : 0 },
    };
}

struct gen_row gen_row_of_root(uint32_t snapshot, const snap_root *r)
{
    return (struct gen_row){
        .snapshot = snapshot,
        .v = { r->object, r->name, r->thread, r->frame, r->frame ? r->depth : 0, r->kind,
               r->by_ordinal },
    };
}

/* ---- numbers ---- */

struct gen {
    snap_writer *w;
    struct gen_log *log;
    uint64_t state;
    unsigned flags;
    uint32_t snapshot;
    uint64_t strings, modules, frames, stacks, types, threads; /* ids handed out so far */
    uint64_t objects; /* in this snapshot */
    struct style {
        unsigned kind, left;
        uint64_t last, step;
    } style[32];
};

static uint64_t next(struct gen *g)
{
    /* splitmix64 */
    uint64_t z = (g->state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static uint64_t below(struct gen *g, uint64_t n)
{
    return next(g) % n;
}

/* As many small numbers as large ones. */
static uint64_t any_width(struct gen *g)
{
    uint64_t x = next(g);
    return x >> below(g, 64);
}

/* A number of the style that field `f` has at the moment. */
static uint64_t number(struct gen *g, unsigned f)
{
    struct style *s = &g->style[f];
    if (s->left-- == 0) {
        s->kind = (unsigned)below(g, 8);
        s->left = (unsigned)below(g, 2000);
        s->last = any_width(g);
        s->step = (uint64_t)1 << below(g, 20);
    }
    switch (s->kind) {
    case 0: return s->last;                                       /* constant */
    case 1: return s->last += s->step;                            /* progression */
    case 2: return s->last += s->step * (below(g, 64) - 32);      /* walk with a common factor */
    case 3: return s->last += below(g, 20) == 0 ? s->step : 0;    /* runs that rise */
    case 4: return below(g, 20) ? s->last : (s->last = below(g, 100)); /* runs */
    case 5: return below(g, 128);
    case 6: return any_width(g);
    default: return next(g);
    }
}

static uint64_t number_below(struct gen *g, unsigned f, uint64_t n)
{
    return number(g, f) % n;
}

/* An id out of 1..n, or 0 now and then (always, where there is none). */
static uint64_t maybe_id(struct gen *g, unsigned f, uint64_t n)
{
    return n && below(g, 3) ? 1 + number_below(g, f, n) : 0;
}

/* ---- definitions ---- */

static void add_bytes(struct gen *g, unsigned kind, const void *bytes, size_t size)
{
    struct gen_row row = { .snapshot = 0, .bytes = gen_hash(bytes, size), .v = { size } };
    gen_log_add(g->log, kind, &row);
}

static void make_string(struct gen *g)
{
    uint8_t text[400];
    uint64_t id;
    size_t size = (size_t)below(g, below(g, 10) ? 20 : sizeof text);
    for (size_t i = 0; i < size; i++) {
        text[i] = (uint8_t)(below(g, 40) ? 'a' + below(g, 26) : next(g));
    }
    if (snap_writer_string(g->w, text, size, &id) != SNAP_OK || id <= g->strings) return;
    g->strings = id;
    add_bytes(g, SNAP_KIND_STRING, text, size);
}

static void make_long_string(struct gen *g)
{
    size_t size = 2 * (size_t)SNAP_MAX_STRING_PART + (size_t)below(g, SNAP_MAX_STRING_PART);
    uint8_t *text = malloc(size);
    if (!text) abort();
    for (size_t i = 0; i < size; i++) text[i] = (uint8_t)(i * i >> 7);
    if (snap_writer_string(g->w, text, size, &g->strings) == SNAP_OK) {
        add_bytes(g, SNAP_KIND_STRING, text, size);
    }
    free(text);
}

static void make_module(struct gen *g)
{
    uint8_t build[20];
    for (size_t i = 0; i < sizeof build; i++) build[i] = (uint8_t)next(g);
    snap_module m = { .path = 1 + below(g, g->strings) };
    if (below(g, 2)) {
        m.build_id = build;
        m.build_id_size = 1 + (size_t)below(g, sizeof build);
    }
    if (below(g, 2)) {
        m.start = number(g, 0);
        m.end = number(g, 1) | 1;
    }
    if (snap_writer_module(g->w, &m, &g->modules) != SNAP_OK) return;
    struct gen_row row = { .bytes = gen_hash(build, m.build_id_size),
                           .v = { m.path, m.build_id_size, m.start, m.end } };
    gen_log_add(g->log, SNAP_KIND_MODULE, &row);
}

static void make_frame(struct gen *g)
{
    snap_frame f = { 0 };
    f.function = 1 + number_below(g, 2, g->strings);
    f.file = maybe_id(g, 3, g->strings);
    f.module = maybe_id(g, 4, g->modules);
    f.address = below(g, 2) ? number(g, 5) : 0;
    f.line = (uint32_t)(below(g, 2) ? number(g, 6) : 0);
    f.language = (uint32_t)below(g, 6);
    if (snap_writer_frame(g->w, &f, &g->frames) != SNAP_OK) return;
    struct gen_row row = { .v = { f.function, f.file, f.module, f.address, f.line, f.language } };
    gen_log_add(g->log, SNAP_KIND_FRAME, &row);
}

static void make_stack(struct gen *g)
{
    uint64_t parent = maybe_id(g, 7, g->stacks);
    uint64_t frame = 1 + number_below(g, 8, g->frames);
    if (snap_writer_stack(g->w, parent, frame, &g->stacks) != SNAP_OK) return;
    gen_log_add(g->log, SNAP_KIND_STACK, &(struct gen_row){ .v = { parent, frame } });
}

static void make_type(struct gen *g)
{
    snap_type t = { 0 };
    t.name = 1 + number_below(g, 9, g->strings);
    t.module = maybe_id(g, 10, g->strings);
    t.base = maybe_id(g, 11, g->types);
    t.object = below(g, 2) ? number(g, 12) : 0;
    t.loader = below(g, 9) ? 0 : number(g, 13);
    t.size = below(g, 2) ? number(g, 14) & SNAP_MAX_SIZE : 0;
    t.kind = (uint32_t)below(g, 9);
    t.flags = (uint32_t)below(g, 16);
    if (snap_writer_type(g->w, &t, &g->types) != SNAP_OK) return;
    struct gen_row row = { .v = { t.name, t.module, t.object, t.base, t.loader, t.size, t.kind,
                                  t.flags } };
    gen_log_add(g->log, SNAP_KIND_TYPE, &row);
}

/* Some more of everything that can be defined. */
static void define(struct gen *g, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        make_string(g);
        if (g->strings == 0) continue;
        if (below(g, 4) == 0) make_module(g);
        if (below(g, 2) == 0) make_frame(g);
        if (g->frames) make_stack(g);
        if (g->types == 0 || below(g, 2) == 0) make_type(g);
    }
}

/* ---- facts ---- */

static void write_pair(struct gen *g, int label, const char *key, const char *value)
{
    snap_status s = label ? snap_writer_label(g->w, key, value)
                          : snap_writer_metadata(g->w, key, value);
    if (s != SNAP_OK) return;
    struct gen_row row = { .snapshot = g->snapshot, .bytes = gen_hash(key, strlen(key)),
                           .v = { gen_hash(value, strlen(value)) } };
    gen_log_add(g->log, label ? SNAP_KIND_LABEL : SNAP_KIND_METADATA, &row);
}

static void make_pair(struct gen *g, int label)
{
    char key[40], value[80];
    snprintf(key, sizeof key, "key.%llu", (unsigned long long)below(g, 50));
    int width = (int)below(g, 60);
    snprintf(value, sizeof value, "%0*llu", width, (unsigned long long)next(g));
    write_pair(g, label, key, value);
}

static void make_sample(struct gen *g)
{
    char name[24];
    int n = snprintf(name, sizeof name, "c%llu", (unsigned long long)below(g, 9));
    int64_t value = (int64_t)number(g, 15);
    uint64_t time = number(g, 16);
    struct gen_row row = { .snapshot = g->snapshot, .bytes = gen_hash(name, (size_t)n),
                           .v = { (uint64_t)value } };
    if (g->snapshot && snap_writer_counter(g->w, name, value) == SNAP_OK) {
        gen_log_add(g->log, SNAP_KIND_COUNTER, &row);
    }
    row.v[1] = time;
    if (snap_writer_sample(g->w, name, time, value) == SNAP_OK) {
        gen_log_add(g->log, SNAP_KIND_SAMPLE, &row);
    }
}

static void make_event(struct gen *g)
{
    snap_event e = { 0 };
    e.mono_ns = number(g, 17);
    e.address = number(g, 18);
    e.op = (uint32_t)(1 + below(g, 2));
    e.stack = maybe_id(g, 19, g->stacks);
    e.thread = below(g, 2) ? number(g, 20) : 0;
    if (e.op == SNAP_EVENT_ALLOC) e.size = number(g, 21) & SNAP_MAX_SIZE;
    if (snap_writer_event(g->w, &e) != SNAP_OK) return;
    struct gen_row row = { .snapshot = g->snapshot,
                           .v = { e.mono_ns, e.address, e.size, e.stack, e.thread, e.op } };
    gen_log_add(g->log, SNAP_KIND_EVENT, &row);
}

/* ---- a snapshot ---- */

static void make_thread(struct gen *g)
{
    snap_thread t = { 0 };
    t.id = next(g);
    t.os_id = below(g, 100);
    t.name = maybe_id(g, 22, g->strings);
    t.stack = maybe_id(g, 23, g->stacks);
    t.object = below(g, 2) ? next(g) : 0;
    if (snap_writer_thread(g->w, &t, &g->threads) != SNAP_OK) return;
    struct gen_row row = { .snapshot = g->snapshot,
                           .v = { t.id, t.os_id, t.name, t.stack, t.object } };
    gen_log_add(g->log, SNAP_KIND_THREAD, &row);
}

/* Ids rise with odd steps, so that each is known from its ordinal. */
static uint64_t object_id(uint64_t ordinal)
{
    return 0x7f0000000010u + 48 * ordinal + (ordinal % 7 == 0 ? 1 : 0);
}

static void make_object(struct gen *g)
{
    snap_object o = { 0 };
    o.id = object_id(g->objects);
    o.type = 1 + number_below(g, 24, g->types);
    o.shallow_size = number(g, 25) & SNAP_MAX_SIZE;
    o.have = (uint32_t)(next(g) & next(g) & 0x3ff);
    o.flags = (uint32_t)number(g, 26);
    o.stack = maybe_id(g, 27, g->stacks);
    o.name = below(g, 9) ? 0 : 1 + below(g, g->strings);
    o.native_size = number(g, 28) & SNAP_MAX_SIZE;
    o.refcount = number(g, 29);
    o.length = below(g, 100);
    o.capacity = number(g, 30) & SNAP_MAX_SIZE;
    o.hash = next(g);
    o.bound = below(g, 1000);
    uint64_t buffer = next(g); /* one of few in half of the cases: shared */
    o.buffer = buffer & 1 ? buffer : buffer >> 1 & 15;
    o.generation = (uint8_t)below(g, 3);
    o.resource = (uint8_t)below(g, 10);
    o.state = (uint8_t)below(g, 3);
    if ((g->flags & GEN_DUPLICATES) && g->objects && below(g, 50) == 0) {
        o.id = object_id(below(g, g->objects));
    }
    if (snap_writer_object(g->w, &o, NULL) != SNAP_OK) return;
    g->objects++;
    struct gen_row row = gen_row_of_object(g->snapshot, &o);
    gen_log_add(g->log, SNAP_KIND_OBJECT, &row);
}

static uint64_t pick_target(struct gen *g, uint64_t objects, int by_ordinal)
{
    uint64_t ordinal = below(g, 4) ? below(g, objects) : below(g, 1 + objects / 50);
    if ((g->flags & GEN_DANGLING) && below(g, 30) == 0) ordinal = objects + below(g, 1000);
    return by_ordinal ? ordinal : object_id(ordinal);
}

static void make_edges(struct gen *g, uint64_t source, uint64_t all, int own)
{
    snap_edge e[12];
    size_t n = (size_t)below(g, below(g, 40) ? 7 : 12);
    int mixed = below(g, 20) == 0;
    int by_ordinal = g->style[31].kind & 1;
    for (size_t i = 0; i < n; i++) {
        if (mixed) by_ordinal = (int)below(g, 2);
        memset(&e[i], 0, sizeof e[i]);
        e[i].target = pick_target(g, all, by_ordinal);
        e[i].name = below(g, 2) ? 0 : 1 + below(g, g->strings);
        e[i].kind = (uint16_t)(1 + below(g, 16));
        e[i].flags = (uint16_t)(below(g, 2) | (by_ordinal ? SNAP_EDGE_TO_ORDINAL : 0u));
        if (below(g, 5) == 0) {
            e[i].flags |= SNAP_EDGE_HAS_KEY_HASH;
            e[i].key_hash = (uint32_t)below(g, 1u << 24);
        }
        if (below(g, 9) == 0) {
            e[i].flags |= SNAP_EDGE_HAS_INDEX;
            e[i].index = below(g, 1000);
        }
        if (i && below(g, 30) == 0 && ((e[i].flags ^ e[i - 1].flags) & SNAP_EDGE_TO_ORDINAL) == 0)
            e[i].target = e[i - 1].target; /* parallel, mostly */
    }
    snap_status s = own ? snap_writer_edges(g->w, e, n)
                        : snap_writer_edges_from(g->w, source, e, n);
    if (s != SNAP_OK) return;
    uint64_t position = 0;
    for (size_t i = 0; i < n; i++) {
        if (e[i].flags & SNAP_EDGE_HAS_INDEX) position = e[i].index;
        e[i].index = position++;
        struct gen_row row = gen_row_of_edge(g->snapshot, source, &e[i]);
        gen_log_add(g->log, SNAP_KIND_EDGE, &row);
    }
}

static void make_root(struct gen *g, int by_ordinal)
{
    snap_root r = { 0 };
    r.object = pick_target(g, g->objects, by_ordinal);
    r.name = maybe_id(g, 0, g->strings);
    r.thread = maybe_id(g, 1, g->threads);
    r.frame = maybe_id(g, 2, g->frames);
    r.depth = (uint32_t)below(g, 30);
    r.kind = (uint16_t)(1 + below(g, 19));
    r.by_ordinal = (uint16_t)by_ordinal;
    if (snap_writer_root(g->w, &r) != SNAP_OK) return;
    struct gen_row row = gen_row_of_root(g->snapshot, &r);
    gen_log_add(g->log, SNAP_KIND_ROOT, &row);
}

static void make_rare(struct gen *g)
{
    char text[64];
    size_t size = (size_t)below(g, sizeof text);
    uint64_t ordinal = below(g, g->objects);
    memset(text, 'v', sizeof text);
    if (snap_writer_value(g->w, ordinal, text, size) == SNAP_OK) {
        struct gen_row row = { .snapshot = g->snapshot, .bytes = gen_hash(text, size),
                               .v = { ordinal, size } };
        gen_log_add(g->log, SNAP_KIND_VALUE, &row);
    }
    snap_block b = { 0 };
    b.address = number(g, 3);
    b.size = number(g, 4) & SNAP_MAX_SIZE;
    b.stack = maybe_id(g, 5, g->stacks);
    b.domain = below(g, 3);
    b.owner = below(g, 2) ? object_id(ordinal) : 0;
    if (snap_writer_block(g->w, &b) == SNAP_OK) {
        struct gen_row row = { .snapshot = g->snapshot,
                               .v = { b.address, b.size, b.stack, b.domain, b.owner } };
        gen_log_add(g->log, SNAP_KIND_BLOCK, &row);
    }
}

static void make_snapshot(struct gen *g, size_t rows)
{
    snap_begin begin = { .reason = below(g, 2) ? "random rows" : NULL };
    if (snap_writer_begin(g->w, &begin) != SNAP_OK) return;
    g->snapshot++;
    g->objects = 0;
    for (uint64_t i = below(g, 5); i > 0; i--) make_thread(g);
    for (size_t i = 0; i < rows; i++) {
        if (below(g, 200) == 0) define(g, 1);
        if (below(g, 500) == 0) make_sample(g);
        if (below(g, 500) == 0) make_pair(g, 0);
        make_object(g);
        number(g, 31); /* lets the way of naming targets change now and then */
        if (g->objects == 0) return;
        if (below(g, 10)) make_edges(g, g->objects - 1, rows, 1);
        if (g->objects > 1 && below(g, 20) == 0) {
            /* Sources in a falling order, so that none comes twice in a row. */
            uint64_t source = g->objects - 2 - i % (g->objects - 1);
            make_edges(g, source, rows, 0);
            if (source) make_edges(g, source - 1, rows, 0);
        }
        if (below(g, 100) == 0) make_rare(g);
        if (below(g, 300) == 0) make_event(g);
        if (below(g, 3000) == 0 && snap_writer_flush(g->w) != SNAP_OK) return;
    }
    int by_ordinal = (int)below(g, 2);
    for (size_t i = 0; i < 1 + rows / 10; i++) {
        if (g->objects) make_root(g, by_ordinal);
    }
    snap_finish finish = { .flags = g->flags & GEN_DANGLING ? 0 : SNAP_FINISH_COMPLETE };
    if (snap_writer_finish(g->w, &finish) != SNAP_OK) return;
    struct gen_row row = { .snapshot = g->snapshot, .v = { g->objects } };
    gen_log_add(g->log, SNAP_KIND_FINISH, &row);
}

snap_status gen_random(snap_writer *w, uint64_t seed, size_t rows, unsigned flags,
                       struct gen_log *log)
{
    struct gen g = { .w = w, .log = log, .state = seed, .flags = flags };
    unsigned snapshots = 1 + (unsigned)below(&g, 3);
    define(&g, 1 + (unsigned)below(&g, 30));
    if (flags & GEN_LONG) make_long_string(&g);
    write_pair(&g, 0, "values", "yes"); /* VALUE rows occur */
    make_pair(&g, 0);
    make_pair(&g, 1);
    make_sample(&g);
    uint32_t done = 0;
    for (unsigned i = 0; i < snapshots; i++) {
        make_snapshot(&g, rows / snapshots + 1);
        if (g.snapshot != ++done) break;
        g.snapshot = 0;
        make_pair(&g, 1);
        make_event(&g);
        g.snapshot = done;
    }
    return snap_writer_status(w, NULL);
}
