/* SPDX-License-Identifier: MIT */
/* The report in Markdown, short enough for a comment: what was asked for in full is in the text. */
#include <inttypes.h>

#include "cli/markup.h"
#include "cli/number.h"
#include "report/diff_text.h"

static void delta(FILE *out, int64_t bytes)
{
    char text[NUMBER_MAX];
    fprintf(out, "| %s ", number_delta(text, bytes));
}

static void count(FILE *out, int64_t n)
{
    char text[NUMBER_MAX];
    fprintf(out, "| %s ", number_count_delta(text, n));
}

static void limits(const struct diff_report *r, FILE *out)
{
    if (!r->n_limits) return;
    fputs("\n| limit | value | |\n|---|--:|---|\n", out);
    for (uint32_t i = 0; i < r->n_limits; i++) {
        char value[NUMBER_MAX];
        const struct diff_limit *l = &r->limits[i];
        fputs("| ", out);
        markup_markdown(out, l->text);
        fprintf(out, " | %s | %s |\n", diff_limit_value(value, l),
                l->passed ? "**passed**" : "kept");
    }
}

static void owner(const struct diff_report *r, const struct diff_line *l, FILE *out)
{
    static const char *const others[] = { NULL, "(new roots)", "(garbage)", "(other owners)" };
    delta(out, diff_line_growth(l));
    count(out, l->count_delta);
    if (r->n_intervals >= 2) fprintf(out, "| %u of %u ", l->intervals, r->n_intervals);
    fputs("| ", out);
    markup_markdown(out, others[l->kind] ? others[l->kind] : l->path);
    if (l->type) {
        fputs(" → ", out);
        markup_markdown(out, l->type);
    }
    if (l->accepted) fputs(", accepted", out);
    if (l->n_held && l->held[0].told_delta > 0) {
        fputs(" | ", out);
        markup_markdown(out, l->held[0].type);
        fprintf(out, " × %" PRId64 " |\n", l->held[0].told_delta);
    } else {
        fputs(" | |\n", out);
    }
}

static void owners(const struct diff_report *r, FILE *out)
{
    int64_t largest = 0;
    for (uint32_t i = 0; i < r->n_lines; i++) {
        int64_t growth = diff_line_growth(&r->lines[i]);
        if (growth > largest) largest = growth;
    }
    if (!r->n_lines) return;
    fprintf(out, "\n| growth | objects |%s owner | holds now |\n|--:|--:|%s---|---|\n",
            r->n_intervals >= 2 ? " intervals |" : "", r->n_intervals >= 2 ? "--:|" : "");
    for (uint32_t i = 0; i < r->n_lines; i++)
        if (!diff_text_folds(r, diff_line_growth(&r->lines[i]), largest))
            owner(r, &r->lines[i], out);
}

static void types(const struct diff_report *r, FILE *out)
{
    if (!r->n_types) return;
    int64_t largest = 0;
    for (uint32_t i = 0; i < r->n_types; i++)
        if (r->types[i].growth > largest) largest = r->types[i].growth;
    fputs("\n| growth | objects | type |\n|--:|--:|---|\n", out);
    for (uint32_t i = 0; i < r->n_types; i++) {
        const struct diff_type *t = &r->types[i];
        if (diff_text_folds(r, t->growth, largest)) continue;
        delta(out, t->growth);
        count(out, t->n_b - t->n_a);
        fputs("| ", out);
        markup_markdown(out, t->name);
        fputs(" |\n", out);
    }
}

int diff_print_markdown(const struct diff_report *r, FILE *out)
{
    fprintf(out, "### %s\n\n", diff_verdict_name(r->verdict.kind));
    markup_markdown(out, r->verdict.sentence);
    putc('\n', out);
    markup_markdown(out, r->verdict.advice);
    if (r->verdict.advice) putc('\n', out);
    diff_text_course(r, out);
    limits(r, out);
    owners(r, out);
    types(r, out);
    return 0; /* errors of the stream are found when stdout is closed */
}
