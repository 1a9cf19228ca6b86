/* SPDX-License-Identifier: MIT */
/* Running the rules; finding.h. */
#include "leak/finding.h"

#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "leak/fold.h"
#include "leak/functions.h"

const char *const severity_words[] = { "note", "warning", "error" };

/* ---- one finding ---------------------------------------------------------------------------- */

void finding_free(struct finding *f)
{
    free(f->sentence);
    free(f->path);
    free(f->type);
    free(f->evidence);
}

/* A text column; false without memory. */
static bool take_text(sqlite3_stmt *q, int column, char **out)
{
    const char *s = (const char *)sqlite3_column_text(q, column);
    *out = s ? strdup(s) : NULL;
    return *out || !s;
}

/* What folding asks of a finding's object, and its type. */
static int place_object(struct subject *s, struct finding *f)
{
    struct heapdb_object object;
    struct text type = { 0 };
    int status = heapdb_object(s->db, f->object_id, &object);
    if (status) return status;
    f->last_dominated = object.last_dominated;
    f->type_id = object.type_id;
    f->is_garbage = object.is_garbage;
    subject_type(&type, object.module, object.type);
    heapdb_object_free(&object);
    f->type = type.s;
    return type.failed ? message_no_memory("a finding") : STATUS_DONE;
}

/* The path to a finding's object: only of what is kept, since it may be long. */
static int find_path(struct functions *functions, struct finding *f)
{
    struct text path = { 0 };
    int status = f->object_id ? functions_path(functions, f->object_id, &path) : STATUS_DONE;
    f->path = path.s;
    return status ? status : path.failed ? message_no_memory("a finding") : STATUS_DONE;
}

static int find_paths(struct functions *functions, struct findings *out)
{
    int status = STATUS_DONE;
    for (size_t i = 0; i < out->n; i++)
        for (size_t k = 0; !status && k < out->rules[i].n; k++)
            status = find_path(functions, &out->rules[i].at[k]);
    return status;
}

static enum severity severity_of(const char *word)
{
    int i = SEVERITY_ERROR;
    while (i > SEVERITY_NOTE && (!word || strcmp(word, severity_words[i]) != 0)) i--;
    return (enum severity)i;
}

static int keep(struct rule_findings *r, struct finding *f)
{
    if (r->n == r->room) {
        size_t room = r->room ? r->room * 2 : 8;
        struct finding *at = realloc(r->at, room * sizeof *at);
        if (!at) return message_no_memory("the findings");
        r->at = at;
        r->room = room;
    }
    r->at[r->n++] = *f;
    *f = (struct finding){ 0 };
    return STATUS_DONE;
}

/* One row of a rule's query. */
static int take_row(struct subject *s, size_t limit, struct rule_findings *r, sqlite3_stmt *q)
{
    struct finding f = { .severity = severity_of((const char *)sqlite3_column_text(q, 0)) };
    f.has_bytes = sqlite3_column_type(q, 2) != SQLITE_NULL;
    f.has_objects = sqlite3_column_type(q, 3) != SQLITE_NULL;
    f.bytes = subject_size(sqlite3_column_int64(q, 2));
    f.objects = subject_size(sqlite3_column_int64(q, 3));
    f.object_id = sqlite3_column_int64(q, 4);
    if (r->n >= limit) {
        r->more++;
        return STATUS_DONE;
    }
    int status = STATUS_DONE;
    if (!take_text(q, 1, &f.sentence) || !take_text(q, 5, &f.evidence))
        status = message_no_memory("a finding");
    if (!status && f.object_id) status = place_object(s, &f);
    if (!status) status = keep(r, &f);
    finding_free(&f);
    return status;
}

/* ---- one rule ------------------------------------------------------------------------------- */

static void bind(sqlite3_stmt *q, const char *name, int64_t value)
{
    int i = sqlite3_bind_parameter_index(q, name);
    if (i) sqlite3_bind_int64(q, i, value);
}

static void bind_all(sqlite3_stmt *q, const struct heapdb_snapshot *s, bool has_base,
                     uint64_t floor)
{
    bind(q, ":snapshot", s->id);
    bind(q, ":live_root", s->live_root_id);
    bind(q, ":garbage_root", s->garbage_root_id);
    bind(q, ":live_size", s->live_size);
    bind(q, ":garbage_size", s->garbage_size);
    bind(q, ":live_native", s->live_native);
    bind(q, ":n_live", s->n_live);
    bind(q, ":floor", (int64_t)(floor < INT64_MAX ? floor : INT64_MAX));
    bind(q, ":has_base", has_base);
}

