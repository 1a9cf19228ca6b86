/* SPDX-License-Identifier: MIT */
/*
 * The database of `-o`: what was printed as tables. Columns of `growth` and `owner` are those of a
 * heap database (format/schema.sql), where the ids of objects lead to; it is no heap database
 * itself, and says so by its application id.
 */
#include <sqlite3.h>

#include "cli/message.h"
#include "cli/output.h"
#include "report/diff_report.h"
#include "report/diff_verdict.h"

static const char SCHEMA[] =
    "PRAGMA journal_mode = OFF;"
    "PRAGMA synchronous = OFF;"
    "PRAGMA application_id = 0x736e6466;" /* "sndf" */
    "PRAGMA user_version = 1;"
    "BEGIN;"
    "CREATE TABLE snapshot ("
    " id INTEGER PRIMARY KEY, path TEXT, snapshot_id INTEGER NOT NULL, runtime TEXT,"
    " captured_at REAL, host TEXT, pid INTEGER, service TEXT, version TEXT, complete INTEGER NOT "
    "NULL,"
    " n_objects INTEGER NOT NULL, live_size INTEGER NOT NULL, garbage_size INTEGER NOT NULL,"
    " rss INTEGER) STRICT;"
    "CREATE TABLE verdict ("
    " kind TEXT NOT NULL, sentence TEXT, rule TEXT, owner TEXT, matching TEXT NOT NULL,"
    " interval_seconds REAL) STRICT;"
    "CREATE TABLE owner ("
    " id INTEGER PRIMARY KEY, a_id INTEGER NOT NULL REFERENCES snapshot (id),"
    " b_id INTEGER NOT NULL REFERENCES snapshot (id), rank INTEGER NOT NULL,"
    " signature TEXT NOT NULL, name TEXT NOT NULL, type TEXT, object_a_id INTEGER,"
    " object_b_id INTEGER, count_delta INTEGER NOT NULL, shallow_delta INTEGER NOT NULL,"
    " native_delta INTEGER, retained_delta INTEGER NOT NULL, n_new INTEGER NOT NULL,"
    " n_gone INTEGER NOT NULL, new_type TEXT, bytes_per_hour REAL, intervals_grown INTEGER NOT "
    "NULL,"
    " n_owners INTEGER NOT NULL) STRICT;"
    "CREATE TABLE growth ("
    " id INTEGER PRIMARY KEY, a_id INTEGER NOT NULL REFERENCES snapshot (id),"
    " b_id INTEGER NOT NULL REFERENCES snapshot (id), dimension TEXT NOT NULL, name TEXT NOT NULL,"
    " n_a INTEGER, n_b INTEGER, shallow_a INTEGER, shallow_b INTEGER, retained_a INTEGER,"
    " retained_b INTEGER, n_new INTEGER, shallow_new INTEGER) STRICT;"
    "CREATE VIEW owners AS SELECT rank, name, type, retained_delta, count_delta, bytes_per_hour,"
    " new_type FROM owner;";

static int fail(sqlite3 *db, const char *path)
{
    return message_error(path, MESSAGE_NO_OFFSET, NULL, "cannot be written: %s",
                         sqlite3_errmsg(db));
}

static void bind(sqlite3_stmt *q, int at, bool known, int64_t value)
{
    if (known)
        sqlite3_bind_int64(q, at, value);
    else
        sqlite3_bind_null(q, at);
}

static void bind_text(sqlite3_stmt *q, int at, const char *s)
{
    sqlite3_bind_text(q, at, s, -1, SQLITE_STATIC); /* null for NULL */
}

static int insert(sqlite3_stmt *q)
{
    int got = sqlite3_step(q);
    sqlite3_reset(q);
    sqlite3_clear_bindings(q);
    return got == SQLITE_DONE ? 0 : -1;
}

