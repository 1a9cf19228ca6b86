/* SPDX-License-Identifier: MIT */
/* One step of a path with all its names; the contract is in graph_chain.h. O(log rows) a step. */
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "graph_chain.h"
#include "snap/format.h"

int graph_steps_begin(struct graph_steps *r, struct heapdb *db)
{
    *r = (struct graph_steps){ .db = db };
    int status = heapdb_prepare(
        db, &r->object,
        "SELECT t.name, t.module, o.shallow_size, o.retained_size,"
        " (SELECT s.text FROM detail d JOIN string s ON s.id = d.name_id WHERE d.object_id = o.id),"
        " t.kind, o.flags FROM object o JOIN type t ON t.id = o.type_id WHERE o.id = ?");
    if (!status)
        status = heapdb_prepare(
            db, &r->ref,
            "SELECT r.kind, (SELECT text FROM string WHERE id = r.name_id), r.key, r.target_id"
            " FROM ref r WHERE r.source_id = ?1 AND r.position = ?2");
    if (!status)
        status = heapdb_prepare(
            db, &r->root,
            "SELECT r.kind, (SELECT text FROM string WHERE id = r.name_id),"
            " (SELECT coalesce(name, 'thread ' || runtime_id) FROM thread WHERE id = r.thread_id),"
            " f.function, f.file, f.line"
            " FROM root r LEFT JOIN frame f ON f.id = r.frame_id WHERE r.object_id = ?"
            " ORDER BY r.id");
    if (status) graph_steps_end(r);
    return status;
}

void graph_steps_end(struct graph_steps *r)
{
    sqlite3_finalize(r->object);
    sqlite3_finalize(r->ref);
    sqlite3_finalize(r->root);
    variables_free(r->variables);
    *r = (struct graph_steps){ 0 };
}

void graph_step_free(struct graph_step *s)
{
    free(s->type);
    free(s->module);
    free(s->name);
    free(s->edge_name);
    free(s->variable);
    free(s->root_name);
    free(s->thread);
    free(s->function);
    free(s->file);
    *s = (struct graph_step){ 0 };
}

/* A copy of a column's text, NULL for null; *failed is set without memory. */
static char *step_text(sqlite3_stmt *q, int column, bool *failed)
{
    const char *s = (const char *)sqlite3_column_text(q, column);
    if (!s) return NULL;
    char *copy = strdup(s);
    if (!copy) *failed = true;
    return copy;
}

/* How much a kind of root tells a reader; smaller is better. */
static int step_rank(int64_t kind)
{
    static const int64_t order[] = {
        SNAP_ROOT_GLOBAL,        SNAP_ROOT_LOCAL,       SNAP_ROOT_TASK,
        SNAP_ROOT_CALLBACK,      SNAP_ROOT_THREAD,      SNAP_ROOT_THREAD_BLOCK,
        SNAP_ROOT_NATIVE_GLOBAL, SNAP_ROOT_NATIVE_LOCAL, SNAP_ROOT_NATIVE_STACK,
        SNAP_ROOT_MONITOR,       SNAP_ROOT_FINALIZING,  SNAP_ROOT_DEBUGGER,
        SNAP_ROOT_TYPE,          SNAP_ROOT_RUNTIME,     SNAP_ROOT_EXTERNAL,
        SNAP_ROOT_INTERNED,      SNAP_ROOT_IMMORTAL,
    };
    int n = (int)(sizeof order / sizeof order[0]);
    for (int i = 0; i < n; i++)
        if (order[i] == kind) return i;
    return n;
}

/* Of the roots of an object only so many are looked at: a hub may have millions. */
enum { STEP_ROOTS_MAX = 1000 };

