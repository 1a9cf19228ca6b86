/* SPDX-License-Identifier: MIT */
/* What snapinfo found, for people. Everything from the file is escaped by the table (text.h). */
#include "info.h"

#include <string.h>

#include "cli/message.h"
#include "cli/number.h"
#include "cli/table.h"

static void heading(const char *text)
{
    printf("\n%s%s%s\n", color_on(stdout, COLOR_HEAD), text, color_off(stdout));
}

/* Prints and frees a table. */
static int finish_table(struct table *t)
{
    int status = table_print(t, stdout) ? message_no_memory("a table") : 0;
    table_free(t);
    return status;
}

/* "complete", or what is wrong and where. */
static void show_state(const struct info_report *report)
{
    const struct info_facts *f = report->facts;
    const struct info_damage *damage = info_report_damage(report);
    const struct snap_error *first = damage->n ? &damage->at[0] : NULL;
    if (info_report_complete(report)) {
        bool all_read = report->verdict || report->recovery || f->by_reading;
        printf("%scomplete%s", color_on(stdout, COLOR_GOOD), color_off(stdout));
        if (!all_read) printf(" (contents not read; --verify reads all)");
        putchar('\n');
        return;
    }
    printf("%s%s%s", color_on(stdout, COLOR_BAD),
           first && first->code != SNAP_E_TRUNCATED ? "damaged" : "incomplete", color_off(stdout));
    if (first) {
        printf(" at offset %llu: ", (unsigned long long)first->offset);
        text_put(stdout, first->text, strlen(first->text));
    }
    if (damage->total > 1)
        printf(" (first of %llu pieces of damage)", (unsigned long long)damage->total);
    if (f->summary.lost_chunks)
        printf("; chunks missing: %llu", (unsigned long long)f->summary.lost_chunks);
    putchar('\n');
}

static void show_head(const struct info_report *report)
{
    const struct info_facts *f = report->facts;
    char size[NUMBER_MAX];
    printf("%s", color_on(stdout, COLOR_HEAD));
    text_put(stdout, report->in->path, strlen(report->in->path));
    printf("%s: heap snapshot file, format %u.%u, %s\n", color_off(stdout), f->file.major,
           f->file.minor, number_size(size, f->size));
    printf("  uuid   ");
    for (size_t i = 0; i < sizeof f->file.uuid; i++)
        printf("%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", f->file.uuid[i]);
    printf("\n  state  ");
    show_state(report);
}

static void cell_kept(struct table *t, const struct text *text, size_t at, size_t n)
{
    table_cell(t, text_str(text) + at, n);
}

static bool starts(const char *s, size_t n, const char *with)
{
    return n >= strlen(with) && memcmp(s, with, strlen(with)) == 0;
}

/* A counter in its unit, as the registry gives it; one that is not known is a mere number. */
static void cell_counter(struct table *t, const char *name, size_t n, int64_t value)
{
    static const char *const sizes[] = { "rss", "pss", "vm.", "stack.resident", "malloc.",
                                         "pymalloc.arena_bytes", "cgroup.", "memory." };
    static const char *const counts[] = { "gc.", "threads", "fds", "pymalloc." };
    char text[NUMBER_MAX];
    const char *found = NULL;
    for (size_t i = 0; value >= 0 && !found && i < sizeof sizes / sizeof sizes[0]; i++)
        if (starts(name, n, sizes[i])) found = number_size(text, (uint64_t)value);
    for (size_t i = 0; value >= 0 && !found && i < sizeof counts / sizeof counts[0]; i++)
        if (starts(name, n, counts[i])) found = number_count(text, (uint64_t)value);
    if (!found && value >= 0 && n > 3 && memcmp(name + n - 3, "_ns", 3) == 0)
        found = number_duration(text, (uint64_t)value);
    if (found) {
        table_cells(t, found);
    } else {
        table_cellf(t, "%lld", (long long)value);
    }
}

