/* SPDX-License-Identifier: MIT */
/*
 * Allocation stacks and samples of a V8 heap snapshot: there when the program ran with allocation
 * tracking. Stacks come as a tree of calls, nested; it is kept flat and handed on when the strings
 * are known.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import/v8_private.h"

/* A function on a line that a machine wrote is told by its column: from this one on. */
enum { FAR_COLUMN = 250 };

bool v8_read_row(struct jstream *j, struct jstream_place *place, uint32_t n, uint64_t *row,
                 const char *error)
{
    if (!jstream_array_number(j, place, &row[0])) return false;
    for (uint32_t i = 1; i < n; i++) {
        if (!jstream_array_number(j, place, &row[i]))
            return jstream_fail(j, error);
    }
    return true;
}

static bool read_row(struct jstream *j, struct jstream_place *place, uint32_t n, uint64_t *row)
{
    return v8_read_row(j, place, n, row, "an array ends in the middle of a row");
}

static uint64_t field(const uint64_t *row, uint32_t at, uint64_t otherwise)
{
    return at == V8_NONE ? otherwise : row[at];
}

bool v8_read_functions(struct v8_reading *v)
{
    const struct v8_function_fields *f = &v->meta.function;
    uint64_t row[V8_MAX_FIELDS];
    if (!f->n) return jstream_skip(&v->json);
    struct jstream_place place = jstream_enter(&v->json, '[');
    while (read_row(&v->json, &place, f->n, row)) {
        if (!v8_grow(v, &v->function, &v->function_cap, v->n_functions + 1, sizeof *v->function))
            return false;
        v->function[v->n_functions++] = (struct v8_function){
            .name = field(row, f->name, V8_NONE),
            .script_name = field(row, f->script_name, V8_NONE),
            .script_id = field(row, f->script_id, V8_NONE),
            .line = field(row, f->line, 0),
            .column = field(row, f->column, 0),
        };
    }
    return !v->json.error;
}

/* One level of the tree: an array of rows, the last field of each an array of its own. */
struct level {
    struct jstream_place place;
    uint32_t parent; /* of the nodes on it, index + 1 */
};

/* The fields of one node as far as its children; *children tells whether they come next. */
static bool read_trace_node(struct v8_reading *v, struct level *level, uint32_t *index,
                            bool *children)
{
    const struct v8_trace_fields *f = &v->meta.trace;
    struct jstream *j = &v->json;
    uint64_t row[V8_MAX_FIELDS] = { 0 };
    *children = false;
    for (uint32_t i = 0; i < f->n; i++) {
        if (i && !jstream_element(j, &level->place))
            return jstream_fail(j, "the tree of allocations ends in the middle of a row");
        if (i == f->children) {
            *children = true;
            break;
        }
        if (!jstream_number(j, &row[i])) return false;
    }
    if (v->n_trace == UINT32_MAX - 1) return jstream_fail(j, "too many allocation stacks");
    if (!v8_grow(v, &v->trace, &v->trace_cap, v->n_trace + 1, sizeof *v->trace)) return false;
    uint64_t function = field(row, f->function_info_index, V8_NONE);
    v->trace[v->n_trace++] = (struct v8_trace_node){
        .id = field(row, f->id, 0),
        .parent = level->parent,
        .function = function < V8_NONE ? (uint32_t)function : V8_NONE,
    };
    *index = (uint32_t)v->n_trace;
    return true;
}

/* The parser's limit of depth bounds the levels: each is two of its. */
bool v8_read_trace(struct v8_reading *v)
{
    struct jstream *j = &v->json;
    const struct v8_trace_fields *f = &v->meta.trace;
    if (!f->n || f->children != f->n - 1 || f->id == V8_NONE) return jstream_skip(j);
    struct level *level = malloc(JSTREAM_MAX_DEPTH * sizeof *level);
    if (!level) return v8_no_memory(v);
    size_t depth = 0;
    level[0] = (struct level){ jstream_enter(j, '['), 0 };
    for (;;) {
        uint32_t index;
        bool children;
        if (!jstream_element(j, &level[depth].place)) {
            if (j->error || depth == 0) break;
            depth--;
            continue;
        }
        if (!read_trace_node(v, &level[depth], &index, &children)) break;
        if (!children) continue;
        struct jstream_place place = jstream_enter(j, '[');
        if (j->error || depth + 1 == JSTREAM_MAX_DEPTH) break;
        level[++depth] = (struct level){ place, index };
    }
    free(level);
    return !j->error && !v->no_memory;
}

