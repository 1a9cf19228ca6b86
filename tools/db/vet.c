/* SPDX-License-Identifier: MIT */
/*
 * The schema of a file against that of an empty database made here. See vet.h.
 */
#include "db/vet.h"

#include <stdbool.h>
#include <stddef.h>

#include "cli/message.h"
#include "db/schema.h"

/* Reads an SQL text without its comments, every gap as one space. The schema quotes with ' only;
 * a text that quotes otherwise differs there, before it could be misread. */
struct reading {
    const char *at;
    bool quoted;
};

static bool is_gap(const struct reading *r)
{
    char c = *r->at;
    return c == ' ' || c == '\n' || c == '\t' || c == '\r' || (c == '-' && r->at[1] == '-');
}

static char next_char(struct reading *r)
{
    if (!r->quoted && is_gap(r)) {
        while (is_gap(r)) {
            if (*r->at == '-')
                while (*r->at && *r->at != '\n') r->at++;
            else
                r->at++;
        }
        return ' ';
    }
    if (*r->at == '\'') r->quoted = !r->quoted;
    return *r->at ? *r->at++ : 0;
}

static bool same_text(const char *a, const char *b)
{
    struct reading ra = { a, false }, rb = { b, false };
    char c;
    do {
        c = next_char(&ra);
        if (c != next_char(&rb)) return false;
    } while (c);
    return true;
}

static int vet_damaged(sqlite3 *s, const char *path)
{
    return path ? message_error(path, MESSAGE_NO_OFFSET, "snapload, to load the snapshot again",
                                "the database is damaged: %s", sqlite3_errmsg(s))
                : STATUS_UNUSABLE;
}

/* One object of the schema in the database: there, and the same? */
static int vet_one(sqlite3_stmt *q, const char *path, const char *type, const char *name,
                   const char *want)
{
    sqlite3_reset(q);
    sqlite3_bind_text(q, 1, type, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 2, name, -1, SQLITE_STATIC);
    int rc = sqlite3_step(q);
    const char *got = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(q, 0) : NULL;
    if (got && same_text(got, want)) return 0;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) return vet_damaged(sqlite3_db_handle(q), path);
    if (!path) return STATUS_UNUSABLE;
    return message_error(path, MESSAGE_NO_OFFSET, "snapload, to load the snapshot again",
                         "not laid out as a heap database of this version: the %s %s %s", type,
                         name, rc == SQLITE_ROW ? "is another one" : "is missing");
}

static int vet_all(sqlite3 *s, sqlite3 *own, const char *path)
{
    sqlite3_stmt *have = NULL, *want = NULL;
    int status = 0, rc = SQLITE_ERROR;
    if (sqlite3_prepare_v2(own, "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL",
                           -1, &want, NULL) != SQLITE_OK) {
        status = message_no_memory("the schema");
    } else if (sqlite3_prepare_v2(s, "SELECT sql FROM sqlite_schema WHERE type = ? AND name = ?",
                                  -1, &have, NULL) != SQLITE_OK) {
        status = vet_damaged(s, path);
    }
    while (!status && (rc = sqlite3_step(want)) == SQLITE_ROW)
        status = vet_one(have, path, (const char *)sqlite3_column_text(want, 0),
                         (const char *)sqlite3_column_text(want, 1),
                         (const char *)sqlite3_column_text(want, 2));
    if (!status && rc != SQLITE_DONE) status = message_no_memory("the schema");
    sqlite3_finalize(want);
    sqlite3_finalize(have);
    return status;
}

int vet_schema(sqlite3 *s, const char *path)
{
    sqlite3 *own = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY |
                SQLITE_OPEN_NOMUTEX;
    bool made = sqlite3_open_v2(":memory:", &own, flags, NULL) == SQLITE_OK &&
                sqlite3_exec(own, db_schema, NULL, NULL, NULL) == SQLITE_OK;
    int status = made ? vet_all(s, own, path) : message_no_memory("the schema");
    sqlite3_close(own);
    return status;
}
