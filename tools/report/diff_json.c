/* SPDX-License-Identifier: MIT */
/* The report as the JSON document "snap.diff/1"; format/feed.schema.json describes it. */
#include <inttypes.h>
#include <math.h>

#include "cli/json.h"
#include "cli/message.h"
#include "report/diff_report.h"
#include "report/diff_verdict.h"

static void known(struct json *j, const char *key, bool is_known, int64_t value)
{
    if (is_known)
        json_i64(j, key, value);
    else
        json_null(j, key);
}

static void time_of(struct json *j, const struct heapdb_snapshot *s)
{
    double t = s->captured_at;
    if (s->has_time && t > -9.2e9 && t < 9.2e9)
        json_time(j, "captured_at", (int64_t)(t * 1000.0) * 1000000);
    else
        json_null(j, "captured_at");
}

static void snapshot(struct json *j, const char *key, const struct diff_facts *f)
{
    const struct heapdb_snapshot *s = f->snapshot;
    json_object(j, key);
    json_string(j, "path", f->path);
    json_string(j, "taken_for", f->taken);
    json_id(j, "snapshot_id", (uint64_t)s->id);
    time_of(j, s);
    json_string(j, "service", f->service);
    json_string(j, "version", f->version);
    json_string(j, "instance", f->instance);
    json_string(j, "host", f->host);
    known(j, "pid", s->pid != 0, s->pid);
    json_string(j, "runtime", f->runtime);
    json_string(j, "runtime_version", f->runtime_version);
    json_string(j, "reason", f->reason);
    json_bool(j, "complete", s->complete);
    json_i64(j, "n_objects", s->n_objects);
    json_i64(j, "n_live", s->n_live);
    json_i64(j, "live_size", s->live_size);
    json_i64(j, "garbage_size", s->garbage_size);
    known(j, "native_size", f->native_size >= 0, f->native_size);
    known(j, "rss", f->rss >= 0, f->rss);
    json_i64(j, "n_warnings", f->n_warnings);
    json_end_object(j);
}

static void verdict(struct json *j, const struct diff_report *r)
{
    const struct diff_verdict *v = &r->verdict;
    json_object(j, "verdict");
    json_string(j, "kind", diff_verdict_name(v->kind));
    json_string(j, "sentence", v->sentence);
    json_string(j, "rule", v->rule);
    json_string(j, "advice", v->advice);
    json_string(j, "owner", v->owner);
    known(j, "share_percent", v->owner != NULL, v->share_percent);
    json_end_object(j);
}

static void totals(struct json *j, const struct diff_report *r)
{
    bool native = r->native_a >= 0 && r->native_b >= 0;
    json_object(j, "totals");
    json_i64(j, "live_delta", r->live_b - r->live_a);
    json_i64(j, "garbage_delta", r->garbage_b - r->garbage_a);
    json_i64(j, "live_count_delta", r->n_live_b - r->n_live_a);
    known(j, "native_delta", native, r->native_b - r->native_a);
    json_u64(j, "replaced_count", r->n_replaced);
    json_end_object(j);
}

static void slope(struct json *j, const char *key, const struct slope *s)
{
    if (s->n < 2) {
        json_null(j, key);
        return;
    }
    json_object(j, key);
    json_double(j, "bytes_per_hour", s->mid * 3600);
    json_double(j, "low", s->low * 3600);
    json_double(j, "high", s->high * 3600);
    json_u64(j, "points", s->n);
    json_end_object(j);
}

/* Infinite is null: never. */
static void left_members(struct json *j, bool told, const struct diff_left *left)
{
    json_double(j, "seconds", told ? left->seconds : INFINITY);
    json_double(j, "earliest_seconds", told ? left->earliest : INFINITY);
    json_double(j, "latest_seconds", told ? left->latest : INFINITY);
}

static void reach(struct json *j, const struct diff_reach *to)
{
    if (!to->limit) {
        json_null(j, "memory_limit");
        return;
    }
    json_object(j, "memory_limit");
    json_i64(j, "limit", to->limit);
    json_string(j, "of", to->resident ? "resident" : "managed");
    json_bool(j, "known", to->known);
    json_bool(j, "reached", to->reached);
    left_members(j, to->told, &to->left);
    json_end_object(j);
}

