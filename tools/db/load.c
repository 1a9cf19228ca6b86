/* SPDX-License-Identifier: MIT */
/*
 * The flow of a load: the database, files, and the sink that takes the records. See load.h, and
 * loader.h for the other parts.
 *
 * A snapshot is written when the next one begins or its file ends, not at its FINISH row:
 * counters and labels of it may still follow.
 */
#include "db/loader.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/message.h"
#include "cli/number.h"
#include "cli/progress.h"
#include "db/ahead.h"
#include "db/schema.h"
#include "heap/beside.h"

const char *const load_phase_name[LOAD_PHASES] = { "read", "resolve", "analyse", "write" };

double loader_cpu_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the sink ------------------------------------------------------------------------------ */

/* Makes the snapshot `number` the open one; its BEGIN row may be lost. False: it is over already.
 * */
static int snapshot_select(struct loader *l, uint32_t number, bool *usable)
{
    *usable = true;
    if (l->now.open && l->now.number == number) return 0;
    if (l->now.open && number < l->now.number) {
        *usable = false;
        return 0;
    }
    int status = snapshot_end(l);
    return status ? status : snapshot_begin(l, number);
}

static int on_begin(void *opaque, uint32_t number, const snap_begin *begin)
{
    struct loader *l = opaque;
    bool usable;
    int status = snapshot_select(l, number, &usable);
    if (status || !usable || l->now.has_begin) return status;
    l->now.has_begin = true;
    l->now.wall_ns = begin->wall_ns;
    l->now.mono_ns = begin->mono_ns;
    if (begin->reason && begin->reason_size)
        l->now.reason = strings_add(&l->strings, begin->reason, begin->reason_size);
    return 0;
}

static int on_finish(void *opaque, uint32_t number, const snap_finish *finish)
{
    struct loader *l = opaque;
    bool usable;
    int status = snapshot_select(l, number, &usable);
    if (status || !usable) return status;
    l->now.has_finish = true;
    l->now.finish = *finish;
    return 0;
}

/* Answers of the capture as answers of the sink. */
static int on_rows(struct loader *l, const struct record_batch *b, int got)
{
    switch (got) {
    case CAPTURE_OK:
        return 0;
    case CAPTURE_TAKEN:
        return loader_warn(l, l->now.id, b->offset,
                           "objects have the ordinals of earlier ones and were dropped");
    case CAPTURE_TOO_MANY:
        message_error(l->file.path, b->offset, NULL, "%s", heap_status_text(HEAP_TOO_LARGE));
        return LOADER_STOP;
    default:
        return loader_no_memory(l);
    }
}

/* Makes the batch's snapshot the open one; *usable is false, after a warning, where it is over. */
static int batch_select(struct loader *l, const struct record_batch *b, bool *usable)
{
    int status = snapshot_select(l, b->snapshot, usable);
    if (status || *usable) return status;
    return loader_warn(l, 0, b->offset, "rows of a snapshot that is over");
}

static int on_batch(struct loader *l, const struct record_batch *b,
                    int (*add)(struct capture *, const struct record_batch *))
{
    bool usable;
    int status = batch_select(l, b, &usable);
    return status || !usable ? status : on_rows(l, b, add(&l->now.capture, b));
}

static int on_objects(void *opaque, const struct record_batch *b)
{
    return on_batch(opaque, b, capture_objects);
}

static int on_edges(void *opaque, const struct record_batch *b)
{
    return on_batch(opaque, b, capture_edges);
}

static int on_roots(void *opaque, const struct record_batch *b)
{
    return on_batch(opaque, b, capture_roots);
}

static int on_blocks(void *opaque, const struct record_batch *b)
{
    struct loader *l = opaque;
    bool usable;
    if (l->options->complete_path) return 0;
    int status = batch_select(l, b, &usable);
    return status || !usable ? status : native_blocks(l, &l->now, b);
}

static int on_events(void *opaque, const struct record_batch *b)
{
    struct loader *l = opaque;
    bool usable = true;
    if (l->options->complete_path) return 0;
    int status = b->snapshot ? batch_select(l, b, &usable) : 0;
    return status || !usable ? status : native_events(l, b->snapshot ? &l->now : NULL, b);
}

