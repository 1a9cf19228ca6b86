/* SPDX-License-Identifier: MIT */
/* Objects in words; see the header. Types are known by name: a heap that lacks them has nothing of
 * the kind. */
#include "db/diff_about.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <snap/format.h>

#include "cli/message.h"
#include "cli/number.h"
#include "db/collection.h"

enum about_type {
    ABOUT_FUNCTION,
    ABOUT_CODE,
    ABOUT_METHOD,
    ABOUT_PARTIAL,
    ABOUT_LRU_CACHE,
    ABOUT_TASK,
    ABOUT_PYTHON_TASK,
    ABOUT_HANDLE,
    ABOUT_TIMER,
    ABOUT_COROUTINE,
    ABOUT_GENERATOR,
    ABOUT_ASYNC_GENERATOR,
    ABOUT_CELL,
    ABOUT_LOCAL,
    ABOUT_FUTURE,
    ABOUT_BUILTIN,
    ABOUT_WAKEUP, /* what stands in its place before 3.10 */
    ABOUT_CLASS, /* one without instances, which has no row in `type` */
    ABOUT_TYPES
};

static const char *const type_names[ABOUT_TYPES] = {
    [ABOUT_FUNCTION] = "function",
    [ABOUT_CODE] = "code",
    [ABOUT_METHOD] = "method",
    [ABOUT_PARTIAL] = "functools.partial",
    [ABOUT_LRU_CACHE] = "functools._lru_cache_wrapper",
    [ABOUT_TASK] = "_asyncio.Task",
    [ABOUT_PYTHON_TASK] = "asyncio.tasks.Task",
    [ABOUT_HANDLE] = "asyncio.events.Handle",
    [ABOUT_TIMER] = "asyncio.events.TimerHandle",
    [ABOUT_COROUTINE] = "coroutine",
    [ABOUT_GENERATOR] = "generator",
    [ABOUT_ASYNC_GENERATOR] = "async_generator",
    [ABOUT_CELL] = "cell",
    [ABOUT_LOCAL] = "_thread._local",
    [ABOUT_FUTURE] = "_asyncio.Future",
    [ABOUT_BUILTIN] = "builtin_function_or_method",
    [ABOUT_WAKEUP] = "TaskWakeupMethWrapper",
    [ABOUT_CLASS] = "type",
};

/* The types in which the function behind an object is looked for, best first; ABOUT_TYPES ends. */
static const enum about_type behind[ABOUT_TYPES][3] = {
    [ABOUT_FUNCTION] = { ABOUT_TYPES },
    [ABOUT_CODE] = { ABOUT_TYPES },
    [ABOUT_METHOD] = { ABOUT_FUNCTION, ABOUT_TYPES },
    [ABOUT_PARTIAL] = { ABOUT_FUNCTION, ABOUT_METHOD, ABOUT_TYPES },
    [ABOUT_LRU_CACHE] = { ABOUT_FUNCTION, ABOUT_TYPES },
    [ABOUT_TASK] = { ABOUT_COROUTINE, ABOUT_GENERATOR, ABOUT_TYPES },
    [ABOUT_PYTHON_TASK] = { ABOUT_COROUTINE, ABOUT_GENERATOR, ABOUT_TYPES },
    [ABOUT_HANDLE] = { ABOUT_METHOD, ABOUT_FUNCTION, ABOUT_TYPES },
    [ABOUT_TIMER] = { ABOUT_METHOD, ABOUT_FUNCTION, ABOUT_TYPES },
    [ABOUT_COROUTINE] = { ABOUT_FUNCTION, ABOUT_CODE, ABOUT_TYPES },
    [ABOUT_GENERATOR] = { ABOUT_FUNCTION, ABOUT_CODE, ABOUT_TYPES },
    [ABOUT_ASYNC_GENERATOR] = { ABOUT_FUNCTION, ABOUT_CODE, ABOUT_TYPES },
    [ABOUT_CELL] = { ABOUT_TYPES },
    [ABOUT_LOCAL] = { ABOUT_TYPES },
    /* A future wakes the task that waits for it. */
    [ABOUT_FUTURE] = { ABOUT_BUILTIN, ABOUT_WAKEUP, ABOUT_TYPES },
    [ABOUT_BUILTIN] = { ABOUT_TASK, ABOUT_TYPES },
    [ABOUT_WAKEUP] = { ABOUT_TASK, ABOUT_TYPES },
    [ABOUT_CLASS] = { ABOUT_TYPES },
};

