/* SPDX-License-Identifier: MIT */
/*
 * Native memory that several objects share: those whose detail.buffer is the same address, and who
 * say how large it is. It is as large as the largest of them says, and counts once: where it hangs
 * in the dominator tree is computed by the graph core (heap/analysis.h, struct heap_blocks), from
 * native sizes without it; sums of the objects' own sizes have it at one of them.
 *
 * O(objects with a buffer). Memory: while it is looked for 28 B an object with a buffer, then 20 B
 * an object that shares.
 */

#include "db/loader.h"
#include "db/sort.h"
#include "heap/memory.h"

/* The objects with a buffer and a native size, by buffer, ties by node. */
struct buffers {
    uint64_t *address;
    uint32_t *node, *order;
    uint32_t n;
};

static bool may_share(const struct capture *c, const struct capture_extra *e)
{
    return e->has_buffer && e->buffer && c->native[e->node];
}

static bool buffers_collect(struct loader *l, const struct capture *c, struct buffers *b)
{
    for (size_t i = 0; i < c->n_extra; i++) b->n += may_share(c, &c->extra[i]);
    b->address = memory_new(&l->budget, b->n, sizeof *b->address);
    b->node = memory_new(&l->budget, b->n, sizeof *b->node);
    if (!b->address || !b->node) return false;
    uint32_t at = 0;
    for (size_t i = 0; i < c->n_extra; i++) {
        if (!may_share(c, &c->extra[i])) continue;
        b->address[at] = c->extra[i].buffer;
        b->node[at++] = c->extra[i].node;
    }
    return sort_ids(&l->budget, b->address, b->n, &b->order, NULL);
}

static uint32_t same_from(const struct buffers *b, uint32_t i)
{
    uint32_t end = i + 1;
    while (end < b->n && b->address[b->order[end]] == b->address[b->order[i]]) end++;
    return end;
}

static void fill(struct shared *s, const struct buffers *b, const uint64_t *native)
{
    uint32_t block = 0, at = 0;
    s->off[0] = 0;
    for (uint32_t i = 0, end; i < b->n; i = end) {
        end = same_from(b, i);
        if (end - i < 2) continue;
        s->address[block] = b->address[b->order[i]];
        s->size[block] = 0;
        for (uint32_t k = i; k < end; k++, at++) {
            uint32_t node = s->node[at] = b->node[b->order[k]];
            s->stored[at] = native[node];
            if (native[node] > s->size[block]) s->size[block] = native[node];
        }
        s->off[++block] = at;
    }
}

static bool build(struct loader *l, struct snapshot *s, const struct buffers *b)
{
    struct shared *h = &s->shared;
    uint32_t members = 0, blocks = 0;
    for (uint32_t i = 0, end; i < b->n; i = end) {
        end = same_from(b, i);
        if (end - i < 2) continue;
        blocks++;
        members += end - i;
    }
    if (!blocks) return true;
    h->address = memory_new(&l->budget, blocks, sizeof *h->address);
    h->size = memory_new(&l->budget, blocks, sizeof *h->size);
    h->off = memory_new(&l->budget, (uint64_t)blocks + 1, sizeof *h->off);
    h->node = memory_new(&l->budget, members, sizeof *h->node);
    h->stored = memory_new(&l->budget, members, sizeof *h->stored);
    if (!h->address || !h->size || !h->off || !h->node || !h->stored) return false;
    fill(h, b, s->capture.native);
    h->blocks = (struct heap_blocks){ blocks, h->off, h->node, h->size };
    return true;
}

int shared_find(struct loader *l, struct snapshot *s)
{
    struct buffers b = { 0 };
    if (!s->capture.native || !s->capture.n_extra) return 0;
    bool ok = buffers_collect(l, &s->capture, &b) && build(l, s, &b);
    memory_free(&l->budget, b.address, b.n, sizeof *b.address);
    memory_free(&l->budget, b.node, b.n, sizeof *b.node);
    memory_free(&l->budget, b.order, b.n, sizeof *b.order);
    return ok ? 0 : loader_no_memory(l);
}

void shared_sizes(struct snapshot *s, enum shared_sizes which)
{
    const struct shared *h = &s->shared;
    uint64_t *native = s->capture.native;
    for (uint32_t i = 0; i < h->blocks.n; i++) {
        for (uint32_t k = h->off[i]; k < h->off[i + 1]; k++)
            native[h->node[k]] = which == SHARED_STORED ? h->stored[k] : 0;
        if (which == SHARED_ONCE) native[s->analysis.block_counted[i]] = h->size[i];
    }
}

void shared_free(struct shared *h)
{
    heap_free(h->address);
    heap_free(h->size);
    heap_free(h->off);
    heap_free(h->node);
    heap_free(h->stored);
    *h = (struct shared){ 0 };
}

static int write_block(struct loader *l, const struct snapshot *s, uint32_t i, sqlite3_stmt *block,
                       sqlite3_stmt *member)
{
    const struct shared *h = &s->shared;
    const struct heap_analysis *a = &s->analysis;
    sqlite3_bind_int64(block, 1, s->id);
    sqlite3_bind_int64(block, 2, (sqlite3_int64)h->address[i]);
    sqlite3_bind_int64(block, 3, h->off[i + 1] - h->off[i]);
    sqlite3_bind_int64(block, 4, (sqlite3_int64)h->size[i]);
    sqlite3_bind_int64(block, 5, loader_object_id(s, a->block_holder[i]));
    sqlite3_bind_int64(block, 6, loader_object_id(s, a->row_of[a->block_counted[i]]));
    int status = loader_insert(l, block);
    for (uint32_t k = h->off[i]; k < h->off[i + 1] && !status; k++) {
        sqlite3_bind_int64(member, 1, s->id);
        sqlite3_bind_int64(member, 2, (sqlite3_int64)h->address[i]);
        sqlite3_bind_int64(member, 3, loader_object_id(s, a->row_of[h->node[k]]));
        status = loader_insert(l, member);
    }
    return status;
}

int shared_write(struct loader *l, struct snapshot *s)
{
    sqlite3_stmt *block = NULL, *member = NULL;
    if (!s->shared.blocks.n) return 0;
    int status = loader_prepare(l, &block, "INSERT INTO shared_buffer (snapshot_id, address, n,"
                                           " native_size, holder_id, object_id)"
                                           " VALUES (?, ?, ?, ?, ?, ?)");
    if (!status)
        status = loader_prepare(l, &member, "INSERT INTO shared_buffer_object (snapshot_id,"
                                            " address, object_id) VALUES (?, ?, ?)");
    for (uint32_t i = 0; i < s->shared.blocks.n && !status; i++)
        status = write_block(l, s, i, block, member);
    sqlite3_finalize(block);
    sqlite3_finalize(member);
    return status;
}
