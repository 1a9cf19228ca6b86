/* SPDX-License-Identifier: MIT */
/* snapexport: a snapshot in the formats of other tools. Options and flow; the formats are in
 * tools/export. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/message.h"
#include "cli/output.h"
#include "export/export.h"

struct options {
    struct common_options common;
    struct subject_options subject;
    struct export_options export;
    const char *output;
    int format;
    bool force;
};

enum { FORMAT_BY_NAME = -1 };

static const struct option_spec specs[] = {
    OPT_STRING(struct options, output, "output", 'o', "OUT",
               "write to OUT (default: FILE's name with the format's ending); - is standard "
               "output"),
    OPT_ENUM(struct options, format, "format", 0, "FORMAT", export_format_words,
             "what to write; without it the ending of OUT says so"),
    OPT_FLAG(struct options, force, "force", 'f', "replace an existing OUT"),
    OPT_HEADING("Options of some formats:"),
    OPT_STRING(struct options, export.table, "table", 't', "NAME",
               "csv, ndjson: the table or view (default objects)"),
    OPT_STRING(struct options, export.sql, "sql", 0, "SQL",
               "csv, ndjson: the rows of a query, in which :snapshot is the snapshot's number"),
    OPT_U64(struct options, export.top, "top", 'n', "N",
            "json: at most N rows a list (default 100); dot: N objects (default 50); openmetrics: "
            "N types (default 50)"),
    OPT_ENUM(struct options, export.stacks, "stacks", 0, "WHAT", export_stacks_words,
             "pprof, speedscope, folded: stacks of allocation sites (site), of native memory "
             "(native), of types down the dominator tree (type), or the first of these that there "
             "is (auto, the default)"),
    OPT_ENUM(struct options, export.weight, "weight", 0, "WHAT", export_weight_words,
             "folded: weigh stacks by bytes (the default) or by the count of objects"),
    OPT_STRING(struct options, export.object, "object", 0, "OBJECT",
               "dot: the shortest path that keeps OBJECT (#id, address, type or global) alive"),
    OPT_SUBJECT(struct options, subject),
    OPT_COMMON(struct options, common),
    OPT_END
};

/* Bytes of a finished output; 0 where that cannot be known. */
static uint64_t bytes_of(const char *path)
{
    struct stat st;
    if (strcmp(path, "-") == 0 || stat(path, &st) || !S_ISREG(st.st_mode)) return 0;
    return (uint64_t)st.st_size;
}

static int print_json(const char *path, const struct export_format *format,
                      const struct export_job *job)
{
    struct json j;
    json_begin(&j, stdout);
    json_object(&j, NULL);
    json_string(&j, "schema", "snap.exported/1");
    subject_json(job->subject, &j);
    json_string(&j, "output", path);
    json_string(&j, "format", format->name);
    json_u64(&j, "bytes", bytes_of(path));
    export_json(job, &j);
    json_end_object(&j);
    if (json_finish(&j) == JSON_MISUSE)
        return message_error(NULL, MESSAGE_NO_OFFSET, NULL, "the JSON document is not whole");
    return STATUS_DONE;
}

static void print_note(const char *path, const struct export_format *format,
                       const struct export_job *job)
{
    struct text t = { 0 };
    char number[NUMBER_MAX];
    text_addf(&t, "%s: %s", path, format->name);
    if (bytes_of(path)) text_addf(&t, ", %s", number_size(number, bytes_of(path)));
    for (unsigned i = 0; i < job->n_made; i++)
        text_addf(&t, ", %s %s", number_count(number, job->made[i].n), job->made[i].what);
    message_note("%s", text_str(&t));
    text_free(&t);
}

static int write_to(const struct export_format *format, struct export_job *job, struct output *out)
{
    job->out = output_stream(out);
    return job->out ? format->write(job) : message_no_memory("the output");
}

