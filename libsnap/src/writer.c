/* SPDX-License-Identifier: MIT */
/*
 * Life of a writer. Everything it will ever need is one allocation, made here:
 *
 *     | struct snap_writer | rows of every kind | compressor | output buffer |
 *
 * Opening O(memory), closing O(rows open).
 */
#include "writer_impl.h"

#include <stddef.h>
#include <string.h>

#include "alloc.h"
#include "os.h"
#include "status.h"

/* How many rows and bytes the open chunk of a kind may hold; the options bound rows, too. */
struct room {
    uint32_t rows;
    uint32_t bytes;
};


static const struct room rooms[SNAP_KIND_LAST + 1] = {
    [SNAP_KIND_METADATA] = { 512, SNAP_MAX_TEXT },
    [SNAP_KIND_LABEL] = { 512, SNAP_MAX_TEXT },
    [SNAP_KIND_COUNTER] = { 1024, SNAP_MAX_TEXT },
    [SNAP_KIND_STRING] = { 16384, SNAP_MAX_STRING_PART },
    [SNAP_KIND_TYPE] = { 2048, 0 },
    [SNAP_KIND_FRAME] = { 4096, 0 },
    [SNAP_KIND_STACK] = { 16384, 0 },
    [SNAP_KIND_THREAD] = { 1024, 0 },
    [SNAP_KIND_MODULE] = { 1024, SNAP_MAX_TEXT },
    [SNAP_KIND_BEGIN] = { 1, SNAP_MAX_TEXT },
    [SNAP_KIND_FINISH] = { 1, 0 },
    [SNAP_KIND_OBJECT] = { SNAP_MAX_CHUNK_ROWS, 0 },
    [SNAP_KIND_EDGE] = { SNAP_MAX_CHUNK_ROWS, 0 },
    [SNAP_KIND_ROOT] = { 8192, 0 },
    [SNAP_KIND_BLOCK] = { 16384, 0 },
    [SNAP_KIND_EVENT] = { 16384, 0 },
    [SNAP_KIND_SAMPLE] = { 4096, SNAP_MAX_TEXT },
    [SNAP_KIND_VALUE] = { 4096, 4 * SNAP_MAX_TEXT },
    [SNAP_KIND_INDEX] = { CHUNK_INDEX_EVERY, 0 },
    [SNAP_KIND_TOTAL] = { SNAP_KIND_LAST, 0 },
};

/* Sizes and offsets within the one allocation. */
struct plan {
    int level;
    uint32_t chunk_rows;
    size_t rows_at[SNAP_KIND_LAST + 1];
    uint32_t rows_room[SNAP_KIND_LAST + 1];
    size_t packer_at, packer_size;
    size_t payload; /* size of payloads that the compressor is set up for */
    size_t out_at, out_size;
    size_t total;
};

static size_t round64(size_t size)
{
    return (size + 63) & ~(size_t)63;
}

/* The part of the caller's options that both sides know. */
static int read_options(snap_writer_options *to, const snap_writer_options *from)
{
    memset(to, 0, sizeof *to);
    if (!from) return 0;
    if (from->size < sizeof from->size) return -1;
    memcpy(to, from, from->size < sizeof *to ? from->size : sizeof *to);
    return 0;
}

