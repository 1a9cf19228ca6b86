/* SPDX-License-Identifier: MIT */
/*
 * Statements, and what users mean by their arguments: which snapshot, which object, which types.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/number.h"
#include "db/heapdb.h"
#include "db/open_private.h"

int heapdb_damaged(const struct heapdb *db, const char *format, ...)
{
    char what[256];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    if (!db->private->cached)
        return message_error(db->path, MESSAGE_NO_OFFSET, "snapload, to load the snapshot again",
                             "the database is damaged: %s", what);
    bool gone = unlink(db->database) == 0 || errno == ENOENT;
    return message_error(db->path, MESSAGE_NO_OFFSET,
                         gone ? "the same command again" : "--no-cache",
                         "its database in the cache, %s, %s: %s", db->database,
                         gone ? "was damaged and is removed" : "is damaged", what);
}

int heapdb_error(const struct heapdb *db, const char *doing)
{
    int code = sqlite3_errcode(db->sqlite);
    if (code == SQLITE_INTERRUPT)
        return message_error(db->path, MESSAGE_NO_OFFSET, NULL, "%s: interrupted", doing);
    if (code == SQLITE_NOMEM) return message_no_memory(doing);
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
        return heapdb_damaged(db, "%s: %s", doing, sqlite3_errmsg(db->sqlite));
    return message_error(db->path, MESSAGE_NO_OFFSET, NULL, "%s: %s", doing,
                         sqlite3_errmsg(db->sqlite));
}

int heapdb_prepare(struct heapdb *db, sqlite3_stmt **out, const char *sql)
{
    if (sqlite3_prepare_v2(db->sqlite, sql, -1, out, NULL) == SQLITE_OK) return 0;
    *out = NULL;
    return heapdb_error(db, "asking the database");
}

int heapdb_step(struct heapdb *db, sqlite3_stmt *q)
{
    switch (sqlite3_step(q)) {
    case SQLITE_ROW:
        return 1;
    case SQLITE_DONE:
        return 0;
    default:
        heapdb_error(db, "reading the database");
        return -1;
    }
}

bool heapdb_is_held(const struct heapdb *db)
{
    return db->sqlite && !sqlite3_get_autocommit(db->sqlite);
}

int heapdb_hold(struct heapdb *db)
{
    if (heapdb_is_held(db)) return 0;
    return sqlite3_exec(db->sqlite, "BEGIN", NULL, NULL, NULL) == SQLITE_OK
               ? 0
               : heapdb_error(db, "reading the database");
}

void heapdb_release(struct heapdb *db)
{
    if (heapdb_is_held(db)) sqlite3_exec(db->sqlite, "COMMIT", NULL, NULL, NULL);
}

int heapdb_number(struct heapdb *db, const char *sql, int64_t parameter, int64_t *out)
{
    sqlite3_stmt *q;
    if (heapdb_prepare(db, &q, sql)) return -1;
    if (sqlite3_bind_parameter_count(q)) sqlite3_bind_int64(q, 1, parameter);
    int got = heapdb_step(db, q);
    int result = got < 0 ? -1 : 1;
    if (got > 0 && sqlite3_column_type(q, 0) != SQLITE_NULL) {
        *out = sqlite3_column_int64(q, 0);
        result = 0;
    }
    sqlite3_finalize(q);
    return result;
}

/* ---- which snapshot ------------------------------------------------------------------------ */

int heapdb_pick(struct heapdb *db, const char *which, const struct heapdb_snapshot **out)
{
    uint64_t id;
    *out = NULL;
    if (!which || strcmp(which, "last") == 0) {
        *out = &db->snapshots[db->n_snapshots - 1];
    } else if (strcmp(which, "first") == 0) {
        *out = &db->snapshots[0];
    } else if (number_parse_u64(which, &id)) {
        for (size_t i = 0; i < db->n_snapshots; i++)
            if ((uint64_t)db->snapshots[i].id == id) *out = &db->snapshots[i];
    }
    if (*out) return 0;
    return message_error(db->path, MESSAGE_NO_OFFSET, "snapsql FILE 'SELECT * FROM snapshots'",
                         "there is no snapshot \"%s\"; it holds %zu, numbered from %lld to %lld",
                         which, db->n_snapshots, (long long)db->snapshots[0].id,
                         (long long)db->snapshots[db->n_snapshots - 1].id);
}

