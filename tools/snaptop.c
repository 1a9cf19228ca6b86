/* SPDX-License-Identifier: MIT */
/* snaptop: what is largest in a snapshot, by one dimension or another, and what any set retains. */
#include <stdlib.h>

#include "cli/message.h"
#include "report/top_print.h"

struct options {
    struct common_options common;
    struct subject_options subject;
    int by;
    int sort;
    uint64_t n, depth;
    const char *type, *set;
    bool garbage, exact, all;
};

/* The last word stands for "not given". */
static const char *const by_words[] = { "object", "type",   "site",  "package", "loader",
                                        "global", "thread", "cycle", "root",    "overview", NULL };
enum { BY_OVERVIEW = TOP_ROOT + 1 };

static const struct option_spec specs[] = {
    OPT_ENUM(struct options, by, "by", 'b', "WHAT", by_words,
             "list the largest by object, type, site, package, loader, global, thread, cycle "
             "or root; overview (the default) shows a few of each"),
    OPT_STRING(struct options, type, "type", 't', "NAME",
               "list the largest objects of a type: its name, its name with its module, or a "
               "pattern with * and ?; with --exact what all of them retain together"),
    OPT_STRING(struct options, set, "set", 0, "SQL",
               "the exact retained size of a set of objects: a SELECT whose first column is "
               "object ids"),
    OPT_ENUM(struct options, sort, "sort", 0, "KEY", top_sort_words,
             "order by retained (the default), shallow or count"),
    OPT_FLAG(struct options, garbage, "garbage", 'g',
             "list what is unreachable instead of what is live"),
    OPT_FLAG(struct options, exact, "exact", 0,
             "also say what the members of each type, package or site retain together, shared "
             "parts included; reads the whole reference graph"),
    OPT_U64(struct options, n, "number", 'n', "N", "show at most N lines a list (default 20)"),
    OPT_FLAG(struct options, all, "all", 0, "show all lines"),
    OPT_U64(struct options, depth, "depth", 0, "N",
            "parts of a package's name: 1 (the default) for django, 2 for django.db, at most 3"),
    OPT_SUBJECT(struct options, subject),
    OPT_COMMON(struct options, common),
    OPT_END
};

/* One list, printed or added to the JSON document. */
static int show_list(struct subject *s, const struct options *o, const struct top_request *request,
                     struct json *j)
{
    struct top_list list;
    int status = top_list_load(s, request, &list);
    if (status) return status;
    if (o->exact && request->by != TOP_OBJECT) status = top_exact(s, &list);
    if (!status) {
        if (j)
            top_json_list(j, &list);
        else
            status = top_print_list(&list);
    }
    top_list_free(&list);
    return status;
}

/* What a set of ids retains. Takes ids. */
static int show_set(struct subject *s, const char *what, int64_t *ids, size_t n_ids, size_t n,
                    struct json *j)
{
    struct graph_set set;
    int status = graph_set_retained(s->db, s->snapshot, ids, n_ids, &set);
    free(ids);
    if (status) return status;
    status = j ? top_json_set(s, j, &set, n) : top_print_set(s, what, &set, n);
    free(set.types);
    return status;
}

static int show_overview(struct subject *s, const struct options *o, const struct top_request *base,
                         struct json *j)
{
    static const enum top_by lists[] = { TOP_OBJECT, TOP_TYPE, TOP_GLOBAL, TOP_PACKAGE, TOP_CYCLE };
    int status = STATUS_DONE;
    for (size_t i = 0; !status && i < sizeof lists / sizeof lists[0]; i++) {
        struct top_request r = *base;
        r.by = lists[i];
        if (r.garbage && r.by == TOP_GLOBAL) continue;
        /* A few of each, unless the user said how many. */
        if (!o->all && o->n == 0) r.n = i < 2 ? 10 : 5;
        if (!j && i) fputs("\n", stdout);
        status = show_list(s, o, &r, j);
    }
    return status;
}

