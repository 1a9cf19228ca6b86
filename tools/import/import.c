/* SPDX-License-Identifier: MIT */
/*
 * The table of formats. See import.h.
 */
#include "import/import.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/sniff.h"

static const struct import_format *const formats[] = { &import_snap, &import_v8 };

const struct import_format *import_choose(const unsigned char *head, size_t n)
{
    const struct import_format *best = NULL;
    int high = 0;
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        int bid = formats[i]->bid(head, n);
        if (bid > high) {
            high = bid;
            best = formats[i];
        }
    }
    return best;
}

/* Reads up to n first bytes; returns how many, or -1 with errno. Only regular files: what is read of a
 * pipe is gone for whoever reads it next (ESPIPE), and a FIFO would be waited for. */
static ssize_t read_head(const char *path, unsigned char *head, size_t n)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return -1;
    size_t got = 0;
    ssize_t one = 0;
    if (fstat(fd, &st) != 0) {
        one = -1;
    } else if (!S_ISREG(st.st_mode)) {
        errno = S_ISDIR(st.st_mode) ? EISDIR : ESPIPE;
        one = -1;
    }
    while (one >= 0 && got < n) {
        one = read(fd, head + got, n - got);
        if (one < 0 && errno == EINTR) continue;
        if (one <= 0) break;
        got += (size_t)one;
    }
    int saved = errno;
    close(fd);
    errno = saved;
    return one < 0 ? -1 : (ssize_t)got;
}

const struct import_format *import_open(const char *path)
{
    unsigned char head[IMPORT_HEAD];
    ssize_t n = read_head(path, head, sizeof head);
    if (n < 0 && errno == ESPIPE)
        message_error(path, MESSAGE_NO_OFFSET, "a copy in a file", "not a regular file");
    else if (n < 0)
        message_errno(path, errno, "cannot read");
    if (n < 0) return NULL;
    const struct import_format *format = import_choose(head, (size_t)n);
    if (!format) {
        struct sniff s = sniff_bytes(head, (size_t)n);
        message_error(path, MESSAGE_NO_OFFSET, s.hint, "not a heap snapshot: this is %s", s.name);
    }
    return format;
}

bool import_totals(const char *path, struct import_totals *totals)
{
    unsigned char head[IMPORT_HEAD];
    ssize_t n = read_head(path, head, sizeof head);
    const struct import_format *format = n < 0 ? NULL : import_choose(head, (size_t)n);
    return format && format->totals && format->totals(path, totals);
}
