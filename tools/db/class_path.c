/* SPDX-License-Identifier: MIT */
/*
 * The dominator tree folded by type: all objects whose dominators have the same types in the same
 * order are one row, and neighbours of equal type one step (a linked list of a million nodes is
 * one row).
 *
 * One pass in preorder numbers the paths, parents before children; sums run backwards over the
 * numbers. Memory: 4 B an object and 48 B a path. A heap without any repetition has as many paths
 * as objects; beyond PATHS_MAX paths an object counts only in what the path above it retains.
 */
#include "db/loader.h"

#include <stdlib.h>

#include "heap/match.h" /* heap_mix */

#define AHEAD 24u
#define PATHS_MAX (1u << 21)
/* What is written: paths that retain this fraction of the heap, and the largest so many. */
#define PART_MIN 10000u
#define ROWS_MAX 20000u

struct class_path {
    uint32_t parent, type;
    uint32_t largest; /* row */
    uint32_t depth;
    uint64_t n, shallow, retained_n, retained;
};

struct folding {
    struct loader *l;
    const struct snapshot *s;
    struct class_path *at;
    size_t n, cap;
    uint32_t *slot; /* hash table of paths by (parent, type); path + 1, 0 is free */
    size_t slots;
    uint32_t *path; /* by row; see fold */
    bool failed;
};

static size_t slot_of(const struct folding *f, uint32_t parent, uint32_t type)
{
    size_t mask = f->slots - 1;
    size_t i = (size_t)heap_mix(parent, type) & mask;
    for (;; i = (i + 1) & mask) {
        if (!f->slot[i]) return i;
        const struct class_path *p = &f->at[f->slot[i] - 1];
        if (p->parent == parent && p->type == type) return i;
    }
}

static bool rehash(struct folding *f)
{
    if (f->slots / 2 > f->n) return true;
    size_t slots = f->slots ? f->slots * 2 : 4096;
    uint32_t *slot = memory_zeroed(&f->l->budget, slots, sizeof *slot);
    if (!slot) return false;
    memory_free(&f->l->budget, f->slot, f->slots, sizeof *f->slot);
    f->slot = slot;
    f->slots = slots;
    for (size_t k = 0; k < f->n; k++)
        f->slot[slot_of(f, f->at[k].parent, f->at[k].type)] = (uint32_t)k + 1;
    return true;
}

/* The path of `type` below `parent` (HEAP_NONE: a virtual root); HEAP_NONE when there are too many
 * below roots, or without memory (then `failed`). */
static uint32_t path_below(struct folding *f, uint32_t parent, uint32_t type)
{
    if (!rehash(f)) {
        f->failed = true;
        return HEAP_NONE;
    }
    size_t i = slot_of(f, parent, type);
    if (f->slot[i]) return f->slot[i] - 1;
    if (f->n >= PATHS_MAX && parent != HEAP_NONE) return HEAP_NONE; /* roots always have one */
    if (!memory_grow(&f->l->budget, (void **)&f->at, &f->cap, f->n + 1, sizeof *f->at)) {
        f->failed = true;
        return HEAP_NONE;
    }
    f->at[f->n] = (struct class_path){
        .parent = parent, .type = type, .largest = HEAP_NONE,
        .depth = parent == HEAP_NONE ? 0 : f->at[parent].depth + 1,
    };
    f->slot[i] = (uint32_t)++f->n;
    return (uint32_t)f->n - 1;
}

/* Counts a row in its path; a row without one in what the nearest numbered path above retains. Rows
 * below an unnumbered one are already in nobody's sum, since each row adds only itself. */
static void count_row(struct folding *f, uint32_t row, uint32_t path, uint32_t above)
{
    const struct heap_analysis *a = &f->s->analysis;
    if (a->node[row] == HEAP_NONE) return;
    uint64_t size = f->s->own[row];
    uint32_t k = path != HEAP_NONE ? path : above;
    struct class_path *p = &f->at[k];
    p->retained_n++;
    p->retained += size;
    if (path == HEAP_NONE) return;
    p->n++;
    p->shallow += size;
    if (p->largest == HEAP_NONE || a->retained_size[row] > a->retained_size[p->largest])
        p->largest = row;
}

/* path[row] of an unnumbered row is the nearest numbered path above, marked by this bit. */
#define MARK (UINT32_C(1) << 31)

/* The slot where the search for the path of a row ahead begins; false where what is above it has no
 * path yet, or none of its own. */
static bool slot_ahead(const struct folding *f, uint32_t row, uint32_t steps, size_t *slot)
{
    const struct heap_analysis *a = &f->s->analysis;
    if (row + steps >= a->n_rows || a->dominator[row + steps] >= row) return false;
    uint32_t above = f->path[a->dominator[row + steps]];
    *slot = (size_t)heap_mix(above, f->s->type[row + steps]) & (f->slots - 1);
    return f->slots && !(above & MARK);
}

/* For the rows ahead: the slot, then the path that it names. */
static void prefetch_path(const struct folding *f, uint32_t row)
{
    size_t slot;
    if (slot_ahead(f, row, AHEAD, &slot)) HEAP_PREFETCH(&f->slot[slot]);
    if (slot_ahead(f, row, AHEAD / 2, &slot) && f->slot[slot])
        HEAP_PREFETCH(&f->at[f->slot[slot] - 1]);
}

