/* SPDX-License-Identifier: MIT */
/*
 * OpenMetrics text 1.0, for a textfile collector or a push: totals, the memory map, types by
 * retained size, cycles, roots, warnings. One family after the other, each with its type, unit
 * and help; label values are escaped for a terminal first (cli/text.h), which keeps different
 * names different, then as OpenMetrics has it. No timestamps: collectors refuse them; when the
 * capture was is a metric.
 */
#include <math.h>
#include <string.h>

#include "cli/message.h"
#include "export/export.h"
#include "report/top.h"

enum { TYPES = 50 };

struct metrics {
    struct export_job *job;
    FILE *out;
    struct text shown;
    uint64_t samples;
    bool in_labels;
};

static void family(struct metrics *m, const char *name, const char *type, const char *unit,
                   const char *help)
{
    fprintf(m->out, "# TYPE snap_%s %s\n", name, type);
    if (unit) fprintf(m->out, "# UNIT snap_%s %s\n", name, unit);
    fprintf(m->out, "# HELP snap_%s %s\n", name, help);
}

static void begin(struct metrics *m, const char *name)
{
    fprintf(m->out, "snap_%s", name);
    m->in_labels = false;
}

/* A label; an empty value is as good as none. */
static void label(struct metrics *m, const char *key, const char *value)
{
    if (!value || !*value) return;
    fprintf(m->out, "%s%s=\"", m->in_labels ? "," : "{", key);
    m->in_labels = true;
    text_clear(&m->shown);
    text_escape(&m->shown, value, strlen(value));
    for (const char *c = text_str(&m->shown); *c; c++) {
        if (*c == '"' || *c == '\\') putc('\\', m->out);
        putc(*c, m->out);
    }
    putc('"', m->out);
}

static void value(struct metrics *m, int64_t v)
{
    fprintf(m->out, "%s %lld\n", m->in_labels ? "}" : "", (long long)v);
    m->samples++;
}

static void one(struct metrics *m, const char *name, const char *key, const char *word, int64_t v)
{
    begin(m, name);
    if (key) label(m, key, word);
    value(m, v);
}

static void snapshot(struct metrics *m)
{
    const struct heapdb_snapshot *s = m->job->subject->snapshot;
    char pid[NUMBER_MAX];
    snprintf(pid, sizeof pid, "%lld", (long long)s->pid);
    family(m, "snapshot", "info", NULL, "What was captured.");
    begin(m, "snapshot_info");
    label(m, "runtime", s->runtime);
    label(m, "service", s->service);
    label(m, "version", s->version);
    label(m, "host", s->host);
    if (s->pid) label(m, "pid", pid);
    value(m, 1);
    if (s->has_time && isfinite(s->captured_at) && fabs(s->captured_at) < 9e12) {
        family(m, "captured_timestamp_seconds", "gauge", "seconds",
               "When it was captured, in seconds since 1970.");
        fprintf(m->out, "snap_captured_timestamp_seconds %.3f\n", s->captured_at);
        m->samples++;
    }
    family(m, "complete", "gauge", NULL, "1: every object and reference of the process is there.");
    one(m, "complete", NULL, NULL, s->complete);
    family(m, "objects", "gauge", NULL, "Objects, by whether a root reaches them.");
    one(m, "objects", "state", "live", s->n_live);
    one(m, "objects", "state", "garbage", s->n_garbage);
    family(m, "heap_bytes", "gauge", "bytes", "Shallow sizes of these objects.");
    one(m, "heap_bytes", "state", "live", s->live_size);
    one(m, "heap_bytes", "state", "garbage", s->garbage_size);
    if (s->live_native > 0 || s->garbage_native > 0) {
        family(m, "native_bytes", "gauge", "bytes", "Memory outside the heap that objects own.");
        one(m, "native_bytes", "state", "live", s->live_native);
        one(m, "native_bytes", "state", "garbage", s->garbage_native);
    }
    family(m, "references", "gauge", NULL, "References between objects.");
    one(m, "references", NULL, NULL, s->n_refs);
}

/* A family of one sample a row of a query: label, value; and a second label where there is one. */
struct row_family {
    const char *name, *type, *unit, *help, *key, *second, *sql;
};

