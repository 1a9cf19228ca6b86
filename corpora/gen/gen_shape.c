/* SPDX-License-Identifier: MIT */
/*
 * A graph of one of the shapes in shapes.h as a snapshot file; the same arguments give the same
 * bytes.
 *
 *     gen_shape SHAPE N SEED OUT
 *
 * Object v has the id 16 * (p(v) + 1), where p is a permutation that scatters neighbours: a loader
 * cannot find by luck what an address leads to. Ten types by turns of 1,000 objects. Exit status: 0
 * done, 2 wrong usage or failure. O(n + m) time and memory.
 */
#include <stdio.h>
#include <stdlib.h>

#include <snap/writer.h>

#include "shapes.h"

enum { TYPES = 10, TYPE_RUN = 1000, EDGES_AT_ONCE = 256 };

static uint64_t still_clock(void *opaque, int which)
{
    (void)opaque;
    return which ? 1000000000u : 1700000000000000000u;
}

/* A multiplier coprime to n makes v -> v * k mod n a permutation. */
static uint64_t coprime(uint64_t n)
{
    uint64_t k = 0x9e3779b97f4a7c15u % n | 1u;
    for (;; k += 2) {
        uint64_t a = n, b = k % n;
        while (b) {
            uint64_t r = a % b;
            a = b;
            b = r;
        }
        if (a == 1) return k % n;
    }
}

static uint64_t id_of(const struct shape *s, uint64_t k, uint64_t v)
{
    return 16 * (v * k % s->n + 1);
}

static void write_types(snap_writer *w, uint64_t type[TYPES])
{
    for (int i = 0; i < TYPES; i++) {
        char name[16];
        uint64_t text = 0;
        int size = snprintf(name, sizeof name, "Type%d", i);
        (void)snap_writer_string(w, name, (size_t)size, &text);
        (void)snap_writer_type(w, &(snap_type){ .name = text }, &type[i]);
    }
}

static void write_edges(snap_writer *w, const struct shape *s, uint64_t k, uint32_t v)
{
    snap_edge edge[EDGES_AT_ONCE];
    size_t n = 0;
    for (uint64_t e = s->off[v]; e < s->off[v + 1]; e++) {
        edge[n++] = (snap_edge){ .target = id_of(s, k, s->target[e]), .kind = SNAP_EDGE_ATTRIBUTE };
        if (n < EDGES_AT_ONCE) continue;
        (void)snap_writer_edges(w, edge, n);
        n = 0;
    }
    (void)snap_writer_edges(w, edge, n);
}

/* The writer remembers its first error; the caller's close returns it. */
static void write_shape(snap_writer *w, const struct shape *s)
{
    uint64_t type[TYPES], k = coprime(s->n);
    write_types(w, type);
    (void)snap_writer_begin(w, &(snap_begin){ .reason = "shape" });
    for (uint32_t v = 0; v < s->n; v++) {
        snap_object o = { .id = id_of(s, k, v), .type = type[v / TYPE_RUN % TYPES],
                          .shallow_size = s->shallow[v] };
        (void)snap_writer_object(w, &o, NULL);
        write_edges(w, s, k, v);
    }
    for (uint64_t i = 0; i < s->n_roots; i++)
        (void)snap_writer_root(w, &(snap_root){ .object = id_of(s, k, s->root[i]),
                                                .kind = SNAP_ROOT_GLOBAL });
    (void)snap_writer_finish(w, &(snap_finish){ .flags = SNAP_FINISH_COMPLETE });
}

int main(int argc, char **argv)
{
    snap_writer_options o = { .size = sizeof o, .replace = 1, .no_sync = 1, .clock = still_clock,
                              .uuid = "shape" };
    struct shape s;
    snap_writer *w;
    snap_error err;
    unsigned long long n = argc == 5 ? strtoull(argv[2], NULL, 10) : 0;
    if (n > UINT32_MAX || n == 0 ||
        shape_make(argv[1], (uint32_t)n, strtoull(argv[3], NULL, 10), &s) != 0) {
        fputs("usage: gen_shape SHAPE N SEED OUT    with N from 2048, and SHAPE one of:", stderr);
        for (unsigned i = 0; i < shape_count; i++) fprintf(stderr, " %s", shape_names[i]);
        fputc('\n', stderr);
        return 2;
    }
    snap_status status = snap_writer_open_path(&w, argv[4], &o, &err);
    if (status == SNAP_OK) {
        write_shape(w, &s);
        status = snap_writer_close(w, &err);
    }
    shape_free(&s);
    if (status == SNAP_OK) return 0;
    fprintf(stderr, "gen_shape: %s: %s\n", argv[4], err.text);
    return 2;
}
