/* SPDX-License-Identifier: MIT */
/*
 * The eponymous virtual table heap_rows. It has one source at a time, set by rows_insert; a query
 * from anywhere else finds no rows.
 */
#include "db/rows.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rows {
    sqlite3 *db;
    const struct rows_source *source;
    struct rows_row row;
    sqlite3_int64 rows;
    atomic_llong beside; /* rows counted by another thread */
    unsigned every, left; /* until the next call of `each` */
    void (*each)(void *opaque, sqlite3_int64 rows);
    void *opaque;
};

struct rows_table {
    sqlite3_vtab base;
    struct rows *rows;
};

struct rows_cursor {
    sqlite3_vtab_cursor base;
    sqlite3_int64 rowid;
    bool eof;
};

static struct rows *rows_of(sqlite3_vtab_cursor *c)
{
    return ((struct rows_table *)c->pVtab)->rows;
}

static int table_connect(sqlite3 *db, void *aux, int argc, const char *const *argv,
                         sqlite3_vtab **out, char **error)
{
    (void)argc, (void)argv, (void)error;
    char sql[16 + ROWS_COLUMNS * 8] = "CREATE TABLE x(c0";
    size_t n = strlen(sql);
    for (int i = 1; i < ROWS_COLUMNS; i++)
        n += (size_t)snprintf(sql + n, sizeof sql - n, ", c%d", i);
    snprintf(sql + n, sizeof sql - n, ")");
    int rc = sqlite3_declare_vtab(db, sql);
    if (rc != SQLITE_OK) return rc;
    struct rows_table *t = sqlite3_malloc(sizeof *t);
    if (!t) return SQLITE_NOMEM;
    *t = (struct rows_table){ .rows = aux };
    *out = &t->base;
    return SQLITE_OK;
}

static int table_disconnect(sqlite3_vtab *t)
{
    sqlite3_free(t);
    return SQLITE_OK;
}

static int table_best_index(sqlite3_vtab *t, sqlite3_index_info *info)
{
    (void)t;
    info->estimatedCost = 1e6;
    info->estimatedRows = 1000000;
    return SQLITE_OK;
}

static int cursor_open(sqlite3_vtab *t, sqlite3_vtab_cursor **out)
{
    (void)t;
    struct rows_cursor *c = sqlite3_malloc(sizeof *c);
    if (!c) return SQLITE_NOMEM;
    *c = (struct rows_cursor){ .eof = true };
    *out = &c->base;
    return SQLITE_OK;
}

static int cursor_close(sqlite3_vtab_cursor *c)
{
    sqlite3_free(c);
    return SQLITE_OK;
}

void rows_count(struct rows *r, unsigned n)
{
    if (!r->each) return;
    r->rows += n;
    if (n < r->left) {
        r->left -= n;
        return;
    }
    r->left = r->every;
    r->each(r->opaque, r->rows + atomic_load_explicit(&r->beside, memory_order_relaxed));
}

void rows_count_beside(struct rows *r, unsigned n)
{
    atomic_fetch_add_explicit(&r->beside, n, memory_order_relaxed);
}

static int cursor_next(sqlite3_vtab_cursor *base)
{
    struct rows_cursor *c = (struct rows_cursor *)base;
    struct rows *r = rows_of(base);
    r->row.has = 0;
    c->eof = !r->source || !r->source->next(r->source->opaque, &r->row);
    c->rowid++;
    rows_count(r, 1);
    return SQLITE_OK;
}

static int cursor_filter(sqlite3_vtab_cursor *c, int number, const char *text, int argc,
                         sqlite3_value **argv)
{
    (void)number, (void)text, (void)argc, (void)argv;
    return cursor_next(c);
}

static int cursor_eof(sqlite3_vtab_cursor *c)
{
    return ((struct rows_cursor *)c)->eof;
}

static int cursor_column(sqlite3_vtab_cursor *c, sqlite3_context *out, int column)
{
    const struct rows *r = rows_of(c);
    if (!r->source || column >= r->source->columns || !(r->row.has >> column & 1)) return SQLITE_OK;
    if (column == r->source->text_column)
        sqlite3_result_text64(out, r->row.text, r->row.text_size, SQLITE_STATIC, SQLITE_UTF8);
    else
        sqlite3_result_int64(out, r->row.value[column]);
    return SQLITE_OK;
}

static int cursor_rowid(sqlite3_vtab_cursor *c, sqlite3_int64 *out)
{
    *out = ((struct rows_cursor *)c)->rowid;
    return SQLITE_OK;
}

/* Eponymous only: no xCreate. */
static const sqlite3_module module = {
    .iVersion = 1,
    .xConnect = table_connect,
    .xBestIndex = table_best_index,
    .xDisconnect = table_disconnect,
    .xDestroy = table_disconnect,
    .xOpen = cursor_open,
    .xClose = cursor_close,
    .xFilter = cursor_filter,
    .xNext = cursor_next,
    .xEof = cursor_eof,
    .xColumn = cursor_column,
    .xRowid = cursor_rowid,
};

struct rows *rows_register(sqlite3 *db)
{
    struct rows *r = malloc(sizeof *r);
    if (!r) return NULL;
    *r = (struct rows){ .db = db };
    atomic_init(&r->beside, 0);
    /* On failure SQLite has called the destructor already. */
    return sqlite3_create_module_v2(db, "heap_rows", &module, r, free) == SQLITE_OK ? r : NULL;
}

void rows_watch(struct rows *r, unsigned every, void (*each)(void *opaque, sqlite3_int64 rows),
                void *opaque)
{
    r->rows = 0;
    atomic_store(&r->beside, 0);
    r->every = r->left = every;
    r->each = each;
    r->opaque = opaque;
}

int rows_insert(struct rows *r, const char *table, const struct rows_source *source)
{
    char sql[64 + ROWS_COLUMNS * 8];
    size_t n = (size_t)snprintf(sql, sizeof sql, "INSERT INTO %s SELECT c0", table);
    for (int i = 1; i < source->columns; i++)
        n += (size_t)snprintf(sql + n, sizeof sql - n, ", c%d", i);
    snprintf(sql + n, sizeof sql - n, " FROM heap_rows");
    r->source = source;
    int rc = sqlite3_exec(r->db, sql, NULL, NULL, NULL);
    r->source = NULL;
    return rc;
}