/* When which object ids had been given out. Times are microseconds of V8's own clock. */
bool v8_read_samples(struct v8_reading *v)
{
    static const char name[] = "v8.last_assigned_id";
    const struct v8_sample_fields *f = &v->meta.sample;
    const struct record_sink *k = v->sink;
    uint64_t row[V8_MAX_FIELDS];
    if (!f->n || f->timestamp_us == V8_NONE || f->last_assigned_id == V8_NONE)
        return jstream_skip(&v->json);
    struct jstream_place place = jstream_enter(&v->json, '[');
    while (read_row(&v->json, &place, f->n, row)) {
        uint64_t us = row[f->timestamp_us], id = row[f->last_assigned_id];
        if (us > UINT64_MAX / 1000 || id > INT64_MAX)
            return jstream_fail(&v->json, "an impossible sample");
        v->samples++;
        if (k->sample && !v8_sent(v, k->sample(k->opaque, 1,
                                               (struct record_text){ name, sizeof name - 1 },
                                               us * 1000, (int64_t)id)))
            return false;
    }
    return !v->json.error;
}

/* The name of a function, with its column where the line alone does not tell which one it is. */
static bool function_name(struct v8_reading *v, uint64_t name, uint64_t column, uint64_t *id)
{
    static const char anonymous[] = "(anonymous)";
    struct record_text text = v8_text(v, name);
    bool far = column >= FAR_COLUMN;
    if (text.size && !far) return v8_name(v, name, id);
    if (!text.size) text = (struct record_text){ anonymous, sizeof anonymous - 1 };
    if (!far) {
        if (!v->anonymous && !v8_define(v, text, &v->anonymous)) return false;
        *id = v->anonymous;
        return true;
    }
    char *whole = malloc(text.size + 32);
    if (!whole) return v8_no_memory(v);
    memcpy(whole, text.at, text.size);
    int n = snprintf(whole + text.size, 32, "@%llu", (unsigned long long)column);
    bool ok = v8_define(v, (struct record_text){ whole, text.size + (size_t)n }, id);
    free(whole);
    return ok;
}

bool v8_send_frame(struct v8_reading *v, uint64_t id, uint64_t name, uint64_t file, uint64_t line,
                   uint64_t column)
{
    const struct record_sink *k = v->sink;
    snap_frame frame = { .file = file, .language = SNAP_LANGUAGE_JAVASCRIPT,
                         .line = line <= INT32_MAX ? (uint32_t)line : 0 };
    if (!function_name(v, name, column, &frame.function)) return false;
    return !k->frame || v8_sent(v, k->frame(k->opaque, id, &frame));
}

/* A frame a function. */
static bool send_frames(struct v8_reading *v)
{
    for (size_t i = 0; i < v->n_functions; i++) {
        const struct v8_function *f = &v->function[i];
        uint64_t file;
        if (!v8_name(v, f->script_name, &file) ||
            !v8_send_frame(v, i + 1, f->name, file, f->line, f->column))
            return false;
    }
    return true;
}

/* The tree's root stands for no call. */
bool v8_send_stacks(struct v8_reading *v, uint64_t *n_stacks)
{
    const struct record_sink *k = v->sink;
    uint64_t next = 0;
    uint64_t *of = malloc((v->n_trace + 1) * sizeof *of); /* stack of trace node - 1 */
    if (!of) return v8_no_memory(v);
    bool ok = send_frames(v);
    for (size_t i = 0; ok && i < v->n_trace; i++) {
        const struct v8_trace_node *t = &v->trace[i];
        of[i] = 0;
        if (!t->parent || t->function >= v->n_functions) continue;
        of[i] = ++next;
        if (k->stack)
            ok = v8_sent(v, k->stack(k->opaque, next, of[t->parent - 1],
                                     (uint64_t)t->function + 1));
        uint64_t *slot = u64map_put(&v->stacks, t->id, NULL);
        if (!slot) ok = v8_no_memory(v);
        else *slot = next;
    }
    free(of);
    *n_stacks = next;
    return ok;
}

uint64_t v8_stack(const struct v8_reading *v, uint64_t trace_node_id)
{
    if (!trace_node_id || !v->stacks.n) return 0;
    const uint64_t *stack = u64map_get(&v->stacks, trace_node_id);
    return stack ? *stack : 0;
}
