/* SPDX-License-Identifier: MIT */
/* Paths from a root to an object, as ids; the contract is in graph_chain.h. */
#include "graph_chain.h"

#include <stdlib.h>
#include <string.h>

#include "cli/message.h"

static int chain_damaged(const struct heapdb *db, int64_t id)
{
    return heapdb_damaged(db, "the path to object #%lld contradicts itself",
                          (long long)id);
}

void graph_chain_free(struct graph_chain *chain)
{
    free(chain->id);
    free(chain->position);
    *chain = (struct graph_chain){ 0 };
}

/* Makes room for n steps in all. */
static bool chain_reserve(struct graph_chain *c, size_t *capacity, size_t n)
{
    if (n <= *capacity) return true;
    size_t more = *capacity ? *capacity * 2 : 64;
    if (more < n) more = n;
    if (more > SIZE_MAX / sizeof *c->id) return false;
    int64_t *id = realloc(c->id, more * sizeof *id);
    if (!id) return false;
    c->id = id;
    int64_t *position = realloc(c->position, more * sizeof *position);
    if (!position) return false;
    c->position = position;
    *capacity = more;
    return true;
}

static void chain_reverse(struct graph_chain *c)
{
    for (size_t i = 0, j = c->n; i + 1 < j; i++) {
        j--;
        int64_t id = c->id[i], position = c->position[i];
        c->id[i] = c->id[j];
        c->position[i] = c->position[j];
        c->id[j] = id;
        c->position[j] = position;
    }
}

/* The last `limit` steps of the path to `id`, in order; `length` becomes the object's distance. */
static int chain_climb(struct heapdb *db, int64_t id, size_t limit, struct graph_chain *out)
{
    sqlite3_stmt *q = NULL;
    int status = STATUS_UNUSABLE, more = 1;
    size_t capacity = 0;
    int64_t before = INT64_MAX, distance = 0, target = id;
    *out = (struct graph_chain){ 0 };
    if (heapdb_prepare(db, &q, "SELECT distance, parent_id, parent_position FROM object"
                               " WHERE id = ?"))
        return STATUS_UNUSABLE;
    while (out->n < limit) {
        sqlite3_reset(q);
        sqlite3_bind_int64(q, 1, id);
        more = heapdb_step(db, q);
        if (more < 0) goto done;
        distance = more ? sqlite3_column_int64(q, 0) : 0;
        if (out->n == 0) out->length = distance > 0 ? (uint64_t)distance : 0;
        if (out->length == 0) break;
        /* Each parent is exactly one step nearer, so the climb ends. */
        if (distance < 1 || (out->n && distance != before - 1)) {
            status = chain_damaged(db, target);
            goto done;
        }
        before = distance;
        if (!chain_reserve(out, &capacity, out->n + 1)) {
            status = message_no_memory("a path");
            goto done;
        }
        out->id[out->n] = id;
        out->position[out->n++] = distance == 1 ? -1 : sqlite3_column_int64(q, 2);
        if (distance == 1) break;
        id = sqlite3_column_int64(q, 1);
    }
    chain_reverse(out);
    out->n_cut = out->length - out->n;
    status = STATUS_DONE;
done:
    sqlite3_finalize(q);
    if (status) graph_chain_free(out);
    return status;
}

/* The dominator of `id` farthest from the root among those at most `head` steps from it; 0 when
 * none is. Descends from the top: the child of x in the tree that dominates `id` is the last one
 * whose id is not larger. */
