/* SPDX-License-Identifier: MIT */
/*
 * Files that are hard on readers, of any size, all valid but the last; the same arguments give the
 * same bytes.
 *
 *     gen_hostile SHAPE N OUT
 *
 *   rows        N objects with a reference each, one row a chunk
 *   strings     N strings, each the name of an object
 *   text        one string of N bytes, the name of an object
 *   snapshots   N snapshots of one object
 *   ids         N objects of one and the same id
 *   types       N types of one object each
 *   list        a list of N objects of two types in turn: a way from the root for each
 *   lost        N objects, each with a type and a name of its own, of which every third chunk is
 *               damaged: definitions lost in the middle
 *
 * Exit status: 0 done, 2 wrong usage or failure. O(N) time; memory is the writer's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <snap/reader.h>
#include <snap/writer.h>

static uint64_t still_clock(void *opaque, int which)
{
    (void)opaque;
    return which ? 1000000000u : 1700000000000000000u;
}

static uint64_t string(snap_writer *w, const char *text)
{
    uint64_t id = 0;
    (void)snap_writer_string(w, text, strlen(text), &id);
    return id;
}

static uint64_t type(snap_writer *w, uint64_t name)
{
    uint64_t id = 0;
    (void)snap_writer_type(w, &(snap_type){ .name = name }, &id);
    return id;
}

static void object(snap_writer *w, uint64_t id, uint64_t type_id, uint64_t name)
{
    snap_object o = { .id = id, .type = type_id, .shallow_size = 16, .name = name };
    (void)snap_writer_object(w, &o, NULL);
}

static void root(snap_writer *w, uint64_t id)
{
    (void)snap_writer_root(w, &(snap_root){ .object = id, .kind = SNAP_ROOT_GLOBAL });
}

static void begin(snap_writer *w)
{
    (void)snap_writer_begin(w, &(snap_begin){ .reason = "hostile" });
}

static void finish(snap_writer *w)
{
    (void)snap_writer_finish(w, &(snap_finish){ .flags = SNAP_FINISH_COMPLETE });
}

static void make_rows(snap_writer *w, uint64_t n, uint64_t t)
{
    begin(w);
    for (uint64_t i = 1; i <= n; i++) {
        snap_edge e = { .target = 16 * (i % n + 1), .kind = SNAP_EDGE_ELEMENT };
        object(w, 16 * i, t, 0);
        (void)snap_writer_edges(w, &e, 1);
    }
    root(w, 16);
    finish(w);
}

static void make_strings(snap_writer *w, uint64_t n, uint64_t t)
{
    char text[32];
    begin(w);
    for (uint64_t i = 1; i <= n; i++) {
        snprintf(text, sizeof text, "name %llu", (unsigned long long)i);
        object(w, 16 * i, t, string(w, text));
    }
    root(w, 16);
    finish(w);
}

static void make_text(snap_writer *w, uint64_t n, uint64_t t)
{
    uint64_t id = 0;
    char *text = n < SIZE_MAX ? malloc((size_t)n + 1) : NULL;
    if (!text) exit(2);
    for (uint64_t i = 0; i < n; i++) text[i] = (char)('a' + i * i % 25);
    (void)snap_writer_string(w, text, (size_t)n, &id);
    free(text);
    begin(w);
    object(w, 16, t, id);
    root(w, 16);
    finish(w);
}

static void make_snapshots(snap_writer *w, uint64_t n, uint64_t t)
{
    for (uint64_t i = 0; i < n; i++) {
        begin(w);
        object(w, 16, t, 0);
        root(w, 16);
        finish(w);
    }
}

static void make_ids(snap_writer *w, uint64_t n, uint64_t t)
{
    begin(w);
    for (uint64_t i = 0; i < n; i++) object(w, 16, t, 0);
    root(w, 16);
    finish(w);
}

static void make_types(snap_writer *w, uint64_t n, uint64_t name)
{
    begin(w);
    for (uint64_t i = 1; i <= n; i++) object(w, 16 * i, type(w, name), 0);
    root(w, 16);
    finish(w);
}

static void make_list(snap_writer *w, uint64_t n, uint64_t t)
{
    uint64_t other = type(w, string(w, "Other"));
    begin(w);
    for (uint64_t i = 1; i <= n; i++) {
        snap_edge e = { .target = 16 * (i + 1), .kind = SNAP_EDGE_ATTRIBUTE };
        object(w, 16 * i, i % 2 ? t : other, 0);
        (void)snap_writer_edges(w, &e, i < n);
    }
    root(w, 16);
    finish(w);
}

static void make_lost(snap_writer *w, uint64_t n, uint64_t t)
{
    char text[32];
    (void)t;
    begin(w);
    for (uint64_t i = 1; i <= n; i++) {
        snprintf(text, sizeof text, "name %llu", (unsigned long long)i);
        uint64_t name = string(w, text);
        object(w, 16 * i, type(w, name), name);
    }
    root(w, 16);
    finish(w);
}

/* Inverts a byte in every third chunk of strings and of types of the file. Returns 0 or -1. */
static int lose_definitions(const char *path)
{
    snap_reader *r;
    size_t chunks = 0, seen = 0;
    if (snap_reader_open_path(&r, path, NULL, NULL) != SNAP_OK) return -1;
    FILE *f = fopen(path, "r+b");
    int status = f && snap_reader_load_index(r, &chunks, NULL) == SNAP_OK ? 0 : -1;
    for (size_t i = 0; !status && i < chunks; i++) {
        const snap_chunk_info *c = snap_reader_chunk(r, i);
        if ((c->kind != SNAP_KIND_STRING && c->kind != SNAP_KIND_TYPE) || seen++ % 3 != 2) continue;
        long last = (long)(c->offset + SNAP_CHUNK_HEADER_SIZE + c->stored_size - 1);
        int byte = fseek(f, last, SEEK_SET) == 0 ? fgetc(f) : EOF;
        if (byte == EOF || fseek(f, last, SEEK_SET) != 0 || fputc(byte ^ 255, f) == EOF) status = -1;
    }
    if (f && fclose(f) != 0) status = -1;
    snap_reader_close(r);
    return status;
}

