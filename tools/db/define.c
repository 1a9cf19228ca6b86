/* SPDX-License-Identifier: MIT */
/*
 * Definitions: what rows refer to by the ids of their file. Names, frames, stacks and modules are
 * kept once for all files; types are written for each snapshot by summary.c.
 *
 * An id that is defined twice keeps its first meaning; a definition that refers to one that was
 * lost keeps null there. A stack's parent must have been defined before it, so the tree has no
 * cycles.
 */
#include "db/loader.h"

#include <string.h>

/* Gives `id` the next index in `map` and makes room for it in `array`. Returns 0 with *fresh
 * false for an id that is taken. */
static int define_id(struct loader *l, struct idmap *map, uint64_t id, void **array, size_t *cap,
                     size_t size, bool *fresh)
{
    *fresh = false;
    if (map->count >= UINT32_MAX - CAPTURE_TYPES - 1) return loader_no_memory(l);
    if (!memory_grow(&l->lasting, array, cap, (size_t)map->count + 1, size))
        return loader_no_memory(l);
    int added = idmap_add(&l->lasting, map, id, 1);
    if (added == IDMAP_NO_MEMORY) return loader_no_memory(l);
    *fresh = added == IDMAP_OK;
    return 0;
}

int define_string(void *opaque, uint64_t id, struct record_text text)
{
    struct loader *l = opaque;
    struct capture_definitions *d = &l->file.definitions;
    bool fresh;
    int status = define_id(l, &d->string, id, (void **)&d->string_number, &d->string_cap,
                           sizeof *d->string_number, &fresh);
    if (status || !fresh) return status;
    uint32_t number = strings_add(&l->strings, text.at, text.size);
    if (!number) return loader_no_memory(l);
    d->string_number[d->string.count - 1] = number;
    return 0;
}

int define_type(void *opaque, uint64_t id, const snap_type *type)
{
    struct loader *l = opaque;
    struct source_file *f = &l->file;
    bool fresh;
    int status = define_id(l, &f->definitions.type, id, (void **)&f->type, &f->type_cap,
                           sizeof *f->type, &fresh);
    if (status || !fresh) return status;
    struct type_record *t = &f->type[f->n_types++];
    *t = (struct type_record){ .type = *type };
    t->name = capture_text(&f->definitions, type->name);
    t->module = capture_text(&f->definitions, type->module);
    return 0;
}

int define_module(void *opaque, uint64_t id, const snap_module *module)
{
    static const char digits[] = "0123456789abcdef";
    struct loader *l = opaque;
    struct source_file *f = &l->file;
    bool fresh;
    int status = define_id(l, &f->module, id, (void **)&f->module_row, &f->module_cap,
                           sizeof *f->module_row, &fresh);
    if (status || !fresh) return status;
    struct module_record m;
    memset(&m, 0, sizeof m);
    m.start = module->start;
    m.end = module->end;
    m.path = capture_text(&f->definitions, module->path);
    char hex[128];
    size_t n = module->build_id ? module->build_id_size : 0;
    if (n > sizeof hex / 2) n = sizeof hex / 2;
    for (size_t i = 0; i < n; i++) {
        hex[2 * i] = digits[module->build_id[i] >> 4];
        hex[2 * i + 1] = digits[module->build_id[i] & 15];
    }
    if (n && !(m.build_id = strings_add(&l->strings, hex, 2 * n))) return loader_no_memory(l);
    uint32_t row = intern_add(&l->modules, &m);
    if (!row) return loader_no_memory(l);
    f->module_row[f->module.count - 1] = row;
    return 0;
}

int define_frame(void *opaque, uint64_t id, const snap_frame *frame)
{
    struct loader *l = opaque;
    struct source_file *f = &l->file;
    bool fresh;
    int status = define_id(l, &f->frame, id, (void **)&f->frame_row, &f->frame_cap,
                           sizeof *f->frame_row, &fresh);
    if (status || !fresh) return status;
    struct frame_record r;
    uint64_t module;
    memset(&r, 0, sizeof r);
    r.address = frame->address;
    r.function = capture_text(&f->definitions, frame->function);
    r.file = capture_text(&f->definitions, frame->file);
    r.line = frame->line;
    r.language = frame->language <= SNAP_LANGUAGE_RUBY ? frame->language : 0;
    if (frame->module && idmap_find(&f->module, frame->module, &module))
        r.module = f->module_row[module];
    uint32_t row = intern_add(&l->frames, &r);
    if (!row) return loader_no_memory(l);
    f->frame_row[f->frame.count - 1] = row;
    return 0;
}

