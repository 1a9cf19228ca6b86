/* SPDX-License-Identifier: MIT */
/*
 * Rows made in C as the source of an INSERT: `INSERT INTO t SELECT c0, c1, .. FROM heap_rows`,
 * where heap_rows is an eponymous virtual table over callbacks. For a big table this takes about
 * half of the time of binding and stepping a statement a row, since the whole loop stays inside
 * SQLite.
 */
#ifndef SNAP_TOOLS_DB_ROWS_H
#define SNAP_TOOLS_DB_ROWS_H

#include <sqlite3.h>
#include <stdbool.h>

enum { ROWS_COLUMNS = 20 };

/** A stream of rows. */
struct rows_source {
    void *opaque;
    /** Goes to the next row, to the first at the first call; false at the end. */
    bool (*next)(void *opaque);
    /** Answers column `column` of the current row by one sqlite3_result_ call; none means null. */
    void (*column)(void *opaque, int column, sqlite3_context *out);
    int columns; /* at most ROWS_COLUMNS */
};

struct rows;

/** Registers the virtual table on a connection; it lives as long. NULL without memory. */
struct rows *rows_register(sqlite3 *db);

/** Has `each` called after every `every` rows of all sources, with the rows so far. */
void rows_watch(struct rows *r, unsigned every, void (*each)(void *opaque, sqlite3_int64 rows),
                void *opaque);

/** Inserts all rows of the source into `table`, its first columns in order. An SQLite result
 *  code. */
int rows_insert(struct rows *r, const char *table, const struct rows_source *source);

#endif