enum {
    REFERENCES_MAX = 1 << 20, /* looked at of one object */
    HOPS_MAX = 4,             /* from an object to the function behind it */
    UP_MAX = 3                /* from an owner to what it belongs to: variable, cell, tuple */
};

struct diff_about {
    struct diff_name_source from;
    struct diff_names *names;
    const struct sign *sign; /* that the names write to */
    uint32_t number[ABOUT_TYPES]; /* of the type; HEAP_NONE: the heap has none */
    sqlite3_stmt *refs, *globals, *variable, *detail, *contents;
};

int diff_about_new(struct diff_about **out, const struct diff_name_source *source,
                   struct diff_names *names, const struct sign *sign)
{
    struct diff_about *a = calloc(1, sizeof *a);
    *out = NULL;
    if (!a) return message_no_memory("names of objects");
    *a = (struct diff_about){ .from = *source, .names = names, .sign = sign };
    for (int k = 0; k < ABOUT_TYPES; k++) a->number[k] = HEAP_NONE;
    for (uint32_t i = 0; i < source->type_names->n; i++) {
        const char *name = texts_get(source->type_names, i, NULL);
        for (int k = 0; k < ABOUT_TYPES; k++)
            if (strcmp(name, type_names[k]) == 0) a->number[k] = i;
    }
    if (heapdb_prepare(source->db, &a->refs,
                       "SELECT target_id, kind FROM ref WHERE source_id = ?1 "
                       "ORDER BY position DESC LIMIT ?2") ||
        heapdb_prepare(source->db, &a->globals,
                       "SELECT r.target_id FROM ref r JOIN string s ON s.id = r.name_id "
                       "WHERE r.source_id = ?1 AND s.text = '__globals__'") ||
        heapdb_prepare(source->db, &a->variable,
                       "SELECT (SELECT text FROM string WHERE id = r.name_id) "
                       "FROM object o JOIN ref r "
                       "ON r.source_id = o.parent_id AND r.position = o.parent_position "
                       "WHERE o.id = ?1 AND r.kind = ?2") ||
        heapdb_prepare(source->db, &a->detail,
                       "SELECT (SELECT text FROM string WHERE id = name_id), bound, length "
                       "FROM detail WHERE object_id = ?1") ||
        heapdb_prepare(source->db, &a->contents,
                       "SELECT s.text, t.name FROM ref r JOIN string s ON s.id = r.name_id "
                       "JOIN object e ON e.id = r.target_id JOIN type t ON t.id = e.type_id "
                       "WHERE r.source_id = ?1 AND s.text IN ('key', 'value', 'val', 'item') "
                       "ORDER BY s.text")) {
        diff_about_free(a);
        return STATUS_UNUSABLE;
    }
    *out = a;
    return 0;
}

void diff_about_free(struct diff_about *a)
{
    if (!a) return;
    sqlite3_finalize(a->refs);
    sqlite3_finalize(a->globals);
    sqlite3_finalize(a->variable);
    sqlite3_finalize(a->detail);
    sqlite3_finalize(a->contents);
    free(a);
}

static enum about_type type_of(const struct diff_about *a, uint32_t row)
{
    uint32_t type = a->from.rows->type[row];
    for (int k = 0; type != HEAP_NONE && k < ABOUT_TYPES; k++)
        if (a->number[k] == type) return (enum about_type)k;
    return ABOUT_TYPES;
}