static int on_value(void *opaque, uint32_t number, uint64_t ordinal, struct record_text text)
{
    struct loader *l = opaque;
    if (!l->now.open || l->now.number != number) return 0;
    uint32_t t = strings_add(&l->strings, text.at, text.size);
    if (!t || capture_preview(&l->now.capture, ordinal, t) != CAPTURE_OK)
        return loader_no_memory(l);
    return 0;
}

static int on_thread(void *opaque, uint32_t number, uint64_t id, const snap_thread *thread)
{
    struct loader *l = opaque;
    bool usable;
    int status = snapshot_select(l, number, &usable);
    if (status || !usable) return status;
    struct snapshot *s = &l->now;
    uint64_t stack;
    if (!memory_grow(&l->budget, (void **)&s->thread, &s->thread_cap, s->n_threads + 1,
                     sizeof *s->thread))
        return loader_no_memory(l);
    struct thread_record *t = &s->thread[s->n_threads++];
    *t = (struct thread_record){ .thread = *thread, .id = id };
    t->name = capture_text(&l->file.definitions, thread->name);
    if (thread->stack && idmap_find(&l->file.definitions.stack, thread->stack, &stack))
        t->stack = l->file.definitions.stack_row[stack];
    return 0;
}

static int on_pair(struct loader *l, uint32_t number, bool is_label, struct record_text key,
                   struct record_text value)
{
    struct source_file *f = &l->file;
    if (!memory_grow(&l->lasting, (void **)&f->pair, &f->pair_cap, f->n_pairs + 1, sizeof *f->pair))
        return loader_no_memory(l);
    struct pair p = { number, is_label, strings_add(&l->strings, key.at, key.size),
                      strings_add(&l->strings, value.at, value.size) };
    if (!p.key || !p.value) return loader_no_memory(l);
    f->pair[f->n_pairs++] = p;
    return 0;
}

static int on_metadata(void *opaque, uint32_t number, struct record_text key,
                       struct record_text value)
{
    return on_pair(opaque, number, false, key, value);
}

static int on_label(void *opaque, uint32_t number, struct record_text key, struct record_text value)
{
    return on_pair(opaque, number, true, key, value);
}

static int on_counter(void *opaque, uint32_t number, struct record_text name, int64_t value)
{
    struct loader *l = opaque;
    struct snapshot *s = &l->now;
    bool usable;
    if (!number) return 0;
    int status = snapshot_select(l, number, &usable);
    if (status || !usable) return status;
    uint32_t t = strings_add(&l->strings, name.at, name.size);
    if (!t || !memory_grow(&l->budget, (void **)&s->counter, &s->counter_cap, s->n_counters + 1,
                           sizeof *s->counter))
        return loader_no_memory(l);
    s->counter[s->n_counters++] = (struct counter){ t, value };
    return 0;
}

static int on_sample(void *opaque, uint32_t number, struct record_text name, uint64_t mono_ns,
                     int64_t value)
{
    struct loader *l = opaque;
    sqlite3_stmt *q;
    if (l->options->complete_path) return 0;
    int status = loader_prepare(l, &q, "INSERT INTO sample (snapshot_id, name, monotonic_ns, value)"
                                       " VALUES (?, ?, ?, ?)");
    if (status) return status;
    uint32_t t = strings_add(&l->strings, name.at, name.size);
    if (number && l->now.open && l->now.number == number) sqlite3_bind_int64(q, 1, l->now.id);
    loader_bind_text(l, q, 2, t);
    sqlite3_bind_int64(q, 3, (int64_t)mono_ns);
    sqlite3_bind_int64(q, 4, value);
    status = t ? loader_insert(l, q) : loader_no_memory(l);
    sqlite3_finalize(q);
    return status;
}

static void on_damage(void *opaque, uint64_t offset, const char *text)
{
    struct loader *l = opaque;
    l->now.damaged = true;
    loader_warn(l, 0, offset, "%s", text);
}

