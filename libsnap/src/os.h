/* SPDX-License-Identifier: MIT */
/*
 * What is asked of the operating system apart from files: clocks and randomness. None of it
 * allocates or takes a lock.
 */
#ifndef SNAP_SRC_OS_H
#define SNAP_SRC_OS_H

#include <stddef.h>
#include <stdint.h>

/* Nanoseconds of the wall clock (which = 0) or the monotonic clock (which = 1). */
uint64_t os_clock(void *unused, int which);

/* Fills `data` with random bytes of the kernel; returns 0 or an errno value. size <= 256. */
int os_random(void *data, size_t size);

#endif
