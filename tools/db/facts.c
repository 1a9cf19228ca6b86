/* SPDX-License-Identifier: MIT */
/*
 * What is known about a snapshot beside its heap: its row, labels, metadata, counters, threads, and
 * where the resident memory of the process went.
 */
#include "db/loader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"

/* The value of a key: of the snapshot where it has one, else of the file. */
static uint32_t find_pair(const struct loader *l, const struct snapshot *s, bool is_label,
                          const char *key)
{
    uint32_t value = 0;
    for (size_t i = 0; i < l->file.n_pairs; i++) {
        const struct pair *p = &l->file.pair[i];
        if (p->is_label != is_label || (p->snapshot && p->snapshot != s->number)) continue;
        if (strcmp(strings_text(&l->strings, p->key), key) != 0) continue;
        if (p->snapshot) return p->value;
        value = p->value;
    }
    return value;
}

uint32_t facts_metadata(const struct loader *l, const struct snapshot *s, const char *key)
{
    return find_pair(l, s, false, key);
}

bool facts_metadata_is(const struct loader *l, const struct snapshot *s, const char *key,
                       const char *value)
{
    const char *text = strings_text(&l->strings, facts_metadata(l, s, key));
    return text && strcmp(text, value) == 0;
}

struct resolve_how facts_resolve_how(struct loader *l, const struct snapshot *s)
{
    bool page = facts_metadata_is(l, s, "edges.rule", "v8-page");
    return (struct resolve_how){ .rule = page ? RESOLVE_V8_PAGE : RESOLVE_BY_KIND,
                                 .dict_name = strings_add(&l->strings, "__dict__", 8),
                                 .keep_names = !l->options->summary || l->options->complete_path };
}

uint32_t facts_label(const struct loader *l, const struct snapshot *s, const char *key)
{
    return find_pair(l, s, true, key);
}

uint32_t loader_node_of_id(const struct snapshot *s, uint64_t id)
{
    const struct resolved *r = &s->resolved;
    uint32_t low = 0, high = r->n;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if ((int64_t)packed_get(&s->capture.ids, packed_get(&r->by_address, mid)) < (int64_t)id)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == r->n) return HEAP_NONE;
    uint64_t node = packed_get(&r->by_address, low);
    return packed_get(&s->capture.ids, node) == id ? (uint32_t)node : HEAP_NONE;
}

uint32_t loader_row_of_id(const struct snapshot *s, uint64_t id)
{
    uint32_t node = loader_node_of_id(s, id);
    return node == HEAP_NONE ? HEAP_NONE : s->analysis.row_of[node];
}

static bool counter_value(const struct loader *l, const struct snapshot *s, const char *name,
                          int64_t *value)
{
    for (size_t i = 0; i < s->n_counters; i++) {
        if (strcmp(strings_text(&l->strings, s->counter[i].name), name) != 0) continue;
        *value = s->counter[i].value;
        return true;
    }
    return false;
}

/* ---- the snapshot's row -------------------------------------------------------------------- */

void facts_uuid(const struct import_result *r, char out[37])
{
    const uint8_t *u = r->uuid;
    out[0] = 0;
    if (!r->has_uuid) return;
    snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0],
             u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13],
             u[14], u[15]);
}

static void bind_parameter(sqlite3_stmt *q, const char *name, int64_t value)
{
    sqlite3_bind_int64(q, sqlite3_bind_parameter_index(q, name), value);
}

/* The number that the whole of a text is, in digits alone; 0 where it is none, or too large. */
static int64_t whole_number(const char *text)
{
    int64_t n = 0;
    for (const char *p = text; p && *p; p++) {
        if (*p < '0' || *p > '9' || n > (INT64_MAX - 9) / 10) return 0;
        n = n * 10 + (*p - '0');
    }
    return n;
}

static void bind_text(struct loader *l, sqlite3_stmt *q, const char *name, uint32_t number)
{
    loader_bind_text(l, q, sqlite3_bind_parameter_index(q, name), number);
}

static void bind_metadata(struct loader *l, struct snapshot *s, sqlite3_stmt *q, const char *name,
                          const char *key)
{
    bind_text(l, q, name, facts_metadata(l, s, key));
}

