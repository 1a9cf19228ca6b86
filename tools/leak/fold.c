/* SPDX-License-Identifier: MIT */
/* One leak, one finding; fold.h. */
#include "leak/fold.h"

#include <stdlib.h>
#include <string.h>

static bool holds(const struct finding *x, const struct finding *y)
{
    return y->object_id > x->object_id && y->object_id <= x->last_dominated;
}

/* Does `e`, of the rule `by`, say of the same what `f` says? */
static bool explains(const struct rule *by, const struct finding *e, const struct finding *f)
{
    if (!e->object_id || !f->object_id || e->severity < f->severity) return false;
    if (e->object_id == f->object_id) return true;
    if (e->is_garbage != f->is_garbage || e->bytes < f->bytes - f->bytes / 2) return false;
    return holds(e, f) || holds(f, e) || e->is_garbage ||
           (by->about_type && e->type_id == f->type_id);
}

static bool is_better(const struct finding *a, const struct finding *b)
{
    if (!b || a->severity != b->severity) return !b || a->severity > b->severity;
    return a->bytes > b->bytes;
}

/* Of the findings of one rule the best that explains `f`, if it is better than `best`. */
static const struct finding *look(const struct rule_findings *r, const struct finding *f,
                                  const struct finding *best)
{
    for (size_t i = 0; i < r->n && i < FOLD_MAX; i++)
        if (explains(&r->rule, &r->at[i], f) && is_better(&r->at[i], best)) best = &r->at[i];
    return best;
}

static void fold_rule(const struct findings *f, struct rule_findings *r)
{
    for (size_t i = 0; r->rule.yields && i < r->n && i < FOLD_MAX; i++) {
        const struct finding *best = NULL;
        for (size_t k = 0; k < f->n; k++)
            if (rule_yields(&r->rule, f->rules[k].rule.name))
                best = look(&f->rules[k], &r->at[i], best);
        if (best) r->at[i].explained_by = best->number;
    }
}

static const struct finding *by_number(const struct findings *f, uint64_t number)
{
    for (size_t i = 0; number && i < f->n; i++) {
        const struct rule_findings *r = &f->rules[i];
        if (r->n && number >= r->at[0].number && number <= r->at[r->n - 1].number)
            return &r->at[number - r->at[0].number];
    }
    return NULL;
}

/* What is explained by something that is explained itself: by the end of that. */
static void follow(const struct findings *f, struct finding *x)
{
    const struct finding *y = by_number(f, x->explained_by);
    for (; y && y->explained_by; y = by_number(f, x->explained_by))
        x->explained_by = y->explained_by;
}

void fold_findings(struct findings *f)
{
    uint64_t n = 0;
    for (size_t i = 0; i < f->n; i++)
        for (size_t k = 0; k < f->rules[i].n; k++) f->rules[i].at[k].number = ++n;
    for (size_t i = 0; i < f->n; i++) fold_rule(f, &f->rules[i]);
    for (size_t i = 0; i < f->n; i++)
        for (size_t k = 0; k < f->rules[i].n; k++) follow(f, &f->rules[i].at[k]);
}

/* ---- what is left --------------------------------------------------------------------------- */

static void count(struct findings *f)
{
    for (size_t i = 0; i < f->n; i++) {
        const struct rule_findings *r = &f->rules[i];
        for (size_t k = 0; k < r->n; k++) f->count[r->at[k].severity] += !r->at[k].explained_by;
        /* The most important come first, so what was not kept is at most as severe as the last. */
        if (r->more) f->count[r->n ? r->at[r->n - 1].severity : SEVERITY_NOTE] += r->more;
    }
}

/* Severity and bytes of a rule are those of the findings that are its own. */
static void measure(struct rule_findings *r)
{
    r->severity = SEVERITY_NOTE;
    r->bytes = 0;
    for (size_t i = 0; i < r->n; i++) {
        const struct finding *x = &r->at[i];
        if (x->explained_by || x->severity < r->severity) continue;
        if (x->severity > r->severity || x->bytes > r->bytes) r->bytes = x->bytes;
        r->severity = x->severity;
    }
}

/* Moves what is kept to the front: the first `keep` of its own, and as many of the folded, of which
 * those go whose explanation has no new number, once there are new numbers. */
static void keep_first(struct rule_findings *r, size_t keep, const uint64_t *new_number)
{
    size_t n = 0;
    r->n_own = 0;
    for (size_t i = 0; i < r->n; i++) {
        struct finding *x = &r->at[i];
        bool own = x->explained_by == 0, told = own || !new_number || new_number[x->explained_by];
        if (told && (own ? r->n_own : n - r->n_own) < keep) {
            r->n_own += own;
            r->at[n++] = *x;
        } else {
            r->more += own;
            r->more_folded += !own;
            finding_free(x);
        }
    }
    r->n = n;
}

/* 0: with findings of its own, 1: looked and has none, 2: did not look. */
static int class_of(const struct rule_findings *r)
{
    return r->skipped ? 2 : r->n_own + r->more == 0;
}

static int compare(const void *a, const void *b)
{
    const struct rule_findings *x = a, *y = b;
    int order = class_of(x) - class_of(y);
    if (order == 0) order = (int)y->severity - (int)x->severity;
    if (order == 0) order = (x->bytes < y->bytes) - (x->bytes > y->bytes);
    return order ? order : strcmp(x->rule.name, y->rule.name);
}

/* The number that each old number has now; what was left out keeps its 0. */
static void renumber(const struct findings *f, uint64_t *new_number)
{
    uint64_t n = 0;
    for (size_t i = 0; i < f->n; i++)
        for (size_t k = 0; k < f->rules[i].n; k++) new_number[f->rules[i].at[k].number] = ++n;
}

bool fold_cut(struct findings *f, size_t keep)
{
    size_t n = 1;
    for (size_t i = 0; i < f->n; i++) n += f->rules[i].n;
    uint64_t *new_number = calloc(n, sizeof *new_number);
    if (!new_number) return false;
    count(f);
    for (size_t i = 0; i < f->n; i++) {
        measure(&f->rules[i]);
        keep_first(&f->rules[i], keep, NULL);
    }
    renumber(f, new_number);
    for (size_t i = 0; i < f->n; i++) keep_first(&f->rules[i], keep, new_number);
    qsort(f->rules, f->n, sizeof *f->rules, compare);
    renumber(f, new_number);
    for (size_t i = 0; i < f->n; i++)
        for (size_t k = 0; k < f->rules[i].n; k++) {
            struct finding *x = &f->rules[i].at[k];
            x->number = new_number[x->number];
            x->explained_by = new_number[x->explained_by];
        }
    free(new_number);
    return true;
}

const struct finding *fold_first(const struct rule_findings *r, uint64_t number, uint64_t *more)
{
    const struct finding *first = NULL;
    *more = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (r->at[i].explained_by != number) continue;
        *more += first != NULL;
        if (!first) first = &r->at[i];
    }
    return first;
}
