/* SPDX-License-Identifier: MIT */
/*
 * Calls that clang 14's memory sanitizer does not know, made of those that it does: without them,
 * what they fill counts as never written, and every program that opens a file is reported.
 * Linked into the programs of that build only (tests/portability.sh, step `memory`).
 */
#define _GNU_SOURCE
#undef _FILE_OFFSET_BITS /* `fstat` is to be the one that is known */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/types.h>

int getentropy(void *data, size_t size);
int fstat64(int fd, struct stat64 *st);
int fstatat64(int folder, const char *path, struct stat64 *st, int flags);
int stat64(const char *path, struct stat64 *st);
int lstat64(const char *path, struct stat64 *st);

int getentropy(void *data, size_t size)
{
    unsigned char *at = data;
    if (size > 256) {
        errno = EIO;
        return -1;
    }
    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return -1;
        at += got;
        size -= (size_t)got;
    }
    return 0;
}

/* What programs for files of any size call in place of the same names without 64. */
_Static_assert(sizeof(struct stat) == sizeof(struct stat64), "of a machine of 64 bits");

int fstat64(int fd, struct stat64 *st)
{
    return fstat(fd, (struct stat *)st);
}

int fstatat64(int folder, const char *path, struct stat64 *st, int flags)
{
    return fstatat(folder, path, (struct stat *)st, flags);
}

int stat64(const char *path, struct stat64 *st)
{
    return fstatat64(AT_FDCWD, path, st, 0);
}

int lstat64(const char *path, struct stat64 *st)
{
    return fstatat64(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}
