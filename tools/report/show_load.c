/* SPDX-License-Identifier: MIT */
/* The facts about one object; the contract is in show.h. */
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "report/path_text.h"
#include "report/show.h"

/* Snapshots up to this size are searched for equal contents without being asked to. */
enum { DUPLICATES_MAX = 2000000, FRAMES_MAX = 200 };

static char *show_text(sqlite3_stmt *q, int column, bool *failed)
{
    const char *s = (const char *)sqlite3_column_text(q, column);
    char *copy = s ? strdup(s) : NULL;
    if (s && !copy) *failed = true;
    return copy;
}

static int load_detail(struct subject *s, struct show *x)
{
    sqlite3_stmt *q = NULL;
    bool failed = false;
    if (heapdb_prepare(s->db, &q, "SELECT value, content_hash, buffer FROM detail"
                                  " WHERE object_id = ?"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, x->object.id);
    int more = heapdb_step(s->db, q);
    if (more == 1) {
        x->value = show_text(q, 0, &failed);
        x->has_hash = sqlite3_column_type(q, 1) != SQLITE_NULL;
        x->hash = (uint64_t)sqlite3_column_int64(q, 1);
        x->has_buffer = sqlite3_column_type(q, 2) != SQLITE_NULL;
        x->buffer = (uint64_t)sqlite3_column_int64(q, 2);
    }
    sqlite3_finalize(q);
    if (failed) return message_no_memory("an object");
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

/* Equal hash, length and type: the same contents, as far as a 64-bit hash can tell. */
static int load_duplicates(struct subject *s, const struct show_request *request, struct show *x)
{
    sqlite3_stmt *q = NULL;
    int64_t first, last;
    x->duplicates = -1;
    if (!x->has_hash || (s->snapshot->n_objects > DUPLICATES_MAX && !request->duplicates))
        return STATUS_DONE;
    if (subject_range(s, true, &first, &last)) return STATUS_UNUSABLE;
    if (heapdb_prepare(s->db, &q,
                       "SELECT count(*) FROM detail d JOIN object o ON o.id = d.object_id"
                       " WHERE d.object_id BETWEEN ?1 AND ?2 AND d.content_hash = ?3"
                       " AND d.length IS ?4 AND o.type_id = ?5"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, s->snapshot->live_root_id);
    sqlite3_bind_int64(q, 2, last);
    sqlite3_bind_int64(q, 3, (int64_t)x->hash);
    if (x->object.has_length) sqlite3_bind_int64(q, 4, x->object.length);
    sqlite3_bind_int64(q, 5, x->object.type_id);
    int more = heapdb_step(s->db, q);
    if (more == 1) x->duplicates = sqlite3_column_int64(q, 0) - 1;
    sqlite3_finalize(q);
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

static int load_cycle(struct subject *s, struct show *x)
{
    sqlite3_stmt *q = NULL;
    if (!x->object.has_component) return STATUS_DONE;
    if (heapdb_prepare(s->db, &q, "SELECT n, shallow_size, retained_size FROM component"
                                  " WHERE id = ?"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, x->object.component_id);
    int more = heapdb_step(s->db, q);
    if (more == 1) {
        x->cycle_n = subject_size(sqlite3_column_int64(q, 0));
        x->cycle_size = subject_size(sqlite3_column_int64(q, 1));
        x->cycle_retained = subject_size(sqlite3_column_int64(q, 2));
    }
    sqlite3_finalize(q);
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

static int load_path(struct subject *s, struct show *x)
{
    struct graph_steps steps;
    struct text t = { 0 };
    int status = graph_chain_shortest(s->db, x->object.id, 8, 12, &x->path);
    if (status || x->path.n == 0) return status;
    status = graph_steps_begin(&steps, s->db);
    if (!status) status = path_text_chain(&t, &steps, &x->path);
    if (!status && t.failed) status = message_no_memory("a path");
    graph_steps_end(&steps);
    x->path_text = t.s;
    return status;
}

static int load_frames(struct subject *s, struct show *x)
{
    sqlite3_stmt *q = NULL;
    bool failed = false;
    int more = 1;
    if (!x->object.has_stack) return STATUS_DONE;
    x->frames = calloc(FRAMES_MAX, sizeof *x->frames);
    if (!x->frames) return message_no_memory("the allocation stack");
    if (heapdb_prepare(s->db, &q, "SELECT k.parent_id, f.function, f.file, f.line FROM stack k"
                                  " LEFT JOIN frame f ON f.id = k.frame_id WHERE k.id = ?"))
        return STATUS_UNUSABLE;
    int64_t stack = x->object.stack_id;
    while (stack > 0 && x->n_frames < FRAMES_MAX) {
        sqlite3_reset(q);
        sqlite3_bind_int64(q, 1, stack);
        more = heapdb_step(s->db, q);
        if (more != 1) break;
        struct show_frame *f = &x->frames[x->n_frames++];
        f->function = show_text(q, 1, &failed);
        f->file = show_text(q, 2, &failed);
        f->line = sqlite3_column_int64(q, 3);
        stack = sqlite3_column_int64(q, 0);
    }
    sqlite3_finalize(q);
    if (failed) return message_no_memory("the allocation stack");
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

/* What it retains by type, the first n rows; nothing when it retains itself only. */
static int load_retained(struct subject *s, const struct show_request *request, struct show *x)
{
    sqlite3_stmt *q = NULL;
    bool failed = false;
    int more = 0;
    if (x->object.retained_count <= 1) return STATUS_DONE;
    if (heapdb_retained_types(s->db, x->object.id, &q)) return STATUS_UNUSABLE;
    x->retained_types = calloc(request->n + 1, sizeof *x->retained_types);
    if (!x->retained_types) failed = true;
    while (!failed && (more = heapdb_step(s->db, q)) == 1) {
        if (x->total_retained_types++ >= request->n) continue;
        struct show_type *t = &x->retained_types[x->n_retained_types++];
        t->name = show_text(q, 1, &failed);
        t->n = subject_size(sqlite3_column_int64(q, 2));
        t->bytes = subject_size(sqlite3_column_int64(q, 3));
    }
    sqlite3_finalize(q);
    if (failed) return message_no_memory("the types");
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

int show_load(struct subject *s, int64_t id, const struct show_request *request, struct show *out)
{
    *out = (struct show){ 0 };
    int status = heapdb_object(s->db, id, &out->object);
    if (status) return status;
    status = load_detail(s, out);
    if (!status) status = load_duplicates(s, request, out);
    if (!status) status = load_cycle(s, out);
    if (!status) status = load_path(s, out);
    if (!status) status = load_frames(s, out);
    if (!status) status = show_load_dominators(s, out);
    if (!status) status = load_retained(s, request, out);
    if (!status) status = show_load_fields(s, request, out);
    if (!status) status = show_load_referrers(s, request, out);
    if (status) show_free(out);
    return status;
}

static void free_refs(struct show_ref *refs, size_t n)
{
    for (size_t i = 0; i < n; i++) graph_step_free(&refs[i].step);
    free(refs);
}

static void free_types(struct show_type *types, size_t n)
{
    for (size_t i = 0; i < n; i++) free(types[i].name);
    free(types);
}

void show_free(struct show *x)
{
    heapdb_object_free(&x->object);
    graph_chain_free(&x->path);
    free(x->value);
    free(x->path_text);
    for (size_t i = 0; i < x->n_dominators; i++) free(x->dominators[i].type);
    free(x->dominators);
    free_refs(x->fields, x->n_fields);
    free_refs(x->referrers, x->n_referrers);
    free_types(x->referrer_types, x->n_referrer_types);
    free_types(x->retained_types, x->n_retained_types);
    for (size_t i = 0; i < x->n_frames; i++) {
        free(x->frames[i].function);
        free(x->frames[i].file);
    }
    free(x->frames);
    *x = (struct show){ 0 };
}
