/* SPDX-License-Identifier: MIT */
/* What is in a heap database, or a dump that was loaded; the contract is in database.h. */
#include "report/database.h"

#include <string.h>
#include <sys/stat.h>

#include "cli/color.h"
#include "cli/message.h"
#include "cli/number.h"
#include "cli/table.h"
#include "db/heapdb.h"
#include "report/subject.h"

/* SQLite's own check of every page and index: the first thing that it finds, empty when all is well.
 * Counting no more than one keeps a badly damaged file from taking long. */
static int integrity(struct heapdb *db, struct text *finding)
{
    sqlite3_stmt *q;
    int status = heapdb_prepare(db, &q, "PRAGMA integrity_check(1)");
    if (status) return status;
    int got = heapdb_step(db, q);
    const char *said = got == 1 ? (const char *)sqlite3_column_text(q, 0) : NULL;
    if (said && strcmp(said, "ok") != 0) text_adds(finding, said);
    sqlite3_finalize(q);
    return got < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

static uint64_t file_size(const struct heapdb *db)
{
    struct stat st;
    return stat(db->database, &st) == 0 && st.st_size > 0 ? (uint64_t)st.st_size : 0;
}

static void show_json(const struct heapdb *db, bool verify, const char *finding, struct json *j)
{
    json_string(j, "path", db->path);
    json_string(j, "taken_as", db->taken_text);
    json_u64(j, "bytes", file_size(db));
    json_u64(j, "user_version", HEAPDB_USER_VERSION);
    json_array(j, "snapshots");
    for (size_t i = 0; i < db->n_snapshots; i++) {
        json_object(j, NULL);
        subject_snapshot_json(&db->snapshots[i], j);
        json_u64(j, "references", subject_size(db->snapshots[i].n_refs));
        json_bool(j, "has_references", db->snapshots[i].has_refs);
        json_end_object(j);
    }
    json_end_array(j);
    if (!verify) return;
    json_object(j, "verify");
    json_bool(j, "whole", !*finding);
    json_string(j, "finding", *finding ? finding : NULL);
    json_end_object(j);
}

static const struct table_column columns[] = {
    { .title = "snapshot", .align = TABLE_RIGHT },  { .title = "captured" },
    { .title = "live", .align = TABLE_RIGHT },      { .title = "objects", .align = TABLE_RIGHT },
    { .title = "garbage", .align = TABLE_RIGHT },   { .title = "objects", .align = TABLE_RIGHT },
    { .title = "references", .align = TABLE_RIGHT }, { .title = "state" },
    { .title = "from", .shrink = true },
};

static void add_text(struct table *t, const char *s)
{
    table_cell(t, s ? s : "", s ? strlen(s) : 0);
}

static void add_row(struct table *t, const struct heapdb_snapshot *x)
{
    char time[NUMBER_MAX] = "";
    table_count(t, (uint64_t)x->id);
    if (x->has_time && x->captured_at > -9e9 && x->captured_at < 9e9)
        number_time(time, (int64_t)(x->captured_at * 1e3 + 0.5) * 1000000);
    add_text(t, time);
    table_size(t, subject_size(x->live_size));
    table_count(t, subject_size(x->n_live));
    table_size(t, subject_size(x->garbage_size));
    table_count(t, subject_size(x->n_garbage));
    if (x->has_refs)
        table_count(t, subject_size(x->n_refs));
    else
        add_text(t, "left out");
    add_text(t, x->complete ? "complete" : "incomplete");
    add_text(t, x->path);
}

static int show_text(const struct heapdb *db, bool verify, const char *finding)
{
    char size[NUMBER_MAX];
    fputs(color_on(stdout, COLOR_HEAD), stdout);
    text_put(stdout, db->path, strlen(db->path));
    if (db->taken == HEAPDB_TAKEN_DATABASE)
        printf(": heap database, version %d, %s", HEAPDB_USER_VERSION,
               subject_amount(size, file_size(db)));
    else
        printf(": %s; in a database %s", db->taken_text, subject_amount(size, file_size(db)));
    printf("%s\n", color_off(stdout));
    struct table *t = table_new(columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; t && i < db->n_snapshots; i++) add_row(t, &db->snapshots[i]);
    int status = !t || table_print(t, stdout) ? message_no_memory("a table") : STATUS_DONE;
    table_free(t);
    if (!status && verify && !*finding)
        puts("Whole: SQLite finds every page and index as it should be.");
    return status;
}

int database_show(const char *path, bool verify, struct json *j, bool *shown)
{
    struct heapdb *db;
    struct text finding = { 0 };
    struct heapdb_options options = { .need_refs = false };
    int status = heapdb_open(&db, path, &options);
    if (!status && verify) status = integrity(db, &finding);
    *shown = !status;
    if (!status && j) show_json(db, verify, text_str(&finding), j);
    if (!status && !j) status = show_text(db, verify, text_str(&finding));
    if (!status && finding.n)
        status = message_error(db->path, MESSAGE_NO_OFFSET, "snapload, to load the snapshot again",
                               "damaged: %s", text_str(&finding));
    text_free(&finding);
    heapdb_close(db);
    return status;
}
