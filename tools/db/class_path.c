/* SPDX-License-Identifier: MIT */
/*
 * The dominator tree folded by type: all objects whose dominators have the same types in the same
 * order are one row, and neighbours of equal type one step (a linked list of a million nodes is
 * one row).
 *
 * One pass in preorder numbers the paths, parents before children; sums run backwards over the
 * numbers. Almost every look at a path misses the caches, so all of them are asked for some rows
 * ahead. Memory: 4 B an object, 48 B a path and up to 16 B for its slots. A heap without any
 * repetition has as many paths as objects; beyond PATHS_MAX paths an object counts only in what the
 * path above it retains.
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
    uint32_t n, largest; /* objects on the path; the row of the largest, and what it retains */
    uint64_t shallow, largest_size;
    /* While rows are counted, of those without a path of their own; then of all on or below it. */
    uint64_t retained;
    uint32_t retained_n;
    union {
        uint32_t hash;  /* see hash_below */
        uint32_t depth; /* while paths are written */
    };
};

struct folding {
    struct loader *l;
    const struct snapshot *s;
    struct class_path *at;
    size_t n, cap;
    uint32_t *slot; /* hash table of paths, see find_slot; 0 is free */
    size_t slots;
    uint32_t *path; /* by row; see fold */
    bool failed;
};

/* path[row] of an unnumbered row is the nearest numbered path above, marked by this bit. */
#define MARK (UINT32_C(1) << 31)

/* The hash of a path comes from that of the path above, not from its number: so it is known of rows
 * whose paths, and even those above, are still to be looked up. 31 bits. */
static uint32_t hash_below(uint32_t above, uint32_t type)
{
    return (uint32_t)heap_mix(above, type) & ~MARK;
}

/* A slot has the number of a path + 1, and above it those bits of its hash that do not say where
 * the slot is: hardly any other path is looked at on the way. */
#define PATH_BITS 22u
#define PATH_MASK ((UINT32_C(1) << PATH_BITS) - 1)
#define SLOTS_MAX ((size_t)2 * PATHS_MAX)
_Static_assert(SLOTS_MAX == (size_t)1 << PATH_BITS, "paths, the roots' too, have room in a slot");

static size_t find_slot(const struct folding *f, uint32_t hash, uint32_t parent, uint32_t type)
{
    size_t mask = f->slots - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        uint32_t slot = f->slot[i];
        if (!slot) return i;
        if (slot >> PATH_BITS != hash >> PATH_BITS) continue;
        const struct class_path *p = &f->at[(slot & PATH_MASK) - 1];
        if (p->parent == parent && p->type == type) return i;
    }
}

/* At most half of the slots are taken, but for a root beyond PATHS_MAX. */
static bool grow_slots(struct folding *f)
{
    if (f->slots >= SLOTS_MAX || f->n < f->slots / 2) return true;
    size_t slots = f->slots ? f->slots * 2 : 4096, mask = slots - 1;
    uint32_t *slot = memory_zeroed(&f->l->budget, slots, sizeof *slot);
    if (!slot) return false;
    memory_free(&f->l->budget, f->slot, f->slots, sizeof *f->slot);
    f->slot = slot;
    f->slots = slots;
    for (size_t k = 0; k < f->n; k++) {
        uint32_t hash = f->at[k].hash;
        size_t i = hash & mask;
        while (slot[i]) i = (i + 1) & mask;
        slot[i] = hash >> PATH_BITS << PATH_BITS | (uint32_t)(k + 1);
    }
    return true;
}

/* The path of `type` below `parent` (HEAP_NONE: a virtual root); HEAP_NONE when there are too many
 * below roots, or without memory (then `failed`). */
static uint32_t path_below(struct folding *f, uint32_t hash, uint32_t parent, uint32_t type)
{
    size_t i = find_slot(f, hash, parent, type);
    if (f->slot[i]) return (f->slot[i] & PATH_MASK) - 1;
    if (f->n >= PATHS_MAX && parent != HEAP_NONE) return HEAP_NONE; /* roots always have one */
    if (!memory_grow(&f->l->budget, (void **)&f->at, &f->cap, f->n + 1, sizeof *f->at)) {
        f->failed = true;
        return HEAP_NONE;
    }
    f->at[f->n] = (struct class_path){
        .parent = parent, .type = type, .largest = HEAP_NONE, .hash = hash,
    };
    f->slot[i] = hash >> PATH_BITS << PATH_BITS | (uint32_t)++f->n;
    f->failed = !grow_slots(f);
    return (uint32_t)f->n - 1;
}

