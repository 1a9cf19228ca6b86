/* SPDX-License-Identifier: MIT */
/*
 * Where a reader's bytes come from: memory, a descriptor (with or without random access), or a
 * callback; seen through a window that moves over the file.
 */
#ifndef SNAP_SRC_SOURCE_H
#define SNAP_SRC_SOURCE_H

#include <snap/reader.h>

struct source {
    const uint8_t *memory; /* the whole file; NULL: use the rest */
    snap_source callback;  /* read_at == NULL: use the descriptor */
    int fd;
    int own_fd;
    int sequential; /* the descriptor has no random access */
    uint64_t position; /* sequential: offset of the next byte that read() gives */
    uint64_t size;     /* UINT64_MAX: unknown */

    snap_allocator allocator;
    uint8_t *buffer; /* the window: `filled` bytes from offset `start` */
    size_t room;
    size_t filled;
    uint64_t start;
};

void source_from_memory(struct source *source, const void *data, size_t size);
void source_from_callback(struct source *source, const snap_source *callback,
                          const snap_allocator *allocator);
/* Returns 0 or an errno value (EISDIR for a directory). */
int source_from_fd(struct source *source, int fd, const snap_allocator *allocator);
int source_from_path(struct source *source, const char *path, const snap_allocator *allocator);

/* Shows `size` bytes at `offset`, fewer only at the end of the source: *got of them at *data, valid
 * until the next call. SNAP_OK, SNAP_E_IO with *os_errno, or SNAP_E_MEMORY. A sequential source
 * only moves forward (ESPIPE). Takes at most about `size` bytes of memory. */
snap_status source_window(struct source *source, uint64_t offset, size_t size, const uint8_t **data,
                          size_t *got, int *os_errno);

/* Whether any offset can be asked for at any time. */
int source_is_random(const struct source *source);

void source_close(struct source *source);

#endif