static int step_root(struct graph_steps *r, int64_t id, struct graph_step *out, bool *failed)
{
    int best = -1, more = 0, seen = 0;
    sqlite3_reset(r->root);
    sqlite3_bind_int64(r->root, 1, id);
    while (seen++ < STEP_ROOTS_MAX && (more = heapdb_step(r->db, r->root)) == 1) {
        int rank = step_rank(sqlite3_column_int64(r->root, 0));
        if (best >= 0 && rank >= best) continue;
        best = rank;
        free(out->root_name);
        free(out->thread);
        free(out->function);
        free(out->file);
        out->root_kind = sqlite3_column_int(r->root, 0);
        out->root_name = step_text(r->root, 1, failed);
        out->thread = step_text(r->root, 2, failed);
        out->function = step_text(r->root, 3, failed);
        out->file = step_text(r->root, 4, failed);
        out->line = sqlite3_column_int64(r->root, 5);
    }
    sqlite3_reset(r->root);
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

/* Is the object at hand a class or module of Ruby? Metaclasses of these names, without a module, are
 * its alone. */
static bool step_is_class(struct graph_steps *r, const struct graph_step *out)
{
    return out->name && out->type && !out->module &&
           sqlite3_column_int64(r->object, 5) == SNAP_TYPE_META &&
           (sqlite3_column_int64(r->object, 6) & SNAP_OBJECT_CLASS) &&
           (strcmp(out->type, "Class") == 0 || strcmp(out->type, "Module") == 0);
}

/* The name of a reference that is a variable. */
static int step_variable(struct graph_steps *r, int64_t source, struct graph_step *out)
{
    struct text t = { 0 };
    int status = STATUS_DONE;
    bool may_be = out->edge_kind == SNAP_EDGE_STATIC || out->edge_kind == SNAP_EDGE_VARIABLE;
    if (!may_be || !out->edge_name || out->variable) return status;
    if (!r->variables) status = variables_new(&r->variables, r->db);
    if (!status) status = variables_name(r->variables, source, out->edge_kind, out->edge_name, &t);
    if (!status && t.failed) status = message_no_memory("a path");
    out->variable = t.s;
    return status;
}

static int step_ref(struct graph_steps *r, int64_t source, int64_t position, struct graph_step *out,
                    bool *failed)
{
    sqlite3_reset(r->ref);
    sqlite3_bind_int64(r->ref, 1, source);
    sqlite3_bind_int64(r->ref, 2, position);
    int more = heapdb_step(r->db, r->ref);
    if (more == 1) {
        out->edge_kind = sqlite3_column_int(r->ref, 0);
        out->edge_name = step_text(r->ref, 1, failed);
        out->has_key = sqlite3_column_type(r->ref, 2) != SQLITE_NULL;
        out->key = (uint64_t)sqlite3_column_int64(r->ref, 2);
    }
    sqlite3_reset(r->ref);
    if (more < 0) return STATUS_UNUSABLE;
    return *failed ? STATUS_DONE : step_variable(r, source, out);
}

int graph_step_edge(struct graph_steps *r, int64_t source, int64_t position, int64_t id,
                    struct graph_step *out)
{
    bool failed = false;
    graph_step_free(out);
    out->id = id;
    out->position = position;
    sqlite3_reset(r->object);
    sqlite3_bind_int64(r->object, 1, id);
    int more = heapdb_step(r->db, r->object);
    if (more == 1) {
        out->type = step_text(r->object, 0, &failed);
        out->module = step_text(r->object, 1, &failed);
        out->shallow_size = sqlite3_column_int64(r->object, 2);
        out->retained_size = sqlite3_column_int64(r->object, 3);
        out->name = step_text(r->object, 4, &failed);
        if (step_is_class(r, out)) {
            out->variable = strdup(out->name);
            if (!out->variable) failed = true;
        }
    }
    sqlite3_reset(r->object);
    int status = more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
    if (!status)
        status = position < 0 ? step_root(r, id, out, &failed)
                              : step_ref(r, source, position, out, &failed);
    if (!status && failed) status = message_no_memory("a path");
    if (status) graph_step_free(out);
    return status;
}

int graph_step_read(struct graph_steps *r, const struct graph_chain *chain, size_t i,
                    struct graph_step *out)
{
    /* After a gap the source is not here; it is the step's own parent. */
    int64_t source = i ? chain->id[i - 1] : 0;
    if (chain->n_cut && i == chain->cut_at) {
        int got = heapdb_number(r->db, "SELECT parent_id FROM object WHERE id = ?", chain->id[i],
                                &source);
        if (got < 0) return STATUS_UNUSABLE;
    }
    return graph_step_edge(r, source, chain->position[i], chain->id[i], out);
}
