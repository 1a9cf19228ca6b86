/* SPDX-License-Identifier: MIT */
/* What snapinfo found, as one entry of "files" in snap.info/1; described in feed.schema.json. */
#include "info.h"

#include <string.h>

#include "cli/message.h"
#include "cli/number.h"

static void json_kept(struct json *j, const char *key, const struct text *text, size_t at, size_t n)
{
    json_stringn(j, key, text_str(text) + at, n);
}

static void json_uuid(struct json *j, const char *key, const uint8_t uuid[16])
{
    char s[40];
    size_t at = 0;
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) s[at++] = '-';
        at += (size_t)snprintf(s + at, sizeof s - at, "%02x", uuid[i]);
    }
    json_string(j, key, s);
}

/* A snapshot's (or, with 0, the file's) pairs of a kind as one object. */
static void json_pairs(struct json *j, const char *key, const struct info_facts *f, unsigned kind,
                       uint32_t snapshot)
{
    size_t first, end = info_pairs_of(f, snapshot, &first);
    json_object(j, key);
    for (size_t i = first; i < end; i++) {
        const struct info_pair *p = &f->pairs[i];
        struct text name = { 0 };
        if (p->kind != kind) continue;
        text_add(&name, text_str(&f->text) + p->key, p->key_n);
        json_key_size(j, name.n);
        if (kind == SNAP_KIND_COUNTER) {
            json_i64(j, text_str(&name), p->number);
        } else {
            json_kept(j, text_str(&name), &f->text, p->value, p->value_n);
        }
        text_free(&name);
    }
    json_end_object(j);
}

static void json_damage(struct json *j, const struct info_damage *d)
{
    json_array(j, "damage");
    for (size_t i = 0; i < d->n; i++) {
        json_object(j, NULL);
        if (d->at[i].offset == UINT64_MAX) {
            json_null(j, "offset");
        } else {
            json_u64(j, "offset", d->at[i].offset);
        }
        json_string(j, "cause", snap_status_name(d->at[i].code));
        json_string(j, "text", d->at[i].text);
        json_end_object(j);
    }
    json_end_array(j);
}

static void json_snapshots(struct json *j, const struct info_facts *f)
{
    json_array(j, "snapshots");
    for (size_t i = 0; i < f->n_snapshots; i++) {
        const struct info_snapshot *s = &f->snapshots[i];
        json_object(j, NULL);
        json_u64(j, "number", s->number);
        json_bool(j, "complete", info_snapshot_complete(f, s));
        if (s->begun && s->reason_n) {
            json_kept(j, "reason", &f->text, s->reason, s->reason_n);
        } else {
            json_null(j, "reason");
        }
        if (s->begun && s->wall_ns && s->wall_ns <= INT64_MAX) {
            json_time(j, "taken", (int64_t)s->wall_ns);
        } else {
            json_null(j, "taken");
        }
        if (s->begun && s->finished && s->finish.mono_ns >= s->mono_ns) {
            json_u64(j, "took_ns", s->finish.mono_ns - s->mono_ns);
        } else {
            json_null(j, "took_ns");
        }
        json_u64(j, "objects", s->counted ? s->objects : s->finish.objects);
        json_u64(j, "references", s->counted ? s->edges : s->finish.edges);
        json_u64(j, "roots", s->counted ? s->roots : s->finish.roots);
        json_pairs(j, "metadata", f, SNAP_KIND_METADATA, s->number);
        json_pairs(j, "labels", f, SNAP_KIND_LABEL, s->number);
        json_pairs(j, "counters", f, SNAP_KIND_COUNTER, s->number);
        json_end_object(j);
    }
    json_end_array(j);
}

static void json_totals(struct json *j, const struct info_total totals[INFO_KINDS])
{
    json_array(j, "contents");
    for (unsigned k = 1; k < INFO_KINDS; k++) {
        if (!totals[k].chunks) continue;
        json_object(j, NULL);
        json_string(j, "kind", info_kind_name(k));
        json_u64(j, "chunks", totals[k].chunks);
        json_u64(j, "rows", totals[k].rows);
        json_u64(j, "raw_bytes", totals[k].raw);
        json_u64(j, "stored_bytes", totals[k].stored);
        json_end_object(j);
    }
    json_end_array(j);
}

static void json_facts(struct json *j, const struct info_report *report)
{
    const struct info_facts *f = report->facts;
    uint64_t objects = f->totals[SNAP_KIND_OBJECT].rows;
    json_object(j, "format");
    json_u64(j, "major", f->file.major);
    json_u64(j, "minor", f->file.minor);
    json_end_object(j);
    json_uuid(j, "uuid", f->file.uuid);
    json_u64(j, "bytes", f->size);
    json_bool(j, "complete", info_report_complete(report));
    json_u64(j, "lost_chunks", f->summary.lost_chunks);
    json_damage(j, info_report_damage(report));
    json_pairs(j, "metadata", f, SNAP_KIND_METADATA, 0);
    json_pairs(j, "labels", f, SNAP_KIND_LABEL, 0);
    json_pairs(j, "counters", f, SNAP_KIND_COUNTER, 0);
    json_u64(j, "omitted", f->lost_pairs + f->lost_snapshots);
    json_snapshots(j, f);
    json_totals(j, f->totals);
    if (objects) {
        json_double(j, "bytes_per_object", (double)f->size / (double)objects);
    } else {
        json_null(j, "bytes_per_object");
    }
}