/* Metadata, labels or counters, of the file and of each snapshot. */
static int show_pairs(const struct info_facts *f, unsigned kind, const char *title)
{
    static const struct table_column columns[] = {
        { 0 }, { 0 }, { .shrink = true }, { 0 },
    };
    struct table *t = table_new(columns, 4);
    bool several = f->n_snapshots > 1;
    for (size_t i = 0; i < f->n_pairs; i++) {
        const struct info_pair *p = &f->pairs[i];
        if (p->kind != kind) continue;
        table_cells(t, "");
        cell_kept(t, &f->text, p->key, p->key_n);
        if (kind == SNAP_KIND_COUNTER) {
            cell_counter(t, text_str(&f->text) + p->key, p->key_n, p->number);
        } else {
            cell_kept(t, &f->text, p->value, p->value_n);
        }
        if (p->snapshot && several) {
            table_cellf(t, "(snapshot %u)", (unsigned)p->snapshot);
        } else {
            table_cells(t, "");
        }
    }
    if (table_rows(t) == 0 && t) {
        table_free(t);
        return 0;
    }
    heading(title);
    return finish_table(t);
}

static void cell_time(struct table *t, uint64_t wall_ns)
{
    char time[NUMBER_MAX];
    if (wall_ns == 0 || wall_ns > INT64_MAX) {
        table_cells(t, "-");
    } else {
        table_cells(t, number_time(time, (int64_t)wall_ns));
    }
}

static int show_snapshots(const struct info_facts *f)
{
    static const struct table_column columns[] = {
        { .title = "snapshot", .align = TABLE_RIGHT },
        { .title = "taken" },
        { .title = "took", .align = TABLE_RIGHT },
        { .title = "objects", .align = TABLE_RIGHT },
        { .title = "references", .align = TABLE_RIGHT },
        { .title = "roots", .align = TABLE_RIGHT },
        { .title = "complete" },
        { .title = "reason", .shrink = true },
    };
    struct table *t = table_new(columns, 8);
    for (size_t i = 0; i < f->n_snapshots; i++) {
        const struct info_snapshot *s = &f->snapshots[i];
        bool timed = s->begun && s->finished && s->finish.mono_ns >= s->mono_ns;
        char took[NUMBER_MAX];
        table_count(t, s->number);
        cell_time(t, s->wall_ns);
        table_cells(t, timed ? number_duration(took, s->finish.mono_ns - s->mono_ns) : "-");
        table_count(t, s->counted ? s->objects : s->finish.objects);
        table_count(t, s->counted ? s->edges : s->finish.edges);
        table_count(t, s->counted ? s->roots : s->finish.roots);
        table_color(t, info_snapshot_complete(f, s) ? COLOR_PLAIN : COLOR_BAD);
        table_cells(t, info_snapshot_complete(f, s) ? "yes" : "no");
        cell_kept(t, &f->text, s->reason, s->reason_n);
    }
    heading("Snapshots");
    if (f->lost_snapshots)
        printf("(%llu more are not listed)\n", (unsigned long long)f->lost_snapshots);
    return finish_table(t);
}

/* One line of the table of contents. */
static void totals_row(struct table *t, const char *name, const struct info_total *x,
                       uint64_t objects)
{
    table_cells(t, name);
    table_count(t, x->chunks);
    table_count(t, x->rows);
    table_size(t, x->raw);
    table_size(t, x->stored);
    if (x->stored) {
        table_cellf(t, "%.1f", (double)x->raw / (double)x->stored);
    } else {
        table_cells(t, "-");
    }
    if (objects) {
        table_cellf(t, "%.2f", (double)x->stored / (double)objects);
    } else {
        table_cells(t, "-");
    }
}

static int show_totals(const struct info_total totals[INFO_KINDS], uint64_t file_size)
{
    static const struct table_column columns[] = {
        { .title = "rows of" },
        { .title = "chunks", .align = TABLE_RIGHT },
        { .title = "rows", .align = TABLE_RIGHT },
        { .title = "raw", .align = TABLE_RIGHT },
        { .title = "stored", .align = TABLE_RIGHT },
        { .title = "ratio", .align = TABLE_RIGHT },
        { .title = "B/object", .align = TABLE_RIGHT },
    };
    struct table *t = table_new(columns, 7);
    struct info_total all = { 0 };
    uint64_t objects = totals[SNAP_KIND_OBJECT].rows;
    for (unsigned k = 1; k < INFO_KINDS; k++) {
        const struct info_total *x = &totals[k];
        if (!x->chunks) continue;
        totals_row(t, info_kind_name(k), x, objects);
        all.chunks += x->chunks;
        all.rows += x->rows;
        all.raw += x->raw;
        all.stored += x->stored;
    }
    totals_row(t, "all", &all, objects);
    heading("Contents");
    int status = finish_table(t);
    if (objects && !status)
        printf("The file takes %.2f bytes an object, headers and index included.\n",
               (double)file_size / (double)objects);
    return status;
}

