/* SPDX-License-Identifier: MIT */
/*
 * V8 heap snapshots (.heapsnapshot of Node, Chrome, Deno, Bun) as a source of records. What maps to
 * what is told in format/v8.md; the parts are listed in v8_private.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "import/file_source.h"
#include "import/v8_private.h"

/* ---- helpers ------------------------------------------------------------------------------- */

bool v8_no_memory(struct v8_reading *v)
{
    v->no_memory = true;
    return jstream_fail(&v->json, "no memory");
}

bool v8_sent(struct v8_reading *v, int status)
{
    if (status == RECORD_OK) return true;
    v->stopped = true;
    return jstream_fail(&v->json, "stopped");
}

bool v8_grow(struct v8_reading *v, void *array, size_t *cap, size_t need, size_t size)
{
    void **a = array;
    if (need <= *cap) return true;
    size_t more = *cap < 256 ? 256 : *cap;
    if (more < need) more = need + need / 4;
    else more += more / 2;
    if (more > SIZE_MAX / size) return v8_no_memory(v);
    void *p = realloc(*a, more * size);
    if (!p) return v8_no_memory(v);
    *a = p;
    *cap = more;
    return true;
}

static struct record_text text_of(const char *s)
{
    return (struct record_text){ s, strlen(s) };
}

void v8_damage(struct v8_reading *v, uint64_t offset, const char *text)
{
    v->result->complete = false;
    if (v->sink->damage) v->sink->damage(v->sink->opaque, offset, text);
}

void v8_damage_count(struct v8_reading *v, uint64_t n, const char *what)
{
    char text[128];
    if (!n) return;
    snprintf(text, sizeof text, "%s: %llu", what, (unsigned long long)n);
    v8_damage(v, UINT64_MAX, text);
}

/* ---- facts --------------------------------------------------------------------------------- */

static bool send_counter(struct v8_reading *v, const char *name, uint64_t value)
{
    const struct record_sink *k = v->sink;
    if (!k->counter || value > INT64_MAX) return true;
    return v8_sent(v, k->counter(k->opaque, 1, text_of(name), (int64_t)value));
}

static bool send_facts(struct v8_reading *v)
{
    static const char *const facts[][2] = {
        { "runtime.name", "v8" },   { "id.kind", "serial" }, { "id.stable", "yes" },
        { "size.model", "reported" }, { "names", "keys" },   { "edges.rule", "v8-page" },
        { "unreached", "live" },
    };
    if (!v8_sent(v, import_begin(v->sink, v->options, facts, sizeof facts / sizeof *facts)))
        return false;
    return !v->meta.has_extra_native ||
           send_counter(v, "v8.extra_native_bytes", v->meta.extra_native_bytes);
}

/* ---- passes -------------------------------------------------------------------------------- */

/* What a file has one of each at most. */
enum part { HEADER, NODES, EDGES, FUNCTIONS, TRACE, SAMPLES, LOCATIONS, STRINGS, PARTS };

static const char *const part_names[PARTS] = {
    "snapshot", "nodes", "edges", "trace_function_infos", "trace_tree", "samples", "locations",
    "strings",
};

/* The part that a key names, PARTS where it names none. False: it was there already. */
static bool which_part(struct v8_reading *v, bool *there, enum part *part)
{
    static const char *const twice[PARTS] = {
        "the header stands in the file twice", "nodes stand in the file twice",
        "edges stand in the file twice", "functions stand in the file twice",
        "the tree of allocations stands in the file twice", "samples stand in the file twice",
        "locations stand in the file twice", "strings stand in the file twice",
    };
    int i = 0;
    while (i < PARTS && !jstream_key_is(&v->json, part_names[i])) i++;
    *part = (enum part)i;
    if (i == PARTS) return true;
    if (there[i]) return jstream_fail(&v->json, twice[i]);
    there[i] = true;
    return true;
}

static bool scan_part(struct v8_reading *v, enum part part)
{
    bool places = v8_has_places(v);
    switch (part) {
    case HEADER: return v8_read_meta(v) && send_facts(v);
    case NODES: return places ? v8_scan_nodes(v) : jstream_skip(&v->json);
    case EDGES: return places ? v8_scan_edges(v) : jstream_skip(&v->json);
    case FUNCTIONS: return v8_read_functions(v);
    case TRACE: return v8_read_trace(v);
    case SAMPLES: return v8_read_samples(v);
    case LOCATIONS: return places ? v8_read_locations(v) : jstream_skip(&v->json);
    case STRINGS: return v8_read_strings(v);
    case PARTS: break;
    }
    return jstream_skip(&v->json);
}

