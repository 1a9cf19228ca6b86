/* SPDX-License-Identifier: MIT */
/*
 * The big tables, each filled in the order of its key from arrays: object and detail by row, ref by
 * source row, referrer by target row, root by object.
 *
 * A source of rows is a structure with the position in it, `next` that moves on, and `column` that
 * answers (rows.h). Columns by node are gathered: `next` prefetches what the row some steps ahead
 * will need.
 */
#include "db/loader.h"

#include <stdlib.h>

#define AHEAD 12u

/* ---- object -------------------------------------------------------------------------------- */

struct object_rows {
    const struct snapshot *s;
    uint32_t row, node;
    bool begun;
};

static void prefetch_object(const struct snapshot *s, uint32_t row)
{
    uint32_t node = s->analysis.node[row];
    if (node == HEAP_NONE) return;
    const struct capture *c = &s->capture;
    __builtin_prefetch(&c->id[node]);
    __builtin_prefetch(&c->shallow[node]);
    __builtin_prefetch(&c->refcount[node]);
    __builtin_prefetch(&c->flags[node]);
    __builtin_prefetch(&c->generation[node]);
    if (c->native) __builtin_prefetch(&c->native[node]);
    if (s->resolved.external) __builtin_prefetch(&s->resolved.external[node]);
}

static bool object_next(void *opaque)
{
    struct object_rows *o = opaque;
    if (o->begun) o->row++;
    o->begun = true;
    if (o->row >= o->s->analysis.n_rows) return false;
    if (o->row + AHEAD < o->s->analysis.n_rows) prefetch_object(o->s, o->row + AHEAD);
    o->node = o->s->analysis.node[o->row];
    return true;
}

static void result_row(sqlite3_context *out, const struct snapshot *s, uint32_t row)
{
    if (row != HEAP_NONE) sqlite3_result_int64(out, loader_object_id(s, row));
}

static void result_u32(sqlite3_context *out, uint32_t v)
{
    if (v != HEAP_NONE) sqlite3_result_int64(out, v);
}

/* Columns that the two virtual roots do not have. */
static void object_column_of_node(const struct object_rows *o, int column, sqlite3_context *out)
{
    const struct capture *c = &o->s->capture;
    const struct resolved *r = &o->s->resolved;
    uint32_t v = o->node;
    switch (column) {
    case 2:
        sqlite3_result_int64(out, (sqlite3_int64)c->id[v]);
        return;
    case 4:
        sqlite3_result_int64(out, (sqlite3_int64)c->shallow[v]);
        return;
    case 5:
        if (c->native && c->native[v]) sqlite3_result_int64(out, (sqlite3_int64)c->native[v]);
        return;
    case 15:
        if (r->external) result_u32(out, r->external[v]);
        return;
    case 16:
        sqlite3_result_int(out, c->flags[v]);
        return;
    case 17:
        result_u32(out, c->refcount[v]);
        return;
    case 18:
        if (c->generation[v] != CAPTURE_NO_GENERATION) sqlite3_result_int(out, c->generation[v]);
        return;
    }
}

static void object_column(void *opaque, int column, sqlite3_context *out)
{
    const struct object_rows *o = opaque;
    const struct snapshot *s = o->s;
    const struct heap_analysis *a = &s->analysis;
    uint32_t row = o->row;
    switch (column) {
    case 0:
        result_row(out, s, row);
        return;
    case 1:
        sqlite3_result_int64(out, s->id);
        return;
    case 3:
        sqlite3_result_int64(out, s->type_base + s->type[row]);
        return;
    case 6:
        sqlite3_result_int64(out, (sqlite3_int64)a->retained_size[row]);
        return;
    case 7:
        if (a->retained_native) sqlite3_result_int64(out, (sqlite3_int64)a->retained_native[row]);
        return;
    case 8:
        result_row(out, s, a->last[row]);
        return;
    case 9:
        result_row(out, s, a->dominator[row]);
        return;
    case 10:
        result_u32(out, a->distance[row]);
        return;
    case 11:
        result_row(out, s, a->parent[row]);
        return;
    case 12: /* the place among the live root's own edges means nothing to anybody */
        if (a->parent[row] != 0) result_u32(out, a->parent_position[row]);
        return;
    case 13:
        if (a->component[row] != HEAP_NONE)
            sqlite3_result_int64(out, s->component_base + a->component[row]);
        return;
    case 14:
        if (s->stack) result_u32(out, s->stack[row]);
        return;
    default:
        if (o->node != HEAP_NONE)
            object_column_of_node(o, column, out);
        else if (column == 4 || column == 16)
            sqlite3_result_int(out, 0); /* size and flags of a virtual root */
    }
}

