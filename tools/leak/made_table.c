/* SPDX-License-Identifier: MIT */
/* Tables made by C code; made_table.h. */
#include "leak/made_table.h"

#include "cli/message.h"

/* What SQLite is given of these begins with SQLite's own part. */
struct connection {
    sqlite3_vtab base;
    struct made_table *table;
};

struct cursor {
    sqlite3_vtab_cursor base;
    uint64_t at;
};

static struct made_table *table_of(sqlite3_vtab_cursor *cursor)
{
    return ((struct connection *)cursor->pVtab)->table;
}

static int connect(sqlite3 *db, void *opaque, int argc, const char *const *argv,
                   sqlite3_vtab **out, char **message)
{
    struct made_table *table = opaque;
    (void)argc, (void)argv, (void)message;
    int rc = sqlite3_declare_vtab(db, table->declaration);
    table->wanted = true;
    struct connection *connection = rc == SQLITE_OK ? sqlite3_malloc(sizeof *connection) : NULL;
    if (!connection) return rc == SQLITE_OK ? SQLITE_NOMEM : rc;
    *connection = (struct connection){ .table = table };
    *out = &connection->base;
    return SQLITE_OK;
}

static int disconnect(sqlite3_vtab *connection)
{
    sqlite3_free(connection);
    return SQLITE_OK;
}

static int best_index(sqlite3_vtab *connection, sqlite3_index_info *info)
{
    (void)connection;
    info->estimatedCost = 10000;
    info->estimatedRows = 10000;
    return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *connection, sqlite3_vtab_cursor **out)
{
    (void)connection;
    struct cursor *cursor = sqlite3_malloc(sizeof *cursor);
    if (!cursor) return SQLITE_NOMEM;
    *cursor = (struct cursor){ .at = 0 };
    *out = &cursor->base;
    return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *cursor)
{
    sqlite3_free(cursor);
    return SQLITE_OK;
}

static int filter(sqlite3_vtab_cursor *cursor, int number, const char *text, int argc,
                  sqlite3_value **argv)
{
    struct made_table *table = table_of(cursor);
    (void)number, (void)text, (void)argc, (void)argv;
    ((struct cursor *)cursor)->at = 0;
    return table->made ? SQLITE_OK : SQLITE_ERROR;
}

static int next(sqlite3_vtab_cursor *cursor)
{
    ((struct cursor *)cursor)->at++;
    return SQLITE_OK;
}

static int at_end(sqlite3_vtab_cursor *cursor)
{
    struct made_table *table = table_of(cursor);
    return ((struct cursor *)cursor)->at >= table->rows(table->opaque);
}

static int column(sqlite3_vtab_cursor *cursor, sqlite3_context *c, int number)
{
    struct made_table *table = table_of(cursor);
    table->give(table->opaque, ((struct cursor *)cursor)->at, number, c);
    return SQLITE_OK;
}

static int rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *out)
{
    *out = (sqlite3_int64)((struct cursor *)cursor)->at;
    return SQLITE_OK;
}

int made_table_ready(struct made_table *table)
{
    if (!table->wanted || table->made) return STATUS_DONE;
    int status = table->make(table->opaque);
    table->made = status == STATUS_DONE;
    return status;
}

int made_table_add(struct heapdb *db, const char *name, struct made_table *table)
{
    static const sqlite3_module module = { .xConnect = connect, .xDisconnect = disconnect,
                                           .xBestIndex = best_index, .xOpen = open_cursor,
                                           .xClose = close_cursor, .xFilter = filter,
                                           .xNext = next, .xEof = at_end, .xColumn = column,
                                           .xRowid = rowid };
    if (sqlite3_create_module(db->sqlite, name, &module, table) == SQLITE_OK) return STATUS_DONE;
    return heapdb_error(db, "adding a table");
}

void made_table_text(sqlite3_context *c, const char *s)
{
    if (s && *s) sqlite3_result_text(c, s, -1, SQLITE_TRANSIENT);
}
