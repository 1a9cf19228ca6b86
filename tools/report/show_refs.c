/* SPDX-License-Identifier: MIT */
/*
 * An object's neighbours: its references, its referrers, its dominators; show.h. Each list is read
 * in the order of its key and stops at its limit.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "report/show.h"

/* So many references are counted; beyond them there are "more than". */
enum { COUNT_MAX = 100000, NEAR_MAX = 8, TOP_MAX = 4, TYPES_MAX = 20 };

static int count_limited(struct subject *s, const char *sql, int64_t id, int64_t *n,
                         bool *more_than)
{
    sqlite3_stmt *q = NULL;
    if (heapdb_prepare(s->db, &q, sql)) return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, id);
    sqlite3_bind_int64(q, 2, COUNT_MAX + 1);
    int more = heapdb_step(s->db, q);
    *n = more == 1 ? sqlite3_column_int64(q, 0) : 0;
    *more_than = *n > COUNT_MAX;
    if (*more_than) *n = COUNT_MAX;
    sqlite3_finalize(q);
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

int show_load_fields(struct subject *s, const struct show_request *request, struct show *x)
{
    struct graph_steps steps;
    sqlite3_stmt *q = NULL;
    int more = 0, status = count_limited(s,
                                         "SELECT count(*) FROM (SELECT 1 FROM ref"
                                         " WHERE source_id = ?1 LIMIT ?2)",
                                         x->object.id, &x->total_fields, &x->more_fields);
    if (status) return status;
    x->fields = calloc(request->n + 1, sizeof *x->fields);
    if (!x->fields) return message_no_memory("the references");
    if (graph_steps_begin(&steps, s->db)) return STATUS_UNUSABLE;
    status = heapdb_prepare(s->db, &q, "SELECT r.position, r.target_id, o.dominator_id FROM ref r"
                                       " JOIN object o ON o.id = r.target_id"
                                       " WHERE r.source_id = ?1 ORDER BY r.position"
                                       " LIMIT ?2 OFFSET ?3");
    if (!status) {
        sqlite3_bind_int64(q, 1, x->object.id);
        sqlite3_bind_int64(q, 2, (int64_t)request->n);
        sqlite3_bind_int64(q, 3, request->offset);
    }
    while (!status && x->n_fields < request->n && (more = heapdb_step(s->db, q)) == 1) {
        struct show_ref *f = &x->fields[x->n_fields];
        f->source_id = x->object.id;
        f->source_position = sqlite3_column_int64(q, 0);
        f->only_here = sqlite3_column_int64(q, 2) == x->object.id;
        status = graph_step_edge(&steps, f->source_id, f->source_position,
                                 sqlite3_column_int64(q, 1), &f->step);
        x->n_fields += !status;
    }
    sqlite3_finalize(q);
    graph_steps_end(&steps);
    return status || more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

/* ---- referrers ---- */

/* Who refers to it by type: the stored summary of a hub, else counted over what the limit
 * allows. */
static int referrer_types(struct subject *s, int64_t id, bool hub, struct show *x)
{
    sqlite3_stmt *q = NULL;
    int more = 0, status = STATUS_DONE;
    x->referrer_types = calloc(TYPES_MAX, sizeof *x->referrer_types);
    if (!x->referrer_types) return message_no_memory("the referrers");
    if (heapdb_prepare(s->db, &q,
                       hub ? "SELECT t.module, t.name, h.n FROM hub_type h"
                             " JOIN type t ON t.id = h.type_id WHERE h.object_id = ?1"
                             " ORDER BY h.rank LIMIT ?3 + 0 * ?2"
                           : "SELECT t.module, t.name, c.n FROM (SELECT o.type_id, count(*) AS n"
                             " FROM (SELECT source_id FROM referrer WHERE target_id = ?1"
                             " LIMIT ?2) b"
                             " JOIN object o ON o.id = b.source_id GROUP BY o.type_id) c"
                             " JOIN type t ON t.id = c.type_id ORDER BY c.n DESC, c.type_id"
                             " LIMIT ?3"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, id);
    sqlite3_bind_int64(q, 2, COUNT_MAX);
    sqlite3_bind_int64(q, 3, TYPES_MAX);
    while (!status && x->n_referrer_types < TYPES_MAX && (more = heapdb_step(s->db, q)) == 1) {
        struct text name = { 0 };
        subject_type(&name, (const char *)sqlite3_column_text(q, 0),
                     (const char *)sqlite3_column_text(q, 1));
        struct show_type *t = &x->referrer_types[x->n_referrer_types++];
        t->name = name.s;
        t->n = subject_size(sqlite3_column_int64(q, 2));
        if (name.failed || !t->name) status = message_no_memory("the referrers");
    }
    sqlite3_finalize(q);
    return status || more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

/* The step of a referrer carries the names of the object at the source's end. */
static int load_referrer(struct graph_steps *steps, int64_t id, struct show_ref *f)
{
    struct graph_step source = { 0 };
    int status = graph_step_edge(steps, f->source_id, f->source_position, id, &f->step);
    if (!status) status = graph_step_edge(steps, 0, -1, f->source_id, &source);
    if (status) return status;
    char *type = f->step.type, *module = f->step.module, *name = f->step.name;
    f->step.id = f->source_id;
    f->step.type = source.type;
    f->step.module = source.module;
    f->step.name = source.name;
    f->step.shallow_size = source.shallow_size;
    f->step.retained_size = source.retained_size;
    source.type = type;
    source.module = module;
    source.name = name;
    graph_step_free(&source);
    return STATUS_DONE;
}

int show_load_referrers(struct subject *s, const struct show_request *request, struct show *x)
{
    struct graph_steps steps;
    sqlite3_stmt *q = NULL;
    int64_t id = x->object.id;
    int more = 0, status;
    int hub = heapdb_number(s->db, "SELECT n FROM hub WHERE object_id = ?", id,
                            &x->total_referrers);
    if (hub < 0) return STATUS_UNUSABLE;
    if (hub > 0 && count_limited(s,
                                 "SELECT count(*) FROM (SELECT 1 FROM referrer"
                                 " WHERE target_id = ?1 LIMIT ?2)",
                                 id, &x->total_referrers, &x->more_referrers))
        return STATUS_UNUSABLE;
    x->referrers = calloc(request->n + 1, sizeof *x->referrers);
    if (!x->referrers) return message_no_memory("the referrers");
    if (graph_steps_begin(&steps, s->db)) return STATUS_UNUSABLE;
    status = heapdb_prepare(s->db, &q, "SELECT source_id, position FROM referrer"
                                       " WHERE target_id = ?1 ORDER BY source_id, position"
                                       " LIMIT ?2");
    if (!status) {
        sqlite3_bind_int64(q, 1, id);
        sqlite3_bind_int64(q, 2, (int64_t)request->n);
    }
    while (!status && x->n_referrers < request->n && (more = heapdb_step(s->db, q)) == 1) {
        struct show_ref *f = &x->referrers[x->n_referrers];
        f->source_id = sqlite3_column_int64(q, 0);
        f->source_position = sqlite3_column_int64(q, 1);
        status = load_referrer(&steps, id, f);
        x->n_referrers++;
    }
    sqlite3_finalize(q);
    graph_steps_end(&steps);
    if (status || more < 0) return STATUS_UNUSABLE;
    if (x->total_referrers <= (int64_t)x->n_referrers && !x->more_referrers) return STATUS_DONE;
    x->some_referrer_types = x->more_referrers;
    return referrer_types(s, id, hub == 0, x);
}

/* ---- dominators ---- */

static int add_dominator(struct subject *s, sqlite3_stmt *q, int64_t id, bool gap, struct show *x,
                         int64_t *next)
{
    struct text name = { 0 };
    *next = 0;
    sqlite3_reset(q);
    sqlite3_bind_int64(q, 1, id);
    int more = heapdb_step(s->db, q);
    if (more < 0) return STATUS_UNUSABLE;
    if (more == 0) return STATUS_DONE;
    subject_type(&name, (const char *)sqlite3_column_text(q, 0),
                 (const char *)sqlite3_column_text(q, 1));
    *next = sqlite3_column_int64(q, 4);
    x->dominators[x->n_dominators++] = (struct show_dominator){
        .id = id, .type = name.s, .gap = gap,
        .retained_size = subject_size(sqlite3_column_int64(q, 2)),
        .retained_count = subject_size(sqlite3_column_int64(q, 3)),
    };
    return name.failed || !name.s ? message_no_memory("the dominators") : STATUS_DONE;
}

/* The dominators nearest to the virtual root, from it downwards, above `below`. */
static int top_dominators(struct subject *s, int64_t id, int64_t below, int64_t top[TOP_MAX],
                          int *n)
{
    sqlite3_stmt *q = NULL;
    const struct heapdb_snapshot *x = s->snapshot;
    int64_t at = id > x->garbage_root_id ? x->garbage_root_id : x->live_root_id;
    int more = 1;
    *n = 0;
    if (heapdb_prepare(s->db, &q, "SELECT object_id FROM child WHERE dominator_id = ?1"
                                  " AND object_id <= ?2 ORDER BY object_id DESC LIMIT 1"))
        return STATUS_UNUSABLE;
    while (*n < TOP_MAX) {
        sqlite3_reset(q);
        sqlite3_bind_int64(q, 1, at);
        sqlite3_bind_int64(q, 2, id);
        more = heapdb_step(s->db, q);
        if (more != 1 || sqlite3_column_int64(q, 0) <= at) break;
        at = sqlite3_column_int64(q, 0);
        if (at >= below) break;
        top[(*n)++] = at;
    }
    sqlite3_finalize(q);
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

int show_load_dominators(struct subject *s, struct show *x)
{
    const struct heapdb_snapshot *h = s->snapshot;
    sqlite3_stmt *q = NULL;
    int64_t id = x->object.has_dominator ? x->object.dominator_id : 0, top[TOP_MAX], last = id;
    int n = 0;
    x->dominators = calloc(NEAR_MAX + TOP_MAX, sizeof *x->dominators);
    if (!x->dominators) return message_no_memory("the dominators");
    int status = heapdb_prepare(s->db, &q,
                                "SELECT t.module, t.name, o.retained_size,"
                                " o.last_dominated - o.id + 1, o.dominator_id FROM object o"
                                " JOIN type t ON t.id = o.type_id WHERE o.id = ?");
    while (!status && id > 0 && id != h->live_root_id && id != h->garbage_root_id &&
           x->n_dominators < NEAR_MAX) {
        last = id;
        status = add_dominator(s, q, id, false, x, &id);
    }
    if (!status && x->n_dominators == NEAR_MAX)
        status = top_dominators(s, x->object.id, last, top, &n);
    for (int i = n; !status && i-- > 0;) {
        int64_t next;
        status = add_dominator(s, q, top[i], i == n - 1 && top[i] != id, x, &next);
    }
    sqlite3_finalize(q);
    return status;
}
