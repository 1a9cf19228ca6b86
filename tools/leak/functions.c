/* SPDX-License-Identifier: MIT */
/* SQL functions for rules; functions.h. */
#include "leak/functions.h"

#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "db/collection.h"
#include "db/diff_facts.h"
#include "db/graph_chain.h"
#include "heap/match.h"
#include "leak/ages.h"
#include "leak/closes.h"
#include "leak/cycles.h"
#include "leak/grown.h"
#include "leak/identity.h"
#include "leak/made_table.h"
#include "leak/spare.h"
#include "leak/together.h"
#include "report/path_text.h"

/* Steps of a path that are told: the first ones name the owner, the last ones the place in it. */
enum { PATH_HEAD = 8, PATH_TAIL = 6 };

/* Queries of the earlier snapshot, prepared once. */
enum { BASE_QUERIES = 64 };

/* From a table or node to its collection; further along a chain of nodes nobody looks. */
enum { WHOLE_STEPS = 64 };

struct functions {
    struct subject *subject, *base;
    struct graph_steps steps;
    sqlite3_stmt *type, *part;
    struct identity own, earlier; /* of the subject's database, and of the base's */
    bool one_process; /* both snapshots are of one, whose objects keep their addresses */
    struct {
        char *sql;
        sqlite3_stmt *q;
    } asked[BASE_QUERIES];
    size_t n_asked;
    struct grown *grown;
    struct ages *ages;
    struct cycles cycles;
    struct made_table cycle_table;
    bool failed;
};

/* ---- numbers and names ---- */

static void give_text(sqlite3_context *c, struct text *t)
{
    if (t->failed)
        sqlite3_result_error_nomem(c);
    else
        sqlite3_result_text(c, text_str(t), (int)t->n, SQLITE_TRANSIENT);
    text_free(t);
}

static void sql_size(sqlite3_context *c, int n, sqlite3_value **v)
{
    char out[NUMBER_MAX];
    (void)n;
    if (sqlite3_value_type(v[0]) == SQLITE_NULL) return;
    int64_t bytes = sqlite3_value_int64(v[0]);
    struct text t = { 0 };
    if (bytes < 0) text_adds(&t, "-");
    text_adds(&t, subject_amount(out, bytes < 0 ? 0 - (uint64_t)bytes : (uint64_t)bytes));
    give_text(c, &t);
}

static void sql_plural(sqlite3_context *c, int n, sqlite3_value **v)
{
    char out[NUMBER_MAX];
    struct text t = { 0 };
    if (sqlite3_value_type(v[0]) == SQLITE_NULL) return;
    uint64_t count = subject_size(sqlite3_value_int64(v[0]));
    text_addf(&t, "%s ", number_count(out, count));
    if (count != 1 && n == 3) {
        text_adds(&t, (const char *)sqlite3_value_text(v[2]));
    } else {
        text_adds(&t, (const char *)sqlite3_value_text(v[1]));
        if (count != 1) text_adds(&t, "s");
    }
    give_text(c, &t);
}

static void sql_percent(sqlite3_context *c, int n, sqlite3_value **v)
{
    char out[NUMBER_MAX];
    (void)n;
    number_percent(out, subject_size(sqlite3_value_int64(v[0])),
                   subject_size(sqlite3_value_int64(v[1])));
    sqlite3_result_text(c, out, -1, SQLITE_TRANSIENT);
}

static void sql_since(sqlite3_context *c, int n, sqlite3_value **v)
{
    struct text t = { 0 };
    (void)n;
    uint64_t now = (uint64_t)sqlite3_value_int64(v[0]);
    uint64_t before = (uint64_t)sqlite3_value_int64(v[1]);
    char out[NUMBER_MAX];
    if (sqlite3_value_type(v[1]) != SQLITE_NULL && now != before)
        text_addf(&t, ", %s since the earlier snapshot",
                  number_count_delta(out, (int64_t)(now - before)));
    give_text(c, &t);
}

static void sql_duration(sqlite3_context *c, int n, sqlite3_value **v)
{
    struct text t = { 0 };
    (void)n;
    double seconds = sqlite3_value_double(v[0]);
    char out[NUMBER_MAX];
    if (sqlite3_value_type(v[0]) == SQLITE_NULL) return;
    if (seconds >= 0 && seconds < 1e9) text_adds(&t, number_duration(out, (uint64_t)(seconds * 1e9)));
    give_text(c, &t);
}