static void memory_map(struct json *j, const struct diff_report *r)
{
    json_array(j, "memory_map");
    for (uint32_t i = 0; i < r->n_parts; i++) {
        const struct diff_part_change *p = &r->parts[i];
        json_object(j, NULL);
        json_string(j, "part", p->name);
        known(j, "a", p->has_a, p->a);
        known(j, "b", p->has_b, p->b);
        known(j, "delta", p->has_a && p->has_b, p->b - p->a);
        json_bool(j, "exact", p->exact);
        json_end_object(j);
    }
    json_end_array(j);
}

static void place(struct json *j, const struct diff_site *s)
{
    json_object(j, NULL);
    json_string(j, "function", s->function);
    json_string(j, "file", s->file);
    known(j, "line", s->line > 0, s->line);
    json_string(j, "stack", s->stack);
    json_bool(j, "capture", s->capture);
}

static void native_site(struct json *j, const struct diff_site *s)
{
    place(j, s);
    json_i64(j, "count_a", s->n_a);
    json_i64(j, "count_b", s->n_b);
    json_i64(j, "count_delta", s->n_b - s->n_a);
    json_i64(j, "size_a", s->shallow_a);
    json_i64(j, "size_b", s->shallow_b);
    json_i64(j, "size_delta", s->shallow_b - s->shallow_a);
    json_end_object(j);
}

static void site(struct json *j, const struct diff_site *s, bool both_sides)
{
    place(j, s);
    if (both_sides) {
        json_i64(j, "count_a", s->n_a);
        json_i64(j, "count_b", s->n_b);
        json_i64(j, "shallow_a", s->shallow_a);
        json_i64(j, "shallow_b", s->shallow_b);
        json_i64(j, "count_delta", s->n_b - s->n_a);
        json_i64(j, "shallow_delta", s->shallow_b - s->shallow_a);
    }
    json_i64(j, "count_new", s->n_new);
    json_i64(j, "shallow_new", s->shallow_new);
    json_end_object(j);
}

static void path(struct json *j, const struct diff_report *r, const struct diff_line *l)
{
    enum { STEPS_MAX = 256 };
    uint32_t steps[STEPS_MAX];
    size_t n = l->node == SIGN_NONE ? 0 : sign_steps(&r->sign, l->node, steps, STEPS_MAX), length;
    json_array(j, "path");
    for (size_t i = 0; i < n; i++) {
        const struct sign_node *x = &r->sign.nodes[steps[i]];
        json_object(j, NULL);
        const char *type = texts_get(&r->sign.texts, x->type, &length);
        if (x->type == TEXTS_NONE)
            json_null(j, "type");
        else
            json_stringn(j, "type", type, length);
        const char *edge = texts_get(&r->sign.texts, x->label, &length);
        json_stringn(j, "edge", edge, length);
        if (x->repeats) json_bool(j, "repeats", true);
        json_end_object(j);
    }
    json_end_array(j);
}

static void amount(struct json *j, const char *key, const struct heap_amount *a)
{
    json_object(j, key);
    json_u64(j, "count", a->count);
    json_u64(j, "shallow_size", a->shallow_size);
    json_u64(j, "native_size", a->native_size);
    json_end_object(j);
}

static void optional_id(struct json *j, const char *key, int64_t id)
{
    if (id)
        json_id(j, key, (uint64_t)id);
    else
        json_null(j, key);
}

static void held(struct json *j, const struct diff_line *l)
{
    json_array(j, "holds");
    for (uint32_t i = 0; i < l->n_held; i++) {
        const struct diff_held *h = &l->held[i];
        json_object(j, NULL);
        json_string(j, "type", h->type);
        json_string(j, "edge", h->edge);
        json_string(j, "holder", h->holder);
        json_string(j, "about", h->about);
        json_i64(j, "direct_delta", h->tops_delta);
        json_i64(j, "direct_added", h->tops_added);
        json_i64(j, "direct_removed", h->tops_removed);
        json_i64(j, "type_delta", h->type_delta);
        json_i64(j, "count_delta", h->count_delta);
        json_i64(j, "retained_delta", h->retained_delta);
        json_i64(j, "native_delta", h->native_delta);
        optional_id(j, "example_a", h->example_a);
        optional_id(j, "example_b", h->example_b);
        json_end_object(j);
    }
    json_end_array(j);
    json_i64(j, "holds_total", l->n_held_all);
}

