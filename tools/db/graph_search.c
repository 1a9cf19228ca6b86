/* SPDX-License-Identifier: MIT */
/* Breadth-first searches by single look-ups; the contract is in graph_search.h. */
#include "graph_search.h"

#include <stdlib.h>
#include <string.h>

#include "cli/message.h"

/* Objects met, in the order of the search: each with the one it was met from. */
struct met {
    int64_t id;
    int64_t position; /* of the reference between the two */
    uint32_t from;    /* index; its own at the start */
};

struct search {
    struct heapdb *db;
    struct met *at;
    size_t n, capacity;
    uint32_t *slot; /* hash table of indexes + 1; 0: free */
    size_t n_slots; /* a power of two */
    size_t looked;  /* references looked at */
};

static size_t search_slot(const struct search *s, int64_t id)
{
    uint64_t h = (uint64_t)id * UINT64_C(0x9e3779b97f4a7c15);
    size_t i = (size_t)(h >> 20) & (s->n_slots - 1);
    while (s->slot[i] && s->at[s->slot[i] - 1].id != id) i = (i + 1) & (s->n_slots - 1);
    return i;
}

/* The number of objects is bounded by the limit on references, so the table is made once. */
static bool search_begin(struct search *s, struct heapdb *db, int64_t id)
{
    *s = (struct search){ .db = db, .n_slots = 1u << 19, .capacity = GRAPH_SEARCH_MAX + 2 };
    s->at = malloc(s->capacity * sizeof *s->at);
    s->slot = calloc(s->n_slots, sizeof *s->slot);
    if (!s->at || !s->slot) return false;
    s->at[0] = (struct met){ id, -1, 0 };
    s->n = 1;
    s->slot[search_slot(s, id)] = 1;
    return true;
}

static void search_end(struct search *s)
{
    free(s->at);
    free(s->slot);
}

static void search_meet(struct search *s, int64_t id, int64_t position, uint32_t from)
{
    size_t i = search_slot(s, id);
    if (s->slot[i]) return;
    s->at[s->n] = (struct met){ id, position, from };
    s->slot[i] = (uint32_t)++s->n;
}

/* The objects from the one at `index` back to the start, into `out` in that order. */
static bool search_trace(const struct search *s, uint32_t index, struct graph_chain *out)
{
    size_t n = 1;
    for (uint32_t i = index; s->at[i].from != i; i = s->at[i].from) n++;
    out->id = malloc((n + 1) * sizeof *out->id);
    out->position = malloc((n + 1) * sizeof *out->position);
    if (!out->id || !out->position) {
        graph_chain_free(out);
        return false;
    }
    for (uint32_t i = index;; i = s->at[i].from) {
        out->id[out->n] = s->at[i].id;
        out->position[out->n++] = s->at[i].position;
        if (s->at[i].from == i) break;
    }
    out->length = out->n;
    return true;
}

