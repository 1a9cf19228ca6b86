/* SPDX-License-Identifier: MIT */
/*
 * The header of a V8 heap snapshot. Writers differ in the fields of a row, their order and the
 * lists of kinds, so everything is looked up here by name, once.
 */
#include <string.h>

#include "import/v8_private.h"

static const char *const node_kinds[] = {
    "hidden", "array", "string", "object", "code", "closure", "regexp", "number", "native",
    "synthetic", "concatenated string", "sliced string", "symbol", "bigint", "object shape",
    "wasm object",
};

static const char *const edge_kinds[] = {
    "context", "element", "property", "internal", "hidden", "shortcut", "weak",
};

/* One field that is looked for. */
struct field {
    const char *name;
    uint32_t *at;
};

/* An array of field names; *n becomes its length. */
static bool read_fields(struct jstream *j, const struct field *field, size_t n_fields,
                        uint32_t *n)
{
    *n = 0;
    for (size_t i = 0; i < n_fields; i++) *field[i].at = V8_NONE;
    struct jstream_place place = jstream_enter(j, '[');
    while (jstream_element(j, &place)) {
        if (!jstream_string(j)) return false;
        if (*n == V8_MAX_FIELDS) return jstream_fail(j, "too many fields");
        for (size_t i = 0; i < n_fields; i++)
            if (jstream_key_is(j, field[i].name)) {
                if (*field[i].at != V8_NONE) return jstream_fail(j, "a field is there twice");
                *field[i].at = *n;
            }
        ++*n;
    }
    return !j->error;
}

#define COUNT(a) (sizeof(a) / sizeof *(a))

static bool read_node_fields(struct jstream *j, struct v8_node_fields *f)
{
    const struct field fields[] = {
        { "type", &f->type }, { "name", &f->name }, { "id", &f->id },
        { "self_size", &f->self_size }, { "edge_count", &f->edge_count },
        { "trace_node_id", &f->trace_node_id }, { "detachedness", &f->detachedness },
    };
    if (!read_fields(j, fields, COUNT(fields), &f->n)) return false;
    for (size_t i = 0; i < 5; i++)
        if (*fields[i].at == V8_NONE)
            return jstream_fail(j, "a field that nodes must have is missing");
    return true;
}

static bool read_edge_fields(struct jstream *j, struct v8_edge_fields *f)
{
    const struct field fields[] = {
        { "type", &f->type }, { "name_or_index", &f->name_or_index }, { "to_node", &f->to_node },
    };
    if (!read_fields(j, fields, COUNT(fields), &f->n)) return false;
    for (size_t i = 0; i < 3; i++)
        if (*fields[i].at == V8_NONE)
            return jstream_fail(j, "a field that edges must have is missing");
    return true;
}

/* The kinds: element number `field` of an array of arrays or names; the others are skipped. Fields
 * stand before their kinds in what V8 writes; `field` is V8_NONE where they do not. */
static bool read_kinds(struct jstream *j, uint32_t field, const char *const *names,
                       size_t n_names, uint8_t *kind, uint32_t *n)
{
    if (field == V8_NONE) return jstream_fail(j, "kinds stand before the fields that they are of");
    struct jstream_place place = jstream_enter(j, '[');
    for (uint32_t i = 0; jstream_element(j, &place); i++) {
        if (i != field || jstream_peek(j) != '[') {
            jstream_skip(j);
            continue;
        }
        struct jstream_place inner = jstream_enter(j, '[');
        for (*n = 0; jstream_element(j, &inner); ++*n) {
            if (!jstream_string(j)) return false;
            if (*n == V8_MAX_KINDS) return jstream_fail(j, "too many kinds");
            kind[*n] = (uint8_t)n_names;
            for (size_t k = 0; k < n_names; k++)
                if (jstream_key_is(j, names[k])) kind[*n] = (uint8_t)k;
        }
    }
    return !j->error;
}

