/* SPDX-License-Identifier: MIT */
/*
 * How the loader speaks: to SQLite, to the user, and into the table of warnings. See loader.h.
 */
#include "db/loader.h"

#include <stdarg.h>
#include <stdio.h>

#include "cli/message.h"
#include "cli/number.h"

/* Warnings on stderr; the table gets all of them, up to its own limit. */
#define WARNINGS_SHOWN 8
#define WARNINGS_KEPT 10000

int loader_no_memory(struct loader *l)
{
    char limit[NUMBER_MAX];
    message_error(l->file.path, MESSAGE_NO_OFFSET, "a machine with more memory, or --max-memory",
                  "needs more memory than the %s that it may use",
                  number_size(limit, l->budget.limit + l->lasting.limit));
    return LOADER_STOP;
}

int loader_sqlite(struct loader *l, const char *doing)
{
    int os = sqlite3_system_errno(l->db);
    int code = sqlite3_extended_errcode(l->db);
    if ((code & 0xff) == SQLITE_FULL)
        message_error(l->output, MESSAGE_NO_OFFSET, "another file system with -o",
                      "%s: the disk is full", doing);
    else if ((code & 0xff) == SQLITE_READONLY || (code & 0xff) == SQLITE_CANTOPEN)
        message_error(l->output, MESSAGE_NO_OFFSET,
                      l->options->complete_path ? "a copy that can be written to" : NULL,
                      "%s: it cannot be written to", doing);
    else if ((code & 0xff) == SQLITE_IOERR && os)
        message_errno(l->output, os, "%s", doing);
    else
        message_error(l->output, MESSAGE_NO_OFFSET, NULL, "%s: %s", doing, sqlite3_errmsg(l->db));
    return LOADER_STOP;
}

int loader_heap(struct loader *l, enum heap_status status)
{
    if (status == HEAP_OK) return 0;
    if (status == HEAP_NO_MEMORY) return loader_no_memory(l);
    message_error(l->file.path, MESSAGE_NO_OFFSET, NULL, "%s", heap_status_text(status));
    return LOADER_STOP;
}

int loader_exec(struct loader *l, const char *sql)
{
    int rc = sqlite3_exec(l->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : loader_sqlite(l, "writing");
}

int loader_prepare(struct loader *l, sqlite3_stmt **out, const char *sql)
{
    return sqlite3_prepare_v2(l->db, sql, -1, out, NULL) == SQLITE_OK ? 0
                                                                      : loader_sqlite(l, "writing");
}

int loader_insert(struct loader *l, sqlite3_stmt *q)
{
    int rc = sqlite3_step(q);
    if (rc != SQLITE_DONE) return loader_sqlite(l, "writing");
    sqlite3_reset(q);
    return 0;
}

/* What went wrong past SQLite. */
int loader_direct(struct loader *l)
{
    message_error(l->output, MESSAGE_NO_OFFSET, direct_advice(l->direct), "writing: %s",
                  direct_error(l->direct));
    return LOADER_STOP;
}

int loader_rows(struct loader *l, const char *table, const struct rows_source *source)
{
    if (l->direct && direct_takes(table)) {
        if (direct_rows(l->direct, table, source, l->rows)) return loader_direct(l);
        return 0;
    }
    return rows_insert(l->rows, table, source) == SQLITE_OK ? 0 : loader_sqlite(l, "writing");
}

int loader_halves(struct loader *l, const char *table, const struct rows_source half[2])
{
    if (l->direct && direct_takes(table))
        return direct_halves(l->direct, table, half, l->rows) ? loader_direct(l) : 0;
    int status = loader_rows(l, table, &half[0]);
    return status ? status : loader_rows(l, table, &half[1]);
}

void loader_bind_text(struct loader *l, sqlite3_stmt *q, int at, uint32_t number)
{
    const char *text = strings_text(&l->strings, number);
    if (text)
        sqlite3_bind_text(q, at, text, (int)strings_size(&l->strings, number), SQLITE_STATIC);
    else
        sqlite3_bind_null(q, at);
}

void loader_bind_id(sqlite3_stmt *q, int at, int64_t value)
{
    if (value)
        sqlite3_bind_int64(q, at, value);
    else
        sqlite3_bind_null(q, at);
}

int loader_warn(struct loader *l, int64_t snapshot, uint64_t offset, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (l->options->complete_path) return 0; /* they stand in the database already */
    l->warnings++;
    if (l->warnings <= WARNINGS_SHOWN && !l->options->quiet_warnings)
        message_warning(l->file.path, offset, "%s", text);
    if (l->warnings > WARNINGS_KEPT) return 0;

    sqlite3_stmt *q;
    int status = loader_prepare(l, &q, "INSERT INTO warning (snapshot_id, offset, message)"
                                       " VALUES (?, ?, ?)");
    if (status) return status;
    loader_bind_id(q, 1, snapshot);
    if (offset != MESSAGE_NO_OFFSET) sqlite3_bind_int64(q, 2, (int64_t)offset);
    sqlite3_bind_text(q, 3, text, -1, SQLITE_STATIC);
    status = loader_insert(l, q);
    sqlite3_finalize(q);
    return status;
}

void loader_warned(const struct loader *l)
{
    if (l->warnings > WARNINGS_SHOWN && !l->options->quiet_warnings)
        message_warning(l->output, MESSAGE_NO_OFFSET, "%llu warnings in all; see the table warning",
                        (unsigned long long)l->warnings);
}