static uint64_t floor_of(const struct subject *s, const struct findings_options *o)
{
    uint64_t percent = subject_size(s->snapshot->live_size) / 100;
    return o->floor ? o->floor : percent > 65536 ? percent : 65536;
}

static const char *why_skipped(const struct rule *rule, const struct heapdb_snapshot *s, bool base)
{
    if (!rule_is_for(rule, s->runtime)) return "is for other runtimes";
    if (rule->runtime && !s->n_refs) /* of tracemalloc, say: blocks of memory, of no known type */
        return "is for heaps whose objects refer to each other";
    if (rule->needs & RULE_NEEDS_REFS && !s->has_refs)
        return "needs the references: load the snapshot without --summary";
    if (rule->needs & RULE_NEEDS_COMPLETE && !s->complete)
        return "needs a complete capture";
    if (rule->needs & RULE_NEEDS_BASE && !base)
        return "needs an earlier snapshot to compare with: snapleak NEW OLD";
    return NULL;
}

/* 1 with a row, 0 at the end, -1 after a message: the function's own, where one of ours failed. */
static int next_row(struct subject *s, const struct functions *functions, sqlite3_stmt *q)
{
    int code = sqlite3_step(q);
    if (code == SQLITE_ROW) return 1;
    if (code == SQLITE_DONE) return 0;
    if (!functions_failed(functions)) heapdb_error(s->db, "reading the database");
    return -1;
}

static int run_rule(struct subject *s, struct functions *functions, bool base,
                    const struct findings_options *o, struct rule_findings *r)
{
    sqlite3_stmt *q = NULL;
    int more = 0;
    r->skipped = why_skipped(&r->rule, s->snapshot, base);
    if (r->skipped) return STATUS_DONE;
    message_verbose("rule %s", r->rule.name);
    int status = heapdb_prepare(s->db, &q, r->rule.sql);
    if (status) return status;
    bind_all(q, s->snapshot, base, floor_of(s, o));
    status = functions_ready(functions);
    while (!status && (more = next_row(s, functions, q)) == 1)
        status = take_row(s, o->keep > FOLD_MAX ? o->keep : FOLD_MAX, r, q);
    sqlite3_finalize(q);
    return status || more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

/* ---- all of them ---------------------------------------------------------------------------- */

static bool is_wanted(const struct findings_options *o, const char *name)
{
    for (size_t i = 0; i < o->n_only; i++)
        if (strcmp(o->only[i], name) == 0) return true;
    return o->n_only == 0;
}

static int read_rules(const struct findings_options *o, const char *runtime, struct findings *out)
{
    size_t n = 0;
    while (rule_files[n].name) n++;
    out->rules = calloc(n ? n : 1, sizeof *out->rules);
    if (!out->rules) return message_no_memory("the rules");
    for (size_t i = 0; i < n; i++) {
        if (!is_wanted(o, rule_files[i].name)) continue;
        struct rule *rule = &out->rules[out->n++].rule;
        if (!rule_read(&rule_files[i], rule) || !rule_speak(rule, runtime))
            return message_error(NULL, MESSAGE_NO_OFFSET, NULL, "the rule %s cannot be read",
                                 rule_files[i].name);
    }
    return STATUS_DONE;
}

/* What an incomplete capture lacks would look new or gone: then nothing is compared. */
static bool can_compare(const struct subject *subject, const struct subject *base)
{
    if (!base) return false;
    bool both = subject->snapshot->complete && base->snapshot->complete;
    if (!both)
        message_warning((base->snapshot->complete ? subject : base)->db->path, MESSAGE_NO_OFFSET,
                        "incomplete: the two snapshots are not compared");
    return both;
}

int findings_run(struct subject *subject, struct subject *base,
                 const struct findings_options *options, struct findings *out)
{
    struct functions *functions = NULL;
    if (!can_compare(subject, base)) base = NULL;
    *out = (struct findings){ 0 };
    int status = read_rules(options, subject->snapshot->runtime, out);
    if (!status) status = functions_new(&functions, subject, base, options->made);
    for (size_t i = 0; !status && i < out->n; i++)
        status = run_rule(subject, functions, base != NULL, options, &out->rules[i]);
    if (!status) {
        fold_findings(out);
        status = fold_cut(out, options->keep) ? find_paths(functions, out)
                                              : message_no_memory("the findings");
    }
    functions_free(functions);
    if (status) findings_free(out);
    return status;
}

void findings_free(struct findings *f)
{
    for (size_t i = 0; i < f->n; i++) {
        for (size_t k = 0; k < f->rules[i].n; k++) finding_free(&f->rules[i].at[k]);
        free(f->rules[i].at);
        rule_free(&f->rules[i].rule);
    }
    free(f->rules);
    *f = (struct findings){ 0 };
}