static const char *kind_name(enum diff_line_kind kind)
{
    static const char *const names[] = { "owner", "live", "garbage", "rest" };
    return names[kind];
}

static void steps(struct json *j, const struct diff_line *l)
{
    json_array(j, "by_interval");
    for (uint32_t i = 0; i < l->n_steps; i++) {
        const struct diff_step *s = &l->steps[i];
        json_object(j, NULL);
        json_i64(j, "growth", s->growth);
        json_u64(j, "came", s->came);
        json_u64(j, "went", s->went);
        json_bool(j, "grew", s->grew);
        json_bool(j, "turns", s->turns);
        json_end_object(j);
    }
    json_end_array(j);
}

static void owner(struct json *j, const struct diff_report *r, const struct diff_line *l)
{
    json_object(j, NULL);
    json_string(j, "signature", l->signature);
    json_string(j, "kind", kind_name(l->kind));
    json_string(j, "name", l->path);
    json_string(j, "about", l->about);
    known(j, "bound", l->bound.bound >= 0, l->bound.bound);
    known(j, "length", l->bound.length >= 0, l->bound.length);
    json_bool(j, "accepted", l->accepted);
    path(j, r, l);
    json_string(j, "type", l->type);
    json_i64(j, "count_delta", l->count_delta);
    json_i64(j, "shallow_delta", l->shallow_delta);
    json_i64(j, "native_delta", l->native_delta);
    json_i64(j, "retained_delta", l->retained_delta);
    if (l->has_rate)
        json_double(j, "bytes_per_hour", l->rate);
    else
        json_null(j, "bytes_per_hour");
    slope(j, "course", &l->slope);
    if (r->reach.told && l->slope.n >= 2) {
        json_object(j, "memory_limit");
        left_members(j, true, &l->left);
        json_end_object(j);
    } else {
        json_null(j, "memory_limit");
    }
    json_u64(j, "intervals_grown", l->intervals);
    steps(j, l);
    amount(j, "added", &l->added);
    amount(j, "removed", &l->removed);
    amount(j, "moved", &l->moved);
    amount(j, "shared", &l->shared);
    json_string(j, "also_held_by", l->also);
    json_i64(j, "resized", l->resized);
    json_u64(j, "n_owners", l->n_owners);
    json_u64(j, "n_replaced", l->n_replaced);
    if (l->brings) json_i64(j, "brings", l->brings);
    if (l->follows) json_bool(j, "follows", true);
    bool one = l->kind == DIFF_LINE_OWNER, real = l->kind != DIFF_LINE_REST && !l->placed;
    optional_id(j, "object_a", real ? l->a_id : 0);
    optional_id(j, "object_b", real ? l->b_id : 0);
    if (one && l->has_address)
        json_address(j, "address", (uint64_t)l->address);
    else
        json_null(j, "address");
    known(j, "owner_retained_a", real, l->owner_retained_a);
    known(j, "owner_retained_b", real, l->owner_retained_b);
    held(j, l);
    json_array(j, "sites");
    for (uint32_t i = 0; i < l->n_sites; i++) site(j, &l->sites[i], false);
    json_end_array(j);
    json_end_object(j);
}

