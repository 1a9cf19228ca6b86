/* SPDX-License-Identifier: MIT */
/*
 * Output files that are whole or not there.
 *
 *     struct output *o;
 *     if (output_open(&o, path, force ? OUTPUT_FORCE : 0)) return STATUS_UNUSABLE;
 *     fprintf(output_stream(o), ...);
 *     if (output_publish(o)) return STATUS_UNUSABLE;     (or output_discard(o) after a failure)
 *
 * A regular file is written as `.NAME.XXXXXXXX.tmp` in the same directory (created exclusively, no
 * link followed, mode 0600: heaps hold secrets), synchronised, renamed over NAME, and the directory
 * synchronised. A symbolic link is followed to its target, which is what gets replaced. SIGINT,
 * SIGTERM, SIGHUP and SIGPIPE remove the temporary file before they end the process, unless the
 * program handles them itself. What a killed process left (SIGKILL leaves no time) goes when the
 * same output is written next: output_dead.h.
 *
 * An existing regular file is refused without OUTPUT_FORCE. Anything else that exists is never
 * renamed over: FIFOs and character devices are written straight through, everything else
 * (directories, sockets, block devices) is refused; OUTPUT_REGULAR refuses those too. The path `-`
 * is stdout.
 *
 * Functions print their error (message.h). Threads: one at a time.
 */
#ifndef SNAP_TOOLS_CLI_OUTPUT_H
#define SNAP_TOOLS_CLI_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

enum output_flags {
    OUTPUT_FORCE = 1,   /* replace an existing regular file */
    OUTPUT_REGULAR = 2, /* only a regular file will do: databases, indexed files */
};

struct output;

/** Whether what would be written to `path` may replace what is there: not when it is one of the `n`
 *  files that it is made from. Returns 0, or STATUS_UNUSABLE after a message. To be called before
 *  the inputs are read, since it looks at names. O(n). */
int output_check_inputs(const char *path, char *const *inputs, int n);

/** The name of what is made from a snapshot file where nobody gave one: `.snap` or `.snap.part`
 *  becomes `ending`, which any other name gets behind it. The caller frees it; NULL without memory. */
char *output_name(const char *path, const char *ending);

/** Opens `path` for writing. Returns 0 and the output, to be ended by output_publish or
 *  output_discard; or STATUS_UNUSABLE after a message, and *out = NULL. */
int output_open(struct output **out, const char *path, unsigned flags);

/** The descriptor to write to; owned by the output. */
int output_fd(const struct output *o);

/** A buffered stream on the same descriptor, made at the first call; owned by the output.
 *  NULL without memory. */
FILE *output_stream(struct output *o);

/** The name under which the unfinished file can be opened again (for SQLite, which opens by name);
 *  NULL for stdout and devices. Owned by the output. */
const char *output_temporary(const struct output *o);

/** The name as given, for messages. */
const char *output_path(const struct output *o);

/** Flushes, synchronises, renames, and frees the output whatever happens. Returns 0, or
 *  STATUS_UNUSABLE after a message; then nothing is left behind and an old file is untouched. Of a
 *  standard output that could not be written command_main tells (options.h). */
int output_publish(struct output *o);

/** Removes the unfinished file and frees the output. NULL is allowed. */
void output_discard(struct output *o);

#endif