/* The open subject into `path`. */
static int export(const struct options *o, const struct export_format *format, const char *path,
                  struct subject *s)
{
    struct export_job job = { .subject = s, .options = &o->export, .path = path };
    struct output *out;
    int status = output_open(&out, path, o->force ? OUTPUT_FORCE : 0);
    if (status) return status;
    status = write_to(format, &job, out);
    if (status)
        output_discard(out);
    else
        status = output_publish(out);
    if (status) return status;
    export_warn(&job);
    if (o->common.json) return print_json(path, format, &job);
    if (strcmp(path, "-") != 0) print_note(path, format, &job);
    return STATUS_DONE;
}

/* Which format, by name or by the ending; NULL after a message. */
static const struct export_format *choose(const struct options *o)
{
    if (o->format != FORMAT_BY_NAME) return &export_formats[o->format];
    if (!o->output) {
        message_usage("-o says what to write, by its ending, or --format does");
        return NULL;
    }
    const struct export_format *format = export_format_of(o->output);
    if (!format) message_usage("the ending of \"%s\" is that of no format; --format names one",
                               o->output);
    return format;
}

static int run(void *options, int n, char **operands)
{
    struct options *o = options;
    struct subject s;
    const struct export_format *format = choose(o);
    if (!format || export_check(format, &o->export)) return STATUS_UNUSABLE;
    if (!o->output && strcmp(operands[0], "-") == 0)
        return message_usage("standard input has no name to make one of: -o says where to write");
    if (o->common.json && o->output && strcmp(o->output, "-") == 0)
        return message_usage("--json and what is written cannot both go to standard output");
    char *made = o->output ? NULL : output_name(operands[0], format->endings[0]);
    if (!o->output && !made) return message_no_memory("a file name");
    const char *path = o->output ? o->output : made;
    int status = output_check_inputs(path, operands, n);
    if (!status) status = subject_open(&s, operands[0], &o->subject, format->refs);
    if (!status) {
        status = export(o, format, path, &s);
        subject_close(&s);
    }
    free(made);
    return status;
}

static const struct command command = {
    .name = "snapexport",
    .summary = "Writes a snapshot in the formats of other tools.",
    .operands = "FILE",
    .min_operands = 1,
    .max_operands = 1,
    .specs = specs,
    .common = offsetof(struct options, common),
    .notes =
        "FILE is a snapshot, a heap database or a dump of another tool; `-` is standard input.\n"
        "\n"
        "Formats, and endings of OUT that choose them:\n"
        "  csv          .csv                rows of a table, a view or a query\n"
        "  ndjson       .ndjson .jsonl      the same, one JSON object a line\n"
        "  json         .json               one document: facts, memory, what is largest\n"
        "  heapsnapshot .heapsnapshot       the whole heap for Chrome DevTools and memlab\n"
        "  pprof        .pb.gz .pprof       weighted stacks for go tool pprof\n"
        "  speedscope   .speedscope.json    the same for speedscope\n"
        "  folded       .folded .collapsed  the same, a line a stack, for flame graphs\n"
        "  dot          .dot .gv            the dominator tree's top, or a path, for Graphviz\n"
        "  openmetrics  .prom .openmetrics  totals, memory map, types, for a textfile collector\n"
        "\n"
        "Examples:\n"
        "  snapexport a.snap -o objects.csv\n"
        "  snapexport a.snap --table types -o types.ndjson\n"
        "  snapexport a.snap -o a.heapsnapshot\n"
        "  snapexport a.snap -o a.pb.gz && go tool pprof -http=: a.pb.gz\n"
        "  snapexport a.snap --stacks type -o - --format folded | flamegraph.pl > a.svg\n"
        "  snapexport a.snap --object app.CACHE -o path.dot && dot -Tsvg path.dot > path.svg",
    .run = run,
};

int main(int argc, char **argv)
{
    struct options o = { .format = FORMAT_BY_NAME };
    return command_main(&command, argc, argv, &o);
}