static void json_types(struct json *j, const struct info_types *x, uint64_t top)
{
    json_object(j, "types");
    json_u64(j, "objects", x->all.n);
    json_u64(j, "shallow_size", x->all.shallow);
    json_u64(j, "native_size", x->all.native);
    json_u64(j, "objects_of_lost_types", x->unknown);
    json_u64(j, "count", x->n);
    json_array(j, "rows");
    for (size_t i = 0; i < x->n && (top == 0 || i < top); i++) {
        const struct info_type *t = &x->types[i];
        json_object(j, NULL);
        json_kept(j, "type", &x->text, t->name, t->name_n);
        json_u64(j, "classes", t->classes);
        json_u64(j, "objects", t->n);
        json_u64(j, "shallow_size", t->shallow);
        json_u64(j, "native_size", t->native);
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
}

static void json_privacy(struct json *j, const struct info_privacy *x)
{
    json_object(j, "privacy");
    json_array(j, "categories");
    for (unsigned c = 0; c < PRIVACY_CATEGORIES; c++) {
        const struct info_privacy_row *row = &x->rows[c];
        json_object(j, NULL);
        json_string(j, "category", info_category_name((enum info_category)c));
        json_string(j, "meaning", info_category_help((enum info_category)c));
        json_u64(j, "texts", row->n);
        json_u64(j, "bytes", row->bytes);
        json_array(j, "examples");
        for (size_t i = 0; i < row->n_examples; i++)
            json_kept(j, NULL, &x->text, row->examples[i].at, row->examples[i].n);
        json_end_array(j);
        json_end_object(j);
    }
    json_end_array(j);
    json_u64(j, "hashed_keys", x->hashed_keys);
    json_u64(j, "hashed_contents", x->hashed_contents);
    json_u64(j, "lost_strings", x->lost_strings);
    json_end_object(j);
}

static void json_verdict(struct json *j, const struct info_verdict *x)
{
    static const char *const severities[] = { "note", "warning", "error" };
    json_object(j, "verify");
    json_bool(j, "whole", x->whole);
    json_u64(j, "chunks", x->chunks);
    json_u64(j, "rows", x->rows);
    json_u64(j, "snapshots", x->snapshots);
    json_u64(j, "complete_snapshots", x->complete);
    json_array(j, "findings");
    for (size_t i = 0; i < x->n; i++) {
        const struct info_finding *f = &x->findings[i];
        json_object(j, NULL);
        json_string(j, "severity", severities[f->severity]);
        if (f->offset == UINT64_MAX) {
            json_null(j, "offset");
        } else {
            json_u64(j, "offset", f->offset);
        }
        json_u64(j, "times", f->count);
        json_string(j, "text", f->text);
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
}

static void json_recovery(struct json *j, const struct info_report *report)
{
    const struct info_recovery *x = report->recovery;
    json_object(j, "recovered");
    json_string(j, "path", report->recovered_to);
    json_uuid(j, "uuid", x->uuid);
    json_u64(j, "bytes", x->bytes);
    json_u64(j, "chunks", x->chunks);
    json_u64(j, "lost_chunks", x->lost_chunks);
    json_u64(j, "lost_bytes", x->lost_bytes);
    json_u64(j, "made_up_beginnings", x->begun);
    json_u64(j, "made_up_ends", x->finished);
    json_totals(j, x->totals);
    json_end_object(j);
}

static void json_chunk(void *opaque, const snap_batch *b)
{
    struct json *j = opaque;
    unsigned columns[SNAP_MAX_COLUMNS];
    size_t n = snap_batch_columns(b, columns, SNAP_MAX_COLUMNS);
    const char *name = info_kind_name(snap_batch_kind(b));
    json_object(j, NULL);
    json_u64(j, "offset", snap_batch_offset(b));
    if (name) {
        json_string(j, "kind", name);
    } else {
        json_id(j, "kind", snap_batch_kind(b));
    }
    json_u64(j, "snapshot", snap_batch_snapshot(b));
    json_u64(j, "rows", snap_batch_rows(b));
    json_id(j, "first", snap_batch_first(b));
    json_u64(j, "raw_bytes", snap_batch_raw_size(b));
    json_u64(j, "stored_bytes", snap_batch_stored_size(b));
    json_array(j, "columns");
    for (size_t i = 0; i < n && i < SNAP_MAX_COLUMNS; i++) json_u64(j, NULL, columns[i]);
    json_end_array(j);
    json_end_object(j);
}

void info_json_types(const char *path, const char *what, bool complete,
                     const struct info_types *types, uint64_t top, struct json *j)
{
    json_string(j, "path", path);
    json_string(j, "taken_as", what);
    json_bool(j, "complete", complete);
    json_types(j, types, top);
}

int info_show_json(const struct info_report *report, struct json *j)
{
    int status = 0;
    json_string(j, "path", report->in->path);
    json_facts(j, report);
    if (report->types) json_types(j, report->types, report->top);
    if (report->privacy) json_privacy(j, report->privacy);
    if (report->chunks) {
        json_array(j, "chunks");
        status = info_each_chunk(report->in, json_chunk, j);
        json_end_array(j);
    }
    if (report->verdict) json_verdict(j, report->verdict);
    if (report->recovery) json_recovery(j, report);
    return status;
}
