/* SPDX-License-Identifier: MIT */
/*
 * Native blocks and allocation events: rows go into the database as they are read; sums by
 * allocation site are kept on the side. Which allocations are not freed by the end is known from
 * the last event of each address.
 *
 * O(1) a row. Memory: none for the rows; 56 B a stack of the database; at most 56 B an address that
 * events name (a table of addresses of at most twice their number, and the last allocation), under
 * the loader's budget.
 */
#include "db/loader.h"

/* The rows of one batch as they go into `block` or `event`. */
struct native_rows {
    struct loader *l;
    const struct record_batch *b;
    int64_t snapshot; /* 0: none */
    uint32_t i; /* the next one */
    bool events;
};

static uint32_t stack_row(struct loader *l, uint64_t id)
{
    struct capture_definitions *d = &l->file.definitions;
    uint64_t at;
    return id && idmap_find(&d->stack, id, &at) ? d->stack_row[at] : 0;
}

/* One column of the batch; nothing where the row has none. */
static void set_column(const struct native_rows *r, int column, uint8_t number, bool is_stack,
                       struct rows_row *out)
{
    const struct record_column *c = &r->b->column[number];
    if (!record_has(c, r->i)) return;
    uint64_t v = c->value[r->i];
    if (is_stack) v = stack_row(r->l, v);
    if (v || !is_stack) rows_set(out, column, (int64_t)v);
}

/* The id is null: the next one. */
static bool native_next(void *opaque, struct rows_row *out)
{
    static const uint8_t of_block[] = { SNAP_COL_BLOCK_ADDRESS, SNAP_COL_BLOCK_SIZE,
                                        SNAP_COL_BLOCK_STACK, SNAP_COL_BLOCK_DOMAIN,
                                        SNAP_COL_BLOCK_OWNER };
    static const uint8_t of_event[] = { SNAP_COL_EVENT_TIME, SNAP_COL_EVENT_OP,
                                        SNAP_COL_EVENT_ADDRESS, SNAP_COL_EVENT_SIZE,
                                        SNAP_COL_EVENT_STACK, SNAP_COL_EVENT_THREAD };
    struct native_rows *r = opaque;
    const uint8_t *numbers = r->events ? of_event : of_block;
    int n = r->events ? sizeof of_event : sizeof of_block;
    uint8_t stack = r->events ? SNAP_COL_EVENT_STACK : SNAP_COL_BLOCK_STACK;
    if (r->i >= r->b->rows) return false;
    if (r->snapshot) rows_set(out, 1, r->snapshot);
    for (int k = 0; k < n; k++) set_column(r, k + 2, numbers[k], numbers[k] == stack, out);
    r->i++;
    return true;
}

static int write_rows(struct loader *l, int64_t snapshot, const struct record_batch *b, bool events)
{
    struct native_rows r = { .l = l, .b = b, .snapshot = snapshot, .events = events };
    return loader_rows(l, events ? "event" : "block",
                       &(struct rows_source){ &r, native_next, events ? 8 : 7, ROWS_NO_TEXT });
}

/* ---- sums ---------------------------------------------------------------------------------- */

static void add(uint64_t *sum, uint64_t size)
{
    *sum = size > INT64_MAX - *sum ? INT64_MAX : *sum + size;
}

/* The sums of a stack; NULL without memory. */
static struct native_sum *sum_of(struct budget *budget, struct native *n, uint32_t stack)
{
    if (stack >= n->n_sums) {
        if (!memory_grow(budget, (void **)&n->sum, &n->sum_cap, (size_t)stack + 1, sizeof *n->sum))
            return NULL;
        while (n->n_sums <= stack) n->sum[n->n_sums++] = (struct native_sum){ 0 };
    }
    return &n->sum[stack];
}

/* Where the last allocation at this address is kept; NULL without memory. */
static struct native_live *live_at(struct budget *budget, struct native *n, uint64_t address)
{
    bool fresh;
    uint64_t room = budget->limit > budget->used ? budget->limit - budget->used : 0;
    if (n->n_live > room / 64) return NULL;
    uint64_t *at = u64map_put(&n->live_index, address, &fresh);
    if (!at) return NULL;
    if (!fresh) return &n->live[*at];
    if (n->n_live == UINT32_MAX ||
        !memory_grow(budget, (void **)&n->live, &n->live_cap, n->n_live + 1, sizeof *n->live))
        return NULL;
    *at = n->n_live;
    n->live[n->n_live] = (struct native_live){ 0 };
    return &n->live[n->n_live++];
}

