/* SPDX-License-Identifier: MIT */
/* The lists of a report beside the owners: types, the memory map, and the limits over all of it. */
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/number.h"
#include "db/diff_find.h"
#include "report/diff_fill.h"
#include "report/diff_limit.h"

/* ---- types --------------------------------------------------------------------------- */

/* Growth of one type from the first snapshot to the last. */
static int64_t type_growth(const struct type_sums *sums, uint32_t type)
{
    const struct diff_sum *a = &sums->first[type], *b = &sums->last[type];
    return b->retained_new + b->native_new - a->retained_new - a->native_new + sums->resized[type];
}

static int type_order(const void *x, const void *y)
{
    const struct diff_type *a = x, *b = y;
    if (a->growth != b->growth) return a->growth < b->growth ? 1 : -1;
    return strcmp(a->name, b->name);
}

/* All types that changed, sorted; *n of them. NULL without memory. */
static struct diff_type *changed_types(const struct diff_report *r, const struct type_sums *sums,
                                       uint32_t *n)
{
    const struct diff_sum *a = sums->first, *b = sums->last;
    struct diff_type *all = malloc(((size_t)sums->n_types + 1) * sizeof *all);
    *n = 0;
    for (uint32_t i = 0; all && i < sums->n_types; i++) {
        if (a[i].n_new == 0 && b[i].n_new == 0 && sums->resized[i] == 0) continue;
        all[(*n)++] = (struct diff_type){ .name = texts_get(&r->types_known.names, i, NULL),
                                          .number = i,
                                          .n_a = a[i].n,
                                          .n_b = b[i].n,
                                          .shallow_a = a[i].shallow,
                                          .shallow_b = b[i].shallow,
                                          .native_a = a[i].native,
                                          .native_b = b[i].native,
                                          .retained_a = a[i].retained,
                                          .retained_b = b[i].retained,
                                          .n_new = b[i].n_new,
                                          .shallow_new = b[i].shallow_new,
                                          .n_gone = a[i].n_new,
                                          .shallow_gone = a[i].shallow_new,
                                          .growth = type_growth(sums, i),
                                          .intervals = sums->grown[i] };
    }
    if (all) qsort(all, *n, sizeof *all, type_order);
    return all;
}

int fill_types(struct diff_report *r, const struct diff_options *options,
               const struct type_sums *sums)
{
    uint32_t n, kept, *chosen = NULL;
    struct diff_type *all = changed_types(r, sums, &n);
    int64_t *change = malloc(((size_t)sums->n_types + 1) * sizeof *change);
    for (uint32_t i = 0; all && change && i < n; i++) change[i] = all[i].growth;
    bool failed =
        !all || !change || !fill_choose(change, n, options->top, options->min_size, &chosen, &kept);
    if (!failed) {
        for (uint32_t i = 0; i < kept; i++) all[i] = all[chosen[i]];
        r->types = all;
        r->n_types_all = n;
        r->n_types = kept;
    } else {
        free(all);
    }
    free(change);
    free(chosen);
    return failed ? message_no_memory("the types of the comparison") : 0;
}

/* ---- memory map ---------------------------------------------------------------------- */

int fill_parts(struct diff_report *r)
{
    const struct diff_facts *a = &r->snapshots[0], *b = &r->snapshots[r->n_snapshots - 1];
    r->parts = calloc(a->n_parts + b->n_parts + 1, sizeof *r->parts);
    if (!r->parts) return message_no_memory("the memory map");
    size_t next = 0; /* first part of b that is not placed yet */
    for (size_t i = 0; i < a->n_parts; i++) {
        size_t k = next;
        while (k < b->n_parts && strcmp(a->parts[i].name, b->parts[k].name) != 0) k++;
        for (; k < b->n_parts && next < k; next++) /* parts of b alone keep their place */
            r->parts[r->n_parts++] = (struct diff_part_change){ .name = b->parts[next].name,
                                                                .has_b = true,
                                                                .b = b->parts[next].bytes,
                                                                .exact = b->parts[next].exact };
        struct diff_part_change *p = &r->parts[r->n_parts++];
        *p = (struct diff_part_change){ .name = a->parts[i].name,
                                        .has_a = true,
                                        .a = a->parts[i].bytes,
                                        .exact = a->parts[i].exact };
        if (k == b->n_parts) continue;
        p->has_b = true;
        p->b = b->parts[k].bytes;
        p->exact = p->exact && b->parts[k].exact;
        next = k + 1;
    }
    for (; next < b->n_parts; next++)
        r->parts[r->n_parts++] = (struct diff_part_change){ .name = b->parts[next].name,
                                                            .has_b = true,
                                                            .b = b->parts[next].bytes,
                                                            .exact = b->parts[next].exact };
    return 0;
}

/* ---- limits -------------------------------------------------------------------------- */

