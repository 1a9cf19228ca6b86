/* SPDX-License-Identifier: MIT */
/* The snapshot that a query command is asked about; the contract is in subject.h. */
#include "report/subject.h"

#include <string.h>

#include "cli/color.h"
#include "cli/message.h"
#include "cli/type_name.h"
#include "report/subject_name.h"

int subject_open(struct subject *s, const char *path, const struct subject_options *options,
                 enum subject_refs refs)
{
    struct heapdb_options o = { .need_refs = refs == SUBJECT_NEEDS_REFS,
                                .load_refs = refs == SUBJECT_LIKES_REFS,
                                .no_cache = options->no_cache };
    *s = (struct subject){ .chosen = options->snapshot != NULL };
    if (heapdb_open(&s->db, path, &o)) return STATUS_UNUSABLE;
    int status = heapdb_hold(s->db);
    if (!status) status = heapdb_pick(s->db, options->snapshot, &s->snapshot);
    if (status) subject_close(s);
    return status;
}

void subject_close(struct subject *s)
{
    heapdb_close(s->db);
    *s = (struct subject){ 0 };
}

static bool is_of(const struct heapdb_ids *types, int64_t type)
{
    for (size_t i = 0; i < types->n; i++)
        if (types->at[i] == type) return true;
    return false;
}

/* The object of these types that retains most, native memory included, if it is among those that do
 * of all; 0: it is not, or no native memory is known. */
