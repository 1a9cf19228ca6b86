/* SPDX-License-Identifier: MIT */
/* A V8 heap snapshot of any runtime's heap: the flow, the header, nodes; heapsnapshot.h. */
#include "export/heapsnapshot.h"

#include <stdlib.h>

#include <snap/format.h>

#include "cli/message.h"
#include "cli/progress.h"

/* ---- what there is ------------------------------------------------------------------------- */

static int first_number(struct v8_out *x, const char *sql, int64_t *out)
{
    *out = 0;
    return heapdb_number(x->db, sql, x->job->subject->snapshot->id, out) < 0 ? STATUS_UNUSABLE
                                                                              : STATUS_DONE;
}

/* V8's root node among the objects. */
static int find_v8_root(struct v8_out *x)
{
    sqlite3_stmt *q;
    int status = heapdb_prepare(x->db, &q,
                                "SELECT r.object_id FROM root r JOIN object o ON o.id = r.object_id"
                                " JOIN type t ON t.id = o.type_id WHERE r.object_id BETWEEN ?1 AND"
                                " ?2 AND r.kind = ?3 AND t.kind = ?4 AND t.name = '(root)'"
                                " ORDER BY r.object_id LIMIT 1");
    if (status) return status;
    sqlite3_bind_int64(q, 1, x->live + 1);
    sqlite3_bind_int64(q, 2, x->last);
    sqlite3_bind_int(q, 3, SNAP_ROOT_RUNTIME);
    sqlite3_bind_int(q, 4, SNAP_TYPE_INTERNAL);
    int got = heapdb_step(x->db, q);
    if (got > 0) x->root_object = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return got < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

/* Which kinds of roots there are. */
static int find_root_kinds(struct v8_out *x)
{
    sqlite3_stmt *q;
    int more = 1, status = heapdb_prepare(x->db, &q,
                                          "SELECT kind, n FROM root_summary WHERE snapshot_id = ?1"
                                          " ORDER BY kind");
    if (status) return status;
    sqlite3_bind_int64(q, 1, x->job->subject->snapshot->id);
    while ((more = heapdb_step(x->db, q)) == 1 && x->n_root_kinds < OUT_ROOT_KINDS)
        x->root_kind[x->n_root_kinds++] = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return more < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

static bool has_root_kind(const struct v8_out *x, int64_t kind)
{
    for (int i = 0; i < x->n_root_kinds; i++)
        if (x->root_kind[i] == kind) return true;
    return false;
}

/* What stacks tell; the files that they name. */
static int find_sites(struct v8_out *x)
{
    int64_t places = 0;
    int status = first_number(x, "SELECT count(*) FROM metadata WHERE snapshot_id = ?1 AND key ="
                                 " 'sites' AND value = 'functions'", &places);
    x->sites_are_places = x->is_v8 && places > 0;
    if (!status && !out_scripts(x)) status = message_no_memory("the names of scripts");
    return status;
}

/* The nodes: which there are, and their numbers. */
static int lay_out(struct v8_out *x)
{
    const struct heapdb_snapshot *s = x->job->subject->snapshot;
    int64_t first, last;
    x->is_v8 = s->runtime && strcmp(s->runtime, "v8") == 0;
    x->live = s->live_root_id;
    x->garbage = s->garbage_root_id;
    if (subject_range(x->job->subject, true, &first, &last)) return STATUS_UNUSABLE;
    x->last = last < first ? x->garbage - 1 : last;
    if (x->live < 0 || x->garbage <= x->live || x->last - x->live > UINT32_MAX)
        return heapdb_damaged(x->db, "the ids of the virtual roots are wrong");
    int status = x->is_v8 ? find_v8_root(x) : STATUS_DONE;
    if (!status) status = find_root_kinds(x);
    if (status) return status;
    x->n_own = x->root_object ? has_root_kind(x, SNAP_ROOT_UNREACHABLE)
                              : 1 + (uint32_t)x->n_root_kinds;
    uint64_t n = 1 + x->n_own + (uint64_t)(x->last - x->live) - (x->root_object != 0);
    if (n > UINT32_MAX / OUT_FIELDS)
        return message_error(x->db->path, MESSAGE_NO_OFFSET, "another format",
                             "it has more objects than a V8 heap snapshot can number");
    x->n_nodes = (uint32_t)n;
    x->garbage_node = last < first ? 0 : out_node(x, x->garbage);
    x->edges = calloc((size_t)n, sizeof *x->edges);
    return x->edges ? STATUS_DONE : message_no_memory("the numbers of references");
}

/* ---- ids ----------------------------------------------------------------------------------- */

/* V8's own ids are kept where they fit; those of other runtimes are made from addresses where
 * objects keep them, so that two snapshots of a process can be compared; else counted. */
static int choose_ids(struct v8_out *x)
{
    int64_t n = 0, low = 0, high = 0;
    size_t slots = 1024;
    int status = first_number(x, "SELECT count(*) FROM address WHERE snapshot_id = ?1", &n);
    if (!status)
        status = first_number(x, "SELECT min(address) FROM address WHERE snapshot_id = ?1", &low);
    if (!status)
        status = first_number(x, "SELECT max(address) FROM address WHERE snapshot_id = ?1", &high);
    if (status) return status;
    x->next_id = 1;
    bool all = n == x->last - x->live - (x->garbage_node != 0);
    if (x->root_object && all && low > 0 && high < (int64_t)OUT_MAX - 64) {
        x->keep_ids = true;
        x->next_id = (uint64_t)high | 1;
        return STATUS_DONE;
    }
    x->stable_ids = x->job->subject->snapshot->stable_ids && n > 0;
    if (!x->stable_ids) return STATUS_DONE;
    while (slots < x->n_nodes + x->n_nodes / 2) slots *= 2;
    x->taken = calloc(slots, sizeof *x->taken);
    x->taken_mask = slots - 1;
    return x->taken ? STATUS_DONE : message_no_memory("the ids");
}

/* Enters an odd id, or the next one that is free: there are 2^31 of them, and at most a third are
 * taken. The set is at most two thirds full. */
static uint32_t take_id(struct v8_out *x, uint64_t hash)
{
    for (uint32_t half = (uint32_t)(hash >> 33);; half = (half + 1) & (UINT32_MAX >> 1)) {
        uint32_t id = half << 1 | 1;
        size_t at = (size_t)(half * UINT32_C(0x9e3779b9)) & x->taken_mask;
        while (x->taken[at] && x->taken[at] != id) at = (at + 1) & x->taken_mask;
        if (x->taken[at]) continue;
        x->taken[at] = id;
        return id;
    }
}

static uint64_t node_id(struct v8_out *x, bool has_address, uint64_t address)
{
    if (x->keep_ids && has_address) return address;
    if (x->keep_ids) return x->next_id += 2;
    if (x->stable_ids && has_address) return take_id(x, address * UINT64_C(0x9e3779b97f4a7c15));
    if (x->stable_ids) return take_id(x, x->next_id++ << 34);
    return 2 * x->next_id++ - 1;
}

/* ---- nodes --------------------------------------------------------------------------------- */

struct node {
    enum v8_out_node kind;
    uint64_t name, id, size;
    uint32_t trace;
    bool detached;
};

static void put_node(struct v8_out *x, uint32_t number, const struct node *n)
{
    uint64_t size = n->size > OUT_MAX ? OUT_MAX : n->size;
    x->sizes_clamped += n->size > OUT_MAX;
    if (number) emit_char(&x->e, ',');
    const uint64_t fields[OUT_FIELDS] = { (uint64_t)n->kind, n->name, n->id, size,
                                          x->edges[number], n->trace, n->detached ? 2 : 0 };
    for (int i = 0; i < OUT_FIELDS; i++) {
        if (i) emit_char(&x->e, ',');
        emit_number(&x->e, fields[i]);
    }
    emit_char(&x->e, '\n');
}

/* Rows of `detail` beside those of `object`, both in the order of the ids. */
struct details {
    sqlite3_stmt *q;
    int64_t id; /* of the row that it stands at; INT64_MAX: none is left */
};

static int next_detail(struct v8_out *x, struct details *d)
{
    int got = heapdb_step(x->db, d->q);
    d->id = got > 0 ? sqlite3_column_int64(d->q, 0) : INT64_MAX;
    return got < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

/* The name of an object, which the details of it may say. */
static int name_node(struct v8_out *x, struct details *d, int64_t id, const struct out_type *type,
                     struct node *n)
{
    uint32_t index = out_type_string(x, type);
    int status = STATUS_DONE;
    while (d->id <= id && !status) {
        bool mine = d->id == id, has_value = sqlite3_column_type(d->q, 2) != SQLITE_NULL;
        if (mine && type->own_name && sqlite3_column_type(d->q, 1) != SQLITE_NULL) {
            status = out_db_string(x, sqlite3_column_int64(d->q, 1), &index);
            if (!x->is_v8 && n->kind == OUT_OBJECT) n->kind = OUT_CLOSURE;
        }
        n->name = index;
        if (mine && type->is_string && has_value) {
            n->name = x->first_value + x->n_values;
            if (!x->is_v8) n->kind = OUT_STRING;
        }
        x->n_values += has_value;
        if (!status) status = next_detail(x, d);
        if (mine) return status;
    }
    n->name = index;
    return status;
}

/* A row of `object`: id, type, size, address, stack, flags. */
static int object_node(struct v8_out *x, struct details *d, sqlite3_stmt *q, uint32_t number)
{
    int64_t id = sqlite3_column_int64(q, 0), size = sqlite3_column_int64(q, 2);
    struct node n = { .size = subject_size(size) };
    if (id == x->garbage) {
        n = (struct node){ .kind = OUT_SYNTHETIC, .name = OUT_S_GARBAGE,
                           .id = node_id(x, false, 0) };
        put_node(x, number, &n);
        return STATUS_DONE;
    }
    const struct out_type *type = out_type(x, sqlite3_column_int64(q, 1));
    if (!type) return STATUS_UNUSABLE;
    n.kind = (enum v8_out_node)type->kind;
    if (n.kind == OUT_SYNTHETIC && !type->unnamed && n.size && !x->kinds_told) n.kind = OUT_HIDDEN;
    if (name_node(x, d, id, type, &n)) return STATUS_UNUSABLE;
    n.id = node_id(x, sqlite3_column_type(q, 3) != SQLITE_NULL,
                   (uint64_t)sqlite3_column_int64(q, 3));
    if (n.kind == OUT_CLOSURE && !out_add_place(x, number, sqlite3_column_int64(q, 4)))
        return message_no_memory("the places of functions");
    if (!x->sites_are_places) n.trace = out_trace_node(x, sqlite3_column_int64(q, 4));
    n.detached = (sqlite3_column_int64(q, 5) & SNAP_OBJECT_DETACHED) != 0;
    put_node(x, number, &n);
    return STATUS_DONE;
}

static const char object_sql[] =
    "SELECT id, type_id, shallow_size, address, stack_id, flags FROM object"
    " WHERE id BETWEEN ?1 AND ?2 ORDER BY id";

/* The root, and the nodes of our own. */
static int first_nodes(struct v8_out *x)
{
    struct node n = { .kind = OUT_SYNTHETIC, .name = OUT_S_EMPTY };
    if (x->root_object) {
        sqlite3_stmt *q;
        if (heapdb_prepare(x->db, &q, object_sql)) return STATUS_UNUSABLE;
        sqlite3_bind_int64(q, 1, x->root_object);
        sqlite3_bind_int64(q, 2, x->root_object);
        int got = heapdb_step(x->db, q);
        if (got > 0) {
            n.size = subject_size(sqlite3_column_int64(q, 2));
            n.id = node_id(x, true, (uint64_t)sqlite3_column_int64(q, 3));
        }
        sqlite3_finalize(q);
        if (got < 0) return STATUS_UNUSABLE;
        put_node(x, 0, &n);
    } else {
        n.id = node_id(x, false, 0);
        put_node(x, 0, &n);
    }
    for (uint32_t i = 1; i <= x->n_own; i++) {
        n = (struct node){ .kind = OUT_SYNTHETIC, .id = node_id(x, false, 0) };
        n.name = x->root_object ? OUT_S_UNREACHABLE
                 : i == 1       ? OUT_S_GC_ROOTS
                                : OUT_S_ROOT_KINDS + (uint64_t)i - 2;
        put_node(x, i, &n);
    }
    return STATUS_DONE;
}

static int object_nodes(struct v8_out *x, sqlite3_stmt *q, struct details *d)
{
    struct progress p;
    uint32_t number = x->n_own + 1;
    int64_t expected = x->live + 1;
    int more = 1, status = next_detail(x, d);
    progress_begin(&p, "writing objects", x->n_nodes, PROGRESS_ITEMS);
    while (!status && !x->e.failed && (more = heapdb_step(x->db, q)) == 1) {
        int64_t id = sqlite3_column_int64(q, 0);
        if (id != expected++) {
            status = heapdb_damaged(x->db, "there is no object #%lld", (long long)(expected - 1));
            break;
        }
        if (id == x->root_object) continue;
        status = object_node(x, d, q, number++);
        progress_set(&p, number);
    }
    while (!status && d->id != INT64_MAX) { /* details of nothing count, too: of strings.c's rows */
        x->n_values += sqlite3_column_type(d->q, 2) != SQLITE_NULL;
        status = next_detail(x, d);
    }
    progress_end(&p);
    if (more < 0) return STATUS_UNUSABLE;
    if (!status && !x->e.failed && expected != x->last + 1)
        return heapdb_damaged(x->db, "objects are missing");
    return status;
}

static int nodes(struct v8_out *x)
{
    struct details d = { 0 };
    sqlite3_stmt *q = NULL;
    emit_text(&x->e, "\"nodes\":[");
    int status = first_nodes(x);
    if (!status) status = heapdb_prepare(x->db, &q, object_sql);
    if (!status)
        status = heapdb_prepare(x->db, &d.q,
                                "SELECT object_id, name_id, value FROM detail WHERE object_id"
                                " BETWEEN ?1 AND ?2 ORDER BY object_id");
    if (!status) {
        sqlite3_bind_int64(q, 1, x->live + 1);
        sqlite3_bind_int64(q, 2, x->last);
        sqlite3_bind_int64(d.q, 1, x->live);
        sqlite3_bind_int64(d.q, 2, x->last);
        status = object_nodes(x, q, &d);
    }
    emit_text(&x->e, "],\n");
    sqlite3_finalize(q);
    sqlite3_finalize(d.q);
    return status;
}

/* ---- the file ------------------------------------------------------------------------------ */

static int header(struct v8_out *x)
{
    int64_t native = 0;
    emit_text(&x->e,
        "{\"snapshot\":{\"meta\":{\"node_fields\":[\"type\",\"name\",\"id\",\"self_size\","
        "\"edge_count\",\"trace_node_id\",\"detachedness\"],\"node_types\":[[\"hidden\",\"array\","
        "\"string\",\"object\",\"code\",\"closure\",\"regexp\",\"number\",\"native\",\"synthetic\","
        "\"concatenated string\",\"sliced string\",\"symbol\",\"bigint\",\"object shape\"],"
        "\"string\",\"number\",\"number\",\"number\",\"number\",\"number\"],"
        "\"edge_fields\":[\"type\",\"name_or_index\",\"to_node\"],"
        "\"edge_types\":[[\"context\",\"element\",\"property\",\"internal\",\"hidden\","
        "\"shortcut\",\"weak\"],\"string_or_number\",\"node\"],"
        "\"trace_function_info_fields\":[\"function_id\",\"name\",\"script_name\",\"script_id\","
        "\"line\",\"column\"],\"trace_node_fields\":[\"id\",\"function_info_index\",\"count\","
        "\"size\",\"children\"],\"sample_fields\":[\"timestamp_us\",\"last_assigned_id\"],"
        "\"location_fields\":[\"object_index\",\"script_id\",\"line\",\"column\"]},"
        "\"node_count\":");
    emit_number(&x->e, x->n_nodes);
    emit_text(&x->e, ",\"edge_count\":");
    emit_number(&x->e, x->n_edges);
    emit_text(&x->e, ",\"trace_function_count\":");
    emit_number(&x->e, x->stacks.n && !x->sites_are_places ? x->stacks.n_frames + 1 : 0);
    int status = first_number(x, x->is_v8 ? "SELECT value FROM counter WHERE snapshot_id = ?1"
                                            " AND name = 'v8.extra_native_bytes'"
                                          : "SELECT native_size FROM snapshot WHERE id = ?1",
                              &native);
    if (native > INT64_C(1) << 53) native = INT64_C(1) << 53;
    emit_text(&x->e, ",\"extra_native_bytes\":");
    emit_number(&x->e, subject_size(native));
    emit_text(&x->e, "},\n");
    return status;
}

static int write_all(struct v8_out *x)
{
    int status = lay_out(x);
    if (!status) status = out_names_load(x);
    if (!status) status = choose_ids(x);
    if (!status)
        status = export_stacks_load(x->job->subject, EXPORT_STACKS_SITE, true, &x->stacks);
    if (!status) status = find_sites(x);
    if (!status) status = out_count_edges(x);
    if (!status) status = header(x);
    if (!status) status = nodes(x);
    if (!status) status = out_edges(x);
    if (!status && !out_trace(x)) status = message_no_memory("the tree of allocations");
    if (status) return status;
    emit_text(&x->e, "\"samples\":[],\n");
    out_locations(x);
    status = out_strings(x);
    emit_text(&x->e, "}\n");
    emit_flush(&x->e);
    return status;
}

int export_heapsnapshot(struct export_job *job)
{
    struct v8_out *x = calloc(1, sizeof *x);
    if (!x) return message_no_memory("the output");
    x->job = job;
    x->db = job->subject->db;
    emit_begin(&x->e, job->out);
    int status = write_all(x);
    export_made(job, "nodes", x->n_nodes);
    export_made(job, "edges", x->n_edges);
    export_changed(job, "sizes are larger than 4294967295, the largest that the format holds, and "
                        "written as that", x->sizes_clamped);
    export_changed(job, "indexes do not fit into 32 bits and are written as the nearest that does",
                   x->indexes_clamped);
    export_changed(job, "names are longer than 1024 bytes and cut there", x->names_cut);
    export_changed(job, "references lead to no object and are left out", x->refs_dropped);
    free(x->edges);
    free(x->types);
    free(x->used);
    free(x->taken);
    free(x->script);
    free(x->places);
    text_free(&x->type_names);
    u64map_free(&x->type_of);
    export_stacks_free(&x->stacks);
    free(x);
    return status;
}
