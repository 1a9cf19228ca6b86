/* SPDX-License-Identifier: MIT */
/* Names in a V8 heap snapshot that is written, and kinds of nodes by type; heapsnapshot.h. */
#include <stdlib.h>
#include <string.h>

#include <snap/format.h>

#include "cli/message.h"
#include "export/heapsnapshot.h"

/* ---- types --------------------------------------------------------------------------------- */

struct v8_name {
    const char *name;
    enum v8_out_node kind;
    snap_type_kind as;
};

/* What the importer calls V8's nodes whose names are contents, or that have none. */
static const struct v8_name v8_unnamed[] = {
    { "(string)", OUT_STRING, SNAP_TYPE_STRING },
    { "(concatenated string)", OUT_CONCATENATED, SNAP_TYPE_STRING },
    { "(sliced string)", OUT_SLICED, SNAP_TYPE_STRING },
    { "RegExp", OUT_REGEXP, SNAP_TYPE_BUILTIN },
    { "(number)", OUT_NUMBER, SNAP_TYPE_BUILTIN },
    { "(symbol)", OUT_SYMBOL, SNAP_TYPE_BUILTIN },
    { "(bigint)", OUT_BIGINT, SNAP_TYPE_BUILTIN },
    { "(root)", OUT_SYNTHETIC, SNAP_TYPE_INTERNAL },
    { "(object shape)", OUT_SHAPE, SNAP_TYPE_INTERNAL },
    { "(system)", OUT_HIDDEN, SNAP_TYPE_INTERNAL },
    { "(array)", OUT_ARRAY, SNAP_TYPE_ARRAY },
    { "(object)", OUT_OBJECT, SNAP_TYPE_CLASS },
    { "(native)", OUT_NATIVE, SNAP_TYPE_NATIVE },
    { "Function", OUT_CLOSURE, SNAP_TYPE_CODE },
    { "(compiled code)", OUT_CODE, SNAP_TYPE_CODE },
    { "(unknown)", OUT_HIDDEN, SNAP_TYPE_OTHER },
    { NULL, OUT_HIDDEN, SNAP_TYPE_OTHER },
};

/* V8's internal objects in files of before types told their kinds: what belongs to hidden classes;
 * what is called `system / ` otherwise is hidden. What is neither, and has no size, is synthetic. */
static const char *const v8_shapes[] = {
    "system / Map", "system / DescriptorArray", "system / StrongDescriptorArray",
    "system / TransitionArray", "system / PrototypeInfo", "system / EnumCache", "(enum cache)",
    "system / Cell", "system / WeakArrayList", "system / WeakFixedArray", NULL,
};

static bool starts_with(const char *s, const char *start)
{
    return strncmp(s, start, strlen(start)) == 0;
}

static enum v8_out_node v8_named(const struct v8_out *x, int64_t kind, int64_t flags,
                                 const char *name)
{
    switch (kind) {
    case SNAP_TYPE_ARRAY: return OUT_ARRAY;
    case SNAP_TYPE_STRING: return OUT_STRING;
    case SNAP_TYPE_CODE: return OUT_CODE;
    case SNAP_TYPE_NATIVE: return OUT_NATIVE;
    case SNAP_TYPE_INTERNAL: break;
    case SNAP_TYPE_OTHER: return OUT_HIDDEN;
    default: return OUT_OBJECT;
    }
    if (flags & SNAP_TYPE_SHAPE) return OUT_SHAPE;
    if (x->kinds_told) return flags & SNAP_TYPE_SYNTHETIC ? OUT_SYNTHETIC : OUT_HIDDEN;
    size_t n = strlen(name);
    bool of_string = n > 7 && strcmp(name + n - 7, "String)") == 0; /* V8's own maps */
    for (const char *const *s = v8_shapes; *s && !of_string; s++)
        if (starts_with(name, *s)) return OUT_SHAPE;
    return starts_with(name, "system / ") ? OUT_HIDDEN : OUT_SYNTHETIC;
}

static void v8_type(const struct v8_out *x, struct out_type *t, int64_t kind, int64_t flags,
                    const char *name)
{
    for (const struct v8_name *v = v8_unnamed; v->name; v++) {
        if (kind != (int64_t)v->as || strcmp(name, v->name) != 0) continue;
        t->kind = (uint8_t)v->kind;
        t->unnamed = true;
        t->is_string = t->own_name = true;
        return;
    }
    t->kind = (uint8_t)v8_named(x, kind, flags, name);
}

