/* SPDX-License-Identifier: MIT */
/*
 * The tree of many objects' shortest paths; the contract is in path_visit.h. O(objects on the
 * paths), plus two scans where they are many; 20 B an object of the snapshot with scans, 4 B
 * without.
 */
#include "report/path_visit.h"

#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "snap/format.h"

#define NONE UINT32_MAX

/* What is known of an object. */
struct fact {
    uint32_t parent, distance; /* NONE; 1 at a root object */
    uint32_t position, type;
};

struct visitor {
    struct subject *s;
    int64_t base;        /* the live root's id */
    uint32_t n;          /* live objects and the root: numbers below it are valid */
    uint32_t *index;     /* [n] by object: its visit + 1, 0: not met */
    struct fact *scan;   /* [n], or NULL: look up */
    path_label_t *label; /* [n] with scan */
    sqlite3_stmt *object, *ref, *root;
    uint32_t *met, *distance; /* objects met, and how far they are, in the order of meeting */
    uint32_t n_met, capacity, farthest;
};

static uint32_t visit_number(const struct visitor *v, sqlite3_stmt *q, int column)
{
    /* Wraps where the id is absurd, to a number out of range. */
    int64_t id = (int64_t)((uint64_t)sqlite3_column_int64(q, column) - (uint64_t)v->base);
    return sqlite3_column_type(q, column) == SQLITE_NULL || id <= 0 || id >= v->n ? NONE
                                                                                  : (uint32_t)id;
}

static uint32_t visit_u32(sqlite3_stmt *q, int column)
{
    int64_t value = sqlite3_column_int64(q, column);
    return value < 0 || value >= NONE ? NONE : (uint32_t)value;
}

/* Columns: parent_id, distance, parent_position, type_id. */
static struct fact visit_fact(const struct visitor *v, sqlite3_stmt *q, int column)
{
    struct fact f = { NONE, visit_u32(q, column + 1), visit_u32(q, column + 2),
                      visit_u32(q, column + 3) };
    if (f.distance > 1) f.parent = visit_number(v, q, column);
    return f;
}