static int write_objects(struct loader *l, struct snapshot *s)
{
    struct object_rows o = { .s = s };
    return loader_rows(l, "object", &(struct rows_source){ &o, object_next, object_column, 19 });
}

/* ---- detail -------------------------------------------------------------------------------- */

struct detail_rows {
    struct loader *l;
    const struct snapshot *s;
    uint32_t *extra;   /* by node: index + 1 into capture.extra; NULL without extras */
    uint32_t *preview; /* by node: number of its text; NULL without previews */
    uint32_t row, node;
    bool begun;
};

static bool has_detail(const struct detail_rows *d, uint32_t node)
{
    const struct capture *c = &d->s->capture;
    return (c->length.at && c->length.at[node]) || (c->capacity.at && c->capacity.at[node]) ||
           (c->hash && c->hash[node]) || (d->extra && d->extra[node]) ||
           (d->preview && d->preview[node]);
}

static bool detail_next(void *opaque)
{
    struct detail_rows *d = opaque;
    const struct heap_analysis *a = &d->s->analysis;
    const struct capture *c = &d->s->capture;
    do {
        if (d->begun) d->row++;
        d->begun = true;
        if (d->row >= a->n_rows) return false;
        if (d->row + AHEAD < a->n_rows && a->node[d->row + AHEAD] != HEAP_NONE) {
            uint32_t ahead = a->node[d->row + AHEAD];
            if (c->length.at) __builtin_prefetch(&c->length.at[ahead]);
            if (c->hash) __builtin_prefetch(&c->hash[ahead]);
            if (d->extra) __builtin_prefetch(&d->extra[ahead]);
        }
        d->node = a->node[d->row];
    } while (d->node == HEAP_NONE || !has_detail(d, d->node));
    return true;
}

static void detail_column_extra(const struct capture_extra *e, int column, sqlite3_context *out)
{
    switch (column) {
    case 4:
        if (e->has_bound) sqlite3_result_int64(out, (sqlite3_int64)e->bound);
        return;
    case 6:
        if (e->resource) sqlite3_result_int(out, e->resource);
        return;
    case 7:
        if (e->state) sqlite3_result_int(out, e->state);
        return;
    case 8:
        if (e->has_buffer) sqlite3_result_int64(out, (sqlite3_int64)e->buffer);
        return;
    }
}

static void detail_column(void *opaque, int column, sqlite3_context *out)
{
    const struct detail_rows *d = opaque;
    const struct capture *c = &d->s->capture;
    uint32_t extra = d->extra ? d->extra[d->node] : 0, text;
    uint64_t v;
    switch (column) {
    case 0:
        result_row(out, d->s, d->row);
        return;
    case 1:
        text = extra ? strings_row(&d->l->strings, c->extra[extra - 1].name) : 0;
        if (text) sqlite3_result_int64(out, text);
        return;
    case 2:
        if (capture_length(&c->length, d->node, &v)) sqlite3_result_int64(out, (sqlite3_int64)v);
        return;
    case 3:
        if (capture_length(&c->capacity, d->node, &v)) sqlite3_result_int64(out, (sqlite3_int64)v);
        return;
    case 5:
        if (c->hash && c->hash[d->node])
            sqlite3_result_int64(out, (sqlite3_int64)c->hash[d->node]);
        return;
    case 9:
        text = d->preview ? d->preview[d->node] : 0;
        if (text)
            sqlite3_result_text(out, strings_text(&d->l->strings, text),
                                (int)strings_size(&d->l->strings, text), SQLITE_STATIC);
        return;
    default:
        if (extra) detail_column_extra(&c->extra[extra - 1], column, out);
    }
}