static void on_caution(void *opaque, const char *text)
{
    loader_warn(opaque, 0, MESSAGE_NO_OFFSET, "%s", text);
}

/* ---- files --------------------------------------------------------------------------------- */

static void on_progress(void *opaque, uint64_t bytes)
{
    progress_set(opaque, bytes);
}

/* A database is completed from the file it was made from, and from no other. */
static int check_same_file(struct loader *l)
{
    char uuid[37];
    const char *want = l->options->complete_uuid;
    if (!want) return 0;
    facts_uuid(&l->file.result, uuid);
    if (strcmp(uuid, want) == 0) return 0;
    message_error(l->output, MESSAGE_NO_OFFSET, "snapload, to load it again",
                  "%s is not the file that it was loaded from", l->file.path);
    return LOADER_STOP;
}

/* What a file announces must have room, before minutes are spent on it. */
static int check_memory(struct loader *l, const char *path)
{
    char need[NUMBER_MAX], limit[NUMBER_MAX];
    struct load_estimate e = load_estimate(&path, 1, l->options->summary);
    uint64_t room = l->budget.limit;
    if (room <= UINT64_MAX - l->lasting.limit) room += l->lasting.limit;
    if (l->options->complete_path || e.memory <= room) return 0;
    message_error(path, MESSAGE_NO_OFFSET, "a machine with more memory, or --max-memory",
                  "needs about %s of memory, more than the %s that it may use",
                  number_size(need, e.memory), number_size(limit, room));
    return LOADER_STOP;
}

static int load_file(struct loader *l, const char *path)
{
    const struct record_sink sink = {
        .opaque = l, .string = define_string, .type = define_type, .frame = define_frame,
        .stack = define_stack, .module = define_module, .metadata = on_metadata,
        .label = on_label, .counter = on_counter, .sample = on_sample, .begin = on_begin,
        .thread = on_thread, .objects = on_objects, .edges = on_edges, .roots = on_roots,
        .blocks = on_blocks, .events = on_events,
        .value = on_value, .finish = on_finish, .damage = on_damage,
        .caution = on_caution,
    };
    struct progress progress;
    struct stat st;
    struct import_options options = { .progress = on_progress, .opaque = &progress,
                                      .values = l->options->values };
    l->file = (struct source_file){ .path = path, .format = import_open(path) };
    if (!l->file.format || check_memory(l, path)) return LOADER_STOP;
    uint64_t size = stat(path, &st) == 0 && st.st_size > 0 ? (uint64_t)st.st_size : 0;
    progress_begin(&progress, "reading", size, PROGRESS_BYTES);
    int status = ahead_read(l->two, l->file.format, path, &sink, &options, &l->file.result);
    progress_end(&progress);
    if (!status) status = check_same_file(l);
    if (!status) status = snapshot_end(l);
    if (!status) status = native_write(l, NULL);
    snapshot_free(&l->now);
    l->result->bytes_read += l->file.result.bytes;
    l->result->complete &= l->file.result.complete;
    if (!status && !l->file.n_snapshots) {
        message_error(path, MESSAGE_NO_OFFSET, "snapinfo", "the file holds no snapshot");
        status = LOADER_STOP;
    }
    define_forget_file(&l->file);
    return status;
}

/* ---- the database -------------------------------------------------------------------------- */

/* The names that the database has keep their rows; new ones are added behind them. */
static int read_strings(struct loader *l)
{
    sqlite3_stmt *q;
    int rc, status = loader_prepare(l, &q, "SELECT text FROM string ORDER BY id");
    if (status) return status;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(q, 0);
        uint32_t number = strings_add(&l->strings, text ? text : "",
                                      (size_t)sqlite3_column_bytes(q, 0));
        if (!number || !strings_row(&l->strings, number)) {
            status = loader_no_memory(l);
            break;
        }
    }
    sqlite3_finalize(q);
    if (!status && rc != SQLITE_DONE) status = loader_sqlite(l, "reading the database");
    l->strings_there = l->strings.n_used;
    return status;
}

