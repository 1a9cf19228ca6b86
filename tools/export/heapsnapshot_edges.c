/* SPDX-License-Identifier: MIT */
/*
 * Edges of a V8 heap snapshot that is written; heapsnapshot.h.
 *
 * Retained sizes in DevTools and memlab are to be those of the database. Both let weak edges hold
 * nothing; DevTools lets nothing that is no page's hold what a page owns, which is what
 * shortcuts of the root lead to and all that hangs there (memlab: what its other edges lead to).
 * So:
 *   - the root has a shortcut to every object that is a root here, and reaches all of them through
 *     `(GC roots)` as well: all that is live is owned, by both rules, and held by its roots;
 *   - the garbage hangs at a node of its own, held by what holds it here; references from it to
 *     live objects are weak, as every other reference that holds nothing.
 */
#include <snap/format.h>

#include "cli/message.h"
#include "cli/progress.h"
#include "export/heapsnapshot.h"

/* What is done with edges: counted first, then written. */
typedef void edge_sink(struct v8_out *x, uint32_t from, const struct out_edge *e);

static void count_edge(struct v8_out *x, uint32_t from, const struct out_edge *e)
{
    (void)e;
    x->edges[from]++;
    x->n_edges++;
}

static void write_edge(struct v8_out *x, uint32_t from, const struct out_edge *e)
{
    (void)from;
    emit_char(&x->e, x->n_edges++ ? ',' : '[');
    emit_number(&x->e, (uint64_t)e->kind);
    emit_char(&x->e, ',');
    emit_number(&x->e, e->name_or_index);
    emit_char(&x->e, ',');
    emit_number(&x->e, (uint64_t)e->to * OUT_FIELDS);
    emit_char(&x->e, '\n');
}

/* ---- references ---------------------------------------------------------------------------- */

static uint32_t clamp_index(struct v8_out *x, int64_t index)
{
    if (index >= 0 && index <= OUT_MAX) return (uint32_t)index;
    x->indexes_clamped++;
    return index < 0 ? 0 : OUT_MAX;
}

static uint32_t kind_string(int64_t kind)
{
    return OUT_S_EDGE_KINDS + (kind > 0 && kind < OUT_EDGE_KINDS ? (uint32_t)kind : 0);
}

/* The edge type of a reference that holds, where it has a name. */
static enum v8_out_edge named_edge(int64_t kind)
{
    switch (kind) {
    case SNAP_EDGE_ATTRIBUTE:
    case SNAP_EDGE_STATIC:
    case SNAP_EDGE_VALUE: return OUT_PROPERTY;
    case SNAP_EDGE_VARIABLE:
    case SNAP_EDGE_LOCAL: return OUT_CONTEXT;
    default: return OUT_INTERNAL;
    }
}

/* A row of `ref`: source, position, target, kind, name, key. False: no edge. */
static int ref_edge(struct v8_out *x, sqlite3_stmt *q, uint32_t from, struct out_edge *e,
                    bool *there)
{
    int64_t source = sqlite3_column_int64(q, 0), target = sqlite3_column_int64(q, 2);
    int64_t kind = sqlite3_column_int64(q, 3);
    bool has_key = sqlite3_column_type(q, 5) != SQLITE_NULL;
    bool named = sqlite3_column_type(q, 4) != SQLITE_NULL;
    e->to = out_node(x, target);
    *there = from != OUT_MAX && e->to != OUT_MAX && target != x->garbage && source != x->garbage;
    x->refs_dropped += !*there;
    if (!*there) return STATUS_DONE;
    bool from_garbage = x->garbage_node && from > x->garbage_node && e->to < x->garbage_node;
    /* What V8's root refers to is held by that, a page's or not: these rows are roots. */
    if (kind == SNAP_EDGE_RULED_OUT && source == x->root_object) kind = SNAP_EDGE_ELEMENT;
    if (kind == SNAP_EDGE_SHORTCUT && x->is_v8)
        e->kind = OUT_SHORTCUT;
    else if (!heapdb_edge_holds(kind) || from_garbage)
        e->kind = OUT_WEAK;
    else if (kind == SNAP_EDGE_HIDDEN && !named)
        e->kind = OUT_HIDDEN_EDGE;
    else if (kind == SNAP_EDGE_ELEMENT || (kind == SNAP_EDGE_VALUE && has_key && !named))
        e->kind = OUT_ELEMENT; /* a hashed key has no name but its number */
    else
        e->kind = named || kind != SNAP_EDGE_VALUE ? named_edge(kind) : OUT_INTERNAL;
    if (e->kind == OUT_ELEMENT || e->kind == OUT_HIDDEN_EDGE)
        e->name_or_index = clamp_index(x, sqlite3_column_int64(q, has_key ? 5 : 1));
    else if (named)
        return out_db_string(x, sqlite3_column_int64(q, 4), &e->name_or_index);
    else
        e->name_or_index = kind == SNAP_EDGE_EPHEMERON ? OUT_S_ENTRY : kind_string(kind);
    return STATUS_DONE;
}

