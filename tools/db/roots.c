/* SPDX-License-Identifier: MIT */
/*
 * The table `root`, by object, and `root_list`, the roots of each kind that retain most. O(n log n)
 * for n roots.
 */
#include <stdlib.h>

#include "db/heapdb.h"
#include "db/notable.h"

/* Roots by object, the most telling first: a name says more than "held from outside". */
struct root_entry {
    uint32_t row, index;
    uint8_t dull;
};

static uint8_t root_dullness(uint8_t kind)
{
    switch (kind) {
    case SNAP_ROOT_GLOBAL:
        return 0;
    case SNAP_ROOT_LOCAL:
    case SNAP_ROOT_TASK:
        return 1;
    case SNAP_ROOT_EXTERNAL:
    case SNAP_ROOT_IMMORTAL:
    case SNAP_ROOT_INTERNED:
    case SNAP_ROOT_UNREACHABLE:
    case SNAP_ROOT_UNKNOWN:
        return 3;
    default:
        return 2;
    }
}

static int compare_roots(const void *pa, const void *pb)
{
    const struct root_entry *a = pa, *b = pb;
    if (a->row != b->row) return a->row < b->row ? -1 : 1;
    if (a->dull != b->dull) return a->dull < b->dull ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

/* Kinds are those of the registry: what is beyond is SNAP_ROOT_UNKNOWN. */
enum { ROOT_KINDS = 32 };

struct root_rows {
    struct loader *l;
    const struct snapshot *s;
    const struct root_entry *at, *end;
    int64_t first;                        /* id of the first */
    struct notable_list kind[ROOT_KINDS]; /* which of them, by retained size */
    bool failed;
};

static bool root_next(void *opaque, struct rows_row *out)
{
    struct root_rows *x = opaque;
    if (x->at >= x->end) return false;
    const struct root_entry *e = x->at++;
    const struct resolved_root *r = &x->s->resolved.root[e->index];
    if (!notable_list_add(&x->l->budget, &x->kind[r->kind % ROOT_KINDS],
                          x->s->analysis.retained_size[e->row],
                          (uint32_t)(x->l->next_root - x->first)))
        x->failed = true;
    rows_set(out, 0, x->l->next_root++);
    rows_set(out, 1, loader_object_id(x->s, e->row));
    rows_set(out, 2, r->kind);
    if (r->capture == CAPTURE_NONE) return true;
    const struct capture_root *c = &x->s->capture.root[r->capture];
    uint32_t name = strings_row(&x->l->strings, c->name);
    int64_t thread = define_thread_row(x->s, c->thread);
    uint64_t frame;
    if (name) rows_set(out, 3, name);
    if (thread) rows_set(out, 4, thread);
    if (c->frame && idmap_find(&x->l->file.frame, c->frame, &frame))
        rows_set(out, 5, x->l->file.frame_row[frame]);
    if (c->depth != CAPTURE_NONE) rows_set(out, 6, c->depth);
    return true;
}

struct root_list_rows {
    struct root_rows *roots;
    unsigned kind;
    size_t at;
};

/* Rows (snapshot, kind, rank, root). */
static bool root_list_next(void *opaque, struct rows_row *out)
{
    struct root_list_rows *x = opaque;
    while (x->kind < ROOT_KINDS && x->at >= x->roots->kind[x->kind].n) {
        x->kind++;
        x->at = 0;
    }
    if (x->kind == ROOT_KINDS) return false;
    rows_set(out, 0, x->roots->s->id);
    rows_set(out, 1, x->kind);
    rows_set(out, 3, x->roots->first + x->roots->kind[x->kind].at[x->at++].row);
    rows_set(out, 2, (int64_t)x->at);
    return true;
}

static int write_root_lists(struct root_rows *x)
{
    struct root_list_rows rows = { .roots = x };
    if (x->failed) return loader_no_memory(x->l);
    for (unsigned i = 0; i < ROOT_KINDS; i++) notable_list_sort(&x->kind[i]);
    return loader_rows(x->l, "root_list",
                       &(struct rows_source){ &rows, root_list_next, 4, ROWS_NO_TEXT });
}

int roots_write(struct loader *l, struct snapshot *s)
{
    const struct resolved *r = &s->resolved;
    struct root_entry *e = memory_new(&l->budget, r->n_roots, sizeof *e);
    if (!e) return loader_no_memory(l);
    for (size_t i = 0; i < r->n_roots; i++) {
        uint8_t kind = r->root[i].kind;
        e[i] = (struct root_entry){ s->analysis.row_of[r->root[i].node], (uint32_t)i,
                                    root_dullness(kind) };
    }
    qsort(e, r->n_roots, sizeof *e, compare_roots);
    struct root_rows x = { .l = l, .s = s, .at = e, .end = e + r->n_roots, .first = l->next_root };
    for (unsigned i = 0; i < ROOT_KINDS; i++) x.kind[i].keep = HEAPDB_LIST_MAX;
    int status = loader_rows(l, "root", &(struct rows_source){ &x, root_next, 7, ROWS_NO_TEXT });
    if (!status) status = write_root_lists(&x);
    for (unsigned i = 0; i < ROOT_KINDS; i++) notable_list_free(&l->budget, &x.kind[i]);
    memory_free(&l->budget, e, r->n_roots, sizeof *e);
    return status;
}

