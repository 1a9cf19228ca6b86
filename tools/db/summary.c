/* SPDX-License-Identifier: MIT */
/*
 * Summaries: types, allocation sites, packages, roots by kind, cycles. Each is one
 * pass over arrays in memory; none is a query. Sizes are those of live objects, retained sizes of
 * the topmost objects only (heap_sums), so that a sum counts nothing twice.
 */
#include "db/loader.h"

#include <string.h>

/* Levels of packages: `a`, `a.b`, `a.b.c`. */
#define PACKAGE_DEPTHS 3u

/* ---- sums by key --------------------------------------------------------------------------- */

struct sums {
    struct heap_sum *live, *garbage;
    uint32_t n;
};

static void sums_free(struct loader *l, struct sums *t)
{
    memory_free(&l->budget, t->live, t->n, sizeof *t->live);
    memory_free(&l->budget, t->garbage, t->n, sizeof *t->garbage);
    *t = (struct sums){ 0 };
}

static int sums_compute(struct loader *l, struct snapshot *s, const uint32_t *key, uint32_t n,
                        struct sums *out)
{
    const struct heap_analysis *a = &s->analysis;
    const struct heap_sizes size = { s->own, s->own_native };
    out->n = n;
    out->live = memory_zeroed(&l->budget, n, sizeof *out->live);
    out->garbage = memory_zeroed(&l->budget, n, sizeof *out->garbage);
    int status = out->live && out->garbage ? 0 : loader_no_memory(l);
    if (!status && a->n_live)
        status = loader_heap(l, heap_sums(&size, a, 1, a->n_live, key, n, out->live));
    if (!status && a->garbage_root + 1 < a->n_rows)
        status = loader_heap(l, heap_sums(&size, a, a->garbage_root + 1, a->n_rows - 1, key, n,
                                          out->garbage));
    if (status) sums_free(l, out);
    return status;
}

/* ---- types --------------------------------------------------------------------------------- */

static void bind_type_record(struct loader *l, struct snapshot *s, sqlite3_stmt *q,
                             const struct type_record *t)
{
    uint64_t base;
    uint32_t row;
    if (t->name)
        loader_bind_text(l, q, 3, t->name);
    else
        sqlite3_bind_text(q, 3, "(unknown)", -1, SQLITE_STATIC);
    loader_bind_text(l, q, 4, t->module);
    sqlite3_bind_int64(q, 5, t->type.kind <= SNAP_TYPE_INTERNAL ? t->type.kind : SNAP_TYPE_OTHER);
    sqlite3_bind_int64(q, 13, t->type.flags);
    loader_bind_id(q, 14, (int64_t)t->type.size);
    if (t->type.base && idmap_find(&l->file.definitions.type, t->type.base, &base) &&
        base < s->n_types - CAPTURE_TYPES)
        sqlite3_bind_int64(q, 15, s->type_base + CAPTURE_TYPES + (int64_t)base);
    row = t->type.object ? loader_row_of_id(s, t->type.object) : HEAP_NONE;
    if (row != HEAP_NONE) sqlite3_bind_int64(q, 16, loader_object_id(s, row));
    row = t->type.loader ? loader_row_of_id(s, t->type.loader) : HEAP_NONE;
    if (row != HEAP_NONE) sqlite3_bind_int64(q, 17, loader_object_id(s, row));
}