static const struct shape {
    const char *name;
    void (*make)(snap_writer *w, uint64_t n, uint64_t type);
} shapes[] = { { "rows", make_rows },           { "strings", make_strings },
               { "text", make_text },           { "snapshots", make_snapshots },
               { "ids", make_ids },             { "types", make_types },
               { "list", make_list },           { "lost", make_lost } };

int main(int argc, char **argv)
{
    snap_writer_options o = { .size = sizeof o, .replace = 1, .no_sync = 1, .clock = still_clock };
    const struct shape *shape = shapes, *end = shapes + sizeof shapes / sizeof shapes[0];
    snap_writer *w;
    snap_error err;
    while (argc == 4 && shape < end && strcmp(shape->name, argv[1]) != 0) shape++;
    uint64_t n = argc == 4 ? strtoull(argv[2], NULL, 10) : 0;
    if (n == 0 || shape == end) {
        fputs("usage: gen_hostile rows|strings|text|snapshots|ids|types|list|lost N OUT\n", stderr);
        return 2;
    }
    memcpy(o.uuid, "hostile", 7);
    if (shape->make == make_rows) o.chunk_rows = 1;
    if (shape->make == make_lost) o.chunk_rows = 1000;
    snap_status s = snap_writer_open_path(&w, argv[3], &o, &err);
    if (s == SNAP_OK) {
        shape->make(w, n, type(w, string(w, "Thing")));
        s = snap_writer_close(w, &err);
    }
    if (s == SNAP_OK && shape->make == make_lost && lose_definitions(argv[3]) != 0) {
        perror(argv[3]);
        return 2;
    }
    if (s == SNAP_OK) return 0;
    fprintf(stderr, "gen_hostile: %s: %s\n", argv[3], err.text);
    return 2;
}
