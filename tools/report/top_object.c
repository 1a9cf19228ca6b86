/* SPDX-License-Identifier: MIT */
/*
 * The largest objects; top.h.
 *
 * By retained size: a best-first walk down the dominator tree. Siblings are numbered largest first,
 * so after taking an object out of the heap of candidates only its first child and its next sibling
 * can be next. n objects cost 2n look-ups and O(n log n), however large the snapshot, and live
 * objects and garbage are served alike. Of one type: the list that is stored by rank.
 * Where there is memory outside the heap, which siblings are not ordered by, the list that is stored
 * of what retains most with it; where that does not reach, and in garbage, a scan.
 * By shallow size or by count there is no stored order: one scan, in which SQLite keeps the n best.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "report/path_text.h"
#include "report/top.h"

struct candidate {
    int64_t id, last, retained;
    int64_t end; /* last id of its dominator's subtree */
};

struct walk {
    struct candidate *heap; /* the largest first; ties: the smallest id */
    size_t n, capacity;
    sqlite3_stmt *q;
    struct subject *s;
};

static bool walk_before(const struct candidate *a, const struct candidate *b)
{
    return a->retained != b->retained ? a->retained > b->retained : a->id < b->id;
}

static bool walk_push(struct walk *w, struct candidate c)
{
    if (w->n == w->capacity) {
        size_t capacity = w->capacity ? w->capacity * 2 : 256;
        struct candidate *heap = realloc(w->heap, capacity * sizeof *heap);
        if (!heap) return false;
        w->heap = heap;
        w->capacity = capacity;
    }
    size_t i = w->n++;
    for (; i > 0 && walk_before(&c, &w->heap[(i - 1) / 2]); i = (i - 1) / 2)
        w->heap[i] = w->heap[(i - 1) / 2];
    w->heap[i] = c;
    return true;
}

static struct candidate walk_pop(struct walk *w)
{
    struct candidate top = w->heap[0], c = w->heap[--w->n];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= w->n) break;
        if (child + 1 < w->n && walk_before(&w->heap[child + 1], &w->heap[child])) child++;
        if (!walk_before(&w->heap[child], &c)) break;
        w->heap[i] = w->heap[child];
        i = child;
    }
    if (w->n) w->heap[i] = c;
    return top;
}

/* Makes `id` a candidate, unless it lies beyond its dominator's subtree. */
static int walk_add(struct walk *w, int64_t id, int64_t end)
{
    if (id > end) return STATUS_DONE;
    sqlite3_reset(w->q);
    sqlite3_bind_int64(w->q, 1, id);
    int more = heapdb_step(w->s->db, w->q);
    if (more < 0) return STATUS_UNUSABLE;
    struct candidate c = { .id = id, .end = end };
    c.last = more ? sqlite3_column_int64(w->q, 0) : -1;
    c.retained = more ? sqlite3_column_int64(w->q, 1) : 0;
    if (c.last < id || c.last > end)
        return heapdb_damaged(w->s->db, "rows do not fit together at object #%lld",
                              (long long)id);
    return walk_push(w, c) ? STATUS_DONE : message_no_memory("the largest objects");
}

/* Columns of every query for objects: what object_row reads. */
#define OBJECT_COLUMNS                                                                             \
    "o.id, t.module, t.name, o.last_dominated - o.id + 1, o.shallow_size, o.retained_size,"        \
    " o.retained_native"

/* Where the objects of a list come from. */
enum source { FROM_ALL, FROM_TYPES, FROM_HEAVY };

/* Steps of a path that a line has room for: where it begins, and the last ones. */
enum { PATH_HEAD = 4, PATH_TAIL = 4 };

/* What tells an object from others of its type: its own name, or else the shortest path to it. */
static int object_detail(struct graph_steps *steps, int64_t id, struct text *out)
{
    struct graph_chain chain = { 0 };
    struct graph_step step = { 0 };
    const struct heapdb_snapshot *s = heapdb_snapshot_of(steps->db, id);
    /* Without references a path has no names; the object's own is all there is to tell. */
    bool named = s && s->has_refs;
    int status = graph_chain_shortest(steps->db, id, named ? PATH_HEAD : 0, PATH_TAIL, &chain);
    if (!status && chain.n) status = graph_step_read(steps, &chain, chain.n - 1, &step);
    if (!status && step.name) {
        text_adds(out, step.name);
    } else if (!status && chain.n && named) {
        status = path_text_chain(out, steps, &chain);
    }
    graph_step_free(&step);
    graph_chain_free(&chain);
    return status;
}

