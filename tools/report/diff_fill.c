/* SPDX-License-Identifier: MIT */
/* Owner lines of a report: which are shown, and what is told about them. */
#include "report/diff_fill.h"

#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "heap/analysis.h"
#include "report/diff_baseline.h"

enum {
    HELD_SHOWN = 10,
    ATTRIBUTE_CACHE = 4096 /* entries of CPython's cache of look-ups, 3.8 to 3.13 */
};

const char *fill_text(struct diff_report *r, const struct text *t)
{
    if (t->failed) r->texts.failed = true;
    return texts_get(&r->texts, texts_add(&r->texts, text_str(t), t->n), NULL);
}

int64_t diff_line_growth(const struct diff_line *l)
{
    return l->retained_delta + l->native_delta;
}

bool diff_line_is_named(const struct diff_line *l)
{
    return l->kind == DIFF_LINE_OWNER || l->placed;
}

bool diff_line_shares(const struct diff_line *l)
{
    uint64_t added = l->added.shallow_size + l->added.native_size;
    uint64_t shared = l->shared.shallow_size + l->shared.native_size;
    int64_t growth = diff_line_growth(l);
    return growth > 0 && shared <= (uint64_t)growth && shared > added / 10;
}

/* ---- which are shown ----------------------------------------------------------------- */

struct weighed {
    uint64_t size;
    uint32_t index;
};