static int show_types(const struct info_types *x, uint64_t top)
{
    static const struct table_column columns[] = {
        { .title = "objects", .align = TABLE_RIGHT }, { .title = "shallow", .align = TABLE_RIGHT },
        { .title = "share", .align = TABLE_RIGHT },   { .title = "native", .align = TABLE_RIGHT },
        { .title = "type", .shrink = true, .cut = TEXT_CUT_MIDDLE },
    };
    struct table *t = table_new(columns, 5);
    size_t n = top && top < x->n ? (size_t)top : x->n;
    char share[NUMBER_MAX];
    for (size_t i = 0; i < n; i++) {
        const struct info_type *type = &x->types[i];
        table_count(t, type->n);
        table_size(t, type->shallow);
        table_cells(t, number_percent(share, type->shallow, x->all.shallow));
        table_size(t, type->native);
        cell_kept(t, &x->text, type->name, type->name_n);
    }
    table_count(t, x->all.n);
    table_size(t, x->all.shallow);
    table_cells(t, number_percent(share, x->all.shallow, x->all.shallow));
    table_size(t, x->all.native);
    table_cellf(t, "(all %zu types)", x->n);
    heading("Types");
    int status = finish_table(t);
    if (n < x->n) printf("%zu more types; --top 0 shows all.\n", x->n - n);
    if (x->unknown)
        printf("%llu objects are of types whose definition is lost.\n",
               (unsigned long long)x->unknown);
    return status;
}

static int show_privacy(const struct info_privacy *x)
{
    static const struct table_column columns[] = {
        { .title = "category" }, { .title = "texts", .align = TABLE_RIGHT },
        { .title = "size", .align = TABLE_RIGHT }, { .title = "for example", .shrink = true },
    };
    struct table *t = table_new(columns, 4);
    for (unsigned c = 0; c < PRIVACY_CATEGORIES; c++) {
        const struct info_privacy_row *row = &x->rows[c];
        struct text examples = { 0 };
        for (size_t i = 0; i < row->n_examples; i++) {
            if (i) text_adds(&examples, ", ");
            text_add(&examples, x->text.s + row->examples[i].at, row->examples[i].n);
        }
        table_cells(t, info_category_name((enum info_category)c));
        table_count(t, row->n);
        table_size(t, row->bytes);
        table_text(t, &examples);
        text_free(&examples);
    }
    table_cells(t, "hashed keys");
    table_count(t, x->hashed_keys);
    table_cells(t, "-");
    table_cells(t, x->hashed_keys ? "[a 24-bit hash under a key that is not in the file]" : "");
    table_cells(t, "hashed contents");
    table_count(t, x->hashed_contents);
    table_cells(t, "-");
    table_cells(t, x->hashed_contents ? "[a 64-bit hash under a key that is not in the file]" : "");
    heading("Strings in the file");
    return finish_table(t);
}

static int show_verdict(const struct info_verdict *x)
{
    static const struct table_column columns[] = {
        { .title = "offset", .align = TABLE_RIGHT }, { 0 },
        { .title = "times", .align = TABLE_RIGHT },  { .title = "finding" },
    };
    static const char *const severities[] = { "note", "warning", "error" };
    static const enum color colors[] = { COLOR_FAINT, COLOR_WARN, COLOR_BAD };
    char chunks[NUMBER_MAX], rows[NUMBER_MAX];
    struct table *t = table_new(columns, 4);
    for (size_t i = 0; i < x->n; i++) {
        const struct info_finding *f = &x->findings[i];
        if (f->offset == UINT64_MAX) {
            table_cells(t, "-");
        } else {
            table_cellf(t, "%llu", (unsigned long long)f->offset);
        }
        table_color(t, colors[f->severity]);
        table_cells(t, severities[f->severity]);
        table_count(t, f->count);
        table_cells(t, f->text);
    }
    heading("Verification");
    int status = 0;
    if (x->n) {
        status = finish_table(t);
    } else {
        table_free(t);
    }
    printf("%s%s%s: %s chunks and %s rows read, %llu of %llu snapshots complete.\n",
           color_on(stdout, x->whole ? COLOR_GOOD : COLOR_BAD), x->whole ? "Whole" : "Damaged",
           color_off(stdout), number_count(chunks, x->chunks), number_count(rows, x->rows),
           (unsigned long long)x->complete, (unsigned long long)x->snapshots);
    return status;
}

