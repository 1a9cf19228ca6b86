/* SPDX-License-Identifier: MIT */
/* snapdiff: what grew between two snapshots or more, who owns it, where the memory went. */
#include <stdlib.h>

#include "cli/message.h"
#include "cli/options.h"
#include "cli/output.h"
#include "report/diff_report.h"

#define MIN_SIZE_AUTO UINT64_MAX

struct options {
    struct common_options common;
    uint64_t n, min_size;
    bool all, force, no_cache;
    int matching;
    struct option_list limits;
    const char *output;
};

/* In the order of enum diff_matching. */
static const char *const matching_words[] = { "auto", "address", "id", "signature", NULL };

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
    OPT_LIST(struct options, limits, "fail-if", 0, "LIMIT",
             "end with status 1 when the limit is passed: growth>5M, growth(owner:SIGNATURE)>1M, "
             "growth(type:NAME).count>1000; may be repeated"),
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
    "There may be thousands: no more than three are in memory.\n"
    "\n"
    "Growth is what came below an owner (the nearest object that was there before and holds it) "
    "minus what went, by exact retained size. Over all owners it adds up to the growth of the "
    "heap: no byte stands in two lines.\n"
    "\n"
    "Examples:\n"
    "  snapdiff before.snap after.snap\n"
    "  snapdiff --json --fail-if 'growth>5M' before.snap after.snap\n"
    "  snapdiff --fail-if 'growth(owner:app.REGISTRY).count>=1000' before.snap after.snap\n";

/* Prints, and writes the database into `out`, which may be NULL and is ended in any case. */
static int report(const struct options *o, const struct diff_input *inputs, uint32_t n,
                  struct output *out)
{
    struct diff_report r;
    bool folds = !o->all && o->min_size == MIN_SIZE_AUTO;
    struct diff_options options = { .matching = (enum diff_matching)o->matching,
                                    .top = o->all ? UINT64_MAX : o->n,
                                    .min_size = o->all ? 0 : folds ? 1 : o->min_size,
                                    .fold = folds,
                                    .n_limits = (uint32_t)o->limits.n,
                                    .limits = o->limits.at };
    if (diff_build(inputs, n, &options, &r)) {
        output_discard(out);
        return STATUS_UNUSABLE;
    }
    int status = o->common.json ? diff_print_json(&r, stdout) : diff_print_text(&r, stdout);
    if (status)
        output_discard(out);
    else if (out)
        status = diff_store(&r, out);
    if (!status) status = diff_limits_status(&r);
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
    if (total > UINT32_MAX - 1) {
        message_error(NULL, MESSAGE_NO_OFFSET, NULL, "%zu snapshots are too many", total);
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

static int run(void *opaque, int n, char **operands)
{
    const struct options *o = opaque;
    struct heapdb_options open = { .need_refs = true, .no_cache = o->no_cache };
    struct heapdb **dbs = calloc((size_t)n, sizeof *dbs);
    int status = dbs ? diff_limits_check(o->limits.at, (uint32_t)o->limits.n)
                     : message_no_memory("the snapshots");
    if (!status && o->output) status = output_check_inputs(o->output, operands, n);
    for (int i = 0; !status && i < n; i++) {
        status = heapdb_open(&dbs[i], operands[i], &open);
        if (!status && n > DIFF_OPEN_MAX) heapdb_park(dbs[i]);
    }
    uint32_t n_inputs = 0;
    struct diff_input *inputs = status ? NULL : snapshots_of(dbs, n, &n_inputs);
    if (!status && !inputs) status = STATUS_UNUSABLE;
    struct output *out = NULL; /* opened first: nothing is computed for a file that cannot be */
    unsigned flags = OUTPUT_REGULAR | (o->force ? OUTPUT_FORCE : 0);
    if (!status && o->output) status = output_open(&out, o->output, flags);
    if (!status) status = report(o, inputs, n_inputs, out);
    free(inputs);
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
