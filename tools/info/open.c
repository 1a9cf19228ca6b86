/* SPDX-License-Identifier: MIT */
/* Opening what snapinfo looks at, and saying what it is when it is no snapshot. */
#include "info.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/sniff.h"

const char *info_kind_name(unsigned kind)
{
    static const char *const names[INFO_KINDS] = {
        NULL,     "metadata", "label", "counter", "string", "type",  "frame",
        "stack",  "thread",   "module", "begin",  "finish", "object", "edge",
        "root",   "block",    "event", "sample",  "value",  "index", "total",
    };
    return kind < INFO_KINDS ? names[kind] : NULL;
}

int info_open(struct info_input *in, const char *path)
{
    struct stat st;
    *in = (struct info_input){ .path = message_name(path), .fd = -1 };
    int fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return message_errno(path, errno, "cannot open");
    int status = 0;
    if (fstat(fd, &st))
        status = message_errno(path, errno, "cannot open");
    else if (S_ISDIR(st.st_mode))
        status = message_errno(path, EISDIR, "cannot read");
    else if (!S_ISREG(st.st_mode))
        status = message_error(path, MESSAGE_NO_OFFSET, "a copy in a file", "not a regular file");
    if (status) {
        close(fd);
        return status;
    }
    in->fd = fd;
    in->size = (uint64_t)st.st_size;
    return 0;
}

void info_close(struct info_input *in)
{
    if (in->fd >= 0) close(in->fd);
    in->fd = -1;
}

static void info_on_damage(void *opaque, const snap_error *what)
{
    struct info_damage *d = opaque;
    d->total++;
    if (d->n == INFO_MAX_DAMAGE) return;
    if (!d->at) d->at = malloc(INFO_MAX_DAMAGE * sizeof *d->at);
    if (d->at) d->at[d->n++] = *what;
}

int info_failed(const struct info_input *in, const snap_error *err)
{
    return message_snap(in->path, err,
                        err->code == SNAP_E_NEWER ? "a newer version of these tools" : NULL);
}

/* Says what the file is instead of a snapshot. */
static int info_not_snap(const struct info_input *in, const snap_error *err)
{
    unsigned char head[SNIFF_BYTES];
    ssize_t n = pread(in->fd, head, sizeof head, 0);
    struct sniff s = sniff_bytes(head, n > 0 ? (size_t)n : 0);
    if (s.kind == SNIFF_UNKNOWN && strcmp(s.name, "of an unknown kind") == 0)
        return message_error(in->path, 0, NULL, "not a .snap file: its first bytes are unknown");
    if (s.kind == SNIFF_SNAP) return info_failed(in, err);
    return message_error(in->path, 0, s.hint, "not a .snap file: it is %s", s.name);
}

int info_reader(snap_reader **reader, const struct info_input *in, uint64_t kinds,
                struct info_damage *damage, snap_error *err)
{
    snap_reader_options options = { .size = sizeof options, .kinds = kinds };
    if (damage) {
        options.on_damage = info_on_damage;
        options.opaque = damage;
    }
    snap_status s = snap_reader_open_fd(reader, in->fd, &options, err);
    if (s == SNAP_OK) return 0;
    *reader = NULL;
    if (s == SNAP_E_NOT_SNAP || (s == SNAP_E_TRUNCATED && in->size < SNAP_FILE_HEADER_SIZE))
        return info_not_snap(in, err);
    return info_failed(in, err);
}

const struct info_damage *info_report_damage(const struct info_report *report)
{
    return report->verdict    ? &report->verdict->damage
           : report->recovery ? &report->recovery->damage
                              : &report->facts->damage;
}

bool info_report_complete(const struct info_report *report)
{
    return report->facts->summary.complete && info_report_damage(report)->total == 0;
}

int info_each_chunk(const struct info_input *in,
                    void (*each)(void *opaque, const snap_batch *batch), void *opaque)
{
    snap_reader *r;
    snap_error err;
    const snap_batch *b;
    snap_status s;
    if (info_reader(&r, in, INFO_ALL_KINDS, NULL, &err)) return STATUS_UNUSABLE;
    while ((s = snap_reader_next(r, &b, &err)) == SNAP_OK) each(opaque, b);
    snap_reader_close(r);
    return s == SNAP_END ? 0 : info_failed(in, &err);
}
