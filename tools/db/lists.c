/* SPDX-License-Identifier: MIT */
/*
 * The ordered lists: children by dominator, the largest objects of each type, site and cycle, the
 * top list, objects by address, the cumulative histogram. Each is one stable counting sort of the
 * order by retained size, or what the numbering or another order has left behind; none is sorted by
 * SQLite.
 */
#include "db/loader.h"

#include <stdlib.h>

#include "db/heapdb.h"
#include "heap/beside.h"

#define AHEAD 12u

/* Rows (key, rank, object). */
struct list_rows {
    const struct snapshot *s;
    const struct heap_lists *lists;
    int64_t key_base;   /* what is added to a key */
    bool with_snapshot; /* (key, snapshot, rank, object) */
    uint32_t key;
    uint64_t at;
};

static bool list_next(void *opaque, struct rows_row *out)
{
    struct list_rows *x = opaque;
    int column = 0;
    if (x->at >= x->lists->start[x->lists->n_keys]) return false;
    while (x->at >= x->lists->start[x->key + 1]) x->key++;
    rows_set(out, column++, x->key_base + x->key);
    if (x->with_snapshot) rows_set(out, column++, x->s->id);
    rows_set(out, column++, (int64_t)(x->at - x->lists->start[x->key] + 1));
    rows_set(out, column, loader_object_id(x->s, x->lists->row[x->at++]));
    return true;
}

struct list_plan {
    const char *table;
    const uint32_t *key;
    uint32_t n_keys;
    int64_t base;
    bool with_snapshot;
};

static int write_list(struct loader *l, struct snapshot *s, const struct list_plan *p)
{
    struct heap_lists lists;
    int status = loader_heap(l, heap_group(&s->analysis, s->order, s->analysis.n_nodes, p->key,
                                           p->n_keys, HEAPDB_LIST_MAX, &lists));
    if (status) return status;
    struct list_rows x = { .s = s, .lists = &lists, .key_base = p->base,
                           .with_snapshot = p->with_snapshot };
    int columns = 3 + p->with_snapshot;
    status = loader_rows(l, p->table, &(struct rows_source){ &x, list_next, columns, ROWS_NO_TEXT });
    heap_lists_free(&lists);
    return status;
}

static int write_lists(struct loader *l, struct snapshot *s)
{
    const struct heap_analysis *a = &s->analysis;
    const struct list_plan plans[] = {
        { "type_object", s->type, s->n_types, s->type_base, false },
        { "component_object", a->component, a->n_components, s->component_base, false },
        { "site_object", s->stack, (uint32_t)l->stacks.n + 1, 0, true },
    };
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        if (!plans[i].key) continue;
        int status = write_list(l, s, &plans[i]);
        if (status) return status;
    }
    return 0;
}

/* child: the first child of a row is the next row; the next one comes after all that it retains. */
struct child_rows {
    BESIDE_APART const struct snapshot *s;
    uint32_t row, end, child; /* of rows before `end` */
};

static bool child_next(void *opaque, struct rows_row *out)
{
    struct child_rows *x = opaque;
    const struct heap_analysis *a = &x->s->analysis;
    if (x->row >= x->end) return false;
    while (x->child > a->last[x->row]) {
        if (++x->row >= x->end) return false;
        x->child = x->row + 1;
    }
    rows_set(out, 0, loader_object_id(x->s, x->row));
    rows_set(out, 1, loader_object_id(x->s, x->child));
    x->child = a->last[x->child] + 1;
    return true;
}

static int write_children(struct loader *l, struct snapshot *s)
{
    uint32_t n = s->analysis.n_rows, middle = loader_middle(n);
    struct child_rows x[2] = { { s, 0, middle, 1 }, { s, middle, n, middle + 1 } };
    return loader_halves(l, "child", (struct rows_source[2]){
        { &x[0], child_next, 2, ROWS_NO_TEXT }, { &x[1], child_next, 2, ROWS_NO_TEXT } });
}

/* top_object: the beginning of the order. */
struct top_rows {
    const struct snapshot *s;
    uint32_t at, n;
};

