/* SPDX-License-Identifier: MIT */
/*
 * Rows of any query, in the shapes that the sqlite3 shell has made a habit.
 *
 *   column  aligned columns (in batches: a million rows are not kept in memory)
 *   list    values separated by "|"
 *   csv     RFC 4180; a text that a spreadsheet would run as a formula begins with a quote
 *   json    one document: an array of objects, or with an envelope {"schema","columns","rows"}
 *   line    "column = value", one a line, an empty line between rows
 *   ndjson  an object a row and line
 *
 * Texts are escaped for a terminal in column, list and line (cli/text.h). Integers beyond 2^53 and
 * infinities ("Inf", "-Inf") are strings in JSON, which would lose them otherwise; SQLite knows no
 * NaN (it is null). Keys of an object differ: of two columns "a" the second is "a:1". Blobs are X'..'
 * in hexadecimal.
 */
#ifndef SNAP_TOOLS_DB_SQL_PRINT_H
#define SNAP_TOOLS_DB_SQL_PRINT_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>

enum sql_mode { SQL_COLUMN, SQL_LIST, SQL_CSV, SQL_JSON, SQL_LINE, SQL_NDJSON };

/** { "column", "list", "csv", "json", "line", "ndjson", NULL }, by sql_mode. */
extern const char *const sql_mode_names[];

struct sql_style {
    enum sql_mode mode;
    bool headers;
    bool envelope;           /* JSON: the document of feed.schema.json */
    const char *null_text;   /* for null, in all modes but JSON */
};

/**
 * Steps `q` to its end and prints what it gives. Returns SQLite's last code (SQLITE_DONE when all
 * rows were printed) or SQLITE_NOMEM. Errors of `out` stay in the stream, and
 * end csv and ndjson early (SQLITE_ROW).
 */
int sql_print(sqlite3_stmt *q, const struct sql_style *style, FILE *out);

#endif
