/* SPDX-License-Identifier: MIT */
/*
 * To be preloaded: one kind of a program's calls fails, from the outside. FAIL_KIND names it (the
 * names stand in `kinds` below); the call number FAIL_AT of that kind fails, and with FAIL_ON=1 every
 * one after it too. FAIL_AT=0 fails none. FAIL_ERROR says how:
 *   a number   the call does nothing and fails with that errno;
 *   short      read and write move half of what was asked, at least one byte;
 *   kill       write moves half, any other call nothing, then the process gets SIGKILL.
 * At exit the number of calls of that kind is written to the file FAIL_COUNT.
 *
 * Calls that libc makes inside itself (stdio's writes, for one) are not seen. Writes to standard
 * error never fail: a program must be able to say what happened. Works over the address sanitizer
 * too (ASAN_OPTIONS=verify_asan_link_order=0), since every call goes on to the next library's.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <unistd.h>

enum kind { MEMORY, OPEN, READ, WRITE, SYNC, RENAME, CLOSE, RESIZE, UNLINK, STAT, LOCK, MAP, NONE };
static const char *const kinds[] = { "memory", "open",   "read", "write", "sync", "rename", "close",
                                     "resize", "unlink", "stat", "lock",  "map" };

enum { SHORT = -1, KILL = -2 }; /* beside numbers of errors */

static atomic_ulong calls;
static enum kind failing = NONE; /* until it is known, and at the end */
static unsigned long fail_at;
static int fail_on, fail_error = ENOMEM;

__attribute__((constructor)) static void begin(void)
{
    const char *kind = getenv("FAIL_KIND"), *at = getenv("FAIL_AT"), *on = getenv("FAIL_ON");
    const char *error = getenv("FAIL_ERROR");
    fail_at = at ? strtoul(at, NULL, 10) : 0;
    fail_on = on && *on == '1';
    if (error && *error)
        fail_error = strcmp(error, "short") == 0  ? SHORT
                     : strcmp(error, "kill") == 0 ? KILL
                                                  : atoi(error);
    for (int k = 0; k < NONE; k++)
        if (kind && strcmp(kind, kinds[k]) == 0) failing = (enum kind)k;
}

__attribute__((destructor)) static void end(void)
{
    const char *to = getenv("FAIL_COUNT");
    char text[32];
    failing = NONE;
    int n = snprintf(text, sizeof text, "%lu\n", atomic_load(&calls));
    int fd = to ? open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
    if (fd < 0) return;
    if (write(fd, text, (size_t)n) == n) close(fd);
}

/* How this call fails: 0 not at all, an errno, SHORT or KILL. */
static int fails(enum kind kind)
{
    if (kind != failing) return 0;
    unsigned long n = atomic_fetch_add(&calls, 1) + 1;
    if (fail_at == 0 || (n != fail_at && !(fail_on && n > fail_at))) return 0;
    if (fail_error > 0) errno = fail_error;
    if (fail_error == KILL && kind != WRITE) raise(SIGKILL);
    return fail_error == SHORT && kind != READ && kind != WRITE ? 0 : fail_error;
}