static int write_types(struct loader *l, struct snapshot *s)
{
    static const char *const virtual_names[CAPTURE_TYPES] = { "(live)", "(garbage)", "(unknown)" };
    struct sums sums;
    sqlite3_stmt *q = NULL;
    int status = sums_compute(l, s, s->type, s->n_types, &sums);
    if (status) return status;
    status = loader_prepare(l, &q,
        "INSERT INTO type (id, snapshot_id, name, module, kind, n, shallow_size, retained_size,"
        " native_size, retained_native, n_garbage, garbage_size, flags, instance_size, base_id,"
        " object_id, loader_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    for (uint32_t k = 0; k < s->n_types && !status; k++) {
        const struct heap_sum *v = &sums.live[k];
        sqlite3_clear_bindings(q);
        sqlite3_bind_int64(q, 1, s->type_base + k);
        sqlite3_bind_int64(q, 2, s->id);
        if (k < CAPTURE_TYPES) {
            sqlite3_bind_text(q, 3, virtual_names[k], -1, SQLITE_STATIC);
            sqlite3_bind_int(q, 5, k < CAPTURE_TYPE_UNKNOWN ? SNAP_TYPE_INTERNAL : SNAP_TYPE_OTHER);
            sqlite3_bind_int(q, 13, 0);
        } else {
            bind_type_record(l, s, q, &l->file.type[k - CAPTURE_TYPES]);
        }
        sqlite3_bind_int64(q, 6, (int64_t)v->n);
        sqlite3_bind_int64(q, 7, (int64_t)v->shallow_size);
        sqlite3_bind_int64(q, 8, (int64_t)v->retained_size);
        if (s->capture.native) {
            sqlite3_bind_int64(q, 9, (int64_t)v->native_size);
            sqlite3_bind_int64(q, 10, (int64_t)v->retained_native);
        }
        sqlite3_bind_int64(q, 11, (int64_t)sums.garbage[k].n);
        sqlite3_bind_int64(q, 12, (int64_t)sums.garbage[k].shallow_size);
        status = loader_insert(l, q);
    }
    sqlite3_finalize(q);
    sums_free(l, &sums);
    return status;
}

/* ---- sites --------------------------------------------------------------------------------- */

static int write_sites(struct loader *l, struct snapshot *s)
{
    struct sums sums;
    sqlite3_stmt *q = NULL;
    if (!s->stack) return 0;
    int status = sums_compute(l, s, s->stack, (uint32_t)l->stacks.n + 1, &sums);
    if (status) return status;
    status = loader_prepare(l, &q, "INSERT INTO site (snapshot_id, stack_id, n, shallow_size,"
                                   " retained_size, native_size, n_garbage, garbage_size,"
                                   " retained_native) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    for (uint32_t k = 1; k < sums.n && !status; k++) {
        const struct heap_sum *v = &sums.live[k], *g = &sums.garbage[k];
        if (!v->n && !g->n) continue;
        sqlite3_bind_int64(q, 1, s->id);
        sqlite3_bind_int64(q, 2, k);
        sqlite3_bind_int64(q, 3, (int64_t)v->n);
        sqlite3_bind_int64(q, 4, (int64_t)v->shallow_size);
        sqlite3_bind_int64(q, 5, (int64_t)v->retained_size);
        if (s->capture.native) sqlite3_bind_int64(q, 6, (int64_t)v->native_size);
        sqlite3_bind_int64(q, 7, (int64_t)g->n);
        sqlite3_bind_int64(q, 8, (int64_t)g->shallow_size);
        if (s->capture.native) sqlite3_bind_int64(q, 9, (int64_t)v->retained_native);
        status = loader_insert(l, q);
    }
    sqlite3_finalize(q);
    sums_free(l, &sums);
    return status;
}

/* ---- packages ------------------------------------------------------------------------------ */

/* The first `depth` parts of a dotted name. */
static size_t package_prefix(const char *name, size_t n, unsigned depth)
{
    for (size_t i = 0; i < n; i++)
        if (name[i] == '.' && --depth == 0) return i;
    return n;
}

