/* SPDX-License-Identifier: MIT */
/*
 * snapload: from snapshot files to an SQLite database. Options, flow and what is said about it; the
 * work is done in tools/db.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/json.h"
#include "cli/message.h"
#include "cli/number.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/spool.h"
#include "cli/text.h"
#include "db/load.h"

struct options {
    struct common_options common;
    const char *output;
    bool summary, values, force;
    int loader;
    int threads;
    uint64_t max_memory;
};

enum { LOADER_DIRECT, LOADER_API };
static const char *const loader_words[] = { "direct", "api", NULL };
static const char *const thread_words[] = { "auto", "1", "2", NULL };

static const struct option_spec specs[] = {
    OPT_STRING(struct options, output, "output", 'o', "FILE",
               "write the database FILE (default: the first snapshot's name with .db)"),
    OPT_FLAG(struct options, summary, "summary", 's',
             "leave out references and referrers: half the size, twice as fast; a tool that needs"
             " them adds them later"),
    OPT_FLAG(struct options, values, "values", 0,
             "take over contents of strings and numbers, which dumps of other runtimes hold, too"),
    OPT_FLAG(struct options, force, "force", 'f', "replace an existing database"),
    OPT_ENUM(struct options, loader, "loader", 0, "HOW", loader_words,
             "how the big tables are written: direct, as pages of the database file (the default),"
             " or api, row by row through SQLite; the tables are the same"),
    OPT_SIZE(struct options, max_memory, "max-memory", 0, "SIZE",
             "stop rather than use more memory (default: most of what is available)"),
    OPT_ENUM(struct options, threads, "threads", 0, "N", thread_words,
             "use 1 or 2 threads, or auto, as many as pay (the default); the database is the same"),
    OPT_COMMON(struct options, common),
    OPT_END
};

static void print_json(const char *output, const struct load_result *r, double seconds)
{
    struct json j;
    json_begin(&j, stdout);
    json_object(&j, NULL);
    json_string(&j, "schema", "snap.load/1");
    json_string(&j, "database", output);
    json_u64(&j, "snapshots", r->n_snapshots);
    json_u64(&j, "objects", r->n_objects);
    json_u64(&j, "refs", r->n_refs);
    json_bool(&j, "complete", r->complete);
    json_u64(&j, "warnings", r->warnings);
    json_u64(&j, "bytes_read", r->bytes_read);
    json_u64(&j, "database_size", r->database_size);
    json_double(&j, "seconds", seconds);
    json_object(&j, "cpu_seconds");
    for (int p = 0; p < LOAD_PHASES; p++)
        json_double(&j, load_phase_name[p], r->cpu_seconds[p]);
    json_end_object(&j);
    json_end_object(&j);
    json_finish(&j);
}

static void print_text(const char *output, const struct load_result *r, double seconds)
{
    char objects[NUMBER_MAX], refs[NUMBER_MAX], size[NUMBER_MAX], time_text[NUMBER_MAX];
    message_note("%s: %u snapshot%s, %s objects, %s references, %s, in %s", output, r->n_snapshots,
                 r->n_snapshots == 1 ? "" : "s", number_count(objects, r->n_objects),
                 number_count(refs, r->n_refs), number_size(size, r->database_size),
                 number_duration(time_text, (uint64_t)(seconds * 1e9)));
    for (int p = 0; p < LOAD_PHASES; p++)
        message_verbose("%s: %.2f s CPU", load_phase_name[p], r->cpu_seconds[p]);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Loads into a temporary file next to `path` and gives it its name. */
static int load_to(const struct options *o, const char *path, size_t n, const char *const *paths)
{
    struct output *out;
    struct load_result result;
    struct load_options options = {
        .summary = o->summary, .values = o->values, .max_memory = o->max_memory,
        .quiet_warnings = o->common.quiet, .api = o->loader == LOADER_API,
        .threads = (unsigned)o->threads,
    };
    double start = now();
    struct load_estimate estimate = load_estimate(paths, n, o->summary);
    int status = load_check_room(path, path, "another place with -o, or --summary", &estimate);
    if (status) return status;
    status = output_open(&out, path, OUTPUT_REGULAR | (o->force ? OUTPUT_FORCE : 0));
    if (status) return status;
    status = load_files(paths, n, output_temporary(out), path, &options, &result);
    if (status) {
        output_discard(out);
        return status;
    }
    status = output_publish(out);
    if (status) return status;
    if (o->common.json)
        print_json(path, &result, now() - start);
    else
        print_text(path, &result, now() - start);
    return STATUS_DONE;
}

/* The same with operands as the user gave them: `-` and pipes are copied first. */
static int load_operands(const struct options *o, const char *path, int n, char **operands)
{
    struct spool *inputs = calloc((size_t)n, sizeof *inputs);
    const char **files = calloc((size_t)n, sizeof *files);
    int opened = 0;
    int status = inputs && files ? 0 : message_no_memory("names of files");
    while (!status && opened < n) {
        status = spool_open(&inputs[opened], operands[opened]);
        if (status) break;
        files[opened] = inputs[opened].file;
        opened++;
    }
    if (!status) status = load_to(o, path, (size_t)n, files);
    while (opened > 0) spool_close(&inputs[--opened]);
    free(inputs);
    free(files);
    return status;
}

static int run(void *options, int n, char **operands)
{
    struct options *o = options;
    if (!o->output && strcmp(operands[0], "-") == 0)
        return message_usage("standard input has no name to make one of: -o says where to write");
    char *made = o->output ? NULL : output_name(operands[0], ".db");
    if (!o->output && !made) return message_no_memory("a file name");
    const char *path = o->output ? o->output : made;
    int status = output_check_inputs(path, operands, n);
    if (!status) status = load_operands(o, path, n, operands);
    free(made);
    return status;
}

static const struct command command = {
    .name = "snapload",
    .summary = "Loads heap snapshots into an SQLite database with exact retained sizes.",
    .operands = "FILE...",
    .min_operands = 1,
    .max_operands = COMMAND_ANY,
    .specs = specs,
    .common = offsetof(struct options, common),
    .notes = "A FILE may be `-` for standard input. Several files become one database with as\n"
             "many snapshots, to be compared in SQL. The tables and views are explained in the\n"
             "database: SELECT * FROM doc.\n"
             "\n"
             "Examples:\n"
             "  snapload app.snap\n"
             "  snapload monday.snap tuesday.snap -o trend.db",
    .run = run,
};

int main(int argc, char **argv)
{
    struct options o = { 0 };
    return command_main(&command, argc, argv, &o);
}