static int write_details(struct loader *l, struct snapshot *s)
{
    const struct capture *c = &s->capture;
    struct detail_rows d = { .l = l, .s = s };
    int status = 0;
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
    const struct rows_source source = { &d, detail_next, detail_column, 10 };
    if (!status) status = loader_rows(l, "detail", &source);
    memory_free(&l->budget, d.extra, c->n, sizeof *d.extra);
    memory_free(&l->budget, d.preview, c->n, sizeof *d.preview);
    return status;
}

/* ---- ref ----------------------------------------------------------------------------------- */

struct ref_rows {
    struct loader *l;
    const struct snapshot *s;
    uint32_t row;
    uint64_t e, first, end; /* edges of the row's node: first .. end-1 */
    bool begun;
};

static bool ref_next(void *opaque)
{
    struct ref_rows *r = opaque;
    const struct heap_analysis *a = &r->s->analysis;
    const struct capture *c = &r->s->capture;
    const uint64_t *off = r->s->resolved.off;
    if (r->begun) r->e++;
    while (!r->begun || r->e >= r->end) {
        if (r->begun) r->row++;
        r->begun = true;
        if (r->row >= a->n_rows) return false;
        if (r->row + AHEAD < a->n_rows && a->node[r->row + AHEAD] != HEAP_NONE)
            __builtin_prefetch(&off[a->node[r->row + AHEAD]]);
        if (r->row + AHEAD / 2 < a->n_rows && a->node[r->row + AHEAD / 2] != HEAP_NONE) {
            uint64_t ahead = off[a->node[r->row + AHEAD / 2]];
            __builtin_prefetch(&c->target[ahead]);
            __builtin_prefetch(&c->kind[ahead]);
            __builtin_prefetch(&c->name[ahead]);
        }
        uint32_t node = a->node[r->row];
        r->first = r->e = node == HEAP_NONE ? 0 : off[node];
        r->end = node == HEAP_NONE ? 0 : off[node + 1];
    }
    return true;
}

static void ref_column(void *opaque, int column, sqlite3_context *out)
{
    const struct ref_rows *r = opaque;
    const struct capture *c = &r->s->capture;
    uint32_t text;
    switch (column) {
    case 0:
        result_row(out, r->s, r->row);
        return;
    case 1:
        sqlite3_result_int64(out, (sqlite3_int64)(r->e - r->first));
        return;
    case 2:
        result_row(out, r->s, r->s->analysis.row_of[c->target[r->e]]);
        return;
    case 3:
        sqlite3_result_int(out, (int)(c->kind[r->e] & ~CAPTURE_OWNS));
        return;
    case 4:
        text = strings_row(&r->l->strings, c->name[r->e]);
        if (text) sqlite3_result_int64(out, text);
        return;
    case 5:
        if (c->key && c->key[r->e]) sqlite3_result_int64(out, c->key[r->e] - 1u);
        return;
    }
}

static int write_refs(struct loader *l, struct snapshot *s)
{
    struct ref_rows r = { .l = l, .s = s };
    return loader_rows(l, "ref", &(struct rows_source){ &r, ref_next, ref_column, 6 });
}

/* ---- referrer ------------------------------------------------------------------------------ */

struct referrer_rows {
    const struct snapshot *s;
    const struct heap_referrers *r;
    uint32_t row;
    uint64_t at, m;
    bool begun;
};

