/* SPDX-License-Identifier: MIT */
/*
 * snapinfo: what is in a .snap file, a heap database, or another tool's dump. Options and flow; the
 * work on .snap files is done in tools/info, with nothing but libsnap's public reader.
 */
#include <string.h>
#include <time.h>

#include "cli/json.h"
#include "cli/message.h"
#include "cli/number.h"
#include "cli/options.h"
#include "cli/sniff.h"
#include "cli/spool.h"
#include "import/import.h"
#include "info/info.h"
#include "report/database.h"

struct options {
    struct common_options common;
    bool verify, privacy, types, chunks, force;
    const char *recover;
    uint64_t top;
};

static const struct option_spec specs[] = {
    OPT_FLAG(struct options, verify, "verify", 'c',
             "check every checksum and every rule of the format; exit status 2 when damaged"),
    OPT_FLAG(struct options, types, "types", 't',
             "count objects and shallow bytes by type, in other dumps too (no graph)"),
    OPT_U64(struct options, top, "top", 'n', "N",
            "show at most N types, 0 for all (default 40; with --json all)"),
    OPT_FLAG(struct options, privacy, "privacy", 'p',
             "list by category which strings the file holds, with examples"),
    OPT_FLAG(struct options, chunks, "chunks", 0, "list the chunks and their columns"),
    OPT_STRING(struct options, recover, "recover", 0, "OUT",
               "write all whole chunks of FILE to a new valid file OUT"),
    OPT_FLAG(struct options, force, "force", 'f', "let --recover replace an existing file"),
    OPT_COMMON(struct options, common),
    OPT_END
};

/* All that may be known of one file. */
struct parts {
    struct info_input in;
    struct info_facts facts;
    struct info_types types;
    struct info_privacy privacy;
    struct info_verdict verdict;
    struct info_recovery recovery;
};

static void parts_free(struct parts *p)
{
    info_facts_free(&p->facts);
    info_types_free(&p->types);
    info_privacy_free(&p->privacy);
    info_verdict_free(&p->verdict);
    info_recovery_free(&p->recovery);
    info_close(&p->in);
}

/* With --verbose: how long a part took. */
static void timed(const struct parts *p, const char *what, struct timespec *since)
{
    struct timespec now;
    char duration[NUMBER_MAX];
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t ns = (int64_t)(now.tv_sec - since->tv_sec) * 1000000000 + now.tv_nsec - since->tv_nsec;
    message_verbose("%s: %s in %s", p->in.path, what, number_duration(duration, (uint64_t)ns));
    *since = now;
}

/* Collects what was asked for. A part that cannot be had ends the file, with a message. */
static int collect(struct parts *p, struct info_report *report, const struct options *o)
{
    struct timespec since;
    clock_gettime(CLOCK_MONOTONIC, &since);
    int status = info_facts(&p->facts, &p->in);
    report->facts = &p->facts;
    timed(p, "facts", &since);
    if (!status && o->types) {
        status = info_types(&p->types, &p->in);
        report->types = &p->types;
        timed(p, "types", &since);
    }
    if (!status && o->privacy) {
        status = info_privacy(&p->privacy, &p->in);
        report->privacy = &p->privacy;
        timed(p, "strings", &since);
    }
    if (!status && o->verify) {
        status = info_verify(&p->verdict, &p->in);
        report->verdict = &p->verdict;
        timed(p, "verification", &since);
    }
    if (!status && o->recover) {
        status = info_recover(&p->recovery, &p->in, o->recover, o->force);
        report->recovery = &p->recovery;
        report->recovered_to = o->recover;
        timed(p, "recovery", &since);
    }
    return status;
}

/* The first few pieces of damage as warnings: the answer is given all the same. */
static void warn(const struct info_report *report)
{
    enum { SHOWN = 5 };
    const struct info_damage *d = info_report_damage(report);
    for (size_t i = 0; i < d->n && i < SHOWN; i++)
        message_snap_warning(report->in->path, &d->at[i]);
    if (d->total > SHOWN)
        message_warning(report->in->path, MESSAGE_NO_OFFSET, "%llu more pieces of damage",
                        (unsigned long long)(d->total - SHOWN));
}

/* The first error that --verify found, for whoever only sees stderr. */
static int judge(const struct info_report *report)
{
    const struct info_verdict *v = report->verdict;
    const char *hint = info_report_complete(report) ? NULL : "snapinfo --recover OUT FILE";
    for (size_t i = 0; i < v->n; i++)
        if (v->findings[i].severity == FINDING_ERROR)
            return message_error(report->in->path, v->findings[i].offset, hint, "%s",
                                 v->findings[i].text);
    return STATUS_DONE;
}

/* Then nothing else may go there. */
static bool recovers_to_stdout(const struct options *o)
{
    return o->recover && strcmp(o->recover, "-") == 0;
}

