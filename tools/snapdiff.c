/* SPDX-License-Identifier: MIT */
/* snapdiff: what grew between two snapshots or more, who owns it, where the memory went. */
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/options.h"
#include "cli/output.h"
#include "report/diff_baseline.h"
#include "report/diff_report.h"

#define MIN_SIZE_AUTO UINT64_MAX

struct options {
    struct common_options common;
    uint64_t n, min_size, memory_limit;
    bool all, force, no_cache, strict;
    int matching;
    struct option_list limits;
    int format;
    const char *output, *baseline, *write_baseline;
};

/* In the order of enum diff_matching. */
static const char *const matching_words[] = { "auto", "address", "id", "signature", NULL };

/* How the report is printed; the first is the default. */
static const char *const format_words[] = { "text",  "json",  "markdown",
                                            "junit", "sarif", NULL };
enum { FORMAT_TEXT, FORMAT_JSON, FORMAT_MARKDOWN, FORMAT_JUNIT, FORMAT_SARIF };
static int (*const printers[])(const struct diff_report *, FILE *) = { diff_print_text,
                                                                      diff_print_json,
                                                                      diff_print_markdown,
                                                                      diff_print_junit,
                                                                      diff_print_sarif };

static const struct option_spec specs[] = {
    OPT_U64(struct options, n, "number", 'n', "N", "show at most N lines a list (default 20)"),
    OPT_FLAG(struct options, all, "all", 0,
             "show all lines, however small, and file names in full"),
    OPT_SIZE(struct options, min_size, "min-size", 0, "SIZE",
             "leave out lines that changed by less; K, M, G are KiB, MiB, GiB (default: 1/200 of "
             "the largest change; 1 byte with --json and -o)"),
    OPT_ENUM(
        struct options, matching, "matching", 0, "HOW", matching_words,
        "how objects of the snapshots are matched: by address or id (one process), by signature "
        "(the path of types and names from the roots), or auto (the default), which asks "
        "whether it is the same process"),
    OPT_SIZE(struct options, memory_limit, "memory-limit", 0, "SIZE",
             "say when the resident memory reaches SIZE if it goes on growing so"),
    OPT_LIST(struct options, limits, "fail-if", 0, "LIMIT",
             "end with status 1 when the limit is passed: growth>5M, growth(owner:SIGNATURE)>1M, "
             "growth(type:NAME).count>1000; may be repeated"),
    OPT_FLAG(struct options, strict, "strict", 0,
             "end with status 2 when a limit names an owner or a type that is not there"),
    OPT_STRING(struct options, baseline, "baseline", 0, "FILE",
               "growth of the owners that FILE accepts does not count in --fail-if 'growth>...', "
               "and is marked"),
    OPT_STRING(struct options, write_baseline, "write-baseline", 0, "FILE",
               "accept the owners listed here: write them to FILE, beside those of --baseline"),
    OPT_ENUM(struct options, format, "format", 0, "FORMAT", format_words,
             "print text (the default), json (as --json), markdown for a comment on a change, "
             "junit (each --fail-if a test case) or sarif (each owner that grew a result)"),
    OPT_STRING(struct options, output, "output", 'o', "FILE",
               "also write the comparison as an SQLite database: tables growth and owner"),
    OPT_FLAG(struct options, force, "force", 'f', "replace an existing FILE"),
    OPT_FLAG(struct options, no_cache, "no-cache", 0,
             "load snapshot files into temporary databases, not into the cache"),
    OPT_COMMON(struct options, common),
    OPT_END
};

static const char notes[] =
    "A file may hold several snapshots: they count in their order. With three or more, the first "
    "is compared with the last, and each line says in how many of the intervals between it grew. "
    "There may be thousands (at most 100,000): no more than three are in memory.\n"
    "\n"
    "Growth is what came below an owner (the nearest object that was there before and holds it) "
    "minus what went, by exact retained size. Over all owners it adds up to the growth of the "
    "heap: no byte stands in two lines.\n"
    "\n"
    "Examples:\n"
    "  snapdiff before.snap after.snap\n"
    "  snapdiff --json --fail-if 'growth>5M' before.snap after.snap\n"
    "  snapdiff --fail-if 'growth(owner:app.REGISTRY).count>=1000' before.snap after.snap\n"
    "  snapdiff --baseline known.json --fail-if 'growth>1M' --format sarif a.snap b.snap\n";

/* What is written beside what is printed: NULL where nobody asked. */
struct outputs {
    struct output *database, *baseline;
};

static void discard(struct outputs *to)
{
    output_discard(to->database);
    output_discard(to->baseline);
    *to = (struct outputs){ 0 };
}

/* Publishes both, or none of what is left to write. */
static int publish(const struct diff_report *r, const struct baseline *accepted,
                   struct outputs *to)
{
    int status = 0;
    if (to->database) {
        status = diff_store(r, to->database);
        to->database = NULL;
    }
    if (!status && to->baseline) {
        status = baseline_write(accepted, r, to->baseline);
        to->baseline = NULL;
    }
    return status;
}

