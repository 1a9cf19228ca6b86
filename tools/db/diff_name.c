/* SPDX-License-Identifier: MIT */
/*
 * Names of objects. Paths share their beginnings, so the node of every row that was climbed over is
 * remembered; a lookup in `ref` happens once a row. The search backwards looks at a bounded number
 * of references an object and in all, so that a heap of hubs costs no more than a small one.
 */
#include "db/diff_name_private.h"

#include <stdlib.h>
#include <string.h>

#include <snap/format.h>

#include "cli/message.h"
#include "cli/type_name.h"
#include "db/diff_place.h"
#include "db/diff_rowmap.h"
#include "db/diff_variable.h"
#include "db/variable.h"
#include "heap/match.h"

/* Roots by what they tell a reader, best first. A local variable is where an object happens to be
 * at the moment; `external` and the rest say only that something holds it. */
static uint32_t root_rank(int64_t kind)
{
    switch (kind) {
    case SNAP_ROOT_GLOBAL:
    case SNAP_ROOT_TYPE:
        return 0;
    case SNAP_ROOT_TASK:
    case SNAP_ROOT_CALLBACK:
    case SNAP_ROOT_NATIVE_GLOBAL:
        return 1;
    case SNAP_ROOT_RUNTIME:
    case SNAP_ROOT_THREAD:
        return 2;
    case SNAP_ROOT_LOCAL:
    case SNAP_ROOT_NATIVE_LOCAL:
    case SNAP_ROOT_NATIVE_STACK:
        return 3;
    case SNAP_ROOT_EXTERNAL:
        return 4;
    default:
        return 5;
    }
}

enum { RANK_NAMED = 1 }; /* up to this rank a root is a name that lasts */

uint32_t diff_names_type(struct diff_names *n, uint32_t row)
{
    uint32_t type = n->from.rows->type[row];
    if (type == HEAP_NONE) return TEXTS_NONE;
    if (n->type_text[type] == TEXTS_NONE) {
        size_t length;
        const char *name = texts_get(n->from.type_names, type, &length);
        n->type_text[type] = texts_add(&n->sign->texts, name, length);
    }
    return n->type_text[type];
}

static uint32_t text_number(struct diff_names *n, struct text *t)
{
    if (t->failed) n->sign->failed = true;
    uint32_t number = texts_add(&n->sign->texts, text_str(t), t->n);
    text_clear(t);
    return number;
}

/* The row of an id that a table names, or HEAP_NONE when it is not of this snapshot. */
uint32_t diff_names_row_of(const struct diff_names *n, int64_t id)
{
    const struct diff_rows *a = n->from.rows;
    if (id < a->first_id || id - a->first_id >= (int64_t)a->n_rows) return HEAP_NONE;
    return (uint32_t)(id - a->first_id);
}

static void add_column(struct text *t, sqlite3_stmt *q, int column)
{
    const char *s = (const char *)sqlite3_column_text(q, column);
    if (s) text_add(t, s, (size_t)sqlite3_column_bytes(q, column));
}

/* Names of modules and classes; `sql` gives rows of object, name, module. The first name stays. */
static int read_classes(struct diff_names *n, struct text *t, const char *sql)
{
    sqlite3_stmt *q;
    int got;
    if (heapdb_prepare(n->from.db, &q, sql)) return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, n->from.snapshot->id);
    while ((got = heapdb_step(n->from.db, q)) == 1) {
        uint32_t row = diff_names_row_of(n, sqlite3_column_int64(q, 0));
        if (row == HEAP_NONE || rowmap_get(&n->own, row) != ROWMAP_NONE) continue;
        const char *module = (const char *)sqlite3_column_text(q, 2);
        const char *name = (const char *)sqlite3_column_text(q, 1);
        type_name(t, module, (size_t)sqlite3_column_bytes(q, 2), name,
                  (size_t)sqlite3_column_bytes(q, 1));
        if (!rowmap_set(&n->own, row, text_number(n, t))) n->sign->failed = true;
    }
    sqlite3_finalize(q);
    return got ? STATUS_UNUSABLE : 0;
}

