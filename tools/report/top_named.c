/* SPDX-License-Identifier: MIT */
/* The largest by name of what holds them: module globals, cycles, kinds of roots, threads;
 * top.h. */
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/number.h"
#include "db/graph_hold.h"
#include "report/top.h"

/* A program imports one object under many names, so a line is an object: the first name stands, the
 * rest is counted. Modules are no lines, neither where their variables are nor where another module
 * imported them. */
int top_globals(struct subject *s, struct top_list *list)
{
    static const char sql[] =
        "SELECT g.object_id, coalesce(g.module || '.', '') || coalesce(g.name, '?'),"
        " count(*), t.module, t.name, o.last_dominated - o.id + 1, o.shallow_size, o.retained_size,"
        " o.retained_native, min(g.id)"
        " FROM global g JOIN object o ON o.id = g.object_id JOIN type t ON t.id = o.type_id"
        " WHERE g.snapshot_id = ?1 AND CASE WHEN g.module IS NULL THEN g.name NOT IN"
        " (SELECT module FROM global WHERE snapshot_id = ?1 AND module IS NOT NULL)"
        " ELSE NOT EXISTS (SELECT 1 FROM root r WHERE r.object_id = g.object_id AND r.kind = 2) END"
        " GROUP BY g.object_id";
    sqlite3_stmt *q = NULL;
    int status = STATUS_DONE, more = 0;
    if (heapdb_prepare(s->db, &q, sql)) return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, s->snapshot->id);
    while (!status && (more = heapdb_step(s->db, q)) == 1) {
        struct top_row *row = top_add(list);
        struct text detail = { 0 };
        if (!row) {
            status = message_no_memory("the globals");
            break;
        }
        row->id = sqlite3_column_int64(q, 0);
        row->name = top_text(q, 1);
        subject_type(&detail, (const char *)sqlite3_column_text(q, 3),
                     (const char *)sqlite3_column_text(q, 4));
        int64_t more_names = sqlite3_column_int64(q, 2) - 1;
        if (more_names > 0)
            text_addf(&detail, ", %lld more name%s", (long long)more_names,
                      more_names == 1 ? "" : "s");
        row->detail = detail.s;
        row->n = subject_size(sqlite3_column_int64(q, 5));
        row->shallow_size = subject_size(sqlite3_column_int64(q, 6));
        row->retained_size = subject_size(sqlite3_column_int64(q, 7));
        row->retained_native = subject_size(sqlite3_column_int64(q, 8));
        if (!row->name || detail.failed) status = message_no_memory("the globals");
    }
    if (!status && more < 0) status = STATUS_UNUSABLE;
    sqlite3_finalize(q);
    list->total = list->n;
    return status;
}