static int object_row(struct top_list *list, struct graph_steps *steps, sqlite3_stmt *q)
{
    struct text name = { 0 }, detail = { 0 };
    struct top_row *row = top_add(list);
    if (!row) return message_no_memory("the largest objects");
    row->id = sqlite3_column_int64(q, 0);
    subject_type(&name, (const char *)sqlite3_column_text(q, 1),
                 (const char *)sqlite3_column_text(q, 2));
    row->n = (uint64_t)sqlite3_column_int64(q, 3);
    row->shallow_size = subject_size(sqlite3_column_int64(q, 4));
    row->retained_size = subject_size(sqlite3_column_int64(q, 5));
    row->retained_native = subject_size(sqlite3_column_int64(q, 6));
    int status = object_detail(steps, row->id, &detail);
    if (!status) {
        row->name = strdup(text_str(&name));
        row->detail = detail.n ? strdup(text_str(&detail)) : NULL;
        if (!row->name || (detail.n && !row->detail))
            status = message_no_memory("the largest objects");
    }
    text_free(&name);
    text_free(&detail);
    return status;
}

static int objects_by_retained(struct subject *s, struct top_list *list, struct graph_steps *steps)
{
    int64_t first, end;
    struct walk w = { .s = s };
    sqlite3_stmt *row = NULL;
    int status = STATUS_UNUSABLE;
    if (subject_range(s, list->request.garbage, &first, &end)) return STATUS_UNUSABLE;
    if (heapdb_prepare(s->db, &w.q, "SELECT last_dominated, retained_size FROM object"
                                    " WHERE id = ?"))
        return STATUS_UNUSABLE;
    status = heapdb_prepare(s->db, &row,
                            "SELECT " OBJECT_COLUMNS " FROM object o"
                            " JOIN type t ON t.id = o.type_id WHERE o.id = ?");
    if (!status) status = walk_add(&w, first, end);
    while (!status && w.n && list->n < list->request.n) {
        struct candidate c = walk_pop(&w);
        status = walk_add(&w, c.id + 1, c.last);
        if (!status) status = walk_add(&w, c.last + 1, c.end);
        if (status) break;
        sqlite3_reset(row);
        sqlite3_bind_int64(row, 1, c.id);
        int more = heapdb_step(s->db, row);
        status = more < 0 ? STATUS_UNUSABLE : more ? object_row(list, steps, row) : STATUS_DONE;
    }
    sqlite3_finalize(row);
    sqlite3_finalize(w.q);
    free(w.heap);
    return status;
}

/* The ids of the types asked for as a JSON array, which a query takes as one parameter. */
static int objects_types(struct subject *s, const char *pattern, struct text *out, int64_t *total,
                         bool garbage, bool *native)
{
    struct heapdb_ids types = { 0 };
    if (!pattern) return STATUS_DONE;
    int status = heapdb_types(s->db, s->snapshot, pattern, &types);
    text_adds(out, "[");
    for (size_t i = 0; !status && i < types.n; i++) {
        int64_t n = 0;
        text_addf(out, "%s%lld", i ? "," : "", (long long)types.at[i]);
        if (heapdb_number(s->db, garbage ? "SELECT n_garbage FROM type WHERE id = ?"
                                         : "SELECT n FROM type WHERE id = ?",
                          types.at[i], &n) < 0)
            status = STATUS_UNUSABLE;
        *total += n;
        n = 0;
        /* That of the topmost: where it is 0, no object of the type retains any. */
        if (heapdb_number(s->db, "SELECT retained_native FROM type WHERE id = ?", types.at[i],
                          &n) < 0)
            status = STATUS_UNUSABLE;
        *native |= n != 0 || garbage;
    }
    text_adds(out, "]");
    heapdb_ids_free(&types);
    if (!status && out->failed) status = message_no_memory("the types");
    return status;
}

static int objects_query(struct subject *s, struct top_list *list, struct graph_steps *steps,
                         const char *types, enum source source)
{
    static const char *const from[] = {
        [FROM_ALL] = "object o",
        [FROM_TYPES] = "type_object x JOIN object o ON o.id = x.object_id",
        [FROM_HEAVY] = "heavy_object x JOIN object o ON o.id = x.object_id",
    };
    static const char *const order[] = {
        [TOP_RETAINED] = "o.retained_size + coalesce(o.retained_native, 0) DESC, o.id",
        [TOP_SHALLOW] = "o.shallow_size DESC, o.id",
        [TOP_COUNT] = "o.last_dominated - o.id DESC, o.id",
    };
    struct text sql = { 0 };
    sqlite3_stmt *q = NULL;
    int64_t low, high;
    if (subject_range(s, list->request.garbage, &low, &high)) return STATUS_UNUSABLE;
    text_adds(&sql, "SELECT " OBJECT_COLUMNS " FROM ");
    text_adds(&sql, from[source]);
    text_adds(&sql, " JOIN type t ON t.id = o.type_id WHERE ");
    if (source == FROM_HEAVY) text_adds(&sql, "x.snapshot_id = ?5 AND ");
    if (*types)
        text_addf(&sql, "%s IN (SELECT value FROM json_each(?4)) AND ",
                  source == FROM_TYPES ? "x.type_id" : "o.type_id");
    text_addf(&sql, "o.id BETWEEN ?1 AND ?2 ORDER BY %s LIMIT ?3", order[list->request.sort]);
    int status = sql.failed ? message_no_memory("a query")
                            : heapdb_prepare(s->db, &q, text_str(&sql));
    text_free(&sql);
    if (status) return status;
    sqlite3_bind_int64(q, 1, low);
    sqlite3_bind_int64(q, 2, high);
    sqlite3_bind_int64(q, 3, list->request.n == SIZE_MAX ? -1 : (int64_t)list->request.n);
    if (*types) sqlite3_bind_text(q, 4, types, -1, SQLITE_STATIC);
    if (source == FROM_HEAVY) sqlite3_bind_int64(q, 5, s->snapshot->id);
    int more;
    while ((more = heapdb_step(s->db, q)) == 1) {
        status = object_row(list, steps, q);
        if (status) break;
    }
    if (more < 0) status = STATUS_UNUSABLE;
    sqlite3_finalize(q);
    return status;
}

