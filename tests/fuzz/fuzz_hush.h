/* SPDX-License-Identifier: MIT */
/*
 * What is refused is explained on stderr, which nobody wants to see a million times, unless
 * FUZZ_VERBOSE is set (to read what a sanitizer has to say).
 */
#ifndef SNAP_TESTS_FUZZ_HUSH_H
#define SNAP_TESTS_FUZZ_HUSH_H

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Returns what fuzz_unhush wants. */
static inline int fuzz_hush(void)
{
    static int null = -1;
    if (getenv("FUZZ_VERBOSE")) return -1;
    if (null < 0) null = open("/dev/null", O_WRONLY);
    int saved = dup(2);
    dup2(null, 2);
    return saved;
}

static inline void fuzz_unhush(int saved)
{
    if (saved < 0) return;
    dup2(saved, 2);
    close(saved);
}

#endif