/* Other runtimes' objects are objects by the name of their type, so that DevTools groups and sizes
 * them by it; but functions, classes (as V8 has them, its constructors), Python's modules and strings
 * that have names and contents. */
static void other_type(struct out_type *t, int64_t kind, const char *name)
{
    bool is_module = kind == SNAP_TYPE_BUILTIN && strcmp(name, "module") == 0;
    t->kind = kind == SNAP_TYPE_NATIVE ? OUT_NATIVE : is_module ? OUT_CODE : OUT_OBJECT;
    t->own_name = kind == SNAP_TYPE_CODE || kind == SNAP_TYPE_META || is_module;
    t->is_string = kind == SNAP_TYPE_STRING;
}

static int add_type(struct v8_out *x, sqlite3_stmt *q)
{
    struct out_type t = { .name = x->type_names.n };
    const char *name = (const char *)sqlite3_column_text(q, 1);
    int64_t kind = sqlite3_column_int64(q, 3);
    if (x->n_types == x->type_capacity) {
        size_t more = x->type_capacity ? x->type_capacity * 2 : 256;
        struct out_type *types = realloc(x->types, more * sizeof *types);
        if (!types) return message_no_memory("the types");
        x->types = types;
        x->type_capacity = more;
    }
    if (x->is_v8)
        v8_type(x, &t, kind, sqlite3_column_int64(q, 4), name ? name : "");
    else
        other_type(&t, kind, name ? name : "");
    if (!t.unnamed) subject_type(&x->type_names, (const char *)sqlite3_column_text(q, 2), name);
    text_add(&x->type_names, "", 1);
    uint64_t *index = u64map_put(&x->type_of, (uint64_t)sqlite3_column_int64(q, 0), NULL);
    if (!index || x->type_names.failed) return message_no_memory("the types");
    x->types[x->n_types++] = t;
    *index = x->n_types;
    return STATUS_DONE;
}

/* How many strings the database numbers. */
static int load_max(struct v8_out *x)
{
    int64_t max = 0, n = 0;
    if (heapdb_number(x->db, "SELECT max(id) FROM string", 0, &max) < 0 ||
        heapdb_number(x->db, "SELECT count(*) FROM string", 0, &n) < 0)
        return STATUS_UNUSABLE;
    if (max < 0 || max > 2 * n + 4096 || max > UINT32_MAX / 4)
        return heapdb_damaged(x->db, "strings are numbered with gaps");
    x->max_db_string = (uint64_t)max;
    x->used = calloc((size_t)max / 8 + 1, 1);
    return x->used ? STATUS_DONE : message_no_memory("the names");
}

int out_names_load(struct v8_out *x)
{
    _Static_assert((SNAP_TYPE_SHAPE | SNAP_TYPE_SYNTHETIC) == 96, "as the query below has it");
    sqlite3_stmt *q;
    int64_t told = 0;
    if (x->is_v8 &&
        heapdb_number(x->db, "SELECT max(flags & 96) FROM type WHERE snapshot_id = ?1",
                      x->job->subject->snapshot->id, &told) < 0)
        return STATUS_UNUSABLE;
    x->kinds_told = told != 0; /* SNAP_TYPE_SHAPE, _SYNTHETIC: the root is one */
    int more, status = heapdb_prepare(x->db, &q,
                                      "SELECT id, name, module, kind, flags FROM type"
                                      " WHERE snapshot_id = ?1 ORDER BY id");
    if (status) return status;
    sqlite3_bind_int64(q, 1, x->job->subject->snapshot->id);
    while (!status && (more = heapdb_step(x->db, q)) != 0)
        status = more < 0 ? STATUS_UNUSABLE : add_type(x, q);
    sqlite3_finalize(q);
    if (!status) status = load_max(x);
    x->first_db_string = OUT_S_TYPES + x->n_types;
    x->first_value = x->first_db_string + x->max_db_string + 1;
    return status;
}

const struct out_type *out_type(struct v8_out *x, int64_t type_id)
{
    const uint64_t *index = u64map_get(&x->type_of, (uint64_t)type_id);
    if (index) return &x->types[*index - 1];
    heapdb_damaged(x->db, "there is no type %lld", (long long)type_id);
    return NULL;
}

