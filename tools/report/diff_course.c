/* SPDX-License-Identifier: MIT */
/* Rates by the hour and the time left; what they are of stands in the header. */
#include "report/diff_course.h"

#include <math.h>
#include <stdlib.h>

/* Seconds from the first snapshot to each; false where one is not known, or where the order of the
 * snapshots is not that of time. */
static bool times_of(const struct diff_report *r, double *at)
{
    at[0] = 0;
    for (uint32_t i = 1; i < r->n_snapshots; i++)
        if (!diff_facts_interval(&r->snapshots[0], &r->snapshots[i], &at[i]) || at[i] < at[i - 1])
            return false;
    return at[r->n_snapshots - 1] >= DIFF_RATE_SECONDS;
}

static int64_t resident(const struct diff_facts *f)
{
    return f->rss;
}

/* What is alive: garbage that comes and goes is no course. */
static int64_t alive(const struct diff_facts *f)
{
    return f->snapshot->live_size + (f->native_size > 0 ? f->native_size : 0);
}

/* False without memory. */
static bool course(const struct diff_report *r, const double *at, double *y,
                   int64_t (*value)(const struct diff_facts *), struct slope *out)
{
    for (uint32_t i = 0; i < r->n_snapshots; i++) {
        int64_t bytes = value(&r->snapshots[i]);
        if (bytes < 0) return true; /* not known */
        y[i] = (double)bytes;
    }
    return slope_find(at, y, r->n_snapshots, out);
}

static bool line_course(const struct diff_line *l, const double *at, double *y, struct slope *out)
{
    if (!l->n_steps) return true;
    y[0] = 0;
    for (uint32_t i = 0; i < l->n_steps; i++) y[i + 1] = y[i] + (double)l->steps[i].growth;
    return slope_find(at, y, l->n_steps + 1, out);
}

/* Seconds until `left` bytes are used up; INFINITY: never. */
static double seconds(double left, double slope)
{
    return slope > 0 ? left / slope : INFINITY;
}

static struct diff_left time_left(int64_t room, const struct slope *s)
{
    return (struct diff_left){ .seconds = seconds((double)room, s->mid),
                               .earliest = seconds((double)room, s->high),
                               .latest = seconds((double)room, s->low) };
}

static void reach(struct diff_report *r)
{
    struct diff_reach *to = &r->reach;
    const struct diff_facts *last = &r->snapshots[r->n_snapshots - 1];
    to->resident = last->rss >= 0;
    int64_t now = to->resident ? last->rss : diff_facts_managed(last);
    const struct slope *s = to->resident ? &r->resident : &r->managed;
    to->reached = now >= to->limit;
    to->known = to->reached || s->n >= 2;
    to->told = to->known && !to->reached;
    if (!to->told) return;
    to->room = to->limit - now;
    to->left = time_left(to->room, s);
    for (uint32_t i = 0; i < r->n_lines; i++)
        r->lines[i].left = time_left(to->room, &r->lines[i].slope);
}

bool diff_course_set(struct diff_report *r)
{
    double *at = malloc(2 * (size_t)r->n_snapshots * sizeof *at);
    double *y = at + r->n_snapshots;
    bool ok = at != NULL;
    if (ok && times_of(r, at)) {
        ok = course(r, at, y, resident, &r->resident) && course(r, at, y, alive, &r->managed);
        for (uint32_t i = 0; ok && i < r->n_lines; i++)
            ok = line_course(&r->lines[i], at, y, &r->lines[i].slope);
    }
    if (ok && r->reach.limit) reach(r);
    free(at);
    return ok;
}
