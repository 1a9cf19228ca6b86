/* SPDX-License-Identifier: MIT */
/*
 * The window over a reader's input. O(bytes shown).
 */
#define _POSIX_C_SOURCE 200809L
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"

/* The window grows in these steps, and small requests read this much ahead. */
#define STEP  65536u
#define AHEAD 4096u

void source_from_memory(struct source *s, const void *data, size_t size)
{
    memset(s, 0, sizeof *s);
    s->memory = data ? data : (const uint8_t *)"";
    s->size = size;
    s->fd = -1;
}

void source_from_callback(struct source *s, const snap_source *callback,
                          const snap_allocator *allocator)
{
    memset(s, 0, sizeof *s);
    s->callback = *callback;
    s->allocator = *allocator;
    s->size = callback->size;
    s->fd = -1;
}

int source_from_fd(struct source *s, int fd, const snap_allocator *allocator)
{
    struct stat st;
    char byte;
    memset(s, 0, sizeof *s);
    s->fd = fd;
    s->allocator = *allocator;
    s->size = UINT64_MAX;
    if (fstat(fd, &st) != 0) return errno;
    if (S_ISDIR(st.st_mode)) return EISDIR;
    if (S_ISREG(st.st_mode)) s->size = (uint64_t)st.st_size;
    if (pread(fd, &byte, 1, 0) < 0) {
        if (errno != ESPIPE) return errno;
        s->sequential = 1;
    }
    return 0;
}

int source_from_path(struct source *s, const char *path, const snap_allocator *allocator)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return errno;
    int error = source_from_fd(s, fd, allocator);
    s->own_fd = 1;
    if (error) source_close(s);
    return error;
}

int source_is_random(const struct source *s)
{
    return !s->sequential;
}

void source_close(struct source *s)
{
    if (s->own_fd) close(s->fd);
    if (!s->memory) alloc_give(&s->allocator, s->buffer, s->room);
    s->own_fd = 0;
    s->buffer = NULL;
}

/* One read of the descriptor, with EINTR and non-blocking descriptors taken care of. */
static int read_some(struct source *s, uint64_t offset, uint8_t *to, size_t size, size_t *got)
{
    for (;;) {
        ssize_t n = s->sequential ? read(s->fd, to, size) : pread(s->fd, to, size, (off_t)offset);
        if (n >= 0) {
            *got = (size_t)n;
            return 0;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            struct pollfd p = { .fd = s->fd, .events = POLLIN };
            if (poll(&p, 1, -1) < 0 && errno != EINTR) return errno;
        } else if (errno != EINTR) {
            return errno;
        }
    }
}

/* Reads until `least` bytes are there or the source ends; up to `most` where they come along. */
static int read_between(struct source *s, uint64_t offset, uint8_t *to, size_t least, size_t most,
                        size_t *got)
{
    *got = 0;
    if (offset > (uint64_t)INT64_MAX - most) return 0; /* beyond what a file can have: its end */
    if (s->callback.read_at) {
        int error = s->callback.read_at(s->callback.opaque, offset, to, most, got);
        if (!error && *got > most) return EINVAL;
        return error;
    }
    while (*got < least) {
        size_t n = 0;
        int error = read_some(s, offset + *got, to + *got, most - *got, &n);
        if (error) return error;
        if (n == 0) break;
        *got += n;
    }
    if (s->sequential) s->position += *got;
    return 0;
}

/* Sequential: reads and drops what stands before `offset`. */
static int skip_to(struct source *s, uint64_t offset)
{
    if (offset < s->position) return ESPIPE;
    while (s->position < offset) {
        uint64_t left = offset - s->position;
        size_t n = left < s->room ? (size_t)left : s->room;
        size_t got;
        int error = read_between(s, s->position, s->buffer, n, n, &got);
        if (error || got == 0) return error;
    }
    return 0;
}

static snap_status make_room(struct source *s, size_t size)
{
    if (size <= s->room) return SNAP_OK;
    size_t room = (size + STEP - 1) / STEP * STEP;
    uint8_t *buffer = alloc_take(&s->allocator, room);
    if (!buffer) return SNAP_E_MEMORY;
    if (s->filled) memcpy(buffer, s->buffer, s->filled);
    alloc_give(&s->allocator, s->buffer, s->room);
    s->buffer = buffer;
    s->room = room;
    return SNAP_OK;
}

/* Lets the window begin at `offset`, with what is known from there on. */
static int move_window(struct source *s, uint64_t offset)
{
    if (offset >= s->start && offset - s->start <= s->filled) {
        size_t drop = (size_t)(offset - s->start);
        s->filled -= drop;
        memmove(s->buffer, s->buffer + drop, s->filled);
    } else {
        s->filled = 0;
        int error = s->sequential ? skip_to(s, offset) : 0;
        if (error) return error;
    }
    s->start = offset;
    return 0;
}

static void show_memory(const struct source *s, uint64_t offset, size_t size, const uint8_t **data,
                        size_t *got)
{
    uint64_t left = offset < s->size ? s->size - offset : 0;
    *got = size < left ? size : (size_t)left;
    *data = s->memory + (left ? offset : 0);
}

snap_status source_window(struct source *s, uint64_t offset, size_t size, const uint8_t **data,
                          size_t *got, int *os_errno)
{
    *os_errno = 0;
    if (s->memory) {
        show_memory(s, offset, size, data, got);
        return SNAP_OK;
    }
    if (offset < s->start || offset - s->start > s->filled ||
        size > s->filled - (size_t)(offset - s->start)) {
        snap_status status = make_room(s, size < AHEAD ? AHEAD : size);
        if (status != SNAP_OK) return status;
        *os_errno = move_window(s, offset);
        if (*os_errno) return SNAP_E_IO;
        /* A sequential window may not read beyond what is asked: nothing would be lost, but a
         * reader of a live pipe would wait for bytes that it does not need yet. */
        size_t most = size > AHEAD || s->sequential ? size : AHEAD;
        if (s->filled < size) {
            size_t n;
            *os_errno = read_between(s, offset + s->filled, s->buffer + s->filled,
                                     size - s->filled, most - s->filled, &n);
            if (*os_errno) return SNAP_E_IO;
            s->filled += n;
        }
    }
    size_t before = (size_t)(offset - s->start);
    *data = s->buffer + before;
    *got = s->filled - before < size ? s->filled - before : size;
    return SNAP_OK;
}
