/* SPDX-License-Identifier: MIT */
/*
 * Writing one file through the library's writer. The contract is in capture.h.
 */
#define _GNU_SOURCE
#include "capture.h"

#include "memroom.h"
#include "walk.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

uint64_t capture_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* ---- sink and memory ------------------------------------------------------------------------- */

/* How long nobody may take what is written to a pipe or socket. Inline the program stands still
 * meanwhile; and where it is to read the pipe itself, it never will. */
#define INLINE_PATIENCE_S 10
#define FORK_PATIENCE_S   600
#define POLL_MS           100
/* What a pipe that poll() finds writable takes without waiting (and sockets and terminals too). */
#define PIPE_ATOMIC 4096u

struct output {
    int fd;
    bool waits;        /* may make a writer wait: not a file */
    unsigned patience; /* seconds */
    int (*interrupted)(void);
    const char *failure; /* a sentence, or NULL */
    uint64_t bytes;
};

static void output_init(struct output *output, const struct capture *capture)
{
    struct stat status;
    bool is_inline = capture->mode == DUMP_INLINE;

    *output = (struct output){
        .fd = capture->fd,
        .patience = is_inline ? INLINE_PATIENCE_S : FORK_PATIENCE_S,
        .interrupted = is_inline ? capture->options->interrupted : NULL,
    };
    if (fstat(output->fd, &status) == 0)
        output->waits = !S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode);
}

/* Wait until output is taken; 0 or an errno value. */
static int await_reader(struct output *output)
{
    uint64_t until = capture_now() + output->patience * UINT64_C(1000000000);
    struct pollfd wait = { .fd = output->fd, .events = POLLOUT };

    while (poll(&wait, 1, POLL_MS) <= 0) {
        if (output->interrupted != NULL && output->interrupted()) {
            output->failure = "the capture was given up";
            return EINTR;
        }
        if (capture_now() > until) {
            output->failure = output->patience == INLINE_PATIENCE_S
                                  ? "nobody has read from the other end for 10 seconds, in which "
                                    "the process stood still; a process that reads its own "
                                    "capture needs mode 'fork'"
                                  : "nobody has read from the other end for 10 minutes";
            return ETIMEDOUT;
        }
    }
    return 0;
}

static int write_all(void *opaque, const void *data, size_t size)
{
    struct output *output = opaque;
    const char *at = data;

    while (size > 0) {
        int failed = output->waits ? await_reader(output) : 0;
        if (failed != 0) return failed;
        ssize_t n = write(output->fd, at,
                          output->waits && size > PIPE_ATOMIC ? PIPE_ATOMIC : size);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            output->waits = true;
            continue;
        }
        if (n < 0 && errno != EINTR) return errno;
        if (n > 0) {
            at += n;
            size -= (size_t)n;
            output->bytes += (uint64_t)n;
        }
    }
    return 0;
}

static void *map(void *opaque, size_t size)
{
    return mem_map(opaque, size);
}

static void unmap(void *opaque, void *ptr, size_t size)
{
    mem_unmap(opaque, ptr, size);
}

/* ---- the parts of the file ------------------------------------------------------------------- */

static const char *names_of(dump_names names)
{
    return names == DUMP_NAMES_KEYS ? "keys" : names == DUMP_NAMES_NONE ? "none" : "code";
}

static void write_facts(const struct capture *capture, snap_writer *writer)
{
    const dump_options *options = capture->options;

    for (unsigned i = 0; i < capture->facts.n; i++)
        (void)snap_writer_metadata(writer, capture->facts.entries[i].key,
                                   capture->facts.entries[i].value);
    (void)snap_writer_metadata(writer, "names", names_of(options->names));
    (void)snap_writer_metadata(writer, "values", options->values ? "yes" : "no");
    for (size_t i = 0; i < options->n_labels; i++)
        (void)snap_writer_label(writer, options->labels[i].key, options->labels[i].value);
}

static void write_number(snap_writer *writer, const char *key, uint64_t value)
{
    char text[24];
    char *at = text + sizeof(text) - 1;

    *at = '\0';
    do *--at = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    (void)snap_writer_metadata(writer, key, at);
}

static void write_counters(const struct capture *capture, snap_writer *writer)
{
    const struct counters *counters = &capture->counters;

    for (unsigned i = 0; i < counters->n; i++)
        (void)snap_writer_counter(writer, counters->entries[i].name, counters->entries[i].value);
    (void)snap_writer_metadata(writer, "capture.mode", dump_mode_name(capture->mode));
    (void)snap_writer_metadata(writer, "capture.mode.reason", capture->why);
}

