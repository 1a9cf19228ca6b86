/* SPDX-License-Identifier: MIT */
/*
 * Names of variables; see the header. The way from a context of V8 to its script: the context's
 * scope belongs to a function, or the context to a closure of one, and the function knows its
 * script. A block's context has neither where the block has no function of its own; then the one
 * around it is asked. What has no such reference (other versions of V8 may name them otherwise)
 * has no script.
 */
#include "db/variable.h"

#include <stdlib.h>
#include <string.h>

#include <snap/format.h>

#include "cli/message.h"

enum {
    CONTEXTS_MAX = 16,    /* from a block outwards */
    REFERRERS_MAX = 1024, /* looked at of one object */
    KNOWN = 1024          /* scripts that are remembered, a power of two */
};

/* The script of a scope (or of a context without one); id 0: free. */
struct known {
    int64_t id;
    char *script; /* NULL: it has none */
};

struct variables {
    struct heapdb *db;
    sqlite3_stmt *to, *by, *name, *type;
    struct known known[KNOWN];
};

int variables_new(struct variables **out, struct heapdb *db)
{
    struct variables *v = calloc(1, sizeof *v);
    *out = NULL;
    if (!v) return message_no_memory("names of variables");
    v->db = db;
    if (heapdb_prepare(db, &v->to,
                       "SELECT r.target_id FROM ref r JOIN string s ON s.id = r.name_id "
                       "WHERE r.source_id = ?1 AND s.text IN (?2, ?3) LIMIT 1") ||
        heapdb_prepare(db, &v->by,
                       "SELECT b.source_id FROM (SELECT source_id, position FROM referrer "
                       "WHERE target_id = ?1 LIMIT ?4) b JOIN ref r ON r.source_id = b.source_id "
                       "AND r.position = b.position JOIN string s ON s.id = r.name_id "
                       "WHERE s.text IN (?2, ?3) LIMIT 1") ||
        heapdb_prepare(db, &v->name,
                       "SELECT (SELECT text FROM string WHERE id = name_id) FROM detail "
                       "WHERE object_id = ?1") ||
        heapdb_prepare(db, &v->type, "SELECT t.name FROM object o JOIN type t ON t.id = o.type_id "
                                     "WHERE o.id = ?1")) {
        variables_free(v);
        return STATUS_UNUSABLE;
    }
    *out = v;
    return 0;
}

void variables_free(struct variables *v)
{
    if (!v) return;
    sqlite3_finalize(v->to);
    sqlite3_finalize(v->by);
    sqlite3_finalize(v->name);
    sqlite3_finalize(v->type);
    for (size_t i = 0; i < KNOWN; i++) free(v->known[i].script);
    free(v);
}

/* The object that one refers to by a name, or (`q` is v->by) is referred to by; 0 where there is
 * none. */
static int across(struct variables *v, sqlite3_stmt *q, int64_t id, const char *name,
                  const char *or_name, int64_t *found)
{
    *found = 0;
    if (!id) return 0;
    sqlite3_bind_int64(q, 1, id);
    sqlite3_bind_text(q, 2, name, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 3, or_name, -1, SQLITE_STATIC);
    if (q == v->by) sqlite3_bind_int64(q, 4, REFERRERS_MAX);
    int got = heapdb_step(v->db, q);
    if (got == 1) *found = sqlite3_column_int64(q, 0);
    sqlite3_reset(q);
    return got < 0 ? STATUS_UNUSABLE : 0;
}

/* A copy of the text that a query with an object's id gives, NULL: none. */
static int text_of(struct variables *v, sqlite3_stmt *q, int64_t id, char **out)
{
    bool failed = false;
    *out = NULL;
    if (!id) return 0;
    sqlite3_bind_int64(q, 1, id);
    int got = heapdb_step(v->db, q);
    const char *s = got == 1 ? (const char *)sqlite3_column_text(q, 0) : NULL;
    if (s) failed = !(*out = strdup(s));
    sqlite3_reset(q);
    if (failed) return message_no_memory("names of variables");
    return got < 0 ? STATUS_UNUSABLE : 0;
}

static int has_type(struct variables *v, int64_t id, const char *type, bool *is)
{
    char *name;
    if (text_of(v, v->type, id, &name)) return STATUS_UNUSABLE;
    *is = name && strcmp(name, type) == 0;
    free(name);
    return 0;
}

/* The function that a context is of, as V8 shares it among closures. */
static int function_of(struct variables *v, int64_t context, int64_t scope, int64_t *found)
{
    int64_t closure;
    if (across(v, v->by, scope, "name_or_scope_info", "", found)) return STATUS_UNUSABLE;
    if (*found) return 0;
    return across(v, v->by, context, "context", "", &closure) ||
           across(v, v->to, closure, "shared", "", found);
}

