/* SPDX-License-Identifier: MIT */
/*
 * The largest groups of objects that have a summary in the database: types, packages, class
 * loaders, allocation sites; top.h. Types of one name and module (a class made again, or by several loaders) are one
 * line. The stored retained sizes are sums over each type row's topmost objects; where rows join
 * they are computed anew over the joint group, or objects of one row below those of another would
 * count twice. The summaries are of live objects; what the garbage retains by group is one scan of
 * it.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "report/top.h"

int top_scan(struct subject *s, int64_t low, int64_t high, bool site, const struct top_key *keys,
             size_t n_keys, struct top_sum *sum)
{
    sqlite3_stmt *q = NULL;
    int more;
    if (n_keys == 0) return STATUS_DONE;
    if (heapdb_prepare(s->db, &q, site ? "SELECT stack_id, id, last_dominated, shallow_size,"
                                         " retained_size, retained_native FROM object"
                                         " WHERE id BETWEEN ?1 AND ?2 ORDER BY id"
                                       : "SELECT type_id, id, last_dominated, shallow_size,"
                                         " retained_size, retained_native FROM object"
                                         " WHERE id BETWEEN ?1 AND ?2 ORDER BY id"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, low);
    sqlite3_bind_int64(q, 2, high);
    while ((more = heapdb_step(s->db, q)) == 1) {
        int64_t key = sqlite3_column_int64(q, 0), id = sqlite3_column_int64(q, 1);
        size_t first = 0, end = n_keys;
        while (first < end) {
            size_t middle = first + (end - first) / 2;
            if (keys[middle].key < key)
                first = middle + 1;
            else
                end = middle;
        }
        if (first == n_keys || keys[first].key != key) continue;
        struct top_sum *x = &sum[keys[first].group];
        x->n++;
        x->shallow_size += subject_size(sqlite3_column_int64(q, 3));
        if (id <= x->until) continue;
        x->retained_size += subject_size(sqlite3_column_int64(q, 4));
        x->retained_native += subject_size(sqlite3_column_int64(q, 5));
        x->until = sqlite3_column_int64(q, 2);
    }
    sqlite3_finalize(q);
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

/* One row of `type`. */
struct type_row {
    int64_t id;
    int64_t loader; /* object; 0: none */
    char *name;     /* as people write it */
    char *group;    /* by which rows join: the type's name, its package or its class loader */
    uint64_t n, shallow_size, retained_size, retained_native;
};

struct type_rows {
    struct type_row *at;
    size_t n, capacity;
};

static void type_rows_free(struct type_rows *t)
{
    for (size_t i = 0; i < t->n; i++) {
        free(t->at[i].name);
        free(t->at[i].group);
    }
    free(t->at);
}

/* The first `depth` parts of a module's name. */
static char *type_package(const char *module, unsigned depth)
{
    if (!module || !*module) return strdup("(none)");
    size_t n = 0;
    for (; module[n]; n++)
        if (module[n] == '.' && --depth == 0) break;
    return strndup(module, n);
}

/* The loader's type and id: loaders of one type are different ones. */
static char *type_loader(sqlite3_stmt *q, int64_t loader)
{
    struct text name = { 0 };
    if (!loader) return strdup("(no class loader)");
    subject_type(&name, (const char *)sqlite3_column_text(q, 8),
                 (const char *)sqlite3_column_text(q, 9));
    text_addf(&name, " #%lld", (long long)loader);
    if (!name.failed) return name.s;
    text_free(&name);
    return NULL;
}

static bool type_row_fill(const struct top_request *request, sqlite3_stmt *q, struct type_row *t)
{
    struct text name = { 0 };
    const char *module = (const char *)sqlite3_column_text(q, 1);
    subject_type(&name, module, (const char *)sqlite3_column_text(q, 2));
    *t = (struct type_row){ .id = sqlite3_column_int64(q, 0), .name = name.s };
    t->n = subject_size(sqlite3_column_int64(q, 3));
    t->shallow_size = subject_size(sqlite3_column_int64(q, 4));
    t->retained_size = subject_size(sqlite3_column_int64(q, 5));
    t->retained_native = subject_size(sqlite3_column_int64(q, 6));
    t->loader = sqlite3_column_int64(q, 7);
    if (request->by == TOP_PACKAGE)
        t->group = type_package(module, request->depth);
    else if (request->by == TOP_LOADER)
        t->group = type_loader(q, t->loader);
    else
        t->group = t->name ? strdup(t->name) : NULL;
    return !name.failed && t->name && t->group;
}