/* The first pass: everything but the rows of nodes and edges. */
static bool scan(struct v8_reading *v)
{
    struct jstream *j = &v->json;
    struct jstream_place place = jstream_enter(j, '{');
    bool there[PARTS] = { false };
    enum part part;
    while (jstream_member(j, &place)) {
        if (!which_part(v, there, &part)) return false;
        if (part != HEADER && !v->meta.there)
            return jstream_fail(j, "the header does not stand first");
        if (!scan_part(v, part)) return false;
    }
    if (!jstream_finish(j)) return false;
    if (!v->meta.there) return jstream_fail(j, "no \"snapshot\" describes the file");
    return there[STRINGS] || jstream_fail(j, "\"strings\" is missing");
}

/* The second pass; ends after the edges. */
static bool stream(struct v8_reading *v)
{
    struct jstream *j = &v->json;
    struct jstream_place place = jstream_enter(j, '{');
    bool nodes = false, edges = false;
    while (!(nodes && edges) && jstream_member(j, &place)) {
        if (jstream_key_is(j, "nodes")) nodes = v8_read_nodes(v);
        else if (jstream_key_is(j, "edges")) edges = v8_read_edges(v);
        else jstream_skip(j);
    }
    if (j->error) return false;
    return (nodes && edges) || jstream_fail(j, "\"nodes\" or \"edges\" is missing");
}

/* After a pass: goes on after a cut, says what was wrong otherwise. */
static bool pass_usable(struct v8_reading *v)
{
    const struct jstream *j = &v->json;
    if (!j->error) return true;
    if (v->stopped) return false;
    if (v->no_memory || j->no_memory) {
        message_no_memory("the names in the snapshot");
    } else if (j->error_errno) {
        message_errno(v->path, j->error_errno, "cannot read");
    } else if (j->ended && v->meta.there) {
        if (!v->cut) {
            v->damage_offset = j->error_offset;
            v->damage = file_source_damage(v->source, &v->damage_offset);
            if (!v->damage) v->damage = "the file ends early";
        }
        v->cut = true;
        return true;
    } else {
        message_error(v->path, j->error_offset, NULL, "not a whole V8 heap snapshot: %s",
                      j->error);
    }
    return false;
}

/* Where no allocation was tracked, no stack is one's. */
static bool send_sites(struct v8_reading *v)
{
    const struct record_sink *k = v->sink;
    if (!k->metadata || v->n_trace || !v->n_places) return true;
    return v8_sent(v, k->metadata(k->opaque, 0, text_of("sites"), text_of("functions")));
}

/* Between the passes. */
static bool prepare(struct v8_reading *v)
{
    if (v->meta.root_index % v->meta.node.n) return jstream_fail(&v->json, "a wrong root_index");
    v->meta.root_index /= v->meta.node.n;
    v->strings.id = calloc(v->strings.n + 1, sizeof *v->strings.id);
    if (!v->strings.id) return v8_no_memory(v);
    uint64_t n_stacks;
    bool ok = v8_send_stacks(v, &n_stacks) && v8_send_places(v, n_stacks) && send_sites(v);
    v->n_nodes = 0;
    return ok;
}

static bool send_finish(struct v8_reading *v)
{
    const struct record_sink *k = v->sink;
    uint64_t expected = 0;
    if (v->damage) v8_damage(v, v->damage_offset, v->damage);
    for (size_t i = 0; i < v->n_nodes; i++) expected += v->edge_count[i];
    v8_damage_count(v, v->bad_targets, "references that lead to no node");
    v8_damage_count(v, v->bad_names, "names that are not among the strings");
    v8_damage_count(v, v->bad_kinds, "kinds that the header does not list");
    if (!v->cut) v8_damage_count(v, v->bad_places, "places of functions that are no nodes");
    if (!v->cut && v->meta.root_index >= v->n_nodes)
        v8_damage(v, UINT64_MAX, "the root is not among the nodes");
    if (!v->cut && (v->n_edges != expected ||
                    (v->meta.has_counts && (v->meta.node_count != v->n_nodes ||
                                            v->meta.edge_count != v->n_edges))))
        v8_damage(v, UINT64_MAX,
               "the numbers of nodes and edges contradict the header or each other");
    snap_finish finish = {
        .objects = v->n_nodes, .edges = v->n_edges, .roots = v->n_roots,
        .flags = v->result->complete ? SNAP_FINISH_COMPLETE : 0,
    };
    return !k->finish || v8_sent(v, k->finish(k->opaque, 1, &finish));
}