static int heaviest_of_type(struct subject *s, const struct heapdb_ids *types, int64_t *id)
{
    sqlite3_stmt *q;
    int more;
    if (heapdb_prepare(s->db, &q,
                       "SELECT o.id, o.type_id FROM heavy_object x JOIN object o"
                       " ON o.id = x.object_id WHERE x.snapshot_id = ?1 ORDER BY x.rank"))
        return STATUS_UNUSABLE;
    sqlite3_bind_int64(q, 1, s->snapshot->id);
    *id = 0;
    while (!*id && (more = heapdb_step(s->db, q)) == 1)
        if (is_of(types, sqlite3_column_int64(q, 1))) *id = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return !*id && more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

/* The largest live object of the types that match, as snaptop ranks them; garbage only where there is
 * nothing else. */
static int subject_of_type(struct subject *s, const char *pattern, int64_t *id)
{
    struct heapdb_ids types = { 0 };
    sqlite3_stmt *q = NULL;
    int64_t best = -1, garbage = 0;
    int status = heapdb_types(s->db, s->snapshot, pattern, &types), more = 0;
    if (!status) status = heaviest_of_type(s, &types, id);
    if (status || *id) {
        heapdb_ids_free(&types);
        return status;
    }
    status = heapdb_prepare(s->db, &q,
                            "SELECT o.id, o.retained_size FROM type_object x"
                            " JOIN object o ON o.id = x.object_id"
                            " WHERE x.type_id = ?1 ORDER BY x.rank");
    for (size_t i = 0; !status && i < types.n; i++) {
        sqlite3_reset(q);
        sqlite3_bind_int64(q, 1, types.at[i]);
        while ((more = heapdb_step(s->db, q)) == 1) {
            int64_t found = sqlite3_column_int64(q, 0), size = sqlite3_column_int64(q, 1);
            if (found > s->snapshot->garbage_root_id) {
                if (!garbage) garbage = found;
                continue;
            }
            if (size > best) {
                best = size;
                *id = found;
            }
            break;
        }
        if (more < 0) status = STATUS_UNUSABLE;
    }
    sqlite3_finalize(q);
    heapdb_ids_free(&types);
    if (status || best >= 0) return status;
    if (!garbage)
        return message_error(s->db->path, MESSAGE_NO_OFFSET, "snaptop --by type",
                             "there is no object of type %s", pattern);
    *id = garbage;
    return STATUS_DONE;
}

int subject_object(struct subject *s, const char *argument, int64_t *id)
{
    if (argument[0] != '#' && (argument[0] < '0' || argument[0] > '9')) {
        if (subject_named(s, argument, id)) return STATUS_UNUSABLE;
        return *id ? STATUS_DONE : subject_of_type(s, argument, id);
    }
    int status = heapdb_resolve(s->db, s->snapshot, argument, id);
    if (status) return status;
    const struct heapdb_snapshot *of = heapdb_snapshot_of(s->db, *id);
    if (!of || of == s->snapshot) return STATUS_DONE;
    if (s->chosen)
        return message_error(s->db->path, MESSAGE_NO_OFFSET, NULL,
                             "object %s is of snapshot %lld, not of snapshot %lld", argument,
                             (long long)of->id, (long long)s->snapshot->id);
    s->snapshot = of;
    return STATUS_DONE;
}

int subject_range(const struct subject *s, bool garbage, int64_t *first, int64_t *last)
{
    int64_t root = garbage ? s->snapshot->garbage_root_id : s->snapshot->live_root_id, highest = 0;
    int got = heapdb_number(s->db, "SELECT last_dominated FROM object WHERE id = ?", root, last);
    if (!got) got = heapdb_number(s->db, "SELECT max(id) FROM object", 0, &highest);
    if (got < 0) return STATUS_UNUSABLE;
    if (got > 0 || root < 1 || *last < root || *last > highest || *last == INT64_MAX)
        return heapdb_damaged(s->db, "a virtual root is wrong");
    *first = root + 1;
    return STATUS_DONE;
}

void subject_heading(const struct subject *s, FILE *out)
{
    const struct heapdb_snapshot *x = s->snapshot;
    struct text t = { 0 };
    char a[NUMBER_MAX], b[NUMBER_MAX];
    text_adds(&t, s->db->path);
    text_adds(&t, ":");
    if (x->service) text_addf(&t, " %s", x->service);
    if (x->version) text_addf(&t, " %s", x->version);
    if (x->runtime) text_addf(&t, " %s", x->runtime);
    if (x->pid) text_addf(&t, " pid %lld", (long long)x->pid);
    if (x->host) text_addf(&t, " on %s", x->host);
    if (x->has_time && x->captured_at > -9e9 && x->captured_at < 9e9)
        text_addf(&t, " at %s", number_time(a, (int64_t)(x->captured_at * 1e3 + 0.5) * 1000000));
    if (s->db->n_snapshots > 1)
        text_addf(&t, ", snapshot %lld of %zu", (long long)x->id, s->db->n_snapshots);
    fputs(color_on(out, COLOR_HEAD), out);
    text_put(out, text_str(&t), t.n);
    fputs(color_off(out), out);
    fprintf(out, "\nlive %s in %s object%s", subject_amount(a, subject_size(x->live_size)),
            number_count(b, subject_size(x->n_live)), x->n_live == 1 ? "" : "s");
    if (x->live_native > 0)
        fprintf(out, " and %s outside the heap", subject_amount(a, subject_size(x->live_native)));
    if (x->n_garbage > 0)
        fprintf(out, ", garbage %s in %s", subject_amount(a, subject_size(x->garbage_size)),
                number_count(b, subject_size(x->n_garbage)));
    if (x->garbage_native > 0)
        fprintf(out, " and %s outside the heap",
                subject_amount(a, subject_size(x->garbage_native)));
    fputs("\n", out);
    if (!x->complete)
        fputs("The capture is incomplete: what is missing may hold or be held by what is here.\n",
              out);
    text_free(&t);
}

void subject_snapshot_json(const struct heapdb_snapshot *x, struct json *j)
{
    json_id(j, "id", (uint64_t)x->id);
    json_string(j, "path", x->path);
    json_string(j, "runtime", x->runtime);
    json_string(j, "service", x->service);
    json_string(j, "version", x->version);
    json_string(j, "host", x->host);
    if (x->pid)
        json_i64(j, "pid", x->pid);
    else
        json_null(j, "pid");
    if (x->has_time && x->captured_at > -9e9 && x->captured_at < 9e9)
        json_time(j, "captured_at", (int64_t)(x->captured_at * 1e3 + 0.5) * 1000000);
    else
        json_null(j, "captured_at");
    json_bool(j, "complete", x->complete);
    json_u64(j, "objects", subject_size(x->n_objects));
    json_u64(j, "live_objects", subject_size(x->n_live));
    json_u64(j, "garbage_objects", subject_size(x->n_garbage));
    json_u64(j, "live_size", subject_size(x->live_size));
    json_u64(j, "garbage_size", subject_size(x->garbage_size));
    if (x->live_native > 0 || x->garbage_native > 0) {
        json_u64(j, "live_native", subject_size(x->live_native));
        json_u64(j, "garbage_native", subject_size(x->garbage_native));
    }
}

void subject_json(const struct subject *s, struct json *j)
{
    json_string(j, "file", s->db->path);
    json_string(j, "taken_as", s->db->taken_text);
    json_object(j, "snapshot");
    subject_snapshot_json(s->snapshot, j);
    json_end_object(j);
}

static int answer_json(struct subject *s, const char *schema,
                       int (*show)(void *opaque, struct subject *s, struct json *j), void *opaque)
{
    struct json j;
    uint64_t offset;
    json_begin(&j, stdout);
    json_object(&j, NULL);
    json_string(&j, "schema", schema);
    subject_json(s, &j);
    int status = show(opaque, s, &j);
    if (status) {
        json_give_up(&j, message_last(&offset));
        return status;
    }
    json_end_object(&j);
    if (json_finish(&j) == JSON_MISUSE)
        status = message_error(NULL, MESSAGE_NO_OFFSET, NULL, "the JSON document is not whole");
    return status;
}

int subject_answer(struct subject *s, const char *schema, bool as_json,
                   int (*show)(void *opaque, struct subject *s, struct json *j), void *opaque)
{
    int status;
    if (as_json) {
        status = answer_json(s, schema, show, opaque);
    } else {
        subject_heading(s, stdout);
        fputs("\n", stdout);
        status = show(opaque, s, NULL);
    }
    subject_close(s);
    return status;
}

char *subject_amount(char out[NUMBER_MAX], uint64_t bytes)
{
    number_size(out, bytes);
    if (number_exact()) strcat(out, bytes == 1 ? " byte" : " bytes"); /* at most 26 characters */
    return out;
}

void subject_type(struct text *t, const char *module, const char *name)
{
    const char *own = name ? name : "(unknown)";
    type_name(t, module, module ? strlen(module) : 0, own, strlen(own));
}