/* The last object of a type that a row refers to and holds; HEAP_NONE in *found: none. The parts
 * with names come last, after the elements. */
static int target_of(struct diff_about *a, uint32_t row, uint32_t type, uint32_t *found)
{
    const struct diff_rows *rows = a->from.rows;
    int got = 0;
    *found = HEAP_NONE;
    if (type == HEAP_NONE) return 0;
    sqlite3_bind_int64(a->refs, 1, rows->first_id + (int64_t)row);
    sqlite3_bind_int64(a->refs, 2, REFERENCES_MAX);
    while (*found == HEAP_NONE && (got = heapdb_step(a->from.db, a->refs)) == 1) {
        uint64_t target = (uint64_t)sqlite3_column_int64(a->refs, 0) - (uint64_t)rows->first_id;
        if (target < rows->n_rows && rows->type[target] == type &&
            heapdb_edge_holds(sqlite3_column_int64(a->refs, 1)))
            *found = (uint32_t)target;
    }
    sqlite3_reset(a->refs);
    return got < 0 ? STATUS_UNUSABLE : 0;
}

/* Follows a row to the function behind it, or as near to it as the heap knows. */
static int follow(struct diff_about *a, uint32_t row, uint32_t *end)
{
    *end = row;
    for (int hop = 0; hop < HOPS_MAX; hop++) {
        enum about_type type = type_of(a, *end);
        uint32_t next = HEAP_NONE;
        for (int i = 0; type != ABOUT_TYPES && next == HEAP_NONE; i++) {
            if (behind[type][i] == ABOUT_TYPES) break;
            if (target_of(a, *end, a->number[behind[type][i]], &next)) return STATUS_UNUSABLE;
        }
        if (next == HEAP_NONE) return 0;
        *end = next;
    }
    return 0;
}

/* Appends the module that a function's global names are of, and a dot: the path of that namespace
 * is `app.__dict__`. Nothing where it has no such path, or is that of the builtins. */
static int add_module(struct diff_about *a, uint32_t row, struct text *out)
{
    static const char namespace[] = ".__dict__";
    const struct diff_rows *rows = a->from.rows;
    struct text path = { 0 };
    uint32_t node = SIGN_NONE;
    sqlite3_bind_int64(a->globals, 1, rows->first_id + (int64_t)row);
    int got = heapdb_step(a->from.db, a->globals), status = got < 0 ? STATUS_UNUSABLE : 0;
    uint64_t target =
        got == 1 ? (uint64_t)sqlite3_column_int64(a->globals, 0) - (uint64_t)rows->first_id : 0;
    sqlite3_reset(a->globals);
    if (got == 1 && target < rows->n_rows)
        status = diff_names_row(a->names, (uint32_t)target, &node);
    if (!status && node != SIGN_NONE) sign_path(a->sign, node, &path);
    size_t end = sizeof namespace - 1;
    if (path.n > end && strcmp(path.s + path.n - end, namespace) == 0 &&
        strncmp(path.s, "builtins.", 9) != 0)
        text_add(out, path.s, path.n - end + 1); /* with the dot */
    if (path.failed) out->failed = true;
    text_free(&path);
    return status;
}

/* Reads the detail of a row: its name, appended, and its bound. */
static int read_detail(struct diff_about *a, uint32_t row, struct text *name,
                       struct diff_bound *bound)
{
    sqlite3_bind_int64(a->detail, 1, a->from.rows->first_id + (int64_t)row);
    int got = heapdb_step(a->from.db, a->detail);
    if (got == 1 && name && sqlite3_column_type(a->detail, 0) == SQLITE_TEXT)
        text_add(name, (const char *)sqlite3_column_text(a->detail, 0),
                 (size_t)sqlite3_column_bytes(a->detail, 0));
    *bound = (struct diff_bound){ -1, -1 };
    if (got == 1 && sqlite3_column_type(a->detail, 1) == SQLITE_INTEGER)
        bound->bound = sqlite3_column_int64(a->detail, 1);
    if (got == 1 && sqlite3_column_type(a->detail, 2) == SQLITE_INTEGER)
        bound->length = sqlite3_column_int64(a->detail, 2);
    sqlite3_reset(a->detail);
    return got < 0 ? STATUS_UNUSABLE : 0;
}

