/* SPDX-License-Identifier: MIT */
/*
 * Snapshots of Python's tracemalloc (Snapshot.dump: a pickle) as a source of records: every traced
 * block of memory is an object without references, with its size and the stack that allocated it.
 * Nothing of the pickle is ever executed; see unpickle.h. What maps to what is told in
 * format/tracemalloc.md.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "import/file_source.h"
#include "import/name_table.h"
#include "import/unpickle.h"

enum { ROWS = 8192, CLASS_SNAPSHOT = 0, CLASS_TRACES = 1, MAX_FRAMES = 65536 };

static const struct pickle_class classes[] = {
    { "tracemalloc", "Snapshot" }, { "tracemalloc", "_Traces" },
};

struct reading {
    const char *path;
    const struct record_sink *sink;
    struct import_result *result;
    struct unpickler pickle;
    const char *damage; /* of the wrapper */
    uint64_t damage_offset;
    struct name_table names;
    struct u64map stacks; /* frames of a trace (a tuple) -> stack id */
    struct u64map types;  /* domain -> type id */
    uint64_t id[ROWS], type[ROWS], size[ROWS], stack[ROWS], root_kind[ROWS];
    uint32_t rows;
    uint64_t n, next_type;
    int status; /* of the sink or of the table of names, the first that was not good */
};

static bool sent(struct reading *r, int status)
{
    if (status && !r->status) r->status = status;
    return !status;
}

static struct record_text text_of(const char *s)
{
    return (struct record_text){ s, strlen(s) };
}

/* ---- one trace ----------------------------------------------------------------------------- */

static bool send_type(struct reading *r, uint64_t domain, uint64_t *id)
{
    char name[64] = "memory block";
    bool fresh;
    uint64_t *slot = u64map_put(&r->types, domain, &fresh);
    if (!slot) return sent(r, NAME_NO_MEMORY);
    if (fresh) *slot = ++r->next_type;
    *id = *slot;
    if (!fresh) return true;
    if (domain)
        snprintf(name, sizeof name, "memory block of domain %llu", (unsigned long long)domain);
    snap_type type = { .kind = SNAP_TYPE_NATIVE };
    return sent(r, name_string(&r->names, text_of(name), &type.name)) &&
           (!r->sink->type || sent(r, r->sink->type(r->sink->opaque, *id, &type)));
}

/* A frame: (file, line). */
static bool send_frame(struct reading *r, pickle_value v, uint64_t *id)
{
    snap_frame frame = { .language = SNAP_LANGUAGE_PYTHON };
    size_t n, size;
    const pickle_value *field = pickle_elements(&r->pickle, v, &n);
    struct record_text file = text_of("(unknown)");
    if (n == 2 && pickle_kind(field[0]) == PICKLE_TEXT) {
        file.at = pickle_text(&r->pickle, field[0], &size);
        file.size = size;
    }
    if (n == 2 && pickle_kind(field[1]) == PICKLE_INT && pickle_number(field[1]) <= INT32_MAX)
        frame.line = (uint32_t)pickle_number(field[1]);
    /* Functions are not recorded: the file stands for them. */
    const char *slash = NULL;
    for (size_t i = 0; i < file.size; i++)
        if (file.at[i] == '/') slash = file.at + i;
    struct record_text base = file;
    if (slash) base = (struct record_text){ slash + 1, file.size - (size_t)(slash + 1 - file.at) };
    return sent(r, name_string(&r->names, file, &frame.file)) &&
           sent(r, name_string(&r->names, base.size ? base : file, &frame.function)) &&
           sent(r, name_frame(&r->names, &frame, id));
}

/* The stack of a tuple of frames, the most recent one first. Traces share their tuples. */
static bool send_stack(struct reading *r, pickle_value frames, uint64_t *id)
{
    bool fresh;
    size_t n;
    const pickle_value *frame = pickle_elements(&r->pickle, frames, &n);
    uint64_t *slot = u64map_put(&r->stacks, frames, &fresh);
    if (!slot) return sent(r, NAME_NO_MEMORY);
    *id = *slot;
    if (!fresh) return true;
    for (size_t i = n < MAX_FRAMES ? n : MAX_FRAMES; i-- > 0;) {
        uint64_t of;
        if (!send_frame(r, frame[i], &of) ||
            !sent(r, name_stack(&r->names, *id, of, id)))
            return false;
    }
    slot = u64map_put(&r->stacks, frames, NULL);
    *slot = *id;
    return true;
}

static bool send_rows(struct reading *r)
{
    const struct record_sink *k = r->sink;
    struct record_batch objects = { .snapshot = 1, .rows = r->rows, .first = r->n };
    struct record_batch roots = { .snapshot = 1, .rows = r->rows };
    if (!r->rows) return true;
    objects.column[SNAP_COL_OBJECT_ID].value = r->id;
    objects.column[SNAP_COL_OBJECT_TYPE].value = r->type;
    objects.column[SNAP_COL_OBJECT_SHALLOW].value = r->size;
    objects.column[SNAP_COL_OBJECT_STACK].value = r->stack;
    roots.column[SNAP_COL_ROOT_OBJECT].value = r->id;
    roots.column[SNAP_COL_ROOT_KIND].value = r->root_kind;
    r->n += r->rows;
    r->rows = 0;
    return (!k->objects || sent(r, k->objects(k->opaque, &objects))) &&
           (!k->roots || sent(r, k->roots(k->opaque, &roots)));
}

