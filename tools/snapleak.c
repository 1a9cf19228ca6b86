/* SPDX-License-Identifier: MIT */
/* snapleak: what is wrong in a snapshot, with its cause, its evidence and the remedy. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/output.h"
#include "leak/finding.h"

struct options {
    struct common_options common;
    struct subject_options subject;
    struct option_list rules;
    uint64_t floor;
    bool all, list, queries, force;
    const char *output;
    struct subject *base; /* the earlier snapshot, or NULL */
    struct output *to;    /* of --output, or NULL */
    struct findings findings;
};

static const struct option_spec specs[] = {
    OPT_LIST(struct options, rules, "rule", 'r', "NAME",
             "only this rule; may be given several times"),
    OPT_FLAG(struct options, list, "list-rules", 0, "list the rules and exit"),
    OPT_SIZE(struct options, floor, "min", 'm', "SIZE",
             "say nothing about less than SIZE (default: 1% of the live heap, at least 64K)"),
    OPT_FLAG(struct options, queries, "sql", 0,
             "with each finding, the query that shows it, to be given to snapsql"),
    OPT_FLAG(struct options, all, "all", 0, "show all findings of a rule, not the first five"),
    OPT_STRING(struct options, output, "output", 'o', "FILE",
               "also write the findings as an SQLite database: tables finding and rule"),
    OPT_FLAG(struct options, force, "force", 'f', "replace an existing FILE"),
    OPT_SUBJECT(struct options, subject),
    OPT_COMMON(struct options, common),
    OPT_END
};

static void rule_json(const struct rule *rule, struct json *j)
{
    json_object(j, NULL);
    json_string(j, "name", rule->name);
    json_string(j, "title", rule->title);
    json_string(j, "cause", rule->cause);
    json_string(j, "remedy", rule->remedy);
    json_string(j, "limits", rule->limits);
    json_string(j, "runtime", rule->runtime);
    json_string(j, "sql", rule->sql);
    json_end_object(j);
}

static int list_rules(bool as_json)
{
    struct json j;
    if (as_json) {
        json_begin(&j, stdout);
        json_object(&j, NULL);
        json_string(&j, "schema", "snap.leak-rules/1");
        json_array(&j, "rules");
    }
    for (size_t i = 0; rule_files[i].name; i++) {
        struct rule rule;
        if (!rule_read(&rule_files[i], &rule)) return message_no_memory("the rules");
        if (as_json)
            rule_json(&rule, &j);
        else
            printf("%-24s %s\n", rule.name, rule.title);
        rule_free(&rule);
    }
    if (!as_json) return STATUS_DONE;
    json_end_array(&j);
    json_end_object(&j);
    return json_finish(&j) == JSON_MISUSE ? STATUS_UNUSABLE : STATUS_DONE;
}

/* Names of rules that there are. */
static int check_rules(const struct option_list *list)
{
    const char *names[256];
    size_t n = 0;
    for (; n < 255 && rule_files[n].name; n++) names[n] = rule_files[n].name;
    names[n] = NULL;
    for (size_t i = 0; i < list->n; i++) {
        size_t k = 0;
        while (names[k] && strcmp(names[k], list->at[i]) != 0) k++;
        if (names[k]) continue;
        const char *nearest = options_nearest(list->at[i], names);
        return message_usage("there is no rule %s%s%s; --list-rules shows all", list->at[i],
                             nearest ? ", did you mean " : "", nearest ? nearest : "");
    }
    return STATUS_DONE;
}

static int show(void *options, struct subject *s, struct json *j)
{
    struct options *o = options;
    struct findings_options run = { .only = o->rules.at, .n_only = o->rules.n,
                                    .keep = o->all ? SIZE_MAX : 5, .floor = o->floor };
    int status = findings_run(s, o->base, &run, &o->findings);
    if (status) return status;
    if (o->to) {
        status = findings_store(&o->findings, s, o->base, o->to);
        o->to = NULL;
        if (status) return status;
    }
    if (j && o->base) {
        json_object(j, "base");
        subject_json(o->base, j);
        json_end_object(j);
    } else if (j) {
        json_null(j, "base");
    }
    if (j)
        findings_json(&o->findings, j);
    else
        status = findings_print(&o->findings, s->db->path, o->queries);
    return status;
}

/* The subject is open: what is compared with it, and where the findings go. */
static int prepare(struct options *o, int n, char **operands, struct subject *s,
                   struct subject *base)
{
    const struct subject_options last = { .no_cache = o->subject.no_cache };
    if (n > 1) {
        if (subject_open(base, operands[1], &last, SUBJECT_LIKES_REFS)) return STATUS_UNUSABLE;
        o->base = base;
    } else if (s->snapshot != &s->db->snapshots[0] && s->snapshot->has_refs &&
               s->db->snapshots[0].has_refs) {
        *base = (struct subject){ .db = s->db, .snapshot = &s->db->snapshots[0] };
        o->base = base;
    }
    if (!o->output) return STATUS_DONE;
    return output_open(&o->to, o->output, OUTPUT_REGULAR | (o->force ? OUTPUT_FORCE : 0));
}

static int run(void *options, int n, char **operands)
{
    struct options *o = options;
    struct subject s, base;
    if (o->list) return list_rules(o->common.json);
    if (n < 1) return message_usage("a snapshot is missing");
    int status = check_rules(&o->rules);
    if (!status && o->output) status = output_check_inputs(o->output, operands, n);
    if (status) return status;
    if (subject_open(&s, operands[0], &o->subject, SUBJECT_LIKES_REFS)) return STATUS_UNUSABLE;
    status = prepare(o, n, operands, &s, &base);
    if (status)
        subject_close(&s);
    else
        status = subject_answer(&s, "snap.leak/1", o->common.json, show, o);
    output_discard(o->to);
    if (!status && o->findings.count[SEVERITY_WARNING] + o->findings.count[SEVERITY_ERROR])
        status = STATUS_LIMIT;
    findings_free(&o->findings);
    if (o->base && n > 1) subject_close(o->base);
    return status;
}

static const struct command command = {
    .name = "snapleak",
    .summary = "Says what is wrong in a heap: leaks and waste, with cause, evidence and remedy.",
    .operands = "FILE [BASE]",
    .min_operands = 0,
    .max_operands = 2,
    .specs = specs,
    .common = offsetof(struct options, common),
    .notes =
        "FILE is a snapshot, a heap database or a dump of another tool; `-` is standard input. "
        "BASE is an earlier snapshot of the same program: with it growth is told apart from "
        "size. Where FILE holds several and no BASE is given, it is the first of them.\n\n"
        "Examples:\n"
        "  snapleak app.snap\n"
        "  snapleak later.snap earlier.snap\n"
        "  snapleak --rule unclosed-resources --sql app.snap",
    .limit = "a warning or an error was found",
    .run = run,
};

int main(int argc, char **argv)
{
    struct options o = { 0 };
    return command_main(&command, argc, argv, &o);
}