#define TYPE_ROWS(sizes, where)                                                         \
    "SELECT t.id, t.module, t.name, " sizes ", t.loader_id, k.module, k.name FROM type t" \
    " LEFT JOIN object o ON o.id = t.loader_id LEFT JOIN type k ON k.id = o.type_id"      \
    " WHERE t.snapshot_id = ? AND " where " ORDER BY t.id"

static int type_rows_load(struct subject *s, const struct top_request *request,
                          struct type_rows *out)
{
    sqlite3_stmt *q = NULL;
    int status = STATUS_UNUSABLE, more;
    *out = (struct type_rows){ 0 };
    if (heapdb_prepare(s->db, &q,
                       request->garbage
                           ? TYPE_ROWS("t.n_garbage, t.garbage_size, 0, 0", "t.n_garbage > 0")
                           : TYPE_ROWS("t.n, t.shallow_size, t.retained_size, t.retained_native",
                                       "t.n > 0")))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, s->snapshot->id);
    while ((more = heapdb_step(s->db, q)) == 1) {
        if (out->n == out->capacity) {
            size_t capacity = out->capacity ? out->capacity * 2 : 256;
            struct type_row *at = realloc(out->at, capacity * sizeof *at);
            if (!at) break;
            out->at = at;
            out->capacity = capacity;
        }
        if (!type_row_fill(request, q, &out->at[out->n++])) break;
    }
    sqlite3_finalize(q);
    if (more == 0) status = STATUS_DONE;
    if (more == 1) status = message_no_memory("the types");
    if (status) type_rows_free(out);
    return status;
}

static int type_compare_groups(const void *a, const void *b)
{
    const struct type_row *x = a, *y = b;
    int order = strcmp(x->group, y->group);
    return order ? order : (x->id > y->id) - (x->id < y->id);
}

static int top_compare_keys(const void *a, const void *b)
{
    const struct top_key *x = a, *y = b;
    return (x->key > y->key) - (x->key < y->key);
}

/* Makes a list row of each run of type rows of one group (rows sorted by it). */
static int type_rows_join(const struct type_rows *t, struct top_list *list)
{
    for (size_t i = 0; i < t->n;) {
        size_t end = i + 1;
        const char *name = t->at[i].group;
        while (end < t->n && strcmp(t->at[end].group, name) == 0) end++;
        struct top_row *row = top_add(list);
        if (!row) return message_no_memory("the types");
        row->name = strdup(name);
        row->key = malloc((end - i) * sizeof *row->key);
        if (!row->name || !row->key) return message_no_memory("the types");
        row->id = list->request.by == TOP_TYPE ? t->at[i].id : t->at[i].loader;
        if (list->request.by == TOP_PACKAGE) row->id = 0;
        for (; i < end; i++) {
            row->key[row->n_keys++] = t->at[i].id;
            row->n += t->at[i].n;
            row->shallow_size += t->at[i].shallow_size;
            row->retained_size += t->at[i].retained_size;
            row->retained_native += t->at[i].retained_native;
        }
    }
    return STATUS_DONE;
}

/* The retained size of one joint group from the stored lists of its types' objects; *whole tells
 * whether the lists hold all of them. O(objects of the group log all). */
