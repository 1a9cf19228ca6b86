/* SPDX-License-Identifier: MIT */
/*
 * One object with its names, its shortest path, and what it retains by type; see heapdb.h.
 */
#include <stdlib.h>
#include <string.h>

#include <snap/format.h>

#include "cli/message.h"
#include "db/heapdb.h"

/* A copy of a text column; NULL for null, and (with *failed) without memory. */
static char *copy_text(sqlite3_stmt *q, int column, bool *failed)
{
    const char *text = (const char *)sqlite3_column_text(q, column);
    if (!text) return NULL;
    char *copy = malloc(strlen(text) + 1);
    if (!copy)
        *failed = true;
    else
        memcpy(copy, text, strlen(text) + 1);
    return copy;
}

/* A number and whether there is one. */
static int64_t number_of(sqlite3_stmt *q, int column, bool *has)
{
    *has = sqlite3_column_type(q, column) != SQLITE_NULL;
    return sqlite3_column_int64(q, column);
}

static const char object_sql[] =
    "SELECT o.id, o.snapshot_id, o.type_id, o.address, o.shallow_size, o.retained_size,"
    " o.last_dominated, o.flags, o.native_size, o.retained_native, o.distance, o.dominator_id,"
    " o.parent_id, o.parent_position, o.component_id, o.stack_id, o.external_refs, o.refcount,"
    " o.generation, (SELECT name FROM type WHERE id = o.type_id),"
    " (SELECT module FROM type WHERE id = o.type_id),"
    " (SELECT s.text FROM detail d JOIN string s ON s.id = d.name_id WHERE d.object_id = o.id),"
    " (SELECT length FROM detail WHERE object_id = o.id),"
    " (SELECT capacity FROM detail WHERE object_id = o.id),"
    " (SELECT bound FROM detail WHERE object_id = o.id),"
    " (SELECT resource FROM detail WHERE object_id = o.id),"
    " (SELECT state FROM detail WHERE object_id = o.id),"
    " o.id > (SELECT garbage_root_id FROM snapshot WHERE id = o.snapshot_id)"
    " FROM object o WHERE o.id = ?";

static bool read_object(sqlite3_stmt *q, struct heapdb_object *o)
{
    bool ignored, failed = false;
    *o = (struct heapdb_object){
        .id = sqlite3_column_int64(q, 0),
        .snapshot_id = sqlite3_column_int64(q, 1),
        .type_id = sqlite3_column_int64(q, 2),
        .shallow_size = sqlite3_column_int64(q, 4),
        .retained_size = sqlite3_column_int64(q, 5),
        .last_dominated = sqlite3_column_int64(q, 6),
        .flags = sqlite3_column_int64(q, 7),
    };
    o->retained_count = o->last_dominated - o->id + 1;
    o->address = (uint64_t)number_of(q, 3, &o->has_address);
    o->native_size = number_of(q, 8, &o->has_native);
    o->retained_native = number_of(q, 9, &o->has_retained_native);
    o->distance = number_of(q, 10, &o->has_distance);
    o->dominator_id = number_of(q, 11, &o->has_dominator);
    o->parent_id = number_of(q, 12, &o->has_parent);
    o->parent_position = number_of(q, 13, &ignored);
    o->component_id = number_of(q, 14, &o->has_component);
    o->stack_id = number_of(q, 15, &o->has_stack);
    o->external_refs = number_of(q, 16, &o->has_external_refs);
    o->refcount = number_of(q, 17, &o->has_refcount);
    o->generation = number_of(q, 18, &o->has_generation);
    o->type = copy_text(q, 19, &failed);
    o->module = copy_text(q, 20, &failed);
    o->name = copy_text(q, 21, &failed);
    o->length = number_of(q, 22, &o->has_length);
    o->capacity = number_of(q, 23, &o->has_capacity);
    o->bound = number_of(q, 24, &o->has_bound);
    o->resource = number_of(q, 25, &o->has_resource);
    o->state = number_of(q, 26, &o->has_state);
    o->is_garbage = sqlite3_column_int(q, 27) != 0;
    o->virtual_root = !o->has_dominator;
    return !failed;
}

