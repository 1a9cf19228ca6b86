/* SPDX-License-Identifier: MIT */
/* Databases of answers; result.h. */
#include "report/result.h"

#include "cli/message.h"

int result_begin(struct result *r, struct output *out, const char *schema)
{
    *r = (struct result){ .out = out };
    r->failed = sqlite3_open(output_temporary(out), &r->db) != SQLITE_OK ||
                sqlite3_exec(r->db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;",
                             NULL, NULL, NULL) != SQLITE_OK ||
                sqlite3_exec(r->db, schema, NULL, NULL, NULL) != SQLITE_OK;
    return r->failed ? result_end(r) : 0;
}

sqlite3_stmt *result_prepare(struct result *r, const char *sql)
{
    sqlite3_stmt *q = NULL;
    if (!r->failed) r->failed = sqlite3_prepare_v2(r->db, sql, -1, &q, NULL) != SQLITE_OK;
    return q;
}

void result_text(sqlite3_stmt *q, int at, const char *s)
{
    if (q) sqlite3_bind_text(q, at, s, -1, SQLITE_STATIC); /* null for NULL */
}

void result_int(sqlite3_stmt *q, int at, bool known, int64_t value)
{
    if (q && known) sqlite3_bind_int64(q, at, value);
}

void result_real(sqlite3_stmt *q, int at, bool known, double value)
{
    if (q && known) sqlite3_bind_double(q, at, value);
}

void result_snapshot(sqlite3_stmt *q, int at, const char *path, const struct heapdb_snapshot *s)
{
    result_text(q, at, path);
    result_int(q, at + 1, true, s->id);
    result_text(q, at + 2, s->runtime);
    result_real(q, at + 3, s->has_time, s->captured_at);
    result_text(q, at + 4, s->host);
    result_int(q, at + 5, s->pid != 0, s->pid);
    result_text(q, at + 6, s->service);
    result_text(q, at + 7, s->version);
    result_int(q, at + 8, true, s->complete);
    result_int(q, at + 9, true, s->n_objects);
    result_int(q, at + 10, true, s->live_size);
    result_int(q, at + 11, true, s->garbage_size);
}

void result_insert(struct result *r, sqlite3_stmt *q)
{
    if (r->failed || !q) return;
    r->failed = sqlite3_step(q) != SQLITE_DONE;
    if (r->failed) return; /* the message of the step is the one to be told */
    sqlite3_reset(q);
    sqlite3_clear_bindings(q);
}

int result_end(struct result *r)
{
    int status = 0;
    if (r->failed || sqlite3_exec(r->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        status = message_error(output_path(r->out), MESSAGE_NO_OFFSET, NULL,
                               "cannot be written: %s", sqlite3_errmsg(r->db));
    sqlite3_close(r->db);
    if (!status) return output_publish(r->out);
    output_discard(r->out);
    return status;
}
