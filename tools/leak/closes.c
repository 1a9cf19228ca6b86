/* SPDX-License-Identifier: MIT */
/*
 * Which references close a cycle; closes.h. The cycle's inner references are read and grouped
 * by kind; a kind closes the cycle where the rest can be sorted topologically (Kahn 1962,
 * doi:10.1145/368996.369025).
 */
#include "leak/closes.h"

#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "report/subject.h"
#include "snap/format.h"

/* Kinds of references, and references, beyond which a component is not looked at. */
enum { KINDS_MAX = 64, REFS_MAX = 1 << 20 };

struct member {
    int64_t id, type, distance;
    int64_t owner_type; /* of the instance whose dictionary this is; 0: none */
};

struct edge {
    uint32_t source, target; /* indexes of members */
    uint32_t kind;
};

/* A kind of reference. */
struct kind {
    int64_t type, name; /* name 0: none */
    int edge_kind;
    uint32_t n, back; /* references, and how many of them lead nearer to the roots */
};

struct closes {
    struct heapdb *db;
    struct member *members; /* by id */
    uint32_t n_members;
    struct edge *edges;
    size_t n_edges, room;
    struct kind kinds[KINDS_MAX];
    uint32_t n_kinds;
    int64_t dict_name; /* string id of "__dict__"; 0: nothing has it */
    bool too_many;     /* kinds or references */
};

/* ---- reading -------------------------------------------------------------------------------- */

