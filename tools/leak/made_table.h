/* SPDX-License-Identifier: MIT */
/*
 * A table that C code makes, for the queries of rules: whole, before a query that names it runs
 * first, and kept. Its maker may use the connection as it likes, since no statement runs then. (An eponymous virtual table of SQLite:
 * https://sqlite.org/vtab.html#eponymous_virtual_tables.)
 */
#ifndef SNAP_TOOLS_LEAK_MADE_TABLE_H
#define SNAP_TOOLS_LEAK_MADE_TABLE_H

#include <stdbool.h>

#include "db/heapdb.h"

struct made_table {
    const char *declaration; /* "CREATE TABLE t (a INTEGER, b TEXT)" */
    int (*make)(void *opaque);       /* 0, or STATUS_UNUSABLE after a message */
    uint64_t (*rows)(void *opaque);  /* after make has returned 0 */
    /* Gives one value to c; where it gives none, that is null. */
    void (*give)(void *opaque, uint64_t row, int column, sqlite3_context *c);
    void *opaque;
    bool wanted, made; /* by made_table */
};

/** Makes it known to the database as `name`, which no table of the schema may have. `table` must
 *  outlive every statement that asks it. 0, or STATUS_UNUSABLE after a message. */
int made_table_add(struct heapdb *db, const char *name, struct made_table *table);

/** Makes the table if a statement that was prepared names it and it has not been made. To be called
 *  before the statement is stepped. 0, or what `make` returned. */
int made_table_ready(struct made_table *table);

/** A text that may be NULL or empty: both are null. Copied. */
void made_table_text(sqlite3_context *c, const char *s);

#endif
