/* SPDX-License-Identifier: MIT */
/* Lists of what is largest: their rows, their order, and the choice of who fills them; top.h. */
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "report/top.h"

const char *const top_by_words[] = { "object", "type",   "site",  "package", "loader",
                                     "global", "thread", "cycle", "root",    NULL };
const char *const top_sort_words[] = { "retained", "shallow", "count", NULL };

void top_list_free(struct top_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        free(list->rows[i].name);
        free(list->rows[i].detail);
        free(list->rows[i].key);
    }
    free(list->rows);
    *list = (struct top_list){ 0 };
}

struct top_row *top_add(struct top_list *list)
{
    if (list->n == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 64;
        struct top_row *rows = capacity > SIZE_MAX / sizeof *rows
                                   ? NULL
                                   : realloc(list->rows, capacity * sizeof *rows);
        if (!rows) return NULL;
        list->rows = rows;
        list->capacity = capacity;
    }
    list->rows[list->n] = (struct top_row){ 0 };
    return &list->rows[list->n++];
}

char *top_text(sqlite3_stmt *q, int column)
{
    const char *s = (const char *)sqlite3_column_text(q, column);
    return strdup(s ? s : "");
}

static int top_compare_u64(uint64_t a, uint64_t b)
{
    return (a < b) - (a > b);
}

/* Names before ids where sizes are equal: the numbers of types and cycles differ from load to
 * load. */
static int top_compare(const struct top_row *a, const struct top_row *b, enum top_sort sort)
{
    int by_retained = top_compare_u64(top_retained(a), top_retained(b));
    int by_shallow = top_compare_u64(a->shallow_size, b->shallow_size);
    int order = sort == TOP_SHALLOW ? by_shallow
                : sort == TOP_COUNT ? top_compare_u64(a->n, b->n)
                                    : by_retained;
    if (order == 0) order = by_retained;
    if (order == 0) order = by_shallow;
    if (order == 0) order = strcmp(a->name, b->name);
    if (order == 0) order = (a->id > b->id) - (a->id < b->id);
    return order;
}

static int top_by_retained(const void *a, const void *b)
{
    return top_compare(a, b, TOP_RETAINED);
}

static int top_by_shallow(const void *a, const void *b)
{
    return top_compare(a, b, TOP_SHALLOW);
}

static int top_by_count(const void *a, const void *b)
{
    return top_compare(a, b, TOP_COUNT);
}

void top_order(struct top_list *list)
{
    /* Objects come in order: by size, then by id. */
    if (list->n == 0 || list->request.by == TOP_OBJECT) return;
    qsort(list->rows, list->n, sizeof *list->rows,
          list->request.sort == TOP_SHALLOW ? top_by_shallow
          : list->request.sort == TOP_COUNT ? top_by_count
                                            : top_by_retained);
    while (list->n > list->request.n) {
        struct top_row *row = &list->rows[--list->n];
        free(row->name);
        free(row->detail);
        free(row->key);
    }
}

int top_list_load(struct subject *s, const struct top_request *request, struct top_list *out)
{
    static int (*const fill[])(struct subject *, struct top_list *) = {
        [TOP_OBJECT] = top_objects,   [TOP_TYPE] = top_types,     [TOP_SITE] = top_sites,
        [TOP_PACKAGE] = top_packages, [TOP_GLOBAL] = top_globals, [TOP_THREAD] = top_threads,
        [TOP_CYCLE] = top_cycles,     [TOP_ROOT] = top_roots,     [TOP_LOADER] = top_types,
    };
    *out = (struct top_list){ .request = *request };
    out->whole = subject_size(request->garbage ? s->snapshot->garbage_size
                                               : s->snapshot->live_size);
    out->whole_native = subject_size(request->garbage ? s->snapshot->garbage_native
                                                      : s->snapshot->live_native);
    int status = fill[request->by](s, out);
    if (status) {
        top_list_free(out);
        return status;
    }
    for (size_t i = 0; !out->whole_native && i < out->n; i++) out->rows[i].retained_native = 0;
    top_order(out);
    return STATUS_DONE;
}

int top_query_ids(struct subject *s, const char *sql, int64_t **ids, size_t *n)
{
    sqlite3_stmt *q = NULL;
    size_t capacity = 0;
    int status = STATUS_UNUSABLE, more;
    *ids = NULL;
    *n = 0;
    const char *tail = NULL;
    if (sqlite3_prepare_v2(s->db->sqlite, sql, -1, &q, &tail) != SQLITE_OK)
        return message_error(NULL, MESSAGE_NO_OFFSET, "snapsql, to try a query", "--set: %s",
                             sqlite3_errmsg(s->db->sqlite));
    if (!q || !sqlite3_stmt_readonly(q) || sqlite3_column_count(q) == 0 ||
        (tail && tail[strspn(tail, " \t\r\n;")])) {
        sqlite3_finalize(q);
        return message_error(NULL, MESSAGE_NO_OFFSET, NULL,
                             "--set takes one SELECT whose first column is object ids");
    }
    while ((more = heapdb_step(s->db, q)) == 1) {
        if (sqlite3_column_type(q, 0) != SQLITE_INTEGER) {
            status = message_error(NULL, MESSAGE_NO_OFFSET, NULL,
                                   "--set: the first column must be object ids, but row %zu has "
                                   "something else there",
                                   *n + 1);
            break;
        }
        if (*n == capacity) {
            capacity = capacity ? capacity * 2 : 1024;
            int64_t *more_ids = capacity > SIZE_MAX / sizeof *more_ids
                                    ? NULL
                                    : realloc(*ids, capacity * sizeof *more_ids);
            if (!more_ids) {
                status = message_no_memory("the set");
                break;
            }
            *ids = more_ids;
        }
        (*ids)[(*n)++] = sqlite3_column_int64(q, 0);
    }
    if (more == 0) status = STATUS_DONE;
    sqlite3_finalize(q);
    if (status) {
        free(*ids);
        *ids = NULL;
        *n = 0;
    }
    return status;
}