static int chain_anchor(struct heapdb *db, int64_t id, size_t head, int64_t *anchor)
{
    const struct heapdb_snapshot *s = heapdb_snapshot_of(db, id);
    sqlite3_stmt *q = NULL;
    int more = 0;
    *anchor = 0;
    if (!s) return STATUS_DONE;
    if (heapdb_prepare(db, &q, "SELECT c.object_id, o.distance FROM child c"
                               " JOIN object o ON o.id = c.object_id"
                               " WHERE c.dominator_id = ?1 AND c.object_id <= ?2"
                               " ORDER BY c.object_id DESC LIMIT 1"))
        return STATUS_UNUSABLE;
    int64_t at = s->live_root_id;
    while (at < id) {
        sqlite3_reset(q);
        sqlite3_bind_int64(q, 1, at);
        sqlite3_bind_int64(q, 2, id);
        more = heapdb_step(db, q);
        if (more != 1 || sqlite3_column_int64(q, 1) > (int64_t)head) break;
        if (sqlite3_column_int64(q, 0) <= at) break;
        at = sqlite3_column_int64(q, 0);
        *anchor = at;
    }
    sqlite3_finalize(q);
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

int graph_chain_shortest(struct heapdb *db, int64_t id, size_t head, size_t tail,
                         struct graph_chain *out)
{
    struct graph_chain top = { 0 };
    int64_t anchor = 0;
    bool all = head == GRAPH_CHAIN_ALL || tail == GRAPH_CHAIN_ALL || head + tail < head;
    int status = chain_climb(db, id, all ? GRAPH_CHAIN_ALL : head + tail, out);
    if (status || out->n_cut == 0) return status;
    /* Too long: keep the tail, and put before it what a dominator near the root shows. */
    if (head > 0) status = chain_anchor(db, id, head, &anchor);
    if (!status && anchor) status = chain_climb(db, anchor, head, &top);
    if (status || top.n > head || top.n_cut) top.n = 0;
    size_t drop = out->n - tail, capacity = out->n;
    if (!status && !chain_reserve(out, &capacity, top.n + tail))
        status = message_no_memory("a path");
    if (!status) {
        memmove(out->id + top.n, out->id + drop, tail * sizeof *out->id);
        memmove(out->position + top.n, out->position + drop, tail * sizeof *out->position);
        for (size_t i = 0; i < top.n; i++) {
            out->id[i] = top.id[i];
            out->position[i] = top.position[i];
        }
        out->n = top.n + tail;
        out->cut_at = top.n;
        out->n_cut = out->length - out->n;
    }
    graph_chain_free(&top);
    if (status) graph_chain_free(out);
    return status;
}

void graph_chain_cut(struct graph_chain *c, size_t head, size_t tail)
{
    if (head == GRAPH_CHAIN_ALL || tail == GRAPH_CHAIN_ALL || head + tail < head) return;
    if (c->n_cut || c->n <= head + tail) return;
    size_t drop = c->n - head - tail;
    memmove(c->id + head, c->id + head + drop, tail * sizeof *c->id);
    memmove(c->position + head, c->position + head + drop, tail * sizeof *c->position);
    c->n = head + tail;
    c->cut_at = head;
    c->n_cut = drop;
}

/* ref.position of the index-th reference of an object: the index itself unless positions have
 * gaps. */
static int chain_position(struct heapdb *db, const struct graph *g, sqlite3_stmt *q, int64_t source,
                          uint32_t index, int64_t *position)
{
    *position = index;
    if (g->positions_dense) return STATUS_DONE;
    sqlite3_reset(q);
    sqlite3_bind_int64(q, 1, source);
    sqlite3_bind_int64(q, 2, index);
    int more = heapdb_step(db, q);
    if (more == 1) *position = sqlite3_column_int64(q, 0);
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

int graph_chain_from_paths(struct heapdb *db, const struct graph *g, const struct heap_paths *paths,
                           uint32_t i, struct graph_chain *out)
{
    sqlite3_stmt *q = NULL;
    size_t capacity = 0, n = (size_t)(paths->start[i + 1] - paths->start[i]);
    const uint32_t *step = paths->step + paths->start[i];
    const uint32_t *index = paths->position + paths->start[i];
    *out = (struct graph_chain){ 0 };
    if (heapdb_prepare(db, &q, "SELECT position FROM ref WHERE source_id = ?1"
                               " ORDER BY position LIMIT 1 OFFSET ?2"))
        return STATUS_UNUSABLE;
    int status = STATUS_DONE;
    if (!chain_reserve(out, &capacity, n ? n : 1)) status = message_no_memory("a path");
    for (size_t k = 0; !status && k < n; k++) {
        out->id[k] = graph_row_id(g, step[k]);
        out->position[k] = -1;
        if (k > 0)
            status = chain_position(db, g, q, out->id[k - 1], index[k - 1], &out->position[k]);
    }
    sqlite3_finalize(q);
    if (status) {
        graph_chain_free(out);
        return status;
    }
    out->n = n;
    out->length = n;
    return STATUS_DONE;
}
