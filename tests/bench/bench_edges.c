/* SPDX-License-Identifier: MIT */
/*
 * How the targets of edges are best stored: candidates measured on real snapshots.
 *
 *     bench_edges FILE.snap...
 *
 * The files must name targets by ordinal, in breadth-first order, as the CPython agent does. Each
 * chunk of edges is encoded anew by every candidate and packed by zstd level 1, alone; the table
 * gives bytes an edge before and after packing. Then the same for every other column of objects
 * and edges, by the encodings that the format has.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <snap/snap.h>
#include <zstd.h>

#include "column.h"
#include "varint.h"

struct chunk {
    const uint64_t *target, *source, *kind, *name;
    uint32_t n;
};

/* Where candidates write; more than any of them needs. */
static uint8_t bytes[32u * SNAP_MAX_CHUNK_ROWS];
static uint8_t packed[64u * SNAP_MAX_CHUNK_ROWS];
static ZSTD_CCtx *context;

static size_t pack(const uint8_t *from, size_t size)
{
    size_t n = ZSTD_compressCCtx(context, packed, sizeof packed, from, size, 1);
    return ZSTD_isError(n) || n > size ? size : n;
}

/* ---- candidates: each writes a chunk's targets to `bytes` and returns how many ---- */

static size_t absolute(const struct chunk *c)
{
    uint8_t *p = bytes;
    for (uint32_t i = 0; i < c->n; i++) p = varint_put(p, c->target[i]);
    return (size_t)(p - bytes);
}

static size_t to_previous(const struct chunk *c)
{
    uint8_t *p = bytes;
    for (uint32_t i = 0; i < c->n; i++) {
        p = varint_put(p, varint_zigzag(c->target[i] - (i ? c->target[i - 1] : 0)));
    }
    return (size_t)(p - bytes);
}

static size_t to_source(const struct chunk *c)
{
    uint8_t *p = bytes;
    for (uint32_t i = 0; i < c->n; i++) {
        p = varint_put(p, varint_zigzag(c->target[i] - c->source[i]));
    }
    return (size_t)(p - bytes);
}

static size_t to_maximum(const struct chunk *c)
{
    uint8_t *p = bytes;
    uint64_t fresh = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        p = varint_put(p, varint_zigzag(fresh - c->target[i]));
        if (c->target[i] >= fresh) fresh = c->target[i] + 1;
    }
    return (size_t)(p - bytes);
}

static size_t next_or_absolute(const struct chunk *c)
{
    uint8_t *p = bytes;
    uint64_t fresh = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        uint64_t t = c->target[i];
        p = varint_put(p, t == fresh ? 0 : t + 1);
        if (t >= fresh) fresh = t + 1;
    }
    return (size_t)(p - bytes);
}

/* The target, or 0 for a new one, byte by byte in planes. */
static size_t next_in_planes(const struct chunk *c)
{
    uint64_t fresh = 0;
    unsigned width = 1;
    for (uint32_t i = 0; i < c->n; i++) {
        uint64_t t = c->target[i];
        uint64_t x = t == fresh ? 0 : t + 1;
        if (t >= fresh) fresh = t + 1;
        while (width < 8 && x >> (8 * width)) width++;
        for (unsigned b = 0; b < 8; b++) bytes[b * c->n + i] = (uint8_t)(x >> (8 * b));
    }
    return (size_t)width * c->n;
}

/* A byte a target says how it is named (new, skipping, distance, absolute, as predicted); the rest
 * follows in a second stream. `context_of` gives the slot in which the last target is looked up. */