/* `app` for a global with a name, `<local handle.batch>` for anything else. */
static void root_label(struct text *t, sqlite3_stmt *q)
{
    int64_t kind = sqlite3_column_int64(q, 1);
    bool named = sqlite3_column_type(q, 2) != SQLITE_NULL;
    if (kind == SNAP_ROOT_GLOBAL && named) {
        add_column(t, q, 2);
        return;
    }
    text_addf(t, "<%s", heapdb_root_kind(kind));
    if (named || sqlite3_column_type(q, 3) != SQLITE_NULL) text_add(t, " ", 1);
    add_column(t, q, 3);
    if (named && sqlite3_column_type(q, 3) != SQLITE_NULL) text_add(t, ".", 1);
    add_column(t, q, 2);
    text_add(t, ">", 1);
}

/* The kind by which a root counts. asyncio.run() leaves a handler of the interrupt that leads to its
 * main task, beside the call that runs it: no name for what the variables of that call hold. */
static int64_t root_kind(sqlite3_stmt *q)
{
    int64_t kind = sqlite3_column_int64(q, 1);
    const char *name = (const char *)sqlite3_column_text(q, 2);
    bool of_signal = kind == SNAP_ROOT_CALLBACK && name && strcmp(name, "signal handlers") == 0;
    return of_signal ? SNAP_ROOT_RUNTIME : kind;
}

