/* SPDX-License-Identifier: MIT */
/*
 * The big tables of objects, each filled in the order of its key from arrays: object and detail by
 * row.
 *
 * A source of rows is a structure with the position in it, and `next` that moves on and fills a row
 * (rows.h). Columns by node are gathered: `next` prefetches what the row some steps ahead will
 * need.
 */
#include <stdlib.h>

#include "db/notable.h"
#include "heap/beside.h"

/* ---- object -------------------------------------------------------------------------------- */

struct object_rows {
    BESIDE_APART const struct snapshot *s;
    uint32_t row, end; /* the next one; behind the last one */
};

static void prefetch_object(const struct snapshot *s, uint32_t row)
{
    const struct capture *c = &s->capture;
    const struct packed *column[] = { &c->ids, &c->state, &c->refcount, &s->resolved.external };
    loader_prefetch(&s->analysis, row, column, sizeof column / sizeof column[0]);
    uint32_t ahead = row + LOADER_AHEAD;
    if (c->native && ahead < s->analysis.n_rows && s->analysis.node[ahead] != HEAP_NONE)
        HEAP_PREFETCH(&c->native[s->analysis.node[ahead]]);
}

static void set_row(struct rows_row *out, int column, const struct snapshot *s, uint32_t row)
{
    if (row != HEAP_NONE) rows_set(out, column, loader_object_id(s, row));
}

static void set_u32(struct rows_row *out, int column, uint32_t v)
{
    if (v != HEAP_NONE) rows_set(out, column, v);
}

static void set_packed(struct rows_row *out, int column, const struct packed *p, uint32_t node)
{
    if (packed_has(p, node)) rows_set(out, column, (int64_t)packed_get(p, node));
}

/* Columns that the two virtual roots do not have. */
static void object_of_node(const struct snapshot *s, uint32_t v, struct rows_row *out)
{
    const struct capture *c = &s->capture;
    const struct resolved *r = &s->resolved;
    uint64_t state = packed_get(&c->state, v);
    rows_set(out, 2, (int64_t)packed_get(&c->ids, v));
    if (c->native && c->native[v]) rows_set(out, 5, (int64_t)c->native[v]);
    set_packed(out, 15, &r->external, v);
    rows_set(out, 16, capture_flags(state));
    set_packed(out, 17, &c->refcount, v);
    if (capture_generation(state) != CAPTURE_NO_GENERATION)
        rows_set(out, 18, capture_generation(state));
}

static void object_of_row(const struct snapshot *s, uint32_t row, struct rows_row *out)
{
    const struct heap_analysis *a = &s->analysis;
    rows_set(out, 0, loader_object_id(s, row));
    rows_set(out, 1, s->id);
    rows_set(out, 3, s->type_base + s->type[row]);
    rows_set(out, 4, (int64_t)s->own[row]);
    rows_set(out, 6, (int64_t)a->retained_size[row]);
    if (a->retained_native) rows_set(out, 7, (int64_t)a->retained_native[row]);
    set_row(out, 8, s, a->last[row]);
    set_row(out, 9, s, a->dominator[row]);
    set_u32(out, 10, a->distance[row]);
    set_row(out, 11, s, a->parent[row]);
    /* the place among the live root's own edges means nothing to anybody */
    if (a->parent[row] != 0) set_u32(out, 12, a->parent_position[row]);
    if (a->component[row] != HEAP_NONE) rows_set(out, 13, s->component_base + a->component[row]);
    if (s->stack) set_u32(out, 14, s->stack[row]);
}

static bool object_next(void *opaque, struct rows_row *out)
{
    struct object_rows *o = opaque;
    const struct heap_analysis *a = &o->s->analysis;
    if (o->row >= o->end) return false;
    uint32_t row = o->row++;
    prefetch_object(o->s, row);
    object_of_row(o->s, row, out);
    if (a->node[row] != HEAP_NONE) {
        object_of_node(o->s, a->node[row], out);
    } else { /* the flags of a virtual root */
        rows_set(out, 16, 0);
    }
    return true;
}

int objects_write(struct loader *l, struct snapshot *s)
{
    uint32_t n = s->analysis.n_rows, middle = loader_middle(n);
    struct object_rows o[2] = { { s, 0, middle }, { s, middle, n } };
    return loader_halves(l, "object", (struct rows_source[2]){
        { &o[0], object_next, 19, ROWS_NO_TEXT }, { &o[1], object_next, 19, ROWS_NO_TEXT } });
}

/* ---- detail -------------------------------------------------------------------------------- */

