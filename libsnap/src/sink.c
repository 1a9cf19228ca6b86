/* SPDX-License-Identifier: MIT */
/*
 * Writing to descriptors, and publishing a file by rename. The directory is held open, so that a
 * change of the working directory in between cannot lead the rename astray.
 */
#define _POSIX_C_SOURCE 200809L
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h> /* renameat */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "status.h"

void sink_from_callback(struct sink *sink, const snap_sink *callback)
{
    memset(sink, 0, sizeof *sink);
    sink->callback = *callback;
    sink->fd = -1;
    sink->directory = -1;
}

void sink_from_fd(struct sink *sink, int fd)
{
    memset(sink, 0, sizeof *sink);
    sink->fd = fd;
    sink->directory = -1;
}

/* Fills in name and part; returns the length of the directory's part of `path`, or -1. */
static long split_path(struct sink *sink, const char *path)
{
    size_t size = strlen(path);
    if (size >= SINK_PATH_MAX) return -1;
    size_t start = size;
    while (start > 0 && path[start - 1] != '/') start--;
    if (start == size) return -1; /* empty, or a directory by its trailing slash */
    memcpy(sink->name, path + start, size - start + 1);
    memcpy(sink->part, path + start, size - start);
    memcpy(sink->part + (size - start), ".part", 6);
    return (long)start;
}

/* A name may be taken by nothing, or, where we may replace, by a regular file. */
static int check_target(const struct sink *sink, const char **text)
{
    struct stat st;
    if (fstatat(sink->directory, sink->name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        *text = "cannot look at the output's name";
        return errno == ENOENT ? 0 : errno;
    }
    *text = "the output exists and is not a regular file";
    if (!S_ISREG(st.st_mode)) return S_ISDIR(st.st_mode) ? EISDIR : EEXIST;
    *text = "the output exists already";
    return sink->replace ? 0 : EEXIST;
}

snap_status sink_from_path(struct sink *sink, const char *path, int replace, int sync,
                           snap_error *err)
{
    sink_from_fd(sink, -1);
    sink->replace = replace;
    sink->sync = sync;
    const char *text = "the output's path is empty, a directory or too long";
    int error = EINVAL;
    long directory = split_path(sink, path);
    if (directory < 0) goto err0;

    char folder[SINK_PATH_MAX];
    memcpy(folder, directory ? path : ".", directory ? (size_t)directory : 1);
    folder[directory ? directory : 1] = 0;
    text = "cannot open the output's directory";
    sink->directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    error = errno;
    if (sink->directory < 0) goto err0;

    error = check_target(sink, &text);
    if (error) goto err1;
    sink->fd = openat(sink->directory, sink->part,
                      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    error = errno;
    text = error == EEXIST ? "the .part file exists: another writer is at it, or was killed"
                           : "cannot create the .part file";
    if (sink->fd < 0) goto err1;
    return SNAP_OK;

err1:
    close(sink->directory);
    sink->directory = -1;
err0:
    return status_set(err, SNAP_E_IO, error, STATUS_NOWHERE, text);
}

/* Waits until a non-blocking descriptor takes more. */
static int wait_writable(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLOUT };
    while (poll(&p, 1, -1) < 0) {
        if (errno != EINTR && errno != EAGAIN) return errno;
    }
    return 0;
}

static int write_all(int fd, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t done = write(fd, data, size);
        if (done > 0) {
            data += done;
            size -= (size_t)done;
        } else if (done == 0) {
            return ENOSPC; /* nothing taken and no reason given: a full device */
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            int error = wait_writable(fd);
            if (error) return error;
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

int sink_write(struct sink *sink, const void *data, size_t size)
{
    if (sink->callback.write) return sink->callback.write(sink->callback.opaque, data, size);
    return write_all(sink->fd, data, size);
}

/* Without leave to replace, the name is taken by a hard link, which fails where somebody else took
 * it meanwhile; file systems without links get the check that is left. */
static int take_name(struct sink *sink)
{
    const char *text;
    int error = check_target(sink, &text);
    if (error) return error;
    if (!sink->replace) {
        if (linkat(sink->directory, sink->part, sink->directory, sink->name, 0) == 0) {
            return unlinkat(sink->directory, sink->part, 0) == 0 ? 0 : errno;
        }
        if (errno == EEXIST) return errno;
    }
    if (renameat(sink->directory, sink->part, sink->directory, sink->name) == 0) return 0;
    return errno;
}

/* Some file systems refuse to sync a directory; the file itself is safe by then. */
static int sync_directory(int fd)
{
    if (fsync(fd) == 0 || errno == EINVAL || errno == EROFS) return 0;
    return errno;
}

snap_status sink_publish(struct sink *sink, snap_error *err)
{
    if (sink->directory < 0) return SNAP_OK;
    const char *text = "cannot bring the file to the disk";
    int error = sink->sync && fsync(sink->fd) != 0 ? errno : 0;
    if (!error) {
        int fd = sink->fd;
        sink->fd = -1;
        text = "cannot close the file";
        error = close(fd) == 0 || errno == EINTR ? 0 : errno;
    }
    if (!error) {
        text = "cannot give the file its name";
        error = take_name(sink);
    }
    if (!error && sink->sync) {
        text = "cannot bring the directory to the disk";
        error = sync_directory(sink->directory);
    }
    return error ? status_set(err, SNAP_E_IO, error, STATUS_NOWHERE, text) : SNAP_OK;
}

void sink_close(struct sink *sink, int remove)
{
    if (sink->directory < 0) return;
    if (sink->fd >= 0) close(sink->fd);
    if (remove) unlinkat(sink->directory, sink->part, 0);
    close(sink->directory);
    sink->fd = -1;
    sink->directory = -1;
}
