/* SPDX-License-Identifier: MIT */
/* The report for people: heading, verdict, where the resident memory went, growth by owner, by
 * type, by place of allocation. Whatever comes from a snapshot is escaped by the table or by
 * text_put. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/number.h"
#include "cli/table.h"
#include "report/diff_text.h"
#include "report/diff_words.h"

enum { FOLD_PART = 200 };

static void put(FILE *out, const char *s)
{
    text_put(out, s, strlen(s));
}

void diff_text_heading(FILE *out, const char *title)
{
    fprintf(out, "\n%s%s%s\n", color_on(out, COLOR_HEAD), title, color_off(out));
}

static int print_table(struct table *t, FILE *out)
{
    int status = table_print(t, out) ? message_no_memory("a table") : 0;
    table_free(t);
    return status;
}

int diff_text_rows(struct table *t, FILE *out)
{
    if (t && table_rows(t)) return print_table(t, out);
    table_free(t);
    return 0;
}

bool diff_text_folds(const struct diff_report *r, int64_t change, int64_t largest)
{
    return r->fold && llabs(change) <= llabs(largest) / FOLD_PART;
}

void diff_text_intervals(struct table *t, const struct diff_report *r, bool known, uint32_t grown)
{
    if (r->n_intervals < 2) return;
    if (known)
        table_cellf(t, "%u of %u", grown, r->n_intervals);
    else
        table_cells(t, "");
}

/* ---- heading ------------------------------------------------------------------------- */

/* "web 1.2, python 3.11.2, pid 4711 on host", whatever of it is known. */
static void process_line(FILE *out, const struct diff_facts *f)
{
    struct text t = { 0 };
    text_adds(&t, f->service ? f->service : f->runtime ? f->runtime : "process");
    if (f->service && f->version) text_addf(&t, " %s", f->version);
    if (f->instance) text_addf(&t, " (%s)", f->instance);
    if (f->service && f->runtime) text_addf(&t, ", %s", f->runtime);
    if (f->runtime && f->runtime_version) text_addf(&t, " %s", f->runtime_version);
    if (f->snapshot->pid) text_addf(&t, ", pid %" PRId64, f->snapshot->pid);
    if (f->host) text_addf(&t, " on %s", f->host);
    fputs(color_on(out, COLOR_HEAD), out);
    put(out, text_str(&t));
    fputs(color_off(out), out);
    fputc('\n', out);
    text_free(&t);
}

/* "A", "B", ...; beyond Z the number. */
static const char *letter(char out[8], uint32_t i)
{
    if (i < 26)
        snprintf(out, 8, "%c", 'A' + (int)i);
    else
        snprintf(out, 8, "%u", (i + 1) % 100000);
    return out;
}

static void when(struct table *t, const struct diff_facts *first, const struct diff_facts *f)
{
    char text[NUMBER_MAX];
    double seconds;
    if (f != first && diff_facts_same_capture(first, f)) {
        table_cells(t, "the same as A");
    } else if (f != first && diff_facts_interval(first, f, &seconds) && fabs(seconds) < 1e9) {
        number_duration(text, (uint64_t)(fabs(seconds) * 1e9));
        table_cellf(t, "%s %s", text, seconds < 0 ? "before A" : "after A");
    } else if (f->snapshot->has_time && fabs(f->snapshot->captured_at) < 9e9) {
        table_cells(t, number_time(text, (int64_t)(f->snapshot->captured_at * 1000.0) * 1000000));
    } else {
        table_cells(t, "");
    }
}

static int snapshots(const struct diff_report *r, FILE *out)
{
    static const struct table_column columns[] = {
        { .title = NULL },
        { .title = NULL, .shrink = true, .cut = TEXT_CUT_START },
        { .title = NULL },
        { .title = NULL, .align = TABLE_RIGHT },
        { .title = NULL }
    };
    struct table *t = table_new(columns, 5);
    /* Of a long row of snapshots the first ones and the last ones. */
    uint64_t most = r->lines_asked > 2 ? r->lines_asked : 2, before = most / 2;
    uint64_t left_out = r->n_snapshots > most ? r->n_snapshots - most : 0;
    for (uint32_t i = 0; i < r->n_snapshots; i++) {
        if (left_out && i == before) {
            char more[NUMBER_MAX];
            table_cells(t, "...");
            table_cellf(t, "%s more", number_count(more, left_out));
            for (int c = 2; c < 5; c++) table_cells(t, "");
            i += (uint32_t)left_out;
        }
        const struct diff_facts *f = &r->snapshots[i];
        char size[NUMBER_MAX], count[NUMBER_MAX], name[8];
        table_cells(t, letter(name, i));
        if (f->file_number > 1)
            table_cellf(t, "%s #%" PRId64, f->path, f->file_number);
        else
            table_cells(t, f->path);
        when(t, &r->snapshots[0], f);
        table_cellf(t, "%s live", number_size(size, (uint64_t)f->snapshot->live_size));
        table_cellf(t, "in %s objects%s", number_count(count, (uint64_t)f->snapshot->n_live),
                    f->snapshot->complete ? "" : ", incomplete");
    }
    return print_table(t, out);
}

