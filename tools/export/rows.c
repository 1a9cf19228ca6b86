/* SPDX-License-Identifier: MIT */
/*
 * Rows of a table, a view or a query as CSV and NDJSON. Values are written by db/sql_print.h, the
 * same way as by snapsql.
 */
#include <string.h>

#include "cli/message.h"
#include "db/sql_print.h"
#include "export/export.h"

/* SQL from the user, or made below; `what` says which in messages. */
static int prepare(struct export_job *job, const char *sql, sqlite3_stmt **out)
{
    struct heapdb *db = job->subject->db;
    const char *tail = "";
    *out = NULL;
    if (sqlite3_prepare_v2(db->sqlite, sql, -1, out, &tail) != SQLITE_OK)
        return message_error(db->path, MESSAGE_NO_OFFSET, "snapsql FILE .docs", "%s",
                             sqlite3_errmsg(db->sqlite));
    if (tail[strspn(tail, " \t\r\n;")])
        return message_error(NULL, MESSAGE_NO_OFFSET, NULL, "--sql takes one statement");
    if (!*out || !sqlite3_column_count(*out))
        return message_error(NULL, MESSAGE_NO_OFFSET, NULL, "the SQL is no query: it has no rows");
    for (int i = 1; i <= sqlite3_bind_parameter_count(*out); i++) {
        const char *name = sqlite3_bind_parameter_name(*out, i);
        if (!name || strcmp(name + 1, "snapshot") != 0)
            return message_error(NULL, MESSAGE_NO_OFFSET, "snapsql --param",
                                 "the only parameter of --sql is :snapshot");
        sqlite3_bind_int64(*out, i, job->subject->snapshot->id);
    }
    return STATUS_DONE;
}

/* Whether the database has this table or view, and with a snapshot in each row. */
static int look_up(struct export_job *job, const char *table, bool *of_snapshot)
{
    sqlite3_stmt *q;
    int status = heapdb_prepare(job->subject->db, &q,
                                "SELECT max(p.name = 'snapshot_id') FROM sqlite_schema m"
                                " JOIN pragma_table_info(m.name) p"
                                " WHERE m.type IN ('table', 'view') AND m.name = ?1");
    if (status) return status;
    sqlite3_bind_text(q, 1, table, -1, SQLITE_STATIC);
    int got = heapdb_step(job->subject->db, q);
    bool there = got > 0 && sqlite3_column_type(q, 0) != SQLITE_NULL;
    *of_snapshot = there && sqlite3_column_int(q, 0);
    sqlite3_finalize(q);
    if (got < 0) return STATUS_UNUSABLE;
    return there ? STATUS_DONE
                 : message_error(job->subject->db->path, MESSAGE_NO_OFFSET, "snapsql FILE .tables",
                                 "there is no table or view \"%s\"", table);
}

/* One snapshot's rows where it was chosen; else all rows. */
static int prepare_table(struct export_job *job, const char *table, sqlite3_stmt **q)
{
    struct text sql = { 0 };
    bool of_snapshot;
    int status = look_up(job, table, &of_snapshot);
    if (status) return status;
    if (job->subject->chosen && !of_snapshot)
        return message_error(job->subject->db->path, MESSAGE_NO_OFFSET, "--sql",
                             "rows of %s do not say which snapshot they are of", table);
    text_adds(&sql, "SELECT * FROM \"");
    for (const char *c = table; *c; c++) text_addf(&sql, *c == '"' ? "\"\"" : "%c", *c);
    text_adds(&sql, job->subject->chosen ? "\" WHERE snapshot_id = :snapshot" : "\"");
    status = sql.failed ? message_no_memory("a query") : prepare(job, text_str(&sql), q);
    text_free(&sql);
    return status;
}

static int write_rows(struct export_job *job, enum sql_mode mode)
{
    const struct export_options *o = job->options;
    const struct sql_style style = { .mode = mode, .headers = true, .null_text = "" };
    sqlite3_stmt *q = NULL;
    int status = o->sql ? prepare(job, o->sql, &q)
                        : prepare_table(job, o->table ? o->table : "objects", &q);
    int rc = status ? SQLITE_DONE : sql_print(q, &style, job->out);
    if (rc == SQLITE_NOMEM)
        status = message_no_memory("the result of a query");
    else if (rc != SQLITE_DONE && rc != SQLITE_ROW)
        status = heapdb_error(job->subject->db, "reading rows");
    sqlite3_finalize(q);
    return status;
}

int export_csv(struct export_job *job)
{
    return write_rows(job, SQL_CSV);
}

int export_ndjson(struct export_job *job)
{
    return write_rows(job, SQL_NDJSON);
}
