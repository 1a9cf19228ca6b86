/* SPDX-License-Identifier: MIT */
/* How long objects have been there; ages.h. */
#include "leak/ages.h"

#include <stdlib.h>

#include "cli/message.h"
#include "db/diff_facts.h"
#include "leak/identity.h"

/* A snapshot before the subject's. */
struct elder {
    const struct heapdb_snapshot *snapshot;
    struct identity *in; /* of its database */
};

struct ages {
    struct subject *subject;
    struct identity own, earlier; /* of the subject's database, and of the base's where it is another */
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
static int add_elders(struct ages *ages, struct identity *in, const struct diff_facts *now,
                      struct texts *texts)
{
    struct heapdb *db = in->db;
    int status = STATUS_DONE;
    for (size_t i = 0; i < db->n_snapshots && !status; i++) {
        const struct heapdb_snapshot *s = &db->snapshots[i];
        struct diff_facts then = { 0 };
        if (s == now->snapshot || !s->has_time || s->captured_at >= now->snapshot->captured_at)
            continue;
        status = diff_facts_read(db, s, texts, &then);
        if (!status && diff_facts_same_process(&then, now))
            ages->elders[ages->n++] = (struct elder){ s, in };
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
    if (!status) status = add_elders(ages, &ages->own, &now, &texts);
    if (!status && other) status = add_elders(ages, &ages->earlier, &now, &texts);
    diff_facts_free(&now);
    texts_free(&texts);
    if (!status) qsort(ages->elders, ages->n, sizeof *ages->elders, latest_first);
    return status;
}

static void sql_age(sqlite3_context *c, int n, sqlite3_value **v)
{
    struct ages *ages = sqlite3_user_data(c);
    const struct elder *oldest = NULL;
    int64_t id;
    (void)n;
    if (!ages->n || sqlite3_value_type(v[0]) == SQLITE_NULL) return;
    int got = identity_read(&ages->own, sqlite3_value_int64(v[0]));
    for (size_t i = 0; i < ages->n && got == 1; i++) {
        const struct elder *e = &ages->elders[i];
        got = identity_find(e->in, e->snapshot->id, &ages->own, &id);
        if (got == 1) oldest = e;
    }
    identity_reset(&ages->own);
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
    struct heapdb *db = ages->subject->db;
    int status = identity_begin(&ages->own, db);
    if (!status && base && base->db != db) status = identity_begin(&ages->earlier, base->db);
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
    identity_end(&ages->own);
    identity_end(&ages->earlier);
    free(ages->elders);
    free(ages);
}

bool ages_failed(const struct ages *ages)
{
    return ages->failed;
}