static void bind_heap(const struct snapshot *s, sqlite3_stmt *q)
{
    const struct heap_analysis *a = &s->analysis;
    uint64_t total = a->live_size + a->garbage_size;
    bind_parameter(q, ":live_root_id", s->first_id);
    bind_parameter(q, ":garbage_root_id", loader_object_id(s, a->garbage_root));
    bind_parameter(q, ":n_objects", a->n_nodes);
    bind_parameter(q, ":n_refs", (int64_t)s->resolved.m);
    bind_parameter(q, ":shallow_size", (int64_t)total);
    bind_parameter(q, ":live_size", (int64_t)a->live_size);
    bind_parameter(q, ":garbage_size", (int64_t)a->garbage_size);
    bind_parameter(q, ":n_live", a->n_live);
    bind_parameter(q, ":n_garbage", (int64_t)a->n_nodes - a->n_live);
    bind_parameter(q, ":n_roots", (int64_t)s->resolved.n_roots);
    bind_parameter(q, ":has_refs", s->has_refs);
    if (s->native.n_blocks) {
        bind_parameter(q, ":n_blocks", (int64_t)s->native.n_blocks);
        bind_parameter(q, ":block_size", (int64_t)s->native.block_size);
    }
    if (!s->capture.native) return;
    bind_parameter(q, ":native_size", (int64_t)(a->live_native + a->garbage_native));
    bind_parameter(q, ":live_native", (int64_t)a->live_native);
    bind_parameter(q, ":garbage_native", (int64_t)a->garbage_native);
}

static int write_snapshot(struct loader *l, struct snapshot *s)
{
    sqlite3_stmt *q;
    int status = loader_prepare(l, &q,
        "INSERT INTO snapshot (id, path, file_number, runtime, captured_at, host, pid, service,"
        " version, complete, live_root_id, garbage_root_id, n_objects, n_refs, shallow_size,"
        " live_size, garbage_size, n_live, n_garbage, n_roots, native_size, live_native,"
        " garbage_native, has_refs, stable_ids, runtime_version, size_model, reason, monotonic_ns,"
        " process_start, boot_id, file_uuid, parent_uuid, n_blocks, block_size) VALUES (:id, :path, :file_number,"
        " :runtime, :captured_at, :host, :pid, :service, :version, :complete, :live_root_id,"
        " :garbage_root_id, :n_objects, :n_refs, :shallow_size, :live_size, :garbage_size, :n_live,"
        " :n_garbage, :n_roots, :native_size, :live_native, :garbage_native, :has_refs,"
        " :stable_ids, :runtime_version, :size_model, :reason, :monotonic_ns, :process_start,"
        " :boot_id, :file_uuid, :parent_uuid, :n_blocks, :block_size)");
    if (status) return status;
    bind_parameter(q, ":id", s->id);
    sqlite3_bind_text(q, sqlite3_bind_parameter_index(q, ":path"),
                      message_name(l->file.path), -1, SQLITE_STATIC);
    bind_parameter(q, ":file_number", s->number);
    bind_metadata(l, s, q, ":runtime", "runtime.name");
    bind_metadata(l, s, q, ":host", "host.name");
    int64_t pid = whole_number(strings_text(&l->strings, facts_metadata(l, s, "process.pid")));
    if (pid > 0) bind_parameter(q, ":pid", pid);
    bind_text(l, q, ":service", facts_label(l, s, "service"));
    bind_text(l, q, ":version", facts_label(l, s, "version"));
    bind_parameter(q, ":complete", s->complete);
    bind_heap(s, q);
    if (s->has_begin && s->wall_ns)
        sqlite3_bind_double(q, sqlite3_bind_parameter_index(q, ":captured_at"),
                            (double)s->wall_ns / 1e9);
    if (s->has_begin) bind_parameter(q, ":monotonic_ns", (int64_t)s->mono_ns);
    const char *stable = strings_text(&l->strings, facts_metadata(l, s, "id.stable"));
    if (stable) bind_parameter(q, ":stable_ids", strcmp(stable, "yes") == 0);
    bind_metadata(l, s, q, ":runtime_version", "runtime.version");
    bind_metadata(l, s, q, ":size_model", "size.model");
    bind_text(l, q, ":reason", s->reason);
    bind_metadata(l, s, q, ":process_start", "process.start");
    bind_metadata(l, s, q, ":boot_id", "host.boot_id");
    bind_metadata(l, s, q, ":parent_uuid", "parent.uuid");
    char uuid[37];
    facts_uuid(&l->file.result, uuid);
    if (uuid[0])
        sqlite3_bind_text(q, sqlite3_bind_parameter_index(q, ":file_uuid"), uuid, -1,
                          SQLITE_STATIC);
    status = loader_insert(l, q);
    sqlite3_finalize(q);
    return status;
}

/* ---- small tables -------------------------------------------------------------------------- */