const struct heapdb_snapshot *heapdb_snapshot_of(const struct heapdb *db, int64_t id)
{
    for (size_t i = 0; i < db->n_snapshots; i++) {
        const struct heapdb_snapshot *s = &db->snapshots[i];
        if (id >= s->live_root_id && id <= s->garbage_root_id + s->n_garbage) return s;
    }
    return NULL;
}

/* ---- which object -------------------------------------------------------------------------- */

static int resolve_id(struct heapdb *db, const char *argument, const char *digits, int64_t *id)
{
    uint64_t value;
    if (!number_parse_u64(digits, &value) || value > INT64_MAX)
        return message_error(db->path, MESSAGE_NO_OFFSET, "#ID or an address 0x..",
                             "\"%s\" names no object", argument);
    const struct heapdb_snapshot *s = heapdb_snapshot_of(db, (int64_t)value);
    if (!s)
        return message_error(db->path, MESSAGE_NO_OFFSET, NULL, "there is no object #%llu",
                             (unsigned long long)value);
    if ((int64_t)value == s->live_root_id || (int64_t)value == s->garbage_root_id)
        return message_error(db->path, MESSAGE_NO_OFFSET, NULL,
                             "#%llu is a virtual root, no object", (unsigned long long)value);
    *id = (int64_t)value;
    return 0;
}

/* The object that begins at the address, or the one that reaches over it. Addresses are ordered as
 * signed numbers, so an object below 2^63 never reaches beyond it here; none does in life. */
static int resolve_address(struct heapdb *db, const struct heapdb_snapshot *snapshot,
                           const char *argument, uint64_t address, int64_t *id)
{
    sqlite3_stmt *q;
    char begins[NUMBER_MAX];
    int status = heapdb_prepare(db, &q,
        "SELECT a.address, a.object_id, (SELECT shallow_size FROM object WHERE id = a.object_id)"
        " FROM address a WHERE a.snapshot_id = ? AND a.address <= ?"
        " ORDER BY a.address DESC LIMIT 1");
    if (status) return status;
    sqlite3_bind_int64(q, 1, snapshot->id);
    sqlite3_bind_int64(q, 2, (int64_t)address);
    int got = heapdb_step(db, q);
    if (got < 0) {
        status = STATUS_UNUSABLE;
    } else {
        uint64_t start = got ? (uint64_t)sqlite3_column_int64(q, 0) : 0;
        uint64_t size = got ? (uint64_t)sqlite3_column_int64(q, 2) : 0;
        if (!got || (address != start && address - start >= size)) {
            status = message_error(db->path, MESSAGE_NO_OFFSET, NULL,
                                   "no object of snapshot %lld is at %s", (long long)snapshot->id,
                                   argument);
        } else {
            *id = sqlite3_column_int64(q, 1);
            if (address != start)
                message_note("%s lies in object #%lld, which begins at %s", argument,
                             (long long)*id, number_address(begins, start));
        }
    }
    sqlite3_finalize(q);
    return status;
}

int heapdb_resolve(struct heapdb *db, const struct heapdb_snapshot *snapshot, const char *argument,
                   int64_t *id)
{
    uint64_t address;
    if (argument[0] == '#') return resolve_id(db, argument, argument + 1, id);
    if (argument[0] == '0' && (argument[1] == 'x' || argument[1] == 'X')) {
        if (number_parse_u64(argument, &address))
            return resolve_address(db, snapshot, argument, address, id);
        return message_error(db->path, MESSAGE_NO_OFFSET, NULL, "\"%s\" is no address", argument);
    }
    return resolve_id(db, argument, argument, id);
}