/* References of the objects first .. last, but not those of `without`. */
static int refs(struct v8_out *x, int64_t first, int64_t last, int64_t without, edge_sink *sink)
{
    sqlite3_stmt *q;
    struct progress p;
    int more = 1, status = heapdb_prepare(x->db, &q,
                                          "SELECT source_id, position, target_id, kind, name_id,"
                                          " key FROM ref WHERE source_id BETWEEN ?1 AND ?2"
                                          " ORDER BY source_id, position");
    if (status) return status;
    sqlite3_bind_int64(q, 1, first);
    sqlite3_bind_int64(q, 2, last);
    progress_begin(&p, sink == count_edge ? "counting references" : "writing references",
                   (uint64_t)x->job->subject->snapshot->n_refs, PROGRESS_ITEMS);
    while (!status && !x->e.failed && (more = heapdb_step(x->db, q)) == 1) {
        int64_t source = sqlite3_column_int64(q, 0);
        struct out_edge e;
        bool there;
        if (source == without) continue;
        status = ref_edge(x, q, out_node(x, source), &e, &there);
        if (!status && there) sink(x, out_node(x, source), &e);
        progress_set(&p, x->n_edges);
    }
    progress_end(&p);
    sqlite3_finalize(q);
    return more < 0 ? STATUS_UNUSABLE : status;
}

/* ---- roots --------------------------------------------------------------------------------- */

/* Roots of the snapshot by object: of one kind, of any where it is negative. `once`: an object with
 * several has one edge, named after the most telling. */
static int roots(struct v8_out *x, uint32_t from, int64_t kind, enum v8_out_edge as, bool once,
                 edge_sink *sink)
{
    sqlite3_stmt *q;
    int64_t before = 0;
    int more = 1, status = heapdb_prepare(x->db, &q,
                                          "SELECT object_id, kind, name_id FROM root"
                                          " WHERE object_id BETWEEN ?1 AND ?2"
                                          " ORDER BY object_id, id");
    if (status) return status;
    sqlite3_bind_int64(q, 1, x->live + 1);
    sqlite3_bind_int64(q, 2, x->last);
    while (!status && (more = heapdb_step(x->db, q)) == 1) {
        int64_t id = sqlite3_column_int64(q, 0), of = sqlite3_column_int64(q, 1);
        struct out_edge e = { as, OUT_S_ROOT_KINDS, out_node(x, id) };
        if ((kind >= 0 && of != kind) || (once && id == before) || id == x->garbage) continue;
        before = id;
        for (int i = 0; i < x->n_root_kinds; i++)
            if (x->root_kind[i] == of) e.name_or_index = OUT_S_ROOT_KINDS + (uint32_t)i;
        if (sqlite3_column_type(q, 2) != SQLITE_NULL)
            status = out_db_string(x, sqlite3_column_int64(q, 2), &e.name_or_index);
        if (!status) sink(x, from, &e);
    }
    sqlite3_finalize(q);
    return more < 0 ? STATUS_UNUSABLE : status;
}

