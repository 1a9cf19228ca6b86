/* SPDX-License-Identifier: MIT */
/*
 * The tables of references, `ref` by source and `referrer` by target. Targets become rows where
 * they stand, once, in the order of the file; then rows take the references of their objects, which
 * stand together, and on the way each reference is thrown into the bucket of its target
 * (heap_backward), from which `referrer` is made. Each in two halves, in two threads.
 */
#include "db/loader.h"

#include <stdlib.h>

#include "heap/beside.h"


#define AHEAD 32u

/* What is needed before rows are made, in two pieces of work. */
struct prepared {
    struct loader *l;
    struct snapshot *s;
    bool names;
    uint32_t middle; /* sources from this row on have half of the references */
    enum heap_status status;
};

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

/* Names get their rows here, so that whoever makes rows of references only looks at them, in two
 * threads. */
static enum heap_status give_names_rows(struct loader *l, const struct snapshot *s)
{
    uint32_t before = 0;
    for (uint64_t e = 0; s->capture.names.block && e < s->resolved.m; e++) {
        uint32_t text = (uint32_t)packed_get(&s->capture.names, e);
        if (text == before || !text) continue;
        if (!strings_row(&l->strings, text)) return HEAP_NO_MEMORY;
        before = text;
    }
    return HEAP_OK;
}

static uint32_t find_middle(const struct snapshot *s)
{
    const struct heap_analysis *a = &s->analysis;
    const uint64_t *off = s->resolved.off;
    uint64_t m = s->resolved.m, n = 0;
    if (m < LOADER_HALVES_FROM) return a->n_rows;
    for (uint32_t row = 0; row < a->n_rows; row++) {
        if (row + AHEAD < a->n_rows && a->node[row + AHEAD] != HEAP_NONE)
            HEAP_PREFETCH(&off[a->node[row + AHEAD]]);
        if (a->node[row] != HEAP_NONE) n += off[a->node[row] + 1] - off[a->node[row]];
        if (n >= m / 2) return row + 1;
    }
    return a->n_rows;
}

static void prepare(void *opaque)
{
    struct prepared *p = opaque;
    if (!p->names) {
        p->status = targets_to_rows(p->s);
        return;
    }
    p->middle = find_middle(p->s);
    p->status = give_names_rows(p->l, p->s);
}

/* ---- ref ----------------------------------------------------------------------------------- */

struct ref_rows {
    BESIDE_APART struct loader *l;
    const struct snapshot *s;
    struct heap_backward *backward;
    unsigned half;
    uint32_t row, last; /* the one in work; behind the last one */
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
    if (refs_ahead(r, AHEAD / 4, &e)) packed_prefetch_run(&c->names, e);
}

/* Goes to the next row with references; false at the end. */
static bool next_source(struct ref_rows *r)
{
    const struct heap_analysis *a = &r->s->analysis;
    const uint64_t *off = r->s->resolved.off;
    while (r->e >= r->end) {
        if (r->begun) r->row++;
        r->begun = true;
        if (r->row >= r->last) return false;
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
    uint32_t text = strings_row_given(&r->l->strings, (uint32_t)packed_get(&c->names, e));
    uint32_t position = (uint32_t)(e - r->first);
    heap_backward_add(r->backward, r->half, c->target[e], r->row, position);
    rows_set(out, 0, loader_object_id(r->s, r->row));
    rows_set(out, 1, position);
    rows_set(out, 2, loader_object_id(r->s, c->target[e]));
    rows_set(out, 3, c->kind[e] & ~CAPTURE_OWNS);
    if (text) rows_set(out, 4, text);
    if (c->key && c->key[e]) rows_set(out, 5, c->key[e] - 1u);
    return true;
}

static int write_refs(struct loader *l, struct snapshot *s, struct heap_backward *b,
                      uint32_t middle)
{
    uint32_t n = s->analysis.n_rows;
    struct ref_rows r[2] = {
        { .l = l, .s = s, .backward = b, .half = 0, .last = middle },
        { .l = l, .s = s, .backward = b, .half = 1, .row = middle, .last = n },
    };
    return loader_halves(l, "ref", (struct rows_source[2]){
        { &r[0], ref_next, 6, ROWS_NO_TEXT }, { &r[1], ref_next, 6, ROWS_NO_TEXT } });
}

/* ---- referrer ------------------------------------------------------------------------------ */

struct referrer_rows {
    BESIDE_APART const struct snapshot *s;
    const struct heap_backward *b;
    uint32_t bucket, last; /* the next one to sort; behind the last one */
    struct heap_backward_sorted sorted;
    uint32_t at; /* in it */
    enum heap_status status;
};

static bool referrer_next(void *opaque, struct rows_row *out)
{
    struct referrer_rows *f = opaque;
    for (; f->at >= f->sorted.n; f->at = 0) {
        if (f->bucket >= f->last) return false;
        f->status = heap_backward_sort(f->b, f->bucket++, &f->sorted);
        if (f->status != HEAP_OK) return false;
    }
    if (f->at + AHEAD / 4 < f->sorted.n)
        HEAP_PREFETCH(&f->sorted.ref[f->sorted.order[f->at + AHEAD / 4]]);
    const struct heap_backward_ref *ref = &f->sorted.ref[f->sorted.order[f->at++]];
    rows_set(out, 0, loader_object_id(f->s, ref->target));
    rows_set(out, 1, loader_object_id(f->s, ref->source));
    rows_set(out, 2, ref->position);
    return true;
}

static int write_referrers(struct loader *l, struct snapshot *s, const struct heap_backward *b)
{
    struct referrer_rows f[2] = {
        { .s = s, .b = b, .last = b->middle },
        { .s = s, .b = b, .bucket = b->middle, .last = b->n_buckets },
    };
    int status = loader_halves(l, "referrer", (struct rows_source[2]){
        { &f[0], referrer_next, 3, ROWS_NO_TEXT }, { &f[1], referrer_next, 3, ROWS_NO_TEXT } });
    if (!status) status = loader_heap(l, f[0].status);
    return status ? status : loader_heap(l, f[1].status);
}

int references_write(struct loader *l, struct snapshot *s)
{
    struct heap_backward b = { 0 };
    struct prepared p[2] = { { .l = l, .s = s }, { .l = l, .s = s, .names = true } };
    beside_run(l->two, prepare, &p[0], &p[1]);
    const struct heap_backward_edges edges = {
        .off = s->resolved.off, .target = s->capture.target, .row_of = s->analysis.row_of,
        .n_nodes = s->analysis.n_nodes, .n_rows = s->analysis.n_rows, .middle = p[1].middle,
    };
    enum heap_status found = p[0].status ? p[0].status : p[1].status;
    if (found == HEAP_OK) found = heap_backward_begin(&edges, &b);
    int status = loader_heap(l, found);
    if (!status) status = write_refs(l, s, &b, edges.middle);
    capture_release_references(&s->capture);
    if (!status) status = write_referrers(l, s, &b);
    heap_backward_free(&b);
    return status;
}