/* The snapshot's own values go in first, so a value of the file never replaces them. */
static int write_pairs(struct loader *l, struct snapshot *s, bool labels)
{
    sqlite3_stmt *q;
    int status = loader_prepare(l, &q,
        labels ? "INSERT OR IGNORE INTO label (snapshot_id, key, value) VALUES (?, ?, ?)"
               : "INSERT OR IGNORE INTO metadata (snapshot_id, key, value) VALUES (?, ?, ?)");
    if (status) return status;
    for (int own = 1; own >= 0; own--) {
        for (size_t i = 0; i < l->file.n_pairs && !status; i++) {
            const struct pair *p = &l->file.pair[i];
            if (p->is_label != labels || p->snapshot != (own ? s->number : 0)) continue;
            sqlite3_bind_int64(q, 1, s->id);
            loader_bind_text(l, q, 2, p->key);
            loader_bind_text(l, q, 3, p->value);
            status = loader_insert(l, q);
        }
    }
    sqlite3_finalize(q);
    return status;
}

static int write_counters(struct loader *l, struct snapshot *s)
{
    sqlite3_stmt *q;
    int status = loader_prepare(l, &q, "INSERT OR IGNORE INTO counter (snapshot_id, name, value)"
                                       " VALUES (?, ?, ?)");
    if (status) return status;
    for (size_t i = 0; i < s->n_counters && !status; i++) {
        sqlite3_bind_int64(q, 1, s->id);
        loader_bind_text(l, q, 2, s->counter[i].name);
        sqlite3_bind_int64(q, 3, s->counter[i].value);
        status = loader_insert(l, q);
    }
    sqlite3_finalize(q);
    return status;
}

static int write_threads(struct loader *l, struct snapshot *s)
{
    sqlite3_stmt *q;
    int status = loader_prepare(l, &q, "INSERT INTO thread (id, snapshot_id, runtime_id, os_id,"
                                       " name, stack_id, object_id) VALUES (?, ?, ?, ?, ?, ?, ?)");
    if (status) return status;
    for (size_t i = 0; i < s->n_threads && !status; i++) {
        const struct thread_record *t = &s->thread[i];
        uint32_t row = t->thread.object ? loader_row_of_id(s, t->thread.object) : HEAP_NONE;
        sqlite3_bind_int64(q, 1, s->thread_base + (int64_t)i);
        sqlite3_bind_int64(q, 2, s->id);
        sqlite3_bind_int64(q, 3, (int64_t)t->thread.id);
        loader_bind_id(q, 4, (int64_t)t->thread.os_id);
        loader_bind_text(l, q, 5, t->name);
        loader_bind_id(q, 6, t->stack);
        loader_bind_id(q, 7, row == HEAP_NONE ? 0 : loader_object_id(s, row));
        status = loader_insert(l, q);
    }
    sqlite3_finalize(q);
    return status;
}

/* ---- where the resident memory is ---------------------------------------------------------- */

enum { PARTS_MAX = 12 };

/* One part. Memory that is counted by what was asked for, or freed, need not be resident: `loose`
 * says how easily that is so, 0 for parts that are measured as resident. */
struct map_part {
    const char *name;
    int64_t bytes;
    bool exact;
    int loose;
};

struct memory_map {
    struct loader *l;
    struct snapshot *s;
    int n;
    struct map_part part[PARTS_MAX];
};

/* What is free is likeliest not to be resident (the untouched end of the newest arena), then
 * buffers that were never filled, then other memory of libraries; objects are written when made. */
enum { LOOSE_NOT, LOOSE_OBJECTS, LOOSE_ALLOCATED, LOOSE_NATIVE, LOOSE_FREE };

#define MAP_MAX ((int64_t)1 << 58)

static void map_add(struct memory_map *m, const char *name, int64_t bytes, bool exact, int loose)
{
    m->part[m->n++] = (struct map_part){ name, bytes < MAP_MAX ? bytes : MAP_MAX, exact, loose };
}

/* A counter, within what any machine has: counters are added up, and a file may say anything. */
static bool map_value(const struct memory_map *m, const char *counter, int64_t *v)
{
    if (!counter_value(m->l, m->s, counter, v) || *v < 0) return false;
    if (*v > MAP_MAX) *v = MAP_MAX;
    return true;
}

/* A counter's part, where the counter is there. */
static void map_counter(struct memory_map *m, const char *name, const char *counter, int loose)
{
    int64_t v;
    if (map_value(m, counter, &v) && v > 0) map_add(m, name, v, true, loose);
}

/*
 * What the allocators hand out beyond the heap, then what they keep. Arenas of the small-object
 * allocator come from mmap, so they are not part of malloc's figures; a capture that does not say
 * how much of them is in use counts them as handed out.
 */