/* "1.2 MiB an hour", with the interval where there are more than two points. */
static void hourly(FILE *out, const char *what, const struct slope *s)
{
    char mid[NUMBER_MAX], low[NUMBER_MAX], high[NUMBER_MAX];
    fprintf(out, "%s %s an hour", what, number_delta(mid, (int64_t)(s->mid * 3600)));
    if (s->n > 2)
        fprintf(out, " (%s to %s)", number_delta(low, (int64_t)(s->low * 3600)),
                number_delta(high, (int64_t)(s->high * 3600)));
}

static bool tellable(const struct slope *s)
{
    return s->n >= 2 && fabs(s->low) < 1e15 && fabs(s->high) < 1e15;
}

static void reach(const struct diff_report *r, FILE *out)
{
    const struct diff_reach *to = &r->reach;
    const char *what = to->resident ? "the resident memory" : "the managed heap";
    const struct slope *s = to->resident ? &r->resident : &r->managed;
    char limit[NUMBER_MAX], mid[NUMBER_MAX], low[NUMBER_MAX], high[NUMBER_MAX];
    number_size(limit, (uint64_t)to->limit);
    if (!to->known) {
        fprintf(out, "When %s reaches %s is not known: it needs a minute between snapshots, and "
                     "their times.\n", what, limit);
    } else if (to->reached) {
        fprintf(out, "The limit of %s is reached: %s is there already.\n", limit, what);
    } else if (s->mid <= 0) {
        fprintf(out, "At this rate %s does not reach %s%s%s.\n", what, limit,
                isfinite(to->left.earliest) ? "; at the upper end of it, in " : "",
                isfinite(to->left.earliest) ? diff_words_after(low, to->left.earliest) : "");
    } else {
        fprintf(out, "At this rate %s reaches %s in %s", what, limit,
                diff_words_after(mid, to->left.seconds));
        if (s->n > 2)
            fprintf(out, " (%s to %s)", diff_words_after(low, to->left.earliest),
                    diff_words_after(high, to->left.latest));
        fputs(".\n", out);
    }
}

void diff_text_course(const struct diff_report *r, FILE *out)
{
    bool grew = r->verdict.kind != DIFF_NO_GROWTH && r->n_intervals >= 2;
    bool resident = tellable(&r->resident), managed = tellable(&r->managed);
    if ((grew || r->reach.limit) && (resident || managed)) {
        if (resident) hourly(out, "Resident memory", &r->resident);
        if (managed) hourly(out, resident ? ", managed heap" : "Managed heap", &r->managed);
        fputs(".\n", out);
    }
    if (r->reach.limit) reach(r, out);
}

static int head(const struct diff_report *r, FILE *out)
{
    const struct diff_facts *a = &r->snapshots[0], *b = &r->snapshots[r->n_snapshots - 1];
    process_line(out, b);
    if (!diff_facts_same_process(a, b) && a->snapshot->pid != b->snapshot->pid) {
        fputs("compared with ", out);
        process_line(out, a);
    }
    int status = snapshots(r, out);
    fprintf(out, "matched by %s: %s\n\n", diff_matching_name(r->matching), r->matching_reason);
    fputs(color_on(out, r->verdict.kind == DIFF_NO_GROWTH ? COLOR_GOOD : COLOR_BAD), out);
    put(out, r->verdict.sentence);
    fprintf(out, "%s\n", color_off(out));
    if (r->verdict.advice) fprintf(out, "%s\n", r->verdict.advice);
    if (r->accepted) {
        char size[NUMBER_MAX];
        fprintf(out, "The baseline accepts %s of the growth.\n", number_delta(size, r->accepted));
    }
    diff_text_course(r, out);
    return status;
}