static int make_plan(struct plan *plan, const snap_writer_options *o)
{
    plan->level = o->level ? o->level : 1;
    plan->chunk_rows = o->chunk_rows ? o->chunk_rows : WRITER_CHUNK_ROWS;
    if (plan->chunk_rows > SNAP_MAX_CHUNK_ROWS) return -1;
    size_t at = round64(sizeof(struct snap_writer));
    for (unsigned kind = 1; kind <= SNAP_KIND_LAST; kind++) {
        uint32_t room = rooms[kind].rows;
        int bounded = kind != SNAP_KIND_INDEX && kind != SNAP_KIND_TOTAL;
        if (bounded && room > plan->chunk_rows) room = plan->chunk_rows;
        plan->rows_room[kind] = room;
        plan->rows_at[kind] = at;
        at += round64(rows_memory(kind, room, rooms[kind].bytes));
    }
    /* A chunk's payload is about 1 MiB with the default number of rows. One that is larger is
     * compressed as well; one that stays larger than this packed is stored. */
    plan->payload = (size_t)1 << 20;
    if (plan->chunk_rows > WRITER_CHUNK_ROWS) plan->payload *= 2;
    plan->packer_size = chunk_packer_memory(plan->level, plan->payload);
    if (plan->packer_size == 0) return -1;
    plan->packer_at = at;
    at += plan->packer_size;
    plan->out_at = at;
    plan->out_size = SNAP_CHUNK_HEADER_SIZE + plan->payload;
    plan->total = at + round64(plan->out_size);
    return 0;
}

size_t snap_writer_memory(const snap_writer_options *options)
{
    snap_writer_options o;
    struct plan plan;
    if (read_options(&o, options) || make_plan(&plan, &o)) return 0;
    return plan.total;
}

static int is_zero(const uint8_t *bytes, size_t n)
{
    uint8_t all = 0;
    for (size_t i = 0; i < n; i++) all |= bytes[i];
    return all == 0;
}

/* A writer without a sink; NULL with *err filled in. */
static snap_writer *writer_new(const snap_writer_options *o, snap_error *err)
{
    struct plan plan;
    if (make_plan(&plan, o)) {
        status_set(err, SNAP_E_MISUSE, 0, STATUS_NOWHERE,
                   "the level must be 1 to 19 and chunk_rows at most 65536");
        goto err0;
    }
    snap_allocator allocator = alloc_choose(o->allocator);
    uint8_t *memory = alloc_take(&allocator, plan.total);
    if (!memory) {
        status_set(err, SNAP_E_MEMORY, 0, STATUS_NOWHERE, "no memory for a writer");
        goto err0;
    }
    snap_writer *w = (snap_writer *)(void *)memory;
    memset(w, 0, offsetof(struct snap_writer, cache));
    w->allocator = allocator;
    w->memory = plan.total;
    w->clock = o->clock ? o->clock : os_clock;
    w->clock_opaque = o->clock_opaque;
    w->max_age = o->max_chunk_age_ns;
    w->age_countdown = WRITER_AGE_ROWS;
    w->chunk_source = UINT64_MAX;
    w->from_source = UINT64_MAX;
    w->out = memory + plan.out_at;
    w->out_size = plan.out_size;
    /* The rows' memory, not in use yet, is the input of the compressor's trial. */
    memset(memory + plan.rows_at[1], 0, plan.payload);
    if (chunk_packer_init(&w->packer, plan.level, plan.payload, memory + plan.packer_at,
                          plan.packer_size, memory + plan.rows_at[1], w->out,
                          w->out_size)) {
        status_set(err, SNAP_E_UNSUPPORTED, 0, STATUS_NOWHERE,
                   "this zstd does not compress in the memory that it asked for");
        goto err1;
    }
    for (unsigned kind = 1; kind <= SNAP_KIND_LAST; kind++) {
        rows_init(&w->rows[kind], kind, plan.rows_room[kind], rooms[kind].bytes,
                  memory + plan.rows_at[kind]);
        w->next_id[kind] = 1;
    }
    return w;

err1:
    alloc_give(&allocator, memory, plan.total);
err0:
    return NULL;
}

static void writer_free(snap_writer *w)
{
    snap_allocator allocator = w->allocator;
    alloc_give(&allocator, w, w->memory);
}

