/* SPDX-License-Identifier: MIT */
/* snapshow: everything about one object: what it is, what it holds, who holds it. */
#include "cli/message.h"
#include "report/show.h"

struct options {
    struct common_options common;
    struct subject_options subject;
    uint64_t n, offset;
    bool duplicates;
    char **targets; /* operands after the file */
    int n_targets;
};

static const struct option_spec specs[] = {
    OPT_U64(struct options, n, "number", 'n', "N",
            "show at most N references, referrers and types (default 20)"),
    OPT_U64(struct options, offset, "offset", 0, "N", "pass over the first N references"),
    OPT_FLAG(struct options, duplicates, "duplicates", 0,
             "count the objects with the same contents in a large snapshot too"),
    OPT_SUBJECT(struct options, subject),
    OPT_COMMON(struct options, common),
    OPT_END
};

static int show(void *options, struct subject *s, struct json *j)
{
    const struct options *o = options;
    struct show_request request = { .n = (size_t)o->n, .offset = (int64_t)o->offset,
                                    .duplicates = o->duplicates };
    const struct heapdb_snapshot *first = s->snapshot;
    int status = STATUS_DONE;
    if (j) json_array(j, "objects");
    for (int i = 0; !status && i < o->n_targets; i++) {
        struct show x;
        int64_t id;
        s->snapshot = first;
        status = subject_object(s, o->targets[i], &id);
        if (!status) status = show_load(s, id, &request, &x);
        if (status) break;
        if (!j && i) fputs("\n", stdout);
        if (j)
            show_json(j, &x, &request);
        else
            status = show_print(s, &x, &request);
        show_free(&x);
    }
    if (j) json_end_array(j);
    s->snapshot = first;
    return status;
}

static int run(void *options, int n, char **operands)
{
    struct options *o = options;
    struct subject s;
    if (o->n > 1000000) return message_usage("--number takes at most 1000000");
    if (o->offset > INT64_MAX) return message_usage("--offset is too large");
    if (subject_open(&s, operands[0], &o->subject, SUBJECT_NEEDS_REFS)) return STATUS_UNUSABLE;
    o->targets = operands + 1;
    o->n_targets = n - 1;
    return subject_answer(&s, "snap.show/1", o->common.json, show, o);
}

static const struct command command = {
    .name = "snapshow",
    .summary = "Shows one object of a heap snapshot: its sizes, references, referrers, dominators.",
    .operands = "FILE TARGET...",
    .min_operands = 2,
    .max_operands = COMMAND_ANY,
    .specs = specs,
    .common = offsetof(struct options, common),
    .notes =
        "FILE is a snapshot, a heap database or a dump of another tool; `-` is standard input. "
        "TARGET is an id (#12), an address (0x7f00deadbeef), a type, which stands for its "
        "largest object, or a global variable (app.REGISTRY, app.REGISTRY.finished).\n\n"
        "Examples:\n"
        "  snapshow app.snap '#4711'\n"
        "  snapshow app.snap 0x7f2a10c3d0\n"
        "  snapshow -n 50 --offset 100 app.snap app.Registry",
    .run = run,
};

int main(int argc, char **argv)
{
    struct options o = { .n = 20 };
    return command_main(&command, argc, argv, &o);
}