static bool read_function_fields(struct jstream *j, struct v8_function_fields *f)
{
    const struct field fields[] = {
        { "function_id", &f->function_id }, { "name", &f->name },
        { "script_name", &f->script_name }, { "script_id", &f->script_id },
        { "line", &f->line }, { "column", &f->column },
    };
    return read_fields(j, fields, COUNT(fields), &f->n);
}

static bool read_trace_fields(struct jstream *j, struct v8_trace_fields *f)
{
    const struct field fields[] = {
        { "id", &f->id }, { "function_info_index", &f->function_info_index },
        { "children", &f->children },
    };
    return read_fields(j, fields, COUNT(fields), &f->n);
}

static bool read_sample_fields(struct jstream *j, struct v8_sample_fields *f)
{
    const struct field fields[] = {
        { "timestamp_us", &f->timestamp_us }, { "last_assigned_id", &f->last_assigned_id },
    };
    return read_fields(j, fields, COUNT(fields), &f->n);
}

static bool read_location_fields(struct jstream *j, struct v8_location_fields *f)
{
    const struct field fields[] = {
        { "object_index", &f->object_index }, { "script_id", &f->script_id },
        { "script_object_index", &f->script_object_index }, { "line", &f->line }, { "column", &f->column },
    };
    return read_fields(j, fields, COUNT(fields), &f->n);
}

static bool read_meta(struct jstream *j, struct v8_meta *m)
{
    struct jstream_place place = jstream_enter(j, '{');
    while (jstream_member(j, &place)) {
        if (jstream_key_is(j, "node_fields"))
            read_node_fields(j, &m->node);
        else if (jstream_key_is(j, "node_types"))
            read_kinds(j, m->node.type, node_kinds, COUNT(node_kinds), m->node_kind,
                       &m->n_node_kinds);
        else if (jstream_key_is(j, "edge_fields"))
            read_edge_fields(j, &m->edge);
        else if (jstream_key_is(j, "edge_types"))
            read_kinds(j, m->edge.type, edge_kinds, COUNT(edge_kinds), m->edge_kind,
                       &m->n_edge_kinds);
        else if (jstream_key_is(j, "trace_function_info_fields"))
            read_function_fields(j, &m->function);
        else if (jstream_key_is(j, "trace_node_fields"))
            read_trace_fields(j, &m->trace);
        else if (jstream_key_is(j, "sample_fields"))
            read_sample_fields(j, &m->sample);
        else if (jstream_key_is(j, "location_fields"))
            read_location_fields(j, &m->location);
        else
            jstream_skip(j);
    }
    if (j->error) return false;
    m->there = m->node.n && m->edge.n && m->n_node_kinds && m->n_edge_kinds;
    return m->there || jstream_fail(j, "the description of nodes and edges is incomplete");
}

bool v8_read_meta(struct v8_reading *v)
{
    struct jstream *j = &v->json;
    struct v8_meta *m = &v->meta;
    bool nodes = false, edges = false;
    *m = (struct v8_meta){ .node = { .type = V8_NONE }, .edge = { .type = V8_NONE } };
    struct jstream_place place = jstream_enter(j, '{');
    while (jstream_member(j, &place)) {
        if (jstream_key_is(j, "meta"))
            read_meta(j, m);
        else if (jstream_key_is(j, "node_count"))
            nodes = jstream_number(j, &m->node_count);
        else if (jstream_key_is(j, "edge_count"))
            edges = jstream_number(j, &m->edge_count);
        else if (jstream_key_is(j, "root_index"))
            jstream_number(j, &m->root_index);
        else if (jstream_key_is(j, "extra_native_bytes"))
            m->has_extra_native = jstream_number(j, &m->extra_native_bytes);
        else
            jstream_skip(j);
    }
    m->has_counts = nodes && edges;
    return m->there || jstream_fail(j, "the description of nodes and edges is missing");
}