/* Appends module and qualified name of the function behind a row; nothing where there is none. */
static int add_function(struct diff_about *a, uint32_t row, struct text *out)
{
    struct text name = { 0 };
    struct diff_bound unused;
    uint32_t end;
    int status = follow(a, row, &end);
    if (!status) status = read_detail(a, end, &name, &unused);
    if (!status && name.n && type_of(a, end) == ABOUT_FUNCTION) status = add_module(a, end, out);
    text_add(out, text_str(&name), name.n);
    if (name.failed) out->failed = true;
    text_free(&name);
    return status;
}

/* Appends what a link of a collection of Java holds: "one with key java.lang.String and value
 * app.Session". Nothing for anything else. */
static int add_contents(struct diff_about *a, uint32_t row, struct text *out)
{
    uint32_t is = a->from.rows->type[row];
    const char *of = is == HEAP_NONE ? "" : texts_get(a->from.type_names, is, NULL);
    int got, n = 0;
    if (strncmp(of, "java.util.", 10) != 0 || !(collection_part("java.util", of) & HEAP_PART))
        return 0;
    sqlite3_bind_int64(a->contents, 1, a->from.rows->first_id + (int64_t)row);
    while ((got = heapdb_step(a->from.db, a->contents)) == 1) {
        const char *field = (const char *)sqlite3_column_text(a->contents, 0);
        const char *type = (const char *)sqlite3_column_text(a->contents, 1);
        text_addf(out, "%s%s %s", n++ ? " and " : "one with ",
                  strcmp(field, "val") == 0 ? "value" : field, type ? type : "?");
    }
    sqlite3_reset(a->contents);
    return got < 0 ? STATUS_UNUSABLE : 0;
}

int diff_about_function(struct diff_about *a, uint32_t row, struct text *out)
{
    enum about_type type = type_of(a, row);
    const char *own = diff_names_own(a->names, row);
    if (own) text_adds(out, own);
    if (!own && type == ABOUT_TYPES) return add_contents(a, row, out);
    if (own || type == ABOUT_CELL || type == ABOUT_LOCAL) return 0;
    struct text name = { 0 };
    int status = add_function(a, row, &name);
    bool itself = type == ABOUT_FUNCTION || type == ABOUT_METHOD || type == ABOUT_CODE ||
                  type == ABOUT_CLASS;
    if (!status && name.n) text_addf(out, "%s%s", itself ? "" : "one of ", text_str(&name));
    if (name.failed) out->failed = true;
    text_free(&name);
    return status;
}

static int about_cache(struct diff_about *a, uint32_t row, struct text *out,
                       struct diff_bound *bound)
{
    struct text name = { 0 };
    char count[NUMBER_MAX];
    int status = add_function(a, row, &name);
    if (!status) status = read_detail(a, row, NULL, bound);
    if (!status && name.n) text_addf(out, "the cache of %s", text_str(&name));
    if (!status && !name.n) text_adds(out, "the cache of a function");
    if (bound->bound >= 0)
        text_addf(out, " (functools.lru_cache, bounded: at most %s results)",
                  number_count(count, (uint64_t)bound->bound));
    else
        text_adds(out, " (functools.lru_cache without a bound)");
    if (name.failed) out->failed = true;
    text_free(&name);
    return status;
}