static void types(struct json *j, const struct diff_report *r)
{
    json_array(j, "types");
    for (uint32_t i = 0; i < r->n_types; i++) {
        const struct diff_type *t = &r->types[i];
        json_object(j, NULL);
        json_string(j, "type", t->name);
        json_i64(j, "growth", t->growth);
        json_i64(j, "count_a", t->n_a);
        json_i64(j, "count_b", t->n_b);
        json_i64(j, "count_delta", t->n_b - t->n_a);
        json_i64(j, "count_new", t->n_new);
        json_i64(j, "count_gone", t->n_gone);
        json_i64(j, "shallow_a", t->shallow_a);
        json_i64(j, "shallow_b", t->shallow_b);
        json_i64(j, "shallow_delta", t->shallow_b - t->shallow_a);
        json_i64(j, "shallow_new", t->shallow_new);
        json_i64(j, "shallow_gone", t->shallow_gone);
        json_i64(j, "native_delta", t->native_b - t->native_a);
        json_i64(j, "retained_a", t->retained_a);
        json_i64(j, "retained_b", t->retained_b);
        json_i64(j, "retained_delta", t->retained_b - t->retained_a);
        json_u64(j, "intervals_grown", t->intervals);
        json_end_object(j);
    }
    json_end_array(j);
    json_i64(j, "types_total", r->n_types_all);
}

static void lists(struct json *j, const struct diff_report *r)
{
    json_array(j, "owners");
    for (uint32_t i = 0; i < r->n_lines; i++) owner(j, r, &r->lines[i]);
    json_end_array(j);
    json_i64(j, "owners_total", r->n_lines_all);
    types(j, r);
    json_array(j, "sites");
    for (uint32_t i = 0; i < r->n_sites; i++) site(j, &r->sites[i], true);
    json_end_array(j);
    json_i64(j, "sites_total", r->n_sites_all);
    json_bool(j, "sites_recorded", r->has_sites);
    json_array(j, "native_sites");
    for (uint32_t i = 0; i < r->native.n; i++) native_site(j, &r->native.at[i]);
    json_end_array(j);
    json_i64(j, "native_sites_total", r->native.n_all);
    json_bool(j, "native_recorded", r->has_native);
    json_object(j, "accepted");
    json_i64(j, "live_delta", r->accepted);
    json_i64(j, "live_count_delta", r->n_accepted);
    json_end_object(j);
    json_array(j, "limits");
    for (uint32_t i = 0; i < r->n_limits; i++) {
        const struct diff_limit *l = &r->limits[i];
        json_object(j, NULL);
        json_string(j, "text", l->text);
        json_string(j, "unit", l->is_count ? "objects" : "bytes");
        json_i64(j, "value", l->value);
        json_i64(j, "limit", l->limit);
        json_bool(j, "passed", l->passed);
        json_bool(j, "known", l->known);
        json_end_object(j);
    }
    json_end_array(j);
}

int diff_print_json(const struct diff_report *r, FILE *out)
{
    struct json j;
    json_begin(&j, out);
    json_object(&j, NULL);
    json_string(&j, "schema", "snap.diff/1");
    snapshot(&j, "a", &r->snapshots[0]);
    snapshot(&j, "b", &r->snapshots[r->n_snapshots - 1]);
    json_array(&j, "between");
    for (uint32_t i = 1; i + 1 < r->n_snapshots; i++) snapshot(&j, NULL, &r->snapshots[i]);
    json_end_array(&j);
    json_string(&j, "matching", diff_matching_name(r->matching));
    json_string(&j, "matching_reason", r->matching_reason);
    if (r->has_interval)
        json_double(&j, "interval_seconds", r->interval);
    else
        json_null(&j, "interval_seconds");
    json_u64(&j, "intervals", r->n_intervals);
    json_array(&j, "warnings");
    for (uint32_t i = 0; i < r->n_warnings; i++) json_string(&j, NULL, r->warnings[i]);
    json_end_array(&j);
    verdict(&j, r);
    totals(&j, r);
    json_object(&j, "course");
    slope(&j, "resident", &r->resident);
    slope(&j, "managed", &r->managed);
    json_end_object(&j);
    reach(&j, &r->reach);
    memory_map(&j, r);
    lists(&j, r);
    json_end_object(&j);
    int status = json_finish(&j);
    if (status == JSON_MISUSE)
        return message_error(NULL, MESSAGE_NO_OFFSET, NULL, "the JSON document came out wrong");
    return 0; /* errors of the stream are found when stdout is closed */
}
