/* SPDX-License-Identifier: MIT */
/*
 * The database of `-o`: what was printed as tables. Columns of `growth` and `owner` are those of a
 * heap database (format/schema.sql), where the ids of objects lead to; it is no heap database
 * itself, and says so by its application id.
 */
#include <math.h>

#include "report/diff_report.h"
#include "report/diff_verdict.h"
#include "report/result.h"

static const char SCHEMA[] =
    "PRAGMA application_id = 0x736e6466;" /* "sndf" */
    "PRAGMA user_version = 1;"
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
    " n_owners INTEGER NOT NULL, limit_seconds REAL, limit_earliest REAL, limit_latest REAL)"
    " STRICT;"
    "CREATE TABLE growth ("
    " id INTEGER PRIMARY KEY, a_id INTEGER NOT NULL REFERENCES snapshot (id),"
    " b_id INTEGER NOT NULL REFERENCES snapshot (id), dimension TEXT NOT NULL, name TEXT NOT NULL,"
    " n_a INTEGER, n_b INTEGER, shallow_a INTEGER, shallow_b INTEGER, retained_a INTEGER,"
    " retained_b INTEGER, n_new INTEGER, shallow_new INTEGER) STRICT;"
    "CREATE VIEW owners AS SELECT rank, name, type, retained_delta, count_delta, bytes_per_hour,"
    " new_type FROM owner;";

static void write_snapshots(struct result *to, const struct diff_report *r)
{
    sqlite3_stmt *q =
        result_prepare(to, "INSERT INTO snapshot VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    for (uint32_t i = 0; i < r->n_snapshots; i++) {
        const struct diff_facts *f = &r->snapshots[i];
        result_int(q, 1, true, i + 1);
        result_snapshot(q, 2, f->path, f->snapshot);
        result_int(q, 14, f->rss >= 0, f->rss);
        result_insert(to, q);
    }
    sqlite3_finalize(q);
}

static void write_verdict(struct result *to, const struct diff_report *r)
{
    sqlite3_stmt *q = result_prepare(to, "INSERT INTO verdict VALUES (?,?,?,?,?,?)");
    result_text(q, 1, diff_verdict_name(r->verdict.kind));
    result_text(q, 2, r->verdict.sentence);
    result_text(q, 3, r->verdict.rule);
    result_text(q, 4, r->verdict.owner);
    result_text(q, 5, diff_matching_name(r->matching));
    result_real(q, 6, r->has_interval, r->interval);
    result_insert(to, q);
    sqlite3_finalize(q);
}

static void write_owners(struct result *to, const struct diff_report *r)
{
    sqlite3_stmt *q = result_prepare(
        to, "INSERT INTO owner VALUES (NULL,1,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    for (uint32_t i = 0; i < r->n_lines; i++) {
        const struct diff_line *l = &r->lines[i];
        result_int(q, 1, true, r->n_snapshots);
        result_int(q, 2, true, i + 1);
        result_text(q, 3, l->signature);
        result_text(q, 4, l->path);
        result_text(q, 5, l->type);
        result_int(q, 6, l->kind != DIFF_LINE_REST, l->a_id);
        result_int(q, 7, l->kind != DIFF_LINE_REST, l->b_id);
        result_int(q, 8, true, l->count_delta);
        result_int(q, 9, true, l->shallow_delta);
        result_int(q, 10, true, l->native_delta);
        result_int(q, 11, true, l->retained_delta);
        result_int(q, 12, true, (int64_t)l->added.count);
        result_int(q, 13, true, (int64_t)l->removed.count);
        result_text(q, 14, l->n_held && l->held[0].tops_added ? l->held[0].type : NULL);
        result_real(q, 15, l->has_rate, l->rate);
        result_int(q, 16, true, l->intervals);
        result_int(q, 17, true, (int64_t)l->n_owners);
        bool told = r->reach.told && l->slope.n >= 2;
        result_real(q, 18, told && isfinite(l->left.seconds), l->left.seconds);
        result_real(q, 19, told && isfinite(l->left.earliest), l->left.earliest);
        result_real(q, 20, told && isfinite(l->left.latest), l->left.latest);
        result_insert(to, q);
    }
    sqlite3_finalize(q);
}

/* One row of growth; columns that a dimension does not have are null. */
struct growth_row {
    const char *dimension, *name;
    int64_t n_a, n_b, shallow_a, shallow_b, retained_a, retained_b, n_new, shallow_new;
    bool counts, retained, has_a, has_b;
};

static void write_growth(struct result *to, sqlite3_stmt *q, uint32_t b,
                         const struct growth_row *g)
{
    result_int(q, 1, true, b);
    result_text(q, 2, g->dimension);
    result_text(q, 3, g->name);
    result_int(q, 4, g->counts, g->n_a);
    result_int(q, 5, g->counts, g->n_b);
    result_int(q, 6, g->has_a, g->shallow_a);
    result_int(q, 7, g->has_b, g->shallow_b);
    result_int(q, 8, g->retained, g->retained_a);
    result_int(q, 9, g->retained, g->retained_b);
    result_int(q, 10, g->counts, g->n_new);
    result_int(q, 11, g->counts, g->shallow_new);
    result_insert(to, q);
}

static void write_growths(struct result *to, const struct diff_report *r)
{
    sqlite3_stmt *q =
        result_prepare(to, "INSERT INTO growth VALUES (NULL,1,?,?,?,?,?,?,?,?,?,?,?)");
    for (uint32_t i = 0; i < r->n_types; i++) {
        const struct diff_type *t = &r->types[i];
        write_growth(to, q, r->n_snapshots,
                     &(struct growth_row){ "type", t->name, t->n_a, t->n_b, t->shallow_a,
                                           t->shallow_b, t->retained_a, t->retained_b, t->n_new,
                                           t->shallow_new, true, true, true, true });
    }
    for (uint32_t i = 0; i < r->n_sites; i++) {
        const struct diff_site *s = &r->sites[i];
        write_growth(to, q, r->n_snapshots,
                     &(struct growth_row){ "site", s->stack, s->n_a, s->n_b, s->shallow_a,
                                           s->shallow_b, 0, 0, s->n_new, s->shallow_new, true,
                                           false, true, true });
    }
    for (uint32_t i = 0; i < r->native.n; i++) {
        const struct diff_site *s = &r->native.at[i];
        write_growth(to, q, r->n_snapshots,
                     &(struct growth_row){ .dimension = "native", .name = s->stack,
                                           .n_a = s->n_a, .n_b = s->n_b,
                                           .shallow_a = s->shallow_a,
                                           .shallow_b = s->shallow_b, .counts = true,
                                           .has_a = true, .has_b = true });
    }
    for (uint32_t i = 0; i < r->n_parts; i++) {
        const struct diff_part_change *p = &r->parts[i];
        write_growth(to, q, r->n_snapshots,
                     &(struct growth_row){ "memory", p->name, 0, 0, p->a, p->b, 0, 0, 0, 0,
                                           false, false, p->has_a, p->has_b });
    }
    sqlite3_finalize(q);
}

int diff_store(const struct diff_report *r, struct output *out)
{
    struct result to;
    int status = result_begin(&to, out, SCHEMA);
    if (status) return status;
    write_snapshots(&to, r);
    write_verdict(&to, r);
    write_owners(&to, r);
    write_growths(&to, r);
    return result_end(&to);
}
