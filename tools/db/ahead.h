/* SPDX-License-Identifier: MIT */
/*
 * Reading ahead: a source of records runs in a second thread, and what it says waits in bounded
 * buffers for the sink, which stays in the caller's thread and sees the same calls in the same order.
 * For a `.snap` the second thread decompresses and decodes a chunk while the rows of the one before it
 * are taken in.
 *
 * Whoever stops first stops both. A message of the source is printed where the sink has come so far,
 * and not at all where the sink has stopped before.
 * Memory: AHEAD_BLOCKS blocks of 1 MiB and a half, or of one batch of rows where that is larger.
 * Cost: one copy of what is handed on.
 */
#ifndef SNAP_TOOLS_DB_AHEAD_H
#define SNAP_TOOLS_DB_AHEAD_H

#include <stdbool.h>

#include "import/import.h"

enum { AHEAD_BLOCKS = 3 };

/** As format->read, in two threads where `two`, and where the system gives a second one. While the
 *  sink is called, *result has what was known of the file's identity then. `tally` of the sink is
 *  NULL. */
int ahead_read(bool two, const struct import_format *format, const char *path,
               const struct record_sink *sink, const struct import_options *options,
               struct import_result *result);

#endif
