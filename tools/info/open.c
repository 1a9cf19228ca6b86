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

/* Copies a pipe into a temporary file that has no name. */
static int info_spool(struct info_input *in, int from)
{
    char buffer[8192]; /* the stack may be small */
    in->spool = tmpfile();
    if (!in->spool) return message_errno(in->path, errno, "cannot make a temporary copy");
    for (;;) {
        ssize_t got = read(from, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return message_errno(in->path, errno, "cannot read");
        if (got == 0) break;
        in->size += (uint64_t)got;
        if (fwrite(buffer, 1, (size_t)got, in->spool) != (size_t)got)
            return message_errno(in->path, errno, "cannot make a temporary copy");
    }
    if (fflush(in->spool)) return message_errno(in->path, errno, "cannot make a temporary copy");
    in->fd = fileno(in->spool);
    return 0;
}

int info_open(struct info_input *in, const char *path)
{
    bool is_stdin = strcmp(path, "-") == 0;
    struct stat st;
    *in = (struct info_input){ .path = is_stdin ? "standard input" : path, .fd = -1 };
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC), status = 0;
    if (fd < 0) return message_errno(in->path, errno, "cannot open");
    if (fstat(fd, &st)) {
        status = message_errno(in->path, errno, "cannot open");
    } else if (S_ISDIR(st.st_mode)) {
        status = message_errno(in->path, EISDIR, "cannot read");
    } else if (S_ISREG(st.st_mode)) {
        in->fd = fd;
        in->size = (uint64_t)st.st_size;
        return 0;
    } else {
        status = info_spool(in, fd);
    }
    if (!is_stdin) close(fd);
    if (status) info_close(in);
    return status;
}

void info_close(struct info_input *in)
{
    if (in->spool) {
        fclose(in->spool);
    } else if (in->fd > STDERR_FILENO) {
        close(in->fd);
    }
    in->spool = NULL;
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
