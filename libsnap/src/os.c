/* SPDX-License-Identifier: MIT */
/*
 * Clocks and randomness.
 */
#define _DEFAULT_SOURCE /* getentropy */
#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

uint64_t os_clock(void *unused, int which)
{
    (void)unused;
    struct timespec t = { 0, 0 };
    clock_gettime(which ? CLOCK_MONOTONIC : CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* For kernels and sandboxes without the system call. */
static int random_from_device(void *data, size_t size)
{
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno;
    ssize_t got;
    do {
        got = read(fd, data, size);
    } while (got < 0 && errno == EINTR);
    int status = got < 0 ? errno : (size_t)got == size ? 0 : EIO;
    close(fd);
    return status;
}

int os_random(void *data, size_t size)
{
    if (getentropy(data, size) == 0) return 0;
    return random_from_device(data, size);
}