int top_cycles(struct subject *s, struct top_list *list)
{
    sqlite3_stmt *q = NULL;
    int status = STATUS_DONE, more = 0;
    if (heapdb_prepare(s->db, &q,
                       "SELECT c.id, t.module, t.name, c.object_id, c.n, c.shallow_size,"
                       " c.retained_size, c.retained_native FROM component c"
                       " JOIN object o ON o.id = c.object_id JOIN type t ON t.id = o.type_id"
                       " WHERE c.snapshot_id = ?1 AND (c.object_id > ?2) = ?3"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, s->snapshot->id);
    sqlite3_bind_int64(q, 2, s->snapshot->garbage_root_id);
    sqlite3_bind_int(q, 3, list->request.garbage);
    while (!status && (more = heapdb_step(s->db, q)) == 1) {
        struct top_row *row = top_add(list);
        struct text name = { 0 }, detail = { 0 };
        if (!row) {
            status = message_no_memory("the cycles");
            break;
        }
        row->id = sqlite3_column_int64(q, 0);
        subject_type(&name, (const char *)sqlite3_column_text(q, 1),
                     (const char *)sqlite3_column_text(q, 2));
        text_addf(&detail, "with #%lld", (long long)sqlite3_column_int64(q, 3));
        row->name = name.s;
        row->detail = detail.s;
        row->n = subject_size(sqlite3_column_int64(q, 4));
        row->shallow_size = subject_size(sqlite3_column_int64(q, 5));
        row->retained_size = subject_size(sqlite3_column_int64(q, 6));
        row->retained_native = subject_size(sqlite3_column_int64(q, 7));
        if (name.failed || detail.failed) status = message_no_memory("the cycles");
    }
    if (!status && more < 0) status = STATUS_UNUSABLE;
    sqlite3_finalize(q);
    list->total = list->n;
    return status;
}

int top_roots(struct subject *s, struct top_list *list)
{
    sqlite3_stmt *q = NULL;
    int status = STATUS_DONE, more = 0;
    if (heapdb_prepare(s->db, &q, "SELECT kind, n, n_objects, shallow_size, retained_size,"
                                  " retained_native FROM root_summary WHERE snapshot_id = ?"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, s->snapshot->id);
    while (!status && (more = heapdb_step(s->db, q)) == 1) {
        struct top_row *row = top_add(list);
        struct text detail = { 0 };
        char n[NUMBER_MAX];
        if (!row) {
            status = message_no_memory("the roots");
            break;
        }
        row->name = strdup(heapdb_root_kind(sqlite3_column_int64(q, 0)));
        text_addf(&detail, "%s root%s", number_count(n, subject_size(sqlite3_column_int64(q, 1))),
                  sqlite3_column_int64(q, 1) == 1 ? "" : "s");
        row->detail = detail.s;
        row->n = subject_size(sqlite3_column_int64(q, 2));
        row->shallow_size = subject_size(sqlite3_column_int64(q, 3));
        row->retained_size = subject_size(sqlite3_column_int64(q, 4));
        row->retained_native = subject_size(sqlite3_column_int64(q, 5));
        if (!row->name || detail.failed) status = message_no_memory("the roots");
    }
    if (!status && more < 0) status = STATUS_UNUSABLE;
    sqlite3_finalize(q);
    list->total = list->n;
    return status;
}

/* ---- threads ---- */

static int threads_list(struct subject *s, struct top_list *list)
{
    sqlite3_stmt *q = NULL;
    int status = STATUS_DONE, more = 0;
    if (heapdb_prepare(s->db, &q,
                       "SELECT t.id, coalesce(t.name, 'thread ' || t.runtime_id), f.function,"
                       " f.file, f.line FROM thread t LEFT JOIN stack k ON k.id = t.stack_id"
                       " LEFT JOIN frame f ON f.id = k.frame_id WHERE t.snapshot_id = ?"
                       " ORDER BY t.id"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, s->snapshot->id);
    while (!status && (more = heapdb_step(s->db, q)) == 1) {
        struct top_row *row = top_add(list);
        struct text detail = { 0 };
        if (!row) {
            status = message_no_memory("the threads");
            break;
        }
        row->id = sqlite3_column_int64(q, 0);
        row->name = top_text(q, 1);
        if (sqlite3_column_type(q, 2) != SQLITE_NULL)
            text_addf(&detail, "in %s", (const char *)sqlite3_column_text(q, 2));
        if (sqlite3_column_type(q, 3) != SQLITE_NULL)
            text_addf(&detail, " (%s:%lld)", (const char *)sqlite3_column_text(q, 3),
                      (long long)sqlite3_column_int64(q, 4));
        row->detail = detail.s;
        if (!row->name || detail.failed) status = message_no_memory("the threads");
    }
    if (!status && more < 0) status = STATUS_UNUSABLE;
    sqlite3_finalize(q);
    return status;
}

/* Threads are in the list by id ascending; group i + 1 is row i. */
static uint32_t thread_group(const struct top_list *list, int64_t thread)
{
    size_t first = 0, end = list->n;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (list->rows[middle].id < thread)
            first = middle + 1;
        else
            end = middle;
    }
    return first < list->n && list->rows[first].id == thread ? (uint32_t)first + 1 : 0;
}

static int threads_roots(struct subject *s, const struct top_list *list, const struct graph *g,
                         struct graph_hold_root **roots, uint64_t *n)
{
    sqlite3_stmt *q = NULL;
    size_t capacity = 0;
    int more;
    if (heapdb_prepare(s->db, &q, "SELECT object_id, thread_id FROM root"
                                  " WHERE object_id BETWEEN ?1 AND ?2"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, g->first_id);
    sqlite3_bind_int64(q, 2, g->first_id + g->heap.n - 1);
    while ((more = heapdb_step(s->db, q)) == 1) {
        if (*n == capacity) {
            capacity = capacity ? capacity * 2 : 1024;
            struct graph_hold_root *r = realloc(*roots, capacity * sizeof *r);
            if (!r) break;
            *roots = r;
        }
        uint32_t node = (uint32_t)(sqlite3_column_int64(q, 0) - g->first_id);
        uint32_t group = sqlite3_column_type(q, 1) == SQLITE_NULL
                             ? 0
                             : thread_group(list, sqlite3_column_int64(q, 1));
        (*roots)[(*n)++] = (struct graph_hold_root){ node, group };
    }
    sqlite3_finalize(q);
    if (more == 1) return message_no_memory("the roots");
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

/* What only this thread's frames reach. The last line is what several threads reach and nothing
 * else. */
int top_threads(struct subject *s, struct top_list *list)
{
    struct graph g = { 0 };
    struct graph_hold_root *roots = NULL;
    struct graph_hold_sum *sum = NULL;
    uint64_t n_roots = 0;
    int status = threads_list(s, list);
    if (status || list->n == 0) return status;
    status = graph_load(s->db, s->snapshot, s->snapshot->live_root_id, GRAPH_KEY_NONE, &g);
    if (!status) status = threads_roots(s, list, &g, &roots, &n_roots);
    uint32_t n = (uint32_t)list->n;
    if (!status) {
        sum = calloc((size_t)n + 2, sizeof *sum);
        status = sum ? graph_status(s->db, graph_hold(&g.heap, roots, n_roots, n, sum),
                                    "finding what each thread holds")
                     : message_no_memory("the threads");
    }
    for (uint32_t i = 0; !status && i <= n; i++) {
        struct top_row *row = i < n ? &list->rows[i] : sum[n + 1].n ? top_add(list) : NULL;
        if (i == n && sum[n + 1].n) {
            if (row) row->name = strdup("(several threads)");
            if (!row || !row->name) status = message_no_memory("the threads");
        }
        if (status || !row) break;
        row->n = sum[i + 1].n;
        row->shallow_size = row->retained_size = sum[i + 1].shallow_size;
        row->retained_native = sum[i + 1].native_size;
    }
    list->total = n;
    free(sum);
    free(roots);
    graph_free(&g);
    return status;
}
