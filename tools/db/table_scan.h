/* SPDX-License-Identifier: MIT */
/*
 * Integers of a rowid table's rows, in the order of their ids, read from the pages of the file, the
 * counterpart of db/btree.h: https://sqlite.org/fileformat2.html, sections 1.3 to 2.1. For scans of
 * millions of rows: a row takes 10 to 60 ns, through a statement 150.
 *
 *   struct table_scan scan = { .table = "object", .column = { "type_id" }, .n_columns = 1, .. };
 *   if (!table_scan(db, &scan)) ask with SQL, from the beginning
 *
 * It does only what is simple, and leaves everything else to SQLite, which also has the words for
 * what is wrong with a file. The database is held in a transaction that has not written
 * (heapdb_hold), so the pages are those of the file, and stay as they are; it has no write-ahead
 * log; what is asked for are integers or null, in rows that fit into a page. The file is read
 * through SQLite's own handle, so its locks hold. It may come from a stranger: no offset in it is
 * trusted, and no level of a tree has more pages than the file.
 */
#ifndef SNAP_TOOLS_DB_TABLE_SCAN_H
#define SNAP_TOOLS_DB_TABLE_SCAN_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

enum { TABLE_SCAN_COLUMNS = 8 };

struct table_scan {
    const char *table;
    const char *column[TABLE_SCAN_COLUMNS]; /* each once; not the INTEGER PRIMARY KEY */
    int n_columns;
    int64_t first, last; /* ids, both included */
    /* Takes a row: value[i] of column i, 0 where bit i of `null` is set. Ids ascend. */
    void (*take)(void *opaque, int64_t id, const int64_t *value, unsigned null);
    void *opaque;
};

/** Hands over the rows. False: not read, or not to the end; rows may have been handed over, and
 *  nothing was printed. Memory: 4 B a leaf of the table, and 256 KiB. */
bool table_scan(sqlite3 *db, const struct table_scan *scan);

#endif