/* ---- memory map ---------------------------------------------------------------------- */

static void part_size(struct table *t, bool known, int64_t bytes)
{
    if (!known)
        table_cells(t, "-");
    else if (bytes < 0)
        table_delta(t, bytes);
    else
        table_size(t, (uint64_t)bytes);
}

static int memory_map(const struct diff_report *r, FILE *out)
{
    char last[8];
    const struct table_column columns[] = { { .title = "part", .shrink = true },
                                            { .title = "A", .align = TABLE_RIGHT },
                                            { .title = letter(last, r->n_snapshots - 1),
                                              .align = TABLE_RIGHT },
                                            { .title = "change", .align = TABLE_RIGHT } };
    if (r->n_parts == 0) return 0;
    const struct diff_facts *a = &r->snapshots[0], *b = &r->snapshots[r->n_snapshots - 1];
    bool rss = a->rss >= 0 && b->rss >= 0, inexact = false;
    diff_text_heading(out, diff_words_memory(rss));
    struct table *t = table_new(columns, 4);
    for (uint32_t i = 0; i < r->n_parts; i++) {
        const struct diff_part_change *p = &r->parts[i];
        table_cellf(t, "%s%s", p->name, p->exact ? "" : " ~");
        inexact = inexact || !p->exact;
        part_size(t, p->has_a, p->a);
        part_size(t, p->has_b, p->b);
        if (p->has_a && p->has_b)
            table_delta(t, p->b - p->a);
        else
            table_cells(t, "");
    }
    if (rss) {
        table_cells(t, "resident in all");
        table_size(t, (uint64_t)a->rss);
        table_size(t, (uint64_t)b->rss);
        table_delta(t, b->rss - a->rss);
    }
    int status = print_table(t, out);
    if (inexact)
        fputs("~ an estimate: counters were read at slightly different times, and not all that is "
              "held is resident\n",
              out);
    return status;
}

/* ---- types and places ---------------------------------------------------------------- */

static void more_lines(FILE *out, uint32_t more, const char *what)
{
    char count[NUMBER_MAX];
    if (more)
        fprintf(out, "and %s more %s%s (--all shows all)\n", number_count(count, more), what,
                more == 1 ? "" : "s");
}

static int types(const struct diff_report *r, FILE *out)
{
    struct table_column columns[8];
    char last[8], in_last[16];
    snprintf(in_last, sizeof in_last, "in %s", letter(last, r->n_snapshots - 1));
    size_t n = 0;
    columns[n++] = (struct table_column){ .title = "growth", .align = TABLE_RIGHT };
    columns[n++] = (struct table_column){ .title = "shallow", .align = TABLE_RIGHT };
    columns[n++] = (struct table_column){ .title = "objects", .align = TABLE_RIGHT };
    columns[n++] = (struct table_column){ .title = "came", .align = TABLE_RIGHT };
    columns[n++] = (struct table_column){ .title = "went", .align = TABLE_RIGHT };
    columns[n++] = (struct table_column){ .title = in_last, .align = TABLE_RIGHT };
    if (r->n_intervals >= 2)
        columns[n++] = (struct table_column){ .title = "intervals", .align = TABLE_RIGHT };
    columns[n++] = (struct table_column){ .title = "type", .shrink = true, .cut = TEXT_CUT_START };
    if (r->n_types_all == 0) return 0;
    diff_text_heading(
        out, "Growth by type (with what objects of the type hold; types may hold each other)");
    struct table *t = r->n_types ? table_new(columns, n) : NULL;
    int64_t largest = 0;
    uint32_t more = r->n_types_all;
    for (uint32_t i = 0; i < r->n_types; i++)
        if (llabs(r->types[i].growth) > largest) largest = llabs(r->types[i].growth);
    for (uint32_t i = 0; i < r->n_types; i++) {
        const struct diff_type *x = &r->types[i];
        if (diff_text_folds(r, x->growth, largest)) continue;
        more--;
        table_delta(t, x->growth);
        table_delta(t, x->shallow_b - x->shallow_a);
        table_count_delta(t, x->n_b - x->n_a);
        table_count(t, (uint64_t)x->n_new);
        table_count(t, (uint64_t)x->n_gone);
        table_count(t, (uint64_t)x->n_b);
        diff_text_intervals(t, r, true, x->intervals);
        table_cells(t, x->name);
    }
    int status = diff_text_rows(t, out);
    more_lines(out, more, "type");
    return status;
}