static const struct row_family row_families[] = {
    { "memory_bytes", "gauge", "bytes",
      "Where the resident memory is, or as much of it as is known: of dumps without the counter rss "
      "the managed heap; a part that is not exact is a difference of counters.", "part", "exact",
      "SELECT part, bytes, iif(exact, 'yes', 'no') FROM memory_map WHERE snapshot_id = ?1"
      " ORDER BY position, part" },
    { "process_counter", "gauge", NULL,
      "What the process and the runtime count; format/registry.md has the units.", "name", NULL,
      "SELECT name, value FROM counter WHERE snapshot_id = ?1 ORDER BY name" },
    { "roots", "gauge", NULL, "Roots, by kind.", "kind", NULL,
      "SELECT coalesce(kind, 'unknown'), sum(n) FROM root_summaries WHERE snapshot_id = ?1"
      " GROUP BY 1 ORDER BY 1" },
    { "root_retained_bytes", "gauge", "bytes", "What roots of a kind retain.", "kind", NULL,
      "SELECT coalesce(kind, 'unknown'), sum(retained_size) FROM root_summaries"
      " WHERE snapshot_id = ?1 GROUP BY 1 ORDER BY 1" },
    { "cycles", "gauge", NULL, "Groups of objects that refer to each other.", "state", NULL,
      "SELECT iif(is_garbage, 'garbage', 'live'), count(*) FROM cycles WHERE snapshot_id = ?1"
      " GROUP BY 1 ORDER BY 1 DESC" },
    { "cycle_objects", "gauge", NULL, "Objects in these groups.", "state", NULL,
      "SELECT iif(is_garbage, 'garbage', 'live'), sum(n) FROM cycles WHERE snapshot_id = ?1"
      " GROUP BY 1 ORDER BY 1 DESC" },
    { "cycle_bytes", "gauge", "bytes", "Shallow sizes of the objects in these groups.", "state",
      NULL,
      "SELECT iif(is_garbage, 'garbage', 'live'), sum(shallow_size) FROM cycles"
      " WHERE snapshot_id = ?1 GROUP BY 1 ORDER BY 1 DESC" },
    { "warnings", "gauge", NULL, "What was damaged, missing or dropped when it was loaded.", NULL,
      NULL,
      "SELECT NULL, count(*) FROM warning WHERE snapshot_id IS NULL OR snapshot_id = ?1" },
};

static int rows(struct metrics *m, const struct row_family *f)
{
    struct subject *s = m->job->subject;
    sqlite3_stmt *q;
    int more, status = heapdb_prepare(s->db, &q, f->sql);
    if (status) return status;
    sqlite3_bind_int64(q, 1, s->snapshot->id);
    for (bool first = true; (more = heapdb_step(s->db, q)) == 1; first = false) {
        if (first) family(m, f->name, f->type, f->unit, f->help);
        begin(m, f->name);
        if (f->key) label(m, f->key, (const char *)sqlite3_column_text(q, 0));
        if (f->second) label(m, f->second, (const char *)sqlite3_column_text(q, 2));
        value(m, sqlite3_column_int64(q, 1));
    }
    sqlite3_finalize(q);
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

/* The largest types, by name: those of equal name are one, as in snaptop. */
static int types(struct metrics *m)
{
    const uint64_t top = m->job->options->top;
    const struct top_request request = { .by = TOP_TYPE, .n = top ? (size_t)top : TYPES };
    struct top_list list;
    int status = top_list_load(m->job->subject, &request, &list);
    if (status) return status;
    static const struct {
        const char *name, *unit, *help;
    } families[] = {
        { "type_objects", NULL, "Live objects of the types that retain most." },
        { "type_bytes", "bytes", "Their shallow sizes." },
        { "type_retained_bytes", "bytes",
          "What they retain; of objects within each other the outer." },
        { "type_retained_native_bytes", "bytes",
          "The same outside the heap: numpy's data, buffers." },
    };
    enum { NATIVE = 3 };
    const size_t n_families = list.whole_native ? NATIVE + 1 : NATIVE;
    for (size_t k = 0; k < n_families && list.n; k++) {
        family(m, families[k].name, "gauge", families[k].unit, families[k].help);
        for (size_t i = 0; i < list.n; i++) {
            const struct top_row *r = &list.rows[i];
            const uint64_t v[] = { r->n, r->shallow_size, r->retained_size, r->retained_native };
            if (k == NATIVE && !v[k]) continue;
            one(m, families[k].name, "type", *r->name ? r->name : "?",
                v[k] > INT64_MAX ? INT64_MAX : (int64_t)v[k]);
        }
    }
    family(m, "types", "gauge", NULL, "Types of live objects, those above and all others.");
    one(m, "types", NULL, NULL, (int64_t)list.total);
    top_list_free(&list);
    return STATUS_DONE;
}

int export_openmetrics(struct export_job *job)
{
    struct metrics m = { .job = job, .out = job->out };
    int status = STATUS_DONE;
    snapshot(&m);
    for (size_t i = 0; i < sizeof row_families / sizeof row_families[0] && !status; i++)
        status = rows(&m, &row_families[i]);
    if (!status) status = types(&m);
    if (!status && m.shown.failed) status = message_no_memory("a name");
    if (!status) fputs("# EOF\n", m.out);
    text_free(&m.shown);
    export_made(job, "samples", m.samples);
    return status;
}