static bool add_event(struct loader *l, struct native *n, struct budget *budget,
                      const struct record_batch *b, uint32_t i)
{
    uint64_t op = record_get(&b->column[SNAP_COL_EVENT_OP], i);
    if (op != SNAP_EVENT_ALLOC && op != SNAP_EVENT_FREE) return true;
    struct native_live *live =
        live_at(budget, n, record_get(&b->column[SNAP_COL_EVENT_ADDRESS], i));
    if (!live) return false;
    live->is_live = op == SNAP_EVENT_ALLOC;
    if (!live->is_live) return true;
    live->size = record_get(&b->column[SNAP_COL_EVENT_SIZE], i);
    live->stack = stack_row(l, record_get(&b->column[SNAP_COL_EVENT_STACK], i));
    struct native_sum *sum = sum_of(budget, n, live->stack);
    if (!sum) return false;
    sum->n_allocated++;
    add(&sum->allocated_size, live->size);
    return true;
}

int native_blocks(struct loader *l, struct snapshot *s, const struct record_batch *b)
{
    for (uint32_t i = 0; i < b->rows; i++) {
        uint64_t size = record_get(&b->column[SNAP_COL_BLOCK_SIZE], i);
        uint32_t stack = stack_row(l, record_get(&b->column[SNAP_COL_BLOCK_STACK], i));
        struct native_sum *sum = sum_of(&l->budget, &s->native, stack);
        if (!sum) return loader_no_memory(l);
        sum->n_blocks++;
        add(&sum->block_size, size);
        add(&s->native.block_size, size);
        s->native.n_blocks++;
    }
    return write_rows(l, s->id, b, false);
}

int native_events(struct loader *l, struct snapshot *s, const struct record_batch *b)
{
    struct native *n = s ? &s->native : &l->file.native;
    for (uint32_t i = 0; i < b->rows; i++)
        if (!add_event(l, n, s ? &l->budget : &l->lasting, b, i)) return loader_no_memory(l);
    return write_rows(l, s ? s->id : 0, b, true);
}

int native_write(struct loader *l, struct snapshot *s)
{
    struct native *n = s ? &s->native : &l->file.native;
    sqlite3_stmt *q;
    if (!n->n_sums) return 0;
    for (size_t i = 0; i < n->n_live; i++) {
        if (!n->live[i].is_live) continue;
        struct native_sum *sum = &n->sum[n->live[i].stack];
        sum->n_live++;
        add(&sum->live_size, n->live[i].size);
    }
    int status = loader_prepare(l, &q, "INSERT INTO native_site (snapshot_id, stack_id, n_blocks,"
                                       " block_size, n_allocated, allocated_size, n_live,"
                                       " live_size) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    for (uint32_t stack = 0; stack < n->n_sums && !status; stack++) {
        const struct native_sum *sum = &n->sum[stack];
        if (!sum->n_blocks && !sum->n_allocated) continue;
        loader_bind_id(q, 1, s ? s->id : 0);
        loader_bind_id(q, 2, stack);
        sqlite3_bind_int64(q, 3, (sqlite3_int64)sum->n_blocks);
        sqlite3_bind_int64(q, 4, (sqlite3_int64)sum->block_size);
        sqlite3_bind_int64(q, 5, (sqlite3_int64)sum->n_allocated);
        sqlite3_bind_int64(q, 6, (sqlite3_int64)sum->allocated_size);
        sqlite3_bind_int64(q, 7, (sqlite3_int64)sum->n_live);
        sqlite3_bind_int64(q, 8, (sqlite3_int64)sum->live_size);
        status = loader_insert(l, q);
    }
    sqlite3_finalize(q);
    return status;
}

void native_free(struct native *n)
{
    heap_free(n->sum);
    heap_free(n->live);
    u64map_free(&n->live_index);
    *n = (struct native){ 0 };
}
