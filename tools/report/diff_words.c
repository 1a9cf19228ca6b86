/* SPDX-License-Identifier: MIT */
/* What is said of an owner's line; diff_words.h. */
#include "report/diff_words.h"

#include <stdlib.h>

#include "cli/number.h"

/* Intervals that fit a line. */
enum { STEPS_SHOWN = 6 };

void diff_words_owner(struct text *t, const struct diff_line *l)
{
    char count[NUMBER_MAX];
    switch (l->kind) {
    case DIFF_LINE_LIVE:
        text_adds(t, l->placed ? l->path
                               : "new roots: held by nothing that was there before, such as the "
                                 "local variables of a running function");
        break;
    case DIFF_LINE_GARBAGE:
        text_adds(t, "garbage: unreachable, not yet collected");
        break;
    case DIFF_LINE_REST:
        text_adds(t, "(other owners)");
        break;
    case DIFF_LINE_OWNER:
        text_addf(t, "%s -> %s", l->path, l->type ? l->type : "?");
        if (l->n_owners > 1) text_addf(t, ", %s of them", number_count(count, l->n_owners));
        if (l->n_owners > 1 && l->n_replaced)
            text_addf(t, ", %s replaced", number_count(count, l->n_replaced));
        else if (l->n_replaced)
            text_adds(t, ", replaced");
        if (l->follows) text_adds(t, ", weak references to what another owner has");
        if (l->accepted) text_adds(t, ", accepted");
        break;
    }
}

const char *diff_words_memory(bool resident_is_known)
{
    return resident_is_known
               ? "Where the resident memory is"
               : "The managed heap and what it owns (the rest of the process is not in the dump)";
}

void diff_words_about(struct text *t, const struct diff_line *l)
{
    char count[NUMBER_MAX];
    if (!l->about) return;
    text_adds(t, l->about);
    if (l->bound.length >= 0 && l->bound.bound >= 0)
        text_addf(t, "; it holds %s now", number_count(count, (uint64_t)l->bound.length));
}

void diff_words_steps(struct text *t, const struct diff_report *r, const struct diff_line *l)
{
    char size[NUMBER_MAX], count[NUMBER_MAX];
    if (!l->n_steps || l->n_steps > STEPS_SHOWN ||
        llabs(diff_line_growth(l)) < llabs(diff_line_growth(&r->top)) / 10)
        return;
    text_adds(t, "by interval");
    for (uint32_t i = 0; i < l->n_steps; i++) {
        const struct diff_step *x = &l->steps[i];
        text_addf(t, "%s %s", i ? "," : ":", number_delta(size, x->growth));
        if (x->turns && x->came)
            text_addf(t, " (full: %s replaced)", number_count(count, x->came));
        else if (x->growth)
            text_addf(t, " (%s objects)",
                      number_count_delta(count, (int64_t)(x->came - x->went)));
    }
}

const char *diff_words_after(char out[NUMBER_MAX], double seconds)
{
    return seconds < 3.2e9 ? number_duration(out, (uint64_t)(seconds * 1e9)) : "never";
}

void diff_words_left(struct text *t, const struct diff_report *r, const struct diff_line *l)
{
    char room[NUMBER_MAX], mid[NUMBER_MAX], low[NUMBER_MAX], high[NUMBER_MAX];
    if (!r->reach.told || l->slope.n < 3 || !(l->slope.mid > 0) ||
        diff_line_growth(l) < diff_line_growth(&r->top) / 10)
        return;
    text_addf(t, "alone it fills the %s up to the limit in %s (%s to %s)",
              number_size(room, (uint64_t)r->reach.room), diff_words_after(mid, l->left.seconds),
              diff_words_after(low, l->left.earliest), diff_words_after(high, l->left.latest));
}

void diff_words_held(struct text *t, const struct diff_held *h)
{
    char count[NUMBER_MAX];
    text_addf(t, "%s%s%s", h->edge, *h->edge ? " " : "", h->type);
    if (h->told_delta > 0)
        text_addf(t, " x %s", number_count(count, (uint64_t)h->told_delta));
    else if (h->told_delta < 0)
        text_addf(t, " x %s", number_count_delta(count, h->told_delta));
    else
        text_addf(t, ", %s replaced", number_count(count, (uint64_t)h->tops_added));
    if (h->about) text_addf(t, "%s%s", h->tops_added == 1 ? ": " : ", such as ", h->about);
    if (h->holder) text_addf(t, ", held by %s", h->holder);
}

void diff_words_site(struct text *t, const struct diff_site *site, bool brief)
{
    char size[NUMBER_MAX];
    text_addf(t, "%s allocated at %s", number_size(size, (uint64_t)site->shallow_new),
              brief ? site->brief : site->stack);
}

void diff_words_moved(struct text *t, const struct diff_line *l)
{
    char size[NUMBER_MAX];
    /* What moved within the line came and went here. */
    uint64_t moved = l->moved.shallow_size, went = l->removed.shallow_size;
    moved -= went < moved ? went : moved;
    if (moved > l->added.shallow_size / 10)
        text_addf(t, "%s of it may have been there before (address, type), held by something else",
                  number_size(size, moved));
}

void diff_words_shared(struct text *t, const struct diff_line *l)
{
    char size[NUMBER_MAX];
    if (diff_line_shares(l))
        text_addf(t, "%s of what came is held by %s as well: freed only when all of them let go",
                  number_size(size, l->shared.shallow_size + l->shared.native_size),
                  l->also ? l->also : "others");
}