/* An existing database, to be completed: with a journal, so that it is never left half done. */
static int database_open_again(struct loader *l)
{
    sqlite3_db_config(l->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(l->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(l->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_busy_timeout(l->db, 60000); /* another process may be completing it */
    int status = loader_exec(l, "PRAGMA cache_size = -32768; PRAGMA foreign_keys = OFF;"
                                "PRAGMA temp_store = MEMORY; BEGIN IMMEDIATE");
    return status ? status : read_strings(l);
}

static int database_make(struct loader *l)
{
    int status = loader_exec(l, "PRAGMA page_size = 4096; PRAGMA journal_mode = OFF;"
                                "PRAGMA synchronous = OFF;"
                                "PRAGMA cache_size = -32768; PRAGMA foreign_keys = OFF;"
                                "PRAGMA temp_store = MEMORY; BEGIN");
    return status ? status : loader_exec(l, db_schema);
}

static int database_open(struct loader *l, const char *database)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    if (!l->options->complete_path) flags |= SQLITE_OPEN_CREATE;
    if (sqlite3_open_v2(database, &l->db, flags, NULL) != SQLITE_OK) {
        if (!l->db) return loader_no_memory(l);
        return loader_sqlite(l, "opening the database for writing");
    }
    int status = l->options->complete_path ? database_open_again(l) : database_make(l);
    if (status) return status;
    l->rows = rows_register(l->db);
    if (!l->rows) return loader_no_memory(l);
    if (l->options->complete_path || l->options->api) return 0;
    l->direct = direct_new(l->db, database, l->two);
    return l->direct ? 0 : loader_no_memory(l);
}

static void loader_init(struct loader *l, const struct load_options *options,
                        struct load_result *result, const char *name)
{
    *l = (struct loader){
        .options = options, .result = result, .output = name, .next_snapshot = 1, .next_id = 1,
        .next_type = 1, .next_component = 1, .next_root = 1, .next_thread = 1, .next_global = 1,
    };
    l->two = options->threads ? options->threads > 1 : beside_worth();
    budget_init(&l->budget, options->max_memory);
    /* Names and stacks are a small part of any heap; a file of nothing else is hostile. */
    l->lasting.limit = l->budget.limit / 4;
    l->budget.limit -= l->lasting.limit;
    strings_init(&l->strings, &l->lasting);
    intern_init(&l->modules, &l->lasting, sizeof(struct module_record));
    intern_init(&l->frames, &l->lasting, sizeof(struct frame_record));
    intern_init(&l->stacks, &l->lasting, sizeof(struct stack_record));
    *result = (struct load_result){ .complete = true };
}

static void loader_free(struct loader *l)
{
    snapshot_free(&l->now);
    define_forget_file(&l->file);
    strings_free(&l->strings);
    intern_free(&l->modules);
    intern_free(&l->frames);
    intern_free(&l->stacks);
    heap_free(l->stack_depth);
    if (l->db) sqlite3_close(l->db);
    direct_free(l->direct);
}

int load_files(const char *const *paths, size_t n, const char *database, const char *name,
               const struct load_options *options, struct load_result *result)
{
    struct loader l;
    struct stat st;
    double start = loader_cpu_now();
    loader_init(&l, options, result, name);
    int status = database_open(&l, database);
    for (size_t i = 0; i < n && !status; i++) status = load_file(&l, paths[i]);
    result->cpu_seconds[LOAD_READ] += loader_cpu_now() - start;
    double writing = loader_cpu_now();
    if (!status) status = define_write(&l);
    if (!status) status = loader_exec(&l, "COMMIT");
    if (!status && l.direct && direct_finish(l.direct)) status = loader_direct(&l);
    loader_warned(&l);
    result->warnings = l.warnings;
    loader_free(&l);
    result->cpu_seconds[LOAD_WRITE] += loader_cpu_now() - writing;
    if (!status && stat(database, &st) == 0) result->database_size = (uint64_t)st.st_size;
    return status ? STATUS_UNUSABLE : 0;
}
