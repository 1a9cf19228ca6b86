/* SPDX-License-Identifier: MIT */
/*
 * A heap of realistic shape, made without holding it: what an object is follows from its ordinal
 * by a hash, and breadth-first order makes "the next new object" the only state. It is made twice,
 * first to count the references to each object: 4 B an object, O(objects + edges).
 */
#include "random_rows.h"

#include <stdio.h>
#include <stdlib.h>

#define TYPES 300u
#define NAMES 4000u
#define FIRST_TYPE_OBJECT 1u /* ordinals 1..TYPES are the class objects */
#define MAX_EDGES 1024u
#define OUTSIDE 4096u        /* one object of so many is held by something outside of the heap too */

struct heap {
    snap_writer *w;
    uint64_t seed;
    uint64_t objects;
    uint64_t newest; /* ordinal that the next new object gets */
    unsigned mean;
    uint32_t *count; /* by ordinal: references to it */
};

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t z = a * 0x9E3779B97F4A7C15u + b + 0xD1B54A32D192ED03u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* Small numbers often, large ones seldom. */
static uint64_t skewed(uint64_t hash, uint64_t n)
{
    uint64_t x = hash % n;
    return (hash >> 32) % (x + 1);
}

/* Neighbours in discovery mostly lie near each other: runs of 64 objects, the runs shuffled. */
static uint64_t address_of(const struct heap *h, uint64_t ordinal)
{
    uint64_t run = ordinal / 64, n = h->objects / 64 + 1;
    uint64_t place = (run * 0x9E3779B1u + h->seed % 1024) % n;
    return 0x7f5a00000000u + (place * 64 + ordinal % 64) * 64;
}

static unsigned type_of(const struct heap *h, uint64_t ordinal)
{
    if (ordinal >= FIRST_TYPE_OBJECT && ordinal < FIRST_TYPE_OBJECT + TYPES) return 0;
    return (unsigned)skewed(mix(h->seed, ordinal), TYPES);
}

static unsigned edges_of(const struct heap *h, uint64_t ordinal, unsigned type)
{
    uint64_t r = mix(h->seed ^ 1, ordinal);
    if (ordinal == 0) return 64; /* the registry */
    if (type % 3 == 2) return 1;  /* leaves: strings, numbers: only their type */
    unsigned usual = 1 + type % (2 * h->mean);
    return r % 997 == 0 ? usual + (unsigned)(r >> 32) % 500 : usual;
}

static snap_object object_of(const struct heap *h, uint64_t ordinal, unsigned type, unsigned edges)
{
    uint64_t r = mix(h->seed ^ 2, ordinal);
    uint64_t count = h->count[ordinal] + (uint64_t)(r % OUTSIDE == 0);
    snap_object o = { .id = address_of(h, ordinal), .type = 1 + type,
                      .shallow_size = 16 * (1 + type % 7) + 8 * (uint64_t)edges,
                      .have = SNAP_HAS_REFCOUNT | SNAP_HAS_GENERATION, .refcount = count,
                      .generation = 2, .flags = type % 3 == 2 ? 0 : SNAP_OBJECT_TRACKED };
    if (type % 3 == 2 && type % 2) {
        o.have |= SNAP_HAS_LENGTH | SNAP_HAS_HASH;
        o.length = skewed(r, 60);
        o.hash = mix(h->seed ^ 3, r % (h->objects / 4 + 1));
    } else if (edges > 20) {
        o.have |= SNAP_HAS_LENGTH | SNAP_HAS_CAPACITY;
        o.length = edges;
        o.capacity = edges + edges / 8 + 6;
    }
    return o;
}