static int group_by_lists(struct subject *s, sqlite3_stmt *q, struct top_row *row, bool *whole)
{
    struct text types = { 0 };
    uint64_t n = 0, retained = 0, native = 0;
    int64_t until = 0;
    int more;
    for (size_t i = 0; i < row->n_keys; i++)
        text_addf(&types, "%s%lld", i ? "," : "[", (long long)row->key[i]);
    text_adds(&types, "]");
    if (types.failed) {
        text_free(&types);
        return message_no_memory("the types");
    }
    sqlite3_reset(q);
    sqlite3_bind_text(q, 3, text_str(&types), -1, SQLITE_STATIC);
    while ((more = heapdb_step(s->db, q)) == 1) {
        int64_t id = sqlite3_column_int64(q, 0);
        n++;
        if (id <= until) continue;
        retained += subject_size(sqlite3_column_int64(q, 2));
        native += subject_size(sqlite3_column_int64(q, 3));
        until = sqlite3_column_int64(q, 1);
    }
    sqlite3_reset(q);
    sqlite3_bind_null(q, 3);
    text_free(&types);
    *whole = n == row->n;
    if (*whole) {
        row->retained_size = retained;
        row->retained_native = native;
    }
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

/* Does that for every row that joined several types; *scan[i] is set where the lists were too
 * short. */
static int groups_by_lists(struct subject *s, struct top_list *list, int64_t low, int64_t high,
                           bool *scan)
{
    sqlite3_stmt *q = NULL;
    int status = heapdb_prepare(s->db, &q,
                                "SELECT o.id, o.last_dominated, o.retained_size, o.retained_native"
                                " FROM type_object x JOIN object o ON o.id = x.object_id"
                                " WHERE x.type_id IN (SELECT value FROM json_each(?3))"
                                " AND o.id BETWEEN ?1 AND ?2 ORDER BY o.id");
    if (status) return status;
    sqlite3_bind_int64(q, 1, low);
    sqlite3_bind_int64(q, 2, high);
    for (size_t i = 0; !status && i < list->n; i++) {
        bool whole = true;
        if (list->rows[i].n_keys > 1) status = group_by_lists(s, q, &list->rows[i], &whole);
        scan[i] = !whole;
    }
    sqlite3_finalize(q);
    return status;
}

/* The retained sizes of the marked rows by one scan of the objects. */
static int groups_scan(struct subject *s, struct top_list *list, int64_t low, int64_t high,
                       const bool *scan)
{
    size_t n_keys = 0, k = 0;
    for (size_t i = 0; i < list->n; i++)
        if (scan[i]) n_keys += list->rows[i].n_keys;
    if (n_keys == 0) return STATUS_DONE;
    struct top_key *keys = malloc(n_keys * sizeof *keys);
    struct top_sum *sum = calloc(list->n, sizeof *sum);
    int status = keys && sum ? STATUS_DONE : message_no_memory("the types");
    if (!status) {
        for (size_t i = 0; i < list->n; i++)
            for (size_t j = 0; scan[i] && j < list->rows[i].n_keys; j++)
                keys[k++] = (struct top_key){ list->rows[i].key[j], i };
        qsort(keys, n_keys, sizeof *keys, top_compare_keys);
        status = top_scan(s, low, high, list->request.by == TOP_SITE, keys, n_keys, sum);
    }
    for (size_t i = 0; !status && i < list->n; i++)
        if (scan[i]) {
            list->rows[i].retained_size = sum[i].retained_size;
            list->rows[i].retained_native = sum[i].retained_native;
        }
    free(keys);
    free(sum);
    return status;
}

/* Puts the retained sizes of rows that joined several types (of all rows with `all`) right. */
static int type_rows_scan(struct subject *s, struct top_list *list, bool all)
{
    int64_t low, high;
    if (list->n == 0) return STATUS_DONE;
    if (subject_range(s, list->request.garbage, &low, &high)) return STATUS_UNUSABLE;
    bool *scan = calloc(list->n, sizeof *scan);
    int status = scan ? STATUS_DONE : message_no_memory("the types");
    for (size_t i = 0; !status && i < list->n; i++) scan[i] = all;
    if (!status && !all) status = groups_by_lists(s, list, low, high, scan);
    if (!status) status = groups_scan(s, list, low, high, scan);
    free(scan);
    return status;
}

/* Fills the list by groups of types. */
static int type_groups(struct subject *s, struct top_list *list)
{
    struct type_rows t;
    if (type_rows_load(s, &list->request, &t)) return STATUS_UNUSABLE;
    if (t.n) qsort(t.at, t.n, sizeof *t.at, type_compare_groups);
    int status = type_rows_join(&t, list);
    type_rows_free(&t);
    list->total = list->n;
    return status;
}

int top_types(struct subject *s, struct top_list *list)
{
    int status = type_groups(s, list);
    return status ? status : type_rows_scan(s, list, list->request.garbage);
}

/* The list's row of a name; rows are sorted by it. */
static struct top_row *package_row(const struct top_list *list, const char *name)
{
    size_t first = 0, end = list->n;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (strcmp(list->rows[middle].name, name) < 0)
            first = middle + 1;
        else
            end = middle;
    }
    return first < list->n && strcmp(list->rows[first].name, name) == 0 ? &list->rows[first] : NULL;
}