/* Writes the file header and the row that says which library wrote the file. */
static snap_status start_file(snap_writer *w, const snap_writer_options *o)
{
    uint8_t header[SNAP_FILE_HEADER_SIZE];
    uint8_t random[24]; /* uuid, seed of the string cache */
    int error = os_random(random, sizeof random);
    if (error) return writer_fail(w, SNAP_E_IO, error, "the kernel gives no random bytes");
    uint64_t seed;
    memcpy(&seed, random + 16, 8);
    string_cache_init(&w->cache, seed);
    chunk_file_header_put(header, is_zero(o->uuid, 16) ? random : o->uuid);
    error = sink_write(&w->sink, header, sizeof header);
    if (error) return writer_fail(w, SNAP_E_IO, error, "the output could not be written");
    w->offset = sizeof header;
    if (w->max_age) w->last_flush = w->clock(w->clock_opaque, 1);
    return snap_writer_metadata(w, "library", "libsnap " SNAP_VERSION_STRING);
}

/* The part that all ways of opening share; `attach` sets up the sink. */
struct target {
    const char *path;
    const snap_sink *callback;
    int fd;
};

static snap_status attach(snap_writer *w, const struct target *t, const snap_writer_options *o,
                          snap_error *err)
{
    if (t->path) return sink_from_path(&w->sink, t->path, o->replace, !o->no_sync, err);
    if (t->callback) sink_from_callback(&w->sink, t->callback);
    else sink_from_fd(&w->sink, t->fd);
    return SNAP_OK;
}

static snap_status writer_open(snap_writer **writer, const struct target *target,
                               const snap_writer_options *options, snap_error *err)
{
    snap_writer_options o;
    snap_error local;
    snap_status status;
    if (!err) err = &local;
    *writer = NULL;
    if (read_options(&o, options)) {
        return status_set(err, SNAP_E_MISUSE, 0, STATUS_NOWHERE, "the options have no size");
    }
    snap_writer *w = writer_new(&o, err);
    if (!w) {
        status = err->code;
        goto err0;
    }
    status = attach(w, target, &o, err);
    if (status != SNAP_OK) goto err1;
    status = start_file(w, &o);
    if (status != SNAP_OK) goto err2;
    *writer = w;
    return SNAP_OK;

err2:
    *err = w->error;
    sink_close(&w->sink, 1);
err1:
    writer_free(w);
err0:
    return status;
}

snap_status snap_writer_open_path(snap_writer **writer, const char *path,
                                  const snap_writer_options *options, snap_error *err)
{
    return writer_open(writer, &(struct target){ .path = path, .fd = -1 }, options, err);
}

snap_status snap_writer_open_fd(snap_writer **writer, int fd, const snap_writer_options *options,
                                snap_error *err)
{
    return writer_open(writer, &(struct target){ .fd = fd }, options, err);
}

snap_status snap_writer_open_sink(snap_writer **writer, const snap_sink *sink,
                                  const snap_writer_options *options, snap_error *err)
{
    return writer_open(writer, &(struct target){ .callback = sink, .fd = -1 }, options, err);
}

snap_status snap_writer_close(snap_writer *w, snap_error *err)
{
    if (!w) return SNAP_OK;
    if (w->status == SNAP_OK && w->snapshot) {
        writer_fail(w, SNAP_E_MISUSE, 0, "the writer was closed inside a snapshot");
    }
    if (w->status == SNAP_OK) writer_finish_file(w);
    if (w->status == SNAP_OK) w->status = sink_publish(&w->sink, &w->error);
    snap_status status = w->status;
    if (status != SNAP_OK && err) *err = w->error;
    sink_close(&w->sink, 0);
    writer_free(w);
    return status;
}

void snap_writer_abort(snap_writer *w, int keep)
{
    if (!w) return;
    sink_close(&w->sink, !keep);
    writer_free(w);
}

snap_status snap_writer_flush(snap_writer *w)
{
    if (w->status != SNAP_OK) return w->status;
    if (w->max_age) w->last_flush = w->clock(w->clock_opaque, 1);
    return writer_close_all(w);
}

void snap_writer_get_totals(const snap_writer *w, snap_writer_totals *totals)
{
    memcpy(totals->rows, w->total_rows, sizeof totals->rows);
    totals->bytes = w->offset;
}

snap_status snap_writer_status(const snap_writer *w, snap_error *err)
{
    if (w->status != SNAP_OK && err) *err = w->error;
    return w->status;
}