uint32_t out_type_string(const struct v8_out *x, const struct out_type *type)
{
    return type->unnamed ? OUT_S_EMPTY : OUT_S_TYPES + (uint32_t)(type - x->types);
}

int out_db_string(struct v8_out *x, int64_t id, uint32_t *index)
{
    if (id < 0 || (uint64_t)id > x->max_db_string)
        return heapdb_damaged(x->db, "there is no string %lld", (long long)id);
    x->used[id / 8] |= (uint8_t)(1 << id % 8);
    *index = (uint32_t)(x->first_db_string + (uint64_t)id);
    return STATUS_DONE;
}

/* ---- the table ----------------------------------------------------------------------------- */

static void put(struct v8_out *x, const char *s, size_t n)
{
    emit_text(&x->e, ",\n");
    x->names_cut += emit_json(&x->e, s, n, OUT_NAME_BYTES);
}

void out_string(struct v8_out *x, const char *s)
{
    put(x, s, strlen(s));
}

/* The strings of our own, up to the types. */
static void put_fixed(struct v8_out *x)
{
    static const char *const own[] = { "", "(GC roots)", "(garbage)", "(unreachable)",
                                       "part of key -> value pair in WeakMap", "(root)" };
    emit_text(&x->e, "\"strings\":[\"<dummy>\"");
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) out_string(x, own[i]);
    for (int i = 0; i < OUT_EDGE_KINDS; i++) out_string(x, heapdb_edge_kind(i));
    for (int i = 0; i < OUT_ROOT_KINDS; i++) {
        char name[64];
        snprintf(name, sizeof name, "(%s)",
                 i < x->n_root_kinds ? heapdb_root_kind(x->root_kind[i]) : "");
        out_string(x, i < x->n_root_kinds ? name : "");
    }
    for (size_t i = 0; i < x->n_types; i++) out_string(x, x->type_names.s + x->types[i].name);
}

/* Strings of the database that are named; empty ones stand for the others. */
static int put_db_strings(struct v8_out *x)
{
    sqlite3_stmt *q;
    int more = 1, status = heapdb_prepare(x->db, &q, "SELECT id, text FROM string WHERE id >= 0"
                                                     " ORDER BY id");
    uint64_t next = 0;
    while (!status && !x->e.failed && (more = heapdb_step(x->db, q)) == 1) {
        uint64_t id = (uint64_t)sqlite3_column_int64(q, 0);
        if (id > x->max_db_string) break;
        while (next < id) {
            out_string(x, "");
            next++;
        }
        bool used = x->used[id / 8] >> id % 8 & 1;
        const char *s = used ? (const char *)sqlite3_column_text(q, 1) : NULL;
        put(x, s ? s : "", s ? (size_t)sqlite3_column_bytes(q, 1) : 0);
        next++;
    }
    for (; next <= x->max_db_string; next++) out_string(x, "");
    sqlite3_finalize(q);
    return more < 0 ? STATUS_UNUSABLE : status;
}

/* Contents, in the order in which the nodes named them. */
static int put_values(struct v8_out *x)
{
    sqlite3_stmt *q;
    uint64_t n = 0;
    int more = 1, status;
    if (!x->n_values) return STATUS_DONE;
    status = heapdb_prepare(x->db, &q,
                            "SELECT d.value FROM detail d WHERE d.object_id BETWEEN ?1 AND ?2"
                            " AND d.value IS NOT NULL ORDER BY d.object_id");
    if (status) return status;
    sqlite3_bind_int64(q, 1, x->live);
    sqlite3_bind_int64(q, 2, x->last);
    while (n < x->n_values && !x->e.failed && (more = heapdb_step(x->db, q)) == 1) {
        put(x, (const char *)sqlite3_column_text(q, 0), (size_t)sqlite3_column_bytes(q, 0));
        n++;
    }
    sqlite3_finalize(q);
    return more < 0 ? STATUS_UNUSABLE : status;
}

int out_strings(struct v8_out *x)
{
    put_fixed(x);
    int status = put_db_strings(x);
    if (!status) status = put_values(x);
    if (!status) out_trace_strings(x);
    emit_text(&x->e, "]");
    return status;
}
