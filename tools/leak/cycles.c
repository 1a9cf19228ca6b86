/* SPDX-License-Identifier: MIT */
/* Cycles that a program can break; cycles.h. The graph core finds the components
 * (heap/analysis.h). */
#include "leak/cycles.h"

#include <stdlib.h>

#include "cli/message.h"
#include "db/memory.h"
#include "heap/analysis.h"
#include "heap/memory.h"
#include "snap/format.h"

enum {
    TYPE_HAS_FINALIZER = 2, /* bit of type.flags */
    GAP_MAX = 64            /* ids between members up to which their references are read together */
};

/* What is kept of an object in a component. */
struct member {
    int64_t id, type, last, retained;
    int32_t generation;
};

/* A member of a cycle that lies below no other one. */
struct top {
    int64_t type; /* of its cycle */
    int64_t id, last;
    size_t cycle;
};

struct search {
    struct subject *subject;
    struct budget budget;
    struct member *members; /* by id ascending */
    uint32_t n;
    size_t room;
    int64_t first_id, last_id; /* of the snapshot's objects, garbage included */
    uint32_t *index;           /* [last_id - first_id + 1] place in members, or HEAP_NONE */
    uint64_t *off;             /* [n + 1] */
    uint32_t *target;
    size_t n_targets, targets_room;
    struct top *tops; /* room for n */
    size_t n_tops;
};

/* ---- reading -------------------------------------------------------------------------------- */

static int64_t number_or(sqlite3_stmt *q, int column, int64_t otherwise)
{
    return sqlite3_column_type(q, column) == SQLITE_NULL ? otherwise
                                                         : sqlite3_column_int64(q, column);
}

static int find_extent(struct search *s)
{
    const struct heapdb_snapshot *snapshot = s->subject->snapshot;
    int got = heapdb_number(s->subject->db, "SELECT last_dominated FROM object WHERE id = ?",
                            snapshot->garbage_root_id, &s->last_id);
    s->first_id = snapshot->live_root_id + 1;
    if (got < 0) return STATUS_UNUSABLE;
    if (got == 0 && s->first_id > 0 && s->last_id >= s->first_id - 1 &&
        s->last_id - s->first_id < (int64_t)HEAP_MAX_NODES)
        return STATUS_DONE;
    return heapdb_damaged(s->subject->db, "the rows of the virtual roots are wrong");
}

static int read_members(struct search *s)
{
    struct heapdb *db = s->subject->db;
    sqlite3_stmt *q = NULL;
    int more = 0, status = STATUS_DONE;
    if (heapdb_prepare(db, &q,
                       "SELECT id, type_id, last_dominated, retained_size, generation FROM object"
                       " WHERE id BETWEEN ?1 AND ?2 AND component_id IS NOT NULL"
                       " AND NOT flags & 64")) /* classes */
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, s->first_id);
    sqlite3_bind_int64(q, 2, s->last_id);
    while (!status && (more = heapdb_step(db, q)) == 1) {
        if (!memory_grow(&s->budget, (void **)&s->members, &s->room, (size_t)s->n + 1,
                         sizeof *s->members)) {
            status = message_no_memory("the members of cycles");
            break;
        }
        s->members[s->n++] = (struct member){ .id = sqlite3_column_int64(q, 0),
                                              .type = sqlite3_column_int64(q, 1),
                                              .last = sqlite3_column_int64(q, 2),
                                              .retained = sqlite3_column_int64(q, 3),
                                              .generation = (int32_t)number_or(q, 4, -1) };
    }
    sqlite3_finalize(q);
    return status || more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

/* What lives as long as the process: global roots and types; modules, in sys.modules or not, and
 * the dictionaries of their variables. */
static const char lasting[] =
    "WITH lasting (id) AS ("
    " SELECT object_id FROM root WHERE object_id BETWEEN ?1 AND ?2 AND kind IN (2, 5)"
    " UNION SELECT x.object_id FROM type t JOIN type_object x ON x.type_id = t.id"
    " WHERE t.snapshot_id = ?3 AND t.name = 'module' AND t.module = 'builtins')"
    " SELECT id FROM lasting UNION ALL"
    " SELECT r.target_id FROM lasting l JOIN ref r ON r.source_id = l.id AND r.kind = 1"
    " AND r.name_id = (SELECT id FROM string WHERE text = '__dict__')";

/* Every member's place, but of what lasts, to which no reference is looked at. */
static int index_members(struct search *s)
{
    struct heapdb *db = s->subject->db;
    sqlite3_stmt *q = NULL;
    int more = 0;
    s->index = heap_new_none((uint64_t)(s->last_id - s->first_id) + 1);
    if (!s->index) return message_no_memory("the members of cycles");
    for (uint32_t i = 0; i < s->n; i++) s->index[s->members[i].id - s->first_id] = i;
    if (heapdb_prepare(db, &q, lasting)) return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, s->first_id);
    sqlite3_bind_int64(q, 2, s->last_id);
    sqlite3_bind_int64(q, 3, s->subject->snapshot->id);
    while ((more = heapdb_step(db, q)) == 1) {
        int64_t id = sqlite3_column_int64(q, 0);
        if (id >= s->first_id && id <= s->last_id) s->index[id - s->first_id] = HEAP_NONE;
    }
    sqlite3_finalize(q);
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

