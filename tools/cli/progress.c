/* SPDX-License-Identifier: MIT */
/*
 * The progress line; the contract is in progress.h. The clock is looked at about a hundred times a
 * second: after each look the amount of work until the next is set from the speed seen so far.
 */
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "message.h"
#include "number.h"
#include "table.h"
#include "text.h"

#define NS_PER_S UINT64_C(1000000000)

static const uint64_t progress_delay_ns = NS_PER_S / 2;   /* before the first line */
static const uint64_t progress_redraw_ns = NS_PER_S / 10; /* between two lines */
static const uint64_t progress_look_ns = NS_PER_S / 100;  /* between two looks at the clock */

/* The line that is shown and whose it is; the process has one stderr, so there is one of each. */
static struct progress *progress_current;
static bool progress_shown;

static uint64_t progress_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

void progress_begin(struct progress *p, const char *what, uint64_t total, enum progress_unit unit)
{
    *p = (struct progress){ .what = what, .total = total, .unit = unit, .look_at = UINT64_MAX };
    if (message_level() == MESSAGE_QUIET || !isatty(STDERR_FILENO)) return;
    p->active = true;
    p->look_at = 1;
    p->started_ns = p->looked_ns = progress_now();
    p->outer = progress_current;
    progress_current = p;
}

void progress_wipe(void)
{
    if (!progress_shown) return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    progress_shown = false;
}

static void progress_add_amount(struct text *t, const struct progress *p, uint64_t n)
{
    char number[NUMBER_MAX];
    text_adds(t, p->unit == PROGRESS_BYTES ? number_size(number, n) : number_count(number, n));
}

/* The rate is over the whole time: steadier than the last second, and honest about pauses. */
static void progress_draw(struct progress *p, uint64_t now)
{
    struct text line = { 0 };
    uint64_t elapsed_us = (now - p->started_ns) / 1000 + 1;
    double per_s = (double)p->done * 1e6 / (double)elapsed_us;
    char number[NUMBER_MAX];
    text_escape(&line, p->what, strlen(p->what));
    if (p->total) {
        uint64_t done = p->done < p->total ? p->done : p->total;
        text_addf(&line, "  %u%%  ", (unsigned)((double)done * 100 / (double)p->total));
        progress_add_amount(&line, p, done);
        text_adds(&line, " of ");
        progress_add_amount(&line, p, p->total);
    } else {
        text_adds(&line, "  ");
        progress_add_amount(&line, p, p->done);
    }
    text_adds(&line, "  ");
    progress_add_amount(&line, p, (uint64_t)per_s);
    text_adds(&line, "/s");
    if (p->done && p->total > p->done) {
        double left_s = (double)(p->total - p->done) / per_s;
        if (left_s < 1e9)
            text_addf(&line, "  %s left", number_duration(number, (uint64_t)left_s * NS_PER_S));
    }
    struct text cut = { 0 };
    size_t width = table_terminal_width(stderr);
    text_shorten(&cut, text_str(&line), line.n, width > 1 ? width - 1 : 79, TEXT_CUT_START);
    fprintf(stderr, "\r%s\033[K", text_str(&cut));
    fflush(stderr);
    text_free(&cut);
    text_free(&line);
    progress_shown = true;
    p->drawn_ns = now;
}

void progress_look(struct progress *p)
{
    if (!p->active) return;
    uint64_t now = progress_now();
    uint64_t passed = now - p->looked_ns + 1, worked = p->done - p->looked;
    /* Next look after about progress_look_ns of work at the present speed, at least one unit and
     * at most doubling the step, so that a slow stretch after a fast one is noticed. */
    double step = (double)worked * (double)progress_look_ns / (double)passed;
    if (step > 2.0 * (double)worked) step = 2.0 * (double)worked;
    uint64_t next = step < 1 ? 1 : step > 1e18 ? (uint64_t)1e18 : (uint64_t)step;
    p->look_at = p->done > UINT64_MAX - next ? UINT64_MAX : p->done + next;
    p->looked = p->done;
    p->looked_ns = now;
    if (now - p->started_ns >= progress_delay_ns && now - p->drawn_ns >= progress_redraw_ns)
        progress_draw(p, now);
}

void progress_end(struct progress *p)
{
    if (!p->active) return;
    progress_wipe();
    p->active = false;
    /* Normally p is the innermost; an outer one that ends early is taken out of the chain. */
    struct progress **at = &progress_current;
    while (*at && *at != p) at = &(*at)->outer;
    if (*at) *at = p->outer;
}