static int read_members(struct closes *c, const int64_t *ids, uint32_t n)
{
    sqlite3_stmt *q = NULL;
    int got = 1;
    c->members = calloc(n, sizeof *c->members);
    if (!c->members) return message_no_memory("the members of a cycle");
    if (heapdb_prepare(c->db, &q, "SELECT type_id, coalesce(distance, 0) FROM object WHERE id = ?"))
        return STATUS_UNUSABLE;
    for (uint32_t i = 0; got == 1 && i < n; i++) {
        sqlite3_bind_int64(q, 1, ids[i]);
        got = heapdb_step(c->db, q);
        if (got == 1)
            c->members[c->n_members++] = (struct member){ .id = ids[i],
                                                          .type = sqlite3_column_int64(q, 0),
                                                          .distance = sqlite3_column_int64(q, 1) };
        sqlite3_reset(q);
    }
    sqlite3_finalize(q);
    return got < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

/* The index of a member; n_members: it is none. */
static uint32_t find_member(const struct closes *c, int64_t id)
{
    uint32_t low = 0, high = c->n_members;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (c->members[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < c->n_members && c->members[low].id == id ? low : c->n_members;
}

static bool add_edge(struct closes *c, struct edge edge)
{
    if (c->n_edges == c->room) {
        size_t room = c->room ? c->room * 2 : 1024;
        struct edge *edges = realloc(c->edges, room * sizeof *edges);
        if (!edges) return false;
        c->edges = edges;
        c->room = room;
    }
    c->edges[c->n_edges++] = edge;
    return true;
}

static uint32_t find_kind(struct closes *c, int64_t type, int64_t name, int edge_kind)
{
    uint32_t i = 0;
    for (; i < c->n_kinds; i++)
        if (c->kinds[i].type == type && c->kinds[i].name == name &&
            c->kinds[i].edge_kind == edge_kind)
            return i;
    if (i == KINDS_MAX) {
        c->too_many = true;
        return 0;
    }
    c->kinds[c->n_kinds++] = (struct kind){ .type = type, .name = name, .edge_kind = edge_kind };
    return i;
}

/* Calls `use` for each inner reference. */
static int each_ref(struct closes *c,
                    bool (*use)(struct closes *c, uint32_t source, uint32_t target, int edge_kind,
                                int64_t name))
{
    sqlite3_stmt *q = NULL;
    uint32_t n = 0;
    int status = heapdb_prepare(c->db, &q, "SELECT target_id, kind, coalesce(name_id, 0) FROM ref"
                                           " WHERE source_id = ?");
    for (uint32_t i = 0; !status && !c->too_many && i < c->n_members; i++) {
        int more;
        sqlite3_bind_int64(q, 1, c->members[i].id);
        while (!status && !c->too_many && (more = heapdb_step(c->db, q)) != 0) {
            if (more < 0) status = STATUS_UNUSABLE;
            c->too_many = ++n > REFS_MAX;
            uint32_t target = find_member(c, sqlite3_column_int64(q, 0));
            int kind = sqlite3_column_int(q, 1);
            if (status || target == c->n_members || !heapdb_edge_holds(kind)) continue;
            if (!use(c, i, target, kind, sqlite3_column_int64(q, 2)))
                status = message_no_memory("the references of a cycle");
        }
        sqlite3_reset(q);
    }
    sqlite3_finalize(q);
    return status;
}

static bool learn_dict(struct closes *c, uint32_t source, uint32_t target, int edge_kind,
                       int64_t name)
{
    if (edge_kind == SNAP_EDGE_ATTRIBUTE && name && name == c->dict_name)
        c->members[target].owner_type = c->members[source].type;
    return true;
}

static bool learn_edge(struct closes *c, uint32_t source, uint32_t target, int edge_kind,
                       int64_t name)
{
    const struct member *from = &c->members[source];
    int64_t type = from->owner_type ? from->owner_type : from->type;
    if (from->owner_type && edge_kind == SNAP_EDGE_VALUE) edge_kind = SNAP_EDGE_ATTRIBUTE;
    uint32_t kind = find_kind(c, type, name, edge_kind);
    if (c->too_many) return true;
    c->kinds[kind].n++;
    c->kinds[kind].back += c->members[target].distance < from->distance;
    return add_edge(c, (struct edge){ source, target, kind });
}

/* ---- sorting -------------------------------------------------------------------------------- */

/* Whether the references of all other kinds have no cycle. `degree`, `first` and `stack` are room
 * for n_members + 1 numbers each, `order` for n_edges. */
static bool acyclic_without(const struct closes *c, uint32_t kind, uint32_t *degree,
                            uint32_t *first, uint32_t *stack, uint32_t *order)
{
    uint32_t n = c->n_members, n_stack = 0, done = 0;
    memset(degree, 0, (n + 1) * sizeof *degree);
    memset(first, 0, (n + 1) * sizeof *first);
    for (size_t i = 0; i < c->n_edges; i++) {
        if (c->edges[i].kind == kind) continue;
        degree[c->edges[i].target]++;
        first[c->edges[i].source + 1]++;
    }
    for (uint32_t i = 0; i < n; i++) first[i + 1] += first[i];
    /* Edges are in the order of their sources. */
    for (size_t i = 0, k = 0; i < c->n_edges; i++)
        if (c->edges[i].kind != kind) order[k++] = c->edges[i].target;
    for (uint32_t i = 0; i < n; i++)
        if (degree[i] == 0) stack[n_stack++] = i;
    while (n_stack > 0) {
        uint32_t at = stack[--n_stack];
        done++;
        for (uint32_t i = first[at]; i < first[at + 1]; i++)
            if (--degree[order[i]] == 0) stack[n_stack++] = order[i];
    }
    return done == n;
}

/* Whether kind a is the better one to weaken. */
static bool better(const struct kind *a, const struct kind *b)
{
    uint64_t back_a = (uint64_t)a->back * b->n, back_b = (uint64_t)b->back * a->n;
    return back_a != back_b ? back_a > back_b : a->n < b->n;
}

static int choose(const struct closes *c, const struct kind **out)
{
    size_t n = c->n_members + 1;
    uint32_t *room = calloc(n * 3 + c->n_edges + 1, sizeof *room);
    if (!room) return message_no_memory("the references of a cycle");
    *out = NULL;
    for (uint32_t i = 0; i < c->n_kinds; i++) {
        if (*out && !better(&c->kinds[i], *out)) continue;
        if (acyclic_without(c, i, room, room + n, room + 2 * n, room + 3 * n)) *out = &c->kinds[i];
    }
    free(room);
    return STATUS_DONE;
}

static int name_kind(struct closes *c, const struct kind *kind, struct text *out)
{
    sqlite3_stmt *q = NULL;
    if (heapdb_prepare(c->db, &q, "SELECT module, name, (SELECT text FROM string WHERE id = ?2)"
                                  " FROM type WHERE id = ?1"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, kind->type);
    sqlite3_bind_int64(q, 2, kind->name);
    int got = heapdb_step(c->db, q);
    if (got == 1) {
        subject_type(out, (const char *)sqlite3_column_text(q, 0),
                     (const char *)sqlite3_column_text(q, 1));
        const char *name = (const char *)sqlite3_column_text(q, 2);
        if (kind->edge_kind == SNAP_EDGE_ELEMENT)
            text_adds(out, "[*]");
        else if (kind->edge_kind == SNAP_EDGE_ATTRIBUTE && name)
            text_addf(out, ".%s", name);
        else
            heapdb_label(out, kind->edge_kind, name, false, 0, 0);
    }
    sqlite3_finalize(q);
    return got < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

int closes_members(struct heapdb *db, const int64_t *ids, uint32_t n, struct text *out)
{
    struct closes c = { .db = db };
    const struct kind *kind = NULL;
    if (n < 1 || n > CLOSES_MAX) return STATUS_DONE;
    if (heapdb_number(db, "SELECT id FROM string WHERE text = '__dict__'", 0, &c.dict_name) < 0)
        return STATUS_UNUSABLE;
    int status = read_members(&c, ids, n);
    if (!status) status = each_ref(&c, learn_dict);
    if (!status) status = each_ref(&c, learn_edge);
    if (!status && !c.too_many) status = choose(&c, &kind);
    if (!status && kind) status = name_kind(&c, kind, out);
    free(c.members);
    free(c.edges);
    return status;
}