struct detail_rows {
    struct loader *l;
    const struct snapshot *s;
    struct notable notable;
    uint32_t *extra;   /* by node: index + 1 into capture.extra; NULL without extras */
    uint32_t *preview; /* by node: number of its text; NULL without previews */
    uint32_t row;      /* the next one to look at */
};

static bool has_detail(const struct detail_rows *d, uint32_t node)
{
    const struct capture *c = &d->s->capture;
    return packed_has(&c->length, node) || packed_has(&c->capacity, node) ||
           packed_has(&c->hash, node) || (d->extra && d->extra[node]) ||
           (d->preview && d->preview[node]);
}

static void detail_of_extra(const struct detail_rows *d, const struct capture_extra *e,
                            struct notable_detail *said, struct rows_row *out)
{
    said->resource = e->resource;
    said->state = e->state;
    uint32_t text = strings_row(&d->l->strings, e->name);
    if (text) rows_set(out, 1, text);
    if (e->has_bound) rows_set(out, 4, (int64_t)e->bound);
    if (e->resource) rows_set(out, 6, e->resource);
    if (e->state) rows_set(out, 7, e->state);
    if (e->has_buffer) rows_set(out, 8, (int64_t)e->buffer);
}

static void detail_of_node(const struct detail_rows *d, uint32_t v, struct notable_detail *said,
                           struct rows_row *out)
{
    const struct capture *c = &d->s->capture;
    said->has_length = packed_has(&c->length, v);
    said->has_capacity = packed_has(&c->capacity, v);
    said->length = packed_get(&c->length, v);
    said->capacity = packed_get(&c->capacity, v);
    said->hash = packed_get(&c->hash, v);
    if (said->has_length) rows_set(out, 2, (int64_t)said->length);
    if (said->has_capacity) rows_set(out, 3, (int64_t)said->capacity);
    if (said->hash) rows_set(out, 5, (int64_t)said->hash);
    if (d->extra && d->extra[v]) detail_of_extra(d, &c->extra[d->extra[v] - 1], said, out);
    uint32_t text = d->preview ? d->preview[v] : 0;
    if (text)
        rows_set_text(out, 9, strings_text(&d->l->strings, text),
                      strings_size(&d->l->strings, text));
}

static void prefetch_detail(const struct detail_rows *d, uint32_t row)
{
    const struct heap_analysis *a = &d->s->analysis;
    const struct capture *c = &d->s->capture;
    const struct packed *column[] = { &c->length, &c->capacity, &c->hash };
    loader_prefetch(a, row, column, sizeof column / sizeof column[0]);
    uint32_t ahead = row + LOADER_AHEAD;
    if (d->extra && ahead < a->n_rows && a->node[ahead] != HEAP_NONE)
        HEAP_PREFETCH(&d->extra[a->node[ahead]]);
}

static bool detail_next(void *opaque, struct rows_row *out)
{
    struct detail_rows *d = opaque;
    const struct heap_analysis *a = &d->s->analysis;
    for (;; d->row++) {
        if (d->row >= a->n_rows) return false;
        prefetch_detail(d, d->row);
        uint32_t node = a->node[d->row];
        if (node == HEAP_NONE || !has_detail(d, node)) continue;
        struct notable_detail said = { 0 };
        rows_set(out, 0, loader_object_id(d->s, d->row));
        detail_of_node(d, node, &said, out);
        notable_add(&d->notable, d->row++, &said);
        return true;
    }
}

int details_write(struct loader *l, struct snapshot *s)
{
    const struct capture *c = &s->capture;
    struct detail_rows d = { .l = l, .s = s };
    int status = 0;
    notable_init(&d.notable, l, s);
    if (c->n_extra) {
        d.extra = memory_zeroed(&l->budget, c->n, sizeof *d.extra);
        if (!d.extra) status = loader_no_memory(l);
        for (size_t i = 0; i < c->n_extra && !status; i++)
            d.extra[c->extra[i].node] = (uint32_t)i + 1;
    }
    if (c->n_preview && !status) {
        d.preview = memory_zeroed(&l->budget, c->n, sizeof *d.preview);
        if (!d.preview) status = loader_no_memory(l);
        for (size_t i = 0; i < c->n_preview && !status; i++)
            d.preview[c->preview[i].node] = c->preview[i].text;
    }
    const struct rows_source source = { &d, detail_next, 10, 9 };
    if (!status) status = loader_rows(l, "detail", &source);
    if (!status) status = notable_write(&d.notable);
    notable_free(&d.notable);
    memory_free(&l->budget, d.extra, c->n, sizeof *d.extra);
    memory_free(&l->budget, d.preview, c->n, sizeof *d.preview);
    return status;
}