/* ---- which types --------------------------------------------------------------------------- */

void heapdb_ids_free(struct heapdb_ids *ids)
{
    free(ids->at);
    *ids = (struct heapdb_ids){ 0 };
}

static bool ids_add(struct heapdb_ids *ids, size_t *cap, int64_t id)
{
    if (ids->n == *cap) {
        size_t more = *cap ? *cap * 2 : 16;
        int64_t *p = realloc(ids->at, more * sizeof *p);
        if (!p) return false;
        ids->at = p;
        *cap = more;
    }
    ids->at[ids->n++] = id;
    return true;
}

/* Edit distance of at most 64 bytes of two names; larger than `most` is as good as `most` + 1. */
static size_t name_distance(const char *a, const char *b, size_t most)
{
    size_t row[65], n = strlen(a), m = strlen(b);
    if (n > 64 || m > 64 || (n > m ? n - m : m - n) > most) return most + 1;
    for (size_t j = 0; j <= m; j++) row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t cost = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < cost) cost = row[j] + 1;
            if (row[j - 1] + 1 < cost) cost = row[j - 1] + 1;
            row[j] = cost;
        }
    }
    return row[m];
}

/* "No such type", with the nearest name. */
static int no_such_type(struct heapdb *db, const struct heapdb_snapshot *snapshot,
                        const char *pattern)
{
    sqlite3_stmt *q;
    struct text hint = { 0 };
    size_t best = strlen(pattern) / 3 + 1;
    if (heapdb_prepare(db, &q, "SELECT DISTINCT name FROM types WHERE snapshot_id = ?"
                               " ORDER BY name"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, snapshot->id);
    while (heapdb_step(db, q) > 0) {
        const char *name = (const char *)sqlite3_column_text(q, 0);
        size_t d = name ? name_distance(pattern, name, best) : best;
        if (d >= best) continue;
        best = d;
        text_clear(&hint);
        text_adds(&hint, name);
    }
    sqlite3_finalize(q);
    const char *other = "a type, module.name of a global variable, an id #12 or an address 0x7f..";
    if (strpbrk(pattern, "*?[")) other = NULL; /* only types are asked for by pattern */
    int status = message_error(db->path, MESSAGE_NO_OFFSET, hint.n ? text_str(&hint) : other,
                               "snapshot %lld has no objects of type \"%s\"",
                               (long long)snapshot->id, pattern);
    text_free(&hint);
    return status;
}

int heapdb_types(struct heapdb *db, const struct heapdb_snapshot *snapshot, const char *pattern,
                 struct heapdb_ids *out)
{
    sqlite3_stmt *q;
    size_t cap = 0;
    bool glob = strpbrk(pattern, "*?[") != NULL;
    *out = (struct heapdb_ids){ 0 };
    /* A name that happens to look like a glob is found by equality. */
    int status = heapdb_prepare(db, &q,
        "SELECT id FROM type WHERE snapshot_id = ?1 AND n + n_garbage > 0 AND"
        " (name = ?2 OR module || '.' || name = ?2 OR"
        "  (?3 AND (name GLOB ?2 OR module || '.' || name GLOB ?2)))"
        " ORDER BY retained_size DESC, id");
    if (status) return status;
    sqlite3_bind_int64(q, 1, snapshot->id);
    sqlite3_bind_text(q, 2, pattern, -1, SQLITE_STATIC);
    sqlite3_bind_int(q, 3, glob);
    for (int got; !status && (got = heapdb_step(db, q)) != 0;) {
        if (got < 0)
            status = STATUS_UNUSABLE;
        else if (!ids_add(out, &cap, sqlite3_column_int64(q, 0)))
            status = message_no_memory("a list of types");
    }
    sqlite3_finalize(q);
    if (!status && !out->n) status = no_such_type(db, snapshot, pattern);
    if (status) heapdb_ids_free(out);
    return status;
}