static int by_size(const void *x, const void *y)
{
    const struct weighed *a = x, *b = y;
    if (a->size != b->size) return a->size < b->size ? 1 : -1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static int by_index(const void *x, const void *y)
{
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    return a < b ? -1 : a > b;
}

bool fill_choose(const int64_t *change, uint32_t n, uint64_t top, uint64_t min_size, uint32_t **out,
                 uint32_t *n_out)
{
    struct weighed *w = malloc(((size_t)n + 1) * sizeof *w);
    uint32_t *chosen = malloc(((size_t)n + 1) * sizeof *chosen), kept = 0;
    if (!w || !chosen) {
        free(w);
        free(chosen);
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint64_t size = change[i] < 0 ? 0 - (uint64_t)change[i] : (uint64_t)change[i];
        if (size >= min_size) w[kept++] = (struct weighed){ size, i };
    }
    qsort(w, kept, sizeof *w, by_size);
    if (kept > top) kept = (uint32_t)top;
    for (uint32_t i = 0; i < kept; i++) chosen[i] = w[i].index;
    qsort(chosen, kept, sizeof *chosen, by_index);
    free(w);
    *out = chosen;
    *n_out = kept;
    return true;
}

/* ---- what hangs in a line ------------------------------------------------------------ */

/* Clusters of all owners of a line, put together by type. */
struct held {
    uint32_t type;
    struct heap_amount added, removed;
    uint64_t tops_added, tops_removed;
    int64_t type_delta;
    uint32_t example_b, example_a, holder, owner_row;
    uint64_t example_size;
    uint64_t rooted; /* of what was added, what new root objects retain */
    bool placed;     /* in a line that has the name of its roots */
};

static int64_t held_growth(const struct held *h)
{
    return (int64_t)(h->added.shallow_size + h->added.native_size - h->removed.shallow_size -
                     h->removed.native_size);
}

static int held_order(const void *x, const void *y)
{
    const struct held *a = x, *b = y;
    int64_t ga = held_growth(a), gb = held_growth(b);
    if (ga != gb) return ga < gb ? 1 : -1;
    return a->type < b->type ? -1 : a->type > b->type;
}

static void add(struct heap_amount *to, const struct heap_amount *what)
{
    to->count += what->count;
    to->shallow_size += what->shallow_size;
    to->native_size += what->native_size;
}

static void add_cluster(struct held *h, const struct comparison *c, const struct heap_cluster *k)
{
    add(&h->added, &k->added);
    add(&h->removed, &k->removed);
    h->tops_added += k->tops_added;
    h->tops_removed += k->tops_removed;
    h->type_delta += (int64_t)(k->type_added - k->type_removed);
    if (k->example_b != HEAP_NONE &&
        (h->example_b == HEAP_NONE || c->b->retained[k->example_b] > h->example_size)) {
        h->example_b = k->example_b;
        h->example_size = c->b->retained[k->example_b];
        h->holder = k->holder;
        h->owner_row = c->match.owners[k->owner].b_row;
        h->placed = c->match.owners[k->owner].place != 0;
    }
    if (h->example_a == HEAP_NONE) h->example_a = k->example_a;
}

/* A new root object: the clusters that count it, and the name of its root. */
struct new_root {
    uint64_t label, size;
    uint32_t held, row;
};

static int by_label(const void *x, const void *y)
{
    const struct new_root *a = x, *b = y;
    if (a->held != b->held) return a->held < b->held ? -1 : 1;
    if (a->label != b->label) return a->label < b->label ? -1 : 1;
    if (a->size != b->size) return a->size < b->size ? 1 : -1;
    return a->row < b->row ? -1 : a->row > b->row;
}

/* The new root objects whose type several new ones have: an array of *n, malloc'd. */
static struct new_root *new_roots(const struct comparison *c, struct held *all,
                                  const struct rowmap *by_type, size_t *n)
{
    const struct diff_rows *b = c->b;
    size_t cap = 64;
    struct new_root *roots = malloc(cap * sizeof *roots);
    *n = 0;
    for (uint32_t row = 1; roots && row < b->garbage_root; row = b->last[row] + 1) {
        if (c->match.b_to_a[row] != HEAP_NONE || b->parent[row] != 0 ||
            diff_names_root_place(c->names, row) ||
            (c->match.beside_b && heap_holds_get(c->match.beside_b, row)))
            continue;
        uint32_t held = rowmap_get(by_type, b->type[row]);
        if (held == ROWMAP_NONE || all[held].tops_added < 2) continue;
        if (*n == cap) {
            struct new_root *grown = realloc(roots, 2 * cap * sizeof *roots);
            if (!grown) free(roots);
            roots = grown;
            cap *= 2;
        }
        if (!roots) break;
        all[held].rooted += b->retained[row];
        roots[(*n)++] = (struct new_root){ .label = diff_names_label_hash(c->names, row),
                                           .size = b->retained[row],
                                           .held = held,
                                           .row = row };
    }
    return roots;
}

/* The largest of many roots of a type may be one that another call holds for a moment: the example
 * is to have the name under which most bytes are held, unless objects that are no roots are more.
 * False without memory. */
static bool choose_examples(const struct comparison *c, struct held *all,
                            const struct rowmap *by_type)
{
    size_t n;
    struct new_root *roots = new_roots(c, all, by_type, &n);
    if (!roots) return false;
    qsort(roots, n, sizeof *roots, by_label);
    for (size_t i = 0, next; i < n; i = next) {
        struct held *h = &all[roots[i].held];
        uint64_t size = 0;
        for (next = i; next < n && roots[next].held == roots[i].held &&
                       roots[next].label == roots[i].label;
             next++)
            size += roots[next].size;
        if (size <= h->example_size || size <= h->added.shallow_size - h->rooted) continue;
        h->example_size = size;
        h->example_b = roots[i].row;
        h->holder = HEAP_NONE;
    }
    free(roots);
    return true;
}

/* The clusters of a line by type: an array of *n, malloc'd; NULL without memory. */
static struct held *gather(const struct comparison *c, const struct line *l, uint32_t *n)
{
    struct rowmap by_type = { 0 };
    uint32_t cap = 16;
    struct held *all = malloc(cap * sizeof *all);
    bool failed = !all;
    *n = 0;
    for (uint32_t o = l->first_owner; !failed && o != HEAP_NONE; o = c->lines.next_owner[o]) {
        const struct heap_owner *owner = &c->match.owners[o];
        for (uint32_t k = 0; !failed && k < owner->n_clusters; k++) {
            const struct heap_cluster *cluster = &c->match.clusters[owner->first_cluster + k];
            uint32_t i = rowmap_get(&by_type, cluster->type);
            if (i == ROWMAP_NONE) {
                struct held *grown = *n == cap ? realloc(all, 2 * (size_t)cap * sizeof *all) : all;
                if (!grown || !rowmap_set(&by_type, cluster->type, *n)) {
                    failed = true;
                    continue;
                }
                if (*n == cap) cap *= 2;
                all = grown;
                i = (*n)++;
                all[i] = (struct held){ .type = cluster->type,
                                        .example_b = HEAP_NONE,
                                        .example_a = HEAP_NONE,
                                        .holder = HEAP_NONE };
            }
            add_cluster(&all[i], c, cluster);
        }
    }
    if (!failed && l->kind == DIFF_LINE_LIVE && !l->place)
        failed = !choose_examples(c, all, &by_type);
    rowmap_free(&by_type);
    if (!failed) return all;
    free(all);
    return NULL;
}

/* By whom the example is held where that is not the owner: nothing where the holder goes by the
 * owner's name, as a part of a collection does, or is deep in a list and has none. */
static int holder_text(struct diff_report *r, const struct comparison *c, const struct held *h,
                       struct diff_held *out)
{
    struct text name = { 0 }, owner = { 0 };
    uint32_t node = SIGN_NONE, owner_node = SIGN_NONE;
    int status = diff_names_row(c->names, h->holder, &node);
    if (!status && h->owner_row != 0)
        status = diff_names_row(c->names, h->owner_row, &owner_node);
    if (!status) sign_path(&r->sign, node, &name);
    if (!status) sign_path(&r->sign, owner_node, &owner);
    bool cut = strncmp(text_str(&name), "(...)", 5) == 0;
    if (!status && !cut && strcmp(text_str(&name), text_str(&owner)) != 0)
        out->holder = fill_text(r, &name);
    text_free(&name);
    text_free(&owner);
    return status;
}

/* How the example is referred to, and by whom where that is not the owner. */
static int held_texts(struct diff_report *r, const struct comparison *c, const struct held *h,
                      struct diff_held *out)
{
    struct text t = { 0 };
    int status = 0;
    out->edge = "";
    if (h->example_b != HEAP_NONE && c->b->parent[h->example_b] == h->owner_row) {
        uint32_t node = SIGN_NONE;
        if (h->owner_row != 0) status = diff_names_edge(c->names, h->example_b, &t);
        /* Of a root the name that it begins with: `<local handle.batch>`, `<interned>`. */
        if (h->owner_row == 0 && !h->placed)
            status = diff_names_row(c->names, h->example_b, &node);
        if (!status && node != SIGN_NONE) sign_path(&r->sign, node, &t);
        out->edge = fill_text(r, &t);
    } else if (h->example_b != HEAP_NONE && h->holder != HEAP_NONE && h->holder != h->owner_row) {
        status = holder_text(r, c, h, out);
    }
    text_clear(&t);
    if (!status && h->example_b != HEAP_NONE)
        status = diff_about_function(c->about, h->example_b, &t);
    if (t.n) out->about = fill_text(r, &t);
    text_free(&t);
    return status;
}

/* Who else holds what came: asked for the largest object that does not hang below its owner. */
static int fill_also(struct diff_report *r, const struct comparison *c, const struct held *all,
                     uint32_t n, struct diff_line *out)
{
    uint32_t i = 0, node = SIGN_NONE;
    while (i < n &&
           (all[i].example_b == HEAP_NONE || c->b->dominator[all[i].example_b] == all[i].owner_row))
        i++;
    if (i == n) return 0;
    int status =
        diff_names_other(c->names, all[i].example_b, all[i].owner_row, c->match.b_to_a, &node);
    if (status || node == SIGN_NONE) return status;
    struct text t = { 0 };
    sign_path(&r->sign, node, &t);
    out->also = fill_text(r, &t);
    text_free(&t);
    return 0;
}

/* Of the program's own nodes, and of a collection's, it counts how many there are, whichever hold
 * others; of other types those that the owner refers to: a record of ten dicts is one record. */
static int64_t told_delta(const struct diff_types *types, const struct held *h)
{
    int64_t tops = (int64_t)(h->tops_added - h->tops_removed);
    return (types->part[h->type] & (HEAP_NODE | HEAP_PART)) || tops == 0 ? h->type_delta : tops;
}

static int fill_held(struct diff_report *r, const struct comparison *c, const struct line *l,
                     struct diff_line *out)
{
    uint32_t n;
    struct held *all = gather(c, l, &n);
    if (!all) return message_no_memory("the lines of the comparison");
    qsort(all, n, sizeof *all, held_order);
    out->n_held_all = n;
    uint32_t shown = n < HELD_SHOWN ? n : HELD_SHOWN;
    out->held = calloc((size_t)shown + 1, sizeof *out->held);
    int status = out->held ? 0 : message_no_memory("the lines of the comparison");
    for (uint32_t i = 0; !status && i < shown; i++) {
        const struct held *h = &all[i];
        struct diff_held *d = &out->held[out->n_held++];
        d->type = texts_get(&r->types_known.names, h->type, NULL);
        d->tops_added = (int64_t)h->tops_added;
        d->tops_removed = (int64_t)h->tops_removed;
        d->tops_delta = d->tops_added - d->tops_removed;
        d->type_delta = h->type_delta;
        d->told_delta = told_delta(&r->types_known, h);
        d->count_delta = (int64_t)(h->added.count - h->removed.count);
        d->retained_delta = (int64_t)(h->added.shallow_size - h->removed.shallow_size);
        d->native_delta = (int64_t)(h->added.native_size - h->removed.native_size);
        d->example_b = h->example_b == HEAP_NONE ? 0 : c->b->first_id + (int64_t)h->example_b;
        d->example_a = h->example_a == HEAP_NONE ? 0 : c->a->first_id + (int64_t)h->example_a;
        status = held_texts(r, c, h, d);
    }
    if (!status && l->shared.count) status = fill_also(r, c, all, n, out);
    free(all);
    return status;
}

/* ---- one line ------------------------------------------------------------------------ */

/* The signature of a line, with types and without. */
static void signature_texts(struct diff_report *r, const struct line *l, const char **signature,
                            const char **path)
{
    struct text t = { 0 };
    sign_text(&r->sign, l->node, &t);
    *signature = fill_text(r, &t);
    text_clear(&t);
    sign_path(&r->sign, l->node, &t);
    *path = fill_text(r, &t);
    text_free(&t);
}

static int line_texts(struct diff_report *r, const struct comparison *c, const struct line *l,
                      struct diff_line *out)
{
    struct text t = { 0 };
    signature_texts(r, l, &out->signature, &out->path);
    if (l->brings > 0) {
        sign_path(&r->sign, l->follower, &t);
        out->follower = fill_text(r, &t);
        text_clear(&t);
    }
    if (strcmp(out->path, "<runtime attribute cache>") == 0) {
        out->about = "names that the interpreter keeps from its last look-ups of attributes ("
                     "4,096 at most)";
        out->bound = (struct diff_bound){ .bound = ATTRIBUTE_CACHE, .length = -1 };
    }
    if (strcmp(out->path, LINES_CODE) == 0)
        out->about = "what V8 makes of functions while they run: no leak unless it grows on and on, "
                     "as where functions are made from texts";
    if (l->kind != DIFF_LINE_OWNER) return 0;
    out->type = texts_get(&r->types_known.names, c->b->type[l->b_row], NULL);
    int status = diff_about_owner(c->about, l->b_row, &t, &out->bound);
    if (!status && t.n) out->about = fill_text(r, &t);
    text_free(&t);
    return status;
}

/* Does the baseline accept what the line grew by? */
static bool accepts(const struct diff_options *options, const struct line *l, const char *signature)
{
    return (l->kind == DIFF_LINE_OWNER || l->place) && line_growth(l) > 0 &&
           baseline_accepts(options->baseline, signature, line_growth(l));
}

static int fill_line(struct diff_report *r, const struct diff_options *options,
                     const struct comparison *c, const struct line *l, const struct trends *trends,
                     struct diff_line *out)
{
    *out = (struct diff_line){ .kind = l->kind,
                               .placed = l->place != 0,
                               .node = l->node,
                               .n_owners = l->n_owners,
                               .n_replaced = l->n_replaced,
                               .a_id = c->a->first_id + (int64_t)l->a_row,
                               .b_id = c->b->first_id + (int64_t)l->b_row,
                               .count_delta = (int64_t)(l->added.count - l->removed.count),
                               .shallow_delta = line_retained(l),
                               .retained_delta = line_retained(l),
                               .native_delta = line_native(l),
                               .added = l->added,
                               .removed = l->removed,
                               .moved = l->moved,
                               .shared = l->shared,
                               .bound = { -1, -1 },
                               .follows = l->follows,
                               .brings = l->brings,
                               .resized = l->resized,
                               .resized_native = l->resized_native,
                               .owner_retained_a = (int64_t)c->a->retained[l->a_row],
                               .owner_retained_b = (int64_t)c->b->retained[l->b_row] };
    if (line_texts(r, c, l, out)) return STATUS_UNUSABLE;
    int got = heapdb_number(c->db_b, "SELECT address FROM object WHERE id = ?1", out->b_id,
                            &out->address);
    if (got < 0) return STATUS_UNUSABLE;
    out->has_address = got == 0;
    out->accepted = accepts(options, l, out->signature);
    if (r->has_interval && r->interval >= DIFF_RATE_SECONDS) {
        out->has_rate = true;
        out->rate = (double)line_growth(l) * 3600.0 / r->interval;
    }
    if (!trends_tell(trends, r->n_intervals, l, out))
        return message_no_memory("the intervals of the comparison");
    return fill_held(r, c, l, out);
}

/* Sums up the lines that the baseline accepts, shown or not. */
static void accept_lines(struct diff_report *r, const struct diff_options *options,
                         const struct comparison *c)
{
    struct text t = { 0 };
    for (uint32_t i = 0; options->baseline && i < c->lines.n; i++) {
        const struct line *l = &c->lines.at[i];
        text_clear(&t);
        if (l->kind == DIFF_LINE_OWNER || l->place) sign_text(&r->sign, l->node, &t);
        if (!accepts(options, l, text_str(&t))) continue;
        r->accepted += line_retained(l);
        r->n_accepted += (int64_t)(l->added.count - l->removed.count);
    }
    if (t.failed) r->texts.failed = true;
    text_free(&t);
}

int fill_lines(struct diff_report *r, const struct diff_options *options,
               const struct comparison *c, const struct trends *trends)
{
    const struct lines *lines = &c->lines;
    int64_t *change = malloc(((size_t)lines->n + 1) * sizeof *change);
    uint32_t *chosen = NULL, n = 0;
    for (uint32_t i = 0; change && i < lines->n; i++) change[i] = line_growth(&lines->at[i]);
    if (!change || !fill_choose(change, lines->n, options->top, options->min_size, &chosen, &n)) {
        free(change);
        return message_no_memory("the lines of the comparison");
    }
    free(change);
    r->n_lines_all = lines->n;
    r->lines = calloc((size_t)n + 1, sizeof *r->lines);
    int status = r->lines ? 0 : message_no_memory("the lines of the comparison");
    if (!status && lines->n) status = fill_line(r, options, c, &lines->at[0], trends, &r->top);
    for (uint32_t i = 1; !status && i < lines->n && i <= DIFF_BESIDE; i++)
        status = fill_line(r, options, c, &lines->at[i], trends, &r->beside[r->n_beside++]);
    for (uint32_t i = 0; !status && i < n; i++)
        status = fill_line(r, options, c, &lines->at[chosen[i]], trends,
                           &r->lines[r->n_lines++]);
    free(chosen);
    if (!status) accept_lines(r, options, c);
    if (!status && (r->texts.failed || r->sign.failed))
        status = message_no_memory("the lines of the comparison");
    return status;
}