static void sql_type_name(sqlite3_context *c, int n, sqlite3_value **v)
{
    struct functions *f = sqlite3_user_data(c);
    struct text t = { 0 };
    (void)n;
    sqlite3_bind_int64(f->type, 1, sqlite3_value_int64(v[0]));
    if (heapdb_step(f->subject->db, f->type) == 1)
        subject_type(&t, (const char *)sqlite3_column_text(f->type, 0),
                     (const char *)sqlite3_column_text(f->type, 1));
    sqlite3_reset(f->type);
    give_text(c, &t);
}

static void sql_spare(sqlite3_context *c, int n, sqlite3_value **v)
{
    uint64_t number[3];
    (void)n;
    for (int i = 0; i < 3; i++) number[i] = subject_size(sqlite3_value_int64(v[i + 1]));
    uint64_t spare = spare_bytes((const char *)sqlite3_value_text(v[0]), number[0], number[1],
                                 number[2]);
    sqlite3_result_int64(c, (int64_t)spare);
}

/* ---- paths and cycles ---- */

int functions_path(struct functions *f, int64_t id, struct text *out)
{
    struct graph_chain chain;
    int status = graph_chain_shortest(f->subject->db, id, PATH_HEAD, PATH_TAIL, &chain);
    if (status) return status;
    if (chain.length > 0) status = path_text_chain(out, &f->steps, &chain);
    graph_chain_free(&chain);
    return status;
}

static void give_or_fail(sqlite3_context *c, struct functions *f, int status, struct text *t)
{
    if (status) {
        f->failed = true;
        sqlite3_result_error(c, "the database cannot be asked", -1);
        text_free(t);
    } else {
        give_text(c, t);
    }
}

static void sql_path(sqlite3_context *c, int n, sqlite3_value **v)
{
    struct functions *f = sqlite3_user_data(c);
    struct text t = { 0 };
    (void)n;
    if (sqlite3_value_type(v[0]) == SQLITE_NULL) return;
    give_or_fail(c, f, functions_path(f, sqlite3_value_int64(v[0]), &t), &t);
}

static void sql_closes(sqlite3_context *c, int n, sqlite3_value **v)
{
    struct functions *f = sqlite3_user_data(c);
    struct text t = { 0 };
    (void)n;
    int64_t id = sqlite3_value_int64(v[0]);
    if (id < 1 || (uint64_t)id > f->cycles.n) return;
    const struct cycle *cycle = &f->cycles.at[id - 1];
    int status = closes_members(f->subject->db, f->cycles.members + cycle->first, cycle->n, &t);
    if (!status && t.n == 0)
        sqlite3_result_null(c);
    else
        give_or_fail(c, f, status, &t);
}

static int find_cycles(void *opaque)
{
    struct functions *f = opaque;
    return cycles_find(f->subject, &f->cycles);
}

static uint64_t count_cycles(void *opaque)
{
    return ((const struct functions *)opaque)->cycles.n;
}

static const char cycle_declaration[] =
    "CREATE TABLE cycle (id INTEGER, object_id INTEGER, type_id INTEGER, n INTEGER,"
    " retained_size INTEGER, exact INTEGER, n_finalizers INTEGER, outermost INTEGER,"
    " generation INTEGER)";

static void give_cycle(void *opaque, uint64_t row, int column, sqlite3_context *c)
{
    const struct cycle *cycle = &((const struct functions *)opaque)->cycles.at[row];
    const int64_t values[] = { (int64_t)row + 1, cycle->object_id, cycle->type_id, cycle->n,
                               (int64_t)cycle->retained_size, cycle->exact, cycle->n_finalizers,
                               cycle->outermost, cycle->generation };
    if (column != 8 || cycle->generation >= 0) sqlite3_result_int64(c, values[column]);
}

/* ---- collections ---- */

/* What collection_part says of an object's type, its dominator, and whether the type is one that V8
 * has for itself: "(GC roots)". */
