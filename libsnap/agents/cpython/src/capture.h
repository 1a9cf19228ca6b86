/* SPDX-License-Identifier: MIT */
/*
 * One file: header, facts, one snapshot, trailer. What runs in the forked child, or inline.
 *
 * The request is made up beforehand by the process that asks (dump.c); capture_run touches nothing
 * outside it but the heap it walks, memory of its own, and the descriptor.
 */
#ifndef HEAPSNAP_CAPTURE_H
#define HEAPSNAP_CAPTURE_H

#include <stdatomic.h>
#include <stdio.h>

#include "counters.h"
#include "describe.h"
#include "dump.h"
#include "keyhash.h"

/** What the parent and the child of a forked capture share (a shared mapping). */
struct capture_shared {
    _Atomic uint64_t pause_ns; /* written by the parent when it goes on; 0: not yet */
    uint64_t objects, edges, bytes;
    uint64_t memory_peak; /* bytes that the capture mapped for itself */
    char error[256];
    int done;  /* 1: the file is whole */
    int ended; /* 1: the capture came to its end, with a file or without; `objects` is known */
};

struct capture {
    int fd;
    const dump_options *options;
    dump_mode mode;
    const char *why;
    struct hash_key key;
    struct describe describe;
    struct counters counters;
    struct facts facts;
    bool sites;
    FILE *stats; /* writes into stats_text; opened by the parent, since that allocates */
    char stats_text[16384];
    size_t memory_limit; /* bytes the capture may map; 0: none */
    uint64_t least_room; /* forked: give up when the host or group has less than this left */
    uint64_t started_ns; /* monotonic, when Python code stopped running */
    struct capture_shared *shared;
};

/** Write the file; the outcome is in `shared`. */
void capture_run(const struct capture *capture);

/** Nanoseconds of the monotonic clock. */
uint64_t capture_now(void);

#endif
