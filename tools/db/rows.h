/* SPDX-License-Identifier: MIT */
/*
 * Rows made in C, and their way into a table through SQLite: `INSERT INTO t SELECT c0, c1, .. FROM
 * heap_rows`, where heap_rows is an eponymous virtual table over a callback. For a big table this
 * takes about half of the time of binding and stepping a statement a row, since the whole loop
 * stays inside SQLite. The other way, past SQLite, is direct.h.
 */
#ifndef SNAP_TOOLS_DB_ROWS_H
#define SNAP_TOOLS_DB_ROWS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ROWS_COLUMNS = 20, ROWS_NO_TEXT = -1 };

/** One row. Columns are integers, but one may be text. */
struct rows_row {
    uint32_t has; /* bit i: column i is not null */
    int64_t value[ROWS_COLUMNS];
    const char *text; /* of the source's text column, where that is not null; stays as it is until
                         the source is asked for the next row */
    size_t text_size;
};

static inline void rows_set(struct rows_row *row, int column, int64_t value)
{
    row->value[column] = value;
    row->has |= UINT32_C(1) << column;
}

static inline void rows_set_text(struct rows_row *row, int column, const char *text, size_t size)
{
    row->text = text;
    row->text_size = size;
    row->has |= UINT32_C(1) << column;
}

/** A stream of rows. */
struct rows_source {
    void *opaque;
    /** Makes the next row in *row, all of whose columns are null; false at the end. */
    bool (*next)(void *opaque, struct rows_row *row);
    int columns;     /* at most ROWS_COLUMNS */
    int text_column; /* or ROWS_NO_TEXT */
};

struct rows;

/** Registers the virtual table on a connection; it lives as long. NULL without memory. */
struct rows *rows_register(sqlite3 *db);

/** Has `each` called whenever `every` more rows of all sources were counted, with the rows so
 *  far. */
void rows_watch(struct rows *r, unsigned every, void (*each)(void *opaque, sqlite3_int64 rows),
                void *opaque);

/** So many more rows were written, by whatever way. */
void rows_count(struct rows *r, unsigned n);

/** The same for rows of another thread: they are told with those of this one. */
void rows_count_beside(struct rows *r, unsigned n);

/** Inserts all rows of the source into `table`, its first columns in order. An SQLite result
 *  code. */
int rows_insert(struct rows *r, const char *table, const struct rows_source *source);

#endif