static int show(void *options, struct subject *s, struct json *j)
{
    const struct options *o = options;
    struct top_request r = { .by = o->by == BY_OVERVIEW ? TOP_OBJECT : (enum top_by)o->by,
                             .sort = (enum top_sort)o->sort,
                             .garbage = o->garbage,
                             .n = o->all ? SIZE_MAX : o->n ? (size_t)o->n : 20,
                             .depth = (unsigned)o->depth,
                             .type = o->type };
    int64_t *ids = NULL;
    size_t n_ids = 0;
    int status = STATUS_DONE;
    if (j) json_array(j, "lists");
    if (o->type || o->by != BY_OVERVIEW)
        status = show_list(s, o, &r, j);
    else if (!o->set)
        status = show_overview(s, o, &r, j);
    if (j) json_end_array(j);
    if (!status && o->set) {
        status = top_query_ids(s, o->set, &ids, &n_ids);
        if (!status) status = show_set(s, "The set", ids, n_ids, r.n, j);
    } else if (!status && o->type && o->exact) {
        if (!j) fputs("\n", stdout);
        status = top_type_ids(s, o->type, o->garbage, &ids, &n_ids);
        if (!status) status = show_set(s, "All of them", ids, n_ids, r.n, j);
    }
    return status;
}

static int check(const struct options *o)
{
    if (o->type && o->by != BY_OVERVIEW && o->by != TOP_OBJECT)
        return message_usage("--type lists objects and cannot be used with --by %s",
                             by_words[o->by]);
    if (o->set && (o->type || o->by != BY_OVERVIEW || o->garbage || o->exact))
        return message_usage("--set is a question of its own; use it without --by, --type, "
                             "--garbage and --exact");
    if (o->exact && !o->type && o->by != TOP_TYPE && o->by != TOP_PACKAGE &&
        o->by != TOP_LOADER && o->by != TOP_SITE)
        return message_usage("--exact needs --by type, package, loader or site, or --type");
    if (o->garbage && (o->by == TOP_GLOBAL || o->by == TOP_THREAD || o->by == TOP_ROOT))
        return message_usage("garbage is what no %s holds: --garbage and --by %s do not go "
                             "together",
                             by_words[o->by], by_words[o->by]);
    if (o->depth < 1 || o->depth > 3) return message_usage("--depth takes 1, 2 or 3");
    return STATUS_DONE;
}

static int run(void *options, int n, char **operands)
{
    const struct options *o = options;
    struct subject s;
    (void)n;
    if (check(o)) return STATUS_UNUSABLE;
    /* Paths name the objects in lists of objects, and they are made of references. */
    enum subject_refs refs = o->set || o->exact || o->by == TOP_THREAD ? SUBJECT_NEEDS_REFS
                             : o->by == TOP_OBJECT || o->by == BY_OVERVIEW ? SUBJECT_LIKES_REFS
                                                                           : SUBJECT_NO_REFS;
    if (subject_open(&s, operands[0], &o->subject, refs)) return STATUS_UNUSABLE;
    return subject_answer(&s, "snap.top/1", o->common.json, show, options);
}

static const struct command command = {
    .name = "snaptop",
    .summary = "Shows what is largest in a heap snapshot.",
    .operands = "FILE",
    .min_operands = 1,
    .max_operands = 1,
    .specs = specs,
    .common = offsetof(struct options, common),
    .notes =
        "FILE is a snapshot, a heap database or a dump of another tool; `-` is standard "
        "input. Retained sizes are exact: what would be freed if the object went. A group's "
        "retained size is that of its topmost members in the dominator tree, so nothing is "
        "counted twice; what only several members together hold is in it with --exact. Where "
        "the capture knows of memory outside the heap, it has a column of its own; order and "
        "shares are of both together. --by "
        "thread shows what only that thread's frames reach.\n\n"
        "Examples:\n"
        "  snaptop app.snap\n"
        "  snaptop --by package --depth 2 app.snap\n"
        "  snaptop --type 'app.*Session' --exact app.snap\n"
        "  snaptop --set \"SELECT id FROM objects WHERE type = 'dict' AND length = 0\" app.snap",
    .run = run,
};

int main(int argc, char **argv)
{
    struct options o = { .by = BY_OVERVIEW, .depth = 1 };
    return command_main(&command, argc, argv, &o);
}
