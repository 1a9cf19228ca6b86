/* SPDX-License-Identifier: MIT */
/* The owners in the report for people: one line each, what hangs in it, and what is to be said. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/number.h"
#include "report/diff_text.h"
#include "report/diff_words.h"

enum { HELD_LINES = 3 };

static bool shows_rate(const struct diff_report *r)
{
    return r->has_interval && r->interval >= DIFF_RATE_SECONDS;
}

/* The largest change of a line, up or down. */
static int64_t largest_line(const struct diff_report *r)
{
    int64_t largest = 0;
    for (uint32_t i = 0; i < r->n_lines; i++) {
        int64_t size = llabs(diff_line_growth(&r->lines[i]));
        if (size > largest) largest = size;
    }
    return largest;
}

/* A pattern of columns shared by an owner's line and what hangs in it. */
static void owner_name(struct table *t, const struct diff_line *l)
{
    struct text name = { 0 };
    diff_words_owner(&name, l);
    if (diff_line_is_named(l)) table_color(t, COLOR_NAME);
    table_text(t, &name);
    text_free(&name);
}

static void rate(struct table *t, const struct diff_report *r, const struct diff_line *l)
{
    if (!shows_rate(r)) return;
    if (l->has_rate && fabs(l->rate) < 9e18)
        table_delta(t, (int64_t)l->rate);
    else
        table_cells(t, "");
}

/* One thing that hangs in a line: "[*] Request x +12,000". */
static void held_row(struct table *t, const struct diff_report *r, const struct diff_held *h)
{
    struct text name = { 0 };
    table_delta(t, h->retained_delta + h->native_delta);
    table_count_delta(t, h->count_delta);
    if (shows_rate(r)) table_cells(t, "");
    diff_text_intervals(t, r, false, 0);
    diff_words_held(&name, h);
    table_tree(t, 1, text_str(&name), name.n);
    text_free(&name);
}

/* A line below an owner with something to say. */
static void remark(struct table *t, const struct diff_report *r, const char *text)
{
    table_cells(t, "");
    table_cells(t, "");
    if (shows_rate(r)) table_cells(t, "");
    diff_text_intervals(t, r, false, 0);
    table_color(t, COLOR_FAINT);
    table_tree(t, 1, text, strlen(text));
}

/* All that is to be said of an owner's line; words that are empty are not. */
static void words(struct table *t, const struct diff_report *r, struct text *s)
{
    if (s->n) remark(t, r, text_str(s));
    text_clear(s);
}

static void about_remarks(struct table *t, const struct diff_report *r, const struct diff_line *l)
{
    struct text s = { 0 };
    diff_words_about(&s, l);
    words(t, r, &s);
    diff_words_steps(&s, r, l);
    words(t, r, &s);
    diff_words_left(&s, r, l);
    words(t, r, &s);
    text_free(&s);
}

static void owner_remarks(struct table *t, const struct diff_report *r, const struct diff_line *l)
{
    struct text s = { 0 };
    for (uint32_t i = 0; i < l->n_sites; i++) {
        if (diff_text_folds(r, l->sites[i].shallow_new, diff_line_growth(l))) continue;
        diff_words_site(&s, &l->sites[i], r->fold);
        words(t, r, &s);
    }
    diff_words_moved(&s, l);
    words(t, r, &s);
    diff_words_shared(&s, l);
    words(t, r, &s);
    text_free(&s);
}

/* What hangs in a line: types worth telling, then how many others there are where they are more
 * than a tenth of it. */
static void held_rows(struct table *t, const struct diff_report *r, const struct diff_line *l)
{
    uint32_t shown = 0, most = r->fold ? HELD_LINES : l->n_held;
    int64_t rest = diff_line_growth(l) - l->resized - l->resized_native;
    for (uint32_t i = 0; i < l->n_held && shown < most; i++) {
        const struct diff_held *h = &l->held[i];
        int64_t growth = h->retained_delta + h->native_delta;
        if (diff_text_folds(r, growth, diff_line_growth(l))) continue;
        held_row(t, r, h);
        rest -= growth;
        shown++;
    }
    uint32_t more = l->n_held_all - shown;
    if (more == 0 || (r->fold && llabs(rest) <= llabs(diff_line_growth(l)) / 10)) return;
    struct text s = { 0 };
    text_addf(&s, "and %u more type%s", more, more == 1 ? "" : "s");
    remark(t, r, text_str(&s));
    text_free(&s);
}

static void owner_rows(struct table *t, const struct diff_report *r, const struct diff_line *l)
{
    table_delta(t, diff_line_growth(l));
    table_count_delta(t, l->count_delta);
    rate(t, r, l);
    diff_text_intervals(t, r, true, l->intervals);
    owner_name(t, l);
    about_remarks(t, r, l);
    held_rows(t, r, l);
    owner_remarks(t, r, l);
}

int diff_text_owners(const struct diff_report *r, FILE *out)
{
    struct table_column columns[5];
    size_t n = 0;
    columns[n++] = (struct table_column){ .title = "growth", .align = TABLE_RIGHT };
    columns[n++] = (struct table_column){ .title = "objects", .align = TABLE_RIGHT };
    if (shows_rate(r))
        columns[n++] = (struct table_column){ .title = "per hour", .align = TABLE_RIGHT };
    if (r->n_intervals >= 2)
        columns[n++] = (struct table_column){ .title = "intervals", .align = TABLE_RIGHT };
    columns[n++] = (struct table_column){ .title = "owner, and what it holds now",
                                          .shrink = true,
                                          .cut = TEXT_CUT_MIDDLE };
    diff_text_heading(out, "Growth by owner (retained; no byte counts twice)");
    if (r->n_lines == 0) {
        fputs(r->n_lines_all ? "nothing of the size asked for\n" : "none\n", out);
        return 0;
    }
    struct table *t = table_new(columns, n);
    int64_t left = r->live_b - r->live_a + r->garbage_b - r->garbage_a;
    int64_t largest = largest_line(r);
    uint32_t more = r->n_lines_all;
    for (uint32_t i = 0; i < r->n_lines; i++) {
        if (diff_text_folds(r, diff_line_growth(&r->lines[i]), largest)) continue;
        owner_rows(t, r, &r->lines[i]);
        left -= r->lines[i].retained_delta;
        more--;
    }
    if (!table_rows(t)) fputs("none of any size\n", out);
    int status = diff_text_rows(t, out);
    char size[NUMBER_MAX], count[NUMBER_MAX];
    if (more && (left != 0 || !r->fold))
        fprintf(out, "and %s more owner%s: %s (--all shows all)\n", number_count(count, more),
                more == 1 ? "" : "s", number_delta(size, left));
    return status;
}
