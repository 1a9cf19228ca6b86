/* SPDX-License-Identifier: MIT */
/* The report for people: heading, verdict, where the resident memory went, growth by owner, by
 * type, by place of allocation. Whatever comes from a snapshot is escaped by the table or by
 * text_put. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "cli/message.h"
#include "cli/number.h"
#include "cli/table.h"
#include "report/diff_report.h"

enum { HELD_LINES = 3 };

static void put(FILE *out, const char *s)
{
    text_put(out, s, strlen(s));
}

static void heading(FILE *out, const char *title)
{
    fprintf(out, "\n%s%s%s\n", color_on(out, COLOR_HEAD), title, color_off(out));
}

static int print_table(struct table *t, FILE *out)
{
    int status = table_print(t, out) ? message_no_memory("a table") : 0;
    table_free(t);
    return status;
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
    for (uint32_t i = 0; i < r->n_snapshots; i++) {
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
    heading(out, "Where the resident memory is");
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
        fputs("~ a difference of counters that were read at slightly different times\n", out);
    return status;
}

/* ---- owners -------------------------------------------------------------------------- */

/* A rate of what happened in less than a second says nothing about an hour. */
static bool shows_rate(const struct diff_report *r)
{
    return r->has_interval && r->interval >= 1.0;
}

/* A pattern of columns shared by an owner's line and what hangs in it. */
static void owner_name(struct table *t, const struct diff_line *l)
{
    char count[NUMBER_MAX];
    switch (l->kind) {
    case DIFF_LINE_LIVE:
        table_cells(t, "(live): held by no object that was there before");
        return;
    case DIFF_LINE_GARBAGE:
        table_cells(t, "(garbage): unreachable, not yet collected");
        return;
    case DIFF_LINE_REST:
        table_cells(t, "(other owners)");
        return;
    case DIFF_LINE_OWNER:
        break;
    }
    table_color(t, COLOR_NAME);
    if (l->n_owners > 1)
        table_cellf(t, "%s -> %s, %s of them", l->path, l->type ? l->type : "?",
                    number_count(count, l->n_owners));
    else
        table_cellf(t, "%s -> %s", l->path, l->type ? l->type : "?");
}

static void rate(struct table *t, const struct diff_report *r, const struct diff_line *l)
{
    if (!shows_rate(r)) return;
    if (l->has_rate && fabs(l->rate) < 9e18)
        table_delta(t, (int64_t)l->rate);
    else
        table_cells(t, "");
}

static void intervals(struct table *t, const struct diff_report *r, bool known, uint32_t grown)
{
    if (r->n_intervals < 2) return;
    if (known)
        table_cellf(t, "%u of %u", grown, r->n_intervals);
    else
        table_cells(t, "");
}

/* One thing that hangs in a line: "[*] Request x +12,000". */
static void held_row(struct table *t, const struct diff_report *r, const struct diff_held *h)
{
    struct text name = { 0 };
    char count[NUMBER_MAX];
    table_delta(t, h->retained_delta + h->native_delta);
    table_count_delta(t, h->count_delta);
    if (shows_rate(r)) table_cells(t, "");
    intervals(t, r, false, 0);
    text_addf(&name, "%s%s%s", h->edge, *h->edge ? " " : "", h->type);
    if (h->tops_delta > 0)
        text_addf(&name, " x %s", number_count(count, (uint64_t)h->tops_delta));
    else if (h->tops_delta < 0)
        text_addf(&name, " x %s", number_count_delta(count, h->tops_delta));
    else
        text_addf(&name, ", %s replaced", number_count(count, (uint64_t)h->tops_added));
    if (h->holder) text_addf(&name, ", held by %s", h->holder);
    table_tree(t, 1, text_str(&name), name.n);
    text_free(&name);
}

/* A line below an owner with something to say. */
static void remark(struct table *t, const struct diff_report *r, const char *text)
{
    table_cells(t, "");
    table_cells(t, "");
    if (shows_rate(r)) table_cells(t, "");
    intervals(t, r, false, 0);
    table_color(t, COLOR_FAINT);
    table_tree(t, 1, text, strlen(text));
}

