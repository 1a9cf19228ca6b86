/* SPDX-License-Identifier: MIT */
/*
 * snapconvert: any dump that the tools open, as a .snap file. Options and flow; the work is done in
 * tools/convert.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/json.h"
#include "cli/message.h"
#include "cli/number.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/spool.h"
#include "convert/convert.h"

enum { LEVEL_DEFAULT = 12, LEVEL_MAX = 19 };

struct options {
    struct common_options common;
    uint64_t level;
    bool values, force;
    int redact;
    const char *hash_key;
};

/* In the order of enum convert_redact. */
static const char *const redact_words[] = { "nothing", "keys", "names", NULL };

static const struct option_spec specs[] = {
    OPT_U64(struct options, level, "level", 'l', "N",
            "compress with zstd's level N, 1 to 19 (default 12)"),
    OPT_FLAG(struct options, values, "values", 0,
             "take over contents of strings and numbers, which dumps of other runtimes hold, too"),
    OPT_ENUM(struct options, redact, "redact", 'r', "WHAT", redact_words,
             "leave out contents and replace by keyed hashes: keys, which are data; or names, all"
             " that is no type, function or file; nothing is the default"),
    OPT_STRING(struct options, hash_key, "hash-key", 0, "TEXT",
               "make the hashes with this key, for equal ones in several files (default: a fresh"
               " key each time, which is not kept)"),
    OPT_FLAG(struct options, force, "force", 'f', "replace an existing file"),
    OPT_COMMON(struct options, common),
    OPT_END
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void print_json(const struct options *o, char *const *in, size_t n, const char *out,
                       const struct import_format *format, const struct convert_result *r,
                       double seconds)
{
    struct json j;
    json_begin(&j, stdout);
    json_object(&j, NULL);
    json_string(&j, "schema", "snap.convert/1");
    json_string(&j, "input", in[0]);
    json_array(&j, "inputs");
    for (size_t i = 0; i < n; i++) json_string(&j, NULL, in[i]);
    json_end_array(&j);
    json_string(&j, "format", format->name);
    json_string(&j, "output", out);
    json_u64(&j, "snapshots", r->snapshots);
    json_u64(&j, "objects", r->objects);
    json_u64(&j, "edges", r->edges);
    json_u64(&j, "roots", r->roots);
    json_bool(&j, "complete", r->complete);
    json_u64(&j, "warnings", message_warnings());
    json_u64(&j, "bytes_read", r->bytes_read);
    json_u64(&j, "bytes_written", r->bytes_written);
    json_string(&j, "redacted", redact_words[o->redact]);
    json_u64(&j, "names_hashed", r->names_hashed);
    json_u64(&j, "values_left_out", r->values_left_out);
    json_double(&j, "seconds", seconds);
    json_end_object(&j);
    json_finish(&j);
}

static void print_text(const char *out, const struct convert_result *r, double seconds)
{
    char objects[NUMBER_MAX], edges[NUMBER_MAX], from[NUMBER_MAX], to[NUMBER_MAX], took[NUMBER_MAX];
    message_note("%s: %llu snapshot%s, %s objects, %s references, %s from %s, in %s", out,
                 (unsigned long long)r->snapshots, r->snapshots == 1 ? "" : "s",
                 number_count(objects, r->objects), number_count(edges, r->edges),
                 number_size(to, r->bytes_written), number_size(from, r->bytes_read),
                 number_duration(took, (uint64_t)(seconds * 1e9)));
}

/* From files that can be read twice. */
static int convert_to(const struct options *o, char *const *names, struct convert_input *in,
                      size_t n, const char *path)
{
    const struct convert_options options = {
        .level = (int)o->level, .values = o->values, .redact = (enum convert_redact)o->redact,
        .hash_key = o->hash_key,
    };
    struct convert_result result;
    struct output *out;
    double start = now();
    for (size_t i = 0; i < n; i++) {
        if (!(in[i].format = import_open(in[i].path))) return STATUS_UNUSABLE;
        if (n > 1 && in[i].format != &import_snap)
            return message_error(in[i].path, MESSAGE_NO_OFFSET, "snapconvert IN OUT for it first",
                                 "%s: only .snap files are put together",
                                 in[i].format->what);
    }
    if (output_open(&out, path, o->force ? OUTPUT_FORCE : 0)) return STATUS_UNUSABLE;
    int status = convert_files(in, n, output_fd(out), path, &options, &result);
    if (status) {
        output_discard(out);
        return status;
    }
    if (output_publish(out)) return STATUS_UNUSABLE;
    if (o->common.json) print_json(o, names, n, path, in->format, &result, now() - start);
    else print_text(path, &result, now() - start);
    return STATUS_DONE;
}

/* Opens all, converts, and closes what was opened. */
static int run_inputs(const struct options *o, char *const *names, size_t n, const char *out)
{
    struct spool *inputs = calloc(n, sizeof *inputs);
    struct convert_input *in = calloc(n, sizeof *in);
    size_t opened = 0;
    int status = inputs && in ? 0 : message_no_memory("the names of files");
    for (; opened < n && !status; opened += !status) {
        status = spool_open(&inputs[opened], names[opened]);
        if (!status) in[opened].path = inputs[opened].file;
    }
    if (!status) status = convert_to(o, names, in, n, out);
    while (opened > 0) spool_close(&inputs[--opened]);
    free(inputs);
    free(in);
    return status;
}

static int run(void *options, int n, char **operands)
{
    const struct options *o = options;
    const char *out = operands[n - 1];
    if (o->level < 1 || o->level > LEVEL_MAX)
        return message_usage("--level takes 1 to %d", LEVEL_MAX);
    if (o->values && o->redact)
        return message_usage("--values asks for the contents that --redact leaves out");
    if (o->hash_key && !o->redact) return message_usage("--hash-key is for --redact");
    if (o->common.json && out[0] == '-' && !out[1])
        return message_usage("--json and the output - both write to standard output");
    if (output_check_inputs(out, &operands[0], n - 1)) return STATUS_UNUSABLE;
    return run_inputs(o, operands, (size_t)n - 1, out);
}

static const struct command command = {
    .name = "snapconvert",
    .summary = "Writes any heap dump that the tools open as a .snap file: smaller, without secrets.",
    .operands = "IN... OUT",
    .min_operands = 2,
    .max_operands = COMMAND_ANY,
    .specs = specs,
    .common = offsetof(struct options, common),
    .notes = "IN is a .snap file or a dump of another tool (HPROF, V8, Ruby, tracemalloc),\n"
             "also in gzip, zstd or zip; `-` is standard input, and as OUT standard output.\n"
             "Contents of strings in dumps of other runtimes are left out unless --values\n"
             "asks for them; names of properties and keys are kept unless --redact says\n"
             "otherwise.\n"
             "\n"
             "Examples:\n"
             "  snapconvert heap.hprof heap.snap\n"
             "  snapconvert --redact keys page.heapsnapshot page.snap\n"
             "  snapconvert --level 19 app.snap smaller.snap\n"
             "  snapconvert monday.snap tuesday.snap week.snap   (of one process)",
    .run = run,
};

int main(int argc, char **argv)
{
    struct options o = { .level = LEVEL_DEFAULT };
    return command_main(&command, argc, argv, &o);
}