static int64_t site_growth(const struct diff_site *s)
{
    return s->shallow_b - s->shallow_a;
}

static void add_site(struct diff_site *to, const struct diff_site *s)
{
    to->n_a += s->n_a;
    to->n_b += s->n_b;
    to->shallow_a += s->shallow_a;
    to->shallow_b += s->shallow_b;
    to->n_new += s->n_new;
}

static void site_row(struct table *t, const struct diff_report *r, const struct diff_site *s)
{
    table_delta(t, site_growth(s));
    table_count_delta(t, s->n_b - s->n_a);
    table_count(t, (uint64_t)s->n_new);
    table_cells(t, r->fold ? s->brief : s->stack);
}

static int sites(const struct diff_report *r, FILE *out)
{
    static const struct table_column columns[] = {
        { .title = "shallow", .align = TABLE_RIGHT },
        { .title = "objects", .align = TABLE_RIGHT },
        { .title = "new", .align = TABLE_RIGHT },
        { .title = "allocated at", .shrink = true, .cut = TEXT_CUT_END }
    };
    diff_text_heading(out, "Growth by allocation site");
    const struct diff_facts *b = &r->snapshots[r->n_snapshots - 1];
    if (!r->has_sites) {
        bool python = b->runtime && strcmp(b->runtime, "cpython") == 0;
        fputs(
            python
                ? "not recorded; start the program with PYTHONTRACEMALLOC=10 (slower, more memory) "
                  "to see the lines of code\n"
                : "not recorded in these snapshots\n",
            out);
        return 0;
    }
    if (r->n_sites == 0) {
        fputs("none\n", out);
        return 0;
    }
    struct table *t = table_new(columns, 4);
    struct diff_site capture = { .brief = "the capture itself (heapsnap)" };
    int64_t largest = 0;
    uint32_t more = r->n_sites_all;
    for (uint32_t i = 0; i < r->n_sites; i++) {
        const struct diff_site *s = &r->sites[i];
        if (!s->capture && llabs(site_growth(s)) > largest) largest = llabs(site_growth(s));
    }
    for (uint32_t i = 0; i < r->n_sites; i++) {
        const struct diff_site *s = &r->sites[i];
        if (r->fold && s->capture) {
            add_site(&capture, s);
            more--;
        } else if (!diff_text_folds(r, site_growth(s), largest)) {
            site_row(t, r, s);
            more--;
        }
    }
    if (!diff_text_folds(r, site_growth(&capture), largest)) site_row(t, r, &capture);
    int status = diff_text_rows(t, out);
    more_lines(out, more, "place");
    return status;
}

static int native_sites(const struct diff_report *r, FILE *out)
{
    static const struct table_column columns[] = {
        { .title = "size", .align = TABLE_RIGHT },
        { .title = "blocks", .align = TABLE_RIGHT },
        { .title = "allocated at", .shrink = true, .cut = TEXT_CUT_END }
    };
    if (!r->has_native) return 0;
    diff_text_heading(out, "Growth of native blocks by allocation site");
    if (r->native.n == 0) {
        fputs("none\n", out);
        return 0;
    }
    struct table *t = table_new(columns, 3);
    int64_t largest = 0;
    uint32_t more = r->native.n_all;
    for (uint32_t i = 0; i < r->native.n; i++) {
        int64_t growth = llabs(site_growth(&r->native.at[i]));
        if (growth > largest) largest = growth;
    }
    for (uint32_t i = 0; i < r->native.n; i++) {
        const struct diff_site *s = &r->native.at[i];
        if (diff_text_folds(r, site_growth(s), largest)) continue;
        table_delta(t, site_growth(s));
        table_count_delta(t, s->n_b - s->n_a);
        table_cells(t, r->fold ? s->brief : s->stack);
        more--;
    }
    int status = diff_text_rows(t, out);
    more_lines(out, more, "place");
    return status;
}

int diff_print_text(const struct diff_report *r, FILE *out)
{
    int status = head(r, out);
    if (!status) status = memory_map(r, out);
    if (!status) status = diff_text_owners(r, out);
    if (!status) status = types(r, out);
    if (!status) status = sites(r, out);
    if (!status) status = native_sites(r, out);
    return status;
}