static int write_snapshots(sqlite3 *db, const struct diff_report *r)
{
    sqlite3_stmt *q;
    int bad = sqlite3_prepare_v2(db, "INSERT INTO snapshot VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                                 -1, &q, NULL);
    for (uint32_t i = 0; !bad && i < r->n_snapshots; i++) {
        const struct diff_facts *f = &r->snapshots[i];
        const struct heapdb_snapshot *s = f->snapshot;
        sqlite3_bind_int64(q, 1, i + 1);
        bind_text(q, 2, f->path);
        sqlite3_bind_int64(q, 3, s->id);
        bind_text(q, 4, f->runtime);
        if (s->has_time) sqlite3_bind_double(q, 5, s->captured_at);
        bind_text(q, 6, f->host);
        bind(q, 7, s->pid != 0, s->pid);
        bind_text(q, 8, f->service);
        bind_text(q, 9, f->version);
        sqlite3_bind_int(q, 10, s->complete);
        sqlite3_bind_int64(q, 11, s->n_objects);
        sqlite3_bind_int64(q, 12, s->live_size);
        sqlite3_bind_int64(q, 13, s->garbage_size);
        bind(q, 14, f->rss >= 0, f->rss);
        bad = insert(q);
    }
    sqlite3_finalize(q);
    return bad;
}

static int write_verdict(sqlite3 *db, const struct diff_report *r)
{
    sqlite3_stmt *q;
    int bad = sqlite3_prepare_v2(db, "INSERT INTO verdict VALUES (?,?,?,?,?,?)", -1, &q, NULL);
    if (bad) return bad;
    bind_text(q, 1, diff_verdict_name(r->verdict.kind));
    bind_text(q, 2, r->verdict.sentence);
    bind_text(q, 3, r->verdict.rule);
    bind_text(q, 4, r->verdict.owner);
    bind_text(q, 5, diff_matching_name(r->matching));
    if (r->has_interval) sqlite3_bind_double(q, 6, r->interval);
    bad = insert(q);
    sqlite3_finalize(q);
    return bad;
}

static int write_owners(sqlite3 *db, const struct diff_report *r)
{
    sqlite3_stmt *q;
    int bad = sqlite3_prepare_v2(db,
                                 "INSERT INTO owner VALUES "
                                 "(NULL,1,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                                 -1, &q, NULL);
    for (uint32_t i = 0; !bad && i < r->n_lines; i++) {
        const struct diff_line *l = &r->lines[i];
        sqlite3_bind_int64(q, 1, r->n_snapshots);
        sqlite3_bind_int64(q, 2, i + 1);
        bind_text(q, 3, l->signature);
        bind_text(q, 4, l->path);
        bind_text(q, 5, l->type);
        bind(q, 6, l->kind != DIFF_LINE_REST, l->a_id);
        bind(q, 7, l->kind != DIFF_LINE_REST, l->b_id);
        sqlite3_bind_int64(q, 8, l->count_delta);
        sqlite3_bind_int64(q, 9, l->shallow_delta);
        sqlite3_bind_int64(q, 10, l->native_delta);
        sqlite3_bind_int64(q, 11, l->retained_delta);
        sqlite3_bind_int64(q, 12, (int64_t)l->added.count);
        sqlite3_bind_int64(q, 13, (int64_t)l->removed.count);
        bind_text(q, 14, l->n_held && l->held[0].tops_added ? l->held[0].type : NULL);
        if (l->has_rate) sqlite3_bind_double(q, 15, l->rate);
        sqlite3_bind_int64(q, 16, l->intervals);
        sqlite3_bind_int64(q, 17, (int64_t)l->n_owners);
        bad = insert(q);
    }
    sqlite3_finalize(q);
    return bad;
}

/* One row of growth; columns that a dimension does not have are null. */
struct growth_row {
    const char *dimension, *name;
    int64_t n_a, n_b, shallow_a, shallow_b, retained_a, retained_b, n_new, shallow_new;
    bool counts, retained, has_a, has_b;
};

static int write_growth(sqlite3_stmt *q, uint32_t b, const struct growth_row *g)
{
    sqlite3_bind_int64(q, 1, b);
    bind_text(q, 2, g->dimension);
    bind_text(q, 3, g->name);
    bind(q, 4, g->counts, g->n_a);
    bind(q, 5, g->counts, g->n_b);
    bind(q, 6, g->has_a, g->shallow_a);
    bind(q, 7, g->has_b, g->shallow_b);
    bind(q, 8, g->retained, g->retained_a);
    bind(q, 9, g->retained, g->retained_b);
    bind(q, 10, g->counts, g->n_new);
    bind(q, 11, g->counts, g->shallow_new);
    return insert(q);
}

static int write_growths(sqlite3 *db, const struct diff_report *r)
{
    sqlite3_stmt *q;
    int bad = sqlite3_prepare_v2(db, "INSERT INTO growth VALUES (NULL,1,?,?,?,?,?,?,?,?,?,?,?)", -1,
                                 &q, NULL);
    for (uint32_t i = 0; !bad && i < r->n_types; i++) {
        const struct diff_type *t = &r->types[i];
        bad =
            write_growth(q, r->n_snapshots,
                         &(struct growth_row){ "type", t->name, t->n_a, t->n_b, t->shallow_a,
                                               t->shallow_b, t->retained_a, t->retained_b, t->n_new,
                                               t->shallow_new, true, true, true, true });
    }
    for (uint32_t i = 0; !bad && i < r->n_sites; i++) {
        const struct diff_site *s = &r->sites[i];
        bad = write_growth(q, r->n_snapshots,
                           &(struct growth_row){ "site", s->stack, s->n_a, s->n_b, s->shallow_a,
                                                 s->shallow_b, 0, 0, s->n_new, s->shallow_new, true,
                                                 false, true, true });
    }
    for (uint32_t i = 0; !bad && i < r->native.n; i++) {
        const struct diff_site *s = &r->native.at[i];
        bad = write_growth(q, r->n_snapshots,
                           &(struct growth_row){ .dimension = "native", .name = s->stack,
                                                 .n_a = s->n_a, .n_b = s->n_b,
                                                 .shallow_a = s->shallow_a,
                                                 .shallow_b = s->shallow_b, .counts = true,
                                                 .has_a = true, .has_b = true });
    }
    for (uint32_t i = 0; !bad && i < r->n_parts; i++) {
        const struct diff_part_change *p = &r->parts[i];
        bad = write_growth(q, r->n_snapshots,
                           &(struct growth_row){ "memory", p->name, 0, 0, p->a, p->b, 0, 0, 0, 0,
                                                 false, false, p->has_a, p->has_b });
    }
    sqlite3_finalize(q);
    return bad;
}

int diff_store(const struct diff_report *r, struct output *out)
{
    sqlite3 *db = NULL;
    int status = 0;
    if (sqlite3_open(output_temporary(out), &db) != SQLITE_OK ||
        sqlite3_exec(db, SCHEMA, NULL, NULL, NULL) != SQLITE_OK || write_snapshots(db, r) ||
        write_verdict(db, r) || write_owners(db, r) || write_growths(db, r) ||
        sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        status = fail(db, output_path(out));
    sqlite3_close(db);
    if (!status) return output_publish(out);
    output_discard(out);
    return status;
}