int heapdb_object(struct heapdb *db, int64_t id, struct heapdb_object *out)
{
    sqlite3_stmt *q;
    *out = (struct heapdb_object){ 0 };
    int status = heapdb_prepare(db, &q, object_sql);
    if (status) return status;
    sqlite3_bind_int64(q, 1, id);
    int got = heapdb_step(db, q);
    if (got < 0)
        status = STATUS_UNUSABLE;
    else if (got == 0)
        status = message_error(db->path, MESSAGE_NO_OFFSET, NULL, "there is no object #%lld",
                               (long long)id);
    else if (!read_object(q, out))
        status = message_no_memory("an object");
    sqlite3_finalize(q);
    if (status) heapdb_object_free(out);
    return status;
}

void heapdb_object_free(struct heapdb_object *o)
{
    free(o->type);
    free(o->module);
    free(o->name);
    *o = (struct heapdb_object){ 0 };
}

/* ---- the shortest path --------------------------------------------------------------------- */

static const char step_sql[] =
    "SELECT o.parent_id, o.distance, o.shallow_size, o.retained_size,"
    " (SELECT name FROM type WHERE id = o.type_id),"
    " CASE WHEN o.distance = 1 THEN (SELECT (SELECT name FROM root_kind WHERE id = r.kind) ||"
    "   coalesce(' ' || (SELECT text FROM string WHERE id = r.name_id), '')"
    "   FROM root r WHERE r.object_id = o.id ORDER BY r.id LIMIT 1)"
    " ELSE (SELECT label FROM refs WHERE source_id = o.parent_id AND position = o.parent_position)"
    " END,"
    " CASE WHEN o.distance = 1 THEN (SELECT kind FROM root WHERE object_id = o.id"
    "   ORDER BY id LIMIT 1) ELSE 0 END"
    " FROM object o WHERE o.id = ?";

/* Reads the step of object `id`; *parent is the one before it, *distance its place on the path (0:
 * no row, or not on any path). */
static int read_step(struct heapdb *db, sqlite3_stmt *q, int64_t id, struct heapdb_step *s,
                     int64_t *parent, int64_t *distance)
{
    bool failed = false;
    *s = (struct heapdb_step){ .id = id };
    *distance = 0;
    sqlite3_reset(q);
    sqlite3_bind_int64(q, 1, id);
    int got = heapdb_step(db, q);
    if (got < 0) return STATUS_UNUSABLE;
    if (got == 0) return 0;
    *parent = sqlite3_column_int64(q, 0);
    *distance = sqlite3_column_int64(q, 1);
    s->shallow_size = sqlite3_column_int64(q, 2);
    s->retained_size = sqlite3_column_int64(q, 3);
    s->type = copy_text(q, 4, &failed);
    s->label = copy_text(q, 5, &failed);
    s->root_kind = sqlite3_column_int(q, 6);
    return failed ? message_no_memory("a path") : 0;
}

static void reverse(struct heapdb_step *s, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        struct heapdb_step swap = s[i];
        s[i] = s[n - 1 - i];
        s[n - 1 - i] = swap;
    }
}

