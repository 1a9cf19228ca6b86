/* SPDX-License-Identifier: MIT */
/*
 * Inputs that can be read once only, as files that can be read again: `-` and pipes.
 *
 *     struct spool s;
 *     if (spool_open(&s, path)) return STATUS_UNUSABLE;
 *     ... open s.file, as often as needed; messages call it s.name by themselves ...
 *     spool_close(&s);
 *
 * The copy lies in $TMPDIR, else /tmp, readable by the user only, and goes with spool_close or with
 * a signal that ends the process. Other inputs are not touched: s.file and s.name are the path.
 *
 * Functions print their error (message.h). Threads: one at a time.
 */
#ifndef SNAP_TOOLS_CLI_SPOOL_H
#define SNAP_TOOLS_CLI_SPOOL_H

struct output;

struct spool {
    const char *file; /* what to open */
    const char *name; /* what to call it: the path as given, or "standard input" */
    struct output *copy;
};

/** Copies what `path` names if it is `-` or a FIFO; the path must outlive the spool. Returns 0, or
 *  STATUS_UNUSABLE after a message; then there is nothing to close. O(bytes). */
int spool_open(struct spool *s, const char *path);

/** Removes the copy. What has it open may go on reading. */
void spool_close(struct spool *s);

#endif
