/* SPDX-License-Identifier: MIT */
/*
 * To be preloaded: the allocation number FAIL_AT fails, and with FAIL_ON=1 every one after it too.
 * FAIL_AT=0 fails none. At exit the number of allocations is written to the file FAIL_COUNT. Only malloc, calloc, realloc and mmap of anonymous memory are counted: what programs call.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

static atomic_ulong calls;
static unsigned long fail_at = ULONG_MAX; /* until it is known */
static int fail_on;

__attribute__((constructor)) static void begin(void)
{
    const char *at = getenv("FAIL_AT"), *on = getenv("FAIL_ON");
    atomic_store(&calls, 0); /* what the loader and other constructors took does not count */
    fail_at = at ? strtoul(at, NULL, 10) : 0;
    fail_on = on && *on == '1';
}

__attribute__((destructor)) static void end(void)
{
    const char *to = getenv("FAIL_COUNT");
    char text[32];
    int n = snprintf(text, sizeof text, "%lu\n", atomic_load(&calls));
    int fd = to ? open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
    if (fd < 0) return;
    if (write(fd, text, (size_t)n) == n) close(fd);
}

static int fails(void)
{
    unsigned long n = atomic_fetch_add(&calls, 1) + 1;
    if (fail_at == 0 || fail_at == ULONG_MAX) return 0;
    if (n != fail_at && !(fail_on && n > fail_at)) return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
    return fails() ? NULL : __libc_realloc(p, size);
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    static void *(*next)(void *, size_t, int, int, int, off_t);
    if (!next) next = (void *(*)(void *, size_t, int, int, int, off_t))dlsym(RTLD_NEXT, "mmap");
    if ((flags & MAP_ANONYMOUS) && fails()) return MAP_FAILED;
    return next(at, size, protection, flags, fd, offset);
}