/* key_of_type[k]: number of the type's package at this depth; names[key]: its text, 0 for none. */
static int number_packages(struct loader *l, struct snapshot *s, unsigned depth,
                           uint32_t *key_of_type, uint32_t *names, uint32_t *n)
{
    uint32_t none = HEAP_NONE;
    uint32_t *key_of_text = NULL;
    size_t texts = 0, cap = 0;
    int status = 0;
    *n = 0;
    for (uint32_t k = 0; k < s->n_types && !status; k++) {
        key_of_type[k] = HEAP_NONE;
        if (k < CAPTURE_TYPE_UNKNOWN) continue;
        uint32_t module = k < CAPTURE_TYPES ? 0 : l->file.type[k - CAPTURE_TYPES].module;
        if (!module) {
            if (none == HEAP_NONE) names[none = (*n)++] = 0;
            key_of_type[k] = none;
            continue;
        }
        const char *text = strings_text(&l->strings, module);
        uint32_t t = strings_add(&l->strings, text,
                                 package_prefix(text, strings_size(&l->strings, module), depth));
        if (!t || !memory_grow(&l->budget, (void **)&key_of_text, &cap, (size_t)t + 1,
                               sizeof *key_of_text)) {
            status = loader_no_memory(l);
            break;
        }
        for (; texts <= t; texts++) key_of_text[texts] = HEAP_NONE;
        if (key_of_text[t] == HEAP_NONE) names[key_of_text[t] = (*n)++] = t;
        key_of_type[k] = key_of_text[t];
    }
    heap_free(key_of_text);
    return status;
}

static int insert_packages(struct loader *l, struct snapshot *s, unsigned depth,
                           const uint32_t *names, const struct sums *sums)
{
    sqlite3_stmt *q;
    int status = loader_prepare(l, &q, "INSERT INTO package (snapshot_id, depth, name, n,"
                                       " shallow_size, retained_size, native_size,"
                                       " retained_native) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    for (uint32_t k = 0; k < sums->n && !status; k++) {
        const struct heap_sum *v = &sums->live[k];
        if (!v->n) continue;
        sqlite3_bind_int64(q, 1, s->id);
        sqlite3_bind_int64(q, 2, depth);
        loader_bind_text(l, q, 3, names[k]);
        sqlite3_bind_int64(q, 4, (int64_t)v->n);
        sqlite3_bind_int64(q, 5, (int64_t)v->shallow_size);
        sqlite3_bind_int64(q, 6, (int64_t)v->retained_size);
        if (s->capture.native) {
            sqlite3_bind_int64(q, 7, (int64_t)v->native_size);
            sqlite3_bind_int64(q, 8, (int64_t)v->retained_native);
        }
        status = loader_insert(l, q);
    }
    sqlite3_finalize(q);
    return status;
}

static int write_packages(struct loader *l, struct snapshot *s)
{
    const struct heap_analysis *a = &s->analysis;
    uint32_t *key_of_type = memory_new(&l->budget, s->n_types, sizeof *key_of_type);
    uint32_t *names = memory_new(&l->budget, s->n_types, sizeof *names);
    uint32_t *key = memory_new(&l->budget, a->n_rows, sizeof *key);
    int status = key_of_type && names && key ? 0 : loader_no_memory(l);
    for (unsigned depth = 1; depth <= PACKAGE_DEPTHS && !status; depth++) {
        uint32_t n;
        struct sums sums;
        status = number_packages(l, s, depth, key_of_type, names, &n);
        if (status) break;
        for (uint32_t row = 0; row < a->n_rows; row++) key[row] = key_of_type[s->type[row]];
        status = sums_compute(l, s, key, n, &sums);
        if (status) break;
        status = insert_packages(l, s, depth, names, &sums);
        sums_free(l, &sums);
    }
    memory_free(&l->budget, key_of_type, s->n_types, sizeof *key_of_type);
    memory_free(&l->budget, names, s->n_types, sizeof *names);
    memory_free(&l->budget, key, a->n_rows, sizeof *key);
    return status;
}

/* ---- roots by kind ------------------------------------------------------------------------- */

struct root_sum {
    uint64_t n, n_objects, shallow_size, retained_size, retained_native;
};