static size_t by_selector(const struct chunk *c, uint64_t (*context_of)(const struct chunk *c,
                                                                        uint32_t i, uint32_t place))
{
    static uint64_t last[1u << 16];
    uint8_t *select = bytes, *p = bytes + c->n;
    uint64_t fresh = 0;
    uint32_t place = 0;
    memset(last, 0xff, sizeof last);
    for (uint32_t i = 0; i < c->n; i++) {
        uint64_t t = c->target[i], slot = 0;
        place = i && c->source[i] == c->source[i - 1] ? place + 1 : 0;
        if (context_of) slot = (context_of(c, i, place) * 0x9E3779B97F4A7C15u) >> 48;
        if (t == fresh) {
            *select++ = 0;
        } else if (context_of && last[slot] == t) {
            *select++ = 4;
        } else if (t > fresh) {
            *select++ = 1;
            p = varint_put(p, t - fresh);
        } else if (varint_size(fresh - t) < varint_size(t)) {
            *select++ = 2;
            p = varint_put(p, fresh - t);
        } else {
            *select++ = 3;
            p = varint_put(p, t);
        }
        if (t >= fresh) fresh = t + 1;
        else last[slot] = t;
    }
    return (size_t)(p - bytes);
}

static uint64_t by_name(const struct chunk *c, uint32_t i, uint32_t place)
{
    (void)place;
    return c->kind[i] * 31 + (c->name ? c->name[i] * 1000003 : 0);
}

static uint64_t by_name_and_place(const struct chunk *c, uint32_t i, uint32_t place)
{
    return by_name(c, i, place) * 7919 + place;
}

static uint64_t by_previous(const struct chunk *c, uint32_t i, uint32_t place)
{
    return (i ? c->target[i - 1] : 0) * 7919 + place;
}

static size_t selector(const struct chunk *c)
{
    return by_selector(c, NULL);
}

static size_t selector_by_name(const struct chunk *c)
{
    return by_selector(c, by_name);
}

static size_t selector_by_name_and_place(const struct chunk *c)
{
    return by_selector(c, by_name_and_place);
}

static size_t selector_by_previous(const struct chunk *c)
{
    return by_selector(c, by_previous);
}

static struct candidate {
    const char *name;
    size_t (*encode)(const struct chunk *c);
    double raw, packed;
} candidates[] = {
    { "absolute", absolute, 0, 0 },
    { "difference to the previous target", to_previous, 0, 0 },
    { "difference to the source", to_source, 0, 0 },
    { "difference to the next new one", to_maximum, 0, 0 },
    { "0 for the next new one, else absolute (NEXT)", next_or_absolute, 0, 0 },
    { "the same in byte planes", next_in_planes, 0, 0 },
    { "selector byte + value", selector, 0, 0 },
    { "selector, predicted by kind and name", selector_by_name, 0, 0 },
    { "selector, predicted by kind, name, place", selector_by_name_and_place, 0, 0 },
    { "selector, predicted by previous target, place", selector_by_previous, 0, 0 },
};
#define CANDIDATES (sizeof candidates / sizeof candidates[0])

/* ---- every column, by what the library chooses ---- */

static const char *const encoding_name[COLUMN_LAST + 1] = {
    "", "CONSTANT", "VARINT", "DELTA", "RUNS", "DELTA_RUNS", "FIXED", "BYTES", "NEXT",
};

static struct column_sum {
    double rows, raw, packed;
    unsigned used[COLUMN_LAST + 1];
} columns[SNAP_KIND_LAST + 1][32];

static void add_column(const snap_batch *b, unsigned id)
{
    static uint64_t memory[SNAP_MAX_CHUNK_ROWS + COLUMN_SLACK / 8];
    const uint64_t *v = snap_batch_u64(b, id);
    struct column_sum *sum = &columns[snap_batch_kind(b)][id];
    uint64_t *in = memory + COLUMN_SLACK / 8;
    uint8_t encoding;
    size_t n = 0;
    if (!v) return;
    for (uint32_t i = 0; i < snap_batch_rows(b); i++) {
        if (snap_batch_has(b, id, i)) in[n++] = v[i];
    }
    size_t size = column_encode(in, n, (uint8_t *)memory, &encoding);
    sum->rows += (double)n;
    sum->raw += (double)size;
    sum->packed += (double)pack((uint8_t *)memory, size);
    sum->used[encoding]++;
}

