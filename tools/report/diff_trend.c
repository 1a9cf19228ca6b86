/* SPDX-License-Identifier: MIT */
/* Lines over time; the rules stand in the header. Most lines change in few intervals: what happened
 * is kept as a list, the newest first. */
#include "report/diff_trend.h"

#include <stdlib.h>

struct trend {
    uint32_t grown; /* intervals */
    uint32_t last;  /* the interval of `step` */
    uint32_t point; /* the newest, ROWMAP_NONE: none */
    struct diff_step step;
};

struct trend_point {
    uint32_t next, interval;
    struct diff_step step;
};

/* Do n values above 0 die away? */
static bool dies_away(const struct diff_step *steps, const double *seconds, uint32_t n)
{
    double first = 0, before = 0;
    for (uint32_t i = 0; i < n; i++) {
        double took = seconds ? seconds[i] : 1, rate = (double)steps[i].growth / took;
        if (steps[i].growth <= 0 || !(took > 0) || (i && rate > before * 5 / 8)) return false;
        if (!i) first = rate;
        before = rate;
    }
    return before <= first / 4;
}

bool diff_trend_slows(const struct diff_line *l, const double *seconds, int64_t *left)
{
    uint32_t n = l->n_steps;
    if (n < 3 || !dies_away(l->steps, NULL, n) || (seconds && !dies_away(l->steps, seconds, n)))
        return false;
    double last = (double)l->steps[n - 1].growth, q = last / (double)l->steps[n - 2].growth;
    *left = (int64_t)(last * q / (1 - q)); /* the rest of the geometric series */
    return true;
}

static double rate_of(const struct diff_line *l, const double *seconds, uint32_t i)
{
    return (double)l->steps[i].growth / (seconds && seconds[i] > 0 ? seconds[i] : 1);
}

bool diff_trend_exchanges(const struct diff_line *l, const double *seconds)
{
    uint32_t n = l->n_steps;
    if (n < 2 || l->steps[0].growth <= 0) return false;
    const struct diff_step *last = &l->steps[n - 1];
    if (last->went < TREND_TURNS || last->went < last->came - last->came / 4) return false;
    if (rate_of(l, seconds, n - 1) > rate_of(l, seconds, 0) / 4) return false;
    return n < 3 || rate_of(l, seconds, n - 1) <= rate_of(l, seconds, n - 2) * 5 / 8;
}

struct diff_step diff_trend_step(const struct line *l)
{
    uint64_t came = l->added.shallow_size + l->added.native_size;
    uint64_t went = l->removed.shallow_size + l->removed.native_size;
    bool turns = l->kind != DIFF_LINE_GARBAGE && l->removed.count >= TREND_TURNS &&
                 (l->no_longer || l->added.count <= l->removed.count) &&
                 (came <= went || came - went <= went / 8);
    int64_t growth = line_growth(l);
    return (struct diff_step){ .growth = growth,
                               .came = l->added.count,
                               .went = l->removed.count,
                               .turns = turns,
                               .grew = growth > 0 && !turns };
}

/* Room for one more element in *at. */
static bool room(void **at, uint32_t n, uint32_t *cap, size_t size)
{
    if (n < *cap) return true;
    uint32_t more = *cap ? *cap * 2 : 64;
    void *p = more > n ? realloc(*at, more * size) : NULL;
    if (!p) return false;
    *at = p;
    *cap = more;
    return true;
}

static struct trend *trend_of(struct trends *t, uint32_t node)
{
    uint32_t i = rowmap_get(&t->by_node, node);
    if (i != ROWMAP_NONE) return &t->at[i];
    void *at = t->at;
    bool ok = room(&at, t->n, &t->cap, sizeof *t->at);
    t->at = at;
    if (!ok || !rowmap_set(&t->by_node, node, t->n)) return NULL;
    t->at[t->n] = (struct trend){ .point = ROWMAP_NONE };
    return &t->at[t->n++];
}

bool trends_add(struct trends *t, uint32_t interval, const struct lines *lines)
{
    for (uint32_t i = 0; i < lines->n; i++) {
        struct trend *x = trend_of(t, lines->at[i].node);
        if (!x) return false;
        x->last = interval;
        x->step = diff_trend_step(&lines->at[i]);
        x->grown += x->step.grew;
        if (interval >= DIFF_STEPS_MAX) continue;
        void *points = t->points;
        bool ok = room(&points, t->n_points, &t->cap_points, sizeof *t->points);
        t->points = points;
        if (!ok) return false;
        t->points[t->n_points] =
            (struct trend_point){ .next = x->point, .interval = interval, .step = x->step };
        x->point = t->n_points++;
    }
    return true;
}

bool trends_tell(const struct trends *t, uint32_t n_intervals, const struct line *line,
                 struct diff_line *out)
{
    uint32_t i = n_intervals < 2 ? ROWMAP_NONE : rowmap_get(&t->by_node, line->node);
    if (n_intervals < 2) out->last = diff_trend_step(line);
    if (n_intervals < 2) out->intervals = out->last.growth > 0;
    if (i != ROWMAP_NONE) out->intervals = t->at[i].grown;
    if (i != ROWMAP_NONE && t->at[i].last == n_intervals - 1) out->last = t->at[i].step;
    if (n_intervals < 2 || n_intervals > DIFF_STEPS_MAX) return true;
    out->steps = calloc(n_intervals, sizeof *out->steps);
    if (!out->steps) return false;
    out->n_steps = n_intervals;
    uint32_t p = i == ROWMAP_NONE ? ROWMAP_NONE : t->at[i].point;
    for (; p != ROWMAP_NONE; p = t->points[p].next)
        if (t->points[p].interval < n_intervals)
            out->steps[t->points[p].interval] = t->points[p].step;
    return true;
}

void trends_free(struct trends *t)
{
    rowmap_free(&t->by_node);
    free(t->at);
    free(t->points);
    *t = (struct trends){ 0 };
}
