/* SPDX-License-Identifier: MIT */
/*
 * Helpers for tests of libsnap: a file in memory as sink, a clock that stands still, a writer with
 * fixed uuid so that files are reproducible.
 */
#ifndef SNAP_TESTS_SNAP_MEMORY_H
#define SNAP_TESTS_SNAP_MEMORY_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <snap/snap.h>

/* Which sanitizers this is built with; gcc and clang say it in different ways. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define WITH_TSAN 1
#endif
#if __has_feature(memory_sanitizer)
#define WITH_MSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define WITH_TSAN 1
#endif

struct memory_file {
    uint8_t *bytes;
    size_t size, room;
};

static inline int memory_write(void *opaque, const void *data, size_t size)
{
    struct memory_file *f = opaque;
    if (size > f->room - f->size) {
        size_t room = 2 * (f->size + size);
        uint8_t *bytes = realloc(f->bytes, room);
        if (!bytes) return ENOMEM;
        f->bytes = bytes;
        f->room = room;
    }
    if (size) memcpy(f->bytes + f->size, data, size);
    f->size += size;
    return 0;
}

static inline void memory_free(struct memory_file *f)
{
    free(f->bytes);
    memset(f, 0, sizeof *f);
}

static inline uint64_t memory_clock(void *opaque, int which)
{
    (void)opaque;
    return which ? 5000 : 1700000000000000000u;
}

static inline snap_writer_options memory_options(void)
{
    snap_writer_options o = { .size = sizeof o, .clock = memory_clock };
    for (int i = 0; i < 16; i++) o.uuid[i] = (uint8_t)(i + 1);
    return o;
}

static inline snap_writer *memory_writer(struct memory_file *f, const snap_writer_options *options)
{
    snap_writer *w = NULL;
    snap_writer_options o = options ? *options : memory_options();
    snap_sink sink = { memory_write, f };
    memset(f, 0, sizeof *f);
    return snap_writer_open_sink(&w, &sink, &o, NULL) == SNAP_OK ? w : NULL;
}

#endif
