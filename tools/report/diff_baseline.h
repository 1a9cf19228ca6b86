/* SPDX-License-Identifier: MIT */
/*
 * Growth that is known and accepted: owners by signature, in a file that is kept beside the tests.
 *
 *     {
 *       "schema": "snap.baseline/1",
 *       "accepted": [
 *         { "signature": "app<module>.CACHE<dict>", "growth_limit": 1048576, "why": "fills" }
 *       ]
 *     }
 *
 * A signature is the path of types and names from the roots, so it stays the same when the program
 * is started anew. An owner is accepted while it grew by no more than `growth_limit` bytes; null or
 * nothing means however much. `why` is for people. Accepted growth does not count in the limit
 * `growth` of --fail-if, and lines say that they are accepted; a limit that names an owner or a
 * type counts all of it, and the verdict is about the whole heap.
 *
 * Functions print their error and return 0 or STATUS_UNUSABLE. Threads: one at a time.
 */
#ifndef SNAP_TOOLS_REPORT_DIFF_BASELINE_H
#define SNAP_TOOLS_REPORT_DIFF_BASELINE_H

#include <stdbool.h>
#include <stdint.h>

struct baseline;
struct diff_report;
struct output;

/** Largest file that is read: ten thousand times what a project accepts. */
enum { BASELINE_SIZE_MAX = 16 << 20 };

/** Reads a file; *out is the caller's. What the document has beside the members above is let be, so
 *  that later versions may add some. O(n log n) in its entries. */
int baseline_read(const char *path, struct baseline **out);
void baseline_free(struct baseline *baseline);

/** Is it accepted that the owner of this signature grew by `growth` bytes? NULL accepts nothing.
 *  O(log n). */
bool baseline_accepts(const struct baseline *baseline, const char *signature, int64_t growth);

/** Writes what `old` (may be NULL) accepts, with limits and reasons, and beside it the owners that
 *  the report lists and that grew, without a limit; by signature ascending. Publishes or discards
 *  `out`. */
int baseline_write(const struct baseline *old, const struct diff_report *report,
                   struct output *out);

#endif