static int part_of(struct functions *f, int64_t id, uint8_t *bits, int64_t *dominator, bool *own)
{
    sqlite3_bind_int64(f->part, 1, id);
    int got = heapdb_step(f->subject->db, f->part);
    if (got == 1) {
        const char *name = (const char *)sqlite3_column_text(f->part, 2);
        *dominator = sqlite3_column_int64(f->part, 0); /* 0 for null */
        *bits = collection_part((const char *)sqlite3_column_text(f->part, 1), name);
        *own = !name || *name == '(';
    }
    sqlite3_reset(f->part);
    return got == 1 ? STATUS_DONE : STATUS_UNUSABLE;
}

static int whole_of(struct functions *f, int64_t id, int64_t *out)
{
    uint8_t bits = 0, above = 0;
    int64_t dominator = 0, next = 0;
    bool own = false, own_above = false;
    *out = id;
    if (part_of(f, id, &bits, &dominator, &own)) return STATUS_UNUSABLE;
    for (int i = 0; i < WHOLE_STEPS && bits & (HEAP_PART | HEAP_PART_INSIDE) && dominator; i++) {
        if (part_of(f, dominator, &above, &next, &own_above)) return STATUS_UNUSABLE;
        if (!(bits & HEAP_PART) && !(above & (HEAP_WHOLE | HEAP_PART))) break;
        id = dominator;
        dominator = next;
        bits = above;
        if (!(bits & (HEAP_PART | HEAP_PART_INSIDE)) && !own_above) *out = id;
    }
    return STATUS_DONE;
}

static void sql_whole_of(sqlite3_context *c, int n, sqlite3_value **v)
{
    struct functions *f = sqlite3_user_data(c);
    int64_t whole;
    (void)n;
    if (sqlite3_value_type(v[0]) == SQLITE_NULL) return;
    if (!whole_of(f, sqlite3_value_int64(v[0]), &whole)) {
        sqlite3_result_int64(c, whole);
        return;
    }
    f->failed = true;
    sqlite3_result_error(c, "the database cannot be asked", -1);
}

/* ---- the earlier snapshot ---- */

/* The statement, prepared once; NULL after a message. */
static sqlite3_stmt *base_query(struct functions *f, const char *sql)
{
    for (size_t i = 0; i < f->n_asked; i++)
        if (strcmp(f->asked[i].sql, sql) == 0) return f->asked[i].q;
    if (f->n_asked == BASE_QUERIES) {
        message_error(NULL, MESSAGE_NO_OFFSET, NULL,
                      "a rule asks too much of the earlier snapshot");
        return NULL;
    }
    char *copy = strdup(sql);
    sqlite3_stmt *q = NULL;
    if (!copy) message_no_memory("the earlier snapshot");
    if (!copy) return NULL;
    if (heapdb_prepare(f->base->db, &q, sql)) {
        free(copy);
        return NULL;
    }
    f->asked[f->n_asked].sql = copy;
    f->asked[f->n_asked++].q = q;
    return q;
}

static void sql_base(sqlite3_context *c, int n, sqlite3_value **v)
{
    struct functions *f = sqlite3_user_data(c);
    if (!f->base || n < 1) return;
    sqlite3_stmt *q = base_query(f, (const char *)sqlite3_value_text(v[0]));
    if (!q) {
        f->failed = true;
        sqlite3_result_error(c, "the earlier snapshot cannot be asked", -1);
        return;
    }
    sqlite3_bind_int64(q, 1, f->base->snapshot->id);
    for (int i = 1; i < n; i++) sqlite3_bind_value(q, i + 1, v[i]);
    int got = heapdb_step(f->base->db, q);
    if (got == 1) sqlite3_result_value(c, sqlite3_column_value(q, 0));
    sqlite3_reset(q);
    if (got >= 0) return;
    f->failed = true;
    sqlite3_result_error(c, "the earlier snapshot cannot be asked", -1);
}

static void sql_before_id(sqlite3_context *c, int n, sqlite3_value **v)
{
    struct functions *f = sqlite3_user_data(c);
    (void)n;
    int64_t id;
    if (!f->one_process || sqlite3_value_type(v[0]) == SQLITE_NULL) return;
    int got = identity_read(&f->own, sqlite3_value_int64(v[0]));
    if (got == 1) got = identity_find(&f->earlier, f->base->snapshot->id, &f->own, &id);
    if (got == 1) sqlite3_result_int64(c, id);
    identity_reset(&f->own);
    if (got >= 0) return;
    f->failed = true;
    sqlite3_result_error(c, "an object of the earlier snapshot cannot be found", -1);
}

