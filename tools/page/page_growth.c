/* SPDX-License-Identifier: MIT */
/* What grew since the earlier snapshot, as HTML: by owner, by type, by allocation site. */
#include <math.h>
#include <stdlib.h>

#include "page/page_private.h"
#include "report/diff_words.h"

enum { OWNERS = 60, HELD = 5, GROWN_TYPES = 60, GROWN_SITES = 40 };
/* Of places, which are many, those that changed by less than this part of the largest are not rows. */
enum { SITE_SHARE = 200 };

static bool shows_rate(const struct diff_report *d)
{
    return d->has_interval && d->interval >= DIFF_RATE_SECONDS;
}

static void words(FILE *out, const char *element, struct text *t)
{
    if (t->n) {
        fprintf(out, "<%s>", element);
        page_put_words(out, text_str(t), PAGE_WORDS);
        fprintf(out, "</%s>", element);
    }
    text_clear(t);
}

static void held(FILE *out, const struct diff_line *l, struct text *t)
{
    char size[NUMBER_MAX];
    uint32_t n = l->n_held < HELD ? l->n_held : HELD;
    if (n) fputs("<ul>", out);
    for (uint32_t i = 0; i < n; i++) {
        const struct diff_held *h = &l->held[i];
        fprintf(out, "<li>%s ", number_delta(size, h->retained_delta + h->native_delta));
        diff_words_held(t, h);
        words(out, "span", t);
        if (h->example_b) fputs(" ", out);
        if (h->example_b) page_object(out, h->example_b);
        fputs("</li>", out);
    }
    if (n && l->n_held_all > n)
        fprintf(out, "<li>and %u more types</li>", (unsigned)(l->n_held_all - n));
    if (n) fputs("</ul>", out);
}

static void owner(FILE *out, const struct diff_report *d, const struct diff_line *l)
{
    struct text t = { 0 };
    fputs("<tr>", out);
    page_cell_delta(out, diff_line_growth(l));
    page_cell_count_delta(out, l->count_delta);
    if (shows_rate(d) && l->has_rate && fabs(l->rate) < 9e18)
        page_cell_delta(out, (int64_t)l->rate);
    else if (shows_rate(d))
        fputs("<td></td>", out);
    fputs("<td class=\"name\">", out);
    diff_words_owner(&t, l);
    words(out, l->kind == DIFF_LINE_OWNER ? "code" : "span", &t);
    if (l->kind == DIFF_LINE_OWNER && l->b_id) fputs(" ", out);
    if (l->kind == DIFF_LINE_OWNER && l->b_id) page_object(out, l->b_id);
    diff_words_about(&t, l);
    words(out, "p", &t);
    held(out, l, &t);
    for (uint32_t i = 0; i < l->n_sites && i < HELD; i++) {
        diff_words_site(&t, &l->sites[i], true);
        words(out, "p", &t);
    }
    diff_words_moved(&t, l);
    words(out, "p", &t);
    diff_words_shared(&t, l);
    words(out, "p", &t);
    fputs("</td></tr>\n", out);
    text_free(&t);
}

/* All other owners as one row, so that the column adds up to the growth of the heap. */
static void other_owners(FILE *out, const struct diff_report *d, uint32_t shown)
{
    int64_t growth = 0, count = 0;
    char n[NUMBER_MAX];
    if (shown >= d->n_lines) return;
    for (uint32_t i = shown; i < d->n_lines; i++) {
        growth += diff_line_growth(&d->lines[i]);
        count += d->lines[i].count_delta;
    }
    fputs("<tr class=\"rest\">", out);
    page_cell_delta(out, growth);
    page_cell_count_delta(out, count);
    if (shows_rate(d)) fputs("<td></td>", out);
    fprintf(out, "<td class=\"name\">%s other owners</td></tr>\n",
            number_count(n, d->n_lines - shown));
}

static void owners(FILE *out, const struct diff_report *d)
{
    struct page_column columns[4];
    size_t n = 0;
    uint32_t shown = 0;
    columns[n++] = (struct page_column){ "growth", true };
    columns[n++] = (struct page_column){ "objects", true };
    if (shows_rate(d)) columns[n++] = (struct page_column){ "per hour", true };
    columns[n++] = (struct page_column){ "owner, and what it holds now", false };
    page_table(out, "owners", "Growth by owner: retained, no byte counts twice", columns, n);
    for (; shown < d->n_lines && shown < OWNERS; shown++) owner(out, d, &d->lines[shown]);
    other_owners(out, d, shown);
    page_table_end(out);
}