static int visit_find(struct visitor *v, uint32_t object, struct fact *out)
{
    if (v->scan) {
        *out = v->scan[object];
        return STATUS_DONE;
    }
    sqlite3_reset(v->object);
    sqlite3_bind_int64(v->object, 1, v->base + object);
    int more = heapdb_step(v->s->db, v->object);
    *out = (struct fact){ NONE, NONE, NONE, NONE };
    if (more == 1) *out = visit_fact(v, v->object, 0);
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

/* What the label of a reference keeps: names that stand in the program; positions and data keys are
 * alike. */
static path_label_t visit_label(int64_t kind, int64_t name_id)
{
    if (kind < 0 || kind >= PATH_LABEL_ROOT) kind = 0;
    if (kind == SNAP_EDGE_ELEMENT || name_id < 0 || name_id >> 48) name_id = 0;
    return PATH_LABEL(kind, name_id);
}

static int visit_scan_objects(struct visitor *v)
{
    sqlite3_stmt *q = NULL;
    int more;
    if (heapdb_prepare(v->s->db, &q, "SELECT id, parent_id, distance, parent_position, type_id"
                                     " FROM object WHERE id BETWEEN ?1 AND ?2 ORDER BY id"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, v->base + 1);
    sqlite3_bind_int64(q, 2, v->base + v->n - 1);
    while ((more = heapdb_step(v->s->db, q)) == 1)
        v->scan[sqlite3_column_int64(q, 0) - v->base] = visit_fact(v, q, 1);
    sqlite3_finalize(q);
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

/* One pass over the references: each that is the last one of an object's path gives it its
 * label. */
static int visit_scan_refs(struct visitor *v)
{
    sqlite3_stmt *q = NULL;
    int more;
    if (heapdb_prepare(v->s->db, &q, "SELECT source_id, position, target_id, kind, name_id FROM ref"
                                     " WHERE source_id BETWEEN ?1 AND ?2"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, v->base + 1);
    sqlite3_bind_int64(q, 2, v->base + v->n - 1);
    while ((more = heapdb_step(v->s->db, q)) == 1) {
        uint32_t target = visit_number(v, q, 2);
        if (target == NONE || !v->index[target]) continue;
        const struct fact *f = &v->scan[target];
        if (f->parent != visit_number(v, q, 0) || f->position != visit_u32(q, 1)) continue;
        v->label[target] = visit_label(sqlite3_column_int64(q, 3), sqlite3_column_int64(q, 4));
    }
    sqlite3_finalize(q);
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

static int visit_damaged(const struct visitor *v, uint32_t object)
{
    return heapdb_damaged(v->s->db, "the path to object #%lld contradicts itself",
                          (long long)(v->base + object));
}

/* Marks the path of an object, up to what is marked already. */
static int visit_climb(struct visitor *v, uint32_t object)
{
    uint32_t before = NONE;
    while (object != NONE && !v->index[object]) {
        struct fact f;
        if (visit_find(v, object, &f)) return STATUS_UNUSABLE;
        if (f.distance == NONE || f.distance == 0 || (before != NONE && f.distance != before - 1) ||
            (f.distance > 1) != (f.parent != NONE))
            return visit_damaged(v, object);
        before = f.distance;
        if (v->n_met == v->capacity) {
            uint32_t capacity = v->capacity ? v->capacity * 2 : 1024;
            uint32_t *met = realloc(v->met, (size_t)capacity * sizeof *met);
            if (met) v->met = met;
            uint32_t *distance = met ? realloc(v->distance, (size_t)capacity * sizeof *distance)
                                     : NULL;
            if (!distance) return message_no_memory("the paths");
            v->distance = distance;
            v->capacity = capacity;
        }
        v->met[v->n_met] = object;
        v->distance[v->n_met++] = f.distance;
        v->index[object] = 1;
        if (f.distance > v->farthest) v->farthest = f.distance;
        object = f.parent;
    }
    return STATUS_DONE;
}

static int visit_root_label(struct visitor *v, uint32_t object, path_label_t *out)
{
    int best = NONE >> 1, more;
    sqlite3_reset(v->root);
    sqlite3_bind_int64(v->root, 1, v->base + object);
    *out = PATH_LABEL(PATH_LABEL_ROOT + SNAP_ROOT_UNKNOWN, 0);
    while ((more = heapdb_step(v->s->db, v->root)) == 1) {
        int64_t kind = sqlite3_column_int64(v->root, 0), name = sqlite3_column_int64(v->root, 1);
        int rank = sqlite3_column_int(v->root, 2);
        if (rank >= best || kind < 0 || kind > 1000) continue;
        best = rank;
        *out = PATH_LABEL(PATH_LABEL_ROOT + kind, name < 0 || name >> 48 ? 0 : name);
    }
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

static int visit_find_label(struct visitor *v, uint32_t object, const struct fact *f,
                            path_label_t *out)
{
    if (f->parent == NONE) return visit_root_label(v, object, out);
    if (v->scan) {
        *out = v->label[object];
        return STATUS_DONE;
    }
    sqlite3_reset(v->ref);
    sqlite3_bind_int64(v->ref, 1, v->base + f->parent);
    sqlite3_bind_int64(v->ref, 2, f->position);
    int more = heapdb_step(v->s->db, v->ref);
    *out = more == 1 ? visit_label(sqlite3_column_int64(v->ref, 0), sqlite3_column_int64(v->ref, 1))
                     : 0;
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

/* Puts what was met in order of distance (a stable counting sort), so that parents come first. */
static int visit_order(struct visitor *v, struct path_visits *out)
{
    uint32_t *start = calloc((size_t)v->farthest + 2, sizeof *start);
    out->at = malloc(((size_t)v->n_met + 1) * sizeof *out->at);
    if (!start || !out->at) {
        free(start);
        return message_no_memory("the paths");
    }
    for (uint32_t i = 0; i < v->n_met; i++) start[v->distance[i] + 1]++;
    for (uint32_t d = 0; d <= v->farthest; d++) start[d + 1] += start[d];
    for (uint32_t i = 0; i < v->n_met; i++)
        out->at[start[v->distance[i]]++] = (struct path_visit){ .object = v->met[i] };
    free(start);
    out->n = v->n_met;
    for (uint32_t i = 0; i < out->n; i++) v->index[out->at[i].object] = i + 1;
    for (uint32_t i = 0; i < out->n; i++) {
        struct path_visit *x = &out->at[i];
        struct fact f;
        if (visit_find(v, x->object, &f)) return STATUS_UNUSABLE;
        x->parent = f.parent == NONE ? NONE : v->index[f.parent] - 1;
        if (x->parent != NONE && x->parent >= i) return visit_damaged(v, x->object);
        x->type = f.type;
        if (visit_find_label(v, x->object, &f, &x->label)) return STATUS_UNUSABLE;
    }
    return STATUS_DONE;
}

static int visit_begin(struct visitor *v, size_t n)
{
    const struct heapdb_snapshot *x = v->s->snapshot;
    /* The order in which kinds of roots explain best: variables, then what is at work, then the
     * runtime's tables; as graph_step_edge has it. */
    static const char roots[] =
        "SELECT kind, name_id, CASE kind WHEN 2 THEN 0 WHEN 3 THEN 1 WHEN 11 THEN 2 WHEN 10 THEN 3"
        " WHEN 4 THEN 4 WHEN 9 THEN 8 WHEN 5 THEN 7 WHEN 8 THEN 9 WHEN 6 THEN 10 WHEN 7 THEN 11"
        " ELSE 6 END FROM root WHERE object_id = ? ORDER BY id LIMIT 1000";
    int64_t first, last;
    v->base = x->live_root_id;
    if (subject_range(v->s, false, &first, &last)) return STATUS_UNUSABLE;
    if (last - v->base >= NONE - 1)
        return message_error(v->s->db->path, MESSAGE_NO_OFFSET, NULL, "too many objects");
    v->n = (uint32_t)(last - v->base + 1);
    v->index = calloc((size_t)v->n + 1, sizeof *v->index);
    if (!v->index) return message_no_memory("the paths");
    if (n >= PATH_SCAN_MIN) {
        v->scan = malloc((size_t)v->n * sizeof *v->scan);
        v->label = calloc(v->n, sizeof *v->label);
        if (!v->scan || !v->label) return message_no_memory("the paths");
        memset(v->scan, 0xff, (size_t)v->n * sizeof *v->scan);
    } else if (heapdb_prepare(v->s->db, &v->object,
                              "SELECT parent_id, distance, parent_position, type_id FROM object"
                              " WHERE id = ?") ||
               heapdb_prepare(v->s->db, &v->ref, "SELECT kind, name_id FROM ref"
                                                 " WHERE source_id = ?1 AND position = ?2")) {
        return STATUS_UNUSABLE;
    }
    return heapdb_prepare(v->s->db, &v->root, roots);
}

static void visit_end(struct visitor *v)
{
    sqlite3_finalize(v->object);
    sqlite3_finalize(v->ref);
    sqlite3_finalize(v->root);
    free(v->index);
    free(v->scan);
    free(v->label);
    free(v->met);
    free(v->distance);
}

int path_visit(struct subject *s, const int64_t *ids, size_t n, struct path_visits *out)
{
    struct visitor v = { .s = s };
    *out = (struct path_visits){ 0 };
    int status = visit_begin(&v, n);
    if (!status && v.scan) status = visit_scan_objects(&v);
    for (size_t i = 0; !status && i < n; i++)
        if (ids[i] > v.base && ids[i] - v.base < v.n)
            status = visit_climb(&v, (uint32_t)(ids[i] - v.base));
    if (!status && v.scan) status = visit_scan_refs(&v);
    if (!status) status = visit_order(&v, out);
    if (!status) {
        out->instance = malloc((n + 1) * sizeof *out->instance);
        if (!out->instance) status = message_no_memory("the paths");
    }
    for (size_t i = 0; !status && i < n; i++)
        if (ids[i] > v.base && ids[i] - v.base < v.n)
            out->instance[out->n_instances++] = v.index[ids[i] - v.base] - 1;
    visit_end(&v);
    if (status) path_visits_free(out);
    return status;
}

void path_visits_free(struct path_visits *v)
{
    free(v->at);
    free(v->instance);
    *v = (struct path_visits){ 0 };
}
