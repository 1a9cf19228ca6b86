/* SPDX-License-Identifier: MIT */
/*
 * References for a database that was loaded without them. See complete.h.
 *
 * The snapshot file is read and resolved again, but not analysed: the database has every object's
 * id, and its table `address` names the objects in the same order (by address) in which resolving
 * sorts them. So the two lists are walked side by side, and each object of the file has its row.
 * Then `ref` and `referrer` are written as in a first load.
 *
 * The database is in use and has a name, so this is an ordinary SQLite transaction with a
 * journal: it is completed, or it stays as it was.
 */
#include "db/complete.h"

#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "db/loader.h"

/* ---- one snapshot: from load.c, when its rows have been read ------------------------------- */

/* Makes analysis.node and row_of of the snapshot from the database's addresses. */
static int match_rows(struct loader *l, struct snapshot *s)
{
    struct heap_analysis *a = &s->analysis;
    sqlite3_stmt *q;
    uint32_t at = 0;
    int status = loader_prepare(l, &q, "SELECT address, object_id FROM address"
                                       " WHERE snapshot_id = ? ORDER BY address");
    if (status) return status;
    sqlite3_bind_int64(q, 1, s->id);
    int rc;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW && at < s->resolved.n) {
        uint32_t node = (uint32_t)packed_get(&s->resolved.by_address, at++);
        int64_t row = sqlite3_column_int64(q, 1) - s->first_id;
        if ((uint64_t)sqlite3_column_int64(q, 0) != packed_get(&s->capture.ids, node) ||
            row < 1 || row >= a->n_rows || row == a->garbage_root || a->node[row] != HEAP_NONE)
            break;
        a->node[row] = node;
        a->row_of[node] = (uint32_t)row;
    }
    sqlite3_finalize(q);
    if (rc == SQLITE_DONE && at == s->resolved.n) return 0;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) return loader_sqlite(l, "reading the database");
    message_error(l->output, MESSAGE_NO_OFFSET, "snapload, to load it again",
                  "%s does not hold the objects of snapshot %lld", l->file.path, (long long)s->id);
    return LOADER_STOP;
}

static uint32_t *none_array(uint32_t n)
{
    uint32_t *a = malloc(((size_t)n + 1) * sizeof *a);
    if (a) memset(a, 0xff, ((size_t)n + 1) * sizeof *a);
    return a;
}

/* Finds the snapshot's row in the database; *found is false when it needs nothing. */
static int find_snapshot(struct loader *l, struct snapshot *s, bool *found)
{
    sqlite3_stmt *q;
    *found = false;
    int status = loader_prepare(l, &q, "SELECT id, live_root_id, garbage_root_id, n_objects"
                                       " FROM snapshot WHERE path = ? AND file_number = ?"
                                       " AND has_refs = 0");
    if (status) return status;
    sqlite3_bind_text(q, 1, l->options->complete_path, -1, SQLITE_STATIC);
    sqlite3_bind_int64(q, 2, s->number);
    if (sqlite3_step(q) == SQLITE_ROW) {
        *found = true;
        s->id = sqlite3_column_int64(q, 0);
        s->first_id = sqlite3_column_int64(q, 1);
        s->analysis.garbage_root = (uint32_t)(sqlite3_column_int64(q, 2) - s->first_id);
        s->analysis.n_nodes = (uint32_t)sqlite3_column_int64(q, 3);
        s->analysis.n_rows = s->analysis.n_nodes + 2;
    }
    sqlite3_finalize(q);
    return 0;
}

static int mark_done(struct loader *l, const struct snapshot *s)
{
    sqlite3_stmt *q;
    int status = loader_prepare(l, &q, "UPDATE snapshot SET has_refs = 1 WHERE id = ?");
    if (status) return status;
    sqlite3_bind_int64(q, 1, s->id);
    status = loader_insert(l, q);
    sqlite3_finalize(q);
    return status;
}

/* The work of complete_snapshot; leaves two arrays in the analysis. */
static int complete_rows(struct loader *l, struct snapshot *s)
{
    bool found;
    struct heap_analysis *a = &s->analysis;
    int status = find_snapshot(l, s, &found);
    if (status || !found) return status;
    struct resolve_how how = facts_resolve_how(l, s);
    if (!resolve(&s->capture, false, &how, &s->resolved)) return loader_no_memory(l);
    if (s->resolved.n != a->n_nodes) {
        message_error(l->output, MESSAGE_NO_OFFSET, "snapload, to load it again",
                      "%s has changed since it was loaded", l->file.path);
        return LOADER_STOP;
    }
    a->node = none_array(a->n_rows);
    a->row_of = none_array(a->n_nodes);
    if (!a->node || !a->row_of) return loader_no_memory(l);
    status = match_rows(l, s);
    s->has_refs = true;
    if (!status) status = references_write(l, s);
    if (!status) status = mark_done(l, s);
    return status;
}

int complete_snapshot(struct loader *l, struct snapshot *s)
{
    struct heap_analysis *a = &s->analysis;
    int status = complete_rows(l, s);
    /* These two are not the graph core's: they go before it frees what is its own. */
    free(a->node);
    free(a->row_of);
    a->node = a->row_of = NULL;
    return status;
}

/* ---- the whole database -------------------------------------------------------------------- */

/* The next file whose snapshots lack references; NULL when there is none. The caller frees it. */
static int next_file(struct heapdb *db, const char *after, char **path, char *uuid,
                     size_t uuid_size)
{
    sqlite3_stmt *q;
    *path = NULL;
    int status = heapdb_prepare(db, &q, "SELECT path, coalesce(max(file_uuid), '') FROM snapshot"
                                        " WHERE has_refs = 0 AND (?1 IS NULL OR path > ?1)"
                                        " GROUP BY path ORDER BY path LIMIT 1");
    if (status) return status;
    if (after) sqlite3_bind_text(q, 1, after, -1, SQLITE_STATIC);
    int got = heapdb_step(db, q);
    if (got < 0) status = STATUS_UNUSABLE;
    const char *text = got > 0 ? (const char *)sqlite3_column_text(q, 0) : NULL;
    if (text) {
        *path = malloc(strlen(text) + 1);
        if (*path) memcpy(*path, text, strlen(text) + 1);
        const char *u = (const char *)sqlite3_column_text(q, 1);
        strncpy(uuid, u ? u : "", uuid_size - 1);
        uuid[uuid_size - 1] = 0;
        if (!*path) status = message_no_memory("a file name");
    }
    sqlite3_finalize(q);
    return status;
}

int complete_database(struct heapdb *db, const char *name, const char *source)
{
    char *path = NULL, *before = NULL;
    int status = 0;
    message_note("%s was loaded without references: adding them", db->path);
    for (;;) {
        char uuid[40];
        status = next_file(db, before, &path, uuid, sizeof uuid);
        if (status || !path) break;
        struct load_options o = { .complete_path = path, .complete_uuid = uuid,
                                  .quiet_warnings = true };
        struct load_result result;
        const char *file = source ? source : path;
        status = load_files(&file, 1, name, name, &o, &result);
        if (status) break;
        free(before);
        before = path;
        path = NULL;
    }
    free(path);
    free(before);
    return status;
}