static bool read_file(struct v8_reading *v, struct file_source *s)
{
    scan(v);
    if (!pass_usable(v)) return false;
    if (!v->cut) v->damage = file_source_rest(s, &v->damage_offset);
    file_source_identity(s, v->result);
    if (!file_source_again(s, v->options)) return false;
    jstream_stop(&v->json);
    if (!jstream_start(&v->json, file_source_read, s)) {
        message_no_memory("reading a snapshot");
        return false;
    }
    if (prepare(v)) stream(v);
    if (!pass_usable(v)) return false;
    if (!v->n_nodes) {
        if (v->damage)
            message_error(v->path, v->damage_offset, NULL,
                          "not a whole V8 heap snapshot: %s, before its first node", v->damage);
        else
            message_error(v->path, MESSAGE_NO_OFFSET, NULL, "a V8 heap snapshot without any node");
        return false;
    }
    return send_finish(v);
}

static void reading_free(struct v8_reading *v)
{
    jstream_stop(&v->json);
    free(v->strings.bytes);
    free(v->strings.end);
    free(v->strings.id);
    free(v->function);
    free(v->trace);
    free(v->link);
    free(v->place);
    free(v->edge_count);
    free(v->name);
    free(v->kind);
    free(v->table);
    free(v->table_id);
    u64map_free(&v->types);
    u64map_free(&v->parts);
    u64map_free(&v->table_ids);
    u64map_free(&v->stacks);
}

static int v8_read(const char *path, const struct record_sink *sink,
                   const struct import_options *options, struct import_result *result)
{
    struct file_source s;
    struct v8_reading v = { .path = path, .sink = sink, .options = options, .result = result,
                            .source = &s };
    struct unwrap_problem problem;
    int status = RECORD_STOP;
    *result = (struct import_result){ .complete = true };
    if (!file_source_open(&s, path, true, &problem)) {
        unwrap_report(path, &problem);
        return RECORD_STOP;
    }
    if (!jstream_start(&v.json, file_source_read, &s))
        message_no_memory("reading a snapshot");
    else if (read_file(&v, &s))
        status = RECORD_OK;
    reading_free(&v);
    file_source_close(&s);
    return status;
}

/* ---- before reading ------------------------------------------------------------------------ */

static int v8_bid(const unsigned char *head, size_t n)
{
    static const char *const tokens[] = { "{", "\"snapshot\"", ":", "{", NULL };
    return jstream_begins(head, n, tokens) ? 90 : 0;
}

/* The header stands first. */
static bool v8_totals(const char *path, struct import_totals *totals)
{
    struct import_result result;
    struct v8_reading v = { .path = path, .result = &result };
    struct file_source s;
    *totals = (struct import_totals){ 0 };
    if (!file_source_open(&s, path, false, NULL)) return false;
    if (jstream_start(&v.json, file_source_read, &s)) {
        struct jstream_place place = jstream_enter(&v.json, '{');
        if (jstream_member(&v.json, &place) && jstream_key_is(&v.json, "snapshot"))
            v8_read_meta(&v);
    }
    jstream_stop(&v.json);
    uint64_t size = unwrap_size(s.stream);
    file_source_close(&s);
    *totals = (struct import_totals){ .objects = v.meta.node_count, .edges = v.meta.edge_count,
                                        .snapshots = 1 };
    /* More than fits the file, a digit and a comma a field, there cannot be. */
    if (v.meta.there && size != UNWRAP_UNKNOWN) {
        uint64_t nodes = size / (2 * v.meta.node.n), edges = size / (2 * v.meta.edge.n);
        if (totals->objects > nodes) totals->objects = nodes;
        if (totals->edges > edges) totals->edges = edges;
    }
    return v.meta.there && v.meta.has_counts;
}

const struct import_format import_v8 = {
    .name = "v8", .what = "a V8 heap snapshot", .bid = v8_bid, .read = v8_read,
    .totals = v8_totals,
};
