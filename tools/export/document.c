/* SPDX-License-Identifier: MIT */
/*
 * One JSON document about a snapshot, snap.export/1 of format/feed.schema.json: what was captured,
 * where the memory is, and the lists of snaptop by everything. O(what those lists cost).
 */
#include "cli/message.h"
#include "export/export.h"
#include "report/top_print.h"

enum { ROWS = 100, PACKAGE_DEPTH = 3 };

/* Largest integer that every reader of JSON keeps. */
#define JSON_EXACT (INT64_C(1) << 53)

struct document {
    struct export_job *job;
    struct json j;
    uint64_t clamped;
};

static void number(struct document *d, const char *key, size_t n, int64_t value)
{
    if (value > JSON_EXACT || value < -JSON_EXACT) {
        value = value < 0 ? -JSON_EXACT : JSON_EXACT;
        d->clamped++;
    }
    json_key_size(&d->j, n);
    json_i64(&d->j, key, value);
}

/* A member of the document: rows (key, value), and how one is written. */
struct member {
    const char *name, *sql;
    bool is_array;
    void (*row)(struct document *d, sqlite3_stmt *q);
};

static const char *text(sqlite3_stmt *q, int column)
{
    const char *s = (const char *)sqlite3_column_text(q, column);
    return s ? s : "";
}

static size_t size(sqlite3_stmt *q, int column)
{
    return (size_t)sqlite3_column_bytes(q, column);
}

static void text_row(struct document *d, sqlite3_stmt *q)
{
    const char *key = text(q, 0);
    if (!size(q, 0)) return;
    json_key_size(&d->j, size(q, 0));
    json_stringn(&d->j, key, text(q, 1), size(q, 1));
}

static void number_row(struct document *d, sqlite3_stmt *q)
{
    const char *key = text(q, 0);
    if (size(q, 0)) number(d, key, size(q, 0), sqlite3_column_int64(q, 1));
}

static void memory_row(struct document *d, sqlite3_stmt *q)
{
    json_object(&d->j, NULL);
    json_stringn(&d->j, "part", text(q, 0), size(q, 0));
    number(d, "bytes", 0, sqlite3_column_int64(q, 1));
    json_bool(&d->j, "exact", sqlite3_column_int(q, 2) != 0);
    json_end_object(&d->j);
}

static void warning_row(struct document *d, sqlite3_stmt *q)
{
    int64_t offset = sqlite3_column_int64(q, 0);
    json_object(&d->j, NULL);
    if (sqlite3_column_type(q, 0) == SQLITE_NULL || offset < 0)
        json_null(&d->j, "offset");
    else
        number(d, "offset", 0, offset);
    json_stringn(&d->j, "message", text(q, 1), size(q, 1));
    json_end_object(&d->j);
}

static const struct member members[] = {
    { "labels", "SELECT key, value FROM label WHERE snapshot_id = ?1 ORDER BY key", false,
      text_row },
    { "metadata", "SELECT key, value FROM metadata WHERE snapshot_id = ?1 ORDER BY key", false,
      text_row },
    { "counters", "SELECT name, value FROM counter WHERE snapshot_id = ?1 ORDER BY name", false,
      number_row },
    { "memory_map",
      "SELECT part, bytes, exact FROM memory_map WHERE snapshot_id = ?1 ORDER BY position, part",
      true, memory_row },
    { "warnings",
      "SELECT offset, message FROM warning WHERE snapshot_id IS NULL OR snapshot_id = ?1"
      " ORDER BY id LIMIT 1000",
      true, warning_row },
};

static int write_member(struct document *d, const struct member *m)
{
    sqlite3_stmt *q;
    struct subject *s = d->job->subject;
    int more, status = heapdb_prepare(s->db, &q, m->sql);
    if (status) return status;
    sqlite3_bind_int64(q, 1, s->snapshot->id);
    if (m->is_array)
        json_array(&d->j, m->name);
    else
        json_object(&d->j, m->name);
    while ((more = heapdb_step(s->db, q)) == 1) m->row(d, q);
    if (m->is_array)
        json_end_array(&d->j);
    else
        json_end_object(&d->j);
    sqlite3_finalize(q);
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

static int write_lists(struct document *d)
{
    static const enum top_by lists[] = { TOP_OBJECT, TOP_TYPE,   TOP_SITE,  TOP_PACKAGE,
                                         TOP_GLOBAL, TOP_THREAD, TOP_CYCLE, TOP_ROOT };
    int status = STATUS_DONE;
    uint64_t top = d->job->options->top;
    json_array(&d->j, "lists");
    for (size_t i = 0; !status && i < sizeof lists / sizeof lists[0]; i++) {
        const struct top_request request = { .by = lists[i], .depth = PACKAGE_DEPTH,
                                             .n = top ? (size_t)top : ROWS };
        struct top_list list;
        status = top_list_load(d->job->subject, &request, &list);
        if (status) break;
        top_json_list(&d->j, &list);
        top_list_free(&list);
    }
    json_end_array(&d->j);
    return status;
}

int export_document(struct export_job *job)
{
    struct document d = { .job = job };
    int status = STATUS_DONE;
    json_begin(&d.j, job->out);
    json_object(&d.j, NULL);
    json_string(&d.j, "schema", "snap.export/1");
    subject_json(job->subject, &d.j);
    for (size_t i = 0; !status && i < sizeof members / sizeof members[0]; i++)
        status = write_member(&d, &members[i]);
    if (!status) status = write_lists(&d);
    if (status) return status;
    json_end_object(&d.j);
    if (json_finish(&d.j) == JSON_MISUSE)
        return message_error(NULL, MESSAGE_NO_OFFSET, NULL, "the JSON document is not whole");
    export_changed(job, "numbers are larger than 2^53, which readers of JSON lose, and written as "
                        "2^53", d.clamped);
    return STATUS_DONE;
}