/* Where the script of a scope or context is remembered, or will be. */
static struct known *known_at(struct variables *v, int64_t id)
{
    return &v->known[(uint64_t)id * UINT64_C(0x9e3779b97f4a7c15) >> 54 & (KNOWN - 1)];
}

/* *script belongs to `v`, until the next call. */
static int script_of(struct variables *v, int64_t context, const char **script)
{
    int64_t key = 0, scope, function, at;
    char *found = NULL;
    *script = NULL;
    for (int i = 0; i < CONTEXTS_MAX && context && !found; i++) {
        bool is = i == 0;
        if (!is && has_type(v, context, VARIABLE_CONTEXT, &is)) return STATUS_UNUSABLE;
        if (!is) break;
        if (across(v, v->to, context, "scope_info", "", &scope)) return STATUS_UNUSABLE;
        if (!key) {
            key = scope ? scope : context;
            const struct known *k = known_at(v, key);
            *script = k->script;
            if (k->id == key) return 0;
        }
        if (function_of(v, context, scope, &function) ||
            across(v, v->to, function, "script_or_debug_info", "script", &at) ||
            text_of(v, v->name, at, &found) ||
            across(v, v->to, context, "previous", "", &context)) {
            free(found);
            return STATUS_UNUSABLE;
        }
    }
    struct known *k = known_at(v, key);
    free(k->script);
    *k = (struct known){ key, found };
    *script = found;
    return 0;
}

/* The last part of a path or an address; of those that every package has, the last two. The
 * runtime's own scripts have no path. */
const char *variables_script(const char *script)
{
    const char *last = script, *before = script;
    if (strncmp(script, "node:", 5) == 0) return script;
    for (const char *s = script; *s; s++) {
        if ((*s != '/' && *s != '\\') || !s[1]) continue;
        before = last;
        last = s + 1;
    }
    return strncmp(last, "index.", 6) == 0 ? before : last;
}

int variables_label(struct variables *v, int64_t context, const char *name, size_t n,
                    struct text *out)
{
    const char *script;
    if (script_of(v, context, &script)) return STATUS_UNUSABLE;
    if (!script) text_adds(out, "<variable ");
    else text_addf(out, "%s:", variables_script(script));
    text_add(out, name, n);
    if (!script) text_adds(out, ">");
    return 0;
}

int variables_name(struct variables *v, int64_t source, int kind, const char *name,
                   struct text *out)
{
    if (kind == SNAP_EDGE_VARIABLE) {
        bool is;
        if (has_type(v, source, VARIABLE_CONTEXT, &is)) return STATUS_UNUSABLE;
        return is ? variables_label(v, source, name, strlen(name), out) : 0;
    }
    if (kind != SNAP_EDGE_STATIC) return 0;
    char *class;
    if (text_of(v, v->name, source, &class)) return STATUS_UNUSABLE;
    if (class) text_addf(out, "%s.%s", class, name);
    free(class);
    return 0;
}

int variables_find(struct variables *v, int64_t snapshot, const char *name, size_t n, int64_t *id)
{
    sqlite3_stmt *q = NULL;
    struct text label = { 0 };
    size_t script = n;
    *id = 0;
    while (script > 0 && name[script - 1] != ':') script--;
    if (script == 0 || script == n) return 0;
    int got = 0, status = heapdb_prepare(v->db, &q,
                                         "SELECT r.source_id, r.target_id FROM type t"
                                         " CROSS JOIN type_object x ON x.type_id = t.id"
                                         " CROSS JOIN ref r ON r.source_id = x.object_id"
                                         " JOIN string s ON s.id = r.name_id"
                                         " WHERE t.snapshot_id = ?1 AND t.name = ?2 AND r.kind = ?3"
                                         " AND s.text = ?4 ORDER BY x.rank");
    if (status) return status;
    sqlite3_bind_int64(q, 1, snapshot);
    sqlite3_bind_text(q, 2, VARIABLE_CONTEXT, -1, SQLITE_STATIC);
    sqlite3_bind_int(q, 3, SNAP_EDGE_VARIABLE);
    sqlite3_bind_text64(q, 4, name + script, n - script, SQLITE_STATIC, SQLITE_UTF8);
    while (!status && !*id && (got = heapdb_step(v->db, q)) == 1) {
        text_clear(&label);
        status = variables_label(v, sqlite3_column_int64(q, 0), name + script, n - script, &label);
        if (!status && label.n == n && memcmp(text_str(&label), name, n) == 0)
            *id = sqlite3_column_int64(q, 1);
    }
    sqlite3_finalize(q);
    text_free(&label);
    return got < 0 ? STATUS_UNUSABLE : status;
}
