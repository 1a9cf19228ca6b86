/* SPDX-License-Identifier: MIT */
/*
 * Databases of answers, as `-o` writes them: what a command says, as tables for whoever goes on
 * with it. They are no heap databases, and each command's has an application id of its own.
 *
 *     struct result r;
 *     sqlite3_stmt *q;
 *     if (result_begin(&r, out, SCHEMA)) return STATUS_UNUSABLE;
 *     q = result_prepare(&r, "INSERT INTO line VALUES (?, ?)");
 *     for (...) {
 *         result_text(q, 1, name);
 *         result_int(q, 2, known, value);
 *         result_insert(&r, q);
 *     }
 *     sqlite3_finalize(q);
 *     return result_end(&r);
 *
 * The first failure is kept and told by result_end; until then all functions may be called, with a
 * NULL statement too. One thread a database. O(rows).
 */
#ifndef SNAP_TOOLS_REPORT_RESULT_H
#define SNAP_TOOLS_REPORT_RESULT_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/output.h"
#include "db/heapdb.h"

struct result {
    struct output *out;
    sqlite3 *db;
    bool failed;
};

/** Makes the database in `out`, which was opened with OUTPUT_REGULAR and is ended by result_end,
 *  or by this function where it fails. 0, or STATUS_UNUSABLE after a message. */
int result_begin(struct result *r, struct output *out, const char *schema);

sqlite3_stmt *result_prepare(struct result *r, const char *sql);

/** Values of the row to be inserted; NULL and what is not known are null. Texts are not copied. */
void result_text(sqlite3_stmt *q, int at, const char *s);
void result_int(sqlite3_stmt *q, int at, bool known, int64_t value);
void result_real(sqlite3_stmt *q, int at, bool known, double value);

/** What a table of snapshots says of one, into the twelve columns from `at` on: path (as it was named),
 *  snapshot_id, runtime, captured_at, host, pid, service, version, complete, n_objects, live_size,
 *  garbage_size. */
void result_snapshot(sqlite3_stmt *q, int at, const char *path, const struct heapdb_snapshot *s);

/** Inserts the row and forgets its values. */
void result_insert(struct result *r, sqlite3_stmt *q);

/** Closes and publishes, or discards after a failure. 0, or STATUS_UNUSABLE after a message. */
int result_end(struct result *r);

#endif