int define_stack(void *opaque, uint64_t id, uint64_t parent, uint64_t frame)
{
    struct loader *l = opaque;
    struct source_file *f = &l->file;
    struct capture_definitions *d = &f->definitions;
    bool fresh;
    /* Looked up before the id exists, so that a stack cannot be its own parent. */
    struct stack_record r = { 0, 0 };
    uint64_t at;
    if (parent && idmap_find(&d->stack, parent, &at)) r.parent = d->stack_row[at];
    if (frame && idmap_find(&f->frame, frame, &at)) r.frame = f->frame_row[at];
    int status = define_id(l, &d->stack, id, (void **)&d->stack_row, &d->stack_cap,
                           sizeof *d->stack_row, &fresh);
    if (status || !fresh) return status;
    uint32_t row = intern_add(&l->stacks, &r);
    if (!row || !memory_grow(&l->lasting, (void **)&l->stack_depth, &l->stack_depth_cap, row,
                             sizeof *l->stack_depth))
        return loader_no_memory(l);
    l->stack_depth[row - 1] = r.parent ? l->stack_depth[r.parent - 1] + 1 : 1;
    d->stack_row[d->stack.count - 1] = row;
    return 0;
}

void define_forget_file(struct source_file *f)
{
    idmap_free(&f->definitions.string);
    idmap_free(&f->definitions.type);
    idmap_free(&f->definitions.stack);
    idmap_free(&f->module);
    idmap_free(&f->frame);
    heap_free(f->definitions.string_number);
    heap_free(f->definitions.stack_row);
    heap_free(f->type);
    heap_free(f->module_row);
    heap_free(f->frame_row);
    heap_free(f->pair);
    native_free(&f->native);
    const char *path = f->path;
    *f = (struct source_file){ .path = path };
}

int64_t define_thread_row(const struct snapshot *s, uint64_t id)
{
    if (!id) return 0;
    /* Ids of threads are consecutive, so the first guess is right unless rows were lost. */
    uint64_t guess = s->n_threads ? id - s->thread[0].id : 0;
    if (guess < s->n_threads && s->thread[guess].id == id) return s->thread_base + (int64_t)guess;
    for (size_t i = 0; i < s->n_threads; i++)
        if (s->thread[i].id == id) return s->thread_base + (int64_t)i;
    return 0;
}

/* ---- rows ---------------------------------------------------------------------------------- */

static int write_modules(struct loader *l)
{
    sqlite3_stmt *q;
    int status = loader_prepare(l, &q, "INSERT INTO module (id, path, build_id, start_address,"
                                       " end_address) VALUES (?, ?, ?, ?, ?)");
    if (status) return status;
    for (uint32_t k = 1; k <= l->modules.n && !status; k++) {
        const struct module_record *m = intern_at(&l->modules, k);
        sqlite3_bind_int64(q, 1, k);
        loader_bind_text(l, q, 2, m->path);
        loader_bind_text(l, q, 3, m->build_id);
        loader_bind_id(q, 4, (int64_t)m->start);
        loader_bind_id(q, 5, (int64_t)m->end);
        status = loader_insert(l, q);
    }
    sqlite3_finalize(q);
    return status;
}

static int write_frames(struct loader *l)
{
    sqlite3_stmt *q;
    int status = loader_prepare(l, &q, "INSERT INTO frame (id, function, file, line, module_id,"
                                       " language, address) VALUES (?, ?, ?, ?, ?, ?, ?)");
    if (status) return status;
    for (uint32_t k = 1; k <= l->frames.n && !status; k++) {
        const struct frame_record *f = intern_at(&l->frames, k);
        sqlite3_bind_int64(q, 1, k);
        loader_bind_text(l, q, 2, f->function);
        loader_bind_text(l, q, 3, f->file);
        loader_bind_id(q, 4, f->line);
        loader_bind_id(q, 5, f->module);
        sqlite3_bind_int64(q, 6, f->language);
        loader_bind_id(q, 7, (int64_t)f->address);
        status = loader_insert(l, q);
    }
    sqlite3_finalize(q);
    return status;
}

static int write_stacks(struct loader *l)
{
    sqlite3_stmt *q;
    int status = loader_prepare(l, &q, "INSERT INTO stack (id, parent_id, frame_id, depth)"
                                       " VALUES (?, ?, ?, ?)");
    if (status) return status;
    for (uint32_t k = 1; k <= l->stacks.n && !status; k++) {
        const struct stack_record *s = intern_at(&l->stacks, k);
        sqlite3_bind_int64(q, 1, k);
        loader_bind_id(q, 2, s->parent);
        loader_bind_id(q, 3, s->frame);
        sqlite3_bind_int64(q, 4, l->stack_depth[k - 1]);
        status = loader_insert(l, q);
    }
    sqlite3_finalize(q);
    return status;
}

static int write_strings(struct loader *l)
{
    sqlite3_stmt *q;
    int status = loader_prepare(l, &q, "INSERT INTO string (id, text) VALUES (?, ?)");
    if (status) return status;
    for (size_t k = l->strings_there; k < l->strings.n_used && !status; k++) {
        sqlite3_bind_int64(q, 1, (int64_t)k + 1);
        loader_bind_text(l, q, 2, l->strings.used[k]);
        status = loader_insert(l, q);
    }
    sqlite3_finalize(q);
    return status;
}

int define_write(struct loader *l)
{
    if (l->options->complete_path) return write_strings(l);
    int status = write_modules(l);
    if (!status) status = write_frames(l);
    if (!status) status = write_stacks(l);
    if (!status) status = write_strings(l);
    return status;
}
