/* SPDX-License-Identifier: MIT */
/* Lists and sets of snaptop as text and JSON; top_print.h. */
#include "report/top_print.h"

#include <string.h>

#include "cli/message.h"
#include "cli/number.h"
#include "cli/table.h"

/* How a dimension is shown. */
struct top_words {
    const char *title;  /* heading of the list */
    const char *size;   /* title of the main column */
    const char *count;  /* title of the count column */
    const char *name;   /* title of the name column */
    bool id, shallow;   /* columns that mean something */
    bool holds;         /* the count is of what is held, not of members */
};

static const struct top_words top_words[] = {
    [TOP_OBJECT] = { "Objects", "retained", "holds", "object", true, true, true },
    [TOP_TYPE] = { "Types", "retained", "count", "type", false, true, false },
    [TOP_SITE] = { "Allocation sites", "retained", "count", "site", false, true, false },
    [TOP_PACKAGE] = { "Packages", "retained", "count", "package", false, true, false },
    [TOP_LOADER] = { "Class loaders", "retained", "objects", "of classes loaded by", false, true,
                     false },
    [TOP_GLOBAL] = { "Globals", "retained", "holds", "global", true, true, true },
    [TOP_THREAD] = { "Threads", "only here", "holds", "thread", false, false, true },
    [TOP_CYCLE] = { "Cycles", "retained", "members", "cycle of", false, true, false },
    [TOP_ROOT] = { "Roots", "retained", "objects", "kind", false, true, false },
};

static const char *top_sorted(const struct top_list *list)
{
    return list->request.sort == TOP_SHALLOW ? "largest shallow size first"
           : list->request.sort == TOP_COUNT ? "most first"
           : list->whole_native ? "largest retained size first, memory outside the heap included"
                                : "largest retained size first";
}

static void top_title(const struct top_list *list)
{
    const struct top_request *r = &list->request;
    char shown[NUMBER_MAX], total[NUMBER_MAX];
    printf("%s%s%s%s", color_on(stdout, COLOR_HEAD), top_words[r->by].title,
           r->garbage ? " in the garbage" : "", color_off(stdout));
    if (r->type) {
        fputs(" of type ", stdout);
        text_put(stdout, r->type, strlen(r->type));
    }
    printf(", %s", top_sorted(list));
    if (list->n < list->total)
        printf(" (%s of %s)", number_count(shown, list->n), number_count(total, list->total));
    fputs("\n", stdout);
}

enum { TOP_COLUMNS = 10 };

/* The columns that this list has, in order; returns how many. */
static size_t top_columns(const struct top_list *list, struct table_column out[TOP_COLUMNS])
{
    const struct top_words *w = &top_words[list->request.by];
    size_t n = 0;
    const struct table_column outside = { .title = "outside heap", .align = TABLE_RIGHT };
    bool detail = false;
    for (size_t i = 0; i < list->n; i++) detail |= list->rows[i].detail != NULL;
    out[n++] = (struct table_column){ .title = w->size, .align = TABLE_RIGHT };
    if (list->whole_native) out[n++] = outside;
    out[n++] = (struct table_column){ .title = "share", .align = TABLE_RIGHT };
    if (list->n && list->rows[0].has_exact) {
        out[n++] = (struct table_column){ .title = "together", .align = TABLE_RIGHT };
        if (list->whole_native) out[n++] = outside;
    }
    if (w->shallow) out[n++] = (struct table_column){ .title = "shallow", .align = TABLE_RIGHT };
    out[n++] = (struct table_column){ .title = w->count, .align = TABLE_RIGHT };
    if (w->id) out[n++] = (struct table_column){ .title = "id", .align = TABLE_RIGHT };
    out[n++] = (struct table_column){ .title = w->name, .shrink = true, .cut = TEXT_CUT_MIDDLE };
    if (detail)
        out[n++] = (struct table_column){ .title = "", .shrink = true, .cut = TEXT_CUT_MIDDLE };
    return n;
}

int top_print_list(const struct top_list *list)
{
    const struct top_words *w = &top_words[list->request.by];
    struct table_column columns[TOP_COLUMNS];
    size_t n = top_columns(list, columns);
    char share[NUMBER_MAX];
    top_title(list);
    if (list->n == 0) {
        fputs(list->request.by == TOP_SITE
                  ? "none: the capture has no allocation stacks (Python: start tracemalloc)\n"
                  : "none\n",
              stdout);
        return STATUS_DONE;
    }
    struct table *t = table_new(columns, n);
    for (size_t i = 0; i < list->n; i++) {
        const struct top_row *row = &list->rows[i];
        table_size(t, row->retained_size);
        if (list->whole_native) table_size(t, row->retained_native);
        table_cells(t, number_percent(share, top_retained(row), top_whole(list)));
        if (list->rows[0].has_exact) {
            table_size(t, row->exact.shallow_size);
            if (list->whole_native) table_size(t, row->exact.native_size);
        }
        if (w->shallow) table_size(t, row->shallow_size);
        table_count(t, row->n);
        if (w->id) table_cellf(t, "#%lld", (long long)row->id);
        table_color(t, COLOR_NAME);
        table_cells(t, row->name);
        if (columns[n - 1].title[0] == 0) table_cells(t, row->detail);
    }
    int failed = table_print(t, stdout);
    table_free(t);
    return failed ? message_no_memory("a table") : STATUS_DONE;
}