/* Counts a row in its path; a row without one in what the nearest numbered path above retains. Rows
 * below an unnumbered one are already in nobody's sum, since each row adds only itself. */
static void count_row(struct folding *f, uint32_t row, uint32_t path)
{
    uint64_t size = f->s->own[row], retained = f->s->analysis.retained_size[row];
    struct class_path *p = &f->at[path & ~MARK];
    if (path & MARK) {
        p->retained_n++;
        p->retained += size;
        return;
    }
    p->n++;
    p->shallow += size;
    if (p->largest != HEAP_NONE && retained <= p->largest_size) return;
    p->largest = row;
    p->largest_size = retained;
}

/* The path of a row; marked, where it has none of its own. `hash` is that of fold. */
static uint32_t path_of(struct folding *f, uint32_t row, uint32_t hash)
{
    uint32_t dominator = f->s->analysis.dominator[row], type = f->s->type[row];
    uint32_t above = f->path[dominator];
    if (above & MARK || f->s->type[dominator] == type) return above;
    uint32_t path = path_below(f, hash, above, type);
    return path == HEAP_NONE ? above | MARK : path;
}

/* The hash of the path of a row, `done` rows having their paths, and all between theirs; MARK where
 * it has no path. */
static uint32_t hash_of(const struct folding *f, uint32_t row, uint32_t done)
{
    uint32_t dominator = f->s->analysis.dominator[row], type = f->s->type[row];
    if (dominator == HEAP_NONE) return hash_below(HEAP_NONE, type);
    uint32_t above = f->path[dominator];
    if (above & MARK) return MARK;
    if (dominator < done) above = f->at[above].hash;
    return f->s->type[dominator] == type ? above : hash_below(above, type);
}

/* Of the rows ahead: the hash and where the search begins, then the path that it meets there. */
static void look_ahead(struct folding *f, uint32_t row)
{
    uint32_t left = f->s->analysis.n_rows - row;
    if (left > AHEAD) {
        uint32_t hash = f->path[row + AHEAD] = hash_of(f, row + AHEAD, row);
        if (hash != MARK) HEAP_PREFETCH(&f->slot[hash & (f->slots - 1)]);
    }
    if (left <= AHEAD / 2 || f->path[row + AHEAD / 2] == MARK) return;
    uint32_t slot = f->slot[f->path[row + AHEAD / 2] & (f->slots - 1)];
    if (slot) HEAP_PREFETCH(&f->at[(slot & PATH_MASK) - 1]);
}

static void number_row(struct folding *f, uint32_t row)
{
    uint32_t hash = f->path[row];
    if (f->s->analysis.dominator[row] != HEAP_NONE) {
        f->path[row] = path_of(f, row, hash);
        if (!f->failed) count_row(f, row, f->path[row]);
        return;
    }
    uint32_t root = f->path[row] = path_below(f, hash, HEAP_NONE, f->s->type[row]);
    if (f->failed) return;
    f->at[root].largest = row;
    f->at[root].largest_size = f->s->analysis.retained_size[row];
}

/* path[row] is the path of a row that is done; of the next AHEAD rows, the hash of theirs. */
static bool fold(struct folding *f)
{
    uint32_t n = f->s->analysis.n_rows;
    if (!grow_slots(f)) return false;
    for (uint32_t row = 0; row < AHEAD && row < n; row++) f->path[row] = hash_of(f, row, 0);
    for (uint32_t row = 0; row < n && !f->failed; row++) {
        look_ahead(f, row);
        number_row(f, row);
    }
    for (size_t k = f->n; k-- > 0;) {
        struct class_path *p = &f->at[k];
        p->retained_n += p->n;
        p->retained += p->shallow;
        if (p->parent == HEAP_NONE) continue;
        f->at[p->parent].retained_n += p->retained_n;
        f->at[p->parent].retained += p->retained;
    }
    return !f->failed;
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
        struct class_path *p = &f->at[k];
        if (p->retained <= limit && p->parent != HEAP_NONE) continue;
        id[k] = ++next;
        p->depth = p->parent == HEAP_NONE ? 0 : f->at[p->parent].depth + 1;
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