/* "data of threads in app.LOCAL (threading.local)" */
static int about_local(struct diff_about *a, uint32_t row, struct text *out)
{
    uint32_t node;
    if (diff_names_row(a->names, row, &node)) return STATUS_UNUSABLE;
    text_adds(out, "data of a thread in ");
    sign_path(a->sign, node, out);
    text_adds(out, " (threading.local)");
    return 0;
}

static int about_with(struct diff_about *a, const char *words, uint32_t row, struct text *out)
{
    struct text name = { 0 };
    int status = add_function(a, row, &name);
    if (!status && name.n) text_addf(out, "%s %s", words, text_str(&name));
    if (name.failed) out->failed = true;
    text_free(&name);
    return status;
}

/* "a variable that is captured by app.counter.count", with the variable's name where one of the
 * references from the function down to the row has it. */
static int about_captured(struct diff_about *a, uint32_t function, uint32_t row, struct text *out)
{
    const struct diff_rows *rows = a->from.rows;
    struct text words = { 0 };
    int got = 0;
    for (uint32_t at = row; got == 0 && at != function; at = rows->parent[at]) {
        sqlite3_bind_int64(a->variable, 1, rows->first_id + (int64_t)at);
        sqlite3_bind_int64(a->variable, 2, SNAP_EDGE_VARIABLE);
        got = heapdb_step(a->from.db, a->variable);
        const char *name =
            got == 1 ? (const char *)sqlite3_column_text(a->variable, 0) : NULL;
        if (name) text_addf(&words, "the variable %s, captured by", name);
        sqlite3_reset(a->variable);
    }
    if (!words.n) text_adds(&words, "a variable that is captured by");
    int status = got < 0 ? STATUS_UNUSABLE : about_with(a, text_str(&words), function, out);
    if (words.failed) out->failed = true;
    text_free(&words);
    return status;
}

/* The object above an owner that tells what it is, HEAP_NONE: none. Classes and modules have names
 * of their own and end the climb. */
static uint32_t belongs_to(const struct diff_about *a, uint32_t row, bool *in_cell)
{
    const struct diff_rows *rows = a->from.rows;
    *in_cell = false;
    for (int up = 0; up <= UP_MAX; up++) {
        if (row == 0 || row == HEAP_NONE || diff_names_own(a->names, row)) return HEAP_NONE;
        switch (type_of(a, row)) {
        case ABOUT_LRU_CACHE:
            return up <= 1 ? row : HEAP_NONE; /* what a result holds is not the cache */
        case ABOUT_LOCAL:
            return up > 0 ? row : HEAP_NONE;
        case ABOUT_COROUTINE:
        case ABOUT_GENERATOR:
        case ABOUT_ASYNC_GENERATOR:
            return up <= 1 ? row : HEAP_NONE;
        case ABOUT_FUNCTION:
            return *in_cell ? row : HEAP_NONE;
        case ABOUT_CELL:
            if (up <= 1) *in_cell = true;
            break;
        default:
            break;
        }
        row = rows->parent[row];
    }
    return HEAP_NONE;
}

int diff_about_owner(struct diff_about *a, uint32_t row, struct text *out, struct diff_bound *bound)
{
    bool in_cell;
    uint32_t above = belongs_to(a, row, &in_cell);
    if (read_detail(a, row, NULL, bound)) return STATUS_UNUSABLE;
    if (above == HEAP_NONE) {
        char count[NUMBER_MAX];
        if (bound->bound >= 0)
            text_addf(out, "bounded: at most %s elements",
                      number_count(count, (uint64_t)bound->bound));
        return 0;
    }
    switch (type_of(a, above)) {
    case ABOUT_LRU_CACHE:
        return about_cache(a, above, out, bound);
    case ABOUT_LOCAL:
        return about_local(a, above, out);
    case ABOUT_FUNCTION:
        return about_captured(a, above, row, out);
    default:
        if (above == row) return about_with(a, "a suspended call of", above, out);
        return about_with(a, "a local variable of a suspended call of", above, out);
    }
}