int heapdb_shortest_path(struct heapdb *db, int64_t id, size_t limit, struct heapdb_path *out)
{
    sqlite3_stmt *q;
    size_t cap = 0;
    int64_t distance = 0, before = 0;
    *out = (struct heapdb_path){ 0 };
    int status = heapdb_prepare(db, &q, step_sql);
    if (status) return status;
    while (out->n < limit) {
        if (out->n == cap) {
            size_t more = cap ? cap * 2 : 16;
            struct heapdb_step *p = realloc(out->steps, more * sizeof *p);
            if (!p) {
                status = message_no_memory("a path");
                break;
            }
            out->steps = p;
            cap = more;
        }
        struct heapdb_step *s = &out->steps[out->n];
        int64_t parent = 0;
        status = read_step(db, q, id, s, &parent, &distance);
        out->n++;
        if (status) break;
        /* Distances fall by one with each step, so that a damaged database ends here too. */
        if (distance < 1 || (before && distance != before - 1)) {
            if (before)
                status = heapdb_damaged(db, "the path of object #%lld does not lead to a root",
                                        (long long)id);
            free(s->type);
            free(s->label);
            out->n--;
            break;
        }
        if (!before) out->length = distance;
        before = distance;
        if (distance == 1) break;
        id = parent;
    }
    sqlite3_finalize(q);
    if (status)
        heapdb_path_free(out);
    else
        reverse(out->steps, out->n);
    return status;
}

void heapdb_path_free(struct heapdb_path *p)
{
    for (size_t i = 0; i < p->n; i++) {
        free(p->steps[i].type);
        free(p->steps[i].label);
    }
    free(p->steps);
    *p = (struct heapdb_path){ 0 };
}

/* ---- what an object retains ---------------------------------------------------------------- */

/* ids :a .. :b; :b0 and :b1 are the blocks whose ends lie in the range, where there are any. The
 * virtual roots are in no list: a type that only they have is left out by its kind of name. */
static const char by_blocks[] =
    "SELECT h.type_id, (SELECT name FROM type WHERE id = h.type_id), sum(h.n), sum(h.s) FROM ("
    " SELECT type_id, n, shallow_size AS s FROM type_prefix WHERE block = :b1"
    " UNION ALL SELECT type_id, -n, -shallow_size FROM type_prefix WHERE block = :b0"
    " UNION ALL SELECT type_id, count(*), sum(shallow_size) FROM object"
    "   WHERE id BETWEEN :a AND :b0 * 32768 AND dominator_id IS NOT NULL GROUP BY 1"
    " UNION ALL SELECT type_id, count(*), sum(shallow_size) FROM object"
    "   WHERE id BETWEEN :b1 * 32768 + 1 AND :b AND dominator_id IS NOT NULL GROUP BY 1) h"
    " GROUP BY h.type_id HAVING sum(h.n) > 0 ORDER BY 4 DESC, 1";

static const char by_rows[] =
    "SELECT type_id, (SELECT name FROM type WHERE id = type_id), count(*), sum(shallow_size)"
    " FROM object WHERE id BETWEEN :a AND :b AND dominator_id IS NOT NULL"
    " GROUP BY type_id ORDER BY 4 DESC, 1";

static void bind_named(sqlite3_stmt *q, const char *name, int64_t value)
{
    int at = sqlite3_bind_parameter_index(q, name);
    if (at) sqlite3_bind_int64(q, at, value);
}

int heapdb_retained_types(struct heapdb *db, int64_t id, sqlite3_stmt **out)
{
    int64_t last;
    *out = NULL;
    int got = heapdb_number(db, "SELECT last_dominated FROM object WHERE id = ?", id, &last);
    if (got < 0) return STATUS_UNUSABLE;
    if (got > 0)
        return message_error(db->path, MESSAGE_NO_OFFSET, NULL, "there is no object #%lld",
                             (long long)id);
    int64_t b0 = (id - 1 + HEAPDB_PREFIX_IDS - 1) / HEAPDB_PREFIX_IDS;
    int64_t b1 = last / HEAPDB_PREFIX_IDS;
    int status = heapdb_prepare(db, out, b1 > b0 ? by_blocks : by_rows);
    if (status) return status;
    bind_named(*out, ":a", id);
    bind_named(*out, ":b", last);
    bind_named(*out, ":b0", b0);
    bind_named(*out, ":b1", b1);
    return 0;
}
