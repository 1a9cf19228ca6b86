/* SPDX-License-Identifier: MIT */
/* Weighted stacks out of the database; the contract is in stacks.h. */
#include "export/stacks.h"

#include <stdlib.h>
#include <string.h>

#include "cli/message.h"

static int no_memory(void)
{
    return message_no_memory("the stacks");
}

static bool grow(void *array, size_t *capacity, size_t need, size_t size)
{
    if (need <= *capacity) return true;
    size_t more = *capacity ? *capacity * 2 : 64;
    void **at = array;
    void *p = realloc(*at, more * size);
    if (!p) return false;
    *at = p;
    *capacity = more;
    return true;
}

/* Keeps a text; 0 for NULL. */
static uint64_t keep(struct export_stacks *t, const char *s)
{
    if (!s) return 0;
    uint64_t at = t->texts.n + 1;
    text_add(&t->texts, s, strlen(s) + 1);
    return at;
}

const char *export_stacks_text(const struct export_stacks *t, uint64_t text)
{
    return text ? t->texts.s + text - 1 : NULL;
}

/* ---- frames -------------------------------------------------------------------------------- */

static const char *column(sqlite3_stmt *q, int i)
{
    return (const char *)sqlite3_column_text(q, i);
}

static int add_frame(struct export_stacks *t, const struct export_frame *f, uint32_t *out)
{
    if (t->n_frames == UINT32_MAX - 1 ||
        !grow(&t->frames, &t->frame_capacity, t->n_frames + 1, sizeof *t->frames) ||
        t->texts.failed)
        return no_memory();
    *out = (uint32_t)t->n_frames;
    t->frames[t->n_frames++] = *f;
    return STATUS_DONE;
}

/* A frame of our own. */
static int own_frame(struct export_stacks *t, const char *name, uint32_t *out)
{
    const struct export_frame f = { .function = keep(t, name) };
    return add_frame(t, &f, out);
}

/* The module of a frame's row: its id, path, build id and range from column 4 on. */
static int enter_module(struct export_stacks *t, sqlite3_stmt *q, uint32_t *out)
{
    bool is_new;
    *out = 0;
    if (sqlite3_column_type(q, 4) == SQLITE_NULL) return STATUS_DONE;
    uint64_t *index = u64map_put(&t->module_of, (uint64_t)sqlite3_column_int64(q, 4), &is_new);
    if (!index) return no_memory();
    if (is_new) {
        if (!grow(&t->modules, &t->module_capacity, t->n_modules + 1, sizeof *t->modules))
            return no_memory();
        t->modules[t->n_modules++] = (struct export_module){
            .path = keep(t, column(q, 5)), .build_id = keep(t, column(q, 6)),
            .start = (uint64_t)sqlite3_column_int64(q, 7),
            .end = (uint64_t)sqlite3_column_int64(q, 8),
        };
        *index = t->n_modules;
    }
    *out = (uint32_t)*index;
    return STATUS_DONE;
}

/* What a frame without a function is called: its place in its module. */
static void name_by_place(struct export_stacks *t, struct export_frame *f)
{
    struct text name = { 0 };
    const struct export_module *m = f->module ? &t->modules[f->module - 1] : NULL;
    const char *path = m ? export_stacks_text(t, m->path) : NULL;
    const char *slash = path ? strrchr(path, '/') : NULL;
    if (path) text_adds(&name, slash ? slash + 1 : path);
    if (path && f->address >= m->start && f->address < m->end)
        text_addf(&name, "+0x%llx", (unsigned long long)(f->address - m->start));
    else if (f->address)
        text_addf(&name, "%s0x%llx", path ? " " : "", (unsigned long long)f->address);
    f->function = keep(t, name.n ? text_str(&name) : "?");
    t->texts.failed |= name.failed;
    text_free(&name);
}

