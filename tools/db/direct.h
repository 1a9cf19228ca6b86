/* SPDX-License-Identifier: MIT */
/*
 * The big tables of a new heap database, written past SQLite: as pages of B-trees (btree.h), in the
 * same file, behind the same schema. Everything else goes through SQLite as ever.
 *
 * Both write the same file in turn. While the trees grow, no transaction is open: SQLite's is
 * committed before and begun after. Pages are put behind all that the file has, then the header is
 * told: the number of pages, and the change counter, by which SQLite notices that its cache is no
 * longer true. Roots are written last: until then these tables are empty for whoever asks SQLite,
 * and nobody does. The file must be the loader's alone, with locking_mode NORMAL and no journal.
 *
 * Threads: one calls; direct_halves has a second one until it returns. Both read the arrays that
 * rows are made of, which nobody changes or frees meanwhile, and each writes its own tree and its own
 * pages of the file; what both know of each other is one flag, that a half has failed.
 * Memory: 3 MiB, some pages a table, 18 B a page written.
 */
#ifndef SNAP_TOOLS_DB_DIRECT_H
#define SNAP_TOOLS_DB_DIRECT_H

#include <sqlite3.h>
#include <stdbool.h>

#include "db/rows.h"

struct direct;

/** For the database `path`, which `db` has open and in a transaction; `two` threads for the halves of
 *  a table. NULL without memory. */
struct direct *direct_new(sqlite3 *db, const char *path, bool two);
void direct_free(struct direct *d);

/** Whether the table is one of those that are written this way. */
bool direct_takes(const char *table);

/** Adds rows, which follow those that the table has in the order of its key; they are counted with
 *  rows_count(r, ..). Nonzero on failure. */
int direct_rows(struct direct *d, const char *table, const struct rows_source *source,
                struct rows *r);

/** The same for a table without an index or text whose rows come in two halves, the first of which
 *  is not empty: both sources are asked at once, in two threads, and write different pages. The file
 *  is the same with one thread. A failure of either stops both. */
int direct_halves(struct direct *d, const char *table, const struct rows_source source[2],
                  struct rows *r);

/** Completes all tables. No transaction is open before or after; the connection must be closed
 *  next. Nonzero on failure. */
int direct_finish(struct direct *d);

/** What went wrong, and what to try: NULL where there is nothing. */
const char *direct_error(const struct direct *d);
const char *direct_advice(const struct direct *d);

#endif