static void map_allocators(struct memory_map *m, int64_t in_heap)
{
    int64_t arenas = 0, arenas_in_use = 0, in_use = 0;
    bool has_arenas = map_value(m, "pymalloc.arena_bytes", &arenas);
    bool has_malloc = map_value(m, "malloc.in_use", &in_use);
    bool split = has_arenas && map_value(m, "pymalloc.in_use", &arenas_in_use) &&
                 arenas_in_use <= arenas;
    if (!has_arenas && !has_malloc) return;
    int64_t beyond = (split ? arenas_in_use : arenas) + in_use - in_heap;
    if (beyond > 0) map_add(m, "allocated, not in the heap", beyond, false, LOOSE_ALLOCATED);
    if (split) map_add(m, "pymalloc, free but held", arenas - arenas_in_use, true, LOOSE_FREE);
    map_counter(m, "malloc, free but held", "malloc.free", LOOSE_FREE);
}

/* Takes `over` bytes from the parts of one degree, in proportion to their sizes; what is left to be
 * taken from others. */
static int64_t map_take(struct memory_map *m, int loose, int64_t over)
{
    int64_t sum = 0;
    for (int i = 0; i < m->n; i++) sum += m->part[i].loose == loose ? m->part[i].bytes : 0;
    int64_t take = over < sum ? over : sum, left = take;
    for (int i = 0; i < m->n && left > 0; i++) {
        struct map_part *p = &m->part[i];
        if (p->loose != loose || p->bytes == 0) continue;
        int64_t own = (int64_t)((double)take * ((double)p->bytes / (double)sum));
        if (own > left) own = left;
        if (own > p->bytes) own = p->bytes;
        p->bytes -= own;
        p->exact = false;
        left -= own;
    }
    for (int i = 0; i < m->n && left > 0; i++) { /* what rounding has left */
        struct map_part *p = &m->part[i];
        int64_t own = p->loose != loose ? 0 : left < p->bytes ? left : p->bytes;
        p->bytes -= own;
        left -= own;
    }
    return over - take;
}

/* Makes the parts add up to the resident set: more than that is memory that is not resident, and
 * taken off where it is likeliest to be. */
static void map_fit(struct memory_map *m, int64_t rss)
{
    int64_t rest = rss;
    for (int i = 0; i < m->n; i++) rest -= m->part[i].bytes;
    int64_t over = rest < 0 ? -rest : 0;
    for (int loose = LOOSE_FREE; loose > LOOSE_NOT && over > 0; loose--)
        over = map_take(m, loose, over);
    if (over > 0) map_take(m, LOOSE_NOT, over);
    map_add(m, "rest", rest > 0 ? rest : 0, false, LOOSE_NOT);
}

static int map_write(const struct memory_map *m)
{
    sqlite3_stmt *q;
    int status = loader_prepare(m->l, &q, "INSERT INTO memory_map (snapshot_id, part, bytes, exact,"
                                          " position) VALUES (?, ?, ?, ?, ?)");
    for (int i = 0; !status && i < m->n; i++) {
        sqlite3_bind_int64(q, 1, m->s->id);
        sqlite3_bind_text(q, 2, m->part[i].name, -1, SQLITE_STATIC);
        sqlite3_bind_int64(q, 3, m->part[i].bytes);
        sqlite3_bind_int(q, 4, m->part[i].exact);
        sqlite3_bind_int(q, 5, i + 1);
        status = loader_insert(m->l, q);
    }
    sqlite3_finalize(q);
    return status;
}

/*
 * The parts add up to the resident set where that is known, and none is negative. What the heap
 * does not explain of the memory that allocators took is a difference of numbers from slightly
 * different moments, and marked so; so is a part of which some cannot be resident.
 */
static int write_memory_map(struct loader *l, struct snapshot *s)
{
    const struct heap_analysis *a = &s->analysis;
    struct memory_map m = { .l = l, .s = s };
    int64_t rss, heap = (int64_t)(a->live_size + a->garbage_size);
    int64_t native = (int64_t)(a->live_native + a->garbage_native);
    map_add(&m, "live heap", (int64_t)a->live_size, true, LOOSE_OBJECTS);
    map_add(&m, "garbage", (int64_t)a->garbage_size, true, LOOSE_OBJECTS);
    if (native) map_add(&m, "native memory of objects", native, true, LOOSE_NATIVE);
    map_allocators(&m, heap + native);
    map_counter(&m, "mapped files", "rss.file", LOOSE_NOT);
    map_counter(&m, "shared memory", "rss.shmem", LOOSE_NOT);
    map_counter(&m, "thread stacks", "stack.resident", LOOSE_NOT);
    if (map_value(&m, "rss", &rss)) map_fit(&m, rss);
    return map_write(&m);
}

int facts_write(struct loader *l, struct snapshot *s)
{
    int status = write_snapshot(l, s);
    if (!status) status = write_pairs(l, s, true);
    if (!status) status = write_pairs(l, s, false);
    if (!status) status = write_counters(l, s);
    if (!status) status = write_threads(l, s);
    if (!status) status = write_memory_map(l, s);
    return status;
}
