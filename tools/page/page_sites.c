/* SPDX-License-Identifier: MIT */
/* Stacks of allocations as a tree; page_sites.h. */
#include "page/page_sites.h"

#include <stdlib.h>
#include <string.h>

#include "cli/message.h"

struct stack {
    int64_t id, parent, frame; /* 0: none */
    uint64_t n, own, count, bytes;
    uint32_t node;
};

struct sites {
    struct subject *s;
    struct stack *at; /* as they were met; later by size */
    size_t n, capacity;
    size_t *slots; /* a hash table of ids: number + 1 */
    size_t n_slots;
    sqlite3_stmt *stack, *frame;
    uint64_t n_all, bytes_all; /* of all objects, with a stack or without */
};

static int no_memory(void)
{
    return message_no_memory("the allocation sites");
}

static size_t *slot_of(const struct sites *t, int64_t id)
{
    size_t i = (size_t)((uint64_t)id * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (t->n_slots - 1);
    while (t->slots[i] && t->at[t->slots[i] - 1].id != id) i = (i + 1) & (t->n_slots - 1);
    return &t->slots[i];
}

static bool index_all(struct sites *t, size_t n_slots)
{
    size_t *slots = calloc(n_slots, sizeof *slots);
    if (!slots) return false;
    free(t->slots);
    t->slots = slots;
    t->n_slots = n_slots;
    for (size_t i = 0; i < t->n; i++) *slot_of(t, t->at[i].id) = i + 1;
    return true;
}

/* The number of a stack, with all that it was called by. */
static int enter(struct sites *t, int64_t id, size_t *out)
{
    *out = SIZE_MAX;
    while (id) {
        if (t->n == t->capacity) {
            size_t capacity = t->capacity ? t->capacity * 2 : 256;
            struct stack *at = realloc(t->at, capacity * sizeof *at);
            if (!at) return no_memory();
            t->at = at;
            t->capacity = capacity;
            if (!index_all(t, 2 * capacity)) return no_memory();
        }
        size_t *slot = slot_of(t, id);
        if (*slot) {
            if (*out == SIZE_MAX) *out = *slot - 1;
            return STATUS_DONE;
        }
        sqlite3_reset(t->stack);
        sqlite3_bind_int64(t->stack, 1, id);
        int got = heapdb_step(t->s->db, t->stack);
        if (got < 0) return STATUS_UNUSABLE;
        struct stack x = { .id = id };
        if (got) x.parent = sqlite3_column_int64(t->stack, 0);
        if (got) x.frame = sqlite3_column_int64(t->stack, 1);
        if (x.parent < 0 || x.parent >= id)
            return heapdb_damaged(t->s->db, "stack %lld was called by itself", (long long)id);
        t->at[t->n] = x;
        if (*out == SIZE_MAX) *out = t->n;
        *slot = ++t->n;
        id = x.parent;
    }
    return STATUS_DONE;
}

static int read_sites(struct sites *t, bool native)
{
    sqlite3_stmt *q = NULL;
    int status = heapdb_prepare(t->s->db, &q,
                                native ? "SELECT coalesce(stack_id, 0), max(n_blocks, n_live),"
                                         " max(block_size, live_size) FROM native_site"
                                         " WHERE snapshot_id IS NULL OR snapshot_id = ?"
                                       : "SELECT stack_id, n, shallow_size FROM site"
                                         " WHERE snapshot_id = ?");
    if (status) return status;
    sqlite3_bind_int64(q, 1, t->s->snapshot->id);
    int more = 0;
    while (!status && (more = heapdb_step(t->s->db, q)) == 1) {
        size_t k;
        uint64_t n = subject_size(sqlite3_column_int64(q, 1));
        uint64_t bytes = subject_size(sqlite3_column_int64(q, 2));
        status = enter(t, sqlite3_column_int64(q, 0), &k);
        t->n_all += n;
        t->bytes_all += bytes;
        if (status || k == SIZE_MAX) continue;
        t->at[k].n += n;
        t->at[k].own += bytes;
    }
    sqlite3_finalize(q);
    return more < 0 ? STATUS_UNUSABLE : status;
}

static int by_id_descending(const void *a, const void *b)
{
    const struct stack *x = a, *y = b;
    return (x->id < y->id) - (x->id > y->id);
}

/* The largest first; callers, whose numbers are smaller, before what they call. */
static int by_bytes(const void *a, const void *b)
{
    const struct stack *x = a, *y = b;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
    if (x->count != y->count) return x->count < y->count ? 1 : -1;
    return (x->id > y->id) - (x->id < y->id);
}

static bool add_up(struct sites *t)
{
    for (size_t i = 0; i < t->n; i++) {
        t->at[i].count = t->at[i].n;
        t->at[i].bytes = t->at[i].own;
    }
    qsort(t->at, t->n, sizeof *t->at, by_id_descending);
    if (!index_all(t, t->n_slots)) return false;
    for (size_t i = 0; i < t->n; i++) { /* callers come after what they call */
        if (!t->at[i].parent) continue;
        struct stack *above = &t->at[*slot_of(t, t->at[i].parent) - 1];
        above->count += t->at[i].count;
        above->bytes += t->at[i].bytes;
    }
    qsort(t->at, t->n, sizeof *t->at, by_bytes);
    return index_all(t, t->n_slots);
}

static int frame_name(struct sites *t, int64_t frame, struct text *out)
{
    sqlite3_reset(t->frame);
    sqlite3_bind_int64(t->frame, 1, frame);
    int got = heapdb_step(t->s->db, t->frame);
    if (got < 0) return STATUS_UNUSABLE;
    const char *function = got ? (const char *)sqlite3_column_text(t->frame, 0) : NULL;
    const char *file = got ? (const char *)sqlite3_column_text(t->frame, 1) : NULL;
    text_adds(out, function ? function : "?");
    if (file) text_addf(out, " (%s", file);
    if (file && sqlite3_column_int64(t->frame, 2) > 0)
        text_addf(out, ":%lld", (long long)sqlite3_column_int64(t->frame, 2));
    if (file) text_adds(out, ")");
    return out->failed ? no_memory() : STATUS_DONE;
}

static int add_node(struct sites *t, struct stack *x, struct page_names *names,
                    struct page_tree *tree)
{
    struct text name = { 0 };
    uint32_t parent = x->parent ? t->at[*slot_of(t, x->parent) - 1].node : 0;
    int status = frame_name(t, x->frame, &name);
    uint32_t node = status ? PAGE_NO_NODE : page_tree_add(tree, parent);
    if (!status && node == PAGE_NO_NODE) status = no_memory();
    if (!status) {
        struct page_node *p = &tree->at[node];
        p->type = page_names_add(names, text_str(&name));
        p->n = x->n;
        p->own = x->own;
        p->count = x->count;
        p->bytes = x->bytes;
        p->rest_count = x->count - x->n;
        p->rest_bytes = x->bytes - x->own;
        tree->at[parent].rest_count -= x->count;
        tree->at[parent].rest_bytes -= x->bytes;
        x->node = node;
        if (names->failed) status = no_memory();
    }
    text_free(&name);
    return status;
}

static int make_tree(struct sites *t, struct page_names *names, uint64_t bytes,
                     struct page_tree *out)
{
    uint64_t end = names->bytes + bytes;
    if (t->n == 0) return STATUS_DONE;
    if (!add_up(t) || page_tree_add(out, PAGE_NO_NODE) == PAGE_NO_NODE) return no_memory();
    struct page_node *top = &out->at[0];
    top->type = page_names_add(names, "all allocations");
    top->count = top->rest_count = t->n_all;
    top->bytes = top->rest_bytes = t->bytes_all;
    int status = STATUS_DONE;
    for (size_t i = 0; !status && i < t->n && i < PAGE_SITE_NODES && names->bytes < end; i++)
        status = add_node(t, &t->at[i], names, out);
    return status;
}

int page_sites_load(struct subject *s, bool native, struct page_names *names, uint64_t bytes,
                    struct page_tree *out)
{
    struct sites t = { .s = s };
    *out = (struct page_tree){ 0 };
    int status = heapdb_prepare(s->db, &t.stack,
                                "SELECT coalesce(parent_id, 0), coalesce(frame_id, 0) FROM stack"
                                " WHERE id = ?");
    if (!status)
        status = heapdb_prepare(s->db, &t.frame,
                                "SELECT function, file, line FROM frame WHERE id = ?");
    if (!status) status = read_sites(&t, native);
    if (!native && t.n_all < subject_size(s->snapshot->n_live) &&
        t.bytes_all < subject_size(s->snapshot->live_size)) {
        t.n_all = subject_size(s->snapshot->n_live);
        t.bytes_all = subject_size(s->snapshot->live_size);
    }
    if (!status) status = make_tree(&t, names, bytes, out);
    sqlite3_finalize(t.stack);
    sqlite3_finalize(t.frame);
    free(t.at);
    free(t.slots);
    return status;
}