/* Name of a type by id, as people write it. */
static int top_type_name(struct subject *s, sqlite3_stmt *q, int64_t id, struct text *out)
{
    text_clear(out);
    sqlite3_reset(q);
    sqlite3_bind_int64(q, 1, id);
    int more = heapdb_step(s->db, q);
    if (more < 0) return STATUS_UNUSABLE;
    subject_type(out, more ? (const char *)sqlite3_column_text(q, 0) : NULL,
                 more ? (const char *)sqlite3_column_text(q, 1) : NULL);
    return out->failed ? message_no_memory("a type's name") : STATUS_DONE;
}

static void top_set_sums(const char *what, const struct graph_set *set)
{
    char a[NUMBER_MAX], b[NUMBER_MAX];
    const struct heap_retained *r = &set->retained;
    fputs(color_on(stdout, COLOR_HEAD), stdout);
    text_put(stdout, what, strlen(what));
    printf("%s: %s object%s, %s by themselves\n", color_off(stdout), number_count(a, set->n),
           set->n == 1 ? "" : "s", subject_amount(b, set->shallow_size));
    printf("retained together: %s in %s object%s", subject_amount(a, r->shallow_size),
           number_count(b, r->count), r->count == 1 ? "" : "s");
    if (r->native_size) printf(", and %s outside the heap", subject_amount(a, r->native_size));
    if (r->shallow_size > set->topmost_retained)
        printf("; %s of it is held by several of them and by none alone",
               subject_amount(a, r->shallow_size - set->topmost_retained));
    fputs("\n", stdout);
}

int top_print_set(struct subject *s, const char *what, const struct graph_set *set, size_t n)
{
    static const struct table_column columns[] = {
        { .title = "shallow", .align = TABLE_RIGHT },
        { .title = "count", .align = TABLE_RIGHT },
        { .title = "type", .shrink = true, .cut = TEXT_CUT_MIDDLE },
    };
    sqlite3_stmt *q = NULL;
    struct text name = { 0 };
    char a[NUMBER_MAX], b[NUMBER_MAX];
    top_set_sums(what, set);
    if (n == 0 || set->n_types == 0) return STATUS_DONE;
    if (heapdb_prepare(s->db, &q, "SELECT module, name FROM type WHERE id = ?"))
        return STATUS_UNUSABLE;
    struct table *t = table_new(columns, 3);
    int status = STATUS_DONE;
    for (size_t i = 0; !status && i < n && i < set->n_types; i++) {
        status = top_type_name(s, q, set->types[i].type_id, &name);
        table_size(t, set->types[i].shallow_size);
        table_count(t, set->types[i].n);
        table_color(t, COLOR_NAME);
        table_text(t, &name);
    }
    printf("\n%sWhat is retained, by type%s", color_on(stdout, COLOR_HEAD), color_off(stdout));
    if (n < set->n_types)
        printf(" (%s of %s)", number_count(a, n), number_count(b, set->n_types));
    fputs("\n", stdout);
    if (!status && table_print(t, stdout)) status = message_no_memory("a table");
    table_free(t);
    text_free(&name);
    sqlite3_finalize(q);
    return status;
}

void top_json_list(struct json *j, const struct top_list *list)
{
    const struct top_words *w = &top_words[list->request.by];
    json_object(j, NULL);
    json_string(j, "by", top_by_words[list->request.by]);
    json_string(j, "sort", top_sort_words[list->request.sort]);
    json_bool(j, "garbage", list->request.garbage);
    if (list->request.type) json_string(j, "type", list->request.type);
    json_u64(j, "total", list->total);
    json_u64(j, "whole_size", list->whole);
    if (list->whole_native) json_u64(j, "whole_native", list->whole_native);
    json_array(j, "rows");
    for (size_t i = 0; i < list->n; i++) {
        const struct top_row *row = &list->rows[i];
        json_object(j, NULL);
        if (row->id)
            json_id(j, "id", (uint64_t)row->id);
        else
            json_null(j, "id");
        json_string(j, "name", row->name);
        json_string(j, "detail", row->detail);
        json_u64(j, w->holds ? "retained_count" : "count", row->n);
        json_u64(j, "shallow_size", row->shallow_size);
        json_u64(j, "retained_size", row->retained_size);
        if (list->whole_native) json_u64(j, "retained_native", row->retained_native);
        if (row->has_exact) {
            json_u64(j, "exact_retained_size", row->exact.shallow_size);
            if (list->whole_native)
                json_u64(j, "exact_retained_native", row->exact.native_size);
            json_u64(j, "exact_retained_count", row->exact.count);
        }
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
}

int top_json_set(struct subject *s, struct json *j, const struct graph_set *set, size_t n)
{
    sqlite3_stmt *q = NULL;
    struct text name = { 0 };
    int status = STATUS_DONE;
    if (heapdb_prepare(s->db, &q, "SELECT module, name FROM type WHERE id = ?"))
        return STATUS_UNUSABLE;
    json_object(j, "set");
    json_u64(j, "count", set->n);
    json_u64(j, "shallow_size", set->shallow_size);
    json_u64(j, "topmost_count", set->n_topmost);
    json_u64(j, "topmost_retained_size", set->topmost_retained);
    json_u64(j, "retained_size", set->retained.shallow_size);
    json_u64(j, "retained_count", set->retained.count);
    json_u64(j, "retained_native", set->retained.native_size);
    json_u64(j, "types_total", set->n_types);
    json_array(j, "types");
    for (size_t i = 0; !status && i < n && i < set->n_types; i++) {
        status = top_type_name(s, q, set->types[i].type_id, &name);
        json_object(j, NULL);
        json_stringn(j, "type", text_str(&name), name.n);
        json_u64(j, "count", set->types[i].n);
        json_u64(j, "shallow_size", set->types[i].shallow_size);
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
    text_free(&name);
    sqlite3_finalize(q);
    return status;
}