/* Does a signature, whole or as a path, equal the name of a limit? */
static bool is_owner(const struct diff_report *r, uint32_t node, const struct limit *l,
                     struct text *t)
{
    text_clear(t);
    sign_path(&r->sign, node, t);
    if (t->n == l->name_size && memcmp(text_str(t), l->name, t->n) == 0) return true;
    text_clear(t);
    sign_text(&r->sign, node, t);
    return t->n == l->name_size && memcmp(text_str(t), l->name, t->n) == 0;
}

/* The line's live part: the garbage is nobody's growth. */
static int64_t owner_growth(const struct diff_report *r, const struct comparison *c,
                            const struct limit *l, bool *known, bool *failed)
{
    struct text t = { 0 };
    int64_t sum = 0;
    for (uint32_t i = 0; i < c->lines.n; i++) {
        const struct line *x = &c->lines.at[i];
        if (!is_owner(r, x->node, l, &t)) continue;
        *known = true;
        sum += l->count ? (int64_t)(x->added.count - x->removed.count) : line_retained(x);
    }
    if (t.failed) *failed = true;
    text_free(&t);
    return sum;
}

/* `Session` means every type of that name, `app.Session` one of them. */
static bool is_type(const char *name, size_t n, const struct limit *l)
{
    if (n < l->name_size || memcmp(name + n - l->name_size, l->name, l->name_size) != 0)
        return false;
    return n == l->name_size || name[n - l->name_size - 1] == '.';
}

static int64_t types_growth(const struct diff_report *r, const struct type_sums *sums,
                            const struct limit *l, bool *known)
{
    const struct diff_sum *a = sums->first, *b = sums->last;
    int64_t sum = 0;
    for (uint32_t i = 0; i < sums->n_types; i++) {
        size_t n;
        const char *name = texts_get(&r->types_known.names, i, &n);
        if (!is_type(name, n, l)) continue;
        *known = true;
        sum += l->count ? b[i].n - a[i].n : type_growth(sums, i);
    }
    return sum;
}

/* No line has the owner's name: it did not change, or there is none. */
static int find_owner(struct diff_report *r, const struct comparison *c, const struct limit *l,
                      bool *known)
{
    struct diff_name_source source = { .db = c->db_b,
                                       .snapshot = c->snapshot_b,
                                       .rows = c->b,
                                       .type_names = &r->types_known.names };
    return diff_find(&source, c->names, &r->sign, l->name, l->name_size, known);
}

static int warn_unknown(struct diff_report *r, const struct limit *l)
{
    return fill_warning(r, "--fail-if: %s has the name '%.*s'; its growth counts as 0",
                        l->of == LIMIT_OWNER ? "no object of the last snapshot" : "no type",
                        (int)l->name_size, l->name);
}

int fill_limits(struct diff_report *r, const struct comparison *c, const struct type_sums *sums)
{
    bool failed = false;
    int status = 0;
    for (uint32_t i = 0; !status && i < r->n_limits; i++) {
        struct diff_limit *d = &r->limits[i];
        struct limit l;
        const char *wrong;
        limit_parse(d->text, &l, &wrong); /* diff_limits_check has seen that it is one */
        if (l.of == LIMIT_OWNER)
            d->value = owner_growth(r, c, &l, &d->known, &failed);
        else if (l.of == LIMIT_TYPE)
            d->value = types_growth(r, sums, &l, &d->known);
        else
            d->value = l.count ? r->n_live_b - r->n_live_a - r->n_accepted
                               : r->live_b - r->live_a - r->accepted;
        d->limit = l.value;
        d->is_count = l.count;
        d->passed = limit_passed(&l, d->value);
        if (l.of == LIMIT_OWNER && !d->known) status = find_owner(r, c, &l, &d->known);
        if (l.of == LIMIT_ALL) d->known = true;
        if (!status && !d->known) status = warn_unknown(r, &l);
    }
    if (status) return status;
    return failed ? message_no_memory("the limits") : 0;
}

int diff_limits_check(const char *const *texts, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct limit l;
        const char *wrong = "";
        if (!limit_parse(texts[i], &l, &wrong))
            return message_usage("--fail-if '%s': %s", texts[i], wrong);
    }
    return 0;
}

char *diff_limit_value(char out[NUMBER_MAX], const struct diff_limit *l)
{
    return l->is_count ? number_count_delta(out, l->value) : number_delta(out, l->value);
}

int diff_limits_status(const struct diff_report *r, bool strict)
{
    int status = 0;
    for (uint32_t i = 0; i < r->n_limits; i++) {
        const struct diff_limit *l = &r->limits[i];
        char value[NUMBER_MAX];
        if (strict && !l->known && !l->passed) {
            message_error(NULL, MESSAGE_NO_OFFSET, "the name as snapdiff --all prints it",
                          "limit of nothing: %s (nothing has that name)", l->text);
            if (!status) status = STATUS_UNUSABLE;
        }
        if (!l->passed) continue;
        status = STATUS_LIMIT;
        message_error(NULL, MESSAGE_NO_OFFSET, NULL, "limit passed: %s (it is %s)", l->text,
                      diff_limit_value(value, l));
    }
    return status;
}