/* Whether both are of one process: then an address says which object is which. */
static int compare_processes(struct functions *f)
{
    struct texts texts = { 0 };
    struct diff_facts a = { 0 }, b = { 0 };
    int status = diff_facts_read(f->base->db, f->base->snapshot, &texts, &a);
    if (!status) status = diff_facts_read(f->subject->db, f->subject->snapshot, &texts, &b);
    f->one_process = !status && f->subject->snapshot->stable_ids && diff_facts_same_process(&a, &b);
    diff_facts_free(&a);
    diff_facts_free(&b);
    texts_free(&texts);
    return status;
}

static int begin_base(struct functions *f)
{
    int status = compare_processes(f);
    if (!status) status = identity_begin(&f->own, f->subject->db);
    if (!status) status = identity_begin(&f->earlier, f->base->db);
    return status;
}

/* ---- all together ---- */

static int define(struct functions *f, const char *name, int n,
                  void (*function)(sqlite3_context *, int, sqlite3_value **))
{
    int flags = SQLITE_UTF8 | SQLITE_DIRECTONLY;
    int rc = sqlite3_create_function_v2(f->subject->db->sqlite, name, n, flags, f, function, NULL,
                                        NULL, NULL);
    return rc == SQLITE_OK ? STATUS_DONE : heapdb_error(f->subject->db, "adding functions");
}

int functions_new(struct functions **out, struct subject *subject, struct subject *base,
                  const struct diff_report *made)
{
    struct functions *f = calloc(1, sizeof *f);
    *out = NULL;
    if (!f) return message_no_memory("the functions of rules");
    f->subject = subject;
    f->base = base;
    int status = graph_steps_begin(&f->steps, subject->db);
    if (!status)
        status = heapdb_prepare(subject->db, &f->type,
                                "SELECT module, name FROM type WHERE id = ?");
    if (!status)
        status = heapdb_prepare(subject->db, &f->part,
                                "SELECT o.dominator_id, t.module, t.name FROM object o"
                                " JOIN type t ON t.id = o.type_id WHERE o.id = ?");
    if (!status) status = define(f, "size", 1, sql_size);
    if (!status) status = define(f, "plural", 2, sql_plural);
    if (!status) status = define(f, "plural", 3, sql_plural);
    if (!status) status = define(f, "percent", 2, sql_percent);
    if (!status) status = define(f, "since", 2, sql_since);
    if (!status) status = define(f, "duration", 1, sql_duration);
    if (!status) status = define(f, "type_name", 1, sql_type_name);
    if (!status) status = define(f, "path_of", 1, sql_path);
    if (!status) status = define(f, "closes", 1, sql_closes);
    if (!status) status = define(f, "base", -1, sql_base);
    if (!status) status = define(f, "before_id", 1, sql_before_id);
    if (!status) status = define(f, "spare", 4, sql_spare);
    if (!status) status = define(f, "whole_of", 1, sql_whole_of);
    if (!status) status = together_define(subject->db);
    if (!status && base) status = begin_base(f);
    if (!status) status = ages_new(&f->ages, subject, base);
    if (!status) status = grown_new(&f->grown, subject, base, made);
    f->cycle_table = (struct made_table){ .declaration = cycle_declaration, .make = find_cycles,
                                          .rows = count_cycles, .give = give_cycle, .opaque = f };
    if (!status) status = made_table_add(subject->db, "cycle", &f->cycle_table);
    if (status)
        functions_free(f);
    else
        *out = f;
    return status;
}

int functions_ready(struct functions *f)
{
    int status = grown_ready(f->grown);
    return status ? status : made_table_ready(&f->cycle_table);
}

void functions_free(struct functions *f)
{
    if (!f) return;
    for (size_t i = 0; i < f->n_asked; i++) {
        sqlite3_finalize(f->asked[i].q);
        free(f->asked[i].sql);
    }
    sqlite3_finalize(f->type);
    sqlite3_finalize(f->part);
    identity_end(&f->own);
    identity_end(&f->earlier);
    ages_free(f->ages);
    grown_free(f->grown);
    cycles_free(&f->cycles);
    graph_steps_end(&f->steps);
    free(f);
}

bool functions_failed(const struct functions *f)
{
    return f->failed || ages_failed(f->ages);
}
