/* SPDX-License-Identifier: MIT */
/*
 * Output files that are whole or not there; the contract is in output.h.
 *
 * Without OUTPUT_FORCE the file takes its name by link(2), which fails where the name has come into
 * being meanwhile; rename(2) would replace it. With it, the name is looked at once more before the
 * rename, so that a device is never replaced by a file.
 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "message.h"
#include "output_dead.h"
#include "text.h"

struct output {
    char *path;      /* as given */
    char *target;    /* links resolved: what will be replaced; NULL when written straight through */
    char *temporary; /* NULL when written straight through */
    char *journal;   /* where SQLite leaves its journal for the temporary file when killed */
    FILE *stream;
    int fd;
    int alive;       /* a copy of fd while there is a temporary file: its mark; else -1 */
    unsigned flags;
    pid_t pid;       /* of the process that made the temporary file; a forked child leaves it */
    struct output *next;
};

/* The unfinished files, for the signal handler. Changed only while the signals are blocked. */
static struct output *output_unfinished;

static const int output_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
enum { OUTPUT_SIGNALS = sizeof output_signals / sizeof output_signals[0] };

/* Removes unfinished files and lets the signal end the process. SA_RESETHAND has restored the
 * default action; the signal raised here is delivered on return. Only async-signal-safe calls. */
static void output_on_signal(int sig)
{
    int saved = errno;
    for (const struct output *o = output_unfinished; o; o = o->next) {
        if (o->pid != getpid()) continue;
        unlink(o->temporary);
        unlink(o->journal);
    }
    raise(sig);
    errno = saved;
}

static void output_block(sigset_t *old)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < OUTPUT_SIGNALS; i++) sigaddset(&set, output_signals[i]);
    sigprocmask(SIG_BLOCK, &set, old);
}

/* Takes the signals that still have their default action. */
static void output_catch(void)
{
    for (size_t i = 0; i < OUTPUT_SIGNALS; i++) {
        struct sigaction action;
        if (sigaction(output_signals[i], NULL, &action) || action.sa_handler != SIG_DFL) continue;
        memset(&action, 0, sizeof action);
        action.sa_handler = output_on_signal;
        action.sa_flags = (int)SA_RESETHAND;
        sigemptyset(&action.sa_mask);
        sigaction(output_signals[i], &action, NULL);
    }
}

/* Removes `o` from the unfinished ones; what it was is gone or has its name. */
static void output_forget(struct output *o)
{
    for (struct output **at = &output_unfinished; *at; at = &(*at)->next) {
        if (*at != o) continue;
        *at = o->next;
        return;
    }
}

static void output_free(struct output *o)
{
    if (!o) return;
    if (o->stream && o->stream != stdout) {
        fclose(o->stream);
    } else if (o->fd > STDERR_FILENO) {
        close(o->fd);
    }
    if (o->alive >= 0) close(o->alive);
    free(o->path);
    free(o->target);
    free(o->temporary);
    free(o->journal);
    free(o);
}

/* The temporary name: `.NAME.XXXXXXXX.tmp` beside the target. NULL: no memory. */
static char *output_temporary_name(const char *target, uint64_t random)
{
    const char *slash = strrchr(target, '/');
    int dir = slash ? (int)(slash - target) + 1 : 0;
    struct text name = { 0 };
    text_addf(&name, "%.*s.%.200s.%08x.tmp", dir, target, target + dir, (unsigned)random);
    if (name.failed) text_free(&name);
    return name.s;
}

/* Marks the temporary file, which was just created, as a living process's. Returns 0 or an errno. */
static int output_mark(struct output *o)
{
    int error = output_mark_alive(o->fd);
    if (!error && (o->alive = fcntl(o->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)) < 0) error = errno;
    if (!error) return 0;
    if (error != EEXIST) unlink(o->temporary);
    close(o->fd);
    o->fd = -1;
    return error;
}

/* Creates the temporary file. The random part only avoids accidents: O_EXCL is what makes sure
 * that the file is ours. Returns 0 or an errno. */
