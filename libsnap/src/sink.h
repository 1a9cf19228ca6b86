/* SPDX-License-Identifier: MIT */
/*
 * Where a writer's bytes go: a callback, a descriptor, or a file that appears under its name when
 * it is whole. No stdio, no allocation, no locks.
 */
#ifndef SNAP_SRC_SINK_H
#define SNAP_SRC_SINK_H

#include <snap/writer.h>

/* Longest path that snap_writer_open_path takes, with its NUL. */
#define SINK_PATH_MAX 4096u

struct sink {
    snap_sink callback; /* write == NULL: the descriptor is used */
    int fd;
    int directory; /* descriptor of the file's directory; -1 where there is none */
    int replace;
    int sync;
    char name[SINK_PATH_MAX];     /* last component of the path */
    char part[SINK_PATH_MAX + 8]; /* the same with ".part" */
};

void sink_from_callback(struct sink *sink, const snap_sink *callback);
void sink_from_fd(struct sink *sink, int fd);

/* Creates the .part file. Returns SNAP_OK or SNAP_E_IO. */
snap_status sink_from_path(struct sink *sink, const char *path, int replace, int sync,
                           snap_error *err);

/* Takes all `size` bytes; returns 0 or an errno value. */
int sink_write(struct sink *sink, const void *data, size_t size);

/* Puts the file in its place: sync, rename, sync the directory. Nothing to do for the others. */
snap_status sink_publish(struct sink *sink, snap_error *err);

/* Closes what was opened; `remove` takes the .part file away. */
void sink_close(struct sink *sink, int remove);

#endif
