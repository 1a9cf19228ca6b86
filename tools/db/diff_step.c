/* SPDX-License-Identifier: MIT */
/* Steps for matching by signature: one pass over the strings, one over the names of objects, one
 * over the references in the order of their key. */
#include "db/diff_step.h"

#include <stdlib.h>

#include <snap/format.h>

#include "cli/message.h"

enum { STRING_IDS_MAX = 1 << 30 };

struct stepping {
    const struct diff_rows *rows;
    uint64_t *label;  /* [n_rows], in the caller's step[] */
    uint64_t *string; /* [n_strings] hash by string id */
    uint64_t n_strings;
    bool data_keys;
};

static void take_string(sqlite3_context *c, int n, sqlite3_value **v)
{
    struct stepping *s = sqlite3_user_data(c);
    uint64_t id = (uint64_t)sqlite3_value_int64(v[0]);
    const char *text = (const char *)sqlite3_value_text(v[1]);
    (void)n;
    if (id < s->n_strings && text)
        s->string[id] = texts_hash_bytes(text, (size_t)sqlite3_value_bytes(v[1]));
}

static uint64_t string_hash(const struct stepping *s, sqlite3_value *v)
{
    uint64_t id = (uint64_t)sqlite3_value_int64(v);
    return sqlite3_value_type(v) != SQLITE_NULL && id < s->n_strings ? s->string[id] : 0;
}

/* A reference counts where it is the shortest path's and comes from the dominator. */
static void take_ref(sqlite3_context *c, int n, sqlite3_value **v)
{
    struct stepping *s = sqlite3_user_data(c);
    const struct diff_rows *o = s->rows;
    (void)n;
    uint64_t target = (uint64_t)sqlite3_value_int64(v[2]) - (uint64_t)o->first_id;
    if (target >= o->n_rows) return;
    uint64_t source = (uint64_t)sqlite3_value_int64(v[0]) - (uint64_t)o->first_id;
    if (o->parent[target] != source || o->dominator[target] != source ||
        o->parent_position[target] != (uint64_t)sqlite3_value_int64(v[1]))
        return;
    int64_t kind = sqlite3_value_int64(v[3]);
    uint64_t name = string_hash(s, v[4]);
    if (kind == SNAP_EDGE_ELEMENT || kind == SNAP_EDGE_EPHEMERON || kind == SNAP_EDGE_KEY ||
        (kind == SNAP_EDGE_VALUE && s->data_keys))
        name = 0;
    s->label[target] = heap_mix((uint64_t)kind, name);
}

static void take_name(sqlite3_context *c, int n, sqlite3_value **v)
{
    struct stepping *s = sqlite3_user_data(c);
    uint64_t row = (uint64_t)sqlite3_value_int64(v[0]) - (uint64_t)s->rows->first_id;
    (void)n;
    if (row < s->rows->n_rows) s->label[row] = heap_mix(1000, string_hash(s, v[1]));
}

static void take_end(sqlite3_context *c)
{
    sqlite3_result_null(c);
}

static int scan(struct heapdb *db, struct stepping *s, int n_args,
                void (*take)(sqlite3_context *, int, sqlite3_value **), const char *sql)
{
    sqlite3_stmt *q = NULL;
    if (sqlite3_create_function_v2(db->sqlite, "diff_step", n_args, SQLITE_UTF8 | SQLITE_DIRECTONLY,
                                   s, NULL, take, take_end, NULL) != SQLITE_OK)
        return heapdb_error(db, "reading the references");
    int status = heapdb_prepare(db, &q, sql);
    if (!status) {
        sqlite3_bind_int64(q, 1, s->rows->first_id);
        sqlite3_bind_int64(q, 2, s->rows->first_id + (int64_t)s->rows->n_rows - 1);
        if (heapdb_step(db, q) < 0) status = STATUS_UNUSABLE;
    }
    sqlite3_finalize(q);
    sqlite3_create_function_v2(db->sqlite, "diff_step", n_args, SQLITE_UTF8, NULL, NULL, NULL, NULL,
                               NULL);
    return status;
}

static int load_strings(struct heapdb *db, struct stepping *s)
{
    int64_t last = 0;
    if (heapdb_number(db, "SELECT max(id) FROM string", 0, &last) < 0) return STATUS_UNUSABLE;
    if (last < 0 || last > STRING_IDS_MAX)
        return heapdb_damaged(db, "its string ids do not fit its strings");
    s->n_strings = (uint64_t)last + 1;
    s->string = calloc((size_t)s->n_strings, sizeof *s->string);
    if (!s->string) return message_no_memory("the names of references");
    return scan(db, s, 2, take_string,
                "SELECT diff_step(id, text) FROM string "
                "WHERE ?1 IS NOT NULL AND ?2 IS NOT NULL");
}

/* Puts type and own name into the steps. False without memory. */
static bool add_types(const struct diff_name_source *source, const struct diff_names *names,
                      uint64_t *step)
{
    const struct diff_rows *o = source->rows;
    uint32_t n_types = source->type_names->n;
    uint64_t *type = malloc(((size_t)n_types + 1) * sizeof *type);
    if (!type) return false;
    for (uint32_t i = 0; i < n_types; i++) type[i] = texts_hash(source->type_names, i);
    /* A block of another size is another block, wherever it was allocated. */
    bool traced = diff_names_is_traced(names);
    for (uint32_t i = 0; i < o->n_rows; i++) {
        uint64_t named = diff_names_label_hash(names, i);
        if (named) step[i] = heap_mix(2000, named);
        if (traced) step[i] = heap_mix(step[i], o->shallow[i]);
        step[i] = heap_mix(o->type[i] == HEAP_NONE ? 0 : type[o->type[i]], step[i]);
    }
    free(type);
    return true;
}

/* Rows come with siblings by retained size descending, so the first below the root are the largest.
 */
static int add_paths(const struct diff_rows *o, struct diff_names *names, uint64_t *step)
{
    uint32_t named = 0;
    for (uint32_t row = 1; row < o->garbage_root && named < STEP_NAMED_MAX;
         row = o->last[row] + 1) {
        if (diff_names_own(names, row)) continue;
        uint64_t hash = diff_names_hash(names, row);
        if (hash) step[row] = heap_mix(3000, hash);
        named++;
    }
    return diff_names_failed(names) ? STATUS_UNUSABLE : 0;
}

int diff_steps_read(const struct diff_name_source *source, const struct diff_names *names,
                    bool data_keys, uint64_t *step)
{
    const struct diff_rows *o = source->rows;
    struct stepping s = { .rows = o, .label = step, .data_keys = data_keys };
    for (uint32_t i = 0; i < o->n_rows; i++) step[i] = 0;
    int status = load_strings(source->db, &s);
    if (!status)
        status = scan(source->db, &s, 5, take_ref,
                      "SELECT diff_step(source_id, position, target_id, kind, name_id) FROM ref "
                      "WHERE source_id BETWEEN ?1 AND ?2");
    if (!status)
        status = scan(source->db, &s, 2, take_name,
                      "SELECT diff_step(object_id, name_id) FROM detail "
                      "WHERE object_id BETWEEN ?1 AND ?2 AND name_id IS NOT NULL");
    free(s.string);
    if (!status && !add_types(source, names, step)) status = message_no_memory("the types");
    return status;
}

int diff_steps_finish(const struct diff_name_source *source, struct diff_names *names,
                      uint64_t *step)
{
    return diff_names_is_traced(names) ? 0 : add_paths(source->rows, names, step);
}
