/* SPDX-License-Identifier: MIT */
/* How long objects have been there; ages.h. */
#include "leak/ages.h"

#include <stdlib.h>

#include "cli/message.h"
#include "db/diff_facts.h"

/* A snapshot before the subject's. */
struct elder {
    const struct heapdb_snapshot *snapshot;
    struct heapdb *db;
    sqlite3_stmt *same; /* of its database */
};

struct ages {
    struct subject *subject;
    sqlite3_stmt *identity, *same[2]; /* of the subject's database, and of the base's */
    size_t n;
    struct elder *elders; /* the latest first */
    bool failed;
};

static int latest_first(const void *x, const void *y)
{
    const struct elder *a = x, *b = y;
    if (a->snapshot->captured_at != b->snapshot->captured_at)
        return a->snapshot->captured_at < b->snapshot->captured_at ? 1 : -1;
    return a->snapshot->id < b->snapshot->id ? 1 : -1;
}

/* Keeps the snapshots of a database that are of the process and before the subject's. */
static int add_elders(struct ages *ages, struct heapdb *db, sqlite3_stmt *same,
                      const struct diff_facts *now, struct texts *texts)
{
    int status = STATUS_DONE;
    for (size_t i = 0; i < db->n_snapshots && !status; i++) {
        const struct heapdb_snapshot *s = &db->snapshots[i];
        struct diff_facts then = { 0 };
        if (s == now->snapshot || !s->has_time || s->captured_at >= now->snapshot->captured_at)
            continue;
        status = diff_facts_read(db, s, texts, &then);
        if (!status && diff_facts_same_process(&then, now))
            ages->elders[ages->n++] = (struct elder){ s, db, same };
        diff_facts_free(&then);
    }
    return status;
}

static int find_elders(struct ages *ages, struct subject *base)
{
    struct subject *s = ages->subject;
    struct texts texts = { 0 };
    struct diff_facts now = { 0 };
    bool other = base && base->db != s->db;
    ages->elders = calloc(s->db->n_snapshots + (other ? base->db->n_snapshots : 0),
                          sizeof *ages->elders);
    if (!ages->elders) return message_no_memory("how old objects are");
    if (!s->snapshot->has_time || !s->snapshot->stable_ids) return STATUS_DONE;
    int status = diff_facts_read(s->db, s->snapshot, &texts, &now);
    if (!status) status = add_elders(ages, s->db, ages->same[0], &now, &texts);
    if (!status && other) status = add_elders(ages, base->db, ages->same[1], &now, &texts);
    diff_facts_free(&now);
    texts_free(&texts);
    if (!status) qsort(ages->elders, ages->n, sizeof *ages->elders, latest_first);
    return status;
}

/* Whether a snapshot has what `identity` stands on: 1, 0, or -1 after a message. */
static int has(const struct elder *e, sqlite3_stmt *identity)
{
    sqlite3_bind_int64(e->same, 1, e->snapshot->id);
    for (int i = 0; i < 3; i++)
        sqlite3_bind_value(e->same, i + 2, sqlite3_column_value(identity, i));
    int got = heapdb_step(e->db, e->same);
    sqlite3_reset(e->same);
    return got;
}

static void sql_age(sqlite3_context *c, int n, sqlite3_value **v)
{
    struct ages *ages = sqlite3_user_data(c);
    const struct elder *oldest = NULL;
    (void)n;
    if (!ages->n || sqlite3_value_type(v[0]) == SQLITE_NULL) return;
    sqlite3_bind_int64(ages->identity, 1, sqlite3_value_int64(v[0]));
    int got = heapdb_step(ages->subject->db, ages->identity);
    if (got == 1 && sqlite3_column_type(ages->identity, 0) != SQLITE_NULL)
        for (size_t i = 0; i < ages->n && (got = has(&ages->elders[i], ages->identity)) == 1; i++)
            oldest = &ages->elders[i];
    sqlite3_reset(ages->identity);
    if (got < 0) {
        ages->failed = true;
        sqlite3_result_error(c, "the age of an object cannot be found", -1);
    } else if (oldest) {
        sqlite3_result_double(c, ages->subject->snapshot->captured_at -
                                     oldest->snapshot->captured_at);
    }
}

static int prepare(struct ages *ages, struct subject *base)
{
    static const char same[] = "SELECT 1 FROM address a JOIN object o ON o.id = a.object_id"
                               " JOIN type t ON t.id = o.type_id WHERE a.snapshot_id = ?1"
                               " AND a.address = ?2 AND t.name = ?3 AND t.module IS ?4";
    struct heapdb *db = ages->subject->db;
    int status = heapdb_prepare(db, &ages->identity,
                                "SELECT o.address, t.name, t.module FROM object o"
                                " JOIN type t ON t.id = o.type_id WHERE o.id = ?1");
    if (!status) status = heapdb_prepare(db, &ages->same[0], same);
    if (!status && base) status = heapdb_prepare(base->db, &ages->same[1], same);
    if (status) return status;
    int rc = sqlite3_create_function_v2(db->sqlite, "age_of", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY,
                                        ages, sql_age, NULL, NULL, NULL);
    return rc == SQLITE_OK ? STATUS_DONE : heapdb_error(db, "adding functions");
}

int ages_new(struct ages **out, struct subject *subject, struct subject *base)
{
    struct ages *ages = calloc(1, sizeof *ages);
    *out = NULL;
    if (!ages) return message_no_memory("how old objects are");
    ages->subject = subject;
    int status = prepare(ages, base);
    if (!status) status = find_elders(ages, base);
    if (status)
        ages_free(ages);
    else
        *out = ages;
    return status;
}

void ages_free(struct ages *ages)
{
    if (!ages) return;
    sqlite3_finalize(ages->identity);
    sqlite3_finalize(ages->same[0]);
    sqlite3_finalize(ages->same[1]);
    free(ages->elders);
    free(ages);
}

bool ages_failed(const struct ages *ages)
{
    return ages->failed;
}