static void add_counter(void *ctx, const char *name, int64_t value)
{
    (void)snap_writer_counter(ctx, name, value);
}

/* The allocator's own view takes a look at each of its pools: too long for the moment before a
 * fork, nothing beside the walk. */
static void write_allocator(const struct capture *capture, snap_writer *writer)
{
    if (capture->stats == NULL) return;
    layout_allocator_stats(capture->stats);
    if (fflush(capture->stats) == 0) counters_pymalloc(capture->stats_text, add_counter, writer);
}

/* The forked child's ceiling: what the parent writes to meanwhile is copied, so that memory may run
 * out although the child itself keeps within its limit. */
static const char *room_is_gone(void *ctx)
{
    const struct capture *capture = ctx;
    struct memroom room;

    if (capture->mode != DUMP_FORK) return NULL;
    memroom_get(&room);
    return room.room < capture->least_room ? "memory ran short while the forked child worked"
                                           : NULL;
}

static const char *write_snapshot(const struct capture *capture, struct mem *mem,
                                  snap_writer *writer)
{
    uint64_t stacks_ns = 0;
    struct walk_options walk = {
        .describe = &capture->describe,
        .key = capture->key,
        .names = capture->options->names,
        .values = capture->options->values != 0,
        .stacks = capture->sites,
        .stacks_ns = &stacks_ns,
        .give_up = room_is_gone,
        .give_up_ctx = (void *)(uintptr_t)capture,
    };
    const char *reason = capture->options->reason;

    write_facts(capture, writer);
    (void)snap_writer_begin(writer, &(snap_begin){ .reason = reason != NULL ? reason : "dump" });
    write_counters(capture, writer);
    const char *failure = walk_run(mem, writer, &walk);
    if (failure != NULL) return failure;
    write_allocator(capture, writer);
    uint64_t pause = capture->mode == DUMP_INLINE ? capture_now() - capture->started_ns
                                                  : atomic_load(&capture->shared->pause_ns);
    write_number(writer, "capture.pause_ns", pause);
    write_number(writer, "capture.memory", mem->peak);
    if (capture->sites) write_number(writer, "capture.stacks_ns", stacks_ns);
    (void)snap_writer_finish(writer, &(snap_finish){ .flags = SNAP_FINISH_COMPLETE });
    return NULL;
}

/* snprintf of plain strings and numbers: no allocation, no locale. What the writer met comes before
 * what the walk says of it, and what its output knows before both. */
static void tell(struct capture_shared *shared, const struct output *output, const char *failure,
                 const snap_error *err)
{
    if (output->failure != NULL) failure = output->failure;
    if (failure != NULL && (err->code >= SNAP_OK || failure == output->failure))
        snprintf(shared->error, sizeof(shared->error), "%s", failure);
    else if (err->os_errno != 0)
        snprintf(shared->error, sizeof(shared->error), "%.180s (errno %d)", err->text,
                 err->os_errno);
    else
        snprintf(shared->error, sizeof(shared->error), "%s", err->text);
}

static void write_file(const struct capture *capture)
{
    struct mem mem = { .limit = capture->memory_limit };
    struct output output;
    struct capture_shared *shared = capture->shared;
    snap_allocator allocator = { map, unmap, &mem };
    snap_writer_options options = { .size = sizeof(options), .allocator = &allocator };
    snap_sink sink = { write_all, &output };
    snap_writer *writer = NULL;
    snap_writer_totals totals;
    snap_error err = { .code = SNAP_OK };

    output_init(&output, capture);
    if (snap_writer_open_sink(&writer, &sink, &options, &err) != SNAP_OK) {
        tell(shared, &output, NULL, &err);
        return;
    }
    const char *failure = write_snapshot(capture, &mem, writer);
    snap_writer_get_totals(writer, &totals);
    shared->objects = totals.rows[SNAP_KIND_OBJECT];
    shared->edges = totals.rows[SNAP_KIND_EDGE];
    if (failure != NULL) {
        (void)snap_writer_status(writer, &err);
        (void)snap_writer_flush(writer);
        snap_writer_abort(writer, 1);
        tell(shared, &output, failure, &err);
    } else if (snap_writer_close(writer, &err) != SNAP_OK) {
        tell(shared, &output, NULL, &err);
    } else {
        shared->done = 1;
    }
    shared->bytes = output.bytes;
    shared->memory_peak = mem.peak;
}

void capture_run(const struct capture *capture)
{
    write_file(capture);
    capture->shared->ended = 1;
}