static bool referrer_next(void *opaque)
{
    struct referrer_rows *f = opaque;
    if (f->begun) f->at++;
    f->begun = true;
    if (f->at >= f->m) return false;
    while (f->at >= f->r->off[f->row + 1]) f->row++;
    return true;
}

static void referrer_column(void *opaque, int column, sqlite3_context *out)
{
    const struct referrer_rows *f = opaque;
    if (column == 0)
        result_row(out, f->s, f->row);
    else if (column == 1)
        result_row(out, f->s, f->r->source[f->at]);
    else
        sqlite3_result_int64(out, f->r->position[f->at]);
}

/* Hubs are counted where all referrers are in memory anyway. */
static int write_referrers(struct loader *l, struct snapshot *s, bool hubs)
{
    struct heap_referrers r;
    int status = loader_heap(l, heap_referrers(&s->graph, &s->analysis, &r));
    if (status) return status;
    struct referrer_rows f = { .s = s, .r = &r, .m = s->resolved.m };
    if (s->has_refs)
        status = loader_rows(l, "referrer",
                             &(struct rows_source){ &f, referrer_next, referrer_column, 3 });
    if (!status && hubs) status = summary_hubs(l, s, &r);
    heap_referrers_free(&r);
    return status;
}

/* ---- root ---------------------------------------------------------------------------------- */

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

static int insert_root(struct loader *l, struct snapshot *s, sqlite3_stmt *q,
                       const struct root_entry *e)
{
    const struct resolved_root *r = &s->resolved.root[e->index];
    const struct capture_root *c =
        r->capture == CAPTURE_NONE ? NULL : &s->capture.root[r->capture];
    uint64_t frame;
    sqlite3_clear_bindings(q);
    sqlite3_bind_int64(q, 1, l->next_root++);
    sqlite3_bind_int64(q, 2, loader_object_id(s, e->row));
    sqlite3_bind_int(q, 3, r->kind);
    if (c) {
        loader_bind_id(q, 4, strings_row(&l->strings, c->name));
        loader_bind_id(q, 5, define_thread_row(s, c->thread));
        if (c->frame && idmap_find(&l->file.frame, c->frame, &frame))
            sqlite3_bind_int64(q, 6, l->file.frame_row[frame]);
        if (c->depth != CAPTURE_NONE) sqlite3_bind_int64(q, 7, c->depth);
    }
    return loader_insert(l, q);
}

static int write_roots(struct loader *l, struct snapshot *s)
{
    const struct resolved *r = &s->resolved;
    sqlite3_stmt *q;
    struct root_entry *e = memory_new(&l->budget, r->n_roots, sizeof *e);
    if (!e) return loader_no_memory(l);
    for (size_t i = 0; i < r->n_roots; i++) {
        uint8_t kind = r->root[i].kind;
        e[i] = (struct root_entry){ s->analysis.row_of[r->root[i].node], (uint32_t)i,
                                    root_dullness(kind) };
    }
    qsort(e, r->n_roots, sizeof *e, compare_roots);
    int status = loader_prepare(l, &q, "INSERT INTO root (id, object_id, kind, name_id, thread_id,"
                                       " frame_id, depth) VALUES (?, ?, ?, ?, ?, ?, ?)");
    for (size_t i = 0; i < r->n_roots && !status; i++) status = insert_root(l, s, q, &e[i]);
    sqlite3_finalize(q);
    memory_free(&l->budget, e, r->n_roots, sizeof *e);
    return status;
}

int tables_write(struct loader *l, struct snapshot *s)
{
    int status = write_objects(l, s);
    if (!status) status = write_details(l, s);
    if (!status) status = write_roots(l, s);
    return status;
}

int tables_write_refs(struct loader *l, struct snapshot *s, bool hubs)
{
    int status = s->has_refs ? write_refs(l, s) : 0;
    capture_release_names(&s->capture);
    if (!status && (s->has_refs || hubs)) status = write_referrers(l, s, hubs);
    return status;
}