static void grown_types(FILE *out, const struct diff_report *d)
{
    static const struct page_column columns[] = {
        { "growth", true }, { "shallow", true }, { "objects", true }, { "came", true },
        { "went", true },   { "now", true },     { "type", false }
    };
    uint32_t n = d->n_types < GROWN_TYPES ? d->n_types : GROWN_TYPES;
    char count[NUMBER_MAX];
    if (n == 0) return;
    fputs("<h3>By type</h3>\n", out);
    page_table(out, "grown-types",
               "Growth by type, with what objects of the type hold; types may hold each other",
               columns, sizeof columns / sizeof *columns);
    for (uint32_t i = 0; i < n; i++) {
        const struct diff_type *x = &d->types[i];
        fputs("<tr>", out);
        page_cell_delta(out, x->growth);
        page_cell_delta(out, x->shallow_b - x->shallow_a);
        page_cell_count_delta(out, x->n_b - x->n_a);
        page_cell_count(out, (uint64_t)x->n_new);
        page_cell_count(out, (uint64_t)x->n_gone);
        page_cell_count(out, (uint64_t)x->n_b);
        page_cell_name(out, x->name);
        fputs("</tr>\n", out);
    }
    page_table_end(out);
    if (d->n_types_all > n)
        fprintf(out, "<p class=\"more\">and %s more types that changed by less</p>\n",
                number_count(count, d->n_types_all - n));
}

static int64_t site_growth(const struct diff_site *s)
{
    return s->shallow_b - s->shallow_a;
}

static void grown_sites(FILE *out, const char *id, const char *caption, const struct diff_site *at,
                        uint32_t n_all, uint32_t n)
{
    int64_t largest = 0;
    uint32_t shown = 0;
    static const struct page_column columns[] = { { "growth", true },
                                                  { "objects", true },
                                                  { "allocated at", false } };
    char count[NUMBER_MAX];
    if (n == 0) return;
    for (uint32_t i = 0; i < n; i++)
        if (!at[i].capture && llabs(site_growth(&at[i])) > largest)
            largest = llabs(site_growth(&at[i]));
    page_table(out, id, caption, columns, sizeof columns / sizeof *columns);
    for (uint32_t i = 0; i < n && shown < GROWN_SITES; i++) {
        if (at[i].capture || llabs(site_growth(&at[i])) <= largest / SITE_SHARE) continue;
        shown++;
        fputs("<tr>", out);
        page_cell_delta(out, site_growth(&at[i]));
        page_cell_count_delta(out, at[i].n_b - at[i].n_a);
        fputs("<td class=\"name\">", out);
        page_put_words(out, at[i].stack, PAGE_WORDS);
        fputs("</td></tr>\n", out);
    }
    page_table_end(out);
    if (n_all > shown)
        fprintf(out, "<p class=\"more\">and %s more places that changed by less</p>\n",
                number_count(count, n_all - shown));
}

void page_growth(const struct page *p)
{
    const struct diff_report *d = p->request->diff;
    FILE *out = p->out;
    char a[NUMBER_MAX], b[NUMBER_MAX], change[NUMBER_MAX], count[NUMBER_MAX];
    if (!d) return;
    page_section(out, "growth", "What grew");
    fprintf(out, "<p>The live heap was %s and is %s (%s, %s objects). Matched by %s: ",
            number_size(a, subject_size(d->live_a)), number_size(b, subject_size(d->live_b)),
            number_delta(change, d->live_b - d->live_a),
            number_count_delta(count, d->n_live_b - d->n_live_a), diff_matching_name(d->matching));
    page_put_words(out, d->matching_reason, PAGE_WORDS);
    fputs(".</p>\n<h3>By owner</h3>\n", out);
    owners(out, d);
    grown_types(out, d);
    if (d->has_sites && d->n_sites) fputs("<h3>By allocation site</h3>\n", out);
    if (d->has_sites)
        grown_sites(out, "grown-sites", "Growth by allocation site, shallow", d->sites,
                    d->n_sites_all, d->n_sites);
    if (d->has_native && d->native.n) fputs("<h3>Native blocks by allocation site</h3>\n", out);
    if (d->has_native)
        grown_sites(out, "grown-native", "Growth of native blocks by allocation site", d->native.at,
                    d->native.n_all, d->native.n);
    page_section_end(out);
}