/* The stored retained sizes of packages: the sums over their types are not those. */
static int packages_retained(struct subject *s, struct top_list *list)
{
    sqlite3_stmt *q = NULL;
    size_t found = 0;
    int more;
    if (heapdb_prepare(s->db, &q, "SELECT coalesce(name, '(none)'), retained_size, retained_native"
                                  " FROM package WHERE snapshot_id = ?1 AND depth = ?2"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, s->snapshot->id);
    sqlite3_bind_int64(q, 2, list->request.depth);
    while ((more = heapdb_step(s->db, q)) == 1) {
        const char *name = (const char *)sqlite3_column_text(q, 0);
        struct top_row *row = name ? package_row(list, name) : NULL;
        if (!row) continue;
        row->retained_size = subject_size(sqlite3_column_int64(q, 1));
        row->retained_native = subject_size(sqlite3_column_int64(q, 2));
        found++;
    }
    sqlite3_finalize(q);
    if (more < 0) return STATUS_UNUSABLE;
    return found < list->n ? type_rows_scan(s, list, true) : STATUS_DONE;
}

int top_packages(struct subject *s, struct top_list *list)
{
    int status = type_groups(s, list);
    if (status) return status;
    return list->request.garbage ? type_rows_scan(s, list, true) : packages_retained(s, list);
}

int top_sites(struct subject *s, struct top_list *list)
{
    sqlite3_stmt *q = NULL;
    int status = STATUS_DONE, more;
    if (heapdb_prepare(s->db, &q,
                       list->request.garbage
                           ? "SELECT s.stack_id, f.function, f.file, f.line, s.n_garbage,"
                             " s.garbage_size, 0, 0 FROM site s"
                             " LEFT JOIN stack k ON k.id = s.stack_id LEFT JOIN frame f ON f.id = k.frame_id"
                             " WHERE s.snapshot_id = ? AND s.n_garbage > 0"
                           : "SELECT s.stack_id, f.function, f.file, f.line, s.n,"
                             " s.shallow_size, s.retained_size, s.retained_native"
                             " FROM site s LEFT JOIN stack k ON k.id = s.stack_id"
                             " LEFT JOIN frame f ON f.id = k.frame_id"
                             " WHERE s.snapshot_id = ? AND s.n > 0"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, s->snapshot->id);
    while (!status && (more = heapdb_step(s->db, q)) == 1) {
        struct top_row *row = top_add(list);
        struct text place = { 0 };
        if (!row) {
            status = message_no_memory("the sites");
            break;
        }
        row->id = sqlite3_column_int64(q, 0);
        row->name = top_text(q, 1);
        if (sqlite3_column_type(q, 2) != SQLITE_NULL)
            text_addf(&place, "%s", (const char *)sqlite3_column_text(q, 2));
        if (sqlite3_column_type(q, 3) != SQLITE_NULL)
            text_addf(&place, ":%lld", (long long)sqlite3_column_int64(q, 3));
        row->detail = place.s;
        row->n = subject_size(sqlite3_column_int64(q, 4));
        row->shallow_size = subject_size(sqlite3_column_int64(q, 5));
        row->retained_size = subject_size(sqlite3_column_int64(q, 6));
        row->retained_native = subject_size(sqlite3_column_int64(q, 7));
        row->key = malloc(sizeof *row->key);
        if (!row->name || !row->key || place.failed) status = message_no_memory("the sites");
        if (row->key) row->key[row->n_keys++] = row->id;
    }
    if (!status && more < 0) status = STATUS_UNUSABLE;
    sqlite3_finalize(q);
    list->total = list->n;
    if (!status && list->request.garbage) status = type_rows_scan(s, list, true);
    return status;
}
