/* SPDX-License-Identifier: MIT */
/* snapreport: one self-contained HTML page about a snapshot. */
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/output.h"
#include "page/page.h"

struct options {
    struct common_options common;
    struct subject_options subject;
    const char *output;
    bool force;
};

static const struct option_spec specs[] = {
    OPT_STRING(struct options, output, "output", 'o', "PAGE",
               "write to PAGE (default: FILE's name with .html); - is standard output"),
    OPT_FLAG(struct options, force, "force", 'f', "replace an existing PAGE"),
    OPT_SUBJECT(struct options, subject),
    OPT_COMMON(struct options, common),
    OPT_END
};

/* Findings of a rule that the page shows. */
enum { FINDINGS_KEPT = 10 };

/* What the page is made of, and is told about afterwards. */
struct made {
    struct page_request request;
    struct findings findings;
    struct diff_report diff;
    struct page_result result;
};

static void kept_json(const struct page_result *r, struct json *j)
{
    json_object(j, "kept");
    json_u64(j, "tree_nodes", r->tree_nodes);
    json_u64(j, "tree_bytes", r->tree_bytes);
    json_u64(j, "tree_folded_bytes", r->tree_folded);
    json_u64(j, "types", r->types);
    json_u64(j, "types_folded", r->types_folded);
    json_u64(j, "path_steps", r->paths);
    json_u64(j, "sites", r->sites);
    json_end_object(j);
}

static int print_json(const char *path, const struct made *m)
{
    struct json j;
    const struct subject *base = m->request.base;
    json_begin(&j, stdout);
    json_object(&j, NULL);
    json_string(&j, "schema", "snap.report/1");
    subject_json(m->request.subject, &j);
    if (base) {
        json_object(&j, "base");
        subject_json(base, &j);
        json_end_object(&j);
    } else {
        json_null(&j, "base");
    }
    json_string(&j, "output", path);
    json_u64(&j, "bytes", m->result.bytes);
    json_string(&j, "verdict", base ? diff_verdict_name(m->diff.verdict.kind) : NULL);
    json_object(&j, "findings");
    for (int i = SEVERITY_ERROR; i >= SEVERITY_NOTE; i--)
        json_u64(&j, severity_words[i], m->findings.count[i]);
    json_end_object(&j);
    kept_json(&m->result, &j);
    json_end_object(&j);
    if (json_finish(&j) == JSON_MISUSE)
        return message_error(NULL, MESSAGE_NO_OFFSET, NULL, "the JSON document is not whole");
    return STATUS_DONE;
}

static void print_note(const char *path, const struct made *m)
{
    char size[NUMBER_MAX];
    const uint64_t *n = m->findings.count;
    message_note("%s: %s; %s%s%llu errors, %llu warnings, %llu notes", path,
                 number_size(size, m->result.bytes),
                 m->request.base ? diff_verdict_name(m->diff.verdict.kind) : "",
                 m->request.base ? "; " : "", (unsigned long long)n[SEVERITY_ERROR],
                 (unsigned long long)n[SEVERITY_WARNING], (unsigned long long)n[SEVERITY_NOTE]);
}

/* Finds out all that the page says, and writes it into `out`. */
static int make(struct made *m, struct output *out)
{
    struct subject *s = m->request.subject, *base = m->request.base;
    const struct diff_options diff = { .top = UINT64_MAX, .min_size = 1 };
    int status = STATUS_DONE;
    if (base) {
        const struct diff_input inputs[2] = { { base->db, base->snapshot },
                                              { s->db, s->snapshot } };
        status = diff_build(inputs, 2, &diff, &m->diff);
        if (status) return status;
        m->request.diff = &m->diff;
    }
    const struct findings_options rules = { .keep = FINDINGS_KEPT, .made = m->request.diff };
    status = findings_run(s, base, &rules, &m->findings);
    m->request.findings = &m->findings;
    if (status) return status;
    FILE *stream = output_stream(out);
    if (!stream) return message_no_memory("the page");
    return page_write(&m->request, stream, &m->result);
}

/* The page of two open snapshots, the earlier of which may be NULL. */
static int report(const struct options *o, const char *path, struct subject *s, struct subject *base)
{
    struct made m = { .request = { .subject = s, .base = base } };
    struct output *out;
    int status = output_open(&out, path, o->force ? OUTPUT_FORCE : 0);
    if (status) return status;
    status = make(&m, out);
    if (status)
        output_discard(out);
    else
        status = output_publish(out);
    if (!status && o->common.json) status = print_json(path, &m);
    if (!status && !o->common.json) print_note(path, &m);
    if (m.request.diff) diff_report_free(&m.diff);
    findings_free(&m.findings);
    return status;
}

static int open_and_report(const struct options *o, const char *path, int n, char **operands)
{
    struct subject s, base;
    const struct subject_options last = { .no_cache = o->subject.no_cache };
    /* What grew is told by who refers to it. */
    enum subject_refs refs = n > 1 ? SUBJECT_NEEDS_REFS : SUBJECT_LIKES_REFS;
    if (subject_open(&s, operands[0], &o->subject, refs)) return STATUS_UNUSABLE;
    int status = STATUS_DONE;
    if (n > 1) {
        status = subject_open(&base, operands[1], &last, refs);
        if (!status) status = report(o, path, &s, &base);
        if (base.db) subject_close(&base);
    } else if (s.snapshot != &s.db->snapshots[0] && s.snapshot->has_refs &&
               s.db->snapshots[0].has_refs) {
        base = (struct subject){ .db = s.db, .snapshot = &s.db->snapshots[0] };
        status = report(o, path, &s, &base);
    } else {
        status = report(o, path, &s, NULL);
    }
    subject_close(&s);
    return status;
}

static int run(void *options, int n, char **operands)
{
    struct options *o = options;
    if (!o->output && strcmp(operands[0], "-") == 0)
        return message_usage("standard input has no name to make one of: -o says where to write");
    if (o->common.json && o->output && strcmp(o->output, "-") == 0)
        return message_usage("--json and the page cannot both go to standard output");
    char *made = o->output ? NULL : output_name(operands[0], ".html");
    if (!o->output && !made) return message_no_memory("a file name");
    const char *path = o->output ? o->output : made;
    int status = output_check_inputs(path, operands, n);
    if (!status) status = open_and_report(o, path, n, operands);
    free(made);
    return status;
}

static const struct command command = {
    .name = "snapreport",
    .summary = "Writes one self-contained HTML page about a heap: verdict, findings, growth, tree.",
    .operands = "FILE [BASE]",
    .min_operands = 1,
    .max_operands = 2,
    .specs = specs,
    .common = offsetof(struct options, common),
    .notes =
        "FILE is a snapshot, a heap database or a dump of another tool; `-` is standard input. "
        "BASE is an earlier snapshot of the same program; where FILE holds several and no BASE is "
        "given, its first one is. The page asks no network for anything, runs no script but its "
        "own, and is smaller than 5 MB for any heap: what is small is folded and counted.\n\n"
        "Examples:\n"
        "  snapreport app.snap\n"
        "  snapreport later.snap earlier.snap -o report.html",
    .run = run,
};

int main(int argc, char **argv)
{
    struct options o = { 0 };
    return command_main(&command, argc, argv, &o);
}
