/* SPDX-License-Identifier: MIT */
/*
 * How much memory there is: for the process, on the host, within its control groups.
 *
 * Everything here reads files under /proc and /sys with plain system calls into buffers on the
 * stack: it may be called in a forked child. Sizes in bytes; UINT64_MAX: unknown or without limit.
 */
#ifndef HEAPSNAP_MEMROOM_H
#define HEAPSNAP_MEMROOM_H

#include <stddef.h>
#include <stdint.h>

struct memroom {
    uint64_t available;    /* of the host: MemAvailable */
    uint64_t cgroup_limit; /* of the control group with the least room left */
    uint64_t cgroup_usage; /* of the same, without file cache that can be dropped at once */
    uint64_t room;         /* what can be used before somebody is killed: the least of both */
};

/** O(depth of the control group). */
void memroom_get(struct memroom *room);

/** Resident bytes of this process, 0: unknown. Cheap: one small file. */
uint64_t memroom_rss(void);

/** Read a whole small file; returns the bytes read, 0 on failure; NUL-terminated. */
size_t memroom_read_file(const char *path, char *buffer, size_t size);

/** The number after `key` at the start of a line, or UINT64_MAX. */
uint64_t memroom_field(const char *text, const char *key);

#endif