static int output_create(struct output *o)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t seed = (uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15u ^ (uint64_t)o->pid << 20;
    for (int tries = 0; tries < 100; tries++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        o->temporary = output_temporary_name(o->target, seed >> 32);
        if (!o->temporary) return ENOMEM;
        o->fd = open(o->temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        int error = o->fd >= 0 ? output_mark(o) : errno;
        if (!error) return 0;
        free(o->temporary);
        o->temporary = NULL;
        if (error != EEXIST && error != EINTR) return error;
    }
    return EEXIST;
}

static const char *output_kind(mode_t mode)
{
    return S_ISDIR(mode)    ? "a directory"
           : S_ISCHR(mode)  ? "a character device"
           : S_ISBLK(mode)  ? "a block device"
           : S_ISFIFO(mode) ? "a FIFO"
           : S_ISSOCK(mode) ? "a socket"
                            : "no regular file";
}

/* What exists already is no regular file: writes straight through, or refuses. */
static int output_open_direct(struct output *o, const struct stat *st)
{
    struct stat now;
    if ((o->flags & OUTPUT_REGULAR) || !(S_ISCHR(st->st_mode) || S_ISFIFO(st->st_mode)))
        return message_error(o->path, MESSAGE_NO_OFFSET, "the name of a new file",
                             "is %s and cannot hold the output", output_kind(st->st_mode));
    o->fd = open(o->path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    if (o->fd < 0 || fstat(o->fd, &now)) return message_errno(o->path, errno, "cannot open");
    if (now.st_dev != st->st_dev || now.st_ino != st->st_ino)
        return message_error(o->path, MESSAGE_NO_OFFSET, NULL, "was replaced while being opened");
    return 0;
}

/* Creates the file, where none is left of a killed process, and its name of a journal, and notes them for the signals' handler. */
static int output_begin(struct output *o)
{
    struct text journal = { 0 };
    bool writing = false;
    for (const struct output *i = output_unfinished; i; i = i->next)
        writing |= strcmp(i->target, o->target) == 0;
    if (!writing) output_remove_dead(o->target);
    int error = output_create(o);
    if (error) return message_errno(o->path, error, "cannot create");
    text_addf(&journal, "%s-journal", o->temporary);
    if (journal.failed) {
        unlink(o->temporary);
        return message_no_memory("a file name");
    }
    o->journal = journal.s;
    o->next = output_unfinished;
    output_unfinished = o;
    output_catch();
    return 0;
}

/* A new file, or a regular one that may be replaced. No signal comes between its making and the note
 * that it has to be removed. */
static int output_open_file(struct output *o)
{
    sigset_t old;
    output_block(&old);
    int status = output_begin(o);
    sigprocmask(SIG_SETMASK, &old, NULL);
    return status;
}

/* Where the path leads: decides how it is written. */
static int output_route(struct output *o)
{
    struct stat st;
    if (strcmp(o->path, "-") == 0) {
        if (o->flags & OUTPUT_REGULAR)
            return message_error(NULL, MESSAGE_NO_OFFSET, "the name of a file",
                                 "this output cannot go to standard output");
        o->fd = STDOUT_FILENO;
        o->stream = stdout;
        return 0;
    }
    if (!*o->path) return message_error(NULL, MESSAGE_NO_OFFSET, NULL, "the output has no name");
    /* /dev/stdout leads to a pipe by a name that no path has. */
    if (stat(o->path, &st) == 0 && !S_ISREG(st.st_mode)) {
        o->target = strdup(o->path);
        return o->target ? output_open_direct(o, &st) : message_no_memory("a file name");
    }
    if (lstat(o->path, &st) == 0 && S_ISLNK(st.st_mode)) {
        o->target = realpath(o->path, NULL);
        if (!o->target) return message_errno(o->path, errno, "the symbolic link leads nowhere");
    } else {
        o->target = strdup(o->path);
        if (!o->target) return message_no_memory("a file name");
    }
    if (stat(o->target, &st)) {
        if (errno != ENOENT) return message_errno(o->path, errno, "cannot create");
        return output_open_file(o);
    }
    if (!(o->flags & OUTPUT_FORCE))
        return message_error(o->path, MESSAGE_NO_OFFSET, "--force", "exists already");
    return output_open_file(o);
}

int output_check_inputs(const char *path, char *const *inputs, int n)
{
    struct stat out, in;

    if (stat(path, &out) != 0 || !S_ISREG(out.st_mode)) return 0;
    for (int i = 0; i < n; i++) {
        if (stat(inputs[i], &in) != 0 || in.st_dev != out.st_dev || in.st_ino != out.st_ino)
            continue;
        return message_error(path, MESSAGE_NO_OFFSET, "another name",
                             "the output cannot replace a file that it is made from");
    }
    return 0;
}

char *output_name(const char *path, const char *ending)
{
    size_t n = strlen(path);
    if (n > 5 && strcmp(path + n - 5, ".part") == 0) n -= 5;
    if (n > 5 && strncmp(path + n - 5, ".snap", 5) == 0) n -= 5;
    struct text out = { 0 };
    text_add(&out, path, n);
    text_adds(&out, ending);
    if (out.failed) text_free(&out);
    return out.s;
}

int output_open(struct output **out, const char *path, unsigned flags)
{
    struct output *o = calloc(1, sizeof *o);
    *out = NULL;
    if (!o) return message_no_memory("the output");
    o->fd = o->alive = -1;
    o->flags = flags;
    o->pid = getpid();
    o->path = strdup(path);
    int status = o->path ? output_route(o) : message_no_memory("a file name");
    if (status) {
        output_free(o);
        return status;
    }
    *out = o;
    return 0;
}

int output_fd(const struct output *o)
{
    return o->fd;
}

FILE *output_stream(struct output *o)
{
    if (!o->stream) o->stream = fdopen(o->fd, "w");
    return o->stream;
}

const char *output_temporary(const struct output *o)
{
    return o->temporary;
}

const char *output_path(const struct output *o)
{
    return o->path;
}

void output_discard(struct output *o)
{
    sigset_t old;
    if (!o) return;
    output_block(&old);
    if (o->temporary) {
        unlink(o->temporary);
        unlink(o->journal);
        output_forget(o);
    }
    sigprocmask(SIG_SETMASK, &old, NULL);
    output_free(o);
}

/* Gives the temporary file its name. Returns 0 or an errno. */
static int output_rename(const struct output *o)
{
    struct stat st;
    if (!(o->flags & OUTPUT_FORCE)) {
        if (link(o->temporary, o->target) == 0) return unlink(o->temporary) ? errno : 0;
        if (errno == EEXIST) return EEXIST;
        /* No hard links here (FAT, some network file systems): look, then rename. */
        if (lstat(o->target, &st) == 0) return EEXIST;
    } else if (lstat(o->target, &st) == 0 && !S_ISREG(st.st_mode)) {
        return EEXIST;
    }
    return rename(o->temporary, o->target) ? errno : 0;
}

/* Makes the new name durable. Some file systems cannot synchronise a directory: no failure. */
static int output_sync_directory(const char *target)
{
    const char *slash = strrchr(target, '/');
    struct text dir = { 0 };
    if (!slash) {
        text_adds(&dir, ".");
    } else {
        text_add(&dir, target, slash == target ? 1 : (size_t)(slash - target));
    }
    if (dir.failed) return ENOMEM;
    int fd = open(dir.s, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error = 0;
    text_free(&dir);
    if (fd < 0) return errno == EACCES ? 0 : errno; /* writable and searchable, not readable */
    if (fsync(fd) && errno != EINVAL && errno != EROFS) error = errno;
    close(fd);
    return error;
}

/* Flushes, synchronises and closes. Returns 0 or an errno. */
/* Why a stream failed, which it forgets: what it wrote is of no use any more, so one byte more does
 * no harm. */
static int output_cause(struct output *o)
{
    if (fflush(o->stream)) return errno;
    return write(o->fd, "\n", 1) < 0 ? errno : EIO;
}

static int output_finish_data(struct output *o)
{
    int error = 0;
    if (o->stream && ferror(o->stream)) error = output_cause(o);
    if (o->stream && !error && fflush(o->stream)) error = errno;
    if (!error && o->temporary && fsync(o->fd)) error = errno;
    if (o->fd == STDOUT_FILENO) return error;
    if (o->stream ? fclose(o->stream) : close(o->fd)) error = error ? error : errno;
    o->stream = NULL;
    o->fd = -1;
    return error;
}

/* Ends in failure: says why, leaves nothing behind. */
static int output_fail(struct output *o, int error, const char *what)
{
    int status = message_errno(o->path, error, "%s", what);
    output_discard(o);
    return status;
}

int output_publish(struct output *o)
{
    sigset_t old;
    int error = output_finish_data(o);
    if (error && o->stream == stdout) { /* command_main tells, of whatever went there */
        output_discard(o);
        return STATUS_UNUSABLE;
    }
    if (error) return output_fail(o, error, "cannot write");
    if (!o->temporary) {
        output_free(o);
        return 0;
    }
    error = output_rename(o);
    if (error) return output_fail(o, error, "cannot give the finished file its name");
    output_block(&old);
    output_forget(o);
    sigprocmask(SIG_SETMASK, &old, NULL);
    error = output_sync_directory(o->target);
    if (error)
        message_warning(o->path, MESSAGE_NO_OFFSET, "cannot synchronise the directory: %s",
                        strerror(error));
    output_free(o);
    return 0;
}
