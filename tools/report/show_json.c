/* SPDX-License-Identifier: MIT */
/* Everything about one object, as JSON (snap.show/1); show.h. */
#include <string.h>

#include "report/path_text.h"
#include "report/show.h"

/* A member that is null where the capture has no value. */
static void optional(struct json *j, const char *key, bool has, int64_t value)
{
    if (has)
        json_i64(j, key, value);
    else
        json_null(j, key);
}

static void optional_id(struct json *j, const char *key, bool has, int64_t value)
{
    if (has)
        json_id(j, key, (uint64_t)value);
    else
        json_null(j, key);
}

static void facts(struct json *j, const struct show *x)
{
    const struct heapdb_object *o = &x->object;
    struct text flags = { 0 };
    json_id(j, "id", (uint64_t)o->id);
    if (o->has_address)
        json_address(j, "address", o->address);
    else
        json_null(j, "address");
    json_string(j, "type", o->type);
    json_string(j, "module", o->module);
    json_string(j, "name", o->name);
    json_bool(j, "is_garbage", o->is_garbage);
    json_u64(j, "shallow_size", subject_size(o->shallow_size));
    optional(j, "native_size", o->has_native, o->native_size);
    json_u64(j, "retained_size", subject_size(o->retained_size));
    json_u64(j, "retained_count", subject_size(o->retained_count));
    optional(j, "retained_native", o->has_retained_native, o->retained_native);
    optional(j, "distance", o->has_distance, o->distance);
    optional(j, "refcount", o->has_refcount, o->refcount);
    optional(j, "external_refs", o->has_external_refs, o->external_refs);
    optional(j, "generation", o->has_generation, o->generation);
    heapdb_flags(&flags, o->flags);
    json_stringn(j, "flags", text_str(&flags), flags.n);
    optional(j, "length", o->has_length, o->length);
    optional(j, "capacity", o->has_capacity, o->capacity);
    optional(j, "bound", o->has_bound, o->bound);
    json_string(j, "resource", o->has_resource ? heapdb_resource_kind(o->resource) : NULL);
    json_string(j, "state", o->has_state ? heapdb_resource_state(o->state) : NULL);
    optional_id(j, "content_hash", x->has_hash, (int64_t)x->hash);
    optional(j, "duplicates", x->has_hash && x->duplicates >= 0, x->duplicates);
    json_string(j, "value", x->value);
    json_string(j, "path", x->path_text);
    text_free(&flags);
}

static void cycle(struct json *j, const struct show *x)
{
    if (!x->cycle_n) {
        json_null(j, "cycle");
        return;
    }
    json_object(j, "cycle");
    json_id(j, "id", (uint64_t)x->object.component_id);
    json_u64(j, "count", x->cycle_n);
    json_u64(j, "shallow_size", x->cycle_size);
    json_u64(j, "retained_size", x->cycle_retained);
    json_end_object(j);
}

static void dominators(struct json *j, const struct show *x)
{
    json_array(j, "dominators");
    for (size_t i = 0; i < x->n_dominators; i++) {
        const struct show_dominator *d = &x->dominators[i];
        json_object(j, NULL);
        json_id(j, "id", (uint64_t)d->id);
        json_string(j, "type", d->type);
        json_u64(j, "retained_size", d->retained_size);
        json_u64(j, "retained_count", d->retained_count);
        json_bool(j, "after_gap", d->gap);
        json_end_object(j);
    }
    json_end_array(j);
}

static void references(struct json *j, const char *key, const struct show_ref *refs, size_t n,
                       int64_t total, bool more, bool fields)
{
    struct text t = { 0 };
    json_object(j, key);
    json_i64(j, "total", total);
    json_bool(j, "more_than_total", more);
    json_array(j, "rows");
    for (size_t i = 0; i < n; i++) {
        const struct graph_step *step = &refs[i].step;
        json_object(j, NULL);
        text_clear(&t);
        path_text_edge(&t, step);
        json_stringn(j, "reference", text_str(&t), t.n);
        json_string(j, "kind", heapdb_edge_kind(step->edge_kind));
        json_i64(j, "position", refs[i].source_position);
        json_id(j, "id", (uint64_t)step->id);
        json_string(j, "type", step->type);
        json_string(j, "module", step->module);
        json_string(j, "name", step->name);
        json_u64(j, "shallow_size", subject_size(step->shallow_size));
        json_u64(j, "retained_size", subject_size(step->retained_size));
        if (fields) json_bool(j, "held_only_here", refs[i].only_here);
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
    text_free(&t);
}

static void types(struct json *j, const char *key, const struct show_type *rows, size_t n,
                  bool bytes)
{
    json_array(j, key);
    for (size_t i = 0; i < n; i++) {
        json_object(j, NULL);
        json_string(j, "type", rows[i].name);
        json_u64(j, "count", rows[i].n);
        if (bytes) json_u64(j, "shallow_size", rows[i].bytes);
        json_end_object(j);
    }
    json_end_array(j);
}

static void frames(struct json *j, const struct show *x)
{
    json_array(j, "allocated_at");
    for (size_t i = 0; i < x->n_frames; i++) {
        json_object(j, NULL);
        json_string(j, "function", x->frames[i].function);
        json_string(j, "file", x->frames[i].file);
        optional(j, "line", x->frames[i].line > 0, x->frames[i].line);
        json_end_object(j);
    }
    json_end_array(j);
}

void show_json(struct json *j, const struct show *x, const struct show_request *request)
{
    json_object(j, NULL);
    facts(j, x);
    cycle(j, x);
    dominators(j, x);
    json_i64(j, "references_offset", request->offset);
    references(j, "references", x->fields, x->n_fields, x->total_fields, x->more_fields, true);
    references(j, "referrers", x->referrers, x->n_referrers, x->total_referrers, x->more_referrers,
               false);
    types(j, "referrer_types", x->referrer_types, x->n_referrer_types, false);
    types(j, "retained_types", x->retained_types, x->n_retained_types, true);
    json_u64(j, "retained_types_total", x->total_retained_types);
    frames(j, x);
    json_end_object(j);
}