/* (domain, size, frames) or (domain, size, frames, depth); before 3.6 without a domain. */
static bool put_trace(struct reading *r, pickle_value v, bool *good)
{
    size_t n;
    uint32_t i = r->rows;
    const pickle_value *field = pickle_elements(&r->pickle, v, &n);
    *good = (n == 3 || n == 4) && pickle_kind(field[0]) == PICKLE_INT &&
            pickle_kind(field[1]) == PICKLE_INT && pickle_kind(field[2]) == PICKLE_TUPLE;
    if (!*good) return true;
    r->id[i] = r->n + i + 1;
    r->size[i] = pickle_number(field[1]);
    r->root_kind[i] = SNAP_ROOT_UNKNOWN;
    if (!send_type(r, pickle_number(field[0]), &r->type[i]) ||
        !send_stack(r, field[2], &r->stack[i]))
        return false;
    return ++r->rows < ROWS || send_rows(r);
}

/* ---- the snapshot -------------------------------------------------------------------------- */

static bool send_facts(struct reading *r)
{
    static const char *const facts[][2] = {
        { "runtime.name", "cpython" },  { "id.kind", "serial" }, { "id.stable", "no" },
        { "size.model", "tracemalloc" }, { "names", "none" },
    };
    return sent(r, import_begin(r->sink, NULL, facts, sizeof facts / sizeof *facts));
}

static bool send_snapshot(struct reading *r, const pickle_value *trace, size_t n)
{
    const struct record_sink *k = r->sink;
    uint64_t wrong = 0;
    if (!send_facts(r)) return false;
    for (size_t i = 0; i < n; i++) {
        bool good;
        if (!put_trace(r, trace[i], &good)) return false;
        wrong += !good;
    }
    if (!send_rows(r)) return false;
    if (wrong) {
        char text[96];
        snprintf(text, sizeof text, "traces dropped that are none: %llu",
                 (unsigned long long)wrong);
        r->result->complete = false;
        if (k->damage) k->damage(k->opaque, UINT64_MAX, text);
    }
    if (r->damage) {
        r->result->complete = false;
        if (k->damage) k->damage(k->opaque, r->damage_offset, r->damage);
    }
    snap_finish finish = {
        .objects = r->n, .roots = r->n,
        .flags = r->result->complete ? SNAP_FINISH_COMPLETE : 0,
    };
    return !k->finish || sent(r, k->finish(k->opaque, 1, &finish));
}

/* Says what was wrong. */
static void explain(const struct reading *r)
{
    const struct unpickler *u = &r->pickle;
    if (r->status == RECORD_STOP) return;
    if (u->no_memory || r->status == NAME_NO_MEMORY)
        message_no_memory("reading a pickle");
    else if (u->error_errno)
        message_errno(r->path, u->error_errno, "cannot read");
    else if (u->error)
        message_error(r->path, u->error_offset, NULL, "not a whole tracemalloc snapshot: %s",
                      u->error);
    else
        message_error(r->path, MESSAGE_NO_OFFSET, NULL, "not a tracemalloc snapshot");
}

static bool read_file(struct reading *r, struct file_source *s)
{
    pickle_value snapshot, traces, list;
    size_t n;
    r->pickle = (struct unpickler){ .read = file_source_read, .opaque = s, .classes = classes,
                                    .n_classes = sizeof classes / sizeof *classes };
    if (!unpickle(&r->pickle, &snapshot)) return false;
    r->damage = file_source_rest(s, &r->damage_offset);
    file_source_identity(s, r->result);
    if (!pickle_attribute(&r->pickle, snapshot, CLASS_SNAPSHOT, "traces", &traces) ||
        !pickle_attribute(&r->pickle, traces, CLASS_TRACES, "_traces", &list))
        return false;
    const pickle_value *trace = pickle_elements(&r->pickle, list, &n);
    if (!trace && pickle_kind(list) != PICKLE_LIST && pickle_kind(list) != PICKLE_TUPLE)
        return false;
    return send_snapshot(r, trace, n);
}

static int tracemalloc_read(const char *path, const struct record_sink *sink,
                            const struct import_options *options, struct import_result *result)
{
    struct file_source s;
    struct unwrap_problem problem;
    int status = RECORD_STOP;
    *result = (struct import_result){ .complete = true };
    if (!file_source_open(&s, path, true, &problem)) {
        unwrap_report(path, &problem);
        return RECORD_STOP;
    }
    s.options = options;
    struct reading *r = calloc(1, sizeof *r);
    if (!r) {
        message_no_memory("reading a pickle");
        file_source_close(&s);
        return RECORD_STOP;
    }
    r->path = path;
    r->sink = r->names.sink = sink;
    r->result = result;
    if (read_file(r, &s)) status = RECORD_OK;
    else explain(r);
    unpickle_free(&r->pickle);
    name_table_free(&r->names);
    u64map_free(&r->stacks);
    u64map_free(&r->types);
    free(r);
    file_source_close(&s);
    return status;
}

static bool contains(const unsigned char *head, size_t n, const char *text)
{
    size_t size = strlen(text);
    for (size_t i = 0; i + size <= n; i++)
        if (memcmp(head + i, text, size) == 0) return true;
    return false;
}

static int tracemalloc_bid(const unsigned char *head, size_t n)
{
    if (n < 16 || head[0] != 0x80 || head[1] < 2 || head[1] > 5) return 0;
    return contains(head, n < 128 ? n : 128, "tracemalloc") &&
                   contains(head, n < 128 ? n : 128, "Snapshot")
               ? 90
               : 0;
}

const struct import_format import_tracemalloc = {
    .name = "tracemalloc", .what = "a tracemalloc snapshot", .bid = tracemalloc_bid,
    .read = tracemalloc_read,
};
