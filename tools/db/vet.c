/* SPDX-License-Identifier: MIT */
/*
 * The schema of a file against that of an empty database made here. See vet.h.
 */
#include "db/vet.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

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

#define LIST "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name"

static const char *column(sqlite3_stmt *q, int i)
{
    const char *s = (const char *)sqlite3_column_text(q, i);
    return s ? s : "";
}

static int compare_names(sqlite3_stmt *a, sqlite3_stmt *b)
{
    int by_type = strcmp(column(a, 0), column(b, 0));
    return by_type ? by_type : strcmp(column(a, 1), column(b, 1));
}

/* One object of the schema: what the database has under its name, if anything. */
static int vet_one(sqlite3_stmt *want, sqlite3_stmt *have, bool there, const char *path)
{
    if (there && same_text(column(have, 2), column(want, 2))) return 0;
    if (!path) return STATUS_UNUSABLE;
    return message_error(path, MESSAGE_NO_OFFSET, "snapload, to load the snapshot again",
                         "not laid out as a heap database of this version: the %s %s %s",
                         column(want, 0), column(want, 1), there ? "is another one" : "is missing");
}

/* Both lists in the same order; what the database has beyond the schema is passed over. */
static int vet_lists(sqlite3_stmt *want, sqlite3_stmt *have, const char *path)
{
    int got = sqlite3_step(have), rc, status = 0;
    while (!status && (rc = sqlite3_step(want)) == SQLITE_ROW) {
        while (got == SQLITE_ROW && compare_names(have, want) < 0) got = sqlite3_step(have);
        if (got != SQLITE_ROW && got != SQLITE_DONE)
            status = vet_damaged(sqlite3_db_handle(have), path);
        else
            status = vet_one(want, have, got == SQLITE_ROW && compare_names(have, want) == 0, path);
    }
    return !status && rc != SQLITE_DONE ? message_no_memory("the schema") : status;
}

/* An empty database with the schema. It is made once and kept as long as the program runs: making it
 * takes longer than all the rest of opening a database, and a command may open thousands. */
static sqlite3 *own_schema(void)
{
    static sqlite3 *own;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY |
                SQLITE_OPEN_NOMUTEX;
    if (own) return own;
    if (sqlite3_open_v2(":memory:", &own, flags, NULL) != SQLITE_OK ||
        sqlite3_exec(own, db_schema, NULL, NULL, NULL) != SQLITE_OK) {
        sqlite3_close(own);
        own = NULL;
    }
    return own;
}

int vet_schema(sqlite3 *s, const char *path)
{
    sqlite3_stmt *have = NULL, *want = NULL;
    sqlite3 *own = own_schema();
    int status = 0;
    if (!own || sqlite3_prepare_v2(own, LIST, -1, &want, NULL) != SQLITE_OK)
        status = message_no_memory("the schema");
    else if (sqlite3_prepare_v2(s, LIST, -1, &have, NULL) != SQLITE_OK)
        status = vet_damaged(s, path);
    if (!status) status = vet_lists(want, have, path);
    sqlite3_finalize(want);
    sqlite3_finalize(have);
    return status;
}