static void add_chunk(const snap_batch *b)
{
    unsigned ids[32];
    size_t n = snap_batch_columns(b, ids, 32);
    for (size_t i = 0; i < n && i < 32; i++) {
        /* The index of edges is given as the position of every edge, not as it is stored. */
        int derived = snap_batch_kind(b) == SNAP_KIND_EDGE && ids[i] == SNAP_COL_EDGE_INDEX;
        if (ids[i] < 32 && !derived) add_column(b, ids[i]);
    }
    struct chunk c = { snap_batch_u64(b, SNAP_COL_EDGE_TARGET_ORDINAL),
                       snap_batch_u64(b, SNAP_COL_EDGE_SOURCE),
                       snap_batch_u64(b, SNAP_COL_EDGE_KIND),
                       snap_batch_u64(b, SNAP_COL_EDGE_NAME), snap_batch_rows(b) };
    if (snap_batch_kind(b) != SNAP_KIND_EDGE || !c.target) return;
    for (size_t i = 0; i < CANDIDATES; i++) {
        size_t size = candidates[i].encode(&c);
        candidates[i].raw += (double)size;
        candidates[i].packed += (double)pack(bytes, size);
    }
}

static void print_tables(const char *path, double objects, double edges, double size)
{
    printf("%s: %.0f objects, %.0f edges, %.2f bytes an object in all\n", path, objects, edges,
           size / objects);
    printf("  %-46s %10s %10s\n", "targets, bytes an edge", "encoded", "packed");
    for (size_t i = 0; i < CANDIDATES; i++) {
        printf("  %-46s %10.3f %10.3f\n", candidates[i].name, candidates[i].raw / edges,
               candidates[i].packed / edges);
        candidates[i].raw = candidates[i].packed = 0;
    }
    printf("  %-10s %12s %10s %10s  %s\n", "column", "values", "encoded", "packed",
           "(bytes an object; chunks by encoding)");
    for (unsigned kind = SNAP_KIND_OBJECT; kind <= SNAP_KIND_EDGE; kind++) {
        for (unsigned id = 1; id < 32; id++) {
            const struct column_sum *s = &columns[kind][id];
            if (s->rows == 0) continue;
            printf("  %s %-3u %12.0f %10.3f %10.3f ",
                   kind == SNAP_KIND_OBJECT ? "object" : "edge  ", id, s->rows, s->raw / objects,
                   s->packed / objects);
            for (unsigned e = 1; e <= COLUMN_LAST; e++) {
                if (s->used[e]) printf(" %s %u", encoding_name[e], s->used[e]);
            }
            printf("\n");
        }
    }
    memset(columns, 0, sizeof columns);
}

int main(int argc, char **argv)
{
    context = ZSTD_createCCtx();
    for (int i = 1; i < argc; i++) {
        snap_reader *r;
        const snap_batch *b;
        snap_error err;
        snap_reader_summary sum;
        double objects = 0, edges = 0;
        if (snap_reader_open_path(&r, argv[i], NULL, &err) != SNAP_OK) {
            fprintf(stderr, "bench_edges: %s: %s\n", argv[i], err.text);
            return 2;
        }
        while (snap_reader_next(r, &b, NULL) == SNAP_OK) {
            unsigned kind = snap_batch_kind(b);
            if (kind == SNAP_KIND_OBJECT) objects += snap_batch_rows(b);
            else if (kind == SNAP_KIND_EDGE) edges += snap_batch_rows(b);
            else continue;
            add_chunk(b);
        }
        snap_reader_get_summary(r, &sum);
        snap_reader_close(r);
        if (objects > 0 && edges > 0) print_tables(argv[i], objects, edges, (double)sum.bytes);
    }
    ZSTD_freeCCtx(context);
    return 0;
}