static snap_edge edge_of(struct heap *h, uint64_t ordinal, unsigned type, unsigned k)
{
    uint64_t r = mix(h->seed ^ (4 + k), ordinal);
    snap_edge e = { .flags = SNAP_EDGE_OWNS | SNAP_EDGE_TO_ORDINAL };
    if (k == 0) {
        e.kind = SNAP_EDGE_TYPE;
        e.target = FIRST_TYPE_OBJECT + type < h->objects ? FIRST_TYPE_OBJECT + type : 0;
        return e;
    }
    e.kind = k > 12 ? SNAP_EDGE_ELEMENT : SNAP_EDGE_ATTRIBUTE;
    if (k <= 12) e.name = 1 + (type * 12 + k) % NAMES;
    /* The queue must not run dry; beyond that, two of three are new. */
    int fresh = h->newest == ordinal + 1 || r % 3 != 0;
    if (fresh && h->newest < h->objects) e.target = h->newest++;
    else if (r % 3 == 1) e.target = skewed(r, h->newest < 500 ? h->newest : 500);
    else e.target = r / 8 % h->newest;
    return e;
}

/* The edges of an object, and its type; how many. */
static unsigned make_edges(struct heap *h, uint64_t ordinal, unsigned *type, snap_edge e[MAX_EDGES])
{
    *type = type_of(h, ordinal);
    unsigned n = edges_of(h, ordinal, *type);
    /* An object that would leave the queue empty gets one edge more. */
    if (n < 2 && h->newest == ordinal + 1 && h->newest < h->objects) n = 2;
    for (unsigned k = 0; k < n; k++) e[k] = edge_of(h, ordinal, *type, k);
    return n;
}

static void count_references(struct heap *h)
{
    snap_edge e[MAX_EDGES];
    unsigned type;
    for (uint64_t i = 0; i < h->objects; i++)
        for (unsigned k = make_edges(h, i, &type, e); k-- > 0;) h->count[e[k].target]++;
    h->newest = 1;
}

static snap_status write_object(struct heap *h, uint64_t ordinal)
{
    snap_edge e[MAX_EDGES];
    unsigned type, n = make_edges(h, ordinal, &type, e);
    snap_object o = object_of(h, ordinal, type, n);
    snap_status s = snap_writer_object(h->w, &o, NULL);
    return s == SNAP_OK ? snap_writer_edges(h->w, e, n) : s;
}

static snap_status define(snap_writer *w)
{
    char name[40];
    uint64_t id;
    snap_status s = SNAP_OK;
    for (unsigned i = 0; i < NAMES && s == SNAP_OK; i++) {
        int n = snprintf(name, sizeof name, "%s_%u", i % 2 ? "attribute" : "item", i);
        s = snap_writer_string(w, name, (size_t)n, &id);
    }
    for (unsigned i = 0; i < TYPES && s == SNAP_OK; i++) {
        s = snap_writer_type(w, &(snap_type){ .name = 1 + i, .kind = SNAP_TYPE_CLASS }, &id);
    }
    return s;
}

static snap_status write_heap(struct heap *h)
{
    snap_status s = define(h->w);
    if (s == SNAP_OK) s = snap_writer_begin(h->w, &(snap_begin){ .reason = "generated" });
    for (uint64_t i = 0; i < h->objects && s == SNAP_OK; i++) s = write_object(h, i);
    if (s == SNAP_OK) {
        snap_root root = { .object = 0, .kind = SNAP_ROOT_GLOBAL, .name = 1, .by_ordinal = 1 };
        s = snap_writer_root(h->w, &root);
    }
    if (s != SNAP_OK) return s;
    return snap_writer_finish(h->w, &(snap_finish){ .flags = SNAP_FINISH_COMPLETE });
}

snap_status gen_real(snap_writer *w, uint64_t seed, uint64_t objects, unsigned edges_per_object)
{
    struct heap h = { .w = w, .seed = seed, .objects = objects, .newest = 1,
                      .mean = edges_per_object ? edges_per_object : 1 };
    if (h.mean > 200) h.mean = 200;
    h.count = calloc(objects ? (size_t)objects : 1, sizeof *h.count);
    if (!h.count) return SNAP_E_MEMORY;
    count_references(&h);
    snap_status s = write_heap(&h);
    free(h.count);
    return s;
}