static int insert_root_sums(struct loader *l, struct snapshot *s, const struct root_sum *sum)
{
    sqlite3_stmt *q;
    int status = loader_prepare(l, &q, "INSERT INTO root_summary (snapshot_id, kind, n, n_objects,"
                                       " shallow_size, retained_size, retained_native)"
                                       " VALUES (?, ?, ?, ?, ?, ?, ?)");
    for (unsigned kind = 0; kind <= SNAP_ROOT_UNREACHABLE && !status; kind++) {
        if (!sum[kind].n) continue;
        sqlite3_bind_int64(q, 1, s->id);
        sqlite3_bind_int64(q, 2, kind);
        sqlite3_bind_int64(q, 3, (int64_t)sum[kind].n);
        sqlite3_bind_int64(q, 4, (int64_t)sum[kind].n_objects);
        sqlite3_bind_int64(q, 5, (int64_t)sum[kind].shallow_size);
        sqlite3_bind_int64(q, 6, (int64_t)sum[kind].retained_size);
        if (s->capture.native) sqlite3_bind_int64(q, 7, (int64_t)sum[kind].retained_native);
        status = loader_insert(l, q);
    }
    sqlite3_finalize(q);
    return status;
}

/* A root object is a child of the live root, so what two of them retain never overlaps. */
static int write_root_summary(struct loader *l, struct snapshot *s)
{
    const struct heap_analysis *a = &s->analysis;
    struct root_sum sum[SNAP_ROOT_UNREACHABLE + 1] = { { 0 } };
    uint32_t *seen = memory_zeroed(&l->budget, a->n_nodes, sizeof *seen); /* bit by kind */
    if (!seen) return loader_no_memory(l);
    for (size_t i = 0; i < s->resolved.n_roots; i++) {
        const struct resolved_root *r = &s->resolved.root[i];
        uint32_t bit = UINT32_C(1) << r->kind;
        sum[r->kind].n++;
        if (seen[r->node] & bit) continue;
        seen[r->node] |= bit;
        uint32_t row = a->row_of[r->node];
        sum[r->kind].n_objects++;
        sum[r->kind].shallow_size += s->own[row];
        sum[r->kind].retained_size += a->retained_size[row];
        if (a->retained_native) sum[r->kind].retained_native += a->retained_native[row];
    }
    memory_free(&l->budget, seen, a->n_nodes, sizeof *seen);
    return insert_root_sums(l, s, sum);
}

/* ---- cycles -------------------------------------------------------------------------------- */

static int write_components(struct loader *l, struct snapshot *s)
{
    const struct heap_analysis *a = &s->analysis;
    sqlite3_stmt *q;
    int status = loader_prepare(l, &q, "INSERT INTO component (id, snapshot_id, n, shallow_size,"
                                       " retained_size, native_size, retained_native, object_id)"
                                       " VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    for (uint32_t k = 0; k < a->n_components && !status; k++) {
        const struct heap_component *c = &a->components[k];
        sqlite3_bind_int64(q, 1, s->component_base + k);
        sqlite3_bind_int64(q, 2, s->id);
        sqlite3_bind_int64(q, 3, c->n);
        sqlite3_bind_int64(q, 4, (int64_t)c->shallow_size);
        sqlite3_bind_int64(q, 5, (int64_t)c->retained_size);
        if (s->capture.native) {
            sqlite3_bind_int64(q, 6, (int64_t)c->native_size);
            sqlite3_bind_int64(q, 7, (int64_t)c->retained_native);
        }
        sqlite3_bind_int64(q, 8, loader_object_id(s, c->first_row));
        status = loader_insert(l, q);
    }
    sqlite3_finalize(q);
    return status;
}

int summary_write(struct loader *l, struct snapshot *s)
{
    int status = write_types(l, s);
    if (!status) status = write_sites(l, s);
    if (!status) status = write_packages(l, s);
    if (!status) status = write_root_summary(l, s);
    if (!status) status = globals_write(l, s);
    if (!status) status = write_components(l, s);
    return status;
}