static bool top_next(void *opaque, struct rows_row *out)
{
    struct top_rows *t = opaque;
    if (t->at >= t->n) return false;
    rows_set(out, 0, t->s->id);
    rows_set(out, 1, (int64_t)t->at + 1);
    rows_set(out, 2, loader_object_id(t->s, t->s->order[t->at++]));
    return true;
}

static int write_top(struct loader *l, struct snapshot *s)
{
    uint32_t n = s->analysis.n_nodes < HEAPDB_LIST_MAX ? s->analysis.n_nodes : HEAPDB_LIST_MAX;
    struct top_rows t = { .s = s, .n = n };
    return loader_rows(l, "top_object", &(struct rows_source){ &t, top_next, 3, ROWS_NO_TEXT });
}

/* ---- address, type_prefix ------------------------------------------------------------------ */

struct address_rows {
    BESIDE_APART const struct snapshot *s;
    uint32_t at, end;
};

static bool address_next(void *opaque, struct rows_row *out)
{
    struct address_rows *x = opaque;
    const struct resolved *r = &x->s->resolved;
    if (x->at >= x->end) return false;
    if (x->at + AHEAD < x->end) {
        uint64_t ahead = packed_get(&r->by_address, x->at + AHEAD);
        packed_prefetch(&x->s->capture.ids, ahead);
        HEAP_PREFETCH(&x->s->analysis.row_of[ahead]);
    }
    uint32_t node = (uint32_t)packed_get(&r->by_address, x->at++);
    rows_set(out, 0, x->s->id);
    rows_set(out, 1, (int64_t)packed_get(&x->s->capture.ids, node));
    rows_set(out, 2, loader_object_id(x->s, x->s->analysis.row_of[node]));
    return true;
}

struct prefix_rows {
    const struct snapshot *s;
    const struct heap_prefix *at, *end;
};

static bool prefix_next(void *opaque, struct rows_row *out)
{
    struct prefix_rows *p = opaque;
    if (p->at >= p->end) return false;
    rows_set(out, 0, (int64_t)p->at->block);
    rows_set(out, 1, p->s->type_base + p->at->key);
    rows_set(out, 2, (int64_t)p->at->n);
    rows_set(out, 3, (int64_t)p->at->shallow_size);
    p->at++;
    return true;
}

int prefixes_write(struct loader *l, struct snapshot *s)
{
    struct heap_prefix *rows = NULL;
    uint64_t n = 0;
    uint32_t garbage_root = s->analysis.garbage_root;
    const struct heap_sizes size = { s->own, s->own_native };
    /* The virtual roots are no objects: they have no type while objects are counted. */
    s->type[0] = s->type[garbage_root] = HEAP_NONE;
    int status = loader_heap(l, heap_prefixes(&size, &s->analysis, s->type, s->n_types, &rows, &n));
    s->type[0] = CAPTURE_TYPE_LIVE;
    s->type[garbage_root] = CAPTURE_TYPE_GARBAGE;
    if (status) return status;
    struct prefix_rows p = { .s = s, .at = rows, .end = rows ? rows + n : NULL };
    status = loader_rows(l, "type_prefix",
                         &(struct rows_source){ &p, prefix_next, 4, ROWS_NO_TEXT });
    free(rows);
    return status;
}

static int write_addresses(struct loader *l, struct snapshot *s)
{
    uint32_t n = s->resolved.n, middle = loader_middle(n);
    struct address_rows x[2] = { { s, 0, middle }, { s, middle, n } };
    return loader_halves(l, "address", (struct rows_source[2]){
        { &x[0], address_next, 3, ROWS_NO_TEXT }, { &x[1], address_next, 3, ROWS_NO_TEXT } });
}

int lists_write(struct loader *l, struct snapshot *s)
{
    int status = write_children(l, s);
    if (!status) status = loader_heap(l, heap_order(&s->analysis, &s->order));
    if (!status) status = write_lists(l, s);
    if (!status) status = write_top(l, s);
    heap_free(s->order);
    s->order = NULL;
    return status ? status : write_addresses(l, s);
}