/* Prints, and writes `to`, which is ended in any case. */
static int report(const struct options *o, const struct diff_input *inputs, uint32_t n,
                  const struct baseline *accepted, struct outputs *to)
{
    struct diff_report r;
    bool folds = !o->all && o->min_size == MIN_SIZE_AUTO;
    struct diff_options options = { .matching = (enum diff_matching)o->matching,
                                    .top = o->all ? UINT64_MAX : o->n,
                                    .min_size = o->all ? 0 : folds ? 1 : o->min_size,
                                    .fold = folds,
                                    .baseline = accepted,
                                    .memory_limit = o->memory_limit > INT64_MAX
                                                        ? INT64_MAX
                                                        : (int64_t)o->memory_limit,
                                    .n_limits = (uint32_t)o->limits.n,
                                    .limits = o->limits.at };
    int status = diff_build(inputs, n, &options, &r);
    if (status) {
        discard(to);
        return status;
    }
    status = printers[o->common.json ? FORMAT_JSON : o->format](&r, stdout);
    if (!status) status = publish(&r, accepted, to);
    discard(to);
    if (!status) status = diff_limits_status(&r, o->strict);
    diff_report_free(&r);
    return status;
}

/* All snapshots of all operands in their order; malloc'd, NULL after a message. */
static struct diff_input *snapshots_of(struct heapdb **dbs, int n_dbs, uint32_t *n)
{
    size_t total = 0;
    for (int i = 0; i < n_dbs; i++) total += dbs[i]->n_snapshots;
    if (total < 2) {
        message_error(dbs[0]->path, MESSAGE_NO_OFFSET, "two files, or one with two snapshots",
                      "holds one snapshot, and there is nothing to compare it with");
        return NULL;
    }
    if (total > DIFF_SNAPSHOTS_MAX) {
        message_error(NULL, MESSAGE_NO_OFFSET, "files that hold fewer, such as the first and the last",
                      "%zu snapshots are too many: at most %d are compared", total,
                      DIFF_SNAPSHOTS_MAX);
        return NULL;
    }
    struct diff_input *inputs = malloc(total * sizeof *inputs);
    if (!inputs) {
        message_no_memory("the snapshots");
        return NULL;
    }
    *n = 0;
    for (int i = 0; i < n_dbs; i++)
        for (size_t k = 0; k < dbs[i]->n_snapshots; k++)
            inputs[(*n)++] = (struct diff_input){ dbs[i], &dbs[i]->snapshots[k] };
    return inputs;
}

static int check(const struct options *o, char **operands, int n)
{
    if (o->common.json && o->format != FORMAT_TEXT && o->format != FORMAT_JSON)
        return message_usage("--json and --format=%s exclude each other", format_words[o->format]);
    if (!o->common.json && o->format == FORMAT_JUNIT && !o->limits.n)
        return message_usage("--format=junit tells which limits hold, and needs --fail-if");
    int status = diff_limits_check(o->limits.at, (uint32_t)o->limits.n);
    if (!status && o->output) status = output_check_inputs(o->output, operands, n);
    if (!status && o->write_baseline) status = output_check_inputs(o->write_baseline, operands, n);
    return status;
}

/* Opened before anything is computed for a file that cannot be written. A baseline may replace the
 * one that it goes on from. */
static int open_outputs(const struct options *o, struct outputs *to)
{
    unsigned force = o->force ? OUTPUT_FORCE : 0;
    int status = 0;
    if (o->output) status = output_open(&to->database, o->output, OUTPUT_REGULAR | force);
    if (o->baseline && o->write_baseline && strcmp(o->baseline, o->write_baseline) == 0)
        force = OUTPUT_FORCE;
    if (!status && o->write_baseline) status = output_open(&to->baseline, o->write_baseline, force);
    if (status) discard(to);
    return status;
}

static int run(void *opaque, int n, char **operands)
{
    const struct options *o = opaque;
    struct heapdb_options open = { .need_refs = true, .no_cache = o->no_cache };
    struct heapdb **dbs = calloc((size_t)n, sizeof *dbs);
    struct baseline *accepted = NULL;
    int status = dbs ? check(o, operands, n) : message_no_memory("the snapshots");
    if (!status && o->baseline) status = baseline_read(o->baseline, &accepted);
    for (int i = 0; !status && i < n; i++) {
        status = heapdb_open(&dbs[i], operands[i], &open);
        if (!status && n > DIFF_OPEN_MAX) heapdb_park(dbs[i]);
    }
    uint32_t n_inputs = 0;
    struct diff_input *inputs = status ? NULL : snapshots_of(dbs, n, &n_inputs);
    if (!status && !inputs) status = STATUS_UNUSABLE;
    struct outputs to = { 0 };
    if (!status) status = open_outputs(o, &to);
    if (!status) status = report(o, inputs, n_inputs, accepted, &to);
    free(inputs);
    baseline_free(accepted);
    for (int i = 0; dbs && i < n; i++) heapdb_close(dbs[i]);
    free(dbs);
    return status;
}

static const struct command command = {
    .name = "snapdiff",
    .summary =
        "Shows what grew between snapshots of a heap, who owns it, and where the memory went.",
    .operands = "A [B ...]",
    .min_operands = 1,
    .max_operands = COMMAND_ANY,
    .specs = specs,
    .common = offsetof(struct options, common),
    .notes = notes,
    .limit = "a limit of --fail-if was passed",
    .run = run,
};

int main(int argc, char **argv)
{
    struct options o = { .n = 20, .min_size = MIN_SIZE_AUTO };
    return command_main(&command, argc, argv, &o);
}