/* The frame with this id of the database. */
static int enter_frame(struct export_stacks *t, struct subject *s, sqlite3_stmt *q, int64_t id,
                       uint32_t *out)
{
    bool is_new;
    uint64_t *index = u64map_put(&t->frame_of, (uint64_t)id, &is_new);
    if (!index) return no_memory();
    *out = (uint32_t)*index - 1;
    if (!is_new) return STATUS_DONE;
    sqlite3_reset(q);
    sqlite3_bind_int64(q, 1, id);
    int got = heapdb_step(s->db, q), status = got < 0 ? STATUS_UNUSABLE : STATUS_DONE;
    struct export_frame f = { 0 };
    if (got > 0) {
        f.function = keep(t, column(q, 0));
        f.file = keep(t, column(q, 1));
        f.line = subject_size(sqlite3_column_int64(q, 2));
        f.address = (uint64_t)sqlite3_column_int64(q, 3);
        status = enter_module(t, q, &f.module);
    }
    if (!status && !f.function) name_by_place(t, &f);
    if (!status) status = add_frame(t, &f, out);
    if (!status) *index = (uint64_t)*out + 1;
    return status;
}

/* ---- stacks -------------------------------------------------------------------------------- */

static int add_stack(struct export_stacks *t, const struct export_stack *x)
{
    if (t->n == STACKS_NONE - 1 || !grow(&t->at, &t->capacity, t->n + 1, sizeof *t->at))
        return no_memory();
    t->at[t->n++] = *x;
    return STATUS_DONE;
}

/* A stack of one frame of ours, for what has none. */
static int add_rest(struct export_stacks *t, const char *name, uint32_t parent, uint64_t n,
                    uint64_t bytes)
{
    struct export_stack x = { .parent = parent, .depth = 1, .n = n, .bytes = bytes };
    uint64_t *frame;
    bool is_new;
    int status = STATUS_DONE;
    if (!n && !bytes) return STATUS_DONE;
    frame = u64map_put(&t->frame_of, UINT64_MAX, &is_new); /* no id is so large */
    if (!frame) return no_memory();
    if (is_new) {
        status = own_frame(t, name, &x.frame);
        *frame = (uint64_t)x.frame + 1;
    }
    x.frame = (uint32_t)*frame - 1;
    if (parent != STACKS_NONE) x.depth = t->at[parent].depth + 1;
    return status ? status : add_stack(t, &x);
}

/* Takes in a stack with its callers, inner ones first; who calls whom is told in order later. */
static int enter(struct export_stacks *t, struct subject *s, sqlite3_stmt *stack, int64_t id)
{
    while (id) {
        bool is_new;
        uint64_t *index = u64map_put(&t->index, (uint64_t)id, &is_new);
        if (!index) return no_memory();
        if (!is_new) return STATUS_DONE;
        *index = t->n + 1;
        sqlite3_reset(stack);
        sqlite3_bind_int64(stack, 1, id);
        int got = heapdb_step(s->db, stack);
        if (got < 0) return STATUS_UNUSABLE;
        int64_t parent = got ? sqlite3_column_int64(stack, 0) : 0;
        if (parent < 0 || parent >= id)
            return heapdb_damaged(s->db, "stack %lld was called by itself", (long long)id);
        if (add_stack(t, &(struct export_stack){ .id = id })) return STATUS_UNUSABLE;
        id = parent;
    }
    return STATUS_DONE;
}