static bool fold(struct folding *f)
{
    const struct heap_analysis *a = &f->s->analysis;
    for (uint32_t row = 0; row < a->n_rows; row++) {
        uint32_t type = f->s->type[row], path;
        prefetch_path(f, row);
        if (a->dominator[row] == HEAP_NONE) {
            path = path_below(f, HEAP_NONE, type);
            if (path == HEAP_NONE) return false;
            f->at[path].largest = row;
        } else {
            uint32_t above = f->path[a->dominator[row]];
            if (above & MARK) {
                path = HEAP_NONE;
            } else if (f->at[above].type == type) {
                path = above;
            } else {
                path = path_below(f, above, type);
            }
            if (f->failed) return false;
            count_row(f, row, path, above & ~MARK);
            if (path == HEAP_NONE) path = above | MARK;
        }
        f->path[row] = path;
    }
    for (size_t k = f->n; k-- > 0;) {
        const struct class_path *p = &f->at[k];
        if (p->parent == HEAP_NONE) continue;
        f->at[p->parent].retained_n += p->retained_n;
        f->at[p->parent].retained += p->retained;
    }
    return true;
}

static int compare_descending(const void *pa, const void *pb)
{
    uint64_t a = *(const uint64_t *)pa, b = *(const uint64_t *)pb;
    return a > b ? -1 : a < b;
}

/* A path is written if it retains more than this. What a path retains is at least what any path
 * below it does, so the parent of a written path is written. */
static int find_limit(struct folding *f, uint64_t *limit)
{
    const struct heap_analysis *a = &f->s->analysis;
    *limit = (a->live_size + a->garbage_size) / PART_MIN;
    size_t n = 0;
    for (size_t k = 0; k < f->n; k++) n += f->at[k].retained > *limit;
    if (n <= ROWS_MAX) return 0;
    uint64_t *sizes = memory_new(&f->l->budget, n, sizeof *sizes);
    if (!sizes) return loader_no_memory(f->l);
    size_t i = 0;
    for (size_t k = 0; k < f->n; k++)
        if (f->at[k].retained > *limit) sizes[i++] = f->at[k].retained;
    qsort(sizes, n, sizeof *sizes, compare_descending);
    *limit = sizes[ROWS_MAX];
    memory_free(&f->l->budget, sizes, n, sizeof *sizes);
    return 0;
}

static int write_paths(struct folding *f, uint64_t limit)
{
    struct loader *l = f->l;
    sqlite3_stmt *q;
    int64_t base = 0;
    int status = loader_prepare(l, &q, "SELECT coalesce(max(id), 0) FROM class_path");
    if (status) return status;
    if (sqlite3_step(q) == SQLITE_ROW) base = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    status = loader_prepare(l, &q, "INSERT INTO class_path (id, snapshot_id, parent_id, type_id,"
                                   " depth, n, shallow_size, retained_n, retained_size, object_id)"
                                   " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    /* The hash table is done with; its place takes the rows' ids. */
    uint32_t *id = f->slot, next = 0;
    for (size_t k = 0; k < f->n && !status; k++) {
        const struct class_path *p = &f->at[k];
        if (p->retained <= limit && p->parent != HEAP_NONE) continue;
        id[k] = ++next;
        sqlite3_bind_int64(q, 1, base + id[k]);
        sqlite3_bind_int64(q, 2, f->s->id);
        if (p->parent == HEAP_NONE)
            sqlite3_bind_null(q, 3);
        else
            sqlite3_bind_int64(q, 3, base + id[p->parent]);
        sqlite3_bind_int64(q, 4, f->s->type_base + p->type);
        sqlite3_bind_int64(q, 5, p->depth);
        sqlite3_bind_int64(q, 6, (int64_t)p->n);
        sqlite3_bind_int64(q, 7, (int64_t)p->shallow);
        sqlite3_bind_int64(q, 8, (int64_t)p->retained_n);
        sqlite3_bind_int64(q, 9, (int64_t)p->retained);
        sqlite3_bind_int64(q, 10, loader_object_id(f->s, p->largest));
        status = loader_insert(l, q);
    }
    sqlite3_finalize(q);
    return status;
}

bool class_path_find(struct loader *l, const struct snapshot *s, struct folding **out)
{
    struct folding *f = *out = calloc(1, sizeof *f);
    if (!f) return false;
    f->l = l;
    f->s = s;
    f->path = memory_new(&l->budget, s->analysis.n_rows, sizeof *f->path);
    bool found = f->path && fold(f);
    memory_free(&l->budget, f->path, s->analysis.n_rows, sizeof *f->path);
    f->path = NULL;
    return found;
}

int class_path_write(struct folding *f)
{
    uint64_t limit;
    int status = find_limit(f, &limit);
    return status ? status : write_paths(f, limit);
}

void class_path_free(struct folding *f)
{
    if (!f) return;
    memory_free(&f->l->budget, f->slot, f->slots, sizeof *f->slot);
    memory_give(&f->l->budget, (void **)&f->at, &f->cap, sizeof *f->at);
    free(f);
}
