/* SPDX-License-Identifier: MIT */
/*
 * A progress line with a rate and an estimate, only when stderr is a terminal and --quiet was not
 * given; otherwise every call is a test and a return.
 *
 *     struct progress p;
 *     progress_begin(&p, "reading a.snap", total_bytes, PROGRESS_BYTES);
 *     while (...) progress_set(&p, done);
 *     progress_end(&p);
 *
 *     reading a.snap  37%  1.2 GiB of 3.2 GiB  410.0 MiB/s  5 s left
 *
 * The line appears after half a second, is redrawn at most ten times a second, and is wiped at the
 * end and before any message of message.h. No signals, no threads: it is drawn by progress_set,
 * which looks at the clock only when the work done since the last look suggests that it is time.
 * One line at a time; a second progress_begin hides the first until it ends. Main thread only.
 */
#ifndef SNAP_TOOLS_CLI_PROGRESS_H
#define SNAP_TOOLS_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

enum progress_unit { PROGRESS_BYTES, PROGRESS_ITEMS };

/** Members are private. The structure must live until progress_end. */
struct progress {
    const char *what;
    uint64_t total;
    uint64_t done;
    uint64_t look_at; /* value of `done` at which to look at the clock again */
    uint64_t looked;  /* value of `done` at the last look */
    uint64_t started_ns;
    uint64_t looked_ns;
    uint64_t drawn_ns;
    struct progress *outer;
    enum progress_unit unit;
    bool active;
};

/** Starts. `what` is kept; `total` 0: unknown, no estimate. */
void progress_begin(struct progress *p, const char *what, uint64_t total, enum progress_unit unit);

/** The slow half of progress_set. */
void progress_look(struct progress *p);

/** So much is done, of `total`. Cheap enough for an inner loop. */
static inline void progress_set(struct progress *p, uint64_t done)
{
    p->done = done;
    if (done >= p->look_at) progress_look(p);
}

/** Ends, and wipes the line. */
void progress_end(struct progress *p);

/** Wipes the line if there is one; message.c calls it before a message. */
void progress_wipe(void);

#endif