static int by_id(const void *a, const void *b)
{
    const struct export_stack *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

/* Callers before what they call, each with its frame. */
static int arrange(struct export_stacks *t, struct subject *s, sqlite3_stmt *stack,
                   sqlite3_stmt *frame)
{
    if (t->n) qsort(t->at, t->n, sizeof *t->at, by_id);
    for (size_t i = 0; i < t->n; i++) {
        struct export_stack *x = &t->at[i];
        uint64_t *index = u64map_put(&t->index, (uint64_t)x->id, NULL);
        if (!index) return no_memory();
        *index = i + 1;
        sqlite3_reset(stack);
        sqlite3_bind_int64(stack, 1, x->id);
        int got = heapdb_step(s->db, stack);
        if (got < 0) return STATUS_UNUSABLE;
        int64_t parent = got ? sqlite3_column_int64(stack, 0) : 0;
        int64_t id = got ? sqlite3_column_int64(stack, 1) : 0;
        const uint64_t *above = parent ? u64map_get(&t->index, (uint64_t)parent) : NULL;
        x->parent = above ? (uint32_t)*above - 1 : STACKS_NONE;
        x->depth = above ? t->at[x->parent].depth + 1 : 1;
        if (enter_frame(t, s, frame, id, &x->frame)) return STATUS_UNUSABLE;
    }
    return STATUS_DONE;
}

static const char site_sql[] =
    "SELECT stack_id, n, shallow_size FROM site WHERE snapshot_id = ?1 ORDER BY stack_id";
static const char native_sql[] =
    "SELECT coalesce(stack_id, 0), max(n_blocks, n_live), max(block_size, live_size)"
    " FROM native_site WHERE snapshot_id IS NULL OR snapshot_id = ?1 ORDER BY id";

/* The rows of `q`: all their stacks; then their weights. What has no stack is summed up. */
static int read_sites(struct export_stacks *t, struct subject *s, sqlite3_stmt *q,
                      sqlite3_stmt *stack, sqlite3_stmt *frame)
{
    uint64_t n = 0, bytes = 0, n_rest = 0, bytes_rest = 0;
    int more, status = STATUS_DONE;
    while (!status && (more = heapdb_step(s->db, q)) != 0)
        status = more < 0 ? STATUS_UNUSABLE : enter(t, s, stack, sqlite3_column_int64(q, 0));
    if (!status) status = arrange(t, s, stack, frame);
    sqlite3_reset(q);
    while (!status && (more = heapdb_step(s->db, q)) != 0) {
        if (more < 0) return STATUS_UNUSABLE;
        const uint64_t *index = u64map_get(&t->index, (uint64_t)sqlite3_column_int64(q, 0));
        uint64_t n_here = subject_size(sqlite3_column_int64(q, 1));
        uint64_t bytes_here = subject_size(sqlite3_column_int64(q, 2));
        n += n_here;
        bytes += bytes_here;
        if (index) {
            t->at[*index - 1].n += n_here;
            t->at[*index - 1].bytes += bytes_here;
        } else {
            n_rest += n_here;
            bytes_rest += bytes_here;
        }
    }
    if (!status && t->of == EXPORT_STACKS_SITE) {
        uint64_t n_live = subject_size(s->snapshot->n_live);
        uint64_t live = subject_size(s->snapshot->live_size);
        n_rest += n_live > n ? n_live - n : 0;
        bytes_rest += live > bytes ? live - bytes : 0;
    }
    return status ? status : add_rest(t, "(no stack recorded)", STACKS_NONE, n_rest, bytes_rest);
}

static int load_sites(struct export_stacks *t, struct subject *s)
{
    sqlite3_stmt *q = NULL, *stack = NULL, *frame = NULL;
    int status = heapdb_prepare(s->db, &q, t->of == EXPORT_STACKS_SITE ? site_sql : native_sql);
    if (!status)
        status = heapdb_prepare(s->db, &stack,
                                "SELECT coalesce(parent_id, 0), coalesce(frame_id, 0) FROM stack"
                                " WHERE id = ?1");
    if (!status)
        status = heapdb_prepare(s->db, &frame,
                                "SELECT f.function, f.file, f.line, f.address, m.id, m.path,"
                                " m.build_id, m.start_address, m.end_address FROM frame f"
                                " LEFT JOIN module m ON m.id = f.module_id WHERE f.id = ?1");
    if (!status) {
        sqlite3_bind_int64(q, 1, s->snapshot->id);
        status = read_sites(t, s, q, stack, frame);
    }
    sqlite3_finalize(q);
    sqlite3_finalize(stack);
    sqlite3_finalize(frame);
    return status;
}

/* ---- types down the dominator tree --------------------------------------------------------- */

/* A frame for each type. */
static int enter_type(struct export_stacks *t, sqlite3_stmt *q, uint32_t *out)
{
    bool is_new;
    uint64_t *index = u64map_put(&t->frame_of, (uint64_t)sqlite3_column_int64(q, 2), &is_new);
    if (!index) return no_memory();
    *out = (uint32_t)*index - 1;
    if (!is_new) return STATUS_DONE;
    struct text name = { 0 };
    subject_type(&name, column(q, 3), column(q, 4));
    t->texts.failed |= name.failed;
    int status = own_frame(t, text_str(&name), out);
    text_free(&name);
    *index = (uint64_t)*out + 1;
    return status;
}

/* What the rows below have taken of each path's retained size; by index. */
struct taken {
    uint64_t n, bytes;
};

static int read_path(struct export_stacks *t, struct subject *s, sqlite3_stmt *q,
                     struct taken **taken, size_t *capacity)
{
    struct export_stack x = { .id = sqlite3_column_int64(q, 0), .parent = STACKS_NONE, .depth = 1 };
    const uint64_t *above = NULL;
    bool is_new;
    uint64_t retained_n = subject_size(sqlite3_column_int64(q, 7));
    uint64_t retained = subject_size(sqlite3_column_int64(q, 8));
    if (sqlite3_column_type(q, 1) != SQLITE_NULL) {
        above = u64map_get(&t->index, (uint64_t)sqlite3_column_int64(q, 1));
        if (!above)
            return heapdb_damaged(s->db, "class path %lld hangs below none", (long long)x.id);
        x.parent = (uint32_t)*above - 1;
        x.depth = t->at[x.parent].depth + 1;
    }
    if (!grow(taken, capacity, t->n + 1, sizeof **taken)) return no_memory();
    if (x.parent != STACKS_NONE) {
        (*taken)[x.parent].n += retained_n;
        (*taken)[x.parent].bytes += retained;
    }
    if (enter_type(t, q, &x.frame)) return STATUS_UNUSABLE;
    x.n = subject_size(sqlite3_column_int64(q, 5));
    x.bytes = subject_size(sqlite3_column_int64(q, 6));
    /* So far what is below it; what rows below do not tell of is set apart in the end. */
    (*taken)[t->n] = (struct taken){ x.n - retained_n, x.bytes - retained };
    uint64_t *index = u64map_put(&t->index, (uint64_t)x.id, &is_new);
    if (!index) return no_memory();
    *index = t->n + 1;
    return add_stack(t, &x);
}

static int load_types(struct export_stacks *t, struct subject *s)
{
    struct taken *taken = NULL;
    sqlite3_stmt *q;
    size_t capacity = 0;
    int more = 0, status = heapdb_prepare(s->db, &q,
        "SELECT p.id, p.parent_id, p.type_id, t.module, t.name, p.n, p.shallow_size, p.retained_n,"
        " p.retained_size FROM class_path p LEFT JOIN type t ON t.id = p.type_id"
        " WHERE p.snapshot_id = ?1 ORDER BY p.id");
    if (status) return status;
    sqlite3_bind_int64(q, 1, s->snapshot->id);
    while (!status && (more = heapdb_step(s->db, q)) == 1)
        status = read_path(t, s, q, &taken, &capacity);
    sqlite3_finalize(q);
    if (more < 0) status = STATUS_UNUSABLE;
    size_t n = t->n;
    for (size_t i = 0; i < n && !status; i++) {
        /* A negative number, where all is well: what is missing below. */
        int64_t missing_n = -(int64_t)taken[i].n, missing = -(int64_t)taken[i].bytes;
        status = add_rest(t, "(smaller ones)", (uint32_t)i, subject_size(missing_n),
                          subject_size(missing));
    }
    free(taken);
    return status;
}

/* ---- all ----------------------------------------------------------------------------------- */

/* Whether the snapshot has stacks of this kind. */
static int has(struct subject *s, enum stacks_kind of, bool *out)
{
    static const char *const sql[] = {
        [EXPORT_STACKS_SITE] = "SELECT 1 FROM site WHERE snapshot_id = ?1 LIMIT 1",
        [EXPORT_STACKS_NATIVE] = "SELECT 1 FROM native_site WHERE snapshot_id IS NULL"
                                 " OR snapshot_id = ?1 LIMIT 1",
        [EXPORT_STACKS_TYPE] = "SELECT 1 FROM class_path WHERE snapshot_id = ?1 LIMIT 1",
    };
    int64_t one;
    int got = heapdb_number(s->db, sql[of], s->snapshot->id, &one);
    *out = got == 0;
    return got < 0 ? STATUS_UNUSABLE : STATUS_DONE;
}

int export_stacks_load(struct subject *s, enum stacks_kind of, bool or_none,
                       struct export_stacks *out)
{
    static const char *const what[] = {
        [EXPORT_STACKS_SITE] = "the capture recorded no allocation stacks",
        [EXPORT_STACKS_NATIVE] = "the capture recorded no native memory",
        [EXPORT_STACKS_TYPE] = "the database has no paths of types",
    };
    struct export_stacks t = { .of = of };
    bool there = false;
    int status = STATUS_DONE;
    *out = t;
    if (of == EXPORT_STACKS_AUTO)
        for (t.of = EXPORT_STACKS_SITE; !status; t.of++) {
            status = has(s, t.of, &there);
            if (there || t.of == EXPORT_STACKS_TYPE) break;
        }
    else
        status = has(s, of, &there);
    if (status) return status;
    if (!there && or_none) return STATUS_DONE;
    if (!there)
        return message_error(s->db->path, MESSAGE_NO_OFFSET,
                             t.of == EXPORT_STACKS_TYPE ? NULL : "--stacks type", "%s", what[t.of]);
    status = t.of == EXPORT_STACKS_TYPE ? load_types(&t, s) : load_sites(&t, s);
    if (!status && t.texts.failed) status = no_memory();
    if (status) {
        export_stacks_free(&t);
        return status;
    }
    *out = t;
    return STATUS_DONE;
}

void export_stacks_free(struct export_stacks *t)
{
    free(t->at);
    free(t->frames);
    free(t->modules);
    text_free(&t->texts);
    u64map_free(&t->frame_of);
    u64map_free(&t->module_of);
    u64map_free(&t->index);
    *t = (struct export_stacks){ 0 };
}

void export_stacks_frame(const struct export_stacks *t, uint32_t frame, struct text *out)
{
    const struct export_frame *f = &t->frames[frame];
    text_adds(out, export_stacks_text(t, f->function));
    if (!f->file) return;
    text_addf(out, " (%s", export_stacks_text(t, f->file));
    if (f->line) text_addf(out, ":%llu", (unsigned long long)f->line);
    text_adds(out, ")");
}

const char *export_stacks_title(const struct export_stacks *t)
{
    return t->of == EXPORT_STACKS_SITE     ? "live objects by allocation site"
           : t->of == EXPORT_STACKS_NATIVE ? "native memory by allocation site"
                                           : "live objects and garbage by what retains them";
}

size_t export_stacks_path(const struct export_stacks *t, uint32_t at,
                          uint32_t frame[STACKS_DEPTH_MAX])
{
    size_t n = 0;
    for (; at != STACKS_NONE && n < STACKS_DEPTH_MAX; at = t->at[at].parent)
        frame[n++] = t->at[at].frame;
    return n;
}

/* Notes how many stacks there are, and how many are cut. */
static void tell(const struct export_stacks *t, struct export_job *job)
{
    uint64_t cut = 0, samples = 0;
    for (size_t i = 0; i < t->n; i++) {
        bool weighs = t->at[i].n || t->at[i].bytes;
        samples += weighs;
        cut += weighs && t->at[i].depth > STACKS_DEPTH_MAX;
    }
    export_made(job, "stacks", samples);
    export_changed(job, "stacks are deeper than 1000 frames, and their outer ones left out", cut);
}

int export_stacks_with(struct export_job *job,
                       int (*write)(struct export_job *job, const struct export_stacks *stacks))
{
    struct export_stacks t;
    enum stacks_kind of = (enum stacks_kind)job->options->stacks;
    int status = export_stacks_load(job->subject, of, false, &t);
    if (status) return status;
    tell(&t, job);
    status = write(job, &t);
    export_stacks_free(&t);
    return status;
}