/* The garbage that nothing but the virtual root dominates. A root that reaches these, too, has the
 * same dominator tree as one that reaches the first of each source component. */
static int garbage(struct v8_out *x, edge_sink *sink)
{
    sqlite3_stmt *q;
    struct out_edge e = { .kind = OUT_ELEMENT };
    int more = 1, status = heapdb_prepare(x->db, &q, "SELECT object_id FROM child"
                                                     " WHERE dominator_id = ?1 ORDER BY object_id");
    if (status) return status;
    sqlite3_bind_int64(q, 1, x->garbage);
    while ((more = heapdb_step(x->db, q)) == 1) {
        e.to = out_node(x, sqlite3_column_int64(q, 0));
        if (e.to == OUT_MAX || e.to <= x->garbage_node) continue;
        e.name_or_index++;
        sink(x, x->garbage_node, &e);
    }
    sqlite3_finalize(q);
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

/* An edge of the root or of a node of our own to another of these. */
static void own_edge(struct v8_out *x, uint32_t from, uint32_t index, uint32_t to, edge_sink *sink)
{
    const struct out_edge e = { OUT_ELEMENT, index, to };
    sink(x, from, &e);
}

/* The root that is made here, with (GC roots) and a node for each kind of roots. */
static int made_root(struct v8_out *x, edge_sink *sink)
{
    own_edge(x, 0, 1, 1, sink);
    int status = roots(x, 0, -1, OUT_SHORTCUT, true, sink);
    if (x->garbage_node) own_edge(x, 0, 2, x->garbage_node, sink);
    for (int i = 0; i < x->n_root_kinds; i++)
        own_edge(x, 1, (uint32_t)i + 1, 2 + (uint32_t)i, sink);
    for (int i = 0; i < x->n_root_kinds && !status; i++)
        status = roots(x, 2 + (uint32_t)i, x->root_kind[i], OUT_INTERNAL, false, sink);
    return status;
}

/* V8's own root, with what V8 itself kept without a reason that it tells of. */
static int v8_root(struct v8_out *x, edge_sink *sink)
{
    int status = refs(x, x->root_object, x->root_object, 0, sink);
    if (x->n_own) own_edge(x, 0, OUT_MAX - 1, 1, sink);
    if (x->garbage_node) own_edge(x, 0, OUT_MAX, x->garbage_node, sink);
    if (!status && x->n_own)
        status = roots(x, 1, SNAP_ROOT_UNREACHABLE, OUT_INTERNAL, true, sink);
    return status;
}

/* All edges in the order of the nodes. */
static int all_edges(struct v8_out *x, edge_sink *sink)
{
    int64_t last_live = x->garbage_node ? x->garbage - 1 : x->last;
    int status = x->root_object ? v8_root(x, sink) : made_root(x, sink);
    if (!status) status = refs(x, x->live + 1, last_live, x->root_object, sink);
    if (!status && x->garbage_node) status = garbage(x, sink);
    if (!status && x->garbage_node) status = refs(x, x->garbage + 1, x->last, 0, sink);
    return status;
}

int out_count_edges(struct v8_out *x)
{
    int status = all_edges(x, count_edge);
    if (!status && x->n_edges > UINT32_MAX / 3)
        return message_error(x->db->path, MESSAGE_NO_OFFSET, "another format",
                             "it has more references than a V8 heap snapshot can number");
    return status;
}

int out_edges(struct v8_out *x)
{
    uint64_t dropped = x->refs_dropped, clamped = x->indexes_clamped;
    x->n_edges = 0;
    emit_text(&x->e, "\"edges\":");
    int status = all_edges(x, write_edge);
    emit_text(&x->e, x->n_edges ? "],\n" : "[],\n");
    x->refs_dropped = dropped; /* they were counted before */
    x->indexes_clamped = clamped;
    return status;
}