/* Prints what was collected. `j` is NULL for text. */
static int show(const struct options *o, const struct parts *p, const struct info_report *report,
                struct json *j)
{
    if (!o->verify) warn(report);
    if (!recovers_to_stdout(o)) return j ? info_show_json(report, j) : info_show_text(report);
    message_note("%s: %llu chunks recovered, %llu bytes belong to no whole chunk", p->in.path,
                 (unsigned long long)p->recovery.chunks,
                 (unsigned long long)p->recovery.lost_bytes);
    return STATUS_DONE;
}

/* Each prints one entry; *shown: its JSON members are written, whatever is returned. */
static int one_snapshot(const struct options *o, const char *path, struct json *j, bool *shown)
{
    struct parts p = { .in = { .fd = -1 } };
    struct info_report report = { .in = &p.in, .chunks = o->chunks, .top = o->top };
    int status = info_open(&p.in, path);
    if (!status) status = collect(&p, &report, o);
    *shown = !status;
    if (!status) status = show(o, &p, &report, j);
    if (!status && o->verify) status = judge(&report);
    parts_free(&p);
    return status;
}

/* What there is to know of a database, or of a dump of another tool once it has been loaded into
 * one; the rest are questions to snapshot files. */
static int one_database(const struct options *o, const char *path, struct json *j, bool *shown)
{
    const char *what = o->types     ? "types"
                       : o->privacy ? "privacy"
                       : o->chunks  ? "chunks"
                       : o->recover ? "recover"
                                    : NULL;
    *shown = false;
    if (!what) return database_show(path, o->verify, j, shown);
    return message_error(path, MESSAGE_NO_OFFSET, o->types ? "snaptop --by type" : "snapsql",
                         "not a .snap file: --%s looks into those", what);
}

/* A dump of another tool counted by type, without loading it. */
static int one_foreign(const struct options *o, const char *path, struct json *j, bool *shown)
{
    struct info_types types;
    const char *what;
    bool complete;
    int status = info_types_foreign(&types, path, &what, &complete);
    *shown = !status;
    if (status) return status;
    status = info_show_types(path, what, complete, &types, o->top, j);
    info_types_free(&types);
    return status;
}

static void unusable(const char *path, struct json *j)
{
    uint64_t offset;
    json_string(j, "path", path);
    json_bool(j, "unusable", true);
    json_string(j, "error", message_last(&offset));
    if (offset == MESSAGE_NO_OFFSET)
        json_null(j, "offset");
    else
        json_u64(j, "offset", offset);
}

static int one_file(const struct options *o, const char *path, struct json *j)
{
    struct sniff sniff;
    struct spool input;
    bool shown = false;
    int status = spool_open(&input, path);
    if (!status) {
        bool other = sniff_path(input.file, &sniff) == 0 && sniff.kind != SNIFF_SNAP &&
                     (sniff.kind == SNIFF_HEAPDB || import_known(input.file));
        bool counted = other && sniff.kind != SNIFF_HEAPDB && o->types && !o->verify &&
                       !o->privacy && !o->chunks && !o->recover;
        status = (counted ? one_foreign : other ? one_database : one_snapshot)(o, input.file, j,
                                                                               &shown);
        spool_close(&input);
    }
    if (j && !shown) unusable(input.name, j);
    return status;
}

static int run(void *options, int n, char **files)
{
    struct options *o = options;
    struct json j;
    int status = STATUS_DONE;
    if (o->recover && n != 1) return message_usage("--recover takes one FILE, got %d", n);
    if (o->common.json && recovers_to_stdout(o))
        return message_usage("--json and --recover - both write to standard output");
    if (o->top == UINT64_MAX) o->top = o->common.json ? 0 : 40;
    if (o->common.json) {
        json_begin(&j, stdout);
        json_object(&j, NULL);
        json_string(&j, "schema", "snap.info/1");
        json_array(&j, "files");
    }
    for (int i = 0; i < n; i++) {
        if (o->common.json) json_object(&j, NULL);
        if (i && !o->common.json) putchar('\n');
        int failed = one_file(o, files[i], o->common.json ? &j : NULL);
        if (failed) status = failed;
        if (o->common.json) json_end_object(&j);
    }
    if (o->common.json) {
        json_end_array(&j);
        json_end_object(&j);
        json_finish(&j); /* an error of stdout is told by command_main */
    }
    return status;
}

static const struct command command = {
    .name = "snapinfo",
    .summary = "Shows what is in heap snapshot files, whole or damaged, and in other dumps.",
    .operands = "FILE...",
    .min_operands = 1,
    .max_operands = COMMAND_ANY,
    .specs = specs,
    .common = offsetof(struct options, common),
    .notes =
        "A FILE may be `-` for standard input. A heap database, or a dump of another tool "
        "(which is loaded first), is shown by its snapshots. Without --verify the contents of "
        "a whole .snap file are not read, only its facts and totals. Damage is told on "
        "standard error; with --verify it is exit status 2.\n\n"
        "Examples:\n"
        "  snapinfo app.snap\n"
        "  snapinfo --verify app.snap app.snap.part\n"
        "  snapinfo --recover whole.snap app.snap.part",
    .run = run,
};

int main(int argc, char **argv)
{
    struct options o = { .top = UINT64_MAX };
    return command_main(&command, argc, argv, &o);
}