static void owner_remarks(struct table *t, const struct diff_report *r, const struct diff_line *l)
{
    struct text s = { 0 };
    char size[NUMBER_MAX];
    if (l->n_held_all > HELD_LINES) {
        uint32_t more = l->n_held_all - HELD_LINES;
        text_addf(&s, "and %u more type%s", more, more == 1 ? "" : "s");
        remark(t, r, text_str(&s));
    }
    for (uint32_t i = 0; i < l->n_sites; i++) {
        text_clear(&s);
        text_addf(&s, "%s allocated at %s", number_size(size, (uint64_t)l->sites[i].shallow_new),
                  l->sites[i].stack);
        remark(t, r, text_str(&s));
    }
    if (l->moved.shallow_size > l->added.shallow_size / 10) {
        text_clear(&s);
        text_addf(&s, "%s of it may have been there before (address, type), held by something else",
                  number_size(size, l->moved.shallow_size));
        remark(t, r, text_str(&s));
    }
    /* Where much came and went again, what others hold of the one says nothing about the growth. */
    bool shared = l->retained_delta > 0 && l->shared.shallow_size <= (uint64_t)l->retained_delta;
    if (shared && l->shared.shallow_size > l->added.shallow_size / 10) {
        text_clear(&s);
        text_addf(&s, "%s of what came is held by others, too%s%s",
                  number_size(size, l->shared.shallow_size), l->also ? ": " : "",
                  l->also ? l->also : "");
        remark(t, r, text_str(&s));
    }
    text_free(&s);
}

static void owner_rows(struct table *t, const struct diff_report *r, const struct diff_line *l)
{
    table_delta(t, l->retained_delta + l->native_delta);
    table_count_delta(t, l->count_delta);
    rate(t, r, l);
    intervals(t, r, true, l->intervals);
    owner_name(t, l);
    for (uint32_t i = 0; i < l->n_held && i < HELD_LINES; i++) held_row(t, r, &l->held[i]);
    owner_remarks(t, r, l);
}

static int owners(const struct diff_report *r, FILE *out)
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
    heading(out, "Growth by owner (retained; no byte counts twice)");
    if (r->n_lines == 0) {
        fputs(r->n_lines_all ? "nothing of the size asked for\n" : "none\n", out);
        return 0;
    }
    struct table *t = table_new(columns, n);
    for (uint32_t i = 0; i < r->n_lines; i++) owner_rows(t, r, &r->lines[i]);
    int status = print_table(t, out);
    int64_t left = r->live_b - r->live_a + r->garbage_b - r->garbage_a;
    for (uint32_t i = 0; i < r->n_lines; i++) left -= r->lines[i].retained_delta;
    char size[NUMBER_MAX], count[NUMBER_MAX];
    uint32_t more = r->n_lines_all - r->n_lines;
    if (more)
        fprintf(out, "and %s more owner%s: %s (--all shows all)\n", number_count(count, more),
                more == 1 ? "" : "s", number_delta(size, left));
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
    heading(out, "Growth by type (with what objects of the type hold; types may hold each other)");
    struct table *t = r->n_types ? table_new(columns, n) : NULL;
    for (uint32_t i = 0; i < r->n_types; i++) {
        const struct diff_type *x = &r->types[i];
        table_delta(t, x->growth);
        table_delta(t, x->shallow_b - x->shallow_a);
        table_count_delta(t, x->n_b - x->n_a);
        table_count(t, (uint64_t)x->n_new);
        table_count(t, (uint64_t)x->n_gone);
        table_count(t, (uint64_t)x->n_b);
        intervals(t, r, true, x->intervals);
        table_cells(t, x->name);
    }
    int status = t ? print_table(t, out) : 0;
    more_lines(out, r->n_types_all - r->n_types, "type");
    return status;
}

static int sites(const struct diff_report *r, FILE *out)
{
    static const struct table_column columns[] = {
        { .title = "shallow", .align = TABLE_RIGHT },
        { .title = "objects", .align = TABLE_RIGHT },
        { .title = "new", .align = TABLE_RIGHT },
        { .title = "allocated at", .shrink = true, .cut = TEXT_CUT_END }
    };
    heading(out, "Growth by allocation site");
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
    for (uint32_t i = 0; i < r->n_sites; i++) {
        const struct diff_site *s = &r->sites[i];
        table_delta(t, s->shallow_b - s->shallow_a);
        table_count_delta(t, s->n_b - s->n_a);
        table_count(t, (uint64_t)s->n_new);
        table_cells(t, s->stack);
    }
    int status = print_table(t, out);
    more_lines(out, r->n_sites_all - r->n_sites, "place");
    return status;
}

int diff_print_text(const struct diff_report *r, FILE *out)
{
    int status = head(r, out);
    if (!status) status = memory_map(r, out);
    if (!status) status = owners(r, out);
    if (!status) status = types(r, out);
    if (!status) status = sites(r, out);
    return status;
}
