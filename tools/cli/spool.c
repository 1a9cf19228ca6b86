/* SPDX-License-Identifier: MIT */
/*
 * Inputs that can be read once only, as files; the contract is in spool.h. The copy is an output
 * that is never published.
 */
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "message.h"
#include "output.h"
#include "text.h"

static int spool_write(int fd, const char *bytes, size_t n)
{
    while (n) {
        ssize_t done = write(fd, bytes, n);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return errno;
        bytes += done;
        n -= (size_t)done;
    }
    return 0;
}

static int spool_copy(const struct spool *s, int from)
{
    char buffer[8192]; /* the stack may be small */
    for (;;) {
        ssize_t got = read(from, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return message_errno(s->name, errno, "cannot read");
        if (got == 0) return 0;
        int error = spool_write(output_fd(s->copy), buffer, (size_t)got);
        if (error) return message_errno(s->name, error, "cannot make a temporary copy");
    }
}

/* The name that the copy would have if it were published. */
static int spool_make(struct spool *s)
{
    const char *directory = getenv("TMPDIR");
    struct text t = { 0 };
    if (!directory || directory[0] != '/') directory = "/tmp";
    text_addf(&t, "%s/snap-input-%ld", directory, (long)getpid());
    if (t.failed) return message_no_memory("a file name");
    int status = output_open(&s->copy, t.s, OUTPUT_REGULAR | OUTPUT_FORCE);
    text_free(&t);
    return status;
}

static int spool_fill(struct spool *s, int from)
{
    int status = spool_make(s);
    if (!status) status = spool_copy(s, from);
    if (status) {
        output_discard(s->copy);
        s->copy = NULL;
        return status;
    }
    s->file = output_temporary(s->copy);
    message_call(s->file, s->name);
    return 0;
}

int spool_open(struct spool *s, const char *path)
{
    struct stat st;
    *s = (struct spool){ .file = path, .name = path };
    if (strcmp(path, "-") == 0) {
        s->name = "standard input";
        return spool_fill(s, STDIN_FILENO);
    }
    if (stat(path, &st) != 0 || !S_ISFIFO(st.st_mode)) return 0; /* opening it will say why */
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return message_errno(path, errno, "cannot open");
    int status = spool_fill(s, fd);
    close(fd);
    return status;
}

void spool_close(struct spool *s)
{
    if (!s->copy) return;
    message_call(s->file, NULL);
    output_discard(s->copy);
    s->copy = NULL;
}
