/* SPDX-License-Identifier: MIT */
/* snappath: why an object is alive, as paths of references from a root. */
#include "cli/message.h"
#include "report/path_print.h"
#include "report/path_type.h"

struct options {
    struct common_options common;
    struct subject_options subject;
    uint64_t k, n;
    const char *type;
    bool all;
    char **targets; /* operands after the file */
    int n_targets;
};

/* Steps of a long path that are shown, and lines of a merged tree. */
enum { HEAD = 10, TAIL = 30, LINES = 30 };

static const struct option_spec specs[] = {
    OPT_U64(struct options, k, "paths", 'k', "N",
            "show up to N different paths, which between the objects that all paths must lead "
            "through have no object in common (default 1, the shortest)"),
    OPT_STRING(struct options, type, "type", 't', "NAME",
               "merge the shortest paths of all objects of a type into one tree: its name, its "
               "name with its module, or a pattern with * and ?"),
    OPT_U64(struct options, n, "number", 'n', "N", "show at most N lines of the tree (default 30)"),
    OPT_FLAG(struct options, all, "all", 0, "show long paths and trees whole"),
    OPT_SUBJECT(struct options, subject),
    OPT_COMMON(struct options, common),
    OPT_END
};

static int show(void *options, struct subject *s, struct json *j)
{
    const struct options *o = options;
    struct path_limits limits = { .k = (uint32_t)o->k, .head = o->all ? GRAPH_CHAIN_ALL : HEAD,
                                  .tail = o->all ? GRAPH_CHAIN_ALL : TAIL };
    const struct heapdb_snapshot *first = s->snapshot;
    int status = STATUS_DONE;
    uint32_t lines = o->all ? UINT32_MAX - 2 : o->n ? (uint32_t)o->n : LINES;
    if (o->type) status = path_type(s, o->type, lines, j);
    if (j) json_array(j, "targets");
    for (int i = 0; !status && i < o->n_targets; i++) {
        int64_t id;
        s->snapshot = first;
        status = subject_object(s, o->targets[i], &id);
        if (!status && !j && (i || o->type)) fputs("\n", stdout);
        if (!status)
            status = j ? path_json_object(s, j, id, &limits) : path_print_object(s, id, &limits);
    }
    if (j) json_end_array(j);
    s->snapshot = first;
    return status;
}

static int run(void *options, int n, char **operands)
{
    struct options *o = options;
    struct subject s;
    if (n < 2 && !o->type) return message_usage("an object to find paths to is missing");
    if (o->k < 1 || o->k > 10000) return message_usage("--paths takes 1 to 10000");
    if (o->n > 1000000000) return message_usage("--number takes at most 1000000000");
    if (subject_open(&s, operands[0], &o->subject, SUBJECT_NEEDS_REFS)) return STATUS_UNUSABLE;
    o->targets = operands + 1;
    o->n_targets = n - 1;
    return subject_answer(&s, "snap.path/1", o->common.json, show, o);
}

static const struct command command = {
    .name = "snappath",
    .summary = "Shows why objects are alive: paths of references from the roots.",
    .operands = "FILE [TARGET ...]",
    .min_operands = 1,
    .max_operands = COMMAND_ANY,
    .specs = specs,
    .common = offsetof(struct options, common),
    .notes =
        "FILE is a snapshot, a heap database or a dump of another tool; `-` is standard input. "
        "TARGET is an id (#12), an address (0x7f00deadbeef), a type, which stands for its "
        "largest object, or a global variable (app.REGISTRY, app.REGISTRY.finished). Of garbage, the cycle that holds it is shown.\n\n"
        "Examples:\n"
        "  snappath app.snap '#4711'\n"
        "  snappath -k 3 app.snap 0x7f2a10c3d0\n"
        "  snappath --type app.Session app.snap",
    .run = run,
};

int main(int argc, char **argv)
{
    struct options o = { .k = 1 };
    return command_main(&command, argc, argv, &o);
}
