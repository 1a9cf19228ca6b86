/* SPDX-License-Identifier: MIT */
/*
 * What killed processes have left of their outputs (output.h): SIGKILL and a crash leave no time to
 * remove a temporary file, so who writes the same output next removes it.
 *
 * A living writer holds a lock on its temporary file (flock), which the kernel gives up with the
 * last descriptor, however the process ends. So a file of that name which can be locked has no
 * writer. This is done on Linux and on local file systems only: elsewhere such a lock may stand in
 * the way of SQLite's own, or may not reach another machine; there nothing is locked and nothing
 * removed.
 */
#ifndef SNAP_TOOLS_CLI_OUTPUT_DEAD_H
#define SNAP_TOOLS_CLI_OUTPUT_DEAD_H

/** Marks a temporary file that was just created as that of a living process, for as long as any
 *  copy of the descriptor is open. Returns 0 or an errno; EEXIST: somebody has taken it for dead
 *  before it could be marked, and another name has to be tried. */
int output_mark_alive(int fd);

/** Removes the temporary files for `target` (`.NAME.XXXXXXXX.tmp` beside it, with the journal that
 *  SQLite may have left) that are regular files of this user's without a living writer. The caller
 *  has none for this target open itself. Failures are passed over: they only leave a file where it
 *  is. O(files in the directory). */
void output_remove_dead(const char *target);

#endif
