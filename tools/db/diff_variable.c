/* SPDX-License-Identifier: MIT */
/*
 * Variables of JavaScript; see the header. The way from a context to its script: the context's
 * scope belongs to a function, or the context to a closure of one, and the function knows its
 * script. A block's context has neither where the block has no function of its own; then the one
 * around it is asked. What has no such reference (other versions of V8 may name them otherwise)
 * has no script.
 */
#include "db/diff_variable.h"

#include <stdlib.h>
#include <string.h>

#include <snap/format.h>

#include "cli/message.h"
#include "db/diff_rowmap.h"

enum {
    CONTEXTS_MAX = 16,   /* from a block outwards */
    REFERRERS_MAX = 1024 /* looked at of one object */
};

struct diff_variables {
    struct diff_name_source from;
    struct texts *texts;
    uint32_t context;      /* the type's number, HEAP_NONE: none */
    struct rowmap scripts; /* scope (or context without one) -> its script's name in `texts` */
    sqlite3_stmt *to, *by, *name;
};

int diff_variables_new(struct diff_variables **out, const struct diff_name_source *source,
                       struct texts *texts)
{
    struct diff_variables *v = calloc(1, sizeof *v);
    *out = NULL;
    if (!v) return message_no_memory("names of variables");
    *v = (struct diff_variables){ .from = *source, .texts = texts, .context = HEAP_NONE };
    for (uint32_t i = 0; i < source->type_names->n; i++)
        if (strcmp(texts_get(source->type_names, i, NULL), "system / Context") == 0)
            v->context = i;
    if (heapdb_prepare(source->db, &v->to,
                       "SELECT r.target_id FROM ref r JOIN string s ON s.id = r.name_id "
                       "WHERE r.source_id = ?1 AND s.text IN (?2, ?3) LIMIT 1") ||
        heapdb_prepare(source->db, &v->by,
                       "SELECT b.source_id FROM (SELECT source_id, position FROM referrer "
                       "WHERE target_id = ?1 LIMIT ?4) b JOIN ref r ON r.source_id = b.source_id "
                       "AND r.position = b.position JOIN string s ON s.id = r.name_id "
                       "WHERE s.text IN (?2, ?3) LIMIT 1") ||
        heapdb_prepare(source->db, &v->name,
                       "SELECT (SELECT text FROM string WHERE id = name_id) FROM detail "
                       "WHERE object_id = ?1")) {
        diff_variables_free(v);
        return STATUS_UNUSABLE;
    }
    *out = v;
    return 0;
}

void diff_variables_free(struct diff_variables *v)
{
    if (!v) return;
    sqlite3_finalize(v->to);
    sqlite3_finalize(v->by);
    sqlite3_finalize(v->name);
    rowmap_free(&v->scripts);
    free(v);
}

bool diff_variables_in(const struct diff_variables *v, uint32_t row)
{
    return v->context != HEAP_NONE && row != HEAP_NONE && v->from.rows->type[row] == v->context;
}

/* The row that a row refers to by a name, or (`q` is v->by) is referred to by; HEAP_NONE where
 * there is none. */
static int across(struct diff_variables *v, sqlite3_stmt *q, uint32_t row, const char *name,
                  const char *or_name, uint32_t *found)
{
    const struct diff_rows *rows = v->from.rows;
    uint32_t at = row;
    *found = HEAP_NONE;
    if (at == HEAP_NONE) return 0;
    sqlite3_bind_int64(q, 1, rows->first_id + (int64_t)at);
    sqlite3_bind_text(q, 2, name, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 3, or_name, -1, SQLITE_STATIC);
    if (q == v->by) sqlite3_bind_int64(q, 4, REFERRERS_MAX);
    int got = heapdb_step(v->from.db, q);
    int64_t id = got == 1 ? sqlite3_column_int64(q, 0) : 0;
    sqlite3_reset(q);
    if (got == 1 && id > rows->first_id && id - rows->first_id < (int64_t)rows->n_rows)
        *found = (uint32_t)(id - rows->first_id);
    return got < 0 ? STATUS_UNUSABLE : 0;
}

/* The function that a context is of, as V8 shares it among closures. */
static int function_of(struct diff_variables *v, uint32_t context, uint32_t scope, uint32_t *found)
{
    uint32_t closure;
    if (across(v, v->by, scope, "name_or_scope_info", "", found)) return STATUS_UNUSABLE;
    if (*found != HEAP_NONE) return 0;
    return across(v, v->by, context, "context", "", &closure) ||
           across(v, v->to, closure, "shared", "", found);
}

/* The number of the script's name, TEXTS_NONE where it is not known. */
static int script_name(struct diff_variables *v, uint32_t script, uint32_t *number)
{
    *number = TEXTS_NONE;
    if (script == HEAP_NONE) return 0;
    sqlite3_bind_int64(v->name, 1, v->from.rows->first_id + (int64_t)script);
    int got = heapdb_step(v->from.db, v->name);
    const char *s = got == 1 ? (const char *)sqlite3_column_text(v->name, 0) : NULL;
    if (s) *number = texts_add(v->texts, s, (size_t)sqlite3_column_bytes(v->name, 0));
    sqlite3_reset(v->name);
    return got < 0 ? STATUS_UNUSABLE : 0;
}

static int script_of(struct diff_variables *v, uint32_t context, uint32_t *number)
{
    uint32_t key = HEAP_NONE, scope, function, script;
    *number = TEXTS_NONE;
    for (int i = 0; i < CONTEXTS_MAX && *number == TEXTS_NONE; i++) {
        if (!diff_variables_in(v, context)) break;
        if (across(v, v->to, context, "scope_info", "", &scope)) return STATUS_UNUSABLE;
        if (key == HEAP_NONE) {
            key = scope == HEAP_NONE ? context : scope;
            uint32_t known = rowmap_get(&v->scripts, key);
            if (known != ROWMAP_NONE) {
                *number = known - 1; /* 0: there is none */
                return 0;
            }
        }
        if (function_of(v, context, scope, &function) ||
            across(v, v->to, function, "script_or_debug_info", "script", &script) ||
            script_name(v, script, number) ||
            across(v, v->to, context, "previous", "", &context))
            return STATUS_UNUSABLE;
    }
    if (v->texts->failed ||
        (key != HEAP_NONE && !rowmap_set(&v->scripts, key, *number + 1)))
        return message_no_memory("names of variables");
    return 0;
}

/* The last part of a path or an address; of those that every package has, the last two. The
 * runtime's own scripts have no path. */
static const char *short_name(const char *script)
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

int diff_variables_label(struct diff_variables *v, uint32_t context, const char *name, size_t n,
                         struct text *out)
{
    uint32_t number;
    if (script_of(v, context, &number)) return STATUS_UNUSABLE;
    if (number == TEXTS_NONE) text_adds(out, "<variable ");
    else text_addf(out, "%s:", short_name(texts_get(v->texts, number, NULL)));
    text_add(out, name, n);
    if (number == TEXTS_NONE) text_adds(out, ">");
    return 0;
}