/* The same function of the library that comes next. */
#define NEXT(function)                                                                             \
    static __typeof__(function) *next;                                                             \
    if (!next) {                                                                                   \
        void *symbol = dlsym(RTLD_NEXT, #function);                                                \
        memcpy(&next, &symbol, sizeof next);                                                       \
    }

/* A function whose failure is one value. */
#define WRAP(type, function, kind, failure, parameters, arguments)                                 \
    type function parameters                                                                       \
    {                                                                                              \
        NEXT(function)                                                                             \
        return fails(kind) ? (failure) : next arguments;                                           \
    }

WRAP(void *, malloc, MEMORY, NULL, (size_t size), (size))
WRAP(void *, calloc, MEMORY, NULL, (size_t n, size_t size), (n, size))
WRAP(void *, realloc, MEMORY, NULL, (void *p, size_t size), (p, size))
WRAP(FILE *, fopen, OPEN, NULL, (const char *path, const char *mode), (path, mode))
WRAP(FILE *, fopen64, OPEN, NULL, (const char *path, const char *mode), (path, mode))
WRAP(DIR *, opendir, OPEN, NULL, (const char *path), (path))
WRAP(int, mkstemp, OPEN, -1, (char *path), (path))
WRAP(int, mkstemp64, OPEN, -1, (char *path), (path))
WRAP(int, mkdir, OPEN, -1, (const char *path, mode_t mode), (path, mode))
WRAP(int, fsync, SYNC, -1, (int fd), (fd))
WRAP(int, fdatasync, SYNC, -1, (int fd), (fd))
WRAP(int, rename, RENAME, -1, (const char *a, const char *b), (a, b))
WRAP(int, link, RENAME, -1, (const char *a, const char *b), (a, b))
WRAP(int, ftruncate, RESIZE, -1, (int fd, off_t size), (fd, size))
WRAP(int, ftruncate64, RESIZE, -1, (int fd, off64_t size), (fd, size))
WRAP(int, posix_fallocate, RESIZE, fail_error, (int fd, off_t at, off_t size), (fd, at, size))
WRAP(int, posix_fallocate64, RESIZE, fail_error, (int fd, off64_t at, off64_t size), (fd, at, size))
WRAP(int, unlink, UNLINK, -1, (const char *path), (path))
WRAP(int, unlinkat, UNLINK, -1, (int dir, const char *path, int flags), (dir, path, flags))
WRAP(int, stat, STAT, -1, (const char *path, struct stat *st), (path, st))
WRAP(int, lstat, STAT, -1, (const char *path, struct stat *st), (path, st))
WRAP(int, fstat, STAT, -1, (int fd, struct stat *st), (fd, st))
WRAP(int, stat64, STAT, -1, (const char *path, struct stat64 *st), (path, st))
WRAP(int, lstat64, STAT, -1, (const char *path, struct stat64 *st), (path, st))
WRAP(int, fstat64, STAT, -1, (int fd, struct stat64 *st), (fd, st))
WRAP(int, statvfs, STAT, -1, (const char *path, struct statvfs *st), (path, st))
WRAP(int, statvfs64, STAT, -1, (const char *path, struct statvfs64 *st), (path, st))

/* The descriptor is gone even where close reports an error. */
int close(int fd)
{
    NEXT(close)
    int status = fd <= STDERR_FILENO ? 0 : fails(CLOSE), rest = next(fd);
    if (status > 0) errno = status;
    return status ? -1 : rest;
}

#define WRAP_OPEN(function, parameters, arguments)                                                 \
    int function parameters                                                                        \
    {                                                                                              \
        NEXT(function)                                                                             \
        va_list more;                                                                              \
        va_start(more, flags);                                                                     \
        mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0;                  \
        va_end(more);                                                                              \
        return fails(OPEN) ? -1 : next arguments;                                                  \
    }

WRAP_OPEN(open, (const char *path, int flags, ...), (path, flags, mode))
WRAP_OPEN(open64, (const char *path, int flags, ...), (path, flags, mode))
WRAP_OPEN(openat, (int dir, const char *path, int flags, ...), (dir, path, flags, mode))
WRAP_OPEN(openat64, (int dir, const char *path, int flags, ...), (dir, path, flags, mode))

static size_t half(size_t size)
{
    return size > 1 ? size / 2 : size;
}

/* `now` names the size; `how` is what fails() said. */
#define WRAP_MOVE(type, function, kind, parameters, arguments)                                     \
    type function parameters                                                                       \
    {                                                                                              \
        NEXT(function)                                                                             \
        int how = (kind) == WRITE && fd == STDERR_FILENO ? 0 : fails(kind);                        \
        if (how > 0) return -1;                                                                    \
        if (how) size = half(size);                                                                \
        type moved = next arguments;                                                               \
        if (how == KILL) raise(SIGKILL);                                                           \
        return moved;                                                                              \
    }

WRAP_MOVE(ssize_t, read, READ, (int fd, void *data, size_t size), (fd, data, size))
WRAP_MOVE(ssize_t, pread, READ, (int fd, void *data, size_t size, off_t at), (fd, data, size, at))
WRAP_MOVE(ssize_t, pread64, READ, (int fd, void *data, size_t size, off64_t at),
          (fd, data, size, at))
WRAP_MOVE(ssize_t, write, WRITE, (int fd, const void *data, size_t size), (fd, data, size))
WRAP_MOVE(ssize_t, pwrite, WRITE, (int fd, const void *data, size_t size, off_t at),
          (fd, data, size, at))
WRAP_MOVE(ssize_t, pwrite64, WRITE, (int fd, const void *data, size_t size, off64_t at),
          (fd, data, size, at))

#define WRAP_FCNTL(function)                                                                       \
    int function(int fd, int command, ...)                                                         \
    {                                                                                              \
        NEXT(function)                                                                             \
        va_list more;                                                                              \
        va_start(more, command);                                                                   \
        void *argument = va_arg(more, void *);                                                     \
        va_end(more);                                                                              \
        int locks = command == F_SETLK || command == F_SETLKW;                                     \
        return locks && fails(LOCK) ? -1 : next(fd, command, argument);                            \
    }

WRAP_FCNTL(fcntl)
WRAP_FCNTL(fcntl64)

#define WRAP_MMAP(function, offset)                                                                \
    void *function(void *at, size_t size, int protection, int flags, int fd, offset from)          \
    {                                                                                              \
        NEXT(function)                                                                             \
        if (fails(flags & MAP_ANONYMOUS ? MEMORY : MAP)) return MAP_FAILED;                        \
        return next(at, size, protection, flags, fd, from);                                        \
    }

WRAP_MMAP(mmap, off_t)
WRAP_MMAP(mmap64, off64_t)
