/* SPDX-License-Identifier: MIT */
/* The table of formats, and what is said about an export; the contract is in export.h. */
#include "export/export.h"

#include <string.h>

#include "cli/message.h"

const char *const export_stacks_words[] = { "auto", "site", "native", "type", NULL };
const char *const export_weight_words[] = { "bytes", "count", NULL };

#define ENDINGS(...) ((const char *const[]){ __VA_ARGS__, NULL })

const struct export_format export_formats[] = {
    { "csv", ENDINGS(".csv"), "rows of a table, a view or a query, RFC 4180", SUBJECT_NEEDS_REFS,
      EXPORT_TAKES_ROWS, export_csv },
    { "ndjson", ENDINGS(".ndjson", ".jsonl"), "the same, one JSON object a line",
      SUBJECT_NEEDS_REFS, EXPORT_TAKES_ROWS, export_ndjson },
    { "json", ENDINGS(".json"), "one document: facts, memory, and what is largest by everything",
      SUBJECT_LIKES_REFS, EXPORT_TAKES_TOP, export_document },
    { "heapsnapshot", ENDINGS(".heapsnapshot"),
      "the whole heap for Chrome DevTools, memlab and other readers of V8's format",
      SUBJECT_NEEDS_REFS, 0, export_heapsnapshot },
    { "pprof", ENDINGS(".pb.gz", ".pprof"), "weighted stacks for go tool pprof and its kin",
      SUBJECT_LIKES_REFS, EXPORT_TAKES_STACKS, export_pprof },
    { "speedscope", ENDINGS(".speedscope.json"), "the same for speedscope", SUBJECT_LIKES_REFS,
      EXPORT_TAKES_STACKS, export_speedscope },
    { "folded", ENDINGS(".folded", ".collapsed"), "the same, a line a stack, for flame graphs",
      SUBJECT_LIKES_REFS, EXPORT_TAKES_STACKS | EXPORT_TAKES_WEIGHT, export_folded },
    { "dot", ENDINGS(".dot", ".gv"), "the top of the dominator tree, or a path, for Graphviz",
      SUBJECT_NEEDS_REFS, EXPORT_TAKES_TOP | EXPORT_TAKES_OBJECT, export_dot },
    { "openmetrics", ENDINGS(".prom", ".openmetrics"), "totals, memory map, types for a scrape",
      SUBJECT_LIKES_REFS, EXPORT_TAKES_TOP, export_openmetrics },
    { 0 }
};

const char *const export_format_words[] = { "csv",    "ndjson", "json", "heapsnapshot", "pprof",
                                            "speedscope", "folded", "dot", "openmetrics", NULL };

const struct export_format *export_format_of(const char *path)
{
    const struct export_format *best = NULL;
    size_t n = strlen(path), longest = 0;
    for (const struct export_format *f = export_formats; f->name; f++) {
        for (const char *const *e = f->endings; *e; e++) {
            size_t size = strlen(*e);
            if (size < longest || size >= n || strcmp(path + n - size, *e) != 0) continue;
            longest = size;
            best = f;
        }
    }
    return best;
}

int export_check(const struct export_format *f, const struct export_options *o)
{
    const struct {
        const char *name;
        bool given;
        unsigned bit;
    } options[] = {
        { "table", o->table != NULL, EXPORT_TAKES_ROWS },
        { "sql", o->sql != NULL, EXPORT_TAKES_ROWS },
        { "object", o->object != NULL, EXPORT_TAKES_OBJECT },
        { "top", o->top != 0, EXPORT_TAKES_TOP },
        { "stacks", o->stacks != EXPORT_STACKS_AUTO, EXPORT_TAKES_STACKS },
        { "weight", o->weight != EXPORT_BYTES, EXPORT_TAKES_WEIGHT },
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (options[i].given && !(f->takes & options[i].bit))
            return message_usage("--%s does not go with the format %s", options[i].name, f->name);
    if (o->table && o->sql) return message_usage("--table and --sql exclude each other");
    return STATUS_DONE;
}

void export_made(struct export_job *job, const char *what, uint64_t n)
{
    if (job->n_made < EXPORT_COUNTS)
        job->made[job->n_made++] = (struct export_count){ what, n };
}

void export_changed(struct export_job *job, const char *what, uint64_t n)
{
    if (n && job->n_changed < EXPORT_COUNTS)
        job->changed[job->n_changed++] = (struct export_count){ what, n };
}

void export_warn(const struct export_job *job)
{
    for (unsigned i = 0; i < job->n_changed; i++)
        message_warning(job->path, MESSAGE_NO_OFFSET, "%llu %s",
                        (unsigned long long)job->changed[i].n, job->changed[i].what);
}

void export_json(const struct export_job *job, struct json *j)
{
    json_object(j, "made");
    for (unsigned i = 0; i < job->n_made; i++) json_u64(j, job->made[i].what, job->made[i].n);
    json_end_object(j);
    json_array(j, "changed");
    for (unsigned i = 0; i < job->n_changed; i++) {
        json_object(j, NULL);
        json_u64(j, "count", job->changed[i].n);
        json_string(j, "what", job->changed[i].what);
        json_end_object(j);
    }
    json_end_array(j);
}
