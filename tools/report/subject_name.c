/* SPDX-License-Identifier: MIT */
/* Objects by name; see the header. */
#include "report/subject_name.h"

#include <string.h>

#include "cli/message.h"
#include "db/variable.h"

static const char global_sql[] =
    "SELECT object_id FROM global WHERE snapshot_id = ?1 AND"
    " (CASE WHEN module IS NULL THEN name ELSE module || '.' || name END) = ?2 LIMIT 1";
static const char type_sql[] =
    "SELECT id FROM type WHERE snapshot_id = ?1 AND n + n_garbage > 0 AND"
    " (name = ?2 OR module || '.' || name = ?2) LIMIT 1";
/* An attribute: of the object itself, or of its namespace. */
static const char attribute_sql[] =
    "SELECT r.target_id FROM ref r JOIN string s ON s.id = r.name_id"
    " WHERE r.source_id = ?1 AND s.text = ?2 UNION ALL "
    "SELECT r.target_id FROM ref d JOIN string x ON x.id = d.name_id AND x.text = '__dict__'"
    " JOIN ref r ON r.source_id = d.target_id JOIN string s ON s.id = r.name_id"
    " WHERE d.source_id = ?1 AND s.text = ?2 LIMIT 1";

/* The first number that a query with a number and n bytes of text gives; 0: none. */
static int ask(struct subject *s, const char *sql, int64_t number, const char *text, size_t n,
               int64_t *out)
{
    sqlite3_stmt *q;
    *out = 0;
    if (heapdb_prepare(s->db, &q, sql)) return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, number);
    sqlite3_bind_text64(q, 2, text, n, SQLITE_STATIC, SQLITE_UTF8);
    int got = heapdb_step(s->db, q);
    if (got == 1) *out = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return got < 0 ? STATUS_UNUSABLE : 0;
}

/* Follows ".a.b" from *id; 0 where an attribute is missing. */
static int follow(struct subject *s, const char *rest, int64_t *id)
{
    while (*id && *rest) {
        size_t n = strcspn(rest + 1, ".");
        if (ask(s, attribute_sql, *id, rest + 1, n, id)) return STATUS_UNUSABLE;
        rest += 1 + n;
    }
    return 0;
}

/* A variable of JavaScript, `server.js:sessions`, and attributes below it. */
static int find_variable(struct subject *s, const char *name, int64_t *id)
{
    struct variables *v;
    size_t n = strlen(name);
    *id = 0;
    if (!strchr(name, ':')) return 0;
    int status = variables_new(&v, s->db);
    while (!status && !*id && n > 0) {
        status = variables_find(v, s->snapshot->id, name, n, id);
        if (!status && *id) {
            variables_free(v);
            return follow(s, name + n, id);
        }
        do n--;
        while (n > 0 && name[n] != '.');
    }
    variables_free(v);
    return status;
}

int subject_named(struct subject *s, const char *name, int64_t *id)
{
    size_t n = strlen(name);
    int status = ask(s, type_sql, s->snapshot->id, name, n, id);
    if (status || *id) {
        *id = 0;
        return status;
    }
    while (!status && n > 0) {
        status = ask(s, global_sql, s->snapshot->id, name, n, id);
        if (!status && *id) status = follow(s, name + n, id);
        if (*id) break;
        do n--;
        while (n > 0 && name[n] != '.');
    }
    if (!status && !*id) status = find_variable(s, name, id);
    if (status || !*id) return status;
    const struct heapdb_snapshot *of = heapdb_snapshot_of(s->db, *id);
    return of ? 0 : heapdb_damaged(s->db, "object %lld of a name is not there", (long long)*id);
}
