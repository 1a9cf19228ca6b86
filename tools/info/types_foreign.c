/* SPDX-License-Identifier: MIT */
/* Objects of another tool's dump counted by type, as its importer hands them on. See info.h. */
#include <sys/stat.h>

#include "cli/message.h"
#include "cli/progress.h"
#include "import/import.h"
#include "types_private.h"

struct counting {
    struct types_job job;
    const char *path;
    uint64_t damages;
    struct progress progress;
};

static int stop_where(const struct counting *c)
{
    return c->job.failed ? RECORD_STOP : RECORD_OK;
}

static int on_string(void *opaque, uint64_t id, struct record_text text)
{
    struct counting *c = opaque;
    if (!u64map_put(&c->job.strings, id, NULL) ||
        types_string(&c->job, id, text.at, text.size))
        c->job.failed = true;
    return stop_where(c);
}

static int on_type(void *opaque, uint64_t id, const snap_type *type)
{
    struct counting *c = opaque;
    types_add_row(&c->job, id, type);
    return stop_where(c);
}

static int on_tally(void *opaque, uint64_t type, uint64_t objects, uint64_t shallow)
{
    struct counting *c = opaque;
    types_count(&c->job, type, objects, shallow, 0);
    return RECORD_OK;
}

static int on_objects(void *opaque, const struct record_batch *b)
{
    struct counting *c = opaque;
    const struct record_column *type = &b->column[SNAP_COL_OBJECT_TYPE];
    const struct record_column *shallow = &b->column[SNAP_COL_OBJECT_SHALLOW];
    const struct record_column *native = &b->column[SNAP_COL_OBJECT_NATIVE];
    for (uint32_t i = 0; i < b->rows; i++)
        types_count(&c->job, record_get(type, i), 1, record_get(shallow, i),
                    record_get(native, i));
    return RECORD_OK;
}

static void on_damage(void *opaque, uint64_t offset, const char *text)
{
    enum { SHOWN = 5 };
    struct counting *c = opaque;
    if (c->damages++ < SHOWN) message_warning(c->path, offset, "%s", text);
}

static void on_caution(void *opaque, const char *text)
{
    const struct counting *c = opaque;
    message_warning(c->path, MESSAGE_NO_OFFSET, "%s", text);
}

static void on_progress(void *opaque, uint64_t bytes)
{
    struct counting *c = opaque;
    progress_set(&c->progress, bytes);
}

int info_types_foreign(struct info_types *types, const char *path, const char **what,
                       bool *complete)
{
    struct counting c = { .job = { .out = types }, .path = path };
    struct record_sink sink = { .opaque = &c, .string = on_string, .type = on_type,
                                .tally = on_tally, .damage = on_damage,
                                .caution = on_caution };
    const struct import_options options = { .progress = on_progress, .opaque = &c };
    struct import_result result;
    struct stat st;
    *types = (struct info_types){ 0 };
    const struct import_format *format = import_open(path);
    if (!format) return STATUS_UNUSABLE;
    if (!format->tallies) sink.objects = on_objects;
    progress_begin(&c.progress, path, stat(path, &st) ? 0 : (uint64_t)st.st_size, PROGRESS_BYTES);
    int status = format->read(path, &sink, &options, &result) ? STATUS_UNUSABLE : STATUS_DONE;
    progress_end(&c.progress);
    if (c.job.failed) status = message_no_memory("the types of a file");
    *what = format->what;
    *complete = result.complete;
    return types_end(&c.job, status);
}
