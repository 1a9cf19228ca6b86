/* SPDX-License-Identifier: MIT */
/*
 * The tables of references, `ref` by source and `referrer` by target. Targets become rows where
 * they stand, once, in the order of the file; then rows take the references of their objects, which
 * stand together, and on the way each reference is thrown into the bucket of its target
 * (heap_backward), from which `referrer` is made.
 */
#include "db/loader.h"

#include <stdlib.h>

#define AHEAD 32u

/* All that follows knows objects by their rows alone. HEAP_BAD_GRAPH where an object has none. */
static enum heap_status targets_to_rows(struct snapshot *s)
{
    uint32_t *target = s->capture.target, none = 0;
    const uint32_t *row_of = s->analysis.row_of;
    uint64_t m = s->resolved.m;
    for (uint64_t e = 0; e < m; e++) {
        if (e + AHEAD < m) HEAP_PREFETCH(&row_of[target[e + AHEAD]]);
        target[e] = row_of[target[e]];
        none |= target[e] == HEAP_NONE;
    }
    return none ? HEAP_BAD_GRAPH : HEAP_OK;
}

/* ---- ref ----------------------------------------------------------------------------------- */

struct ref_rows {
    struct loader *l;
    const struct snapshot *s;
    struct heap_backward *backward;
    uint32_t row;
    uint64_t e, first, end; /* edges of the row's node: first .. end-1 */
    bool begun;
};

/* Where the references of the object some rows ahead begin; false where there are none. */
static bool refs_ahead(const struct ref_rows *r, uint32_t rows, uint64_t *e)
{
    const struct heap_analysis *a = &r->s->analysis;
    if (r->row + rows >= a->n_rows || a->node[r->row + rows] == HEAP_NONE) return false;
    *e = r->s->resolved.off[a->node[r->row + rows]];
    return *e < r->s->resolved.m;
}

/* Where the references of the next objects begin, then the references, then their names. */
static void prefetch_refs(const struct ref_rows *r)
{
    const struct heap_analysis *a = &r->s->analysis;
    const struct capture *c = &r->s->capture;
    uint64_t e;
    if (r->row + AHEAD < a->n_rows && a->node[r->row + AHEAD] != HEAP_NONE)
        HEAP_PREFETCH(&r->s->resolved.off[a->node[r->row + AHEAD]]);
    if (refs_ahead(r, AHEAD / 4 * 3, &e)) {
        packed_prefetch_block(&c->names, e);
        HEAP_PREFETCH(&c->target[e]);
        HEAP_PREFETCH(&c->kind[e]);
        if (c->key) HEAP_PREFETCH(&c->key[e]);
    }
    if (refs_ahead(r, AHEAD / 4, &e)) packed_prefetch(&c->names, e);
}

/* Goes to the next row with references; false at the end. */
static bool next_source(struct ref_rows *r)
{
    const struct heap_analysis *a = &r->s->analysis;
    const uint64_t *off = r->s->resolved.off;
    while (r->e >= r->end) {
        if (r->begun) r->row++;
        r->begun = true;
        if (r->row >= a->n_rows) return false;
        prefetch_refs(r);
        uint32_t node = a->node[r->row];
        r->first = r->e = node == HEAP_NONE ? 0 : off[node];
        r->end = node == HEAP_NONE ? 0 : off[node + 1];
    }
    return true;
}

static bool ref_next(void *opaque, struct rows_row *out)
{
    struct ref_rows *r = opaque;
    const struct capture *c = &r->s->capture;
    if (!next_source(r)) return false;
    uint64_t e = r->e++;
    uint32_t text = strings_row(&r->l->strings, (uint32_t)packed_get(&c->names, e));
    uint32_t position = (uint32_t)(e - r->first);
    heap_backward_add(r->backward, c->target[e], r->row, position);
    rows_set(out, 0, loader_object_id(r->s, r->row));
    rows_set(out, 1, position);
    rows_set(out, 2, loader_object_id(r->s, c->target[e]));
    rows_set(out, 3, c->kind[e] & ~CAPTURE_OWNS);
    if (text) rows_set(out, 4, text);
    if (c->key && c->key[e]) rows_set(out, 5, c->key[e] - 1u);
    return true;
}

static int write_refs(struct loader *l, struct snapshot *s, struct heap_backward *b)
{
    struct ref_rows r = { .l = l, .s = s, .backward = b };
    return loader_rows(l, "ref", &(struct rows_source){ &r, ref_next, 6, ROWS_NO_TEXT });
}

/* ---- referrer ------------------------------------------------------------------------------ */

struct referrer_rows {
    const struct snapshot *s;
    struct heap_backward *b;
    uint32_t bucket; /* the next one to sort */
    uint32_t at;     /* in the bucket before it */
    enum heap_status status;
};

static bool referrer_next(void *opaque, struct rows_row *out)
{
    struct referrer_rows *f = opaque;
    for (; f->at >= f->b->n; f->at = 0) {
        if (f->bucket >= f->b->n_buckets) return false;
        f->status = heap_backward_sort(f->b, f->bucket++);
        if (f->status != HEAP_OK) return false;
    }
    if (f->at + AHEAD / 4 < f->b->n)
        HEAP_PREFETCH(&f->b->ref[f->b->order[f->at + AHEAD / 4]]);
    const struct heap_backward_ref *ref = &f->b->ref[f->b->order[f->at++]];
    rows_set(out, 0, loader_object_id(f->s, ref->target));
    rows_set(out, 1, loader_object_id(f->s, ref->source));
    rows_set(out, 2, ref->position);
    return true;
}

static int write_referrers(struct loader *l, struct snapshot *s, struct heap_backward *b)
{
    struct referrer_rows f = { .s = s, .b = b };
    int status = loader_rows(l, "referrer",
                             &(struct rows_source){ &f, referrer_next, 3, ROWS_NO_TEXT });
    return status ? status : loader_heap(l, f.status);
}

int references_write(struct loader *l, struct snapshot *s)
{
    struct heap_backward b = { 0 };
    enum heap_status found = targets_to_rows(s);
    if (found == HEAP_OK)
        found = heap_backward_begin(s->capture.target, s->resolved.m, s->analysis.n_rows, &b);
    int status = loader_heap(l, found);
    if (!status) status = write_refs(l, s, &b);
    capture_release_references(&s->capture);
    if (!status) status = write_referrers(l, s, &b);
    heap_backward_free(&b);
    return status;
}