/* Whether the stored lists of these types hold the `n` first of each, or all there are; live objects
 * and garbage share the lists. */
static int types_listed(struct subject *s, const struct top_list *list, const char *types,
                        int64_t n, bool *listed)
{
    sqlite3_stmt *q = NULL;
    int64_t low, high;
    if (subject_range(s, list->request.garbage, &low, &high)) return STATUS_UNUSABLE;
    if (heapdb_prepare(s->db, &q,
                       "SELECT 1 FROM type t WHERE t.id IN (SELECT value FROM json_each(?3))"
                       " AND (SELECT count(*) FROM type_object x WHERE x.type_id = t.id"
                       " AND x.object_id BETWEEN ?1 AND ?2)"
                       " < min(?4, iif(?5, t.n_garbage, t.n))"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, low);
    sqlite3_bind_int64(q, 2, high);
    sqlite3_bind_text(q, 3, types, -1, SQLITE_STATIC);
    sqlite3_bind_int64(q, 4, n);
    sqlite3_bind_int(q, 5, list->request.garbage);
    int more = heapdb_step(s->db, q);
    *listed = more == 0;
    sqlite3_finalize(q);
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

/* The stored lists first: of what retains most, or of the largest objects of each type. They end,
 * so where they do not fill the answer the objects are scanned; also where those of types, which
 * are by retained size alone, do not hold all. */
static int objects_by_query(struct subject *s, struct top_list *list, struct graph_steps *steps,
                            const char *types, bool native)
{
    bool listed = list->request.sort == TOP_RETAINED && list->request.n <= HEAPDB_LIST_MAX &&
                  (*types || !list->request.garbage);
    if (listed && *types &&
        types_listed(s, list, types, native ? INT64_MAX : (int64_t)list->request.n, &listed))
        return STATUS_UNUSABLE;
    if (listed) {
        if (objects_query(s, list, steps, types, *types ? FROM_TYPES : FROM_HEAVY))
            return STATUS_UNUSABLE;
        if (list->n == list->request.n || list->n == list->total) return STATUS_DONE;
        struct top_list empty = { .request = list->request, .total = list->total,
                                  .whole = list->whole, .whole_native = list->whole_native };
        top_list_free(list);
        *list = empty;
    }
    return objects_query(s, list, steps, types, FROM_ALL);
}

int top_objects(struct subject *s, struct top_list *list)
{
    const struct heapdb_snapshot *x = s->snapshot;
    struct graph_steps steps;
    struct text types = { 0 };
    bool garbage = list->request.garbage;
    int64_t n_of_types = 0;
    bool of_types = false, native = list->whole_native > 0;
    if (graph_steps_begin(&steps, s->db)) return STATUS_UNUSABLE;
    int status = objects_types(s, list->request.type, &types, &n_of_types, garbage, &of_types);
    list->total = subject_size(list->request.type ? n_of_types
                               : garbage          ? x->n_garbage
                                                  : x->n_live);
    if (!status && !list->request.type && list->request.sort == TOP_RETAINED && !native)
        status = objects_by_retained(s, list, &steps);
    else if (!status)
        status = objects_by_query(s, list, &steps, text_str(&types), native && of_types);
    text_free(&types);
    graph_steps_end(&steps);
    return status;
}

int top_type_ids(struct subject *s, const char *pattern, bool garbage, int64_t **ids, size_t *n)
{
    struct text types = { 0 }, sql = { 0 };
    int64_t count = 0, low = 0, high = 0;
    bool native = false;
    int status = objects_types(s, pattern, &types, &count, garbage, &native);
    if (!status) status = subject_range(s, garbage, &low, &high);
    /* The array holds digits, commas and brackets only. */
    text_addf(&sql,
              "SELECT id FROM object WHERE id BETWEEN %lld AND %lld"
              " AND type_id IN (SELECT value FROM json_each('%s'))",
              (long long)low, (long long)high, text_str(&types));
    if (!status && sql.failed) status = message_no_memory("a query");
    if (!status) status = top_query_ids(s, text_str(&sql), ids, n);
    text_free(&types);
    text_free(&sql);
    return status;
}