/* The list of chunks is printed as it is read: it may be long. */
static void show_chunk(void *opaque, const snap_batch *b)
{
    unsigned columns[SNAP_MAX_COLUMNS];
    size_t n = snap_batch_columns(b, columns, SNAP_MAX_COLUMNS);
    const char *name = info_kind_name(snap_batch_kind(b));
    (void)opaque;
    printf("%14llu  %-8s  %8u  %8u  %14llu  %10llu  %10llu ",
           (unsigned long long)snap_batch_offset(b), name ? name : "?", snap_batch_snapshot(b),
           snap_batch_rows(b), (unsigned long long)snap_batch_first(b),
           (unsigned long long)snap_batch_raw_size(b),
           (unsigned long long)snap_batch_stored_size(b));
    for (size_t i = 0; i < n && i < SNAP_MAX_COLUMNS; i++) printf(" %u", columns[i]);
    putchar('\n');
}

static int show_chunks(const struct info_input *in)
{
    heading("Chunks");
    printf("%14s  %-8s  %8s  %8s  %14s  %10s  %10s  %s\n", "offset", "kind", "snapshot", "rows",
           "first", "raw", "stored", "columns");
    return info_each_chunk(in, show_chunk, NULL);
}

static int show_recovery(const struct info_report *report)
{
    const struct info_recovery *x = report->recovery;
    char chunks[NUMBER_MAX], size[NUMBER_MAX], lost[NUMBER_MAX], missing[NUMBER_MAX];
    heading("Recovered");
    text_put(stdout, report->recovered_to, strlen(report->recovered_to));
    printf(": %s chunks, %s\n", number_count(chunks, x->chunks), number_size(size, x->bytes));
    if (x->lost_bytes == 0 && x->lost_chunks == 0 && x->begun == 0 && x->finished == 0) {
        printf("Nothing was lost.\n");
    } else {
        printf("Lost: %s that belong to no whole chunk; chunks missing by their numbers: %s.\n",
               number_size(lost, x->lost_bytes), number_count(missing, x->lost_chunks));
    }
    if (x->begun || x->finished)
        printf("Made up: beginnings of snapshots: %llu; ends: %llu, marked as not complete.\n",
               (unsigned long long)x->begun, (unsigned long long)x->finished);
    return show_totals(x->totals, x->bytes);
}

int info_show_types(const char *path, const char *what, bool complete,
                    const struct info_types *types, uint64_t top, struct json *j)
{
    if (j) {
        info_json_types(path, what, complete, types, top, j);
        return STATUS_DONE;
    }
    printf("%s", color_on(stdout, COLOR_HEAD));
    text_put(stdout, path, strlen(path));
    printf("%s: %s%s\n", color_off(stdout), what, complete ? "" : ", incomplete");
    return show_types(types, top);
}

int info_show_text(const struct info_report *report)
{
    const struct info_facts *f = report->facts;
    bool parts = report->types || report->privacy || report->verdict || report->recovery ||
                 report->chunks;
    int status = 0;
    show_head(report);
    if (!parts) {
        status = show_pairs(f, SNAP_KIND_METADATA, "Metadata");
        if (!status) status = show_pairs(f, SNAP_KIND_LABEL, "Labels");
        if (!status) status = show_pairs(f, SNAP_KIND_COUNTER, "Counters");
        if (!status && f->lost_pairs)
            printf("(%llu more are not listed)\n", (unsigned long long)f->lost_pairs);
        if (!status) status = show_snapshots(f);
        if (!status) status = show_totals(f->totals, f->size);
    }
    if (!status && report->types) status = show_types(report->types, report->top);
    if (!status && report->privacy) status = show_privacy(report->privacy);
    if (!status && report->chunks) status = show_chunks(report->in);
    if (!status && report->verdict) status = show_verdict(report->verdict);
    if (!status && report->recovery) status = show_recovery(report);
    return status;
}
