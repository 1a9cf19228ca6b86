/* SPDX-License-Identifier: MIT */
/* Shared native memory of a subtree; the contract is in graph_shared.h. */
#include "graph_shared.h"

#include <stdlib.h>

#include "cli/message.h"

static int shared_allocate(struct heapdb *db, const struct heapdb_snapshot *snapshot,
                           struct graph_shared *s, uint64_t *n)
{
    int64_t rows = 0;
    if (heapdb_number(db, "SELECT count(*) FROM shared_buffer_object WHERE snapshot_id = ?",
                      snapshot->id, &rows) < 0)
        return STATUS_UNUSABLE;
    *n = (uint64_t)rows;
    if (rows == 0) return STATUS_DONE;
    if (*n >= HEAP_NONE) return message_no_memory("shared memory");
    s->off = calloc((size_t)*n + 1, sizeof *s->off);
    s->node = calloc((size_t)*n, sizeof *s->node);
    s->size = calloc((size_t)*n, sizeof *s->size);
    return s->off && s->node && s->size ? STATUS_DONE : message_no_memory("shared memory");
}

/* One object that shares `size` bytes with the others of `address`. */
static void shared_add(struct graph_shared *s, uint32_t node, bool first, uint64_t size)
{
    uint32_t at = s->blocks.n ? s->off[s->blocks.n] : 0;
    if (first) s->size[s->blocks.n++] = size;
    s->node[at] = node;
    s->off[s->blocks.n] = at + 1;
}

static bool shared_rows(struct heapdb *db, sqlite3_stmt *q, const struct graph *g,
                        uint64_t *native, struct graph_shared *s, int *more)
{
    int64_t before = 0, last = g->first_id + (int64_t)g->heap.n - 1;
    uint64_t total = 0;
    while ((*more = heapdb_step(db, q)) == 1) {
        int64_t address = sqlite3_column_int64(q, 0), size = sqlite3_column_int64(q, 1);
        int64_t holder = sqlite3_column_int64(q, 2), id = sqlite3_column_int64(q, 3);
        if (!graph_has(g, id)) continue;
        native[id - g->first_id] = 0;
        if (holder < g->top_id || holder > last) continue;
        bool first = !s->blocks.n || address != before;
        if (first && (size < 0 || (uint64_t)size > INT64_MAX - total)) return false;
        if (first) total += (uint64_t)size;
        shared_add(s, (uint32_t)(id - g->first_id), first, (uint64_t)size);
        before = address;
    }
    return true;
}

int graph_shared_read(struct heapdb *db, const struct heapdb_snapshot *snapshot,
                      const struct graph *g, uint64_t *native, struct graph_shared *out)
{
    sqlite3_stmt *q = NULL;
    uint64_t n = 0;
    int more = 0;
    *out = (struct graph_shared){ 0 };
    int status = shared_allocate(db, snapshot, out, &n);
    if (status || n == 0) return status;
    if (heapdb_prepare(db, &q, "SELECT m.address, b.native_size, b.holder_id, m.object_id"
                               " FROM shared_buffer_object m JOIN shared_buffer b"
                               " ON b.snapshot_id = m.snapshot_id AND b.address = m.address"
                               " WHERE m.snapshot_id = ?1 ORDER BY m.address, m.object_id"
                               " LIMIT ?2"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, snapshot->id);
    sqlite3_bind_int64(q, 2, (sqlite3_int64)n);
    bool sound = shared_rows(db, q, g, native, out, &more);
    sqlite3_finalize(q);
    if (!sound) return heapdb_damaged(db, "impossible sizes in shared_buffer");
    out->blocks.off = out->off;
    out->blocks.node = out->node;
    out->blocks.size = out->size;
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

void graph_shared_free(struct graph_shared *s)
{
    free(s->off);
    free(s->node);
    free(s->size);
    *s = (struct graph_shared){ 0 };
}