static uint32_t index_of(const struct search *s, int64_t id)
{
    return id < s->first_id || id > s->last_id ? HEAP_NONE : s->index[id - s->first_id];
}

/* One reference between members; references come by their sources ascending. False: no memory. */
static bool take_ref(struct search *s, sqlite3_stmt *q, uint32_t *done)
{
    uint32_t source = index_of(s, sqlite3_column_int64(q, 0));
    uint32_t target = index_of(s, sqlite3_column_int64(q, 1));
    int kind = sqlite3_column_int(q, 2);
    if (source == HEAP_NONE || target == HEAP_NONE || kind == SNAP_EDGE_TYPE ||
        !heapdb_edge_holds(kind) || source < *done)
        return true;
    if (!memory_grow(&s->budget, (void **)&s->target, &s->targets_room, s->n_targets + 1,
                     sizeof *s->target))
        return false;
    while (*done < source) s->off[++*done] = s->n_targets;
    s->target[s->n_targets++] = target;
    return true;
}

/* The references of members[from .. to - 1]. */
static int read_run(struct search *s, sqlite3_stmt *q, uint32_t from, uint32_t to, uint32_t *done)
{
    int more = 0, status = STATUS_DONE;
    sqlite3_bind_int64(q, 1, s->members[from].id);
    sqlite3_bind_int64(q, 2, s->members[to - 1].id);
    while (!status && (more = heapdb_step(s->subject->db, q)) == 1)
        if (!take_ref(s, q, done)) status = message_no_memory("the references of cycles");
    sqlite3_reset(q);
    return status || more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

static int read_refs(struct search *s)
{
    sqlite3_stmt *q = NULL;
    uint32_t done = 0;
    s->off = heap_new_zeroed((uint64_t)s->n + 1, sizeof *s->off);
    if (!s->off) return message_no_memory("the references of cycles");
    int status = heapdb_prepare(s->subject->db, &q, "SELECT source_id, target_id, kind FROM ref"
                                                    " WHERE source_id BETWEEN ?1 AND ?2");
    for (uint32_t from = 0, to = 0; !status && from < s->n; from = to) {
        for (to = from + 1; to < s->n && s->members[to].id - s->members[to - 1].id <= GAP_MAX; to++)
            ;
        status = read_run(s, q, from, to, &done);
    }
    while (done < s->n) s->off[++done] = s->n_targets;
    sqlite3_finalize(q);
    return status;
}

/* ---- cycles --------------------------------------------------------------------------------- */

/* Which types have a finalizer: *has is malloc'd, by type id up to *n. */
static int finalizer_types(struct search *s, bool **has, int64_t *n)
{
    struct heapdb *db = s->subject->db;
    sqlite3_stmt *q = NULL;
    int more = 0;
    int got = heapdb_number(db, "SELECT max(id) FROM type", 0, n);
    if (got) return got < 0 ? STATUS_UNUSABLE : heapdb_damaged(db, "it has no types");
    if (*n < 0 || *n > INT32_MAX)
        return heapdb_damaged(db, "a type has the number %lld", (long long)*n);
    *has = calloc((size_t)*n + 1, sizeof **has);
    if (!*has) return message_no_memory("the types");
    if (heapdb_prepare(db, &q, "SELECT id FROM type WHERE flags & ?1 AND id BETWEEN 0 AND ?2"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, TYPE_HAS_FINALIZER);
    sqlite3_bind_int64(q, 2, *n);
    while ((more = heapdb_step(db, q)) == 1) (*has)[sqlite3_column_int64(q, 0)] = true;
    sqlite3_finalize(q);
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

/* One cycle of the members whose indexes, ascending, are in list[0 .. n - 1]. */
static void describe(struct search *s, const uint32_t *list, uint32_t n, const bool *finalizes,
                     int64_t n_types, struct cycles *out)
{
    const struct member *top = &s->members[list[0]];
    struct cycle *c = &out->at[out->n];
    size_t first = out->n ? c[-1].first + c[-1].n : 0;
    int64_t end = 0;
    *c = (struct cycle){ .first = first, .n = n, .object_id = top->id, .type_id = top->type,
                         .generation = -1, .outermost = true };
    size_t tops = s->n_tops;
    for (uint32_t i = 0; i < n; i++) {
        const struct member *m = &s->members[list[i]];
        out->members[first + i] = m->id;
        if (m->generation > c->generation) c->generation = m->generation;
        if (m->type >= 0 && m->type <= n_types && finalizes[m->type]) c->n_finalizers++;
        if (m->id <= end) continue;
        end = m->last;
        s->tops[s->n_tops++] = (struct top){ c->type_id, m->id, m->last, out->n };
        c->retained_size += subject_size(m->retained);
    }
    c->exact = s->n_tops - tops == 1;
    out->n++;
}

static int by_type(const void *a, const void *b)
{
    const struct top *x = a, *y = b;
    if (x->type != y->type) return x->type < y->type ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* What an object dominates is a range of ids, and ranges nest. Where it dominates one member of
 * another cycle, it dominates all of them, since each leads to the others. */
static void mark_nested(struct search *s, struct cycles *out)
{
    const struct top *around = NULL;
    qsort(s->tops, s->n_tops, sizeof *s->tops, by_type);
    for (const struct top *t = s->tops; t < s->tops + s->n_tops; t++) {
        if (around && t->type == around->type && t->id <= around->last)
            out->at[t->cycle].outermost = false;
        else
            around = t;
    }
}

/* Members by component, then index: counting sort. NULL without memory. */
static uint32_t *group(const struct search *s, const struct heap_analysis *a, uint32_t *end)
{
    uint64_t n = 0;
    for (uint32_t c = 0; c < a->n_components; c++) {
        end[c] = (uint32_t)n;
        n += a->components[c].n;
    }
    uint32_t *list = heap_new(n ? n : 1, sizeof *list);
    for (uint32_t i = 0; list && i < s->n; i++) {
        uint32_t c = a->component[a->row_of[i]];
        if (c != HEAP_NONE) list[end[c]++] = i;
    }
    return list;
}

static int by_object(const void *a, const void *b)
{
    const struct cycle *x = a, *y = b;
    return x->object_id < y->object_id ? -1 : x->object_id > y->object_id;
}

static int collect(struct search *s, const struct heap_analysis *a, struct cycles *out)
{
    int64_t n_types = 0;
    uint32_t n = a->n_components;
    bool *finalizes = NULL;
    uint32_t *end = heap_new((uint64_t)n + 1, sizeof *end);
    uint32_t *list = end ? group(s, a, end) : NULL;
    out->members = malloc(((size_t)s->n + 1) * sizeof *out->members);
    out->at = malloc(((size_t)n + 1) * sizeof *out->at);
    int status = STATUS_DONE;
    s->tops = malloc(((size_t)s->n + 1) * sizeof *s->tops);
    if (!list || !out->members || !out->at || !s->tops) status = message_no_memory("the cycles");
    if (!status) status = finalizer_types(s, &finalizes, &n_types);
    for (uint32_t c = 0; !status && c < n; c++) {
        uint32_t members = a->components[c].n;
        describe(s, list + end[c] - members, members, finalizes, n_types, out);
    }
    if (!status) mark_nested(s, out);
    if (!status) qsort(out->at, out->n, sizeof *out->at, by_object);
    heap_free(end);
    heap_free(list);
    free(finalizes);
    return status;
}

static int analyse(struct search *s, struct cycles *out)
{
    struct heap_analysis a = { 0 };
    uint64_t *shallow = heap_new_zeroed(s->n, sizeof *shallow);
    uint32_t none = 0;
    const struct heap_graph graph = { .n = s->n, .off = s->off, .root = &none, .n_roots = 0,
                                      .target = s->target ? s->target : &none,
                                      .shallow = shallow };
    enum heap_status got = shallow ? heap_analyse(&graph, HEAP_WANT_COMPONENTS, 1, &a)
                                   : HEAP_NO_MEMORY;
    int status;
    if (got == HEAP_OK)
        status = collect(s, &a, out);
    else if (got == HEAP_NO_MEMORY)
        status = message_no_memory("the cycles");
    else
        status = message_error(s->subject->db->path, MESSAGE_NO_OFFSET, NULL, "its cycles: %s",
                               heap_status_text(got));
    heap_analysis_free(&a);
    heap_free(shallow);
    return status;
}

int cycles_find(struct subject *subject, struct cycles *out)
{
    struct search s = { .subject = subject, .budget.limit = UINT64_MAX };
    *out = (struct cycles){ 0 };
    int status = find_extent(&s);
    if (!status) status = read_members(&s);
    if (!status) status = index_members(&s);
    if (!status) status = read_refs(&s);
    if (!status && s.n) status = analyse(&s, out);
    heap_free(s.members);
    heap_free(s.target);
    free(s.tops);
    heap_free(s.index);
    heap_free(s.off);
    if (status) cycles_free(out);
    return status;
}

void cycles_free(struct cycles *cycles)
{
    free(cycles->members);
    free(cycles->at);
    *cycles = (struct cycles){ 0 };
}