static int read_roots(struct diff_names *n, struct text *t)
{
    const struct diff_rows *a = n->from.rows;
    sqlite3_stmt *q;
    int got;
    if (heapdb_prepare(n->from.db, &q,
                       "SELECT object_id, kind, (SELECT text FROM string WHERE id = name_id), "
                       "(SELECT function FROM frame WHERE id = frame_id) FROM root "
                       "WHERE object_id BETWEEN ?1 AND ?2 ORDER BY object_id, id"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, a->first_id);
    sqlite3_bind_int64(q, 2, a->first_id + (int64_t)a->n_rows - 1);
    while ((got = heapdb_step(n->from.db, q)) == 1) {
        uint32_t row = diff_names_row_of(n, sqlite3_column_int64(q, 0));
        uint32_t rank = root_rank(root_kind(q));
        if (row == HEAP_NONE || rank >= rowmap_get(&n->ranks, row)) continue;
        root_label(t, q);
        uint32_t label = text_number(n, t);
        bool set = rowmap_set(&n->ranks, row, rank) && rowmap_set(&n->roots, row, label);
        if (sqlite3_column_int64(q, 1) == SNAP_ROOT_GLOBAL &&
            sqlite3_column_type(q, 2) != SQLITE_NULL)
            set = set && rowmap_set(&n->own, row, label);
        if (!set) n->sign->failed = true;
    }
    sqlite3_finalize(q);
    return got ? STATUS_UNUSABLE : 0;
}

/* Of records of allocations, objects that nothing refers to, the place of allocation is all that
 * is known. */
static bool is_traced(const struct diff_name_source *source)
{
    return source->rows->stack && source->snapshot->n_refs == 0;
}

/* "<allocated at app/views.py:12>" by stack. */
static int read_sites(struct diff_names *n, struct text *t)
{
    int64_t last = 0;
    sqlite3_stmt *q;
    int got;
    for (uint32_t i = 0; i < n->from.rows->n_rows; i++)
        if (n->from.rows->stack[i] >= n->n_sites) n->n_sites = n->from.rows->stack[i] + 1;
    if (heapdb_number(n->from.db, "SELECT max(id) FROM stack", 0, &last) < 0)
        return STATUS_UNUSABLE;
    if (n->n_sites > (uint64_t)last + 1)
        return heapdb_damaged(n->from.db, "objects were allocated at stacks that are not there");
    n->site = malloc(((size_t)n->n_sites + 1) * sizeof *n->site);
    if (!n->site) return message_no_memory("names of objects");
    for (uint32_t i = 0; i < n->n_sites; i++) n->site[i] = ROWMAP_NONE;
    if (heapdb_prepare(n->from.db, &q, "SELECT k.id, f.function, f.file, f.line FROM stack k "
                                       "JOIN frame f ON f.id = k.frame_id"))
        return STATUS_UNUSABLE;
    while ((got = heapdb_step(n->from.db, q)) == 1) {
        uint64_t stack = (uint64_t)sqlite3_column_int64(q, 0);
        if (stack >= n->n_sites) continue;
        text_adds(t, "<allocated at ");
        diff_place_frame(t, q, 1);
        text_adds(t, ">");
        n->site[stack] = text_number(n, t);
    }
    sqlite3_finalize(q);
    return got ? STATUS_UNUSABLE : 0;
}

static int read_holders(struct diff_names *n, struct text *t)
{
    static const char types[] = "SELECT object_id, name, module FROM type "
                                "WHERE snapshot_id = ?1 AND object_id IS NOT NULL";
    /* Classes first: a module's name as a global overrides nothing of theirs. */
    int status = read_classes(n, t, types);
    if (!status) status = read_classes(n, t, VARIABLES_CLASSES);
    if (status) return status;
    return is_traced(&n->from) ? read_sites(n, t) : read_roots(n, t);
}

static int prepare(struct diff_names *n)
{
    struct heapdb *db = n->from.db;
    return heapdb_prepare(db, &n->ref,
                          "SELECT r.kind, r.name_id FROM object o JOIN ref r "
                          "ON r.source_id = o.parent_id AND r.position = o.parent_position "
                          "WHERE o.id = ?1") ||
                   heapdb_prepare(
                       db, &n->referrer,
                       "SELECT b.source_id, r.kind, r.name_id FROM referrer b JOIN ref r "
                       "ON r.source_id = b.source_id AND r.position = b.position "
                       "WHERE b.target_id = ?1 LIMIT ?2") ||
                   heapdb_prepare(
                       db, &n->behind,
                       "SELECT b.source_id, r.kind, r.name_id FROM referrer b JOIN ref r "
                       "ON r.source_id = b.source_id AND r.position = b.position "
                       "WHERE b.target_id = ?1 AND b.source_id > ?3 "
                       "ORDER BY b.source_id LIMIT ?2") ||
                   (n->from.snapshot->runtime && strcmp(n->from.snapshot->runtime, "v8") == 0 &&
                    heapdb_prepare(db, &n->dictionary,
                                   "SELECT count(*) FROM (SELECT 1 FROM ref WHERE source_id = ?1 "
                                   "AND kind = ?2 AND name_id IS NOT NULL LIMIT ?3)")) ||
                   heapdb_prepare(db, &n->text, "SELECT text FROM string WHERE id = ?1") ||
                   heapdb_prepare(db, &n->function,
                                  "SELECT s.text FROM detail d JOIN string s ON s.id = d.name_id "
                                  "WHERE d.object_id = ?1")
               ? STATUS_UNUSABLE
               : 0;
}

int diff_names_new(struct diff_names **out, const struct diff_name_source *source,
                   struct sign *sign)
{
    struct text t = { 0 };
    uint32_t n_types = source->type_names->n;
    *out = NULL;
    struct diff_names *n = calloc(1, sizeof *n);
    if (!n) return message_no_memory("names of objects");
    n->from = *source;
    n->sign = sign;
    n->climb = malloc(NAME_CLIMB_MAX * sizeof *n->climb);
    n->type_text = malloc(((size_t)n_types + 1) * sizeof *n->type_text);
    int status = 0;
    if (!n->climb || !n->type_text) status = message_no_memory("names of objects");
    for (uint32_t i = 0; n->type_text && i < n_types; i++) n->type_text[i] = TEXTS_NONE;
    if (!status) status = read_holders(n, &t) || prepare(n);
    if (!status) status = diff_variables_new(&n->variables, source);
    if (!status) status = diff_names_canon_new(n);
    text_free(&t);
    if (!status && sign->failed) status = message_no_memory("names of objects");
    if (status) {
        diff_names_free(n);
        return STATUS_UNUSABLE;
    }
    *out = n;
    return 0;
}

/* The text of a string, NULL where there is none; valid until sqlite3_reset(n->text). */
static int read_text(struct diff_names *n, int64_t id, const char **name, size_t *length)
{
    *name = NULL;
    *length = 0;
    if (id < 0) return 0;
    sqlite3_bind_int64(n->text, 1, id);
    int got = heapdb_step(n->from.db, n->text);
    if (got == 1) *name = (const char *)sqlite3_column_text(n->text, 0);
    if (*name) *length = (size_t)sqlite3_column_bytes(n->text, 0);
    return got < 0 ? STATUS_UNUSABLE : 0;
}

/* The function of a suspended frame, `main` of a coroutine, and a dot. */
static int add_function(struct diff_names *n, uint32_t source, struct text *out)
{
    sqlite3_bind_int64(n->function, 1, n->from.rows->first_id + (int64_t)source);
    int got = heapdb_step(n->from.db, n->function);
    if (got == 1 && sqlite3_column_type(n->function, 0) != SQLITE_NULL) {
        add_column(out, n->function, 0);
        text_add(out, ".", 1);
    }
    sqlite3_reset(n->function);
    return got < 0 ? STATUS_UNUSABLE : 0;
}

/* Is an object of JavaScript used as a dictionary, `groups[user] = []`? Names of its properties are
 * data, then. Functions are none of it: such objects are what a module exports. */
static int is_dictionary(struct diff_names *n, uint32_t source, uint32_t row, bool *is)
{
    *is = false;
    const uint32_t *type = n->from.rows->type;
    if (!n->dictionary || strcmp(diff_names_of_type(n, type[source]), "Object") != 0 ||
        strcmp(diff_names_of_type(n, type[row]), "Function") == 0)
        return 0;
    uint32_t known = rowmap_get(&n->dictionaries, source);
    if (known == ROWMAP_NONE) {
        sqlite3_bind_int64(n->dictionary, 1, n->from.rows->first_id + (int64_t)source);
        sqlite3_bind_int(n->dictionary, 2, SNAP_EDGE_ATTRIBUTE);
        sqlite3_bind_int(n->dictionary, 3, NAME_PROPERTIES_MAX + 1);
        int got = heapdb_step(n->from.db, n->dictionary);
        known = got == 1 && sqlite3_column_int64(n->dictionary, 0) > NAME_PROPERTIES_MAX;
        sqlite3_reset(n->dictionary);
        if (got < 0) return STATUS_UNUSABLE;
        if (!rowmap_set(&n->dictionaries, source, known)) n->sign->failed = true;
    }
    *is = known;
    return 0;
}

/* Adds a step over an edge of `source` to a row; name_id is negative for none. */
int diff_names_step(struct diff_names *n, uint32_t source, int kind, int64_t name_id,
                    uint32_t parent, uint32_t row, uint32_t *node)
{
    struct text whole = { 0 };
    const char *name;
    size_t length;
    bool local = kind == SNAP_EDGE_LOCAL && name_id >= 0, data = false;
    if (kind == SNAP_EDGE_ATTRIBUTE && is_dictionary(n, source, row, &data))
        return STATUS_UNUSABLE;
    if (data) {
        *node = sign_step(n->sign, parent, SNAP_EDGE_ELEMENT, NULL, 0, diff_names_type(n, row));
        return 0;
    }
    if (local && add_function(n, source, &whole)) return STATUS_UNUSABLE;
    int status = read_text(n, name_id, &name, &length);
    if (local && name) {
        text_add(&whole, name, length);
        name = text_str(&whole);
        length = whole.n;
    }
    if (whole.failed) n->sign->failed = true;
    if (!status) *node = sign_step(n->sign, parent, kind, name, length, diff_names_type(n, row));
    sqlite3_reset(n->text);
    text_free(&whole);
    return status;
}

/* The step from a row's parent to the row, in a path whose last step so far is `parent_node`. */
static int step_down(struct diff_names *n, uint32_t row, uint32_t parent_node, uint32_t *node)
{
    const struct diff_rows *a = n->from.rows;
    sqlite3_bind_int64(n->ref, 1, a->first_id + (int64_t)row);
    int got = heapdb_step(n->from.db, n->ref);
    int status = got < 0 ? STATUS_UNUSABLE : 0;
    if (got == 1) {
        int64_t name = sqlite3_column_type(n->ref, 1) == SQLITE_NULL
                           ? -1
                           : sqlite3_column_int64(n->ref, 1);
        status = diff_names_step(n, a->parent[row], (int)sqlite3_column_int64(n->ref, 0), name,
                          parent_node, row, node);
    } else if (!status) { /* no such reference: a database without them, or a damaged one */
        *node = sign_step(n->sign, parent_node, SNAP_EDGE_ATTRIBUTE, NULL, 0,
                          diff_names_type(n, row));
    }
    sqlite3_reset(n->ref);
    return status;
}

/* The node of a row with a name of its own. A dictionary that is a global itself is the namespace
 * of the module of that name, and gets the signature that it has below the module. */
uint32_t diff_names_own_node(struct diff_names *n, uint32_t row, uint32_t label)
{
    size_t length, type_length = 0;
    const char *s = texts_get(&n->sign->texts, label, &length);
    uint32_t type = diff_names_type(n, row);
    const char *type_name =
        type == TEXTS_NONE ? "" : texts_get(&n->sign->texts, type, &type_length);
    if (type_length != 4 || memcmp(type_name, "dict", 4) != 0)
        return sign_root(n->sign, s, length, type);
    uint32_t module = texts_add(&n->sign->texts, "module", 6);
    return sign_step(n->sign, sign_root(n->sign, s, length, module), SNAP_EDGE_ATTRIBUTE,
                     "__dict__", 8, type);
}

/* The label of what the variable with the name `name_id` of a context is called. */
int diff_names_variable(struct diff_names *n, uint32_t context, int64_t name_id, uint32_t *label)
{
    struct text t = { 0 };
    const char *name;
    size_t length;
    int status = read_text(n, name_id, &name, &length);
    *label = NAME_NO_LABEL;
    if (!status && length)
        status = diff_variables_label(n->variables, context, name, length, &t);
    sqlite3_reset(n->text);
    if (!status && t.n) *label = text_number(n, &t);
    text_free(&t);
    return status;
}

/* Where a row's parent has it in a variable that is a name: its label, else NAME_NO_LABEL. */
static int held_in_variable(struct diff_names *n, uint32_t row, uint32_t *label)
{
    const struct diff_rows *a = n->from.rows;
    *label = NAME_NO_LABEL;
    if (!diff_variables_in(n->variables, a->parent[row])) return 0;
    uint32_t known = rowmap_get(&n->held, row);
    if (known != ROWMAP_NONE) {
        *label = known;
        return 0;
    }
    sqlite3_bind_int64(n->ref, 1, a->first_id + (int64_t)row);
    int got = heapdb_step(n->from.db, n->ref);
    bool named = got == 1 && sqlite3_column_int64(n->ref, 0) == SNAP_EDGE_VARIABLE &&
                 sqlite3_column_type(n->ref, 1) != SQLITE_NULL;
    int64_t name_id = named ? sqlite3_column_int64(n->ref, 1) : -1;
    sqlite3_reset(n->ref);
    if (got < 0 || (named && diff_names_variable(n, a->parent[row], name_id, label)))
        return STATUS_UNUSABLE;
    if (!rowmap_set(&n->held, row, *label)) n->sign->failed = true;
    return 0;
}

uint32_t diff_names_variable_node(struct diff_names *n, uint32_t row, uint32_t label)
{
    size_t length;
    const char *s = texts_get(&n->sign->texts, label, &length);
    return sign_root(n->sign, s, length, diff_names_type(n, row));
}

uint32_t diff_names_root_label(const struct diff_names *n, uint32_t row)
{
    return n->site ? n->site[n->from.rows->stack[row]] : rowmap_get(&n->roots, row);
}

/* Where a climb ends: the node of a row that needs no parent, or SIGN_NONE. `variable` is the label
 * of the variable that it stands in. */
static uint32_t start_at(struct diff_names *n, uint32_t row, uint32_t variable)
{
    const struct diff_rows *a = n->from.rows;
    uint32_t label = rowmap_get(&n->own, row);
    bool is_root = a->parent[row] == 0;
    if (row == 0) return sign_root(n->sign, "(live)", 6, TEXTS_NONE);
    if (row == a->garbage_root) return sign_root(n->sign, "(garbage)", 9, TEXTS_NONE);
    if (label == ROWMAP_NONE && is_root) label = diff_names_root_label(n, row);
    if (label != ROWMAP_NONE) return diff_names_own_node(n, row, label);
    if (variable != NAME_NO_LABEL) return diff_names_variable_node(n, row, variable);
    if (a->parent[row] == HEAP_NONE)
        return sign_root(n->sign, "(garbage)", 9, diff_names_type(n, row));
    if (is_root) return sign_root(n->sign, "<root>", 6, diff_names_type(n, row));
    return SIGN_NONE;
}

/* The signature along the shortest path. */
int diff_names_climb(struct diff_names *n, uint32_t row, uint32_t *node)
{
    const struct diff_rows *a = n->from.rows;
    uint32_t depth = 0, at = row, found, variable;
    for (;;) {
        if ((found = rowmap_get(&n->nodes, at)) != ROWMAP_NONE || n->sign->failed) break;
        if (rowmap_get(&n->own, at) == ROWMAP_NONE) {
            if (diff_names_canonical(n, at, &found)) return STATUS_UNUSABLE;
            if (found != SIGN_NONE) break;
        }
        if (held_in_variable(n, at, &variable)) return STATUS_UNUSABLE;
        if ((found = start_at(n, at, variable)) != SIGN_NONE) break;
        if (depth == NAME_CLIMB_MAX) {
            found = sign_root(n->sign, "(...)", 5, diff_names_type(n, at));
            break;
        }
        n->climb[depth++] = at;
        at = a->parent[at];
    }
    while (depth > 0 && !n->sign->failed) {
        uint32_t below = n->climb[--depth];
        if (step_down(n, below, found, &found)) return STATUS_UNUSABLE;
        if (!rowmap_set(&n->nodes, below, found)) n->sign->failed = true;
    }
    if (n->sign->failed) return message_no_memory("names of objects");
    *node = found;
    return 0;
}

/* Does the shortest path to a row begin with a name that lasts? Of references only those of
 * contexts are looked up. */
int diff_names_is_named(struct diff_names *n, uint32_t row, bool *named)
{
    const struct diff_rows *a = n->from.rows;
    uint32_t label, node;
    *named = true;
    for (uint32_t i = 0; i < NAME_CLIMB_MAX; i++) {
        if (rowmap_get(&n->own, row) != ROWMAP_NONE) return 0;
        if (diff_names_canonical(n, row, &node)) return STATUS_UNUSABLE;
        if (node != SIGN_NONE) return 0;
        if (a->parent[row] == HEAP_NONE) break;
        if (a->parent[row] == 0 && (n->site || rowmap_get(&n->ranks, row) <= RANK_NAMED)) return 0;
        if (a->parent[row] == 0) break;
        if (held_in_variable(n, row, &label)) return STATUS_UNUSABLE;
        if (label != NAME_NO_LABEL) return 0;
        row = a->parent[row];
    }
    *named = false;
    return 0;
}

int diff_names_row(struct diff_names *n, uint32_t row, uint32_t *node)
{
    const struct diff_rows *a = n->from.rows;
    uint32_t found = rowmap_get(&n->found, row);
    if (found != ROWMAP_NONE) {
        *node = found;
        return 0;
    }
    if (diff_names_climb(n, row, node)) return STATUS_UNUSABLE;
    bool named;
    if (row == 0 || a->parent[row] == HEAP_NONE) return 0;
    if (diff_names_is_named(n, row, &named)) return STATUS_UNUSABLE;
    if (named) return 0;
    if (diff_names_search(n, row, node)) return STATUS_UNUSABLE;
    return rowmap_set(&n->found, row, *node) ? 0 : message_no_memory("names of objects");
}

uint64_t diff_names_hash(struct diff_names *n, uint32_t row)
{
    uint32_t node;
    if (n->failed || n->from.rows->parent[row] == HEAP_NONE) return 0;
    if (diff_names_row(n, row, &node)) {
        n->failed = true;
        return 0;
    }
    return n->sign->nodes[node].hash;
}

bool diff_names_failed(const struct diff_names *n)
{
    return n->failed;
}

int diff_names_edge(struct diff_names *n, uint32_t row, struct text *out)
{
    const struct diff_rows *a = n->from.rows;
    if (row == 0 || a->parent[row] == HEAP_NONE || a->parent[row] == 0) return 0;
    uint32_t parent, node;
    if (diff_names_climb(n, a->parent[row], &parent) || step_down(n, row, parent, &node))
        return STATUS_UNUSABLE;
    if (n->sign->failed) return message_no_memory("names of objects");
    size_t length;
    const char *label = texts_get(&n->sign->texts, n->sign->nodes[node].label, &length);
    text_add(out, label, length);
    return 0;
}

int diff_names_other(struct diff_names *n, uint32_t row, uint32_t holder, const uint32_t *matched,
                     uint32_t *node)
{
    uint32_t found = HEAP_NONE;
    int got = 0;
    *node = SIGN_NONE;
    sqlite3_bind_int64(n->referrer, 1, n->from.rows->first_id + (int64_t)row);
    sqlite3_bind_int64(n->referrer, 2, SEARCH_REFERRERS);
    while (found == HEAP_NONE && (got = heapdb_step(n->from.db, n->referrer)) == 1) {
        uint32_t source = diff_names_row_of(n, sqlite3_column_int64(n->referrer, 0));
        bool holds = heapdb_edge_holds(sqlite3_column_int64(n->referrer, 1));
        if (holds && source != HEAP_NONE && source != holder && matched[source] != HEAP_NONE)
            found = source;
    }
    sqlite3_reset(n->referrer);
    if (got < 0) return STATUS_UNUSABLE;
    return found == HEAP_NONE ? 0 : diff_names_row(n, found, node);
}

uint64_t diff_names_label_hash(const struct diff_names *n, uint32_t row)
{
    uint32_t label = rowmap_get(&n->own, row);
    if (label == ROWMAP_NONE && n->from.rows->parent[row] == 0)
        label = diff_names_root_label(n, row);
    return label == ROWMAP_NONE ? 0 : texts_hash(&n->sign->texts, label);
}

const char *diff_names_of_type(const struct diff_names *n, uint32_t type)
{
    return type == HEAP_NONE ? "" : texts_get(n->from.type_names, type, NULL);
}

const char *diff_names_own(const struct diff_names *n, uint32_t row)
{
    uint32_t label = rowmap_get(&n->own, row);
    return label == ROWMAP_NONE ? NULL : texts_get(&n->sign->texts, label, NULL);
}

void diff_names_free(struct diff_names *n)
{
    if (!n) return;
    sqlite3_finalize(n->ref);
    sqlite3_finalize(n->referrer);
    sqlite3_finalize(n->behind);
    sqlite3_finalize(n->dictionary);
    rowmap_free(&n->dictionaries);
    sqlite3_finalize(n->text);
    sqlite3_finalize(n->function);
    rowmap_free(&n->own);
    rowmap_free(&n->roots);
    rowmap_free(&n->ranks);
    rowmap_free(&n->held);
    diff_variables_free(n->variables);
    diff_names_canon_free(n);
    rowmap_free(&n->nodes);
    rowmap_free(&n->found);
    free(n->climb);
    free(n->type_text);
    free(n->site);
    free(n);
}