/* The component of an object, 0 for none. */
static int search_component(struct search *s, sqlite3_stmt *q, int64_t id, int64_t *component)
{
    sqlite3_reset(q);
    sqlite3_bind_int64(q, 1, id);
    int more = heapdb_step(s->db, q);
    *component = more == 1 ? sqlite3_column_int64(q, 0) : 0;
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

/* Meets the garbage that refers to `at`; *any tells whether there is some. */
static int search_referrers(struct search *s, sqlite3_stmt *q, uint32_t at, bool *any)
{
    int more = 0;
    *any = false;
    sqlite3_reset(q);
    sqlite3_bind_int64(q, 1, s->at[at].id);
    while (s->looked < GRAPH_SEARCH_MAX && (more = heapdb_step(s->db, q)) == 1) {
        s->looked++;
        if (!heapdb_edge_holds(sqlite3_column_int64(q, 2))) continue;
        *any = true;
        search_meet(s, sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1), at);
    }
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

/* Traced from the holder to the object the chain's positions are one place early: position[i] is
 * that of the reference from id[i] to id[i+1]. */
static void search_shift(struct graph_chain *c)
{
    for (size_t i = c->n; i-- > 1;) c->position[i] = c->position[i - 1];
    c->position[0] = -1;
}

int graph_garbage_holder(struct heapdb *db, const struct heapdb_snapshot *snapshot, int64_t id,
                         struct graph_chain *out, int64_t *component, enum graph_found *found)
{
    struct search s;
    sqlite3_stmt *referrers = NULL, *object = NULL;
    int status = STATUS_UNUSABLE;
    *out = (struct graph_chain){ 0 };
    *component = 0;
    *found = GRAPH_NOT_THERE;
    if (!search_begin(&s, db, id)) {
        search_end(&s);
        return message_no_memory("a search");
    }
    if (!heapdb_prepare(db, &object, "SELECT component_id FROM object WHERE id = ?") &&
        !heapdb_prepare(db, &referrers,
                        "SELECT b.source_id, b.position, r.kind FROM referrer b"
                        " JOIN ref r ON r.source_id = b.source_id AND r.position = b.position"
                        " WHERE b.target_id = ?1 AND b.source_id > ?2"))
        status = STATUS_DONE;
    if (!status) sqlite3_bind_int64(referrers, 2, snapshot->garbage_root_id);
    for (uint32_t i = 0; !status && i < s.n; i++) {
        bool any = true;
        status = search_component(&s, object, s.at[i].id, component);
        if (!status && !*component) status = search_referrers(&s, referrers, i, &any);
        if (!status && (*component || (!any && s.looked < GRAPH_SEARCH_MAX))) {
            *found = GRAPH_FOUND;
            if (!search_trace(&s, i, out)) status = message_no_memory("a search");
            if (!status) search_shift(out);
            break;
        }
        if (s.looked >= GRAPH_SEARCH_MAX) {
            *found = GRAPH_GAVE_UP;
            break;
        }
    }
    sqlite3_finalize(object);
    sqlite3_finalize(referrers);
    search_end(&s);
    return status;
}

/* The chain from the start to `index`, then the reference back to the start. */
static bool cycle_chain(const struct search *s, uint32_t index, int64_t position,
                        struct graph_chain *out)
{
    if (!search_trace(s, index, out)) return false;
    for (size_t i = 0, j = out->n; i + 1 < j; i++) {
        j--;
        int64_t id = out->id[i], p = out->position[i];
        out->id[i] = out->id[j];
        out->position[i] = out->position[j];
        out->id[j] = id;
        out->position[j] = p;
    }
    /* search_trace leaves room for this one. */
    out->id[out->n] = s->at[0].id;
    out->position[out->n++] = position;
    out->length = out->n;
    return true;
}

int graph_cycle(struct heapdb *db, int64_t id, int64_t component, struct graph_chain *out,
                enum graph_found *found)
{
    struct search s;
    sqlite3_stmt *q = NULL;
    int status = STATUS_UNUSABLE, more = 0;
    *out = (struct graph_chain){ 0 };
    *found = GRAPH_NOT_THERE;
    if (!search_begin(&s, db, id)) {
        search_end(&s);
        return message_no_memory("a search");
    }
    status = heapdb_prepare(db, &q, "SELECT r.target_id, r.position, r.kind, o.component_id"
                                    " FROM ref r JOIN object o ON o.id = r.target_id"
                                    " WHERE r.source_id = ?1");
    for (uint32_t i = 0; !status && *found == GRAPH_NOT_THERE && i < s.n; i++) {
        sqlite3_reset(q);
        sqlite3_bind_int64(q, 1, s.at[i].id);
        while (*found == GRAPH_NOT_THERE && (more = heapdb_step(db, q)) == 1) {
            int64_t target = sqlite3_column_int64(q, 0), position = sqlite3_column_int64(q, 1);
            if (++s.looked >= GRAPH_SEARCH_MAX) {
                *found = GRAPH_GAVE_UP;
            } else if (sqlite3_column_int64(q, 3) == component &&
                       heapdb_edge_holds(sqlite3_column_int64(q, 2))) {
                if (target == id) {
                    *found = GRAPH_FOUND;
                    if (!cycle_chain(&s, i, position, out)) status = message_no_memory("a search");
                } else {
                    search_meet(&s, target, position, i);
                }
            }
        }
        if (more < 0) status = STATUS_UNUSABLE;
    }
    sqlite3_finalize(q);
    search_end(&s);
    return status;
}
