/* SPDX-License-Identifier: MIT */
/*
 * Random valid snapshots from a seed: every kind of row, every field, all the patterns of numbers
 * that column encodings are made for. The same seed gives the same rows on every machine.
 *
 * What was written can be recorded in a normal form, so that a test can hold what a reader gives
 * against it.
 */
#ifndef SNAP_GEN_RANDOM_ROWS_H
#define SNAP_GEN_RANDOM_ROWS_H

#include <stddef.h>
#include <stdint.h>
#include <snap/snap.h>

/* A row in normal form: its numbers in the order of the structure's fields (absent ones 0), and a
 * hash of its bytes, if any. */
struct gen_row {
    uint32_t snapshot;
    uint32_t bytes; /* hash */
    uint64_t v[18];
};

/* Rows by kind, in the order of writing. Zero-initialise; freed by gen_log_free. */
struct gen_log {
    struct gen_row *row[SNAP_KIND_LAST + 1];
    size_t n[SNAP_KIND_LAST + 1];
    size_t room[SNAP_KIND_LAST + 1];
};

/* Appends; aborts the process where memory is out. */
void gen_log_add(struct gen_log *log, unsigned kind, const struct gen_row *row);
void gen_log_free(struct gen_log *log);

uint32_t gen_hash(const void *bytes, size_t size);

/* Normal forms, shared by both sides. `e->index` must be set. */
struct gen_row gen_row_of_object(uint32_t snapshot, const snap_object *o);
struct gen_row gen_row_of_edge(uint32_t snapshot, uint64_t source, const snap_edge *e);
struct gen_row gen_row_of_root(uint32_t snapshot, const snap_root *r);

enum {
    GEN_DANGLING = 1,   /* edges and roots to objects that do not exist */
    GEN_DUPLICATES = 2, /* objects whose id another one has */
    GEN_LONG = 4        /* one string in parts */
};

/* Writes `rows` objects, about three times as many edges, and everything else around them in 1 to 3
 * snapshots; `log` may be NULL. Returns the writer's status. */
snap_status gen_random(snap_writer *w, uint64_t seed, size_t rows, unsigned flags,
                       struct gen_log *log);

/* A heap of the shape that services have: attributes, containers, shared values, one big registry;
 * written breadth-first with ordinals, as a capture does. Reference counts are those of the heap's
 * own references, but for one object in 4,096, which something outside of it holds as well. Memory
 * beyond the writer's: 4 B an object. */
snap_status gen_real(snap_writer *w, uint64_t seed, uint64_t objects, unsigned edges_per_object);

#endif
